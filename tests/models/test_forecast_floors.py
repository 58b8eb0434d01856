"""Simple rules on histories whose answer can be said by heart."""

from __future__ import annotations

import numpy as np
import pytest

from socialml.models.forecast_floors import FLOORS

YEAR = np.array([[120, 0, 0, 0, 0, 0, 60, 30, 0, 90, 0, 30.0]])  # oldest first


def told(
    name: str, values: np.ndarray, known: np.ndarray | None = None, segment: np.ndarray | None = None
) -> list:
    known = np.ones(values.shape, dtype=bool) if known is None else known
    return FLOORS[name].predict(values, known, segment).tolist()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("last", 30),
        ("mean_3", 40),
        ("mean_6", 35),
        ("median_3", 30),
        ("median_6", 30),
        ("seasonal_naive", 120),
        ("mean_6_silent", 35),
        ("segment_mean", 30),
        ("zero", 0),
        ("median_all_zeros", 0),
        ("median_all_known", 0),
    ],
)
def test_each_rule_on_a_year(name: str, expected: float) -> None:
    assert told(name, YEAR) == pytest.approx([expected])


def test_months_before_the_customer_was_known_count_only_where_named() -> None:
    values = np.array([[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 90, 30.0]])
    known = values > 0
    expected = {
        "mean_3": 60, "mean_6": 60, "median_3": 60, "median_6": 60, "mean_6_silent": 60,
        "median_all_known": 60, "median_all_zeros": 0, "seasonal_naive": 30,
    }  # fmt: skip
    assert {name: told(name, values, known)[0] for name in expected} == pytest.approx(expected)
    weight = 0.5**0.5  # of the month before the last, two months halve it
    assert told("ewm", values, known) == pytest.approx([(30 + 90 * weight) / (1 + weight)])


def test_the_mean_that_forgets_halves_in_two_months() -> None:
    pulse = np.zeros((2, 12))
    pulse[0, -1], pulse[1, -3] = 100, 100
    fresh, old = told("ewm", pulse)
    assert old == pytest.approx(fresh / 2)
    assert told("ewm", np.full((1, 5), 7.0)) == pytest.approx([7])


def test_two_silent_months_end_it_and_one_does_not() -> None:
    values = np.array([[60, 60, 60, 60, 60, 0], [60, 60, 60, 60, 0, 0.0], [60, 60, 60, 60, 30, -30.0]])
    assert told("mean_6_silent", values) == pytest.approx([50, 0, 40])


def test_without_a_year_the_season_is_the_last_month() -> None:
    assert told("seasonal_naive", YEAR[:, 1:]) == [30]
    assert told("seasonal_naive", np.hstack([[[5.0]], YEAR])) == [120]  # twelve back, not the oldest


def test_a_segment_s_mean_is_of_those_known_in_it() -> None:
    values = np.array([[10.0], [30.0], [100.0], [0.0], [7.0]])
    known = np.array([[True], [True], [True], [False], [False]])
    segment = np.array([-1, -1, 2, 2, 4])  # -1: in no segment; nobody of 4 was known
    assert told("segment_mean", values, known, segment) == [20, 20, 100, 100, 0]
    assert told("segment_mean", values, known) == pytest.approx([140 / 3] * 5)


@pytest.mark.parametrize("name", FLOORS)
def test_every_rule_follows_the_unit_and_the_users_and_knows_no_future(name: str) -> None:
    rng = np.random.default_rng(0)
    values = rng.gamma(1, 50, (40, 14)) * (rng.random((40, 14)) < 0.4)
    known = np.arange(14) >= rng.integers(0, 15, 40)[:, None]
    values[~known] = 0
    segment = rng.integers(0, 3, 40)
    expected = np.array(told(name, values, known, segment))
    assert np.isfinite(expected).all()
    assert told(name, values * 1e9, known, segment) == pytest.approx(expected * 1e9)
    order = rng.permutation(40)
    assert told(name, values[order], known[order], segment[order]) == pytest.approx(expected[order])
    assert expected.min() >= 0
    assert expected.max() <= values.max()
    assert expected[~known.any(axis=1)] == pytest.approx(0) or name == "segment_mean"
    before = values.copy()
    told(name, values, known, segment)
    assert (values == before).all()
    empty = FLOORS[name].predict(
        np.zeros((0, 14)), np.zeros((0, 14), dtype=bool), np.zeros(0, dtype=np.int64)
    )
    assert empty.shape == (0,)
