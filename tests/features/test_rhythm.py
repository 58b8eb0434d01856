from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from socialml.features import rhythm


def shop(customers: int, seed: int, leave: float = 1 / 600) -> dict[str, np.ndarray]:
    """Customers of planted rates, some of whom have left for good, and whether each orders in 30 days."""
    rng = np.random.default_rng(seed)
    rate = np.exp(rng.normal(-2.5, 1, customers))
    days = rng.integers(20, 700, customers).astype(float)
    left = rng.exponential(1 / leave, customers)
    active = np.minimum(left, days)
    orders = rng.poisson(rate * active).astype(float)
    last = np.where(orders > 0, active * rng.random(customers) ** (1 / np.maximum(orders, 1)), 0)
    return {
        "orders": orders,
        "days": days,
        "quiet": days - last,
        "rate": rate,
        "alive": left > days,
        "buys": rng.poisson(rate * np.clip(left - days, 0, 30)) > 0,
    }


def test_chances_are_those_of_the_planted_customers() -> None:
    planted = shop(20_000, 0)
    found = rhythm.of(planted["orders"], planted["days"], planted["quiet"])
    for told, true in ((found.alive, planted["alive"]), (found.chance, planted["buys"])):
        band = np.digitize(told, [0.2, 0.4, 0.6, 0.8])
        for k in range(5):
            share = true[band == k].mean()
            # A share is within four standard errors and two hundredths (the grid is coarse) of what was told.
            error = 4 * np.sqrt(share * (1 - share) / (band == k).sum())
            assert told[band == k].mean() == pytest.approx(share, abs=error + 0.02)


def test_it_ranks_nearly_as_well_as_who_knows_how_rates_are_spread() -> None:
    planted = shop(20_000, 1)
    orders, days, quiet = planted["orders"], planted["days"], planted["quiet"]
    found = rhythm.of(orders, days, quiet)
    grid = np.exp(-2.5 + np.linspace(-4, 4, 81))
    pace = grid + 1 / 600
    stayed = np.exp(-quiet[:, None] * pace)
    here = stayed + (1 - stayed) / 600 / pace
    weight = orders[:, None] * np.log(grid) - (days - quiet)[:, None] * pace - (np.log(grid) + 2.5) ** 2 / 2
    weight = np.exp(weight - weight.max(axis=1, keepdims=True)) * here
    known = (weight * stayed / here * (1 - np.exp(-30 * pace))).sum(axis=1) / weight.sum(axis=1)
    best = roc_auc_score(planted["buys"], known)
    assert roc_auc_score(planted["buys"], found.chance) > best - 0.002
    assert roc_auc_score(planted["buys"], orders / days) < best - 0.01  # what a plain rate would reach


def test_silence_tells_of_leaving_and_most_of_those_who_used_to_buy_often() -> None:
    planted = shop(5_000, 2)
    n = 6
    same = {"orders": [20.0] * 3 + [2.0] * 3, "days": [300.0] * n, "quiet": [1.0, 60.0, 150.0] * 2}
    rows = [np.concatenate([planted[name], same[name]]) for name in ("orders", "days", "quiet")]
    found = rhythm.of(*rows)
    often, seldom = found.alive[-n:-3], found.alive[-3:]
    assert (np.diff(often) < 0).all()
    assert (np.diff(seldom) < 0).all()
    assert often[0] > 0.95
    assert often[2] < seldom[2]  # the same silence says less of somebody who never bought often
    assert (found.chance <= found.alive).all()


def test_few_or_no_customers_and_none_who_ordered() -> None:
    empty = np.empty(0)
    assert rhythm.of(empty, empty, empty).alive.shape == (0,)
    one = rhythm.of(np.array([3.0]), np.array([90.0]), np.array([5.0]))
    assert 0.5 < one.alive[0] <= 1
    silent = rhythm.of(np.zeros(50), np.full(50, 200.0), np.full(50, 200.0))
    assert (silent.chance < 0.1).all()
    assert np.isfinite(
        rhythm.of(np.array([900.0, 0.0]), np.array([1.0, 0.0]), np.array([1.0, 0.0])).chance
    ).all()
