"""Water-filling's price of money: known where nothing saturates, and consistent where it does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from socialml.environments.demand import free, many
from socialml.environments.thresholds import curves, fill
from tests.environments.markets import drawn

MARKET = drawn(np.random.default_rng(4), 200, 3, 2)
EVEN = np.ones((1, 3, 2))


def test_without_saturation_the_price_is_that_of_the_last_creator_who_is_paid() -> None:
    market = replace(MARKET, bends=np.zeros(0), slopes=np.ones(1), suits=np.ones((3, 2)), lasting=np.zeros(3))
    worth = np.sort(market.value / market.price)[::-1]
    paid = 2 * np.cumsum(market.price[np.argsort(-market.value / market.price)])  # in both phases
    for share in (0.2, 0.5, 0.8):
        demand = replace(free(market, share * paid[-1]), hierarchy=0.0, crowding=0.0)
        found = fill(market, curves(market), many([demand]), np.zeros((1, 3, 3)), EVEN, 0)
        tau = found.price(0, np.array([demand.budget]))[0]
        assert tau == pytest.approx(worth[np.searchsorted(paid, demand.budget)], rel=0.1)
        best = 2 * market.value[market.value / market.price > tau].sum()
        assert found.value[0] == pytest.approx(best, rel=0.05)


def test_what_is_dearer_is_bought_less_and_later_cells_leave_less() -> None:
    budgets = np.geomspace(30_000, 3_000_000, 30)
    demands = many([replace(free(MARKET, budget), hierarchy=0.0, crowding=0.0) for budget in budgets])
    found = fill(MARKET, curves(MARKET), demands, np.zeros((30, 3, 3)), np.repeat(EVEN, 30, axis=0), 0)
    assert found.rest.shape[1:] == (2 * 3 * 3, 30)
    assert (np.diff(found.rest[:, 0], axis=0) <= 1).all()  # yuan
    assert (np.diff(found.rest, axis=1) <= 1).all()
    lower, higher = found.price(0, 0.5 * demands.budget), found.price(0, demands.budget)
    assert (lower >= higher).all()
    assert (lower > higher).any()


def test_the_price_spends_the_budget_unless_everybody_is_booked() -> None:
    budgets = np.geomspace(30_000, 3_000_000, 8)
    demands = many([replace(free(MARKET, budget), hierarchy=0.0, crowding=0.0) for budget in budgets])
    heat = np.repeat(EVEN, 8, axis=0)
    found = fill(MARKET, curves(MARKET), demands, np.zeros((8, 3, 3)), heat, 0)
    assert (np.diff(found.price(0, budgets)) <= 0).all()
    assert (np.diff(found.value) > 0).all()
    # Concave: each further yuan brings less.
    assert (np.diff(np.diff(found.value) / np.diff(budgets)) < 0).all()
    everybody = fill(MARKET, curves(MARKET), demands, np.zeros((8, 3, 3)), 2 * heat, 0)
    assert everybody.value == pytest.approx(2 * found.value, rel=0.05)


def test_a_later_phase_knows_what_is_spent() -> None:
    demands = many([free(MARKET, 300_000.0)] * 2)
    spent = np.zeros((2, 3, 3))
    spent[1, 0, 1] = 250_000
    found = fill(MARKET, curves(MARKET), demands, spent, np.repeat(EVEN, 2, axis=0), 1)
    assert found.rest.shape[1] == 9
    left = 300_000 - spent.sum(axis=(1, 2))
    assert found.price(0, left)[1] > found.price(0, left)[0]
    assert found.shift[1, 0, 1] > found.shift[1, 0, 0]  # mid outspends head, and a channel is crowded
