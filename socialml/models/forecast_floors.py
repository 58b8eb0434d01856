"""Simple rules that forecast each user's next month; what every model has to beat.

The same rules are used for amounts and for numbers of orders. Months in which a user was not known do not count,
except where a rule says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

YEAR = 12
HALF_LIFE = 2.0  # months, of the exponentially weighted mean
SILENT = 2  # months without anything, after which 'mean of 6, zero if silent' says nothing


@dataclass(frozen=True)
class Floor:
    """predict(values (n, t), known (n, t), segment (n,) or None) -> (n,), month t from the months before it."""

    label: str
    predict: Callable[[Floats, Flags, Ints | None], Floats]


def _counted(values: Floats, known: Flags, span: int) -> Floats:
    """(n, span) the last months, nan where the user was not known."""
    return np.where(known, values, np.nan)[:, -span:]


def _mean(span: int) -> Callable[[Floats, Flags, Ints | None], Floats]:
    def predict(values: Floats, known: Flags, segment: Ints | None) -> Floats:
        some = known[:, -span:]
        return np.where(some, values[:, -span:], 0.0).sum(axis=1) / np.maximum(some.sum(axis=1), 1)

    return predict


def _median_of(part: Floats) -> Floats:
    out = np.zeros(len(part))
    there = np.isfinite(part).any(axis=1)
    out[there] = np.nanmedian(part[there], axis=1)
    return out


def _median(span: int) -> Callable[[Floats, Flags, Ints | None], Floats]:
    return lambda values, known, segment: _median_of(_counted(values, known, span))


def _last(values: Floats, known: Flags, segment: Ints | None) -> Floats:
    return values[:, -1].copy()


def _ewm(values: Floats, known: Flags, segment: Ints | None) -> Floats:
    ages = np.arange(values.shape[1] - 1, -1, -1)
    weights = 0.5 ** (ages / HALF_LIFE) * known
    return (values * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-12)


def _seasonal(values: Floats, known: Flags, segment: Ints | None) -> Floats:
    """The same month a year ago; the last month for whoever was not known then."""
    if values.shape[1] < YEAR:
        return _last(values, known, segment)
    return np.where(known[:, -YEAR], values[:, -YEAR], values[:, -1])


def _mean_6_silent(values: Floats, known: Flags, segment: Ints | None) -> Floats:
    return np.where((values[:, -SILENT:] == 0).all(axis=1), 0.0, _mean(6)(values, known, segment))


def _segment_mean(values: Floats, known: Flags, segment: Ints | None) -> Floats:
    """The mean of the last month in the user's segment; of everybody without segments."""
    group = np.zeros(len(values), dtype=np.int64) if segment is None else segment - segment.min(initial=0)
    there = known[:, -1]
    counts = np.bincount(group[there], minlength=int(group.max(initial=0)) + 1)
    sums = np.bincount(group[there], weights=values[there, -1], minlength=len(counts))
    return (sums / np.maximum(counts, 1))[group]


def _zero(values: Floats, known: Flags, segment: Ints | None) -> Floats:
    return np.zeros(len(values))


def _median_all_zeros(values: Floats, known: Flags, segment: Ints | None) -> Floats:
    return np.median(values, axis=1)


def _median_all_known(values: Floats, known: Flags, segment: Ints | None) -> Floats:
    return _median_of(_counted(values, known, values.shape[1]))


FLOORS: dict[str, Floor] = {
    "last": Floor("The last month again", _last),
    "mean_3": Floor("Mean of 3 months", _mean(3)),
    "mean_6": Floor("Mean of 6 months", _mean(6)),
    "median_3": Floor("Median of 3 months", _median(3)),
    "median_6": Floor("Median of 6 months", _median(6)),
    "ewm": Floor("Mean that forgets, half in 2 months", _ewm),
    "seasonal_naive": Floor("Same month a year ago", _seasonal),
    "mean_6_silent": Floor("Mean of 6 months, nothing after 2 silent ones", _mean_6_silent),
    "segment_mean": Floor("Mean of customers like them", _segment_mean),
    "zero": Floor("Nothing", _zero),
    "median_all_zeros": Floor("Median of all months, those before the first order too", _median_all_zeros),
    "median_all_known": Floor("Median of all months", _median_all_known),
}
