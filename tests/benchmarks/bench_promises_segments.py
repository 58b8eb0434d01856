"""The promises of the Segments page, counted whole: ten seeds, each kind left out, and noise.

run() -> dict, and `python -m tests.benchmarks.bench_promises_segments [seeds]` prints it.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import datetime
from datetime import time as clock
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.metrics import adjusted_rand_score

from socialml import sample
from socialml.analyses import segments
from socialml.artefacts import Table
from socialml.features.users import available, user_table
from socialml.models import preprocess
from socialml.progress import silent
from socialml.schema import EVENT_COLUMNS, USER_COLUMNS

# The planted kind that each archetype must hold.
ARCHETYPE_OF = {
    "frequent": "High-Frequency Buyers",
    "browser": "Low-Frequency Browsers",
    "social": "Socially Active Users",
    "price": "Price-Sensitive Users",
    "new": "New Users",
}
USERS = 5_000


def inputs(shop: sample.Sample) -> segments.Inputs:
    """What `prepare` reads after an import of the sample's three tables, without the detour over files."""
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        for name in ("events", "orders", "users"):
            con.register(f"{name}_raw", getattr(shop, name))
        seen = con.sql(
            f"{_as_stored('events', shop.events)} WHERE action NOT IN ('purchase', 'refund')"
            f" UNION ALL {_as_stored('orders', shop.orders)}"
        )
        people = con.sql(_as_stored("users", shop.users))
        as_of = datetime.combine(sample.END, clock())
        table = user_table(seen, people, as_of).to_native().order("user_id").to_arrow_table()
        found = available(seen, people)
    return segments.Inputs(
        "sample", "CNY", as_of, [n for n in table.column_names if n in found], Table(table)
    )


def _as_stored(kind: str, table: pa.Table) -> str:
    columns = USER_COLUMNS if kind == "users" else EVENT_COLUMNS
    source = {
        "ts_utc": "ts",
        "ts_local": "ts",
        "registered_utc": "registered",
        "registered_local": "registered",
    }
    parts = []
    for name, sql_type in columns:
        column = source.get(name, name)
        if name == "import_id":
            continue
        if name == "kind":
            value = f"'{kind}'"
        elif name == "action" and column not in table.column_names:
            value = "CASE WHEN amount < 0 THEN 'refund' ELSE 'purchase' END"
        else:
            value = column if column in table.column_names else "NULL"
        parts.append(f"CAST({value} AS {sql_type}) AS {name}")
    return f"SELECT {', '.join(parts)} FROM {kind}_raw"


def kinds(shop: sample.Sample, table: pa.Table) -> np.ndarray:
    """The planted kind of each user of the table."""
    planted = dict(zip(shop.truth.user_id.to_pylist(), shop.truth.kind, strict=True))
    return np.array([planted[user] for user in table["user_id"].to_pylist()])


def gaussian(read: segments.Inputs, seed: int) -> segments.Inputs:
    """A table of Gaussian noise with the covariance that the cleaned features of `read` have."""
    frame = read.table.read().to_pandas()
    fitted = preprocess.fit(frame[read.measured])
    z = fitted.transform(frame)
    noise = np.random.default_rng(seed).multivariate_normal(np.zeros(z.shape[1]), np.cov(z.T), len(z))
    made = pd.DataFrame(noise, columns=fitted.names)
    for column in ("recency_days", "frequency", "monetary"):
        made[column] = made.get(column, pd.Series(np.zeros(len(made))))
    made.insert(0, "user_id", frame["user_id"])
    return segments.Inputs("noise", "CNY", read.as_of, fitted.names, Table(pa.Table.from_pandas(made)))


def compute(read: segments.Inputs, **settings: Any) -> segments.Result:
    return segments.compute(read, segments.Config(**settings), silent)


def planted(seed: int) -> dict[str, Any]:
    """One sample shop with all five kinds, and noise with its covariance."""
    shop = sample.generate(USERS, seed=seed)
    read = inputs(shop)
    began = time.perf_counter()
    result = compute(read)
    seconds = time.perf_counter() - began
    truth = kinds(shop, read.table.read(["user_id"]))
    labels = result.users.read(["segment"])["segment"].to_numpy()
    noise = compute(gaussian(read, seed))
    return {
        "seed": seed,
        "ratio": result.k_elbow,
        "silhouette_peak": result.k_silhouette,
        "silhouette": round(float(result.by_k.set_index("k").loc[5, "silhouette"]), 3),
        "ari": round(float(adjusted_rand_score(truth, labels)), 4),
        "names_right": names_right(result, truth, labels),
        "least_confidence": round(float(result.segments["confidence"].min()), 2),
        "least_f1": round(float(result.segments["f1"].min()), 3),
        "fidelity": round(result.rule_fidelity, 3),
        "stability": round(result.stability_ari, 3),
        "verdict": result.verdict["label"],
        "seconds": round(seconds, 2),
        "noise_verdict": noise.verdict["label"],
        "noise_archetypes": int(noise.segments["archetype"].notna().sum()),
    }


def names_right(result: segments.Result, truth: np.ndarray, labels: np.ndarray) -> int:
    """How many segments carry the archetype of the kind that most of their users are."""
    right = 0
    for segment, name in zip(result.segments["id"], result.segments["name"], strict=True):
        found, counts = np.unique(truth[labels == segment], return_counts=True)
        right += name == ARCHETYPE_OF.get(str(found[counts.argmax()]))
    return right


def left_out(seed: int) -> dict[str, Any]:
    """The ratio rule's answer with each kind left out."""
    answers, verdicts = {}, {}
    for gone in sample.KINDS:
        shop = sample.generate(USERS, seed=seed, kinds=[kind for kind in sample.KINDS if kind != gone])
        result = compute(inputs(shop), k=None)
        answers[gone], verdicts[gone] = result.k_elbow, result.verdict["label"]
    return {"seed": seed, "ratio": answers, "verdict": verdicts}


def noise_shop(seed: int) -> dict[str, Any]:
    """A shop whose users have no kinds, through events and orders."""
    result = compute(inputs(sample.generate(USERS, seed=seed, noise=True)))
    best = result.by_k.set_index("k").loc[result.k_silhouette]
    return {
        "seed": seed,
        "verdict": result.verdict["label"],
        "archetypes": int(result.segments["archetype"].notna().sum()),
        "silhouette": round(float(best["silhouette"]), 3),
        "random": round(float(best["random"]), 3),
    }


def run(seeds: int = 10) -> dict[str, Any]:
    worlds = [planted(seed) for seed in range(seeds)]
    without = [left_out(seed) for seed in range(seeds)]
    shops = [noise_shop(seed) for seed in range(seeds)]
    return {
        "seeds": seeds,
        "ratio says 5": sum(world["ratio"] == 5 for world in worlds),
        "silhouette peaks at 5": sum(world["silhouette_peak"] == 5 for world in worlds),
        "least adjusted Rand index": min(world["ari"] for world in worlds),
        "all five names right": sum(world["names_right"] == 5 for world in worlds),
        "least F1 of a rule": min(world["least_f1"] for world in worlds),
        "ratio says 4 with one kind left out": {
            kind: sum(world["ratio"][kind] == 4 for world in without) for kind in sample.KINDS
        },
        "'no clear groups' told of 4 kinds": sum(
            "no" in v for world in without for v in world["verdict"].values()
        ),
        "noise of the same covariance: no clear groups, no archetype": sum(
            world["noise_verdict"] == "no clear groups" and not world["noise_archetypes"] for world in worlds
        ),
        "shop without kinds: no clear groups, no archetype": sum(
            shop["verdict"] == "no clear groups" and not shop["archetypes"] for shop in shops
        ),
        "worlds": worlds,
        "left_out": without,
        "noise_shops": shops,
    }


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else 10), indent=1, ensure_ascii=False))
