"""Scores to probabilities: sigmoid or isotonic, whichever has the lower Brier score on rows it has not seen.

Sigmoid: Platt 1999. Isotonic: centred (Oron and Flournoy 2017): straight lines between the middles of the
steps, so that rows of different scores keep their order, which plain isotonic steps would lose.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

Floats = NDArray[np.float64]

FOLDS = 5
ISOTONIC_ROWS = 500  # of fewer, steps follow the noise
TILT = 1e-6  # of the sigmoid, added so that rows on a flat end keep their order


@dataclass(frozen=True, eq=False)
class Curve:
    """How a score becomes a probability: a sigmoid of slope and offset, or lines between points."""

    kind: str  # 'sigmoid' or 'isotonic'
    slope: float
    offset: float
    at: Floats
    p: Floats

    def __call__(self, score: Floats) -> Floats:
        smooth = _sigmoid(self.slope * score + self.offset)
        if self.kind == "sigmoid":
            return smooth
        return (1 - TILT) * np.interp(score, self.at, self.p) + TILT * smooth


@dataclass(frozen=True, eq=False)
class Calibration:
    """One curve a class (one only for two classes). brier: cross-fitted on the validation rows, per kind."""

    curves: list[Curve]
    brier: dict[str, float]

    @property
    def kind(self) -> str:
        return self.curves[0].kind

    @property
    def sentence(self) -> str:
        found = " against ".join(f"{kind} {value:.4f}" for kind, value in self.brier.items())
        return f"{self.kind}, chosen on the validation part by {FOLDS}-fold Brier score ({found})"

    def __call__(self, scores: Floats) -> Floats:
        """(rows,) scores of two classes or (rows, classes) -> (rows, classes) probabilities that sum to 1."""
        if scores.ndim == 1:
            p = self.curves[0](scores)
            return np.column_stack([1 - p, p])
        p = np.column_stack([curve(scores[:, k]) for k, curve in enumerate(self.curves)])
        p = np.maximum(p, 1e-9)
        return p / p.sum(axis=1, keepdims=True)


def fit(scores: Floats, y: NDArray[np.int64], *, seed: int) -> Calibration:
    """From validation rows: (rows,) or (rows, classes) scores of any scale, and their codes."""
    kinds = ["sigmoid", "isotonic"] if len(y) >= ISOTONIC_ROWS else ["sigmoid"]
    fold = np.random.default_rng([seed, 23]).permutation(len(y)) % FOLDS
    classes = 2 if scores.ndim == 1 else scores.shape[1]
    onto = np.eye(classes)[y]
    brier = {}
    for kind in kinds:
        total = 0.0
        for part in range(FOLDS):
            inside, outside = fold != part, fold == part
            if not outside.any():
                continue
            p = Calibration(_curves(scores[inside], y[inside], kind), {})(scores[outside])
            total += float(((p - onto[outside]) ** 2).sum())
        brier[kind] = total / len(y) / (2 if classes == 2 else 1)
    best = min(brier, key=lambda kind: brier[kind])
    return Calibration(_curves(scores, y, best), brier)


def _curves(scores: Floats, y: NDArray[np.int64], kind: str) -> list[Curve]:
    if scores.ndim == 1:
        return [_curve(scores, y == 1, kind)]
    return [_curve(scores[:, k], y == k, kind) for k in range(scores.shape[1])]


def _curve(score: Floats, hit: NDArray[np.bool_], kind: str) -> Curve:
    slope, offset = _platt(score, hit)
    if kind == "sigmoid" or score.min() == score.max():
        return Curve("sigmoid", slope, offset, np.empty(0), np.empty(0))
    fitted = IsotonicRegression(out_of_bounds="clip").fit_transform(score, hit.astype(np.float64))
    order = np.argsort(score, kind="stable")
    step = np.concatenate([[0], np.cumsum(np.diff(fitted[order]) > 1e-12)])
    rows = np.bincount(step)
    middle = np.bincount(step, weights=score[order]) / rows
    # One row's worth of doubt at either end: a step of 30 sales in 30 is not 'certain'.
    share = (np.bincount(step, weights=hit[order].astype(np.float64)) + 0.5 * hit.mean()) / (rows + 0.5)
    return Curve("isotonic", slope, offset, middle, np.maximum.accumulate(share))


def _platt(score: Floats, hit: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and offset on the score itself; a constant share where the score says nothing."""
    n, positive = len(hit), int(hit.sum())
    share = (positive + 1) / (n + 2)
    if positive in (0, n) or score.min() == score.max():
        return 0.0, float(np.log(share / (1 - share)))
    centre, width = float(score.mean()), float(score.std())
    model = LogisticRegression(C=100.0).fit(((score - centre) / width)[:, None], hit)
    slope = max(float(model.coef_[0, 0]) / width, 0.0)
    return slope, float(model.intercept_[0]) - slope * centre


def _sigmoid(z: Floats) -> Floats:
    return 1 / (1 + np.exp(-np.clip(z, -40, 40)))
