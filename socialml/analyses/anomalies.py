"""Anomalies: purchases, customers' months, or points of a metric that are not as they should be.

prepare: order lines by customer and time, months, or the points of series. compute: how surprising each one is for
its own customer (or its own series), beside an isolation forest; nothing is learned from labels, which only judge.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from socialml.analyses import _anomalies_inputs as reading
from socialml.analyses import _anomalies_judge as judge
from socialml.analyses import _anomalies_labels as known
from socialml.analyses import _anomalies_words as told
from socialml.analyses import _checks as check
from socialml.artefacts import Table
from socialml.progress import Report, silent
from socialml.store import Store

Matched = known.Matched
match_labels = known.match
PURCHASE = (
    "user_id",
    "order_id",
    "ts",
    "item_id",
    "category",
    "device",
    "amount",
    "usual",
    "score",
    "forest",
)
POINT = ("series", "ts", "value", "usual", "score", "forest")


@dataclass(frozen=True, kw_only=True)
class Config:
    as_of: date | None = None  # the last day that counts; None: the last complete day
    share: float = 0.01  # flagged; about what a team can look at, and the page moves it
    threshold: float | None = None  # the least score flagged, in place of the share
    label: str | None = None  # a column of records that says which points are wrong
    value: str | None = None  # a column of records: what is measured; None: the only one of numbers
    series: str | None = None  # a column of records that names the series; None: each file is one
    months: bool = True  # customers' months too
    epochs: int | None = None  # of the LSTM; None: its own number, 0: no LSTM, only the running level
    seed: int = 0

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Config:
        """A Config from untrusted JSON values; UserError bad_config for each mistake."""
        of = check.fields(values, cls())
        if not isinstance(of["months"], bool):
            raise check.bad(f"months is {of['months']!r}; it is true or false.", "Choose true or false.")
        if of["threshold"] is not None:
            of["threshold"] = float(check.number("threshold", of["threshold"], 0.0, 1000.0))
        for name in ("label", "value", "series"):
            of[name] = check.text(name, of[name], "the name of a column")
        of["share"] = float(check.number("share", of["share"], 0.0001, 0.5))
        if of["epochs"] is not None:
            of["epochs"] = check.whole("epochs", of["epochs"], 0, 100)
        of["seed"], of["as_of"] = check.seed(of["seed"]), check.day("as_of", of["as_of"])
        return cls(**of)


@dataclass(frozen=True, eq=False)
class Inputs:
    dataset: str
    currency: str
    kind: str  # shop or series
    as_of: datetime | None  # exclusive
    rows: Table  # features.transactions.take, or key, series, ts, value
    skipped: dict[str, int]  # rows left out, by reason
    measured: str  # amount, or the column of the records
    marks: pd.DataFrame  # key, wrong: of the reviews so far
    labels: np.ndarray | None = None  # keys of all that is wrong, where somebody knows
    sequences: Table | None = None  # features.sequences
    months_missing: str = ""  # why there are none


@dataclass(frozen=True, eq=False)
class Result:
    """scores: every row, the most surprising first. key, PURCHASE or POINT, and for purchases surprise_amount,
    surprise_hour, surprise_device (each -ln p), before (the customer's earlier purchases), device_before (their
    other orders from the device), rule (what the customer's running level alone expects). usual: what the
    purchase or the point should have been.
    """

    dataset: str
    currency: str
    kind: str  # shop or series
    as_of: date | None  # the last day that counts
    n_rows: int
    n_groups: int  # customers or series
    measured: str
    share: float  # asked for
    threshold: float  # the least score flagged
    flagged: int
    chance: (
        pd.DataFrame
    )  # score, share: of rows that would reach it if nothing were wrong; empty where not known
    weights: dict[str, float]  # of the surprises
    refitted: int  # marks that set the weights; 0: equal ones
    rates: dict[str, Any]  # judge.as_metrics, by labels
    compared: pd.DataFrame  # judge.compared; empty without labels
    month_score: dict[str, Any]  # rows, flagged, model, error, floor_error of customers' months
    curve: pd.DataFrame  # epoch, train, valid of the LSTM
    queue: pd.DataFrame  # the highest scores of each of the last days, as in scores, with day
    cloud: pd.DataFrame  # a sample of all rows, as in scores
    scores: Table
    labels: np.ndarray | None = None  # those that the rates are from
    months: Table | None = None  # user_id, month, amount, usual, score, reason; highest first
    notes: list[str] = field(default_factory=list)

    @property
    def by_chance(self) -> float | None:
        """How many rows would be flagged if nothing were wrong; None where that is not known."""
        return judge.by_chance(self.chance, self.n_rows, self.threshold) if len(self.chance) else None

    def metrics(self) -> dict[str, Any]:
        """What the command line prints, apart from run_id."""
        told = self.compared.astype(object).where(self.compared.notna(), None)  # JSON knows no nan
        best = told.set_index("name").to_dict("index") if len(told) else {}
        own = best.get("combined", {})
        return {
            "kind": self.kind,
            "rows": self.n_rows,
            "groups": self.n_groups,
            "flagged": self.flagged,
            "threshold": self.threshold,
            "flagged_by_chance": self.by_chance,
            **self.rates,
            "roc_auc": own.get("roc_auc"),
            "roc_auc_low": own.get("low"),
            "roc_auc_high": own.get("high"),
            "recall_at_published_rate": own.get("recall"),
            "scores": best,
            "weights": self.weights,
            "marks_used": self.refitted,
            "months": self.month_score,
            "notes": self.notes,
        }


def run(store: Store, dataset: str, config: Config | None = None, report: Report = silent) -> Result:
    """Prepare, compute and record in this process; the recorded result."""
    from socialml.analyses import base

    return base.read_result(base.run("anomalies", store, dataset, config or Config(), report))


def prepare(store: Store, dataset: str, config: Config) -> Inputs:
    read = reading.shop if reading.is_shop(store, dataset) else reading.metric
    return Inputs(dataset=dataset, currency=store.dataset(dataset).currency, **read(store, dataset, config))


def compute(inputs: Inputs, config: Config, report: Report) -> Result:
    if inputs.kind == "shop":
        from socialml.analyses import _anomalies_shop as steps
    else:
        from socialml.analyses import _anomalies_series as steps  # type: ignore[no-redef]
    from socialml.models.threads import one_thread

    as_of = (inputs.as_of - timedelta(days=1)).date() if inputs.as_of else None
    with one_thread():
        made = steps.scored(inputs, config, report)
    return Result(
        dataset=inputs.dataset,
        currency=inputs.currency,
        kind=inputs.kind,
        as_of=as_of,
        measured=inputs.measured,
        share=config.share,
        labels=inputs.labels,
        **made,
    )


def ranking(
    result: Result, labels: np.ndarray | None = None, marks: pd.DataFrame | None = None
) -> judge.Ranking:
    """All rows by score with what is known of them now."""
    table = result.scores.read(["key", "score"])
    return judge.ranking(table["key"].to_numpy(), table["score"].to_numpy(), labels, marks)


def labels_of(result: Result, labels: np.ndarray | None) -> np.ndarray | None:
    """The dataset's list of what is wrong, where it is of these rows."""
    if result.kind == "shop":
        return labels
    return reading.those_of(result.scores.read(["key"])["key"].to_numpy(), labels)


def compare(result: Result, labels: np.ndarray) -> pd.DataFrame:
    """judge.compared with labels that were given after the run."""
    wanted = [name for name in result.scores.columns if name.startswith(("surprise_", "rule"))]
    size = "amount" if result.kind == "shop" else "value"
    frame = result.scores.read(["key", size, "score", "forest", *wanted]).to_pandas()
    return judge.compared(frame, np.isin(frame["key"].to_numpy(), labels))


def reasons(result: Result, rows: pd.DataFrame) -> list[str]:
    return told.of_purchases(rows) if result.kind == "shop" else told.of_points(rows)


def top(result: Result, rows: int) -> pd.DataFrame:
    """The first rows of `scores`, with a reason each."""
    frame = _head(result.scores, rows).to_pandas()
    return frame.assign(reason=pd.Series(reasons(result, frame), dtype=str))


def newest(result: Result, flagged: int) -> pd.DataFrame:
    """The newest of the first `flagged` rows, with its reason; empty where there is none."""
    if not flagged:
        return pd.DataFrame()
    place = int(_head(result.scores, flagged, ["ts"])["ts"].to_numpy().argmax())
    row = _head(result.scores, place + 1).slice(place, 1).to_pandas()
    return row.assign(reason=reasons(result, row))


def at_stake(result: Result, flagged: int) -> tuple[float, float]:
    """What the first `flagged` purchases are worth, and how much more than was expected: the dataset's currency."""
    head = _head(result.scores, flagged, ["amount", "usual"])
    paid, usual = (float(head[name].to_numpy().sum()) for name in ("amount", "usual"))
    return paid, paid - usual


def _head(table: Table, rows: int, columns: list[str] | None = None) -> pa.Table:
    """The first rows, without reading the rest of a file."""
    if table.path is None:
        return table.read(columns).slice(0, rows)
    with pq.ParquetFile(table.path) as file:
        first = next(file.iter_batches(batch_size=max(rows, 1), columns=columns), None)
        return pa.Table.from_batches(
            [first] if first is not None else [], file.schema_arrow if first is None else None
        )


def export(result: Result, threshold: float | None = None, *, flagged_only: bool = False) -> pa.Table:
    """Every row with its score, whether it is flagged, and for those that are the reason; for a spreadsheet."""
    least = result.threshold if threshold is None else threshold
    columns = list(PURCHASE if result.kind == "shop" else POINT)
    table = result.scores.read()
    count = int(np.searchsorted(-table["score"].to_numpy(), -least, side="right"))
    words = reasons(result, table.slice(0, count).to_pandas())
    if flagged_only:
        table = table.slice(0, count)
    rest = table.num_rows - count
    out = table.select(columns)
    out = out.append_column("flagged", pa.array([True] * count + [False] * rest))
    return out.append_column("reason", pa.array(words + [""] * rest, type=pa.string()))
