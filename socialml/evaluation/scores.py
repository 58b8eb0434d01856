"""Scores of a classifier on rows it has not seen, each with a 95% interval, and the curves beside them.

ROC AUC of two classes: DeLong et al. 1988 in the sorted form of Sun and Xu 2014. All others: 200 bootstrap
resamples, drawn as counts over the distinct scores, so that none is sorted again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NAMES = ("accuracy", "precision", "recall", "f1", "roc_auc", "average_precision", "brier")
Z95 = 1.959964
GROUPS = 2_000  # of scores; more are pooled for the resamples, not for the figure itself
POINTS = 400  # of a curve


@dataclass(frozen=True)
class Score:
    """A figure and its 95% interval; nan where it is not defined (one class only, nothing predicted)."""

    value: float
    low: float
    high: float


def scores(
    y: ArrayLike, proba: ArrayLike, *, threshold: float | None = None, resamples: int = 200, seed: int = 0
) -> dict[str, Score]:
    """NAMES -> Score.

    y: (rows,) codes 0..c-1. proba: (rows,) of the positive class, or (rows, classes).
    Two classes: precision, recall and F1 of the positive class, called from `threshold` (0.5 if None) on.
    More: the likeliest class is called, and they are means over classes, as are ROC AUC and average
    precision (one against the rest). Brier: mean squared error; over classes it is summed.
    """
    codes, p = np.asarray(y, dtype=np.int64), np.asarray(proba, dtype=np.float64)
    if len(codes) != len(p):
        raise ValueError(f"{len(codes)} outcomes and {len(p)} probabilities")
    if not len(codes):
        return {name: Score(np.nan, np.nan, np.nan) for name in NAMES}
    rng = np.random.default_rng([seed, 51])
    if p.ndim == 1 or p.shape[1] == 2:
        p = p if p.ndim == 1 else p[:, 1]
        return _binary(codes, p, 0.5 if threshold is None else threshold, resamples, rng)
    return _many(codes, p, resamples, rng)


def _binary(
    y: Ints, p: Floats, threshold: float, resamples: int, rng: np.random.Generator
) -> dict[str, Score]:
    rows = len(y)
    called = p >= threshold

    def measure(counts: Floats, cells: Cells) -> Floats:
        """(samples, groups, 2) rows without and with the outcome -> (samples, 6)."""
        chosen = counts[:, cells.called].sum(axis=1)  # (samples, 2)
        fp, tp = chosen[:, 0], chosen[:, 1]
        fn = counts[:, :, 1].sum(axis=1) - tp
        error = np.einsum("sgh,gh->s", counts, cells.error) / rows
        found = _rates(tp, fp, fn, rows)
        return np.column_stack([*found, _precision(counts[:, :, 0], counts[:, :, 1]), error])

    full, few = Cells.of(y, p, called, len(y)), Cells.of(y, p, called, GROUPS)
    exact = measure(full.counts[None], full)[0]
    shape = (resamples, *few.counts.shape)
    drawn = rng.multinomial(rows, few.counts.ravel() / rows, size=resamples).reshape(shape)
    names = ("accuracy", "precision", "recall", "f1", "average_precision", "brier")
    shift = exact - measure(few.counts[None], few)[0]  # what pooling close scores changed
    found = _with_intervals(names, exact, measure(drawn.astype(np.float64), few) + shift)
    positive = y == 1
    for name, of in (
        ("accuracy", called == positive), ("precision", positive[called]), ("recall", called[positive]),
    ):  # fmt: skip
        if found[name].low == found[name].high:  # all or none right: resamples cannot differ
            found[name] = Score(found[name].value, *wilson(float(of.sum()), len(of)))
    found["roc_auc"] = auc(y, p)
    return {name: found[name] for name in NAMES}


def _many(y: Ints, p: Floats, resamples: int, rng: np.random.Generator) -> dict[str, Score]:
    rows, classes = p.shape
    present = [k for k in range(classes) if 0 < (y == k).sum() < rows]
    if not present:
        return {name: Score(np.nan, np.nan, np.nan) for name in NAMES}
    pair = y * classes + p.argmax(axis=1)
    error = ((p - np.eye(classes)[y]) ** 2).sum(axis=1)
    nobody = np.zeros(rows, dtype=bool)

    def measure(drawn: Ints | slice, groups: list[Cells]) -> Floats:
        table = np.bincount(pair[drawn], minlength=classes**2).reshape(classes, classes)  # actual, called
        tp = table.diagonal().astype(np.float64)
        called, actual = table.sum(axis=0), table.sum(axis=1)
        means = _rates(tp[present], (called - tp)[present], (actual - tp)[present], rows, zero=0.0)
        ranks = []
        for cells in groups:
            size = 2 * len(cells.counts)
            counts = np.bincount(cells.cell[drawn], minlength=size).reshape(1, -1, 2).astype(np.float64)
            ranks.append((_area(counts[..., 0], counts[..., 1]), _precision(counts[..., 0], counts[..., 1])))
        area, precision = np.nanmean(np.array(ranks), axis=0)[:, 0]
        rates = [float(np.nanmean(rate)) for rate in means[1:]]
        return np.array([tp.sum() / rows, *rates, area, precision, error[drawn].mean()])

    full = [Cells.of((y == k).astype(np.int64), p[:, k], nobody, rows) for k in present]
    few = [Cells.of((y == k).astype(np.int64), p[:, k], nobody, GROUPS) for k in present]
    everyone: slice = slice(None)
    exact = measure(everyone, full)
    shift = exact - measure(everyone, few)
    drawn = np.array([measure(np.asarray(rng.integers(rows, size=rows)), few) for _ in range(resamples)])
    return _with_intervals(NAMES, exact, drawn + shift)


@dataclass(frozen=True, eq=False)
class Cells:
    """Rows counted by score and outcome, best score first.

    counts: (groups, 2) without and with the outcome. called: (groups,). error: (groups, 2) mean squared
    error of the probability. cell: (rows,) group * 2 + outcome.
    """

    counts: Floats
    called: NDArray[np.bool_]
    error: Floats
    cell: Ints

    @classmethod
    def of(cls, y: Ints, p: Floats, called: NDArray[np.bool_], most: int) -> Cells:
        """Equal scores are one group; of more than `most`, neighbours are pooled, never across `called`."""
        _, group = np.unique(-p, return_inverse=True)
        groups = int(group.max()) + 1
        if groups > most:
            rank = np.cumsum(np.bincount(group)) - 1  # by rows, so that groups have about as many
            pooled = (rank * most // len(p))[group] * 2 + ~called
            _, group = np.unique(pooled, return_inverse=True)
            groups = int(group.max()) + 1
        cell = group * 2 + y
        counts = np.bincount(cell, minlength=2 * groups)
        error = np.bincount(cell, weights=(p - y) ** 2, minlength=2 * groups) / np.maximum(counts, 1)
        chosen = np.zeros(groups, dtype=bool)
        chosen[group[called]] = True
        return cls(counts.reshape(-1, 2).astype(np.float64), chosen, error.reshape(-1, 2), cell)


def _rates(tp: Floats, fp: Floats, fn: Floats, rows: int, zero: float = np.nan) -> tuple[Floats, ...]:
    """accuracy, precision, recall, F1; `zero` stands for precision where nothing was called."""
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(tp + fp > 0, tp / (tp + fp), zero)
        recall = np.where(tp + fn > 0, tp / (tp + fn), np.nan)
        f1 = np.where(tp + fn > 0, 2 * tp / (2 * tp + fp + fn), np.nan)
    return (rows - fp - fn) / rows, precision, recall, f1


def _precision(negative: Floats, positive: Floats) -> Floats:
    """Average precision of (samples, distinct scores) counts, best score first."""
    up, every = np.cumsum(positive, axis=1), np.cumsum(negative + positive, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (positive * np.where(every > 0, up / np.maximum(every, 1), 0)).sum(axis=1) / up[:, -1]


def _area(negative: Floats, positive: Floats) -> Floats:
    """ROC AUC of the same: negatives below each positive, and half of those beside it."""
    below = negative.sum(axis=1, keepdims=True) - np.cumsum(negative, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        pairs = positive.sum(axis=1) * negative.sum(axis=1)
        return (positive * (below + negative / 2)).sum(axis=1) / pairs


def _with_intervals(names: Sequence[str], exact: Floats, drawn: Floats) -> dict[str, Score]:
    found = {}
    for k, name in enumerate(names):
        known = drawn[np.isfinite(drawn[:, k]), k]
        low, high = np.quantile(known, [0.025, 0.975]) if len(known) else (np.nan, np.nan)
        found[name] = Score(float(exact[k]), float(low), float(high))
    return found


def auc(y: ArrayLike, p: ArrayLike) -> Score:
    """ROC AUC of two classes with DeLong's interval, taken on the logit so that it stays inside 0 and 1."""
    positive, score = np.asarray(y) == 1, np.asarray(p, dtype=np.float64)
    m, n = int(positive.sum()), int((~positive).sum())
    if not m or not n:
        return Score(np.nan, np.nan, np.nan)
    every, inside, outside = _midranks(score), _midranks(score[positive]), _midranks(score[~positive])
    value = float((every[positive].sum() - m * (m + 1) / 2) / (m * n))
    v10 = (every[positive] - inside) / n  # for each positive: the share of negatives below it
    v01 = 1 - (every[~positive] - outside) / m
    if min(m, n) < 2 or value in (0.0, 1.0):
        # No variance to see: as for so many independent pairs.
        low, high = wilson(value * min(m, n), min(m, n))
        return Score(value, low, high)
    error = float(np.sqrt(v10.var(ddof=1) / m + v01.var(ddof=1) / n))
    logit, half = np.log(value / (1 - value)), Z95 * error / (value * (1 - value))
    return Score(value, float(1 / (1 + np.exp(half - logit))), float(1 / (1 + np.exp(-half - logit))))


def _midranks(score: Floats) -> Floats:
    """Ranks from 1, ties their mean."""
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[place]


def wilson(hits: float, rows: int) -> tuple[float, float]:
    """Wilson's 95% interval for a share; (nan, nan) of no rows."""
    if not rows:
        return np.nan, np.nan
    share, z2 = hits / rows, Z95**2
    middle = (share + z2 / (2 * rows)) / (1 + z2 / rows)
    half = Z95 * np.sqrt(share * (1 - share) / rows + z2 / (4 * rows**2)) / (1 + z2 / rows)
    return float(max(0.0, middle - half)), float(min(1.0, middle + half))


def confusion(y: ArrayLike, predicted: ArrayLike, names: Sequence[str] | None = None) -> pd.DataFrame:
    """Counts: a row an actual class, a column a predicted one. names: of the codes, in order."""
    actual, called = np.asarray(y, dtype=np.int64), np.asarray(predicted, dtype=np.int64)
    classes = len(names) if names else int(max(actual.max(initial=1), called.max(initial=1))) + 1
    table = np.bincount(actual * classes + called, minlength=classes**2).reshape(classes, classes)
    labels = list(names) if names else [str(k) for k in range(classes)]
    frame = pd.DataFrame(table, index=pd.Index(labels, name="actual"), columns=labels)
    return frame.rename_axis(columns="predicted")
