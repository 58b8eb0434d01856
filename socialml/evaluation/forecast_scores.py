"""Scores of a forecast, and how sure its distance to another one is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
RESAMPLES = 400


def scores(actual: Floats, predicted: Floats, centre: float, spread: float) -> dict[str, float]:
    """mae, rmse in the unit of actual; wape: all absolute errors over all that came (its size), nan where nothing
    came; accuracy: 1 - wape; mse_standardised: after taking off `centre` and dividing by `spread`, the mean and
    standard deviation of what was learned from; nan without a spread.
    """
    errors = np.abs(actual - predicted)
    whole = float(np.abs(actual).sum())
    wape = float(errors.sum()) / whole if whole > 0 else np.nan
    squared = (actual - centre) / spread - (predicted - centre) / spread if spread > 0 else np.array([np.nan])
    return {
        "mae": float(errors.mean()) if len(errors) else np.nan,
        "rmse": float(np.sqrt((errors**2).mean())) if len(errors) else np.nan,
        "wape": wape,
        "accuracy": 1 - wape,
        "mse_standardised": float((squared**2).mean()) if len(squared) else np.nan,
    }


def difference(errors: Floats, floor: Floats, user: NDArray[np.int64], seed: int) -> tuple[float, float]:
    """95% interval of the mean of errors - floor, of the same rows; whole users are drawn anew."""
    each = np.unique(user, return_inverse=True)[1]
    if not len(each):
        return np.nan, np.nan
    sums = np.bincount(each, weights=errors - floor)
    rows = np.bincount(each).astype(float)
    rng = np.random.default_rng([seed, 52])
    means = np.empty(RESAMPLES)
    for number in range(RESAMPLES):
        drawn = rng.integers(0, len(sums), len(sums))
        means[number] = sums[drawn].sum() / rows[drawn].sum()
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
