"""What the two LSTMs must learn, and what they must not."""

from __future__ import annotations

import numpy as np
import pytest

from socialml.models import series_net, transaction_net
from socialml.models.anomaly_scores import Habits
from socialml.models.threads import one_thread
from socialml.models.transaction_net import Lines
from socialml.progress import Progress, silent


@pytest.fixture(autouse=True, scope="module")
def single():
    with one_thread():
        yield


def lines(amount: np.ndarray, each: int) -> Lines:
    rows = len(amount)
    day = np.tile(np.arange(each), rows // each).astype(float)
    return Lines(
        Habits.of(np.repeat(np.arange(rows // each), each)), amount, day, (day % 7).astype(np.int64),
        np.zeros(rows, np.int64), np.zeros(rows),
    )  # fmt: skip


def alternating() -> Lines:
    """Small and large purchases in turn: the running level is always wrong."""
    rng = np.random.default_rng(0)
    turn = np.where(np.arange(30 * 60) % 60 % 2 == 0, 20.0, 80.0)
    return lines(turn * np.exp(0.05 * rng.normal(size=len(turn))), 60)


def test_it_learns_a_rhythm_that_the_level_cannot_see() -> None:
    told = alternating()
    log = np.log(told.amount)
    seen: list[Progress] = []
    made = transaction_net.expect(told, 0, seen.append, epochs=25)
    level, _ = transaction_net.base(told)
    late = told.habits.place > 5
    assert made.used
    assert np.abs(log - made.log_amount)[late].mean() < 0.4 * np.abs(log - level)[late].mean()
    assert made.curve["valid"].min() < 0.5 * made.curve["valid"][0]
    assert any(progress.curve for progress in seen)


def test_the_same_seed_gives_the_same_and_noise_is_left_to_the_level() -> None:
    rng = np.random.default_rng(1)
    told = lines(np.exp(rng.normal(size=1200)), 40)
    first, again = (transaction_net.expect(told, 0, silent, epochs=2) for _ in range(2))
    np.testing.assert_array_equal(first.log_amount, again.log_amount)
    level, spread = transaction_net.base(told)
    assert np.abs(first.log_amount - level).mean() < 0.3 * spread


def test_few_purchases_are_left_to_the_level() -> None:
    told = lines(np.exp(np.random.default_rng(2).normal(size=100)), 20)
    made = transaction_net.expect(told, 0, silent)
    assert not made.used
    assert made.curve.empty
    np.testing.assert_array_equal(made.log_amount, transaction_net.base(told)[0])


def test_windows_tell_every_row_once_and_never_cross_users() -> None:
    habits = Habits.of(np.repeat([0, 1, 2], [1, 33, 70]))
    windows = transaction_net._windows(habits)
    told = np.concatenate([np.arange(begin, end) for _, begin, end in windows])
    assert sorted(told) == list(range(104))
    for first, _, end in windows:
        assert habits.user[first] == habits.user[end - 1]
    rows, mine = transaction_net._batch(windows)
    assert mine.sum() == 104
    assert rows.max() < 104


def metric(rows: int = 24 * 45) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    hours = np.arange(rows, dtype=float)
    noise = np.random.default_rng(3).normal(size=rows)
    slow = np.convolve(noise, np.ones(12) / 3, mode="same")  # what only the past values tell
    return np.zeros(rows, np.int64), hours, np.exp(np.sin(2 * np.pi * hours / 24) + slow)


def test_a_metric_is_told_better_from_its_past_than_from_the_hour() -> None:
    series, hours, value = metric()
    rule, net = (series_net.expect(series, hours, value, 0, silent, epochs) for epochs in (0, 15))
    error = [np.abs(np.log(value / made.usual)).mean() for made in (rule, net)]
    assert error[1] < 0.75 * error[0]
    again = series_net.expect(series, hours, value, 0, silent, 15)
    np.testing.assert_array_equal(net.z, again.z)


def test_a_wild_point_does_not_teach_that_it_is_usual() -> None:
    series, hours, value = metric()
    wild = value.copy()
    wild[200] *= 50
    made = series_net.expect(series, hours, wild, 0, silent, 6)
    before = series_net.expect(series, hours, value, 0, silent, 6)
    assert np.abs(made.z).argmax() == 200
    assert made.usual[200] == pytest.approx(before.usual[200], rel=0.15)


def test_stretches_of_time_cover_every_point_once() -> None:
    windows = series_net._windows(np.array([0, 100]), np.array([100, 167]))
    told = np.concatenate([np.arange(begin, end) for _, begin, end, _ in windows])
    assert sorted(told) == list(range(167))
    for first, begin, _, _ in windows:
        assert (first >= 100) == (begin >= 100)


@pytest.mark.parametrize("value", [np.r_[np.zeros(80), 5.0, np.zeros(19)], np.linspace(-5, 5, 100)])
def test_zeros_and_negative_values_are_survived(value: np.ndarray) -> None:
    made = series_net.expect(np.zeros(100, np.int64), np.arange(100.0), value, 0, silent, 1)
    assert np.isfinite(made.usual).all()
    assert np.isfinite(made.z).all()
