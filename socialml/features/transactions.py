"""Order lines as transactions: one row a purchase line of a known user, ordered by user and time.

Each row has a key made from its content, so that what people say of a line finds it again after another import
of the same file: the first 64 bits of the MD5 of user, order, time, product, amount and occurrence among equals.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from socialml.errors import UserError
from socialml.store.marks import LINE, LINE_KEY

LEAST_ROWS = 20  # purchases; of fewer nothing can be called unusual

_TAKE = """
    WITH bought AS (
        SELECT user_id, ts_local AS ts, order_id, item_id, category, device, amount::DOUBLE AS amount,
            coalesce(discount, 0)::DOUBLE AS discount,
            {line} AS content
        FROM ({events}) WHERE action = 'purchase' AND user_id IS NOT NULL AND ts_local < $until AND amount > 0),
    numbered AS (SELECT *, row_number() OVER (PARTITION BY content) AS occurrence FROM bought)
    SELECT {key} AS key,
        user_id, ts, order_id, item_id, category, device, amount,
        CASE WHEN amount + discount > 0 THEN greatest(discount, 0) / (amount + greatest(discount, 0)) ELSE 0 END
            AS discount
    FROM numbered ORDER BY user_id, ts, order_id, item_id, amount, key
"""


def _lines(source: str) -> str:
    return _TAKE.format(events=source, line=LINE, key=LINE_KEY)


def take(con: duckdb.DuckDBPyConnection, events: Any, until: datetime) -> tuple[pa.Table, dict[str, int]]:
    """The transactions before `until`, and what was left out.

    events: relation as the store gives it. Columns: key (uint64), user_id, ts (local time), order_id, item_id,
    category, device (texts, dictionaries, may be null), amount (paid for the line, above zero, the dataset's
    currency), discount (share of the full price, 0 to 1). Left out: refunds, without_user, without_amount (null,
    zero or negative). UserError no_purchases, few_purchases.
    """
    source = events.sql_query()
    left = con.execute(
        "SELECT count(*) FILTER (action = 'refund') AS refunds,"
        " count(*) FILTER (action = 'purchase' AND user_id IS NULL) AS without_user,"
        " count(*) FILTER (action = 'purchase' AND user_id IS NOT NULL AND coalesce(amount, 0) <= 0)"
        f" AS without_amount FROM ({source}) WHERE ts_local < ?",
        [until],
    ).fetchone()
    assert left is not None
    table = con.execute(_lines(source), {"until": until}).to_arrow_table()
    skipped = dict(zip(("refunds", "without_user", "without_amount"), left, strict=True))
    _check(table.num_rows, skipped, until)
    for name in ("user_id", "order_id", "item_id", "category", "device"):
        place = table.column_names.index(name)
        table = table.set_column(place, name, table[name].cast(pa.string()).dictionary_encode())
    return table, skipped


def _check(rows: int, skipped: dict[str, int], until: datetime) -> None:
    if rows >= LEAST_ROWS:
        return
    if not rows and skipped["without_amount"]:
        raise UserError(
            "no_amounts",
            f"{skipped['without_amount']:,} purchases have no amount above zero, so none can be too much.",
            "Import a file in which each order line says what was paid.",
        )
    if not rows:
        raise UserError(
            "no_purchases",
            f"No customer bought anything before {until:%Y-%m-%d}.",
            "Import a file of orders, or events with purchases, that names the customers.",
        )
    raise UserError(
        "few_purchases",
        f"There are {rows} purchases with an amount; {LEAST_ROWS} are the least to say what is usual.",
        "Import more orders.",
    )


def match(
    con: duckdb.DuckDBPyConnection, events: Any, until: datetime, wanted: pa.Table
) -> tuple[NDArray[np.uint64], int]:
    """Keys of the transactions that a list names, and how many of its rows name none.

    wanted: order_id (text) and amount (float, null: every line of the order).
    """
    con.register("wanted_lines", wanted)
    try:
        rows = con.execute(
            "WITH wanted AS (SELECT *, row_number() OVER () AS place FROM wanted_lines)"
            " SELECT place, key FROM wanted LEFT JOIN"
            f" ({_lines(events.sql_query())}) AS lines ON lines.order_id = wanted.order_id"
            " AND (wanted.amount IS NULL OR abs(lines.amount - wanted.amount) < 0.005)",
            {"until": until},
        ).fetchnumpy()
    finally:
        con.unregister("wanted_lines")
    there = ~np.ma.getmaskarray(rows["key"])
    found = np.unique(np.ma.getdata(rows["key"])[there].astype(np.uint64))
    places = np.ma.getdata(rows["place"])
    return found, len(set(places)) - len(set(places[there]))
