from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from socialml.evaluation.uplift import MISFIT, interval, uplift


def test_a_policy_against_itself_is_0_without_width() -> None:
    draws = np.random.default_rng(0).normal(10, 2, 40)
    found = uplift(10.0, 10.0, draws, draws)
    assert (found.absolute, found.absolute_low, found.absolute_high) == (0, 0, 0)
    assert (found.relative, found.low, found.high, found.p_harm) == (0, 0, 0, 0)
    assert not found.better


def test_pairs_narrow_the_interval() -> None:
    rng = np.random.default_rng(1)
    users = rng.normal(10, 1, 60)
    paired = uplift(10.0, 11.0, users, users + 1 + rng.normal(0, 0.1, 60))
    apart = uplift(10.0, 11.0, users, rng.normal(11, 1, 60))
    assert paired.absolute_high - paired.absolute_low < 0.4 * (apart.absolute_high - apart.absolute_low)
    assert paired.better
    assert paired.p_harm < 1e-3
    assert not apart.better
    assert apart.before_low < 10 < apart.before_high


def test_harm_is_told() -> None:
    rng = np.random.default_rng(2)
    before = rng.normal(10, 0.5, 40)
    found = uplift(10.0, 9.0, before, before - 1 + rng.normal(0, 0.3, 40))
    assert found.relative == pytest.approx(-0.1)
    assert found.p_harm > 0.97
    assert found.high < 0


def test_the_interval_holds_a_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(2000):
        value = rng.normal()
        low, high = interval(value, rng.normal(0, 1, 16))
        held += low <= 0 <= high
    assert held / 2000 == pytest.approx(0.95, abs=0.015)


def test_what_all_refits_get_wrong_is_allowed_for() -> None:
    low, high = interval(0.4, np.full(40, 0.4), MISFIT)
    assert high - 0.4 == pytest.approx(2.02 * 0.25 * 0.4, rel=0.01)
    assert low > 0
    assert interval(0.0, np.zeros(40), MISFIT) == (0, 0)  # nothing is added where nothing is claimed


def test_one_draw_says_nothing() -> None:
    assert interval(1.0, np.array([1.0])) == (-np.inf, np.inf)


def test_a_longer_log_narrows_only_what_is_chance() -> None:
    from socialml.analyses._live_tables import needed

    def claim(spread: float) -> dict:
        draws = np.random.default_rng(0).normal(0, 1, 40)
        draws = 0.2 + spread * (draws - draws.mean()) / draws.std(ddof=1)
        low, high = interval(0.2, draws, MISFIT)
        frame = pd.DataFrame(
            [{"policy": "p", "metric": "revenue", "relative": 0.2, "low": low, "high": high}]
        )
        return needed(frame, "p", 40, 1000)

    assert claim(0.06)["half_width_impressions"] is None  # 0.05 of 0.078 stays
    many = claim(0.5)["half_width_impressions"]
    assert many == pytest.approx(1000 * 0.25 / (0.25 * (0.25 + 0.0025) - 0.0025), rel=0.01)
