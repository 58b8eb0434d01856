"""Five classifiers on any table: fitted, calibrated, with a threshold, and able to say why.

    fitted = fit("tree", X_train, y_train, X_valid, y_valid, seed=0)
    fitted.proba(X_test)  # (rows, classes), calibrated

Training rows fit the model; validation rows prune, stop, calibrate and set the threshold. Test rows are
the caller's, and nothing here sees them.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from socialml.errors import UserError
from socialml.models import calibrate, estimators, importances, treeview
from socialml.models.calibrate import Calibration
from socialml.models.estimators import Data, Estimator, TreeModel
from socialml.models.kmeans import pool
from socialml.models.preprocess import Numbers
from socialml.models.tabular import Encoder, TableSpec
from socialml.progress import Progress, Report, silent

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MODELS = ("tree", "logistic", "svm", "boosting", "gbdt_lr")
LABELS = {
    "tree": "Decision tree",
    "logistic": "Logistic regression",
    "svm": "Linear SVM",
    "boosting": "Gradient boosting",
    "gbdt_lr": "Boosting + logistic regression",
}
LEAST = 5  # training rows of each class


@dataclass(frozen=True, eq=False)
class Fitted:
    """A model that has learnt.

    classes: codes, 0..c-1. threshold: of the positive class's probability, for two classes, the one with
    the best F1 on the validation part; None for more. calibration, balance: sentences. seconds: of fitting
    with calibration. pruning (tree only): alpha, leaves, depth, valid_score (Brier), chosen. tree (tree
    only): see `treeview`. valid_brier: of the calibrated probabilities, cross-fitted on the validation part.
    """

    name: str
    label: str
    classes: list[int]
    encoder: Encoder
    estimator: Estimator
    calibrated: Calibration
    threshold: float | None
    balance: str
    seconds: float
    tree: pd.DataFrame | None = None
    pruning: pd.DataFrame | None = None

    @property
    def calibration(self) -> str:
        return self.calibrated.sentence

    @property
    def valid_brier(self) -> float:
        return self.calibrated.brier[self.calibrated.kind]

    def proba(self, frame: pd.DataFrame) -> Floats:
        """(rows, classes) calibrated probabilities of rows with the training columns."""
        return self.proba_of(self.encoder.transform(frame))

    def proba_of(self, matrix: Floats) -> Floats:
        """The same from the encoder's matrix, so that several models can share one."""
        with estimators.one_core():
            return self.calibrated(self.estimator.score(matrix))

    def predict(self, frame: pd.DataFrame) -> Ints:
        """Codes: above the threshold for two classes, else the likeliest."""
        return decide(self.proba(frame), self.threshold)

    def importance(
        self, frame: pd.DataFrame, y: ArrayLike, *, seed: int = 0, repeats: int = 5
    ) -> pd.DataFrame:
        """What each column brings: ROC AUC lost when its values are shuffled. See `importances.permuted`."""
        codes = np.asarray(y, dtype=np.int64)
        return importances.permuted(self.proba_of, self.encoder, frame, codes, seed=seed, repeats=repeats)

    def path(self, row: Mapping[str, Any] | pd.Series, classes: Sequence[str] | None = None) -> list[str]:
        """Why this row, as the questions of the tree with its answers. UserError for other models."""
        if self.tree is None:
            raise UserError(
                "no_tree", f"{self.label} has no rules to show.", "Choose the decision tree to see a path."
            )
        return treeview.sentences(self.tree, row, classes)


def decide(proba: Floats, threshold: float | None) -> Ints:
    """Codes from probabilities: at or above the threshold for two classes, else the likeliest."""
    if threshold is not None and proba.shape[1] == 2:
        return (proba[:, 1] >= threshold).astype(np.int64)
    return proba.argmax(axis=1)


def fit(
    name: str, X_train: pd.DataFrame, y_train: ArrayLike, X_valid: pd.DataFrame, y_valid: ArrayLike,
    *, seed: int, labels: Mapping[str, str] | None = None,
) -> Fitted:  # fmt: skip
    """One of MODELS. y: (rows,) codes 0..c-1. labels: {column: plain label}."""
    return fit_all(X_train, y_train, X_valid, y_valid, names=(name,), seed=seed, labels=labels)[name]


def fit_all(
    X_train: pd.DataFrame, y_train: ArrayLike, X_valid: pd.DataFrame, y_valid: ArrayLike,
    *, names: Sequence[str] = MODELS, seed: int, report: Report = silent,
    labels: Mapping[str, str] | None = None, spec: TableSpec | None = None,
) -> dict[str, Fitted]:  # fmt: skip
    """Several models on one matrix, side by side, each on one core (see `kmeans`)."""
    unknown = [name for name in names if name not in MODELS]
    if unknown:
        raise UserError(
            "bad_config", f"There is no model '{unknown[0]}'.", f"Choose from {', '.join(MODELS)}."
        )
    train, valid = _codes(y_train, len(X_train)), _codes(y_valid, len(X_valid))
    classes = _check(train, valid)
    report(Progress(0, len(names) + 1, "Reading the table"))
    encoder = Encoder(X_train, labels=labels, spec=spec)
    data = prepared(encoder.transform(X_train), train, encoder.transform(X_valid), valid, classes)
    report(Progress(1, len(names) + 1, "Training " + ", ".join(LABELS[name].lower() for name in names)))
    with estimators.one_core():
        found = _side_by_side(encoder, data, names, seed, report)
    return {name: found[name] for name in names}


def _side_by_side(
    encoder: Encoder, data: Data, names: Sequence[str], seed: int, report: Report
) -> dict[str, Fitted]:
    threads = pool()
    found: dict[str, Fitted] = {}
    try:
        waiting = {threads.submit(_fit, name, encoder, data, seed): name for name in names}
        left = set(waiting)
        while left:
            done, left = wait(left, timeout=0.5, return_when=FIRST_COMPLETED)
            for future in done:
                found[waiting[future]] = future.result()
            words = ", ".join(LABELS[name].lower() for name in names if name not in found)
            report(Progress(1 + len(found), len(names) + 1, f"Training {words}" if words else "Trained"))
    finally:
        threads.shutdown(cancel_futures=True)
    return found


def prepared(train: Floats, y_train: Ints, valid: Floats, y_valid: Ints, classes: int) -> Data:
    """Matrices and codes, with the scaling of linear models fitted."""
    scaler = Numbers(impute="median", log_skew=1.0, clip_iqr=3.0, scale="zscore").fit(train)
    return Data(train, y_train, valid, y_valid, scaler, scaler.transform(train), classes)


def _fit(name: str, encoder: Encoder, data: Data, seed: int) -> Fitted:
    began = time.perf_counter()
    estimator = _estimator(name, data, seed)
    scores = estimator.score(data.valid)
    calibrated = calibrate.fit(scores, data.y_valid, seed=seed)
    threshold = best_f1(calibrated(scores)[:, 1], data.y_valid) if data.classes == 2 else None
    tree = pruning = None
    if isinstance(estimator, TreeModel):
        tree, pruning = _frame(encoder, estimator, calibrated), estimator.pruned.path
    return Fitted(
        name, LABELS[name], list(range(data.classes)), encoder, estimator, calibrated, threshold,
        _balance(name, data, threshold), time.perf_counter() - began, tree, pruning,
    )  # fmt: skip


def _estimator(name: str, data: Data, seed: int) -> Estimator:
    if name == "tree":
        return estimators.fit_tree(data, seed)
    if name == "logistic":
        return estimators.fit_linear(estimators.logistic(data, seed), data)
    if name == "svm":
        return estimators.fit_linear(estimators.svm(data, seed), data)
    if name == "boosting":
        return estimators.fit_boosting(data, seed)
    return estimators.fit_gbdt_lr(data, seed)


def best_f1(p: Floats, y: Ints) -> float:
    """The probability from which calling a row positive gives the best F1; midway to the next lower one."""
    order = np.argsort(-p, kind="stable")
    ranked, hits = p[order], np.cumsum(y[order])
    last = np.append(ranked[1:] < ranked[:-1], True)  # equal probabilities are called together
    f1 = np.where(last, 2 * hits / (np.arange(1, len(p) + 1) + hits[-1]), -1.0)
    best = int(f1.argmax())
    lower = ranked[best + 1] if best + 1 < len(p) else 0.0
    return float((ranked[best] + lower) / 2)


def _frame(encoder: Encoder, model: TreeModel, calibrated: Calibration) -> pd.DataFrame:
    tree, stands = model.tree, model.pruned.stands
    ends = np.zeros(len(stands), dtype=bool)
    ends[tree.leaves_at(model.pruned.alpha)] = True
    keep = [node for node in range(len(stands)) if stands[node] == node]
    arrays = {
        "left": tree.left, "right": tree.right, "parent": tree.parent, "depth": tree.depth,
        "column": tree.column, "threshold": tree.threshold, "count": tree.count, "shares": tree.shares,
        "open": ~ends,
    }  # fmt: skip
    return treeview.frame(encoder, arrays, keep, calibrated(estimators.log_odds(model.pruned.shares)))


def _balance(name: str, data: Data, threshold: float | None) -> str:
    counts = np.bincount(data.y_train, minlength=data.classes)
    rarest = counts.min() / counts.sum()
    if name == "svm":
        how = "classes are weighted to count the same while training, and calibration restores their true shares"
    else:
        how = "rows are neither weighted nor repeated, so that probabilities stay those of real customers"
    if threshold is None:
        return (
            f"The rarest class is {rarest:.1%} of the training rows; {how}; the likeliest class is predicted."
        )
    return (
        f"The rarer class is {rarest:.1%} of the training rows; {how}; a row is called positive from "
        f"{threshold:.1%}, the threshold with the best F1 on the validation part."
    )


def _codes(y: ArrayLike, rows: int) -> Ints:
    codes = np.asarray(y)
    if codes.shape != (rows,) or not np.all(np.isfinite(codes.astype(np.float64))) or np.any(codes < 0):
        raise ValueError(f"{rows} rows need as many class codes from 0 up; there are {codes.shape}")
    return codes.astype(np.int64)


def _check(train: Ints, valid: Ints) -> int:
    """How many classes. UserError when there is nothing to learn from or to choose with."""
    if not len(train) or not len(valid):
        raise UserError("no_rows", "There are no rows to learn from.", "Import more rows.")
    classes = int(max(train.max(), valid.max())) + 1
    counts = np.bincount(train, minlength=classes)
    if (counts > 0).sum() < 2:
        raise UserError("one_class", "All training rows have the same outcome, so there is nothing to tell apart.",
                        "Import more rows, or choose another target or threshold.")  # fmt: skip
    if counts.min() < LEAST:
        raise UserError(
            "small_class", f"Class {int(counts.argmin())} has only {counts.min()} training rows; "
            f"at least {LEAST} are needed.",
            "Import more rows of it, join it with another class, or leave it out.",
        )  # fmt: skip
    if len(np.unique(valid)) < 2:
        raise UserError("one_class", f"All {len(valid):,} validation rows have the same outcome.",
                        "Import more rows: 15 in 100 are kept to choose with.")  # fmt: skip
    return classes
