"""Columns to ask about before training: those that may know the answer.

A column that alone predicts nearly perfectly, or alone gives most of what all columns give together, is
often known only afterwards (the page value of a visit that ended in a sale). Nobody can tell from the
numbers alone, so such columns are asked about, not dropped.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from socialml.errors import UserError
from socialml.models.columns import id_like, kind_of, numbers_of
from socialml.models.estimators import BOOSTING, one_core
from socialml.models.importances import auc, ranking
from socialml.models.tabular import Encoder

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PERFECT = 0.98  # ROC AUC of one column alone
MOST = 0.6  # of what all columns together give above 0.5 ...
LOST = 0.2  # ... and so much of it is lost without the column
FLOOR = 0.65  # ROC AUC of one column alone, below which nothing is worth a question
MOST_ROWS = 20_000
BINS = 20


# column, kind ('perfect', 'most' or 'id'), score (ROC AUC of that column alone; ids: 0.5, they say nothing of
# new rows), without (ROC AUC of all other columns, None where it was not worked out), why (a sentence).
Leak = dict[str, Any]


def find(X: pd.DataFrame, y: ArrayLike, *, seed: int = 0) -> list[Leak]:
    """Columns to ask about, the surest first. X: (rows) cases; y: (rows,) codes 0..c-1, -1 unknown.

    Scores are on rows not learnt from (two halves in turn), of at most 20,000 rows.
    """
    codes = np.asarray(y, dtype=np.int64)
    rows = np.flatnonzero(codes >= 0)
    rng = np.random.default_rng([seed, 61])
    if len(rows) > MOST_ROWS:
        rows = np.sort(rng.choice(rows, MOST_ROWS, replace=False))
    ids: list[Leak] = []
    names = []
    for name in X.columns:
        why = id_like(X[name])
        if why:
            ids.append(
                dict(column=str(name), kind="id", score=0.5, without=None, why=f"It {why}; leave it out.")
            )
        else:
            names.append(name)
    part, codes = X[names].iloc[rows], codes[rows]
    half = _halves(codes, rng)
    alone = {str(name): alone_score(part[name], codes, half) for name in names}
    found: list[Leak] = [
        dict(
            column=name, kind="perfect", score=score, without=None,
            why=f"It alone predicts the target nearly perfectly (ROC AUC {score:.3f}): it may be the target "
            "in other words, or known only afterwards.",
        )
        for name, score in alone.items() if score >= PERFECT
    ]  # fmt: skip
    perfect = {leak["column"] for leak in found}
    rest = [name for name in names if str(name) not in perfect]
    asked = [name for name in rest if alone[str(name)] >= FLOOR]
    found += _most(part[rest], codes, half, asked, alone, seed)
    return sorted(found, key=lambda leak: -leak["score"]) + ids


def _most(
    part: pd.DataFrame, y: Ints, half: NDArray[np.bool_], asked: list[Any], alone: dict[str, float], seed: int
) -> list[Leak]:
    """Columns that carry most of the score of all."""
    if not asked or len(part.columns) < 2:
        return []
    try:
        encoder = Encoder(part)
    except UserError:
        return []
    matrix = encoder.transform(part)

    def together(left_out: str | None) -> float:
        places = [place for name, where in encoder.groups.items() if name != left_out for place in where]
        return _quick(matrix[:, places], y, half, seed) if places else 0.5

    with one_core():
        whole = together(None)
        gain = whole - 0.5
        asked = [str(name) for name in asked if alone[str(name)] - 0.5 >= MOST * gain]
        others = [together(name) for name in asked]
    return [
        dict(
            column=name, kind="most", score=alone[name], without=without,
            why=f"It alone gives most of the score (ROC AUC {alone[name]:.3f} alone, {whole:.3f} with all "
            f"columns, {without:.3f} without it): is it known before the outcome?",
        )
        for name, without in zip(asked, others, strict=True)
        if whole - without >= LOST * gain
    ]  # fmt: skip


def alone_score(values: pd.Series, y: Ints, half: NDArray[np.bool_]) -> float:
    """ROC AUC of one column by the shares of each class in its bins, learnt on one half for the other.

    Bins: 20 of numbers with equal rows (0 apart where it is common), each level of a category; gaps are one.
    """
    place = _bins(values)
    bins, classes = int(place.max()) + 1, int(y.max()) + 1
    p = np.empty((len(y), classes))
    for learn in (half, ~half):
        counts = np.bincount(place[learn] * classes + y[learn], minlength=bins * classes)
        counts = counts.reshape(bins, classes).astype(np.float64)
        prior = counts.sum(axis=0) / counts.sum()
        shares = (counts + prior) / (counts.sum(axis=1, keepdims=True) + 1)
        p[~learn] = shares[place[~learn]]
    # Each half is ranked alone: the shares of the two differ by chance.
    return float(np.mean([ranking(p[part], y[part]) for part in (half, ~half)]))


def _bins(values: pd.Series) -> Ints:
    kind = kind_of(values)
    if kind == "category":
        return pd.factorize(values.astype(object).map(lambda level: str(level).strip(), na_action="ignore"),
                            use_na_sentinel=True)[0].astype(np.int64) + 1  # fmt: skip
    numbers = numbers_of(values, kind)
    known = numbers[np.isfinite(numbers)]
    if not len(known):
        return np.zeros(len(numbers), dtype=np.int64)
    different = np.unique(known)
    edges = different if len(different) <= BINS else np.unique(np.quantile(known, np.arange(1, BINS) / BINS))
    place = np.searchsorted(edges, numbers, side="left") + 1
    place[~np.isfinite(numbers)] = 0
    return place.astype(np.int64)


def _halves(y: Ints, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Two halves with the same share of each class."""
    half = np.zeros(len(y), dtype=bool)
    for k in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == k))
        half[rows[::2]] = True
    return half


def _quick(matrix: Floats, y: Ints, half: NDArray[np.bool_], seed: int) -> float:
    """ROC AUC of a small boosting, each half by the other."""
    found = []
    for learn in (half, ~half):
        model = HistGradientBoostingClassifier(
            max_iter=50, max_leaf_nodes=15, min_samples_leaf=20, early_stopping=False, random_state=seed
        )
        with BOOSTING:
            model.fit(matrix[learn], y[learn])
        proba = np.asarray(model.predict_proba(matrix[~learn]))
        two = proba.shape[1] == 2
        found.append(auc(proba[:, 1], y[~learn] == 1) if two else ranking(proba, y[~learn]))
    return float(np.mean(found))
