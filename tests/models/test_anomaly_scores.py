from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from socialml.models import anomaly_scores as scores
from socialml.models.anomaly_scores import Habits


def habits(users: int = 40, each: int = 50) -> Habits:
    return Habits.of(np.repeat(np.arange(users), each))


def test_habits_know_where_each_user_begins() -> None:
    found = Habits.of(np.array([0, 0, 1, 2, 2, 2]))
    assert found.first.tolist() == [0, 0, 2, 3, 3, 3]
    assert found.place.tolist() == [0, 1, 0, 0, 1, 2]
    assert found.count.tolist() == [2, 2, 1, 3, 3, 3]


def test_a_level_uses_earlier_rows_only() -> None:
    own, rng = habits(), np.random.default_rng(0)
    value = rng.normal(np.repeat(rng.normal(0, 2, 40), 50), 0.1)
    before = scores.levels(value, own)
    changed = value.copy()
    changed[49] += 0.3  # the last row of the first user
    assert (
        np.abs(scores.levels(changed, own) - before)[: 49 + 1].max() < 1e-2
    )  # the shop's median moves a little
    late = own.place > 20
    assert np.abs(before - value)[late].mean() < 0.3  # each user's own level is found
    first = before[own.place == 0]
    assert np.ptp(first) == 0  # of whom nothing is known yet, all expect the same


def test_a_row_does_not_widen_its_own_spread() -> None:
    own, rng = habits(), np.random.default_rng(1)
    error = rng.normal(0, 1, 2000)
    alone = scores.own_spread(error, own)
    wild = error.copy()
    wild[100] = 50.0
    found = scores.own_spread(wild, own)
    assert found[100] == pytest.approx(alone[100], rel=0.02)
    others = np.flatnonzero((own.user == own.user[100]) & (np.arange(2000) != 100))
    assert (found[others] > alone[others] * 1.0001).all()
    assert found.max() < 1.5  # wild errors count up to a bound


def test_a_spread_is_the_users_own() -> None:
    own, rng = habits(), np.random.default_rng(2)
    true = np.where(own.user < 20, 0.2, 1.0)
    found = scores.own_spread(rng.normal(0, true), own)
    assert found[own.user >= 20].mean() > 2 * found[own.user < 20].mean()


def test_a_tail_surprise_of_normal_errors_is_minus_ln_p() -> None:
    z = np.random.default_rng(3).normal(0, 2.5, 50_000)
    found = scores.tail_surprise(z)
    assert found.mean() == pytest.approx(1.0, abs=0.03)  # exponential with mean 1
    assert found[np.abs(z).argmax()] > 8
    np.testing.assert_allclose(
        found[:50], -np.log(2 * stats.norm.sf(np.abs(z[:50]) / 2.5)), rtol=0.15, atol=0.05
    )


def test_anomalies_hardly_move_the_scale_of_surprise() -> None:
    z = np.random.default_rng(4).normal(0, 1, 20_000)
    honest = scores.tail_surprise(z)
    mixed = scores.tail_surprise(np.where(np.arange(20_000) < 400, 20.0, z))
    np.testing.assert_allclose(mixed[400:].mean(), honest[400:].mean(), rtol=0.1)


def test_hours_and_devices_surprise_by_user_and_not_by_themselves() -> None:
    own, rng = habits(), np.random.default_rng(5)
    hour = np.where(own.user < 20, rng.integers(9, 12, 2000), rng.integers(20, 23, 2000))
    hour[5], hour[1500] = 21, 21  # the same hour, odd for one and usual for the other
    found = scores.hour_surprise(hour, own)
    assert found[5] > 3
    assert found[1500] < 1.5
    device = np.where(own.user % 2 == 0, 0, 1)
    device[7] = 1
    told = scores.kind_surprise(device, own)
    assert told[7] > 3
    assert told[8] == pytest.approx(0.0, abs=0.1)
    unknown = scores.kind_surprise(np.full(2000, -1), own)
    assert not unknown.any()


def test_who_bought_once_is_judged_by_the_shop() -> None:
    own = Habits.of(np.arange(500))
    device = np.r_[np.zeros(450, int), np.ones(50, int)]
    found = scores.kind_surprise(device, own)
    assert found[0] == pytest.approx(0.0)  # the commonest device surprises nobody
    assert found[-1] == pytest.approx(-np.log(0.1), abs=0.05)


def test_many_devices_are_told_apart_up_to_a_number() -> None:
    own = habits(100, 20)
    device = own.user.copy()  # everybody their own
    device[3] = 77
    found = scores.kind_surprise(device, own)
    assert found[3] > 2
    assert np.isfinite(found).all()


def test_marks_change_the_weights_only_from_enough_of_both_kinds() -> None:
    rng = np.random.default_rng(6)
    wrong = np.r_[np.ones(60, bool), np.zeros(60, bool)]
    parts = rng.exponential(1.0, (120, 3))
    parts[wrong, 1] += 6  # only the second tells
    assert scores.weights_from_marks(parts[:70], wrong[:70]) is None
    found = scores.weights_from_marks(parts, wrong)
    assert found is not None
    assert found.argmax() == 1
    assert (found >= 0.1).all()
    assert scores.combined(parts, found)[wrong].min() > np.median(scores.combined(parts, found)[~wrong])


def test_equal_weights_are_the_plain_sum() -> None:
    parts = np.random.default_rng(7).exponential(1.0, (10, 3))
    np.testing.assert_allclose(scores.combined(parts, np.full(3, 2.0)), parts.sum(axis=1))


def test_all_equal_errors_surprise_nobody() -> None:
    assert not scores.tail_surprise(np.zeros(100)).any()
    assert scores.robust_spread(np.full(10, 3.0)) == 0


def test_where_most_are_as_expected_the_few_that_are_not_stand_out_by_size() -> None:
    mostly = np.r_[np.zeros(900), np.random.default_rng(9).normal(0, 1, 99), 40.0]
    found = scores.tail_surprise(mostly)
    assert not found[:900].any()
    assert found[900:].min() >= -np.log(0.1)
    assert found.argmax() == 999
    assert scores.robust_spread(mostly) == pytest.approx(1.0, rel=0.3)


def test_chance_alone_reaches_a_score_as_often_as_independent_parts_do() -> None:
    rng = np.random.default_rng(8)
    parts = rng.exponential(1.0, (20_000, 3))
    at = np.array([0.0, 2.0, 5.0, 9.0])
    told = scores.by_chance(parts, np.ones(3), at, 0)
    np.testing.assert_allclose(told, stats.gamma.sf(at, 3), rtol=0.12)
    parts[:, 2] = 0.0  # no device is known
    np.testing.assert_allclose(scores.by_chance(parts, np.ones(3), at, 0), stats.gamma.sf(at, 2), rtol=0.12)
    parts[:300, :2] = 12.0  # wrong in both at once is more than chance
    honest = scores.by_chance(parts, np.ones(3), np.array([20.0]), 0)
    assert honest[0] < 0.1 * (parts.sum(axis=1) > 20).mean()
