"""Scores whose value is known, and the interval of a difference."""

from __future__ import annotations

import numpy as np
import pytest

from socialml.evaluation import forecast_scores
from socialml.evaluation.forecast_scores import difference, scores


def test_scores_by_hand() -> None:
    found = scores(np.array([10.0, 0, -30, 60]), np.array([20.0, 0, -10, 30]), centre=5, spread=10)
    assert found == pytest.approx(
        {
            "mae": 15,
            "rmse": np.sqrt(1400 / 4),
            "wape": 60 / 100,  # money sent back has a size too
            "accuracy": 0.4,
            "mse_standardised": 3.5,
        }
    )


def test_standardised_errors_know_no_unit_and_the_mean_as_forecast_scores_the_variance() -> None:
    rng = np.random.default_rng(0)
    actual, predicted = rng.gamma(1, 50, (2, 500))
    centre, spread = actual.mean(), actual.std()
    found = scores(actual, predicted, centre, spread)
    scaled = scores(actual * 1e6, predicted * 1e6, centre * 1e6, spread * 1e6)
    for name in ("wape", "accuracy", "mse_standardised"):
        assert scaled[name] == pytest.approx(found[name])
    assert scaled["mae"] == pytest.approx(found["mae"] * 1e6)
    assert scores(actual, np.full(500, centre), centre, spread)["mse_standardised"] == pytest.approx(1)


def test_what_cannot_be_scored_is_nan_and_never_infinite() -> None:
    nothing = scores(np.zeros(5), np.ones(5), centre=0, spread=0)
    assert nothing["mae"] == nothing["rmse"] == 1
    assert np.isnan([nothing["wape"], nothing["accuracy"], nothing["mse_standardised"]]).all()
    assert np.isnan(list(scores(np.zeros(0), np.zeros(0), 0, 1).values())).all()
    assert np.isnan(difference(np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.int64), 0)).all()


def test_a_perfect_forecast_and_a_model_against_itself() -> None:
    actual = np.array([3.0, 0, 5])
    perfect = scores(actual, actual, 0, 1)
    assert (perfect["mae"], perfect["wape"], perfect["accuracy"], perfect["mse_standardised"]) == (0, 0, 1, 0)
    assert difference(actual, actual, np.arange(3), 0) == (0, 0)


def test_the_interval_covers_the_true_difference_as_often_as_it_says() -> None:
    """Three months of the same users whose errors are alike; taken for independent it covers about 79 of 100."""
    rng = np.random.default_rng(1)
    user = np.tile(np.arange(120), 3)
    covered = 0
    for world in range(100):
        own = rng.normal(0, 1, 120)[user]
        floor = rng.gamma(1, 1, 360)
        low, high = difference(floor - 0.2 + own + rng.normal(0, 0.3, 360), floor, user, world)
        covered += low <= -0.2 <= high
    assert 89 <= covered <= 99


def test_the_interval_is_paired_and_repeats_with_its_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecast_scores, "RESAMPLES", 50)
    rng = np.random.default_rng(2)
    floor = rng.gamma(0.1, 1000, 300)
    user = rng.integers(0, 10**9, 300)
    low, high = difference(floor - 1, floor, user, 0)
    assert (low, high) == pytest.approx((-1, -1))  # however wild the errors are, the difference is not
    noisy = floor + rng.normal(0, 5, 300)
    assert difference(noisy, floor, user, 7) == difference(noisy, floor, user, 7)
    assert difference(noisy, floor, user, 7) != difference(noisy, floor, user, 8)
