"""Frames and sample shops as the relations that the store gives, and their user table."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from socialml import sample
from socialml.features.users import user_table
from socialml.schema import EVENT_COLUMNS, USER_COLUMNS

AS_OF = datetime(2025, 10, 1)


def stored(
    con: duckdb.DuckDBPyConnection, kind: str, frame: pd.DataFrame | pa.Table
) -> duckdb.DuckDBPyRelation:
    """Rows with some columns as the store gives them: all columns, typed. kind: events, orders or users."""
    con.register(f"{kind}_frame", frame)
    known = set(con.table(f"{kind}_frame").columns)
    source = {"ts_local": "ts", "registered_local": "registered"}
    cells = []
    for name, sql_type in USER_COLUMNS if kind == "users" else EVENT_COLUMNS:
        found = next((column for column in (name, source.get(name)) if column in known), None)
        value = f'"{found}"' if found else "NULL"
        if name == "action" and kind == "orders":
            value = "CASE WHEN amount < 0 THEN 'refund' ELSE 'purchase' END"
        if name != "import_id":
            cells.append(f'CAST({value} AS {sql_type}) AS "{name}"')
    con.execute(f"CREATE OR REPLACE TABLE {kind} AS SELECT {', '.join(cells)} FROM {kind}_frame")
    return con.table(kind)


def rows(events: Any, users: Any, as_of: datetime = AS_OF) -> pd.DataFrame:
    """The user table, ordered by user."""
    return user_table(events, users, as_of).to_native().order("user_id").to_arrow_table().to_pandas()


def table_of(shop: sample.Sample, as_of: datetime = AS_OF) -> pd.DataFrame:
    """The user table of a sample shop, purchases from its orders."""
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        log = stored(con, "events", shop.events).filter("action <> 'purchase'")
        events = log.union(stored(con, "orders", shop.orders))
        return rows(events, stored(con, "users", shop.users), as_of)
