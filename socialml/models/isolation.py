"""The isolation forest (Liu, Ting and Zhou 2008) beside the other scores: it knows nothing of customers' habits
but the numbers it is given."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from socialml.progress import Progress, Report

TREES, SAMPLE, BLOCK = 100, 256, 100_000


def scores(x: NDArray[np.float64], seed: int, report: Report) -> NDArray[np.float64]:
    """(rows, columns) -> (rows,) from 0 to 1, high for rows that few cuts set apart; 0.5 is ordinary."""
    from sklearn.ensemble import IsolationForest

    forest = IsolationForest(n_estimators=TREES, max_samples=min(SAMPLE, len(x)), random_state=seed)
    learned = np.random.default_rng(seed).permutation(len(x))[:BLOCK]
    forest.fit(x[learned])
    out = np.empty(len(x))
    for begin in range(0, len(x), BLOCK):
        report(Progress(begin, len(x), "Comparing with an isolation forest"))
        out[begin : begin + BLOCK] = -forest.score_samples(x[begin : begin + BLOCK])
    return out
