"""Weights that mix forecasts: at least zero, summing to one, with the least absolute error."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

Floats = NDArray[np.float64]

CANDIDATES = 6  # at most so many are mixed: the ones with the least error alone
ROWS = 20_000  # the weights are found on at most so many rows
FAR = 1e4  # typical amounts; the weights take no larger one seriously
SHRINK = 0.1  # of the way back to equal weights of those that were mixed


def fit(predicted: Floats, actual: Floats, seed: int = 0) -> Floats:
    """(candidates,) weights. predicted: (rows, candidates), finite; actual: (rows,). Without rows, equal weights.

    Least absolute errors over the simplex is a linear programme: minimise the sum of e with
    -e <= predicted @ w - actual <= e. The answer goes a tenth of the way to equal weights of the candidates in
    it, and is given up for the best candidate alone where it does worse than that one.
    """
    rows, candidates = predicted.shape
    if not rows:
        return np.full(candidates, 1 / candidates)
    alone = np.abs(predicted - actual[:, None]).mean(axis=0)
    best = int(alone.argmin())
    chosen = np.sort(np.argsort(alone, kind="stable")[:CANDIDATES])
    some = np.random.default_rng(seed).permutation(rows)[:ROWS]
    weights = np.zeros(candidates)
    weights[chosen] = _simplex(predicted[np.ix_(some, chosen)], actual[some])
    used = weights > 1e-6
    weights = np.where(used, (1 - SHRINK) * weights + SHRINK / used.sum(), 0.0)
    weights /= weights.sum()
    if np.abs(predicted @ weights - actual).mean() > alone[best]:
        weights = np.eye(candidates)[best]
    return weights


def _simplex(predicted: Floats, actual: Floats) -> Floats:
    """The programme's dual, which has one row a candidate and so is solved in a moment:

    maximise u @ actual - v with predicted.T @ u <= v and -1 <= u <= 1; the weights are its rows' multipliers.
    """
    rows, candidates = predicted.shape
    # HiGHS is exact to 1e-7: amounts become numbers around one, and one wild amount must not dwarf the others.
    sizes = np.abs(np.column_stack([predicted, actual]))
    unit = float(np.median(sizes[sizes > 0])) if sizes.any() else 1.0
    x, y = np.clip(predicted / unit, -FAR, FAR), np.clip(actual / unit, -FAR, FAR)
    found = linprog(
        np.r_[-y, 1.0],
        A_ub=np.column_stack([x.T, -np.ones(candidates)]),
        b_ub=np.zeros(candidates),
        bounds=[*[(-1, 1)] * rows, (None, None)],
        method="highs",
    )
    if not found.success:
        raise ArithmeticError(f"no weights: {found.message}")
    weights = np.maximum(-found.ineqlin.marginals, 0.0)
    return weights / weights.sum()
