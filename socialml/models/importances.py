"""Permutation importance: how much worse the ranking gets when one column's values are shuffled.

Breiman 2001. A column of the table is shuffled whole, with all the matrix columns made of it. Two columns
that say the same thing stand in for each other, and both look unimportant.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from socialml.models.tabular import Encoder

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_ROWS = 5_000
Z95 = 1.96


def permuted(
    proba: Callable[[Floats], Floats], encoder: Encoder, frame: pd.DataFrame, y: Ints, *,
    seed: int, repeats: int = 5, most_rows: int = MOST_ROWS,
) -> pd.DataFrame:  # fmt: skip
    """column, label, importance, low, high (95%, from the repeats), largest first.

    proba: of the encoder's matrix. importance: ROC AUC lost (of more classes: the mean of one against the
    rest). At most most_rows rows are used.
    """
    rng = np.random.default_rng([seed, 41])
    rows = np.arange(len(y))
    if len(rows) > most_rows:
        rows = np.sort(rng.choice(rows, most_rows, replace=False))
    matrix, codes = encoder.transform(frame.iloc[rows]), y[rows]
    full = ranking(proba(matrix), codes)
    labels = {column.name: column.label for column in encoder.table}
    orders = [rng.permutation(len(rows)) for _ in range(repeats)]  # the same for all columns
    found = []
    for column, places in encoder.groups.items():
        kept = matrix[:, places].copy()
        lost = []
        for order in orders:
            matrix[:, places] = kept[order]
            lost.append(full - ranking(proba(matrix), codes))
        matrix[:, places] = kept
        mean, half = float(np.mean(lost)), Z95 * float(np.std(lost, ddof=1) / np.sqrt(repeats))
        found.append((column, labels[column], mean, mean - half, mean + half))
    table = pd.DataFrame(found, columns=["column", "label", "importance", "low", "high"])
    return table.sort_values("importance", ascending=False, kind="stable", ignore_index=True)


def ranking(proba: Floats, y: Ints) -> float:
    """ROC AUC; of more than two classes the mean of each present one against the rest. 0.5 if undefined."""
    if proba.shape[1] == 2:
        return auc(proba[:, 1], y == 1)
    present = [k for k in range(proba.shape[1]) if 0 < (y == k).sum() < len(y)]
    return float(np.mean([auc(proba[:, k], y == k) for k in present])) if present else 0.5


def auc(score: Floats, positive: NDArray[np.bool_]) -> float:
    """The share of (positive, negative) pairs in the right order, ties half (Mann-Whitney)."""
    n, hits = len(score), int(positive.sum())
    if hits in (0, n):
        return 0.5
    return float((rankdata(score)[positive].sum() - hits * (hits + 1) / 2) / (hits * (n - hits)))
