"""200,000 rows x 30 columns: all models, with and without intervals, against scikit-learn's own fits.

The reference fits the same five models with the same settings on the same matrix, one thread each, one after
the other, and nothing else: no table to read, no pruning, no calibration, no threshold.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import threading
import time
from typing import Any

import numpy as np
import pandas as pd
import psutil
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from socialml.evaluation.scores import scores
from socialml.models import classifiers, estimators
from socialml.models.tabular import Encoder

ROWS = 200_000
SECONDS, BYTES, OVERHEAD = 60.0, 2 * 2**30, 1.5


def table(rows: int, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """20 numbers (some skewed, some with gaps), 5 categories (one of 5,000 values), 3 flags, 2 dates."""
    rng = np.random.default_rng(seed)
    frame: dict[str, Any] = {}
    drive = np.zeros(rows)
    for k in range(20):
        x = rng.normal(size=rows)
        drive += x * (0.4 if k < 4 else 0.05) + (0.3 * (x > 1) if k < 8 else 0)
        values = np.exp(x) if k % 3 == 0 else x
        if k % 5 == 0:
            values = np.where(rng.random(rows) < 0.05, np.nan, values)
        frame[f"number_{k}"] = values
    for k, levels in enumerate((3, 5, 12, 40, 5_000)):
        place = rng.integers(levels, size=rows)
        drive += 0.3 * (place % 3 == 0)
        frame[f"category_{k}"] = pd.Series(np.array([f"level {i}" for i in range(levels)])[place])
    for k in range(3):
        flag = rng.random(rows) < 0.3
        drive += 0.3 * flag
        frame[f"flag_{k}"] = flag
    for k in range(2):
        frame[f"date_{k}"] = pd.Timestamp("2023-01-01") + pd.to_timedelta(
            rng.integers(700, size=rows), unit="D"
        )
    drive += frame["number_1"] * frame["number_2"] * 0.4
    y = (rng.random(rows) < 1 / (1 + np.exp(2.2 - drive))).astype(np.int64)
    return pd.DataFrame(frame), y


def reference(x: np.ndarray, y: np.ndarray, valid: np.ndarray, y_valid: np.ndarray) -> dict[str, float]:
    """Seconds of each model's own fit in scikit-learn, with the same settings."""
    data = classifiers.prepared(x[:100], y[:100], valid, y_valid, 2)
    data = estimators.Data(x, y, valid, y_valid, data.scaler, data.scaled, 2)
    half = np.random.default_rng([0, 31]).permutation(len(y)) % 2 == 0
    took = {}

    def timed(name: str, work: Any) -> Any:
        began = time.perf_counter()
        found = work()
        took[name] = took.get(name, 0.0) + time.perf_counter() - began
        return found

    with estimators.one_core():
        tree = DecisionTreeClassifier(
            criterion="entropy", min_samples_leaf=max(10, len(y) // 5_000), max_depth=16, random_state=0
        )
        timed("tree", lambda: tree.fit(x, y))
        timed("logistic", lambda: make_pipeline(StandardScaler(), estimators.logistic(data, 0)).fit(x, y))
        timed("svm", lambda: make_pipeline(StandardScaler(), estimators.svm(data, 0)).fit(x, y))
        timed("boosting", lambda: estimators.boosting(data, 0).fit(x, y, X_val=valid, y_val=y_valid))
        trees = timed("gbdt_lr", lambda: estimators.few_trees(data, 0).fit(x[half], y[half]))
        values = [np.unique(np.round(step, 10)) for step in estimators._steps(trees, x)]
        found = estimators.leaves(trees, x[~half], values)
        timed("gbdt_lr", lambda: estimators.leaf_logistic(data, 0).fit(found, y[~half]))
    return took


class Peak(threading.Thread):
    """The largest memory of this process, looked at every 20 ms."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.bytes = 0
        self.over = threading.Event()

    def run(self) -> None:
        process = psutil.Process()
        while not self.over.wait(0.02):
            self.bytes = max(self.bytes, process.memory_info().rss)


def run(rows: int = ROWS) -> dict[str, Any]:
    frame, y = table(rows)
    part = np.random.default_rng(1).permutation(rows) % 100
    train, valid, test = part < 70, (part >= 70) & (part < 85), part >= 85
    tables = [frame[train], frame[valid], frame[test]]
    peak = Peak()
    peak.start()
    began, cpu = time.perf_counter(), time.process_time()
    fitted = classifiers.fit_all(tables[0], y[train], tables[1], y[valid], seed=0)
    fit_seconds, fit_cpu = time.perf_counter() - began, time.process_time() - cpu
    began = time.perf_counter()
    matrix = fitted["tree"].encoder.transform(tables[2])
    proba = {name: model.proba_of(matrix) for name, model in fitted.items()}
    score_seconds = time.perf_counter() - began
    began = time.perf_counter()
    found = {name: scores(y[test], p, threshold=fitted[name].threshold) for name, p in proba.items()}
    interval_seconds = time.perf_counter() - began
    peak.over.set()
    encoder = Encoder(tables[0])
    began, cpu = time.perf_counter(), time.process_time()
    own = reference(encoder.transform(tables[0]), y[train], encoder.transform(tables[1]), y[valid])
    own_cpu = time.process_time() - cpu
    total = fit_seconds + score_seconds + interval_seconds
    return {
        "rows": rows,
        "columns": len(frame.columns),
        "matrix_width": matrix.shape[1],
        "cpus": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 1),
        "fit_seconds": round(fit_seconds, 1),
        "fit_cpu_seconds": round(fit_cpu, 1),
        "seconds_of_each": {name: round(model.seconds, 1) for name, model in fitted.items()},
        "scoring_seconds": round(score_seconds, 1),
        "interval_seconds": round(interval_seconds, 1),
        "all_seconds": round(total, 1),
        "peak_mb": round(peak.bytes / 2**20),
        "own_fit_seconds": round(sum(own.values()), 1),
        "own_fit_cpu_seconds": round(own_cpu, 1),
        "own_seconds_of_each": {name: round(seconds, 1) for name, seconds in own.items()},
        "overhead_wall": round(fit_seconds / sum(own.values()), 2),
        "overhead_cpu": round(fit_cpu / own_cpu, 2),
        "roc_auc": {name: round(score["roc_auc"].value, 4) for name, score in found.items()},
        "max_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "holds": total < SECONDS and peak.bytes < BYTES and fit_cpu <= OVERHEAD * own_cpu,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    print(json.dumps(run(parser.parse_args().rows), indent=1))
