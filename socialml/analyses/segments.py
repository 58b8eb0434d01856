"""Segments: who the customers are. k-means on the user table, judged, named, explained.

prepare: the user table as of a day. compute: clean it, try k = 2..10, judge how many groups the data itself
suggests, cut it into k, then name and explain each segment and each user's place in it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from socialml.analyses import _segments as parts
from socialml.analyses import sentiment
from socialml.analyses._segments_config import K_LEAST, K_MOST, checked
from socialml.artefacts import Table
from socialml.features import snapshot
from socialml.features.users import FEATURES
from socialml.progress import Report, silent
from socialml.store import Store

SCATTER_USERS = 5_000
PLOT_USERS = 2_000


@dataclass(frozen=True, kw_only=True)
class Config:
    k: int | None = 5  # segments; None: as many as the ratio rule says
    k_min: int = K_LEAST  # the numbers tried
    k_max: int = K_MOST
    as_of: date | None = None  # the last day that counts; None: the last complete day
    features: tuple[str, ...] | None = (
        None  # what users are grouped by; None: SEGMENT_FEATURES, where measured
    )
    impute: str = "median"  # what stands in for an empty value: mean, median or mode
    log_skew: float | None = 1.0  # logs of features more skewed than this; None: never
    clip_iqr: float | None = 3.0  # outliers are clipped at so many interquartile ranges; None: never
    scale: str = "zscore"  # or minmax, none
    pca: float | None = None  # components, or a share of variance below 1; None: all features as they are
    seed: int = 0

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Config:
        """A Config from untrusted JSON values; UserError bad_config for each mistake."""
        return cls(**checked(values, cls(), tuple(parts.KNOWN)))


@dataclass(frozen=True, eq=False)
class Inputs:
    dataset: str
    currency: str
    as_of: datetime  # exclusive
    measured: list[str]  # the features that the data measures at all
    table: Table  # one row a user, ordered by user_id


@dataclass(frozen=True, eq=False)
class Result:
    """Everything the page shows; all tables name a segment by its number, 0 to k - 1.

    users: user_id, segment, recency_days, frequency, monetary, and why_1, why_2 (places in `features`, the
    two that tell most) with their plain values why_1_value, why_2_value.
    """

    dataset: str
    currency: str
    as_of: date  # the last day that counts
    n_users: int
    n_elbow: int  # users on whom the elbow was judged
    k: int
    k_elbow: int | None  # the ratio rule's
    k_kneed: int | None
    k_silhouette: int
    evidence: str  # one sentence
    verdict: dict[str, Any]  # see models.evidence.judge
    stability_ari: float
    rule_fidelity: float  # share of users who meet their own segment's rule and no other
    sse_total: float  # of k = 1
    explained: list[float]  # share of variance of the scatter's two axes
    features: list[dict[str, Any]]  # name, label, unit, help, used (in grouping), mean (of all users)
    unmeasured: list[str]  # labels of features that the data does not have
    by_k: pd.DataFrame  # k, sse, ratio, silhouette, low, high, exact, random, calinski, davies
    segments: pd.DataFrame  # id, name, archetype, confidence, users, share, purchases_per_month, rule, ...
    profile: pd.DataFrame  # segment, feature, label, unit, used, z, mean, mean_all
    preprocess: pd.DataFrame  # one row a feature: what was missing, clipped, changed
    silhouette_points: pd.DataFrame  # segment, value: at most PLOT_USERS users
    scatter: pd.DataFrame  # x, y, segment: at most SCATTER_USERS users
    centres: np.ndarray  # (k, used features) in the cleaned space, for matching with later runs
    users: Table
    # Each segment's rule: feature, at_least (else under), value.
    conditions: list[list[dict[str, Any]]] = field(default_factory=list)

    def metrics(self) -> dict[str, Any]:
        """What the command line prints, apart from run_id."""
        shown = ("id", "name", "confidence", "users", "share", "purchases_per_month", "rule", "strategy")
        tried = self.by_k.set_index("k")
        return {
            "users": self.n_users,
            "k": self.k,
            "k_elbow": self.k_elbow,
            "k_kneed": self.k_kneed,
            "k_silhouette": self.k_silhouette,
            "evidence": self.evidence,
            "sse": {str(k): float(value) for k, value in tried["sse"].items()},
            "silhouette": {
                str(k): {
                    "mean": float(row["silhouette"]),
                    "low": float(row["low"]),
                    "high": float(row["high"]),
                }
                for k, row in tried.iterrows()
            },
            "stability_ari": self.stability_ari,
            "rule_fidelity": self.rule_fidelity,
            "segments": [
                {name: _plain(row[name]) for name in shown} for row in self.segments.to_dict("records")
            ],
        }


def run(store: Store, dataset: str, config: Config | None = None, report: Report = silent) -> Result:
    """Prepare, compute and record in this process; the recorded result."""
    from socialml.analyses import base

    return base.read_result(base.run("segments", store, dataset, config or Config(), report))


def prepare(store: Store, dataset: str, config: Config) -> Inputs:
    taken = snapshot.take(store, dataset, config.as_of, sentiment.newest(store, dataset))
    currency = store.dataset(dataset).currency
    return Inputs(dataset, currency, taken.as_of, list(taken.measured), Table(taken.table))


def compute(inputs: Inputs, config: Config, report: Report) -> Result:
    from socialml.models import evidence, kmeans, reasons, rules, silhouette

    steps = parts.Steps(report, config.k_max - config.k_min + 8)
    steps("Cleaning the table of customers")
    frame = inputs.table.read().to_pandas()
    users = len(frame)
    least = config.k or config.k_min
    kmeans.check_users(users, least)
    z, names, used, x, cleaned = parts.clean(frame, inputs.measured, config)

    ks = range(config.k_min, kmeans.largest_k(x, least, config.k_max) + 1)
    swept = kmeans.sweep(x, ks, seed=config.seed, on_k=lambda k: steps(f"Grouped into {k} segments"))
    k_elbow = kmeans.elbow_by_ratio(swept.sse)
    everyone = len(swept.rows) == users
    labellings = {
        k: fit.labels if everyone else kmeans.predict(x, fit.centres) for k, fit in swept.fits.items()
    }
    k = config.k or k_elbow or max(ks)  # without an elbow there is one k to choose from, or two
    fit = swept.fits[k]
    if not everyone:
        steps(f"Cutting all {users:,} customers into {k} segments")
        fit = kmeans.fit(x, k, seed=config.seed, start=fit.centres)
        labellings[k] = fit.labels
    steps("Measuring how distinct the groups are")
    random = evidence.floor(x[swept.rows], ks, seed=config.seed)
    measured = silhouette.silhouettes(x, labellings, seed=config.seed)
    k_silhouette = max(measured, key=lambda k: measured[k].mean)
    verdict = evidence.judge(k_elbow, {k: found.mean for k, found in measured.items()}, random)

    steps("Naming the segments")
    means, labels, centres, table = parts.named(z, names, fit, archetypes=verdict["kind"] != "none")
    plain = {name: frame[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in names}
    steps("Finding a short rule for each")
    found_rules = rules.find(plain, labels, k, seed=config.seed)
    steps("Checking that the segments are found again")
    stability = kmeans.stability(x, labels, k, seed=config.seed)
    steps("Writing down why each customer is where they are")
    picked = reasons.choose(z, np.column_stack([np.isfinite(plain[name]) for name in names]), labels, k)
    features = parts.features(names, used, plain)
    parts.describe(table, labels, plain.get("purchases_per_month"), found_rules, inputs.currency)
    scatter, explained = parts.scatter(x, labels, SCATTER_USERS, config.seed)
    return Result(
        dataset=inputs.dataset,
        currency=inputs.currency,
        as_of=(inputs.as_of - timedelta(days=1)).date(),
        n_users=users,
        n_elbow=len(swept.rows),
        k=k,
        k_elbow=k_elbow,
        k_kneed=kmeans.elbow_by_kneed(swept.sse),
        k_silhouette=k_silhouette,
        evidence=verdict["sentence"],
        verdict=verdict,
        stability_ari=stability,
        rule_fidelity=rules.fidelity(found_rules, plain, labels),
        sse_total=swept.sse[1],
        explained=explained,
        features=features,
        unmeasured=[feature.label for name, feature in FEATURES.items() if name not in inputs.measured],
        by_k=parts.by_k(swept, measured, random),
        segments=table,
        profile=parts.profile(means, plain, labels, features),
        preprocess=cleaned,
        silhouette_points=parts.silhouette_points(measured[k], labels, PLOT_USERS, config.seed),
        scatter=scatter,
        centres=centres,
        users=parts.users(frame, labels, picked, plain, names),
        conditions=[[vars(condition) for condition in rule.conditions] for rule in found_rules],
    )


def export(result: Result, names: dict[int, str] | None = None) -> pa.Table:
    """Each customer with segment, reason and action; `names`: the user's own names for segments."""
    table = result.users.read()
    called = [str(name) for name in result.segments["name"]]
    for segment, name in (names or {}).items():
        called[segment] = name
    segment = table["segment"].combine_chunks().cast(pa.int32())

    def each(texts: list[str]) -> pa.Array:
        return pa.DictionaryArray.from_arrays(segment, pa.array(texts, pa.string())).dictionary_decode()

    return pa.table(
        {
            "user_id": table["user_id"],
            "segment": each(called),
            "reason": parts.sentences(table, result.features, result.currency),
            "recency": table["recency_days"],
            "frequency": table["frequency"],
            "monetary": table["monetary"],
            "as_of": pa.repeat(pa.scalar(result.as_of.isoformat()), table.num_rows),
            "action": each([str(text) for text in result.segments["strategy"]]),
        }
    )


def reason(result: Result, user_id: str) -> str | None:
    """Why one customer is in its segment, or None when the run does not know the customer."""
    import pyarrow.parquet as pq

    path = result.users.path
    wanted = [("user_id", "==", user_id)]
    table = pq.read_table(path, filters=wanted, partitioning=None) if path else result.users.read()
    if path is None:
        table = table.filter(pa.compute.equal(table["user_id"], user_id))
    return parts.sentences(table, result.features, result.currency)[0].as_py() if table.num_rows else None


def _plain(value: Any) -> Any:
    """A cell as a JSON value; no number is null."""
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and math.isnan(value) else value
