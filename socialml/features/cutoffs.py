"""Rows to learn from: one for each customer and cutoff; features from before it, outcomes from after it.

No feature reads a row at or after its cutoff, no outcome one before it. Customers are hashed into three parts,
so that nobody is both learned from and judged on: training users stand at the earlier cutoffs, validation
users at the last but one, test users at the last.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from socialml.errors import UserError
from socialml.features import rhythm
from socialml.features.comments import TONE, with_tone
from socialml.features.users import FEATURES, Feature, available, user_table

SHARES = {"train": (0, 70), "valid": (70, 85), "test": (85, 100)}  # hundredths of the customers, by hash
LEAST_HISTORY = timedelta(days=28)  # before a cutoff; with less, every customer is new
PEOPLE = ("gender", "age", "region", "income", "device", "platform")  # what is known of a person, undated
OUTCOMES = ("out_orders", "out_spent", "out_reduced", "out_promotions")

HISTORY: dict[str, Feature] = {
    "orders_30": Feature(label="Orders, last 30 days", unit="orders", help="Different orders."),
    "orders_60": Feature(label="Orders, 31 to 60 days ago", unit="orders", help="Different orders."),
    "orders_180": Feature(label="Orders, last 180 days", unit="orders", help="Different orders."),
    "spent_90": Feature(label="Spent, last 90 days", unit="money", help="Paid, before refunds."),
    "reduced_30": Feature(
        label="Orders at a discount, last 30 days", unit="orders", help="Orders with money off."
    ),
    "promotions_30": Feature(
        label="Promotions opened, last 30 days", unit="promotions", help="Coupons and offers opened."
    ),
    "months_share": Feature(
        label="Share of months with an order",
        unit="share",
        help="Of the last twelve months of 30 days, or since they joined.",
    ),
    "rate": Feature(
        label="Orders a month since the first visit",
        unit="orders",
        help="Per 30 days in which they could be seen.",
    ),
    "silence": Feature(
        label="Orders missed by their own rhythm",
        unit="orders",
        help="Days since the last order, times how many orders a day there were until then."
        " A high number: somebody who used to buy often has gone quiet.",
    ),
    "alive": Feature(
        label="Chance that they still buy here",
        unit="share",
        help="From their own rhythm, the time since the last order, and what became of others like them.",
    ),
    "chance": Feature(
        label="Chance of an order by their rhythm",
        unit="share",
        help="In 30 days: that they still buy here, and that an order falls into so many days.",
    ),
}
PERSON: dict[str, Feature] = {
    "gender": Feature(label="Gender", unit="", help=""),
    "age": Feature(label="Age", unit="years", help=""),
    "region": Feature(label="Region", unit="", help=""),
    "income": Feature(label="Monthly income", unit="money", help=""),
    "device": Feature(label="Device", unit="", help=""),
    "platform": Feature(label="Platform", unit="", help=""),
}
ALL: dict[str, Feature] = FEATURES | HISTORY | PERSON
KNOWN: dict[str, Feature] = ALL | TONE  # with what is there once comments have been scored


@dataclass(frozen=True)
class Window:
    part: str  # train, valid or test; all: every customer, without an outcome
    cutoff: datetime  # features see what was before
    until: datetime  # outcomes are from the cutoff to here


@dataclass(frozen=True, eq=False)
class Rows:
    """table: part, cutoff, user_id, ALL (and TONE), OUTCOMES; ordered by cutoff, part and user_id."""

    table: pa.Table
    measured: list[str]  # the features that the data measures at every one of the cutoffs


def months(first: datetime, as_of: datetime, training: int = 3) -> list[Window]:
    """Test at the last complete month, validation one month before, training at up to `training` before that."""
    end = datetime(as_of.year, as_of.month, 1)
    starts = [_month_before(end, back) for back in range(1, training + 2)]
    windows = [Window("test", starts[0], end), Window("valid", starts[1], starts[0])]
    windows += [Window("train", start, after) for after, start in pairwise(starts)]
    return _enough(windows, first, "three complete months")


def spans(first: datetime, as_of: datetime, days: int, training: int = 2) -> list[Window]:
    """The same with windows of so many days, the last one ending at as_of."""
    starts = [as_of - timedelta(days=days * back) for back in range(1, training + 2)]
    windows = [Window("test", starts[0], as_of), Window("valid", starts[1], starts[0])]
    windows += [Window("train", start, after) for after, start in pairwise(starts)]
    return _enough(windows, first, f"{2 * days + LEAST_HISTORY.days} days")


def _enough(windows: list[Window], first: datetime, least: str) -> list[Window]:
    kept = [window for window in windows if window.cutoff - first >= LEAST_HISTORY]
    if not any(window.part == "train" for window in kept):
        raise UserError(
            "short_history",
            f"Learning from the past needs {least} of orders and some weeks before them;"
            f" this data begins on {first:%Y-%m-%d}.",
            "Import older orders too.",
        )
    return kept


def _month_before(month: datetime, back: int) -> datetime:
    at = month.year * 12 + month.month - 1 - back
    return datetime(at // 12, at % 12 + 1, 1)


def take(
    con: duckdb.DuckDBPyConnection,
    events: Any,
    users: Any,
    windows: list[Window],
    comments: Path | None = None,
) -> Rows:
    """The rows of all windows. events, users: relations as the store gives them; comments: scored by a run."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE person AS SELECT user_id, " + ", ".join(_attributes()) + " FROM"
        f" ({users.sql_query()}) WHERE user_id IS NOT NULL"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE history AS SELECT {_READ}, CASE WHEN order_id IS NOT NULL THEN hash(order_id)"
        f" ELSE hash(user_id, ts_local) END AS bill FROM ({events.sql_query()}) WHERE user_id IS NOT NULL"
    )
    tables, measured = [], set(KNOWN)
    at: dict[datetime, tuple[pa.Table, set[str]]] = {}
    for window in windows:
        if window.cutoff not in at:  # the last but one serves training and validation
            at[window.cutoff] = _features(con, users, window.cutoff, comments)
        features, found = at[window.cutoff]
        measured &= found
        tables.append(_joined(con, features, window))
    known = con.execute(
        "SELECT " + ", ".join(f"count({name})" for name in PEOPLE) + " FROM person"
    ).fetchone()
    measured -= {name for name, count in zip(PEOPLE, known or (), strict=False) if not count}
    return Rows(pa.concat_tables(tables), [name for name in KNOWN if name in measured])


def _attributes() -> list[str]:
    return [f"{name}::DOUBLE AS {name}" if name in ("age", "income") else name for name in PEOPLE]


def _features(
    con: duckdb.DuckDBPyConnection, users: Any, cutoff: datetime, comments: Path | None
) -> tuple[pa.Table, set[str]]:
    """user_id and ALL as of the cutoff, and which of them the data measures by then."""
    con.execute(
        "CREATE OR REPLACE TEMP VIEW before AS"
        f" SELECT * FROM history WHERE ts_local < TIMESTAMP '{cutoff.isoformat(' ')}'"
    )
    seen = con.view("before")
    base = user_table(seen, users, cutoff).to_native().to_arrow_table()
    found = available(seen, users)
    con.register("base_rows", base)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE bills AS SELECT user_id, bill, min(ts_local) AS ts, sum(amount) AS amount,"
        " bool_or(discount > 0) AS reduced FROM before WHERE action = 'purchase' GROUP BY ALL"
    )
    con.execute(
        # Somebody who registered before the data begins was seen from its beginning only.
        "CREATE OR REPLACE TEMP TABLE exposed AS"
        " WITH began AS (SELECT date_diff('day', min(ts), $cutoff::TIMESTAMP) AS days FROM bills)"
        " SELECT user_id, least(tenure_days, coalesce(days, tenure_days)) AS days FROM base_rows, began",
        {"cutoff": cutoff},
    )
    con.register("rhythm_rows", _rhythm(con, cutoff))
    table = con.execute(
        f"""
        WITH bought AS (
            SELECT user_id, count(*) FILTER (age_days < 30) AS orders_30,
                count(*) FILTER (age_days BETWEEN 30 AND 59) AS orders_60,
                count(*) FILTER (age_days < 180) AS orders_180,
                coalesce(sum(amount) FILTER (age_days < 90), 0)::DOUBLE AS spent_90,
                count(*) FILTER (reduced AND age_days < 30) AS reduced_30,
                count(DISTINCT age_days // 30) FILTER (age_days < 360) AS months_bought
            FROM (SELECT *, date_diff('day', ts, $cutoff::TIMESTAMP - INTERVAL 1 SECOND) AS age_days FROM bills)
            GROUP BY user_id),
        opened AS (
            SELECT user_id, count(*) AS promotions_30 FROM before
            WHERE action = 'promotion' AND ts_local >= $cutoff::TIMESTAMP - INTERVAL 30 DAY GROUP BY user_id)
        SELECT base_rows.*,
            {", ".join(f"coalesce({name}, 0)::DOUBLE AS {name}" for name in (*_COUNTED, "promotions_30"))},
            coalesce(months_bought, 0) / greatest(1, least(12, (days + 29) // 30)) AS months_share,
            30.0 * frequency / greatest(days, 14) AS rate,
            recency_days * frequency / greatest(days - recency_days, 14) AS silence,
            alive, chance, {", ".join(PEOPLE)}
        FROM base_rows JOIN exposed USING (user_id) LEFT JOIN bought USING (user_id)
        LEFT JOIN opened USING (user_id) LEFT JOIN rhythm_rows USING (user_id) LEFT JOIN person USING (user_id)
        """,
        {"cutoff": cutoff},
    ).to_arrow_table()
    con.unregister("base_rows")
    con.unregister("rhythm_rows")
    if "recency_days" in found:
        found |= {
            "orders_30",
            "orders_60",
            "orders_180",
            "months_share",
            "rate",
            "silence",
            "alive",
            "chance",
        }
    also = {"average_order": "spent_90", "discount_share": "reduced_30", "promotions_opened": "promotions_30"}
    found |= {name for source, name in also.items() if source in found}
    if comments is not None:
        table = with_tone(con, table, comments, cutoff)
        found |= set(TONE)
    return table, found | set(PEOPLE)


def _rhythm(con: duckdb.DuckDBPyConnection, cutoff: datetime) -> pa.Table:
    """user_id, alive, chance; from the tables of _features."""
    rows = con.execute(
        """
        WITH repeated AS (
            SELECT user_id, count(*) AS orders
            FROM bills JOIN exposed USING (user_id) WHERE date_diff('day', ts, $cutoff::TIMESTAMP) < days
            GROUP BY user_id)
        SELECT user_id, coalesce(orders, 0)::DOUBLE AS orders, days::DOUBLE AS days,
            (CASE WHEN orders > 0 THEN recency_days ELSE days END)::DOUBLE AS quiet
        FROM base_rows JOIN exposed USING (user_id) LEFT JOIN repeated USING (user_id) ORDER BY user_id
        """,
        {"cutoff": cutoff},
    ).to_arrow_table()
    found = rhythm.of(*(rows[name].to_numpy() for name in ("orders", "days", "quiet")))
    return pa.table({"user_id": rows["user_id"], "alive": found.alive, "chance": found.chance})


# What features and outcomes are made of; the rest of an event's columns would only be copied.
_READ = "user_id, ts_local, action, order_id, item_id, category, amount, discount, seconds"
_COUNTED = ("orders_30", "orders_60", "orders_180", "spent_90", "reduced_30")


def _joined(con: duckdb.DuckDBPyConnection, features: pa.Table, window: Window) -> pa.Table:
    """The window's customers with what they did in it."""
    con.register("feature_rows", features)
    low, high = SHARES.get(window.part, (0, 100))
    table = con.execute(
        f"""
        WITH later AS (SELECT * FROM history WHERE ts_local >= $cutoff AND ts_local < $until),
        outcome AS (
            SELECT user_id, count(DISTINCT bill) FILTER (action = 'purchase') AS out_orders,
                coalesce(sum(amount) FILTER (action = 'purchase'), 0) AS out_spent,
                count(DISTINCT bill) FILTER (action = 'purchase' AND discount > 0) AS out_reduced,
                count(*) FILTER (action = 'promotion') AS out_promotions
            FROM later GROUP BY user_id)
        SELECT $part AS part, $cutoff::TIMESTAMP AS cutoff, feature_rows.*,
            {", ".join(f"coalesce({name}, 0)::DOUBLE AS {name}" for name in OUTCOMES)}
        FROM feature_rows LEFT JOIN outcome USING (user_id)
        WHERE md5_number_lower(user_id) % 100 >= $low AND md5_number_lower(user_id) % 100 < $high
        ORDER BY user_id
        """,
        {"cutoff": window.cutoff, "until": window.until, "part": window.part, "low": low, "high": high},
    ).to_arrow_table()
    con.unregister("feature_rows")
    return table


def first_purchase(con: duckdb.DuckDBPyConnection, events: Any) -> datetime | None:
    row = con.execute(
        f"SELECT min(ts_local) FROM ({events.sql_query()}) WHERE action = 'purchase' AND user_id IS NOT NULL"
    ).fetchone()
    return row[0] if row else None


def baskets(con: duckdb.DuckDBPyConnection, events: Any, as_of: datetime, days: int = 365) -> pa.Table:
    """user_id, category: each category that a customer bought from in the last year, once."""
    return con.execute(
        f"SELECT DISTINCT user_id, category FROM ({events.sql_query()}) WHERE action = 'purchase'"
        " AND user_id IS NOT NULL AND category IS NOT NULL AND ts_local < ? AND ts_local >= ? ORDER BY ALL",
        [as_of, as_of - timedelta(days=days)],
    ).to_arrow_table()
