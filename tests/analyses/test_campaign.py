"""The campaign on planted creators: what it plans, what it claims, what it answers, and what it refuses."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from socialml import artefacts
from socialml.analyses import _campaign_agents as agents
from socialml.analyses import _campaign_answers as answers
from socialml.analyses import _campaign_claim as claim
from socialml.analyses import _campaign_compute as steps
from socialml.analyses import _campaign_curve as response
from socialml.analyses import _campaign_replanning as replanning
from socialml.analyses import campaign as analysis
from socialml.analyses._campaign_markets import A, B, Markets, by_cell, packed, unpacked
from socialml.environments.demand import check, feasible, score
from socialml.errors import UserError
from socialml.progress import Progress, silent
from socialml.sample.creators import CampaignWorld
from tests.benchmarks import campaign_worlds

BUDGET = 120_000.0
SETTINGS = {
    "budget": BUDGET, "refits": 10, "steps": 8, "tier_least": {"head": 0.2, "mid": 1e-6}, "tier_most": {"tail": 0.3}
}  # fmt: skip


@pytest.fixture(scope="module")
def small() -> Iterator[None]:
    """Fewer campaigns to train on, and fewer budgets of the curve."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "TRAINED", 16)
        patch.setattr(response, "POINTS", 4)
        patch.setattr(replanning, "CAMPAIGNS", 2)
        yield


@pytest.fixture(scope="module")
def planted(small: None) -> tuple[CampaignWorld, analysis.Inputs]:
    world, history = campaign_worlds.planted(1, 90, 40)
    return world, campaign_worlds.inputs(world, history)


@pytest.fixture(scope="module")
def told() -> list[Progress]:
    return []


@pytest.fixture(scope="module")
def result(planted: tuple[CampaignWorld, analysis.Inputs], told: list[Progress]) -> analysis.Result:
    return analysis.compute(planted[1], analysis.Config.from_json(SETTINGS), told.append)


@pytest.fixture(scope="module")
def folder(result: analysis.Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("campaign") / "result"
    artefacts.write(result, folder)
    return folder


def test_every_plan_keeps_the_bounds_and_the_best_is_recommended(result: analysis.Result) -> None:
    plans = result.plans.set_index("plan")
    assert list(plans.index)[:7] == [
        "template",
        "proportional",
        "water_filling",
        "greedy",
        "solver",
        "ddpg_base",
        "ddpg",
    ]
    assert plans["feasible"].all(), plans["broken"].tolist()
    assert (plans["cost"] <= BUDGET).all()
    assert (plans["score_a"] <= result.bound * (1 + 1e-9)).all()
    level = plans[plans["score_a"] >= plans["score_a"].max() * (1 - 1e-3)]
    assert result.winner in level.index
    assert plans["score_a"][result.winner] >= plans["score_a"]["template"]
    assert result.ratio_to_bound == pytest.approx(plans["score_a"][result.winner] / result.bound)
    assert result.campaigns_a + result.campaigns_b == 40
    assert result.campaigns_a == 20


def test_a_least_share_below_any_price_is_told_to_bind_nobody(result: analysis.Result) -> None:
    (note,) = [note for note in result.notes if note.startswith("The least for mid")]
    assert "The least for mid is 0, below the cheapest mid creator" in note


def test_claims_hang_together(result: analysis.Result) -> None:
    plans = result.plans.set_index("plan")
    assert (plans.loc["template", ["gain", "gain_low", "gain_high"]] == 0).all()
    assert plans["gain"].to_numpy() == pytest.approx(
        (plans["effect"] / plans["effect"]["template"] - 1).to_numpy()
    )
    assert ((plans["gain_low"] > 0) == plans["better"]).all()
    assert result.uplift["relative"] == pytest.approx(plans["gain"][result.winner])
    assert result.uplift["low"] < result.uplift["relative"] < result.uplift["high"]
    assert set(result.versus["plan"]) == set(plans.index) - {result.winner}
    cells = result.cells.groupby("plan")[["budget", "value"]].sum()
    assert cells["budget"].to_numpy() == pytest.approx(plans["cost"][cells.index].to_numpy())
    assert cells["value"].to_numpy() == pytest.approx(plans["effect"][cells.index].to_numpy())
    bookings = result.bookings.read().to_pandas().groupby("plan")
    assert bookings["price"].sum().to_numpy() == pytest.approx(cells["budget"].to_numpy())
    assert bookings["value"].sum().to_numpy() == pytest.approx(cells["value"].to_numpy())


def test_the_true_uplift_lies_in_the_claim(
    result: analysis.Result, planted: tuple[CampaignWorld, analysis.Inputs]
) -> None:
    truth = planted[0].market()
    before, after = (truth.effect(answers.plan_of(result, name)) for name in ("template", result.winner))
    assert result.uplift["low"] < after / before - 1 < result.uplift["high"]
    assert after > before


def test_more_budget_never_gives_less(result: analysis.Result) -> None:
    curve = result.curve
    assert (np.diff(curve["bound"]) >= 0).all()
    assert (curve["score_a"] <= curve["bound"] * (1 + 1e-9)).all()
    assert (curve["marginal"] >= 0).all()
    row = curve[curve["budget"] == BUDGET]
    assert len(row) == 1
    assert row["effect_winner"].iloc[0] == pytest.approx(
        result.plans.set_index("plan")["effect"][result.winner]
    )
    market = Markets.stored(result).at(A)
    plans = [unpacked(bits, market.m, 3) for bits in result.curve_plans]
    for budget, plan in zip(curve["budget"], plans, strict=True):
        assert feasible(market, answers.demand_of(result, budget), plan) is None
    assert (np.diff([market.effect(plan) for plan in plans]) >= 0).all()


def test_progress_goes_from_nothing_to_all_with_a_curve(
    result: analysis.Result, told: list[Progress]
) -> None:
    shares = [progress.fraction for progress in told]
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] <= 1
    curves = [progress.curve for progress in told if progress.curve]
    assert len(curves) == 8
    assert {"critic_loss", "actor_loss", "return"} <= set(curves[-1])


def test_a_stored_run_answers_another_budget(folder: Path, result: analysis.Result) -> None:
    again = artefacts.read(analysis.Result, folder)
    market = Markets.stored(again).at(A)
    scores = []
    for budget in (60_000.0, 90_000.0, 150_000.0, 400_000.0):
        found = analysis.answer(again, budget)
        demand = answers.demand_of(again, budget)
        assert feasible(market, demand, found["plan"]) is None
        assert found["cost"] == pytest.approx(found["cells"]["budget"].sum())
        assert found["effect"] == pytest.approx(found["cells"]["value"].sum())
        assert found["effect_low"] < found["effect"] < found["effect_high"]
        assert found["creators"] == found["plan"].any(axis=1).sum()
        above = result.curve["bound"][result.curve["budget"] >= budget].iloc[0]
        assert score(market, demand, found["plan"]) <= above
        assert result.curve["bound"].iloc[0] <= found["bound"] <= above
        scores.append(score(market, demand, found["plan"]))
    assert scores == sorted(scores)
    own = analysis.answer(again, BUDGET)
    assert (
        score(market, answers.demand_of(again), own["plan"])
        >= 0.999 * result.plans.set_index("plan")["score_a"][result.winner]
    )
    with pytest.raises(UserError, match="below the cheapest"):
        analysis.answer(again, 1.0)


def test_another_sum_for_one_cell(result: analysis.Result) -> None:
    cells = result.cells[result.cells["plan"] == result.winner].reset_index(drop=True)
    most = cells.loc[cells["budget"].idxmax()]
    cell = (most["channel"], most["phase"], most["tier"])
    less = analysis.what_if(result, cell, 0.0)
    assert less["before"] == pytest.approx(result.uplift["after"])
    assert less["after"] < less["before"]
    assert less["high"] < 0
    assert less["cost"] == pytest.approx(cells["budget"].sum() - most["budget"])
    assert less["over"] == 0
    same = analysis.what_if(result, cell, most["budget"])
    assert same["cost"] <= cells["budget"].sum() + 1e-6
    more = analysis.what_if(result, cell, most["budget"] + BUDGET)
    assert more["after"] > less["before"]
    assert more["over"] == pytest.approx(max(more["cost"] - BUDGET, 0))
    assert bool(more["over"]) == ("more than the budget" in more["broken"])
    with pytest.raises(UserError, match="no tier 'giant'"):
        analysis.what_if(result, (cell[0], cell[1], "giant"), 1.0)
    with pytest.raises(UserError, match="budget is nan"):
        analysis.what_if(result, cell, float("nan"))


def test_the_rest_is_planned_again(
    planted: tuple[CampaignWorld, analysis.Inputs], folder: Path, result: analysis.Result
) -> None:
    paid = result.cells[(result.cells["plan"] == result.winner) & (result.cells["phase"] == result.phases[0])]
    hot = str(paid.groupby("channel")["budget"].sum().idxmax())
    hotter = again(planted[1], folder, 1, dict.fromkeys(result.channels, 1.0) | {hot: 2.0})
    colder = again(planted[1], folder, 1, dict.fromkeys(result.channels, 1.0) | {hot: 0.4})
    old = answers.winning(result)
    for one in (colder, hotter):
        assert one.replan["spent"] + one.replan["left"] == pytest.approx(BUDGET)
        assert (old[:, 0] == answers.winning(one)[:, 0]).all()
        assert (one.plans["cost"] <= BUDGET).all()
        scores = one.plans.set_index("plan")["score_a"]
        assert scores[one.winner] >= scores["static"] * (1 - 1e-3)
    heat = [one.replan["heat"][hot] for one in (colder, hotter)]
    assert heat[0] < 1 < heat[1]

    def later(one: analysis.Result) -> float:
        cells = one.cells[(one.cells["plan"] == one.winner) & (one.cells["phase"] != one.phases[0])]
        return float(cells.loc[cells["channel"] == hot, "budget"].sum())

    assert later(colder) <= later(hotter)
    with pytest.raises(UserError, match="has begun"):
        analysis.answer(hotter, BUDGET)
    with pytest.raises(UserError, match="is over"):
        analysis.what_if(hotter, (hot, result.phases[0], "head"), 1.0)


def test_a_second_phase_goes_on_from_the_first(
    planted: tuple[CampaignWorld, analysis.Inputs], folder: Path, result: analysis.Result, tmp_path: Path
) -> None:
    booked = result.cells[(result.cells["plan"] == result.winner) & (result.cells["creators"] > 0)]
    name = str(booked["channel"].iloc[0])
    first = again(planted[1], folder, 1, {name: 1.3})
    artefacts.write(first, tmp_path / "first")
    second = again(planted[1], tmp_path / "first", 2, {name: 1.0})
    at = result.channels.index(name)
    shares = np.array(second.replan["shares"])[at]
    assert shares[0] == pytest.approx(np.array(first.replan["shares"])[at][0], nan_ok=True)
    assert (answers.winning(first)[:, :2] == answers.winning(second)[:, :2]).all()
    assert second.heat[B, at, 0] == pytest.approx(np.nan_to_num(shares[0], nan=1.0))


def again(inputs: analysis.Inputs, folder: Path, done: int, realised: dict[str, float]) -> analysis.Result:
    config = analysis.Config.from_json({"replan_of": "earlier", "phases_done": done, "realised": realised})
    return analysis.compute(dataclasses.replace(inputs, earlier=str(folder)), config, silent)


def test_markets_side_by_side_are_those_one_by_one(result: analysis.Result) -> None:
    markets = Markets.stored(result)
    rng = np.random.default_rng(0)
    plan = rng.random((len(result.market_price), 3)) < 0.2
    heat = rng.uniform(0.5, 2, markets.suits.shape)
    one_by_one = [markets.at(i).effect(plan, heat[i]) for i in range(len(heat))]
    assert markets.effects(plan, heat) == pytest.approx(np.array(one_by_one))
    spent, value, count = by_cell(markets.at(B), plan)
    assert value.sum() == pytest.approx(markets.at(B).effect(plan))
    assert spent.sum() == pytest.approx(markets.at(B).cost(plan))
    assert count.sum() == plan.sum()
    assert (unpacked(packed(plan), *plan.shape) == plan).all()


def test_least_cost_is_found_between_plans() -> None:
    cost = np.array([10.0, 20.0, 40.0])
    effects = np.array([[1.0, 5.0], [3.0, 4.0], [4.0, 9.0]])  # the second dips: the cheaper plan is kept
    found = claim.least_cost(cost, effects, np.array([2.0, 5.0]))
    assert found == pytest.approx([15.0, 10.0])
    assert claim.least_cost(cost, effects, np.array([5.0, 7.0])) == pytest.approx([np.inf, 30.0])
    assert claim.least_cost(cost, effects, np.array([0.5, 0.0])) == pytest.approx([5.0, 0.0])


def test_the_same_plan_claims_nothing(result: analysis.Result) -> None:
    told = Markets.stored(result).effects(answers.winning(result))
    nothing = claim.claimed(told, told)
    assert (nothing["relative"], nothing["low"], nothing["high"]) == (0, 0, 0)
    assert not nothing["better"]


def test_the_same_seed_gives_the_same_run(
    planted: tuple[CampaignWorld, analysis.Inputs], result: analysis.Result
) -> None:
    actor = dataclasses.replace(agents.load(result.net, result.net_weights), curve={"step": [1.0]})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "train", lambda *_: actor)  # its own tests hold that
        second = analysis.compute(planted[1], analysis.Config.from_json(SETTINGS), silent)
    pd.testing.assert_frame_equal(result.plans, second.plans)
    pd.testing.assert_frame_equal(result.curve, second.curve)
    assert result.same_effect == second.same_effect


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"goal": "fame"}, "which there is not"),
        ({"budget": 0}, "a number from"),
        ({"budget": float("inf")}, "a number from"),
        ({"tier_least": {"giant": 0.3}}, "names 'giant'"),
        ({"tier_most": [0.3]}, "a number for each name"),
        ({"tier_least": {"head": "0.3"}}, "a number from 0 to 1"),
        ({"realised": {"Douyin": -1}}, "a number from 0"),
        ({"phases": 0}, "a whole number"),
        ({"reading": "dice"}, "which there is not"),
        ({"phases_done": 1}, "they come together"),
        ({"replan_of": "campaign-1"}, "they come together"),
        ({"bugdet": 1}, "no setting 'bugdet'"),
    ],
)
def test_what_a_page_sends_is_checked(values: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        analysis.Config.from_json(values)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"budget": 10}, "budget_too_small"),
        ({"tier_least": {"head": 0.7, "mid": 0.6}}, "bounds_contradict"),
        ({"tier_least": {"head": 0.7}, "tier_most": {"head": 0.1}}, "bounds_contradict"),
        ({"tier_most": {"head": 0, "mid": 0, "tail": 0}}, "no_creators"),
    ],
)
def test_what_cannot_be_planned_is_told_before_anything_is_learned(
    planted: tuple[CampaignWorld, analysis.Inputs], values: dict[str, Any], code: str
) -> None:
    told: list[Progress] = []
    with pytest.raises(UserError) as error:
        analysis.compute(planted[1], analysis.Config.from_json(values), told.append)
    assert error.value.code == code
    assert len(told) == 1


def test_a_phase_that_history_never_had_is_said(planted: tuple[CampaignWorld, analysis.Inputs]) -> None:
    from socialml.analyses._campaign_inputs import taken
    from socialml.analyses._campaign_tables import notes

    _, history = taken(planted[1])
    blind = dataclasses.replace(history, later=np.full(history.rows, np.nan))
    said = notes(planted[1], analysis.Config(phases=5), blind)
    assert any("had 3 phases" in note for note in said)
    assert any("nothing is taken to last" in note for note in said)
    assert notes(planted[1], analysis.Config(), history) == []
    check(steps.priced(taken(planted[1])[0], 5), steps.asked(analysis.Config(), taken(planted[1])[0]))
