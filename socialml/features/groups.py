"""Questions to a run's table of customers, answered in SQL without loading it."""

from __future__ import annotations

import pandas as pd

from socialml.artefacts import Table
from socialml.store import Store
from socialml.store.sql import one_file


def _file(users: Table) -> str:
    if users.path is None:
        raise ValueError("the table is not on disk")
    return one_file(users.path)


def value(store: Store, users: Table) -> pd.DataFrame:
    """One row a segment: users, revenue (all that was paid, net), revenue_share."""
    with store.read() as con:
        frame = con.execute(
            "SELECT segment::INTEGER AS segment, sum(monetary) AS revenue"
            f" FROM read_parquet({_file(users)}) GROUP BY 1 ORDER BY 1"
        ).df()
    total = frame["revenue"].sum()
    return frame.assign(revenue_share=frame["revenue"] / total if total > 0 else float("nan"))


def member(store: Store, users: Table, user_id: str) -> int | None:
    """The segment of one customer; None when the run does not know them."""
    with store.read() as con:
        row = con.execute(
            f"SELECT segment FROM read_parquet({_file(users)}) WHERE user_id = ? LIMIT 1", [user_id]
        ).fetchone()
    return int(row[0]) if row else None
