"""Rows put into a store by hand, for tests of what lies above the import."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from socialml.schema import CREATOR_COLUMNS, EVENT_COLUMNS, USER_COLUMNS
from socialml.store import ImportInfo, Store

ARROW = {
    "VARCHAR": pa.string(),
    "TIMESTAMP": pa.timestamp("us"),
    "DOUBLE": pa.float64(),
    "BIGINT": pa.int64(),
    "DECIMAL(18,4)": pa.decimal128(18, 4),
}


def staged(
    store: Store, rows: list[dict[str, Any]], columns: tuple[tuple[str, str], ...], name: str = "a"
) -> Path:
    """Rows as a staged file: canonical columns, missing ones null."""
    wanted = [(column, ARROW[kind]) for column, kind in columns if column != "import_id"]
    table = pa.table(
        {
            column: pa.array(
                [row.get(column) for row in rows], type=pa.float64() if pa.types.is_decimal(kind) else kind
            ).cast(kind)
            for column, kind in wanted
        }
    )
    path = store.inbox / f"{name}.parquet"
    pq.write_table(table, path)
    return path


def receipt(rows: int, file: str = "a.csv", **more: Any) -> dict[str, Any]:
    return {"file": file, "rows_read": rows, "rows_accepted": rows, "rows_rejected": 0, **more}


def order(
    user: str | None, day: int, amount: float, action: str = "purchase", kind: str = "orders"
) -> dict[str, Any]:
    when = datetime(2024, 1, day, 12)
    return {
        "kind": kind,
        "user_id": user,
        "ts_utc": when,
        "ts_local": when,
        "action": action,
        "amount": amount,
    }


def add(
    store: Store, rows: list[dict[str, Any]], kind: str = "orders", file: str = "a.csv", **more: Any
) -> ImportInfo:
    columns = {"users": USER_COLUMNS, "creators": CREATOR_COLUMNS}.get(kind, EVENT_COLUMNS)
    return store.add_import("shop", kind, staged(store, rows, columns), receipt(len(rows), file, **more))
