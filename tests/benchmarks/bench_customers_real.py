"""The promises of the Customers page on public data, whole: all models, five folds.

python -m tests.benchmarks.bench_customers_real prints what was measured; needs SOCIALML_REAL_DATA.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from socialml.analyses import customers
from socialml.ingest import ingest_file
from socialml.store import Store

LEAST = {
    "online_shoppers": 0.925,
    "online_shoppers, without what is asked about": 0.77,
    "vehicle_coupon": 0.81,
}


def cases(store: Store, file: Path, name: str, target: str) -> dict[str, Any]:
    """Of one table of cases: five-fold ROC AUC of the model chosen, and the columns asked about."""
    ingest_file(store, file, name, kind="records")
    began = time.perf_counter()
    result = customers.run(store, name, customers.Config(target=target))
    seconds = time.perf_counter() - began
    means = result.folds[result.folds["fold"] == -1].set_index("task")
    found = {
        "asked about": [question["column"] for question in result.questions],
        "seconds": round(seconds, 1),
    }
    for task in result.tasks:
        key = "with all columns" if task["task"] == "target" else "without what is asked about"
        found[key] = {
            "model": task["model"],
            "folds": round(float(means.loc[task["task"], "roc_auc"]), 4),
            "test": round(task["roc_auc"], 4),
        }
    return found


def retail(store: Store, file: Path) -> dict[str, Any]:
    """Purchase next month: the model chosen, each model and each rule."""
    ingest_file(store, file, "retail", currency="GBP", timezone="Europe/London")
    began = time.perf_counter()
    result = customers.run(store, "retail", customers.Config())
    seconds = time.perf_counter() - began
    task = next(task for task in result.tasks if task["task"] == "purchase")
    own = result.scores[result.scores["task"] == "purchase"]
    table = own.pivot_table(index="model", columns="metric", values="value")[["roc_auc", "average_precision"]]
    return {
        "model": task["model"],
        "average_precision": [round(task[f"average_precision{end}"], 4) for end in ("", "_low", "_high")],
        "roc_auc": [round(task[f"roc_auc{end}"], 4) for end in ("", "_low", "_high")],
        "each": table.round(4).to_dict("index"),
        "n_test": task["n_test"],
        "seconds": round(seconds, 1),
    }


def run() -> dict[str, Any]:
    folder = os.environ.get("SOCIALML_REAL_DATA")
    if not folder:
        return {"skipped": "SOCIALML_REAL_DATA is not set"}
    data = Path(folder)
    with tempfile.TemporaryDirectory() as scratch, Store(Path(scratch) / "s.duckdb") as store:
        visits = cases(store, data / "online_shoppers" / "online_shoppers_intention.csv", "visits", "Revenue")
        coupons = cases(
            store, data / "vehicle_coupon" / "in-vehicle-coupon-recommendation.csv", "coupons", "Y"
        )
        orders = retail(store, data / "online_retail" / "online_retail.parquet")
    folds = (
        visits["with all columns"]["folds"],
        visits["without what is asked about"]["folds"],
        coupons["with all columns"]["folds"],
    )
    each = orders["each"]
    return {
        "online_shoppers": visits,
        "vehicle_coupon": coupons,
        "online_retail": orders,
        "holds": all(value >= least for value, least in zip(folds, LEAST.values(), strict=True))
        and visits["asked about"] == ["PageValues"]
        and each[orders["model"]]["average_precision"] > each["rfm"]["average_precision"],
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
