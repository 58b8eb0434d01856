"""What the anomalies analysis reads from the store."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from socialml.artefacts import Table
from socialml.errors import UserError
from socialml.features import sequences, series, transactions
from socialml.store import Store

if TYPE_CHECKING:
    from socialml.analyses.anomalies import Config


def is_shop(store: Store, dataset: str) -> bool:
    return bool({"orders", "events"} & set(store.tables(dataset)))


def until(store: Store, dataset: str, config: Config) -> datetime:
    """The end of the last day that counts, exclusive."""
    if config.as_of is None:
        return store.as_of(dataset)
    return datetime(config.as_of.year, config.as_of.month, config.as_of.day) + timedelta(days=1)


def shop(store: Store, dataset: str, config: Config) -> dict[str, Any]:
    """The fields of Inputs for a dataset with purchases."""
    if config.label is not None:
        raise UserError(
            "label_of_orders",
            f"Orders keep no column '{config.label}': only what an order line always has is stored.",
            "Give a file with the numbers of the wrong orders: --labels FILE.csv with order_id and amount.",
        )
    end = until(store, dataset, config)
    months: dict[str, Any] = {"sequences": None, "months_missing": "Months were not asked for."}
    with store.read() as con:
        events = store.events(con, dataset, until=end)
        lines, skipped = transactions.take(con, events, end)
        if config.months:
            try:
                users = store.users(con, dataset)
                taken = sequences.take(con, events, users, datetime(end.year, end.month, 1))
                months = {"sequences": Table(sequences.to_table(taken)), "months_missing": ""}
            except UserError as error:
                months["months_missing"] = error.message
    return {
        "kind": "shop", "as_of": end, "rows": Table(lines), "skipped": skipped, "measured": "amount", **months,
        "labels": store.labels(dataset), "marks": store.marks(dataset)[["key", "wrong"]],
    }  # fmt: skip


def metric(store: Store, dataset: str, config: Config) -> dict[str, Any]:
    """The fields of Inputs for a dataset of series."""
    with store.read() as con:
        points = series.take(
            store, con, dataset, value=config.value, series=config.series, label=config.label
        )
    labels = store.labels(dataset)
    if config.label is not None:
        labels = points.table["key"].to_numpy()[_true(points.table["wrong"])]
    return {
        "kind": "series", "as_of": None, "rows": Table(points.table.drop_columns(["wrong"])),
        "skipped": {"repeated": points.repeated, "empty": points.empty, "short": len(points.short),
                    "same": points.same},
        "measured": points.value, "labels": labels, "marks": store.marks(dataset)[["key", "wrong"]],
    }  # fmt: skip


def _true(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    return column.fill_null(False).to_numpy()


def match_labels(store: Store, dataset: str, wanted: pd.DataFrame) -> tuple[NDArray[np.uint64], int]:
    """Keys of the purchases that a list of wrong ones names, and how many of its rows name none.

    wanted: the columns of the file as texts, among them order_id, and amount where lines of one order differ.
    UserError no_column, no_label_found.
    """
    names = {str(name).strip().lower(): name for name in wanted}
    if "order_id" not in names:
        raise UserError(
            "no_column",
            f"The list of wrong purchases has no column 'order_id'; it has {', '.join(map(str, wanted)) or 'none'}.",
            "Give a CSV with order_id, and amount where an order has several lines.",
        )
    amount = (
        pd.to_numeric(wanted[names["amount"]], errors="coerce")
        if "amount" in names
        else pd.Series(np.nan, index=wanted.index)
    )
    table = pa.table(
        {
            "order_id": pa.array(wanted[names["order_id"]].astype(str).str.strip(), type=pa.string()),
            "amount": pa.array(amount, type=pa.float64(), from_pandas=True),
        }
    )
    with store.read() as con:
        found, missed = transactions.match(con, store.events(con, dataset), datetime.max, table)
    if not len(found):
        raise UserError(
            "no_label_found",
            f"None of the {len(wanted):,} rows of the list names a purchase of '{dataset}'.",
            "Check that order_id and amount are written as in the orders.",
        )
    return found, missed
