"""Frames and sample shops as the relations that the store gives, and their user table."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import duckdb
import pandas as pd

from socialml import sample
from socialml.features.users import user_table
from socialml.schema import EVENT_COLUMNS, USER_COLUMNS

AS_OF = datetime(2025, 10, 1)


def stored(con: duckdb.DuckDBPyConnection, kind: str, frame: pd.DataFrame) -> duckdb.DuckDBPyRelation:
    """A frame with some columns as the store gives it: all columns, typed. kind: events or users."""
    con.register(f"{kind}_frame", frame)
    cells = []
    for name, sql_type in USER_COLUMNS if kind == "users" else EVENT_COLUMNS:
        value = f'"{name}"' if name in frame.columns else "NULL"
        if name != "import_id":
            cells.append(f'CAST({value} AS {sql_type}) AS "{name}"')
    con.execute(f"CREATE OR REPLACE TABLE {kind} AS SELECT {', '.join(cells)} FROM {kind}_frame")
    return con.table(kind)


def rows(events: Any, users: Any, as_of: datetime = AS_OF) -> pd.DataFrame:
    """The user table, ordered by user."""
    return user_table(events, users, as_of).to_native().order("user_id").to_arrow_table().to_pandas()


def table_of(shop: sample.Sample, as_of: datetime = AS_OF) -> pd.DataFrame:
    """The user table of a sample shop, purchases from its orders."""
    log = shop.events.to_pandas().query("action != 'purchase'").assign(kind="events")
    orders = shop.orders.to_pandas().assign(kind="orders")
    orders["action"] = (orders["amount"] < 0).map({True: "refund", False: "purchase"})
    users = shop.users.to_pandas()
    frames = []
    for frame in (log, orders, users):
        for name in frame.columns[frame.dtypes == "category"]:
            frame[name] = frame[name].astype(object)
        frames.append(frame.rename(columns={"ts": "ts_local", "registered": "registered_local"}))
    with duckdb.connect() as con:
        events = stored(con, "events", pd.concat(frames[:2], ignore_index=True))
        return rows(events, stored(con, "users", frames[2]), as_of)
