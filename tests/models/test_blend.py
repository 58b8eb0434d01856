"""Weights of the blend against known answers."""

from __future__ import annotations

import numpy as np
import pytest

from socialml.models import blend


def error(weights: np.ndarray, x: np.ndarray, y: np.ndarray) -> float:
    return float(np.abs(x @ weights - y).mean())


def test_the_perfect_candidate_gets_all_the_weight() -> None:
    rng = np.random.default_rng(0)
    y = rng.gamma(1, 100, 500)
    x = np.column_stack([rng.permutation(y), y, np.zeros(500)])
    assert blend.fit(x, y) == pytest.approx([0, 1, 0], abs=1e-6)


def test_two_that_err_on_either_side_share_it_and_the_useless_gets_none() -> None:
    rng = np.random.default_rng(1)
    y = rng.gamma(4, 25, 2_000)
    x = np.column_stack([y + 30, y - 30, y * 10])
    weights = blend.fit(x, y)
    assert weights == pytest.approx([0.5, 0.5, 0.0], abs=1e-3)


def test_no_grid_of_weights_does_better_than_the_programme() -> None:
    rng = np.random.default_rng(2)
    y = rng.gamma(1, 100, 300)
    x = y[:, None] * rng.lognormal(0, [0.3, 0.5, 0.8], (300, 3))
    found = error(blend._simplex(x, y), x, y)
    steps = [np.array([a, b, 20 - a - b]) / 20 for a in range(21) for b in range(21 - a)]
    assert found <= min(error(w, x, y) for w in steps) + 1e-9


def test_weights_are_shares_and_never_worse_than_the_best_alone() -> None:
    rng = np.random.default_rng(3)
    for seed in range(5):
        y = rng.gamma(0.5, 100, 200)
        x = y[:, None] * rng.lognormal(0, rng.uniform(0.2, 1.5, 8), (200, 8))
        weights = blend.fit(x, y, seed)
        assert weights.min() >= 0
        assert weights.sum() == pytest.approx(1)
        assert error(weights, x, y) <= np.abs(x - y[:, None]).mean(axis=0).min() + 1e-9
        assert (weights > 0).sum() <= blend.CANDIDATES


def test_no_rows_give_equal_weights() -> None:
    assert blend.fit(np.zeros((0, 4)), np.zeros(0)) == pytest.approx(np.full(4, 0.25))


def test_zeros_and_wild_amounts_do_not_break_it() -> None:
    assert blend.fit(np.zeros((10, 2)), np.zeros(10)).sum() == pytest.approx(1)
    rng = np.random.default_rng(4)
    y = rng.gamma(4, 25, 400)
    x = np.column_stack([y + 1, y * 3])
    y[0] = x[0, 1] = 1e12
    assert blend.fit(x, y).sum() == pytest.approx(1)
    assert np.isfinite(blend.fit(x, y)).all()
