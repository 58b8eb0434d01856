"""The promises of the Anomalies page: planted anomalies of 20,000 users told from the rest, over three seeds.

run() -> dict, and `python -m tests.benchmarks.bench_anomalies [seeds] [users]` prints it.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from socialml import sample
from socialml.analyses import _anomalies_judge as judge
from socialml.analyses import anomalies
from socialml.artefacts import Table
from socialml.features import sequences, transactions
from socialml.progress import silent
from tests.tables import stored

USERS = 20_000
AS_OF = datetime(2025, 10, 1)


def inputs(shop: sample.Sample, *, months: bool = True, labels: bool = True) -> anomalies.Inputs:
    """What `prepare` reads after an import of the sample's orders, without the detour over files."""
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        orders = stored(con, "orders", shop.orders)
        lines, skipped = transactions.take(con, orders, AS_OF)
        keys, missed = planted(con, orders, shop)
        assert not missed
        history = None
        if months:
            taken = sequences.take(con, orders, stored(con, "users", shop.users), AS_OF)
            history = Table(sequences.to_table(taken))
    marks = pd.DataFrame({"key": np.zeros(0, np.uint64), "wrong": np.zeros(0, bool)})
    return anomalies.Inputs(
        "sample",
        "CNY",
        "shop",
        AS_OF,
        Table(lines),
        skipped,
        "amount",
        marks,
        keys if labels else None,
        history,
    )


def planted(con: duckdb.DuckDBPyConnection, orders: Any, shop: sample.Sample) -> tuple[np.ndarray, int]:
    """The keys of the planted anomalies, found as a list of a user's would be."""
    truth = shop.truth.anomalies
    if not truth.num_rows:
        return np.zeros(0, dtype=np.uint64), 0
    wanted = pa.table(
        {"order_id": truth["order_id"].cast(pa.string()), "amount": truth["amount"].cast(pa.float64())}
    )
    return transactions.match(con, orders, AS_OF, wanted)


def world(seed: int, users: int = USERS) -> dict[str, Any]:
    shop = sample.generate(users, seed=seed)
    read = inputs(shop)
    began = time.perf_counter()
    result = anomalies.compute(read, anomalies.Config(seed=seed), silent)
    seconds = time.perf_counter() - began
    table = result.scores.read(["user_id", "ts", "score"])
    told = result.compared.set_index("name")
    months = (
        result.months.read().slice(0, result.month_score["flagged"]).to_pandas() if result.months else None
    )
    truth = shop.truth.anomalies.to_pandas()
    bad = set(zip(truth["user_id"].astype(str), truth["ts"].dt.strftime("%Y-%m"), strict=True))
    hits = (
        np.mean(
            [
                pair in bad
                for pair in zip(months["user_id"], months["month"].dt.strftime("%Y-%m"), strict=True)
            ]
        )
        if months is not None
        else None
    )
    return {
        "seed": seed,
        "rows": table.num_rows,
        "seconds": round(seconds, 1),
        "roc_auc": round(float(told.loc["combined", "roc_auc"]), 5),
        "recall at 4.3% by mistake": round(float(told.loc["combined", "recall"]), 4),
        **{f"roc_auc of {name}": round(float(value), 5) for name, value in told["roc_auc"].items()},
        "flagged": result.flagged,
        "by chance": round(result.by_chance or 0.0, 1),
        **{name: round(result.rates[name], 4) for name in judge.RATES},
        "flagged months with a planted anomaly": round(float(hits), 3) if hits is not None else None,
        "LSTM's validation error over the running level's": round(
            float(result.curve["valid"].min() / result.curve["valid"].iloc[0]), 4
        ),
    }


def run(seeds: int = 3, users: int = USERS) -> dict[str, Any]:
    worlds = [world(seed, users) for seed in range(seeds)]
    auc = min(w["roc_auc"] for w in worlds)
    recall = min(w["recall at 4.3% by mistake"] for w in worlds)
    return {
        "least ROC AUC of planted anomalies (0.95)": auc,
        "least recall at a 4.3% false-positive rate (0.80)": recall,
        "seconds of the slowest": max(w["seconds"] for w in worlds),
        "holds": auc >= 0.95 and recall >= 0.80,
        "worlds": worlds,
    }


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    print(json.dumps(run(*numbers), indent=1, default=float))
