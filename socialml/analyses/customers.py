"""Customers: who will buy, who is worth most, who is about to leave, or what decides a column of any table.

prepare: rows of (customer, cutoff), features from before it, outcomes from after it. compute: for each task
five models and the floors, judged on customers and months that nothing was learned from; then everybody as
they are now, ranked. With `target`, one task on the columns of a records table instead.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from socialml import words
from socialml.analyses import _customers_inputs as reading
from socialml.analyses._customers_config import MODELS, checked
from socialml.artefacts import Table
from socialml.progress import Report, silent
from socialml.store import Store


@dataclass(frozen=True, kw_only=True)
class Config:
    target: str | None = None  # a column of records; None: the shop's customers
    drop: tuple[str, ...] = ()  # columns of records left out: known only afterwards
    known: tuple[str, ...] = ()  # columns that were asked about and are known before
    models: tuple[str, ...] = MODELS
    high_income_quantile: float = 0.6  # high-value: income at least this quantile of all
    high_orders_quantile: float = 0.7  # and at least as many orders in a month as this quantile
    potential_orders_most: int = 3  # potential: at most so many orders in a month
    potential_promotions_least: int = 1  # and at least so many offers taken
    churn_days: int = 60  # no order for so long is leaving
    folds: int = 5  # cross-validation of a records target; 0: none
    train_rows_most: int = 60_000  # a sample of the training rows above this
    as_of: date | None = None  # the last day that counts; None: the last complete day
    seed: int = 0

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Config:
        """A Config from untrusted JSON values; UserError bad_config for each mistake."""
        return cls(**checked(values, cls()))


@dataclass(frozen=True, eq=False)
class Inputs:
    dataset: str
    currency: str
    kind: str  # shop or records
    as_of: datetime | None  # exclusive
    measured: list[str]  # features that every cutoff measures
    windows: list[dict[str, str]]  # part, cutoff, until
    rows: Table  # features.cutoffs.Rows, or the records
    now: Table | None = None  # everybody as of as_of
    late: list[str] = field(default_factory=list)  # features measured now, but not at every cutoff
    churn: Table | None = None  # rows with windows of churn_days
    churn_missing: str = ""  # why there are none
    baskets: Table | None = None  # user_id, category
    segments: Table | None = None  # user_id, segment: of the newest run of segments


@dataclass(frozen=True, eq=False)
class Result:
    """Everything the page shows. All frames name a task in their first column.

    customers: everybody, likeliest buyer first; see _customers_lists.customers.
    """

    dataset: str
    currency: str
    kind: str
    as_of: date | None  # the last day that counts
    n_users: int  # or rows of the records
    target: str | None
    columns: list[str]  # of the records, to choose from
    thresholds: dict[str, Any]
    windows: list[dict[str, str]]
    tasks: list[dict[str, Any]]
    skipped: list[dict[str, str]]  # task, label, reason
    questions: list[dict[str, Any]]  # columns that may be known only afterwards: column, score, why
    churn: dict[str, Any]  # days, active customers, of them about to leave
    feature_labels: dict[str, str]  # column of `customers` -> unit
    scores: pd.DataFrame  # task, model, label, metric, value, low, high, floor, chosen, on_validation
    curves: pd.DataFrame  # task, curve (roc, pr, calibration, gain), model and the curve's own columns
    confusion: pd.DataFrame  # task, actual, predicted, rows
    importance: pd.DataFrame
    tree: pd.DataFrame  # see models.treeview
    pruning: pd.DataFrame
    fairness: pd.DataFrame
    folds: pd.DataFrame  # model, label, fold (-1: mean), n, roc_auc, brier, task: cross-validation
    precursors: pd.DataFrame  # feature, leaves, stays, difference
    rules: pd.DataFrame  # if_bought, then, support, confidence, lift, customers, date
    customers: Table
    notes: list[str] = field(default_factory=list)

    def metrics(self) -> dict[str, Any]:
        """What the command line prints, apart from run_id."""
        return {
            "tasks": self.tasks,
            "skipped": self.skipped,
            "thresholds": self.thresholds,
            "questions": self.questions,
            "churn": self.churn,
            "cross_validation": self.folds.to_dict("records"),
        }


def run(store: Store, dataset: str, config: Config | None = None, report: Report = silent) -> Result:
    """Prepare, compute and record in this process; the recorded result."""
    from socialml.analyses import base

    return base.read_result(base.run("customers", store, dataset, config or Config(), report))


def prepare(store: Store, dataset: str, config: Config) -> Inputs:
    currency = store.dataset(dataset).currency
    if config.target is not None:
        return Inputs(
            dataset, currency, "records", None, [], [], Table(reading.records(store, dataset, config.target))
        )
    return Inputs(
        **{"dataset": dataset, "currency": currency, "kind": "shop", **reading.shop(store, dataset, config)}
    )


def compute(inputs: Inputs, config: Config, report: Report) -> Result:
    from socialml.analyses import _customers_compute as steps

    made = (
        steps.of_records(inputs, config, report)
        if inputs.kind == "records"
        else steps.of_shop(inputs, config, report)
    )
    as_of = (inputs.as_of - timedelta(days=1)).date() if inputs.as_of else None
    return Result(
        dataset=inputs.dataset,
        currency=inputs.currency,
        kind=inputs.kind,
        as_of=as_of,
        target=config.target,
        windows=inputs.windows,
        **made,
    )


def export(result: Result, least: float = 0.0) -> pa.Table:
    """The customers with at least this probability to buy, likeliest first; for a spreadsheet."""
    if result.kind == "records":
        table = result.customers.read()
        return table.filter(pc.greater_equal(table["probability"], least)) if least > 0 else table
    wanted = ["user_id", "probability", "class", "leaving", "segment", "tags", "reason"]
    table = result.customers.read(wanted)
    if least > 0:
        table = table.filter(pc.greater_equal(table["probability"], least))
    reasons = table["reason"].combine_chunks().dictionary_encode()
    said = [
        words.rules(text, result.feature_labels, result.currency) for text in reasons.dictionary.to_pylist()
    ]
    table = table.set_column(
        table.column_names.index("reason"), "reason", pa.array(said, pa.string()).take(reasons.indices)
    )
    return table.append_column("as_of", pa.repeat(pa.scalar(str(result.as_of)), table.num_rows))


def reason(result: Result, name: str) -> tuple[dict[str, Any], list[str]] | None:
    """One customer's row (or the row of the records with this number) and the way through the tree in sentences.

    None when the run does not know it: of records the test part alone is known.
    """
    import pyarrow.parquet as pq

    from socialml.models import treeview

    key, task, classes = "user_id", "purchase", ["no order", "an order"]
    wanted: str | int = name
    if result.kind == "records":
        if not (name.isascii() and name.isdigit()) or len(name) > 18:
            return None
        key, wanted = result.customers.columns[0], int(name)  # 'row', or '_row' beside a column of that name
        task, classes = "target", next(item["classes"] for item in result.tasks if item["task"] == "target")
    path = result.customers.path
    if path:
        table = pq.read_table(path, filters=[(key, "==", wanted)], partitioning=None)
    else:
        whole = result.customers.read()
        table = whole.filter(pc.equal(whole[key], wanted))
    if not table.num_rows:
        return None
    row = table.slice(0, 1).to_pylist()[0]
    nodes = result.tree[result.tree["task"] == task]
    told = treeview.sentences(nodes.dropna(axis="columns", how="all"), row, classes) if len(nodes) else []
    return row, [words.rules(step, result.feature_labels, result.currency) for step in told]
