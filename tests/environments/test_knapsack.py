"""Sets of creators for every amount: against all subsets, and what every ladder must keep."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest

from socialml.environments.knapsack import POINTS, ladders
from socialml.environments.market import Market
from tests.environments.markets import drawn


def cell(price: list[float], value: list[float]) -> Market:
    """One channel and one tier."""
    market = drawn(np.random.default_rng(0), len(price), 1, 1)
    return replace(
        market, tiers=["all"], tier=np.zeros(len(price), dtype=int), price=np.array(price), value=np.array(value)
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_for_every_amount_no_subset_is_worth_more(seed: int) -> None:
    rng = np.random.default_rng(seed)
    price = rng.integers(20, 160, 8).astype(float)
    price[0] += 1000 - price.sum()  # so that a step of the programme's grid is one yuan
    value = np.round(price * np.exp(rng.standard_normal(8)), 1)
    found = ladders(cell(list(price), list(value)))
    subsets = (np.arange(2**8)[:, None] >> np.arange(8)) & 1
    cost, worth = subsets @ price, subsets @ value
    for amount in np.arange(0, 1001, 7):
        best = worth[cost <= amount].max()
        point = np.searchsorted(found.cost[0], amount, side="right") - 1
        assert found.value[0, point] == pytest.approx(best)


def test_a_ladder_rises_and_its_sets_are_what_it_says() -> None:
    market = drawn(np.random.default_rng(1), 400, 5, 3)
    found = ladders(market)
    for row in range(len(found.cost)):
        points = np.isfinite(found.cost[row]).sum()
        assert 1 <= points <= POINTS
        assert (np.diff(found.cost[row, :points]) > 0).all()
        assert (np.diff(found.value[row, :points]) > 0).all()
        for point in range(points):
            booked = found.chosen(row, point)
            assert market.price[booked].sum() == pytest.approx(found.cost[row, point])
            assert market.value[booked].sum() == pytest.approx(found.value[row, point])
            assert ((market.channel * 3 + market.tier)[booked] == row).all()
        everybody = (market.channel * 3 + market.tier) == row
        assert (found.chosen(row, points - 1) == everybody).all()


def test_the_free_are_in_every_set_and_the_worthless_in_none() -> None:
    market = cell([0.0, 0.0, 10.0, 20.0], [3.0, 0.0, 5.0, 0.0])
    found = ladders(market)
    assert found.cost[0, :3].tolist() == [0, 10, np.inf]
    assert found.chosen(0, 0).tolist() == [True, False, False, False]
    assert found.chosen(0, 1).tolist() == [True, False, True, False]


def test_an_empty_cell_has_one_set_of_nobody() -> None:
    market = cell([5.0], [1.0])
    found = ladders(replace(market, channels=["a", "b"], capacity=np.ones((2, 1)), suits=np.ones((2, 1))))
    assert found.cost[1].tolist() == [0] + [np.inf] * (POINTS - 1)
    assert not found.chosen(1, 0).any()


def test_no_set_costs_more_than_asked_for() -> None:
    market = drawn(np.random.default_rng(2), 300, 5, 3)
    found = ladders(market, most=60_000)
    assert found.cost[np.isfinite(found.cost)].max() <= 60_000
    assert np.isfinite(found.cost[:, 1]).sum() > 10


def test_fifty_thousand_creators_take_no_two_seconds() -> None:
    market = drawn(np.random.default_rng(3), 50_000, 5, 3)
    began = time.process_time()
    ladders(market, most=1_000_000)
    assert time.process_time() - began < 2
