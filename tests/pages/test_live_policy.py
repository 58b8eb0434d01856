"""The Live policy page in its states."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from socialml.analyses import base, live_policy
from socialml.ingest.task import ingest_file
from socialml.jobs.job import JobState
from socialml.ui import live_settings, live_words, state
from tests import live_policies
from tests.pages.conftest import Open
from tests.pages.test_pages import text, write

IMPRESSIONS = (
    "user_id,ts,category,offer,propensity,purchases,amount",
    "u1,2025-09-01 10:00:00,beauty,coupon,0.2,1,20",
    "u1,2025-09-01 10:05:00,snacks,none,0.3,0,0",
    "u2,2025-09-02 10:00:00,beauty,none,0.3,0,0",
)
Shown = Callable[..., AppTest]


@pytest.fixture
def shown(open_app: Open, tmp_path: Path) -> Shown:
    """shown(result, ...): the page over a small log with these results as runs, the last one newest."""

    def shown_(*results: live_policy.Result) -> AppTest:
        app = open_app("live-policy")
        ingest_file(state.store(), write(tmp_path, "i.csv", *IMPRESSIONS), "sample", kind="impressions")
        for number, done in enumerate(results):
            live_policies.record(
                state.store(), done, live_policy.Config(agent=done.agent, offers_a_week=number or None)
            )
        app.run()
        assert not app.exception, app.exception
        return app

    return shown_


def opened(app: AppTest, tab: str) -> str:
    app.session_state["live-tab"] = tab
    app.run()
    assert not app.exception, app.exception
    return text(app)


def test_without_data_it_says_what_to_bring(open_app: Open) -> None:
    assert "bring a file" in text(open_app("live-policy")).lower()


def test_orders_alone_are_not_enough_and_a_template_is_offered(open_app: Open, tmp_path: Path) -> None:
    app = open_app("live-policy")
    ingest_file(
        state.store(), write(tmp_path, "o.csv", "user_id,order_date,amount", "u1,2024-01-01,5"), "orders"
    )
    app.run()
    assert "needs recommendations shown" in text(app)
    assert app.get("download_button")[0].label == "Template for such a file"


def test_before_a_run_it_offers_one_with_the_chosen_settings(shown: Shown) -> None:
    app = shown()
    assert "No policy is learned here yet" in text(app)
    app.selectbox(key="live-agent").set_value("ppo")
    app.number_input(key="live-offers-a-week").set_value(2)
    app.number_input(key="live-margin").set_value(40.0)
    app.toggle(key="live-changes").set_value(True).run()
    app.number_input(key="live-interaction-later").set_value(2.0).run()
    app.button(key="run-live_policy").click().run()
    job = next(job for job in state.manager().jobs(dataset="sample") if job.task == "live_policy")
    asked = json.loads((state.store().jobs_dir / job.id / "job.json").read_text(encoding="utf-8"))["config"]
    weights = {"margin": 0.4, "no_order": 0.0, "offer_cost": 0.0, "interaction": 0.5, "coming_back": 1.0}
    assert asked == base.config_json(live_policy.Config()) | weights | {
        "agent": "ppo", "offers_a_week": 2, "later": weights | {"interaction": 2.0},
    }  # fmt: skip
    state.manager().cancel(job.id)
    state.manager().wait(job.id, timeout=30)


def test_while_it_learns_the_curve_is_drawn_and_it_can_be_stopped(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = shown()
    now = datetime.now(UTC)
    job = JobState(
        id="live-1", task="live_policy", dataset="sample", label="Live policy", status="running", fraction=0.4,
        message="Training", error=None, result=None, created_at=now, started_at=now, finished_at=None, seconds=3.0,
        curve={"step": [48.0, 96.0], "training": [50.0, 60.0]},
    )  # fmt: skip
    monkeypatch.setattr(state.manager(), "jobs", lambda **_: [job])
    monkeypatch.setattr(state.manager(), "state", lambda _: job)
    app.run()
    assert "After 96 steps: 60 earned a viewer, best 60" in text(app)
    assert app.button(key="stop-live-1").label == "Stop"
    assert app.button(key="run-live_policy").disabled


def test_the_simple_rule_that_wins_is_named_and_every_tab_answers(shown: Shown) -> None:
    app = shown(live_policies.result())
    said = text(app)
    assert "(a simple rule) would bring 12% more revenue than today's policy (8 to 16%, simulated)." in said
    assert "The learned policy is no better." in said
    assert "measured on other data" in said
    assert "Test it before you trust it" in said
    assert "one of half the width needs about 44.8k" in said
    assert "Best at once, with a rest wins" in opened(app, "Which policy wins?")
    assert "Revenue by week" in opened(app, "Week by week")
    assert "nobody got more than 2" in opened(app, "What is shown?")
    opened(app, "One viewer")
    app.text_input(key="one-viewer").set_value("U0000003").run()
    assert "Next for U0000003: books, then fresh and jewellery" in text(app).replace("*", "")
    app.text_input(key="one-viewer").set_value("<b>nobody</b>").run()
    assert "No viewer '<b>nobody</b>'" in text(app)
    right = opened(app, "Is the simulator right?")
    assert "off by 2% at most" in right
    assert "What the log alone says" in right
    assert "earned a viewer" in opened(app, "How was it trained?")
    assert "There is one run so far" in opened(app, "Compare two runs")
    assert "nan" not in text(app).split()


def test_where_the_simulator_failed_nothing_is_ranked_or_exported(shown: Shown) -> None:
    app = shown(live_policies.result(certified=False, propensities=False))
    said = text(app)
    assert (
        "No policy can be ranked on this data yet. The simulated revenue of unseen viewers is 31% too high"
        in said
    )
    assert "no policy is ranked" in said
    assert "does not say with what chance" in said
    assert "more revenue" not in said
    assert "Which policy wins?" not in [tab.label for tab in app.tabs]
    assert not any("export-live" in button.proto.id for button in app.get("download_button"))


def test_a_log_too_short_to_check_the_simulator_says_so(shown: Shown) -> None:
    reason = "The log holds 3 weeks; to check the simulator takes 4."
    nothing = live_policies.result().certificate.head(0)
    said = text(shown(live_policies.result(certified=False, certificate=nothing, certificate_reason=reason)))
    assert f"No policy can be ranked on this data yet. {reason}" in said
    assert "There is nothing to compare with." in said


def test_two_runs_are_compared_by_settings_and_claims_but_not_past_a_failed_simulator(shown: Shown) -> None:
    app = shown(
        live_policies.result(certified=False),
        live_policies.result(),
        live_policies.result("dqn", agent_gain=0.2),
    )
    said = opened(app, "Compare two runs")
    assert "What each run promises" in said
    changed, claims = (frame.value for frame in app.dataframe[-2:])
    assert changed.iloc[0].tolist() == ["Offers a viewer a week, at most", "2", "1"]
    assert claims.set_index("").loc["Revenue"].tolist() == ["¥262, +20% (16 to 24)", "¥244, +12% (8 to 16)"]
    app.selectbox(key="live-other").select_index(1).run()
    assert "their gains are not told" in text(app)
    assert "What each run promises" not in text(app)


def test_other_settings_mark_the_run_as_older(shown: Shown) -> None:
    app = shown(live_policies.result())
    assert "older settings" not in text(app)
    app.number_input(key="live-coming_back").set_value(3.0).run()
    assert "older settings" in text(app)
    assert app.button(key="run-live_policy").label == "Run again"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"winner": "dqn", "agent_gain": 0.2},
         "The learned policy would bring 20% more revenue than today's policy (16 to 24%, simulated). No simpler rule"
         " is as good."),
        ({"agent_gain": 0.02}, "The learned policy is worse, by ¥6.10 a viewer over 12 weeks."),
        ({"winner": "logged", "half": 0.2},
         "No gain over today's policy can be claimed. The learned policy would change revenue by +12% (-8 to 32%,"
         " simulated)."),
        ({"winner": "logged", "agent_gain": -0.1},
         "No gain over today's policy can be claimed. The learned policy would bring 10% less revenue (-14 to -6%,"
         " simulated)."),
    ],
)  # fmt: skip
def test_the_answer_says_who_wins_or_that_nothing_can_be_claimed(changes: dict, said: str) -> None:
    assert said in live_words.answer(live_policies.result(**changes))


def test_worth_without_more_revenue_is_told_as_such() -> None:
    result = live_policies.result()
    claims = result.claims.copy()
    rows = (claims["policy"] == "penalty") & (claims["metric"] == "revenue")
    claims.loc[rows, ["relative", "low", "high", "better"]] = [0.01, -0.03, 0.05, False]
    said = live_words.answer(live_policies.result(claims=claims))
    assert (
        "would be worth ¥7 (¥5 to ¥10) a viewer more than today's policy by your weights, simulated" in said
    )
    assert "but not bring more revenue for certain" in said


def test_settings_are_said_in_words() -> None:
    said = live_settings.said
    assert said("later", {"margin": 0.4, "interaction": 2.0}) == (
        "margin (% of the full price): 40%; worth of an interaction: 2"
    )
    assert [said("offer_share", 0.3), said("offers_a_week", None), said("augment", True)] == [
        "30%",
        "no limit",
        "yes",
    ]
