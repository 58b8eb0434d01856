"""Intervals around forecasts in worlds where many spend exactly nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from socialml.models import conformal

ZEROS = np.array([0.95, 0.8, 0.5, 0.2, 0.05])  # share of months without anything, by group


def world(seed: int, n: int = 4_000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """group (n,), six months of history (n, 6), and three months to come (n, 3)."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, len(ZEROS), n)
    mean = rng.lognormal(3 + 0.4 * group, 1)
    months = mean[:, None] * rng.lognormal(0, 1, (n, 9)) * (rng.random((n, 9)) > ZEROS[group, None])
    return group, months[:, :6], months[:, 6:]


FORECASTS = {
    "median": lambda past: np.median(past, axis=1),
    "mean": lambda past: past.mean(axis=1),
    "zero": lambda past: np.zeros(len(past)),
    "last": lambda past: past[:, -1],
}


@pytest.mark.parametrize("name", FORECASTS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_each_group_is_covered_whatever_the_forecast(name: str, seed: int) -> None:
    group, past, future = world(seed)
    told = FORECASTS[name](past)
    bands = conformal.fit(np.tile(told, 2), future[:, :2].T.ravel(), np.tile(group, 2))
    widths = {}
    for level, least in ((0.8, 0.7), (0.95, 0.92)):
        low, high = bands.apply(told, group, level)
        inside = (low <= future[:, 2]) & (future[:, 2] <= high)
        assert abs(inside.mean() - level) <= 0.2 * (1 - level) + 1e-9
        assert min(inside[group == g].mean() for g in range(len(ZEROS))) >= least
        assert (low <= told).all()
        assert (told <= high).all()
        assert low.min() >= 0
        widths[level] = (high - low).mean()
    assert widths[0.8] < widths[0.95] < np.inf


def test_like_forecasts_in_a_group_are_covered_too_and_the_large_get_wider_bands() -> None:
    rng = np.random.default_rng(3)
    told = rng.lognormal(4, 1, 20_000)
    actual = told * rng.lognormal(0, 0.5, 20_000)
    half = np.arange(20_000) < 10_000
    none = np.zeros(10_000, dtype=np.int64)
    low, high = conformal.fit(told[half], actual[half], none).apply(told[~half], none, 0.8)
    inside = (low <= actual[~half]) & (actual[~half] <= high)
    fifths = np.array_split(np.argsort(told[~half]), 5)
    assert min(inside[rows].mean() for rows in fifths) > 0.75
    width = [(high - low)[rows].mean() for rows in fifths]
    assert width == sorted(width)
    assert width[-1] > 4 * width[0]


def test_a_small_group_takes_everybody_s_band_and_a_large_one_its_own() -> None:
    rng = np.random.default_rng(4)
    group = np.r_[np.zeros(2_000, dtype=np.int64), np.full(2_000, 1), np.full(20, 2)]
    spread = np.r_[np.full(2_000, 1.0), np.full(2_000, 10.0), np.full(20, 1.0)]
    told = np.full(4_020, 100.0)
    bands = conformal.fit(told, told + spread * rng.uniform(-1, 1, 4_020), group)
    low, high = bands.apply(np.full(4, 100.0), np.array([0, 1, 2, 9]), 0.8)
    assert (high - low)[:2] == pytest.approx([1.6, 16], rel=0.05)
    assert (high - low)[2] == (high - low)[3]
    assert 1.6 < (high - low)[2] < 16


def test_where_nearly_all_spend_nothing_the_band_says_so() -> None:
    """An interval of nothing at all holds 97 of 100; no interval holds exactly 80."""
    rng = np.random.default_rng(5)
    actual = np.where(rng.random(3_000) < 0.97, 0.0, 500.0)
    zero = np.zeros(3_000)
    bands = conformal.fit(zero, actual, np.zeros(3_000, dtype=np.int64))
    low, high = bands.apply(zero[:1], np.array([0]), 0.8)
    assert (low[0], high[0]) == (0, 0)
    assert bands.apply(zero[:1], np.array([0]), 0.99)[1][0] == 500


def test_no_month_that_is_over_gives_no_bound() -> None:
    nobody = np.zeros(0)
    bands = conformal.fit(nobody, nobody, nobody.astype(np.int64))
    low, high = bands.apply(np.array([5.0, 0.0]), np.array([0, 3]), 0.8)
    assert low.tolist() == [0, 0]
    assert np.isinf(high).all()
    assert bands.apply(nobody, nobody.astype(np.int64), 0.8)[0].shape == (0,)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 10**6), st.integers(1, 700), st.sampled_from([0.0, 0.5, 0.9, 1.0]), st.floats(0.5, 0.99)
)
def test_the_forecast_is_always_inside_and_the_unit_does_not_matter(
    seed: int, n: int, zeros: float, level: float
) -> None:
    rng = np.random.default_rng(seed)
    told = np.round(rng.lognormal(3, 1, n) * (rng.random(n) >= zeros), 1)
    actual = rng.lognormal(3, 2, n) * (rng.random(n) >= zeros) - 5 * (rng.random(n) < 0.05)
    group = rng.integers(0, 4, n)
    bands = conformal.fit(told, actual, group)
    low, high = bands.apply(told, group, level)
    assert (low >= 0).all()
    assert (low <= told).all()
    assert (told <= high).all()
    assert np.isfinite(high).all()
    # Powers of two, so that neither ties nor bounds are moved by rounding.
    scaled = conformal.fit(told * 2**30, actual * 2**30, group).apply(told * 2**30, group, level)
    assert scaled[0] == pytest.approx(low * 2**30)
    assert scaled[1] == pytest.approx(high * 2**30)
    later = bands.apply(told[::-1], group[::-1], level)
    assert (later[0][::-1] == low).all()
