"""What a campaign asks: penalties by hand, broken bounds told apart, and a sentence for what cannot be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from socialml.environments.demand import Demand, check, feasible, many, one, penalty, random, remarks, score
from socialml.environments.demand import free as anything
from socialml.environments.market import Market
from socialml.errors import UserError
from tests.environments.markets import drawn


def small() -> Market:
    """Two channels, two phases; 4 creators on the first (head 100, mid 40, tails 10 and 20) and a tail of 30."""
    market = drawn(np.random.default_rng(0), 5, 2, 2)
    return replace(
        market,
        channel=np.array([0, 0, 0, 0, 1]),
        tier=np.array([0, 1, 2, 2, 2]),
        price=np.array([100.0, 40, 10, 20, 30]),
        value=np.array([100.0, 80, 30, 20, 60]),
    )


def asked(budget: float, **changes: Any) -> Demand:
    return replace(anything(small(), budget), **changes)


def booked(*pairs: tuple[int, int]) -> np.ndarray:
    plan = np.zeros((5, 2), dtype=bool)
    for creator, phase in pairs:
        plan[creator, phase] = True
    return plan


def test_the_penalty_is_for_what_is_upside_down_and_for_crowds() -> None:
    market, demand = small(), asked(200, hierarchy=0.1, crowding=0.2, most_in_one=0.6)
    assert market.rate() == 2  # 1, 2, 3, 1, 2 per yuan
    # Head 100, mid 0, tail 30 + 30: tail over mid by 60; 110 of at most 120 on the first channel.
    spent = market.spent(booked((0, 0), (4, 0), (4, 1)))
    assert penalty(market, demand, spent) == pytest.approx(2 * 0.1 * 60)
    # Mid 80 over head 0; 80 + 60 tail on both; a channel with 140 of 120.
    crowded = market.spent(booked((1, 0), (1, 1), (2, 0), (2, 1), (3, 0), (3, 1)))
    assert penalty(market, demand, crowded) == pytest.approx(2 * (0.1 * 80 + 0.2 * 20))
    assert penalty(market, replace(demand, channels=np.array([True, False])), crowded) == pytest.approx(16)


def test_the_score_is_the_effect_less_the_penalty() -> None:
    market, demand, plan = small(), asked(200), booked((1, 0), (3, 1))
    heat = np.full((2, 2), 1.5)
    assert score(market, demand, plan, heat) == pytest.approx(1.5 * market.effect(plan) - 2 * 0.1 * 40)


@pytest.mark.parametrize(
    ("changes", "pairs", "says"),
    [
        ({}, [(0, 0), (0, 1), (1, 0)], "more than the budget of 200"),
        ({"channels": np.array([True, False])}, [(4, 0)], "not allowed"),
        ({"tier_most": np.array([1, 0.1, 1])}, [(1, 0)], "40 on mid creators, more than 20"),
        ({"tier_least": np.array([0, 0.3, 0])}, [(2, 0)], "0 on mid creators, less than 60"),
    ],
)  # fmt: skip
def test_a_broken_bound_is_named(changes: dict[str, Any], pairs: list[tuple[int, int]], says: str) -> None:
    assert says in str(feasible(small(), asked(200, **changes), booked(*pairs)))
    assert feasible(small(), asked(200), booked((0, 0), (0, 1))) is None


def test_a_least_share_may_be_missed_by_less_than_a_creator() -> None:
    demand = asked(200, tier_least=np.array([0, 0.3, 0]))  # 60, in steps of 40
    assert feasible(small(), demand, booked((1, 0))) is None
    everybody_of_the_tier = asked(200, tier_least=np.array([0, 0.5, 0]))
    assert feasible(small(), everybody_of_the_tier, booked((1, 0), (1, 1))) is None


@pytest.mark.parametrize(
    ("budget", "changes", "code", "says"),
    [
        (0, {}, "bad_budget", "budget is 0"),
        (float("nan"), {}, "bad_budget", "budget"),
        (9, {}, "budget_too_small", "at 10"),
        (25, {"channels": np.array([False, True])}, "budget_too_small", "at 30"),
        (200, {"channels": np.array([False, False])}, "no_channels", "No channel"),
        (200, {"tier_least": np.array([0.7, 0.2, 0.2])}, "bounds_contradict", "110%"),
        (200, {"tier_least": np.array([0.5, 0, 0]), "tier_most": np.array([0.4, 1, 1])}, "bounds_contradict", "head"),
        (200, {"tier_least": np.array([-0.1, 0, 0])}, "bad_share", "head"),
        (200, {"tier_least": np.array([np.nan, 0, 0])}, "bad_share", "head"),
        (200, {"tier_least": np.array([0.1, 0, 0]), "channels": np.array([False, True])}, "tier_without_creators",
         "head"),
        (1000, {"tier_least": np.array([0, 0.5, 0])}, "tier_too_small", "80"),
        (200, {"tier_most": np.array([1, 1, 0]), "channels": np.array([False, True])}, "no_creators", "tail"),
        (200, {"tier_most": np.array([0.4, 0.1, 0.04])}, "bounds_too_tight", "costs 10, but at most 8"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said(budget: float, changes: dict[str, Any], code: str, says: str) -> None:
    with pytest.raises(UserError) as error:
        check(small(), asked(budget, **changes))
    assert error.value.code == code
    assert says in error.value.message
    assert error.value.hint


def test_a_least_share_that_buys_nobody_is_remarked() -> None:
    assert remarks(small(), asked(200, tier_least=np.array([0.6, 0, 0]))) == []
    (sentence,) = remarks(small(), asked(200, tier_least=np.array([0.4, 0.3, 0])))
    assert "80, below the cheapest head creator at 100" in sentence


def test_a_creator_without_a_price_is_no_obstacle() -> None:
    market = small()
    check(replace(market, price=np.zeros(5)), asked(1))
    check(replace(market, price=market.price * [1, 1, 0, 1, 1]), asked(1))


@pytest.mark.parametrize(("creators", "channels"), [(300, 5), (12, 5), (4, 1)])
def test_random_demands_can_be_met(creators: int, channels: int) -> None:
    market = drawn(np.random.default_rng(creators), creators, channels, 3)
    found = random(market, 400, np.random.default_rng(1))
    assert found.budget.max() <= 1_000_000
    for i in range(found.n):
        check(market, found.of(i))
    again = random(market, 400, np.random.default_rng(1))
    assert (again.budget == found.budget).all()
    if channels > 1:
        assert set(found.channels.sum(axis=1)) >= {1, channels}
    assert ((found.tier_least > 0).any(axis=1).mean(), (found.tier_most < 1).any(axis=1).mean()) > (0.2, 0.2)


def test_a_batch_has_the_penalty_of_each() -> None:
    market = drawn(np.random.default_rng(4), 60, 3, 2)
    found = random(market, 5, np.random.default_rng(2))
    spent = np.random.default_rng(3).random((5, 3, 2, 3)) * 1e4
    each = [penalty(market, found.of(i), spent[i]) for i in range(5)]
    assert found.penalty(spent.sum(axis=2), market.rate()) == pytest.approx(each)
    assert one(found.of(2)).crowded() == pytest.approx(found.crowded()[2:3])
    assert many([found.of(i) for i in range(5)]).tier_least == pytest.approx(found.tier_least)
