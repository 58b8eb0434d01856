"""What the anomalies analysis reads from the store."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
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
    keys = points.table["key"].to_numpy()
    if config.label is None:
        labels = those_of(keys, store.labels(dataset))
    else:
        labels = keys[_true(points.table["wrong"])]
    return {
        "kind": "series", "as_of": None, "rows": Table(points.table.drop_columns(["wrong"])),
        "skipped": {"repeated": points.repeated, "empty": points.empty, "short": len(points.short),
                    "same": points.same},
        "measured": points.value, "labels": labels, "marks": store.marks(dataset)[["key", "wrong"]],
    }  # fmt: skip


def those_of(keys: NDArray[np.uint64], labels: NDArray[np.uint64] | None) -> NDArray[np.uint64] | None:
    """The labels; None where they are of other series than these points, which they then say nothing of."""
    return labels if labels is not None and np.isin(labels, keys).any() else None


def _true(column: pa.ChunkedArray) -> NDArray[np.bool_]:
    return column.fill_null(False).to_numpy()
