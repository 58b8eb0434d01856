"""How good the scores are, by labels where somebody knows all that is wrong, else by the marks of a review.

Only numpy and pandas: the server moves the threshold and counts marks at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from socialml.evaluation.scores import Score, auc, wilson

Floats = NDArray[np.float64]
Keys = NDArray[np.uint64]
Basis = Literal["labels", "marks", "none"]
RATES = ("accuracy", "false_positive_rate", "recall", "precision")
PUBLISHED_FPR = 0.043  # the rate at which the literature reports; recall is also told at it


@dataclass(frozen=True, eq=False)
class Ranking:
    """All rows, highest score first, and what is known of them."""

    key: Keys
    score: Floats
    wrong: Floats  # 1, 0, nan unknown
    basis: Basis

    @property
    def rows(self) -> int:
        return len(self.score)

    def flagged(self, threshold: float) -> int:
        """How many rows reach the threshold."""
        return int(np.searchsorted(-self.score, -threshold, side="right"))

    def threshold(self, share: float) -> float:
        """The score from which on about this share of the rows, and at least one, is flagged."""
        return float(self.score[max(1, round(share * self.rows)) - 1])


@dataclass(frozen=True)
class Rates:
    """At one threshold. A rate is None where nothing tells it."""

    flagged: int
    rows: int
    basis: Basis
    looked_at: int  # flagged rows of which it is known whether they are wrong
    accuracy: Score | None
    false_positive_rate: Score | None  # share of the right rows that are flagged
    recall: Score | None
    precision: Score | None


def ranking(key: Keys, score: Floats, labels: Keys | None, marks: pd.DataFrame | None) -> Ranking:
    """key, score: by descending score. labels: the keys of all that is wrong. marks: key, wrong."""
    wrong = np.full(len(key), np.nan)
    if labels is not None:
        return Ranking(key, score, np.isin(key, labels).astype(float), "labels")
    if marks is not None and len(marks):
        by_key = pd.Series(marks["wrong"].to_numpy(dtype=float), index=marks["key"].to_numpy())
        at = np.flatnonzero(np.isin(key, by_key.index.to_numpy()))
        wrong[at] = by_key[key[at]].to_numpy()
    return Ranking(key, score, wrong, "marks" if np.isfinite(wrong).any() else "none")


def rates(ranked: Ranking, flagged: int) -> Rates:
    """The first `flagged` rows called wrong. By marks: of those looked at among them, taken as typical of them."""
    called = ranked.wrong[:flagged]
    hits, known = float(np.nansum(called)), int(np.isfinite(called).sum())
    precision = share(hits, known)
    if ranked.basis != "labels":
        missed: Score | None = None
        if precision is not None:
            part = flagged / max(ranked.rows, 1)
            missed = Score(*(part * (1 - p) for p in (precision.value, precision.high, precision.low)))
        return Rates(flagged, ranked.rows, ranked.basis, known, None, missed, None, precision)
    wrong, rows = float(ranked.wrong.sum()), ranked.rows
    false = flagged - hits
    return Rates(
        flagged,
        rows,
        "labels",
        known,
        share(rows - false - (wrong - hits), rows),
        share(false, int(rows - wrong)),
        share(hits, int(wrong)),
        precision,
    )


def by_chance(chance: pd.DataFrame, rows: int, threshold: float) -> float:
    """How many of so many rows would reach the threshold if nothing were wrong; nan where that is not known.

    chance: score, share (models.anomaly_scores.by_chance), score ascending.
    """
    if not len(chance):
        return float("nan")
    log = np.log(np.maximum(chance["share"].to_numpy(), 1e-300))
    return float(rows * np.exp(np.interp(threshold, chance["score"].to_numpy(), log)))


def share(hits: float, rows: int) -> Score | None:
    return Score(hits / rows, *wilson(hits, rows)) if rows else None


# Scores of a Result that are told beside each other, and what they are called.
SCORES = {
    "combined": "All three together",
    "amount": "Amount alone (LSTM)",
    "hour": "Hour alone",
    "device": "Device alone",
    "forest": "Isolation forest",
    "rule": "Simple rule: distance from the running level",
    "plain": "Simplest: the largest first",
}
_ONLY = "Distance from what was expected (LSTM)"  # of points, which have one score and not three


def called(frame: pd.DataFrame) -> list[str]:
    """What the scores of `compared` are called, row by row."""
    three = (frame["name"] == "amount").any()
    return [SCORES[name] if three or name != "combined" else _ONLY for name in frame["name"]]


def compared(frame: pd.DataFrame, wrong: NDArray[np.bool_]) -> pd.DataFrame:
    """Each score on the same rows: name, roc_auc, low, high, recall (at PUBLISHED_FPR), recall_low, recall_high.

    frame: rows of Result.scores; wrong: (rows,).
    """
    size = frame["amount"] if "amount" in frame else frame["value"]
    scores = {"combined": frame["score"], "forest": frame["forest"], "plain": size}
    if "surprise_amount" in frame:
        scores |= {name: frame[f"surprise_{name}"] for name in ("amount", "hour", "device")}
        scores["rule"] = np.abs(np.log(size / frame["rule"]))
    rows = []
    for name in SCORES:
        if name in scores:
            score = scores[name].to_numpy(dtype=float)
            area = auc(wrong, score)
            bound = np.quantile(score[~wrong], 1 - PUBLISHED_FPR) if (~wrong).any() else np.nan
            found = share(float((score[wrong] > bound).sum()), int(wrong.sum()))
            told = (found.value, found.low, found.high) if found else (np.nan,) * 3
            rows.append((name, area.value, area.low, area.high, *told))
    columns = ["name", "roc_auc", "low", "high", "recall", "recall_low", "recall_high"]
    return pd.DataFrame(rows, columns=columns)


def as_metrics(told: Rates) -> dict[str, Any]:
    """RATES and their bounds as plain values; None where nothing tells them."""
    out: dict[str, Any] = {}
    for name in RATES:
        score: Score | None = getattr(told, name) if told.basis == "labels" else None
        out[name] = score.value if score else None
        out[f"{name}_low"] = score.low if score else None
        out[f"{name}_high"] = score.high if score else None
    return out
