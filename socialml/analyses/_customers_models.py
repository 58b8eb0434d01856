"""One task from rows to everything that the page shows of it.

Models are fitted on the training part; the validation part prunes, calibrates, sets thresholds and chooses
among them; the test part is used once, here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from socialml.analyses._customers_tasks import Task, check
from socialml.progress import Report

if TYPE_CHECKING:
    from socialml.analyses.customers import Config

FOLD_COLUMNS = ("model", "label", "fold", "n", "roc_auc", "brier", "task")
METRICS = ("accuracy", "precision", "recall", "f1", "roc_auc", "average_precision", "brier")
FLOORS = {
    "majority": "The most frequent answer",
    "rfm": "RFM quintile sum",
    "months": "Months bought less recency",
}
RESAMPLES = 200
IMPORTANCE_ROWS = 3_000
IMPORTANCE_SHOWN = 15


@dataclass(eq=False)
class Learned:
    """What one task gave: a row for the command line, frames for the page, the fitted models for scoring."""

    summary: dict[str, Any]
    frames: dict[str, pd.DataFrame]
    fitted: dict[str, Any]
    best: str
    columns: list[str] = field(default_factory=list)

    @property
    def chosen(self) -> Any:
        return self.fitted[self.best]


def learn(task: Task, config: Config, report: Report) -> Learned:
    """UserError where the task cannot be learned or judged."""
    from threadpoolctl import threadpool_limits

    from socialml.models import classifiers

    check(task)
    train, valid, test = _sampled(task.rows("train"), config), task.rows("valid"), task.rows("test")
    y = task.y
    fitted = classifiers.fit_all(
        task.x.iloc[train], y[train], task.x.iloc[valid], y[valid],
        names=config.models, seed=config.seed, report=report,
    )  # fmt: skip
    with threadpool_limits(1):  # many small batches: a second thread would only wait for the first
        return _judged(task, config, fitted, train, valid, test)


def _judged(
    task: Task, config: Config, fitted: dict[str, Any], train: np.ndarray, valid: np.ndarray, test: np.ndarray
) -> Learned:
    from socialml.evaluation import curves, scores

    y = task.y
    on_valid = {name: quality(y[valid], model.proba(task.x.iloc[valid])) for name, model in fitted.items()}
    best = max(on_valid, key=lambda name: on_valid[name])

    rows: list[dict[str, Any]] = []
    binary = len(task.classes) == 2
    probabilities = {name: model.proba(task.x.iloc[test]) for name, model in fitted.items()}

    def judged(
        name: str, label: str, proba: np.ndarray, threshold: float | None, is_floor: bool
    ) -> dict[str, float]:
        found = scores.scores(y[test], proba, threshold=threshold, resamples=RESAMPLES, seed=config.seed)
        out: dict[str, float] = {}
        for metric in METRICS:
            score = found[metric]
            rows.append(
                {
                    "model": name, "label": label, "metric": metric, "value": score.value, "low": score.low,
                    "high": score.high, "floor": is_floor, "chosen": name == best,
                    "on_validation": on_valid.get(name),
                }
            )  # fmt: skip
            out |= {metric: score.value, f"{metric}_low": score.low, f"{metric}_high": score.high}
        return out

    own = {
        name: judged(name, fitted[name].label, probabilities[name], fitted[name].threshold, False)
        for name in fitted
    }
    floors = {}
    for name, (proba, threshold) in _floors(task, train, valid, test).items():
        floors[name] = judged(name, FLOORS[name], proba, threshold, True)
    model, proba = fitted[best], probabilities[best]
    threshold = model.threshold
    strongest = max(floors, key=lambda name: _number(floors[name]["roc_auc"]))
    summary = {
        "task": task.key,
        "label": task.label,
        "model": best,
        "model_label": model.label,
        "classes": task.classes,
        "n_train": len(train),
        "n_valid": len(valid),
        "n_test": len(test),
        "positive_share": float((y[test] == 1).mean()) if binary else None,
        **own[best],
        "floor": {"best": strongest, **floors},
        "threshold": threshold,
        "calibration": model.calibration,
        "balance": model.balance,
        "seconds": {name: fit.seconds for name, fit in fitted.items()},
        "not_better": _number(own[best]["roc_auc"]) <= _number(floors[strongest]["roc_auc"]),
    }
    predicted = (
        (proba[:, 1] >= threshold).astype(int) if binary and threshold is not None else proba.argmax(axis=1)
    )
    frames = {
        "scores": pd.DataFrame(rows),
        "confusion": _confusion(y[test], predicted, task.classes),
        "tree": _plain(fitted["tree"].tree),
        "pruning": _plain(fitted["tree"].pruning),
        "importance": _importance(model, task, test, config.seed),
    }
    if binary:
        drawn = curves.curves(y[test], proba[:, 1])
        frames["curves"] = pd.concat(
            [frame.assign(curve=name, model=best) for name, frame in drawn.items()], ignore_index=True
        )
        if task.about.shape[1]:
            frames["fairness"] = _fairness(task, y[test], proba, test, threshold)
    for frame in frames.values():
        frame.insert(0, "task", task.key)
    return Learned(_json(summary), frames, fitted, best, list(task.x.columns))


def quality(y: np.ndarray, proba: np.ndarray) -> float:
    """What models are chosen by: ROC AUC, of several classes their mean one against the rest."""
    from sklearn.metrics import roc_auc_score

    if proba.shape[1] == 2:
        return float(roc_auc_score(y, proba[:, 1]))
    present = [k for k in range(proba.shape[1]) if 0 < (y == k).sum() < len(y)]
    return float(np.mean([roc_auc_score(y == k, proba[:, k]) for k in present]))


def _sampled(rows: np.ndarray, config: Config) -> np.ndarray:
    if len(rows) <= config.train_rows_most:
        return rows
    picked = np.random.default_rng(config.seed).choice(rows, config.train_rows_most, replace=False)
    return np.sort(picked)


def _floors(
    task: Task, train: np.ndarray, valid: np.ndarray, test: np.ndarray
) -> dict[str, tuple[np.ndarray, float | None]]:
    """Probabilities of the simple rules: the classes' shares, and a logistic curve through a rule's score."""
    from sklearn.linear_model import LogisticRegression

    k = len(task.classes)
    shares = np.bincount(task.y[train], minlength=k) / len(train)
    out: dict[str, tuple[np.ndarray, float | None]] = {
        "majority": (np.tile(shares, (len(test), 1)), 0.5 if k == 2 else None)
    }
    for name in task.rules:
        values = task.rules[[name]].to_numpy(float)
        scale = values[train].std() or 1.0
        fit = LogisticRegression(max_iter=500).fit(values[train] / scale, task.y[train])
        proba = fit.predict_proba(values[test] / scale)
        threshold = None
        if k == 2:
            threshold = _best_f1(task.y[valid], fit.predict_proba(values[valid] / scale)[:, 1])
        out[name] = (proba, threshold)
    return out


def _best_f1(y: np.ndarray, p: np.ndarray) -> float:
    order = np.argsort(-p, kind="stable")
    hits = np.cumsum(y[order] == 1)
    f1 = 2 * hits / (np.arange(1, len(y) + 1) + max(hits[-1], 1))
    last = np.append(p[order][1:] != p[order][:-1], True)  # equal probabilities stand or fall together
    return float(p[order][np.where(last, f1, -1).argmax()])


def _confusion(y: np.ndarray, predicted: np.ndarray, classes: list[str]) -> pd.DataFrame:
    k = len(classes)
    counts = np.bincount(y * k + predicted, minlength=k * k)
    return pd.DataFrame({"actual": np.repeat(classes, k), "predicted": np.tile(classes, k), "rows": counts})


def _importance(model: Any, task: Task, test: np.ndarray, seed: int) -> pd.DataFrame:
    rows = test
    if len(rows) > IMPORTANCE_ROWS:
        rows = np.sort(np.random.default_rng(seed).choice(rows, IMPORTANCE_ROWS, replace=False))
    return _plain(model.importance(task.x.iloc[rows], task.y[rows], seed=seed, repeats=3)).head(
        IMPORTANCE_SHOWN
    )


def _fairness(
    task: Task, y: np.ndarray, proba: np.ndarray, test: np.ndarray, threshold: float | None
) -> pd.DataFrame:
    from socialml.evaluation import fairness

    return _plain(fairness.by_group(y, proba, task.about.iloc[test], threshold))


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.reset_index(drop=True).copy()


def _number(value: float | None) -> float:
    return -math.inf if value is None or math.isnan(value) else value


def _json(value: Any) -> Any:
    """Numbers as JSON has them: no NaN."""
    if isinstance(value, dict):
        return {key: _json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
