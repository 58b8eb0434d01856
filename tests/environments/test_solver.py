import itertools
from dataclasses import replace

import numpy as np
import pytest

from socialml.environments import demand as demands
from socialml.environments.demand import Demand, feasible, free, score
from socialml.environments.market import Market
from socialml.environments.planners import PLANNERS
from socialml.environments.solver import solve
from socialml.sample.creators import plant
from tests.environments.markets import drawn, with_demand

FAST = [PLANNERS[name] for name in ("template", "proportional", "water_filling", "greedy")]


def best_of_all(market: Market, asked: Demand) -> float:
    """The highest score of any plan within the bounds, by looking at every one."""
    best = -np.inf
    shape = (market.m, len(market.phases))
    for bits in itertools.product((False, True), repeat=shape[0] * shape[1]):
        plan = np.array(bits).reshape(shape)
        if market.cost(plan) <= asked.budget and feasible(market, asked, plan) is None:
            best = max(best, score(market, asked, plan))
    return best


@pytest.mark.parametrize("seed", range(8))
def test_a_tiny_campaign_is_solved_to_the_optimum(seed: int) -> None:
    rng = np.random.default_rng(seed)
    phases = int(rng.integers(1, 4))
    market = drawn(rng, 9 // phases, 2, phases)
    asked = demands.random(market, 1, rng).of(0)
    best = best_of_all(market, asked)
    solved = solve(market, asked)
    assert feasible(market, asked, solved.plan) is None
    assert score(market, asked, solved.plan) == pytest.approx(best, rel=2e-3)
    assert solved.bound >= best * (1 - 1e-9)
    assert solve(market, asked, seconds=0).bound >= best * (1 - 1e-9)


@pytest.mark.parametrize("seed", range(24))
def test_no_plan_passes_the_bound(seed: int) -> None:
    rng = np.random.default_rng(seed)
    market = drawn(rng, int(rng.integers(5, 60)), int(rng.integers(1, 6)), int(rng.integers(1, 4)))
    asked = demands.random(market, 1, rng).of(0)
    heat = rng.uniform(0.5, 2, market.capacity.shape) if seed % 2 else None
    booked = FAST[seed % 4](market, with_demand(asked, budget=asked.budget / 2)) if seed % 3 else None
    given = {"booked": booked, "begin": int(booked is not None), "foretold": heat}
    solved = solve(market, asked, seconds=0.5 if seed < 6 else 0, **given)
    for planner in FAST:
        plan = planner(market, asked, **given)
        if feasible(market, asked, plan) is None:
            assert score(market, asked, plan, heat) <= solved.bound * (1 + 1e-9)
    assert solved.gap == pytest.approx(1 - score(market, asked, solved.plan, heat) / solved.bound)


def test_a_campaign_of_the_sample_is_solved_to_a_hundredth() -> None:
    market = plant(np.random.default_rng(1), 150).market()
    for budget in (30_000.0, 300_000.0):
        asked = free(market, budget)
        solved = solve(market, asked, seconds=10)
        assert solved.gap < 0.01
        assert market.cost(solved.plan) <= budget
        loose = solve(market, asked, seconds=0)
        assert solved.bound <= loose.bound * (1 + 1e-6)
        assert score(market, asked, loose.plan) <= score(market, asked, solved.plan)


def test_the_same_question_has_the_same_answer() -> None:
    market = plant(np.random.default_rng(2), 60).market()
    first, second = (solve(market, free(market, 60_000.0), seconds=20) for _ in range(2))
    assert (first.plan == second.plan).all()
    assert first.bound == second.bound


def test_a_bound_grows_with_the_budget_and_falls_with_tighter_bounds() -> None:
    market = plant(np.random.default_rng(3), 100).market()
    bounds = [solve(market, free(market, budget), seconds=0).bound for budget in (5e4, 1e5, 2e5, 4e5)]
    assert np.diff(bounds).min() > 0
    tight = with_demand(free(market, 2e5), tier_most=np.array([1.0, 0.2, 0.2]))
    assert solve(market, tight, seconds=0).bound < bounds[2]


def test_nothing_open_is_nothing_to_solve() -> None:
    market = drawn(np.random.default_rng(0), 12, 2, 2)
    asked = free(market, 50_000.0)
    booked = PLANNERS["greedy"](market, asked)
    solved = solve(market, asked, booked=booked, begin=2)
    assert (solved.plan == booked).all()
    assert solved.bound == pytest.approx(score(market, asked, booked))
    assert solved.gap == pytest.approx(0)


def test_creators_that_bring_nothing_are_worth_nothing() -> None:
    market = replace(drawn(np.random.default_rng(0), 12, 2, 2), value=np.zeros(12))
    solved = solve(market, free(market, 50_000.0))
    assert solved.bound == pytest.approx(0, abs=1e-6)
    assert market.effect(solved.plan) == 0


def test_more_creators_than_whole_numbers_are_searched() -> None:
    market = plant(np.random.default_rng(4), 3_000).market()
    asked = free(market, 40_000.0)
    solved = solve(market, asked, seconds=0.5)
    assert feasible(market, asked, solved.plan) is None
    assert 0 <= solved.gap < 0.1
    assert score(market, asked, solved.plan) >= score(market, asked, PLANNERS["greedy"](market, asked))
