"""Gradient boosting on monthly inputs: toys with known answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from socialml.models import boosted_forecast
from socialml.models.boosted_forecast import Boosted
from tests.models.toy_sequences import histories


@pytest.fixture(autouse=True)
def quick(monkeypatch) -> None:
    monkeypatch.setattr(boosted_forecast, "TREES", 30)
    monkeypatch.setattr(boosted_forecast, "RATE", 0.2)
    monkeypatch.setattr(boosted_forecast, "SHALLOW", 10)


def test_a_random_walk_is_better_told_than_by_its_mean() -> None:
    rng = np.random.default_rng(1)
    amount = 100 * np.exp(np.cumsum(rng.normal(0, 0.4, (400, 12)), axis=1))
    seq = histories(amount)
    told = Boosted().fit(seq, list(range(1, 11)), 0).predict(seq, 11)
    floor = np.abs(amount[:, 5:11].mean(axis=1) - amount[:, 11]).mean()
    assert np.abs(told.amount - amount[:, 11]).mean() < 0.85 * floor


def test_those_who_left_get_nothing() -> None:
    rng = np.random.default_rng(2)
    left = rng.integers(4, 30, 400)
    amount = rng.gamma(20, 5, (400, 14)) * (np.arange(14) < left[:, None])
    told = Boosted().fit(histories(amount), list(range(1, 13)), 0).predict(histories(amount), 13)
    assert told.amount[left <= 11].max() < 5
    assert np.median(told.orders[left > 14]) == pytest.approx(1, abs=0.05)


def test_the_future_and_masked_months_are_not_read() -> None:
    rng = np.random.default_rng(3)
    amount = rng.gamma(2, 50, (100, 10)) * (rng.random((100, 10)) < 0.6)
    seq = histories(amount, begin=rng.integers(0, 8, 100))
    dirty = replace(seq, amount=np.where(seq.known & (np.arange(10) < 8), amount, 5e5))
    clean, other = (Boosted().fit(s, [1, 2, 3, 4, 5, 6, 7], 0).predict(s, 8) for s in (seq, dirty))
    np.testing.assert_array_equal(clean.amount, other.amount)
    np.testing.assert_array_equal(clean.amount[~seq.known[:, 7]], 0)


def test_seeds_wild_amounts_and_few_rows(monkeypatch) -> None:
    monkeypatch.setattr(boosted_forecast, "ROWS", 300)
    rng = np.random.default_rng(4)
    amount = rng.gamma(2, 50, (100, 8))
    amount[0], amount[1] = 1e12, -300
    seq = histories(amount)
    first, again = (Boosted().fit(seq, [1, 2, 3, 4, 5, 6], 7).predict(seq, 7) for _ in range(2))
    np.testing.assert_array_equal(first.amount, again.amount)
    assert np.isfinite(first.amount).all()
    assert np.median(first.amount) < 1_000
    one = histories(amount[2:3, :2])
    assert np.isfinite(Boosted().fit(one, [1], 0).predict(one, 2).amount).all()
