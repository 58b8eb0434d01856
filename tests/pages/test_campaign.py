"""The Campaign budget page in its states."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from socialml import sample
from socialml.analyses import base, campaign
from socialml.artefacts import Table
from socialml.ingest.task import ingest_file
from socialml.jobs.job import JobState
from socialml.ui import campaign_media, campaign_words, state
from tests import campaign_results
from tests.pages.conftest import Open
from tests.pages.test_pages import text, write

Shown = Callable[..., AppTest]


@pytest.fixture
def shown(open_app: Open, tmp_path: Path) -> Shown:
    """shown(result, ...): the page over a small market with these results as runs, the last one newest."""

    def shown_(*results: campaign.Result) -> AppTest:
        app = open_app("campaign")
        for kind in ("creators", "placements"):
            file = write(tmp_path, f"{kind}.csv", sample.templates()[f"{kind}.csv"].rstrip())
            ingest_file(state.store(), file, "sample", kind=kind)
        for done in results:
            campaign_results.record(state.store(), done)
        app.run()
        assert not app.exception, app.exception
        return app

    return shown_


def opened(app: AppTest, tab: str) -> str:
    app.session_state["campaign-tab"] = tab
    app.run()
    assert not app.exception, app.exception
    return text(app)


def submitted(task: str = "campaign") -> dict:
    """The settings of the newest job, which is stopped."""
    job = next(job for job in state.manager().jobs(dataset="sample") if job.task == task)
    asked = json.loads((state.store().jobs_dir / job.id / "job.json").read_text(encoding="utf-8"))["config"]
    state.manager().cancel(job.id)
    state.manager().wait(job.id, timeout=30)
    return asked


def test_without_data_it_says_what_to_bring(open_app: Open) -> None:
    assert "bring a file" in text(open_app("campaign")).lower()


def test_orders_alone_are_not_enough_and_both_templates_are_offered(open_app: Open, tmp_path: Path) -> None:
    app = open_app("campaign")
    ingest_file(
        state.store(), write(tmp_path, "o.csv", "user_id,order_date,amount", "u1,2024-01-01,5"), "orders"
    )
    app.run()
    assert "needs creators that can be booked and bookings of past campaigns" in text(app)
    assert [button.label for button in app.get("download_button")] == [
        "Template: creators that can be booked", "Template: bookings of past campaigns",
    ]  # fmt: skip


def test_creators_without_past_campaigns_lack_only_those(open_app: Open, tmp_path: Path) -> None:
    app = open_app("campaign")
    file = write(tmp_path, "creators.csv", sample.templates()["creators.csv"].rstrip())
    ingest_file(state.store(), file, "sample", kind="creators")
    app.run()
    assert "needs bookings of past campaigns, and" in text(app)


def test_before_a_run_it_offers_one_with_the_chosen_settings(shown: Shown) -> None:
    app = shown()
    assert "No campaign is planned here yet" in text(app)
    assert app.multiselect(key="campaign-channels").options == ["Douyin", "WeChat", "Xiaohongshu"]
    app.number_input(key="campaign-budget").set_value(60_000.0)
    app.selectbox(key="campaign-goal").set_value("reach")
    app.multiselect(key="campaign-channels").set_value(["Douyin", "WeChat"])
    app.number_input(key="campaign-least-head").set_value(30)
    app.number_input(key="campaign-most-tail").set_value(25)
    app.number_input(key="campaign-phases").set_value(2).run()
    app.button(key="run-campaign").click().run()
    assert submitted() == base.config_json(campaign.Config()) | {
        "budget": 60_000.0, "goal": "reach", "channels": ["Douyin", "WeChat"], "tier_least": {"head": 0.3},
        "tier_most": {"tail": 0.25}, "phases": 2,
    }  # fmt: skip


def test_while_it_learns_both_losses_are_drawn_and_it_can_be_stopped(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = shown()
    now = datetime.now(UTC)
    job = JobState(
        id="campaign-1", task="campaign", dataset="sample", label="Campaign budget", status="running", fraction=0.4,
        message="Training", error=None, result=None, created_at=now, started_at=now, finished_at=None, seconds=3.0,
        curve={"step": [1.0, 2.0], "return": [0.9, 0.95], "critic_loss": [0.5, 0.2], "actor_loss": [-0.9, -1.0]},
    )  # fmt: skip
    monkeypatch.setattr(state.manager(), "jobs", lambda **_: [job])
    monkeypatch.setattr(state.manager(), "state", lambda _: job)
    app.run()
    assert "After 2 steps: 0.950 earned by a campaign, best 0.950" in text(app)
    assert app.button(key="stop-campaign-1").label == "Stop"
    assert app.button(key="run-campaign").disabled


def test_the_plan_is_told_first_and_every_tab_answers(shown: Shown) -> None:
    app = shown(campaign_results.result())
    said = text(app)
    assert (
        "For ¥100,000: book 11 creators; about 18% more effect than the usual split (9 to 27%, forecast)."
        in said
    )
    assert "The solver made the plan that is recommended; it beats the learned agent (DDPG) by 2.2%" in said
    assert "measured on other data" in said
    claims = next(frame.value for frame in app.dataframe if "Published" in frame.value)
    assert claims["Published"].tolist() == ["More than +35%", "More than -8%"]
    for tab in ("More money?", "Which plan wins?", "Whom to book?", "What if?", "What happened?",
                "How good are the forecasts?", "How was it trained?"):  # fmt: skip
        assert "nan" not in opened(app, tab).split()
    assert "Training added 2.2% to the agent" in text(app)
    assert "Solver is recommended" in opened(app, "Which plan wins?")
    assert (
        "on past campaigns that the model has not seen" in opened(app, "How good are the forecasts?").lower()
    )
    assert "by shares of the money left it reaches 87%" in opened(app, "How was it trained?")


def test_the_matrix_can_be_held_against_the_usual_split(shown: Shown) -> None:
    app = shown(campaign_results.result())
    assert "Recommended: most goes to" in text(app)
    app.selectbox(key="campaign-base-solver").set_value("template").run()
    assert "Recommended against Usual split: where money moves" in text(app)
    app.segmented_control(key="campaign-plan-solver").set_value("ddpg").run()
    assert "Learned (DDPG): most goes to" in text(app)
    assert not app.exception


def test_another_budget_is_answered_at_once(shown: Shown) -> None:
    app = shown(campaign_results.result())
    slider = app.select_slider[0]
    assert {10_000, 100_000, 1_000_000} <= {
        int(option.strip("¥").replace(",", "")) for option in slider.options
    }
    slider.set_value(20_000).run()
    assert not app.exception, app.exception
    assert "For ¥20,000: book" in text(app)
    assert "Where ¥20,000 would go" in text(app)
    assert len(state.manager().jobs(dataset="sample")) == 0


def test_one_cell_can_be_changed_and_money_over_the_budget_is_said(shown: Shown) -> None:
    app = shown(campaign_results.result())
    assert "Change the sum to see what it does." in opened(app, "What if?")
    box = next(box for box in app.number_input if box.key and box.key.startswith("what-if-budget"))
    box.set_value(90_000.0).run()
    assert not app.exception, app.exception
    assert "over the budget." in text(app)
    assert "What changes in the matrix" in text(app)


def test_what_phase_1_brought_plans_the_rest_anew_with_the_settings_of_the_run(shown: Shown) -> None:
    done = campaign_results.result()
    app = shown(done)
    said = opened(app, "What happened?")
    assert "What did phase 1 really bring, up to its end?" in said
    box = app.number_input(key="happened-1-Kuaishou")
    expects = box.value
    assert expects > 0
    box.set_value(1.5 * expects)
    app.number_input(key="campaign-budget").set_value(70_000.0)  # not sent yet: the re-plan keeps the run's
    app.button(key="replan-campaign").click().run()
    assert not app.exception, app.exception
    asked = submitted()
    run = state.store().runs("sample", "campaign")[0]
    assert (asked["replan_of"], asked["phases_done"], asked["budget"]) == (run.run_id, 1, 100_000)
    assert asked["realised"]["Kuaishou"] == pytest.approx(1.5)
    assert all(value == 1 for name, value in asked["realised"].items() if name != "Kuaishou")


def test_a_plan_made_anew_tells_what_is_known_and_leads_back(shown: Shown) -> None:
    known = {"of": "campaign-20251122-abcdef", "phases_done": 1, "realised": {"Douyin": 1.5, "Weibo": 0.8},
             "spent": 31_000.0, "left": 69_000.0, "relative": 0.05, "low": 0.02, "high": 0.08}  # fmt: skip
    app = shown(campaign_results.result(replan=known))
    said = text(app)
    assert (
        "planned anew after phase 1. Against keeping the old plan the rest brings +5% (2 to 8) effect" in said
    )
    assert (
        "Phase 1 brought, of what was expected: Douyin 150% and Weibo 80%. Spent ¥31,000, left ¥69,000."
        in said
    )
    assert "What did phase 2 really bring" in opened(app, "What happened?")
    assert "More money?" not in [tab.label for tab in app.tabs]
    app.button(key="campaign-anew").click().run()
    asked = submitted()
    assert (asked["replan_of"], asked["phases_done"], asked["realised"]) == (None, 0, {})


def test_results_that_change_nothing_are_said_to() -> None:
    known = {"phases_done": 1, "relative": 0.0, "low": 0.0, "high": 0.0}
    said = campaign_words.answer(campaign_results.result(replan=known))
    assert "planned anew after phase 1. What it brought changes nothing: the plan as it was" in said


def test_a_least_share_that_no_booking_fits_into_is_said() -> None:
    done = campaign_results.result()
    spent = (
        done.cells[(done.cells["plan"] == "solver") & (done.cells["tier"] == "head")]["budget"].sum() / 1e5
    )
    for least, missed in ((spent - 0.01, False), (spent + 0.1, True)):
        asked = campaign_results.result(demand={**done.demand, "tier_least": [least, 0.0, 0.0]})
        assert (
            f"Head creators get {spent:.0%} of the budget, less than" in campaign_words.missed(asked)
        ) == missed


def test_other_bounds_mark_the_plan_as_older(shown: Shown) -> None:
    app = shown(campaign_results.result())
    assert "older settings" not in text(app)
    app.number_input(key="campaign-least-head").set_value(40).run()
    assert "older settings" in text(app)
    assert app.button(key="run-campaign").label == "Run again"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"gain": 0.04, "half": 0.07},
         "No gain over the usual split can be claimed: about 4% more effect (-3 to 11%, forecast)."),
        ({"gain": -0.05, "half": 0.07, "goal": "sales"},
         "No gain over the usual split can be claimed: about 5% less sales (-12 to 2%, forecast)."),
        ({"winner": "template", "gain": 0.0}, "as the usual split does: no other plan is better"),
        ({"goal": "reach"}, "about 18% more reach than the usual split"),
    ],
)  # fmt: skip
def test_the_answer_says_what_can_be_claimed(changes: dict, said: str) -> None:
    assert said in campaign_words.answer(campaign_results.result(**changes))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"winner": "ddpg", "gain": 0.2, "gains": {"solver": 0.15}},
         "The learned agent (DDPG) wins. Next is the greedy plan, which it beats by 2.6% (1.6 to 3.6)."),
        ({"winner": "ddpg", "gain": 0.18}, "Next is the solver: the distance (+0.0% (-1.0 to 1.0)) may be chance."),
        ({"gains": {"ddpg": 0.179}}, "whether it beats the learned agent (DDPG) may be chance (+0.1% (-0.9 to 1.1))"),
        ({"gains": {"ddpg": 0.25}},
         "judged by other past campaigns it brings 5.6% (4.6 to 6.6) less than the learned agent's (DDPG)"),
        ({"gains": {"ddpg": 0.1, "ddpg_base": 0.13}}, "Training took 2.7% off the agent."),
        ({"gains": {"ddpg": 0.13, "ddpg_base": 0.13}}, "Training left the agent as it was before"),
    ],
)  # fmt: skip
def test_it_is_said_whose_plan_wins_and_where_the_agent_stands(changes: dict, said: str) -> None:
    assert said in campaign_words.wins(campaign_results.result(**changes))


def test_the_media_plan_is_one_file_with_every_booking_and_names_escaped() -> None:
    done = campaign_results.result()
    rows = done.bookings.read().to_pandas()
    rows["creator_id"] = rows["creator_id"].replace(
        {rows[rows["plan"] == "solver"]["creator_id"].iloc[0]: "<b>Li</b>"}
    )
    named = campaign_results.result(bookings=Table(pa.Table.from_pandas(rows, preserve_index=False)))
    made = SimpleNamespace(run_id="campaign-1", created_at=datetime(2025, 11, 22, 10, 0))
    page = campaign_media.document(made, named)
    assert "&lt;b&gt;Li&lt;/b&gt;" in page
    assert "<b>Li" not in page
    own = rows[rows["plan"] == "solver"]
    for name in own["creator_id"][own["creator_id"] != "<b>Li</b>"]:
        assert f"<td>{name}</td>" in page
    total = own["price"].sum()
    assert page.count(f"<td>¥{total:,.0f}</td>") == 2  # of the matrix and of the bookings
    assert not re.search(r"https?://|<script|\bnan\b|None", page)
