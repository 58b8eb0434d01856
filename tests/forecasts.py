"""Inputs of the forecast from a sample shop, without a store."""

from __future__ import annotations

from datetime import date, datetime

import duckdb
import pandas as pd

from socialml import sample
from socialml.analyses.forecast import Inputs
from socialml.artefacts import Table
from socialml.features import sequences
from tests.tables import stored


def inputs(
    users: int, seed: int = 0, until: date = date(2025, 10, 1), shop: sample.Sample | None = None
) -> Inputs:
    """The month that begins with `until` is forecast."""
    shop = shop or sample.generate(users, seed=seed)
    midnight = datetime(until.year, until.month, until.day)
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        log = stored(con, "events", shop.events).filter("action <> 'purchase'")
        rows = log.union(stored(con, "orders", shop.orders))
        seq = sequences.take(con, rows, stored(con, "users", shop.users), midnight)
    revenue = pd.DataFrame(
        {"month": [f"{month:%Y-%m}" for month in seq.months], "revenue": seq.amount.sum(axis=0)}
    )
    return Inputs(
        dataset="sample", currency="CNY", as_of=midnight, target=until, sequences=Table(sequences.to_table(seq)),
        months=revenue, actual=None, flagged=None, segments=None, segment_names=[], before=None, measured=[],
    )  # fmt: skip
