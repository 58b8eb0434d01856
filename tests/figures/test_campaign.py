"""Charts of the Campaign budget page, by their data."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from socialml.analyses import campaign
from socialml.figures import campaign as figures
from socialml.figures import campaign_curve, curve
from socialml.figures import campaign_evidence as evidence
from tests import campaign_results


@pytest.fixture(scope="module")
def result() -> campaign.Result:
    return campaign_results.result()


def cells(result: campaign.Result, plan: str) -> pd.DataFrame:
    return result.cells[result.cells["plan"] == plan]


def title(figure) -> str:  # type: ignore[no-untyped-def]
    return figure.layout.title.text.replace("<br>", " ")


def test_the_matrix_holds_every_yuan_of_the_plan_in_a_block_for_each_phase(result: campaign.Result) -> None:
    own = cells(result, "solver")
    figure = figures.matrix(result, own, "Where the money goes")
    assert len(figure.data) == 3
    assert sum(block.z.sum() for block in figure.data) == pytest.approx(own["budget"].sum())
    block = figure.data[1]
    assert block.y[-1] == "Douyin"  # plotly draws the last at the top
    here = own[(own["channel"] == "Douyin") & (own["phase"] == "phase 2")].set_index("tier")["budget"]
    assert block.z[-1].tolist() == pytest.approx(here[["head", "mid", "tail"]].tolist())
    assert list(block.x) == ["Head", "Mid", "Tail"]
    total = own[own["phase"] == "phase 1"]["budget"].sum()
    assert figure.layout.annotations[0].text == f"Phase 1<br>¥{figures.short(total)}"


def test_two_plans_of_one_budget_differ_by_next_to_nothing_in_all(result: campaign.Result) -> None:
    figure = figures.matrix(result, cells(result, "solver"), "Moves", base=cells(result, "template"))
    spent = [cells(result, name)["budget"].sum() for name in ("solver", "template")]
    assert sum(block.z.sum() for block in figure.data) == pytest.approx(spent[0] - spent[1])
    texts = {text for block in figure.data for line in block.text for text in line}
    assert any(text.startswith("+") for text in texts)
    assert any(text.startswith("-") for text in texts)
    same = figures.matrix(result, cells(result, "solver"), "Moves", base=cells(result, "solver"))
    assert all(text == "–" for block in same.data for line in block.text for text in line)


def test_many_phases_stand_three_in_a_row_and_names_from_a_file_are_escaped() -> None:
    bad = "<b>live</b>"
    world = campaign_results.result()
    phases = [f"phase {number}" for number in range(1, 6)]
    own = cells(world, "solver").replace({"channel": {"Douyin": bad}})
    wide = campaign_results.result(phases=phases, channels=[bad, *campaign_results.CHANNELS[1:]], cells=own)
    figure = figures.matrix(wide, own, "Where the money goes")
    assert len(figure.data) == 5
    assert {axis.domain[0] > 0.5 for axis in figure.select_yaxes()} == {True, False}
    assert "&lt;b&gt;live" in figure.data[0].y[-1]


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.0, "–"), (850.0, "850"), (999.7, "1.0k"), (1_240.0, "1.2k"), (9_960.0, "10k"), (12_345.0, "12k"),
     (999_600.0, "1M"), (2_500_000.0, "2.5M")],
)  # fmt: skip
def test_a_cell_is_short_enough_for_a_phone(value: float, said: str) -> None:
    assert figures.short(value) == said
    if value:
        assert figures.short(-value, signed=True) == f"-{said}"


@pytest.mark.parametrize(
    ("goal", "value", "wide", "said"),
    [("effect", 1_184.4, 280.0, "1,184 points"), ("effect", 12.34, 1.0, "12.3 points"),
     ("sales", 45_678.0, 9_000.0, "¥45.7k"), ("reach", 1_234_567.0, 90_000.0, "1.23M reads"),
     ("sales", -250.0, 30.0, "-¥250")],
)  # fmt: skip
def test_an_amount_has_its_unit_and_the_digits_its_interval_supports(
    goal: str, value: float, wide: float, said: str
) -> None:
    assert figures.told(campaign_results.result(goal=goal), value, wide) == said


def test_before_and_after_stand_with_whiskers_and_money_beside_effect(result: campaign.Result) -> None:
    figure = figures.before_after(result)
    after, before, change, new, usual, cheaper = figure.data
    assert (before.y[0], after.y[0]) == ("Usual  1,000", "New  1,180")
    assert after.x[0] + after.error_x.array[0] == pytest.approx(result.uplift["after_high"])
    assert change.x[0] - change.error_x.arrayminus[0] == pytest.approx(0.09)
    assert change.marker.symbol == "circle"
    full = figures.usual_cost(result)
    assert usual.x[0] == full
    assert new.x[0] - new.error_x.arrayminus[0] == pytest.approx(0.79 * full)
    assert cheaper.x[0] == pytest.approx(-0.13)
    assert cheaper.marker.color == figures.BLUE  # less money is good
    assert title(figure) == "Solver: +18% (9 to 27) effect against the usual split"


def test_a_change_that_may_be_chance_is_hollow_and_without_a_cost_there_is_one_row() -> None:
    none = dict.fromkeys(("cost", "share", "low", "high"))
    unsure = figures.before_after(campaign_results.result(half=0.3, same_effect=none))
    assert len(unsure.data) == 3
    assert (unsure.data[2].marker.symbol, unsure.data[2].marker.color) == ("circle-open", figures.GREY)
    harmful = figures.before_after(campaign_results.result(gain=-0.2))
    assert harmful.data[2].marker.color == figures.HARM


def test_plans_are_held_against_the_usual_split_and_one_that_breaks_a_bound_is_marked(
    result: campaign.Result,
) -> None:
    figure = figures.ladder(result)
    assert figure.layout.yaxis.categoryarray[-1] == "Usual split"
    marked = dict(zip(figure.data[0].y, figure.data[0].marker.color, strict=True))
    assert marked["<b>Solver</b>"] == figures.BLUE
    assert marked["Learned agent<br>(DDPG)"] == figures.LEARNED
    broken = result.plans.copy()
    broken.loc[broken["plan"] == "ddpg_base", "feasible"] = False
    kept, out = figures.ladder(campaign_results.result(plans=broken)).data
    assert (len(kept.x), len(out.x), out.marker.symbol) == (6, 1, "x")


def test_the_curve_has_its_bound_no_lower_than_the_plan_and_todays_point(result: campaign.Result) -> None:
    figure = campaign_curve.response(result, 250_000.0)
    named = {line.name: line for line in figure.data if line.name}
    plan, bound = named["Recommended"], named["At most possible (bound)"]
    assert plan.x[0] == pytest.approx(10_000)
    assert 300_000 < plan.x[-1] <= 400_000  # what is near is not hidden by what is far
    assert np.asarray(bound.y, float) == pytest.approx(1.02 * np.asarray(plan.y, float))
    today = named["This run"]
    assert (today.x[0], today.y[0]) == (100_000, pytest.approx(campaign_curve.point(result, 100_000)))
    assert [shape.x0 for shape in figure.layout.shapes[::2]] == [100_000, 250_000]
    more = campaign_curve.point(result, 200_000) / today.y[0] - 1
    assert title(figure) == f"Twice the money would bring {more:.0%} more"
    far = campaign_curve.response(result, 900_000.0)
    assert max(far.data[1].x) == pytest.approx(1_000_000)


def test_without_an_agents_curve_its_line_is_left_out(result: campaign.Result) -> None:
    bare = campaign_results.result(curve=result.curve.assign(ddpg=np.nan))
    assert "Learned agent (DDPG)" not in [line.name for line in campaign_curve.response(bare).data]


def test_forecasts_outside_their_interval_are_told_apart(result: campaign.Result) -> None:
    figure = evidence.forecasts(result)
    assert figure is not None
    inside, outside = figure.data[:2]
    assert len(inside.x) + len(outside.x) == 300
    share = len(inside.x) / 300
    assert title(figure).startswith(f"{share:.0%} of 300 bookings")
    assert evidence.forecasts(campaign_results.result(predicted=result.predicted.head(0))) is None


def test_planning_anew_is_claimed_only_where_its_interval_is_above_zero(result: campaign.Result) -> None:
    figure = evidence.replanning(result)
    assert figure is not None
    assert title(figure) == "Planning anew after each phase brings +3.4%"
    unsure = result.replanning.assign(low=-0.01)
    sure = evidence.replanning(campaign_results.result(replanning=unsure))
    assert sure is not None
    assert "nothing for certain" in title(sure)
    assert evidence.replanning(campaign_results.result(replanning=result.replanning.head(0))) is None


def test_the_losses_of_actor_and_critic_are_drawn_live_with_gaps_before_there_are_any() -> None:
    nan = float("nan")
    figure = curve.training(
        {"step": [10, 20], "return": [0.9, 0.96], "critic_loss": [0.5, 0.2], "actor_loss": [nan, -1]}
    )
    assert figure is not None
    assert title(figure) == "After 20 steps: 0.960 earned by a campaign, best 0.960"
    assert [list(line.y) for line in figure.data] == [[0.9, 0.96], [0.5, 0.2], [None, -1]]
    warm = curve.training({"step": [10], "return": [nan], "critic_loss": [0.5], "actor_loss": [nan]})
    assert warm is not None
    assert "the critic learns first" in title(warm)
    assert curve.training({"step": [], "return": [], "critic_loss": [], "actor_loss": []}) is None
