"""Cross-validation: every row is scored once by a model that has not seen it. For tables without a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from socialml.errors import UserError
from socialml.models.classifiers import LABELS, MODELS, fit_all
from socialml.models.importances import ranking
from socialml.progress import Progress, Report, silent

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Validated:
    """proba: {model: (rows, classes)}, of each row by the model of the folds without it. fold: (rows,).
    scores: model, label, fold, n, roc_auc, brier; a fold -1 is the mean over folds."""

    proba: dict[str, Floats]
    fold: Ints
    scores: pd.DataFrame

    def roc_auc(self, model: str) -> float:
        """The mean over folds."""
        found = self.scores[(self.scores["model"] == model) & (self.scores["fold"] == -1)]
        return float(found["roc_auc"].iloc[0])


def cross_validate(
    X: pd.DataFrame, y: ArrayLike, *, folds: int = 5, names: Sequence[str] = MODELS, seed: int = 0,
    report: Report = silent, labels: Mapping[str, str] | None = None,
) -> Validated:  # fmt: skip
    """Each fold is tested once; 15 in 100 of the other rows are its validation part. y: codes 0..c-1."""
    codes = np.asarray(y, dtype=np.int64)
    counts = np.bincount(codes)
    if not 2 <= folds <= 20:
        raise UserError("bad_config", f"{folds} folds; 2 to 20 can be used.", "Choose 5.")
    if counts.min() < 4 * folds:
        raise UserError(
            "small_class", f"Class {int(counts.argmin())} has only {int(counts.min())} rows; {folds} folds "
            f"need {4 * folds}.", "Import more rows of it, or choose fewer folds.",
        )  # fmt: skip
    fold = stratified(codes, folds, np.random.default_rng([seed, 71]))
    proba = {name: np.zeros((len(codes), len(counts))) for name in names}
    rows = []
    for k in range(folds):
        test = fold == k
        rest = np.flatnonzero(~test)
        valid = stratified(codes[rest], 20, np.random.default_rng([seed, 72, k])) < 3
        train, chosen = rest[~valid], rest[valid]

        def told(step: Progress, k: int = k) -> None:
            report(Progress(k + step.fraction, folds, f"Fold {k + 1} of {folds}: {step.message}"))

        fitted = fit_all(
            X.iloc[train], codes[train], X.iloc[chosen], codes[chosen], names=names, seed=seed, report=told,
            labels=labels,
        )  # fmt: skip
        matrix = next(iter(fitted.values())).encoder.transform(X.iloc[np.flatnonzero(test)])
        for name, model in fitted.items():
            p = model.proba_of(matrix)
            proba[name][test] = p
            rows.append(
                (name, LABELS[name], k, int(test.sum()), ranking(p, codes[test]), brier(p, codes[test]))
            )
    scores = pd.DataFrame(rows, columns=["model", "label", "fold", "n", "roc_auc", "brier"])
    means = scores.groupby(["model", "label"], sort=False, as_index=False).agg(
        {"n": "sum", "roc_auc": "mean", "brier": "mean"}
    )
    return Validated(proba, fold, pd.concat([scores, means.assign(fold=-1)], ignore_index=True))


def stratified(y: Ints, parts: int, rng: np.random.Generator) -> Ints:
    """(rows,) a part 0..parts-1 of each row, with the same share of each class in all."""
    part = np.empty(len(y), dtype=np.int64)
    begin = 0
    for k in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == k))
        part[rows] = (begin + np.arange(len(rows))) % parts
        begin += len(rows)  # so that the first parts do not always get the odd rows
    return part


def brier(p: Floats, y: Ints) -> float:
    """Mean squared error of the probabilities; of two classes that of the positive one."""
    total = float(((p - np.eye(p.shape[1])[y]) ** 2).sum() / len(y))
    return total / 2 if p.shape[1] == 2 else total
