"""Charts of the Live policy page, by their data."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pytest

from socialml.analyses import live_policy
from socialml.analyses._live_truth import COLUMNS
from socialml.figures import curve
from socialml.figures import live_policy as figures
from socialml.figures import live_policy_choices as choices
from socialml.figures import live_policy_evidence as evidence
from tests import live_policies


@pytest.fixture(scope="module")
def result() -> live_policy.Result:
    return live_policies.result()


def test_before_and_after_stand_with_their_intervals_and_the_change_with_its_own(
    result: live_policy.Result,
) -> None:
    figure = figures.before_after(result, "penalty")
    own = result.claims[(result.claims["policy"] == "penalty") & (result.claims["metric"] == "revenue")].iloc[
        0
    ]
    after, before, change = figure.data[6:9]  # the third of four metrics
    assert (before.y[0], after.y[0]) == ("Today  ¥218", "New  ¥244")
    assert before.x[0] - before.error_x.arrayminus[0] == pytest.approx(own["before_low"])
    assert after.x[0] + after.error_x.array[0] == pytest.approx(own["after_high"])
    assert change.x[0] - change.error_x.arrayminus[0] == pytest.approx(own["low"])
    assert change.marker.symbol == "circle"
    assert [shape.x0 for shape in figure.layout.shapes] == [0, 0, 0, 0]
    title = figure.layout.title.text.replace("<br>", " ")
    assert title == "Best at once, with a rest: revenue +12% (8 to 16) against today's policy"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((0.32, 0.09, 0.55), "+32% (9 to 55)"),
        ((0.012, 0.001, 0.023), "+1.2% (0.1 to 2.3)"),
        ((0.12, 0.004, 0.25), "+12.0% (0.4 to 25.0)"),
        ((0.12, -0.0004, 0.25), "+12.0% (0.0 to 25.0)"),
    ],
)
def test_a_change_has_the_digits_its_interval_supports(change: tuple[float, ...], said: str) -> None:
    assert figures.relative(*change) == said


def test_a_change_that_may_be_chance_is_hollow_and_grey_and_harm_has_its_colour() -> None:
    unsure = figures.before_after(live_policies.result(half=0.2), "dqn").data[8]
    harmful = figures.before_after(live_policies.result(agent_gain=-0.1), "dqn").data[8]
    assert (unsure.marker.symbol, unsure.marker.color) == ("circle-open", figures.GREY)
    assert harmful.marker.color == figures.HARM


def test_the_ladder_tells_level_policies_apart_and_begins_with_the_simplest(
    result: live_policy.Result,
) -> None:
    figure = figures.ladder(result)
    behind, level = figure.data
    assert [text.replace("<br>", " ") for text in level.y] == [
        "Learned policy (DQN)", "<b>Best at once, with a rest</b>",
    ]  # fmt: skip
    assert len(behind.x) == 5
    assert figure.layout.yaxis.categoryarray[-1] == "Today's policy"  # plotly draws the last at the top
    logged = list(behind.y).index("Today's policy")
    assert behind.error_x.array[logged] == behind.error_x.arrayminus[logged] == 0


def test_weeks_show_each_policy_once_and_no_band_for_todays(result: live_policy.Result) -> None:
    figure = figures.weekly(result, "revenue")
    assert figure is not None
    assert [line.name for line in figure.data if line.showlegend is not False] == [
        "Today's policy", "Learned policy (DQN)", "Best at once, with a rest",
    ]  # fmt: skip
    bands = [line for line in figure.data if line.fill == "toself"]
    assert len(bands) == 2
    assert all(len(band.x) == 24 for band in bands)
    assert figures.weekly(live_policies.result(weekly=result.weekly.head(0)), "revenue") is None


def test_shares_of_a_segment_add_up_and_names_from_a_file_are_escaped(result: live_policy.Result) -> None:
    bad = "<b>new</b>"
    named = result.recommends.replace({"segment": {"New": bad}})
    figure = choices.recommends(live_policies.result(recommends=named), "dqn")
    assert figure is not None
    assert figure.data[0].z.sum(axis=0) == pytest.approx(1)
    assert "&lt;b&gt;new&lt;/b&gt;" in figure.data[0].x
    assert bad not in figure.layout.title.text
    given = choices.offers(result, "dqn")
    assert given is not None
    assert [bar.name for bar in given.data] == ["Learned policy (DQN)", "Today's policy"]
    coupons = (
        result.recommends[result.recommends["offer"] == "coupon"]
        .groupby(["policy", "segment"])["share"]
        .sum()
    )
    assert given.data[0].x[-1] == pytest.approx(coupons["dqn", live_policies.SEGMENTS[0]])


def test_without_offers_no_share_of_offers_is_drawn(result: live_policy.Result) -> None:
    bare = result.recommends[result.recommends["offer"] == "none"]
    assert choices.offers(live_policies.result(offers=["none"], recommends=bare), "dqn") is None


def test_a_viewers_values_are_told_against_the_best(result: live_policy.Result) -> None:
    found = live_policy.one(result, "U0000003")
    assert found is not None
    cells = choices.viewer(result, found["row"], found["values"]).data[0].text
    assert sum(cell == "best" for line in cells for cell in line) == 1
    assert all(cell == "best" or cell.startswith("-¥") for line in cells for cell in line)


def test_the_simulators_errors_are_drawn_for_all_and_by_segment(result: live_policy.Result) -> None:
    figure = evidence.errors(result)
    assert figure is not None
    assert [len(dots.x) for dots in figure.data] == [
        6,
        6,
        6,
        6,
    ]  # all viewers and five segments, four metrics
    low, high = figure.layout.xaxis.range
    assert low < 0 < high
    weeks = evidence.weeks(result)
    assert weeks is not None
    assert list(weeks.data[0].x) == list(range(7, 13))


def test_off_policy_estimates_are_drawn_where_there_are_some(result: live_policy.Result) -> None:
    figure = evidence.off_policy(result)
    assert figure is not None
    assert [dots.name for dots in figure.data] == list(evidence.ESTIMATORS.values())
    assert figure.layout.shapes[0].x0 == 2.6
    assert evidence.off_policy(live_policies.result(propensities=False)) is None


def test_what_is_earned_in_training_is_told_as_more_is_better() -> None:
    figure = curve.training({"step": [48, 96, 144], "training": [50.0, 70.0, 65.0]})
    assert figure is not None
    assert figure.layout.title.text.replace("<br>", " ") == "After 144 steps: 65 earned a viewer, best 70"
    assert figure.layout.yaxis.title.text == "Earned a viewer"


def test_two_runs_stand_beside_each_other(result: live_policy.Result) -> None:
    other = live_policies.result(agent_gain=-0.05)
    figure = figures.compare(result, other, ("This run", "The other"), ("penalty", "dqn"))
    first, second = figure.data
    assert list(first.x[:3]) == pytest.approx([0.12] * 3)
    assert list(second.x[:3]) == pytest.approx([-0.05] * 3)
    assert all(a - b == pytest.approx(0.28) for a, b in zip(first.y, second.y, strict=True))
    assert figure.layout.xaxis.range[0] < -0.09


def test_on_the_sample_the_truth_stands_beside_each_claim(result: live_policy.Result) -> None:
    assert not figures.true_gains(result)
    rows = [
        [name, name, *([0.1] * 4), worth]
        for name, worth in (("logged", 61.0), ("penalty", 70.0), ("planted", 90.0))
    ]
    known = dataclasses.replace(result, truth=pd.DataFrame(rows, columns=COLUMNS))
    assert figures.true_gains(known) == {"penalty": 9.0, "planted": 29.0}
    drawn = figures.ladder(known)
    (marks,) = [trace for trace in drawn.data if trace.name == "True in the sample"]
    assert list(marks.x) == [9.0, 29.0]
    assert drawn.layout.yaxis.categoryarray[0] == "planted"
    assert len(figures.ladder(result).data) == len(drawn.data) - 1
