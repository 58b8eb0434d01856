"""The curves of a ranking: ROC, precision and recall, calibration, gain and lift. Frames for figures."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from socialml.evaluation.scores import POINTS, wilson

BINS = 10


def curves(y: ArrayLike, p: ArrayLike, *, points: int = POINTS, bins: int = BINS) -> dict[str, pd.DataFrame]:
    """y: (rows,) 0 or 1; p: (rows,) probabilities. At most `points` rows a curve.

    roc: fpr, tpr, threshold. pr: recall, precision, threshold. calibration: see below.
    gain: contacted (share of rows, best first), captured (share of positives), lift, precision, threshold,
    n and hits (rows and positives so far): hits * value - n * cost is the profit of contacting them.
    """
    hit = np.asarray(y, dtype=np.int64) == 1
    score = np.asarray(p, dtype=np.float64)
    order = np.argsort(-score, kind="stable")
    ranked = score[order]
    ends = (
        np.flatnonzero(np.append(np.diff(ranked) < 0, True)) if len(ranked) else np.empty(0, dtype=np.int64)
    )
    n = ends + 1.0  # rows at or above each distinct score
    up = np.cumsum(hit[order])[ends].astype(np.float64)
    positives, negatives = float(hit.sum()), float((~hit).sum())
    keep = _thinned(n, points)
    n, up, threshold = n[keep], up[keep], ranked[ends][keep]
    with np.errstate(divide="ignore", invalid="ignore"):
        recall, precision, fpr = up / positives, up / n, (n - up) / negatives
        lift = precision / (positives / max(len(score), 1))

    def from_none(values: NDArray[np.floating], first: float) -> NDArray[np.floating]:
        return np.concatenate([[first], values])

    return {
        "roc": pd.DataFrame(
            {"fpr": from_none(fpr, 0), "tpr": from_none(recall, 0), "threshold": from_none(threshold, 1)}
        ),
        "pr": pd.DataFrame({"recall": recall, "precision": precision, "threshold": threshold}),
        "calibration": calibration(hit, score, bins),
        "gain": pd.DataFrame(
            {
                "contacted": from_none(n / max(len(score), 1), 0),
                "captured": from_none(recall, 0),
                "lift": from_none(lift, lift[0] if len(lift) else np.nan),
                "precision": from_none(precision, precision[0] if len(precision) else np.nan),
                "threshold": from_none(threshold, 1),
                "n": from_none(n, 0).astype(np.int64),
                "hits": from_none(up, 0).astype(np.int64),
            }
        ),
    }


def calibration(y: ArrayLike, p: ArrayLike, bins: int = BINS) -> pd.DataFrame:
    """predicted, observed, low, high (Wilson), n: of bins with the same number of rows, ties together."""
    hit, score = np.asarray(y, dtype=bool), np.asarray(p, dtype=np.float64)
    columns = ["predicted", "observed", "low", "high", "n"]
    if not len(score):
        return pd.DataFrame(columns=columns, dtype=np.float64)
    edges = np.unique(np.quantile(score, np.linspace(0, 1, bins + 1)[1:-1], method="lower"))
    place = np.searchsorted(edges, score, side="left")
    n = np.bincount(place, minlength=len(edges) + 1)
    sums = np.bincount(place, weights=score, minlength=len(n))
    hits = np.bincount(place, weights=hit, minlength=len(n))
    rows = []
    for count, total, found in zip(n, sums, hits, strict=True):
        if count:
            rows.append((total / count, found / count, *wilson(found, int(count)), int(count)))
    return pd.DataFrame(rows, columns=columns)


def _thinned(n: NDArray[np.floating], points: int) -> NDArray[np.int64]:
    """Places of at most `points`, evenly spaced in rows, the first and last kept."""
    if len(n) <= points:
        return np.arange(len(n))
    wanted = np.linspace(n[0], n[-1], points)
    return np.unique(np.minimum(np.searchsorted(n, wanted), len(n) - 1))
