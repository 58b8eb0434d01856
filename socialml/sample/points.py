"""Points of an inhomogeneous Poisson process: how many, whose, on which day, at what time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from . import model
from .users import pick

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

HOUR, DAY = 3600, 86_400


def cells(rng: np.random.Generator, intensity: NDArray[np.floating], total: int | None) -> Ints:
    """The cell of each point, ascending. Without `total` the counts are Poisson; with it, exactly that many.

    A Poisson process given its total is a multinomial, so thinning to `total` changes nothing else.
    """
    flat = intensity.ravel()
    if total is None:
        return np.repeat(np.arange(flat.size), rng.poisson(flat))
    cumulative = np.cumsum(flat, dtype=np.float64)
    if total == 0 or flat.size == 0 or cumulative[-1] <= 0:
        return np.zeros(0, dtype=np.int64)
    # Sorted uniforms from exponential gaps: the search below then walks through memory in order.
    gaps = np.cumsum(rng.standard_exponential(total + 1))
    return np.searchsorted(cumulative, gaps[:-1] / gaps[-1] * cumulative[-1], side="right").clip(
        max=flat.size - 1
    )


def days_between(
    rng: np.random.Generator, cumulative: Floats, column: Ints, first: Ints, until: Ints
) -> Ints:
    """A day in [first, until) for each point, likelier where the calendar is busier.

    cumulative: (days + 1, columns), calendar multipliers summed up to the start of each day.
    """
    low, high = cumulative[first, column], cumulative[until, column]
    at = low + rng.random(len(first)) * (high - low)
    day = np.empty(len(first), dtype=np.int64)
    for c in range(cumulative.shape[1]):
        mine = column == c
        day[mine] = np.searchsorted(cumulative[:, c], at[mine], side="right") - 1
    return np.clip(day, first, np.maximum(until - 1, first))


def seconds_of_day(rng: np.random.Generator, count: int) -> Ints:
    """Second of the day, by the pattern of HOURS."""
    return pick(rng, model.HOURS, count) * HOUR + rng.integers(0, HOUR, count)


def items(rng: np.random.Generator, favourites: Ints) -> tuple[Ints, Ints]:
    """(item, category) for each point whose user has these two favourite categories: (points, 2).

    Items are numbered through all categories. Popularity is long-tailed in both steps (Zipf).
    """
    count = len(favourites)
    category = pick(rng, np.arange(1, len(model.CATEGORIES) + 1) ** -0.6, count)
    own = rng.random(count) < model.FAVOURITE
    second = rng.integers(0, 2, count)
    category = np.where(own, favourites[np.arange(count), second], category)
    rank = pick(rng, np.arange(1, model.ITEMS_A_CATEGORY + 1) ** -model.ZIPF, count)
    return category * model.ITEMS_A_CATEGORY + rank, category


def ranks(groups: Ints) -> Ints:
    """Position of each entry in its run of equal neighbours: [3, 3, 5, 5, 5] -> [0, 1, 0, 1, 2]."""
    if len(groups) == 0:
        return groups
    starts = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])
    return np.arange(len(groups)) - np.repeat(starts, np.diff(np.r_[starts, len(groups)]))
