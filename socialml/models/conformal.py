"""Intervals around forecasts, by what the same forecasts were off by before (split conformal prediction).

Absolute errors grow with the size of what is forecast, so the quantile is taken among forecasts of like size in the
same group of users (Mondrian conformal prediction; Vovk et al. 2005), and every such cell keeps its share.

Where most users spend exactly nothing, even an interval without any width holds more than it promises. The other
cells then give way a little, so that all together hold what is promised.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SIZES = 8  # classes of forecast size in a group, at most
LEAST = 100  # rows in a cell; a smaller group is taken together with everybody
YIELD = 1.2  # times the promised share of misses that a cell may have when others hold too much
SLACK = 0.1  # of the promised misses that all together may lack before any cell gives way
ALL = -1


@dataclass(frozen=True, eq=False)
class Bands:
    edges: dict[int, Floats]  # group -> inner bounds of its classes of forecast size
    errors: dict[tuple[int, int], Floats]  # (group, size) -> actual - predicted, sorted
    rows: dict[tuple[int, int], int]  # of the cell's own groups; of ALL those in no cell of their own

    def apply(self, predicted: Floats, group: Ints, level: float) -> tuple[Floats, Floats]:
        """(n,), (n,) low and high around (n,) forecasts; low is not below zero unless the forecast is."""
        low, high = np.empty(len(predicted)), np.empty(len(predicted))
        around = self._around(level)
        own = np.where(np.isin(group, list(self.edges)), group, ALL)
        for place in np.unique(own).tolist():
            mine = np.flatnonzero(own == place)
            sizes = np.searchsorted(self.edges[place], predicted[mine], side="right")
            down, up = np.array([around[place, size] for size in range(len(self.edges[place]) + 1)])[sizes].T
            low[mine], high[mine] = predicted[mine] + down, predicted[mine] + up
        # Nobody spends less than nothing but by refunds, which the errors of small forecasts rarely hold.
        return np.maximum(low, np.minimum(predicted, 0.0)), high

    def _around(self, level: float) -> dict[tuple[int, int], tuple[float, float]]:
        """Each cell's interval of errors, at the highest level up to this one at which all together hold it."""
        total = sum(self.rows.values())
        for missed in np.linspace(1, YIELD, 5) * (1 - level):
            found = {cell: _shortest(errors, 1 - missed) for cell, errors in self.errors.items()}
            held = sum(
                self.rows[cell] * np.mean((errors >= found[cell][0]) & (errors <= found[cell][1]))
                for cell, errors in self.errors.items()
                if self.rows[cell]
            )
            if held <= (level + SLACK * (1 - level)) * total:
                break
        return found


def fit(predicted: Floats, actual: Floats, group: Ints) -> Bands:
    """From forecasts of months that are over: (rows,) each; group: (rows,) codes from 0."""
    errors = actual - predicted
    codes, counts = np.unique(group, return_counts=True)
    large = codes[counts >= LEAST]
    alone = np.isin(group, large)
    bands = Bands({}, {}, {})
    for place in [ALL, *large.tolist()]:
        mine = np.full(len(errors), True) if place == ALL else group == place
        edges = _edges(predicted[mine])
        sizes = np.searchsorted(edges, predicted[mine], side="right")
        bands.edges[place] = edges
        for size in range(len(edges) + 1):
            bands.errors[place, size] = np.sort(errors[mine][sizes == size])
            bands.rows[place, size] = int(
                (sizes == size).sum() if place != ALL else (~alone[sizes == size]).sum()
            )
    return bands


def _edges(predicted: Floats) -> Floats:
    """Inner bounds of at most SIZES classes, none of which has fewer than LEAST rows unless there is only one."""
    classes = min(SIZES, len(predicted) // LEAST)
    if classes < 2:
        return np.zeros(0)
    ordered = np.sort(predicted)
    edges: list[float] = []
    begin = 0
    for edge in np.quantile(predicted, np.linspace(0, 1, classes + 1)[1:-1]):
        # Equal forecasts, most of them zero, stay together.
        cut = int(np.searchsorted(ordered, edge, side="right"))
        if cut - begin >= LEAST and len(ordered) - cut >= LEAST:
            edges.append(float(ordered[cut]))
            begin = cut
    return np.array(edges)


def _shortest(errors: Floats, level: float) -> tuple[float, float]:
    """Around 0, from sorted errors: how far below and above the forecast, rounded outwards for the one row to come.

    Many users spend exactly nothing and errors pile up at one value, so the shortest stretch that holds the level
    is taken: equal tails would be wide on a side where nothing lies.
    """
    n = len(errors)
    if not n:
        return float("-inf"), float("inf")
    inside = min(int(np.ceil(level * (n + 1))), n)
    down = np.minimum(errors[: n - inside + 1], 0.0)
    up = np.maximum(errors[inside - 1 :], 0.0)
    at = int((up - down).argmin())
    return float(down[at]), float(up[at])
