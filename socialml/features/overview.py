"""What the Overview shows, aggregated in SQL: totals, months, hours, platforms, categories, the long tail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from socialml.schema import KINDS
from socialml.store import Store
from socialml.store.sql import one_file

TAIL_POINTS = 200  # of the curve of revenue over products


@dataclass(frozen=True, eq=False)
class Overview:
    """users: customers with any row; buyers: with a purchase; revenue: net of refunds, in the currency.

    visitors: customers who did something other than buy; converted: those of them who bought that month.
    """

    users: int
    buyers: int
    orders: int
    revenue: float
    refunded: float  # positive
    months: pd.DataFrame  # month, users, buyers, visitors, converted, orders, revenue, complete
    hours: pd.DataFrame  # hour (0 to 23), rows, purchases
    platforms: pd.DataFrame  # name, revenue
    categories: pd.DataFrame  # name, revenue
    tail: pd.DataFrame  # product_share, revenue_share: products from best to worst seller
    products: int


def overview(
    store: Store,
    dataset: str,
    *,
    start: datetime | None = None,
    until: datetime | None = None,
    members: tuple[Path, int] | None = None,
) -> Overview:
    """Aggregates of the rows with start <= local time < until.

    members: a run's table of customers (Parquet with user_id, segment) and the segment to keep.
    """
    with store.read() as con:
        rows = store.events(con, dataset, start=start, until=until)
        where = ""
        if members:
            file = one_file(members[0])
            chosen = f"SELECT user_id FROM read_parquet({file}) WHERE segment = {int(members[1])}"
            where = f"WHERE user_id IN ({chosen})"
        # Numbers for texts: counting different 64-bit hashes takes half the time of counting texts, and among
        # a million of them two are equal once in forty million such counts.
        con.execute(
            "CREATE TEMP TABLE chosen AS SELECT CASE WHEN user_id IS NOT NULL THEN hash(user_id) END AS person,"
            " date_trunc('month', ts_local) AS month, ts_local, action = 'purchase' AS bought,"
            " action IN ('purchase', 'refund') AS traded, item_id, category, platform, amount,"
            " CASE WHEN action = 'purchase' THEN CASE WHEN order_id IS NOT NULL THEN hash(order_id)"
            " ELSE hash(user_id, ts_local) END END AS bill"
            f" FROM ({rows.sql_query()}) {where}"
        )
        total = con.execute(
            "SELECT count(person), count(person) FILTER (bought), sum(paid)::DOUBLE, sum(refunded)::DOUBLE,"
            " max(last), (SELECT count(DISTINCT bill) FROM chosen) FROM ("
            "  SELECT person, bool_or(bought) AS bought, coalesce(sum(amount) FILTER (traded), 0) AS paid,"
            "  coalesce(-sum(amount) FILTER (traded AND amount < 0), 0) AS refunded, max(ts_local) AS last"
            "  FROM chosen GROUP BY person)"
        ).fetchone()
        assert total is not None
        months = con.execute(
            "SELECT month, count(person) AS users, count(person) FILTER (bought) AS buyers,"
            " count(person) FILTER (visited) AS visitors, count(person) FILTER (visited AND bought) AS converted,"
            " any_value(orders) AS orders, coalesce(sum(revenue), 0)::DOUBLE AS revenue FROM ("
            "  SELECT month, person, bool_or(bought) AS bought, bool_or(NOT traded) AS visited,"
            "  sum(amount) FILTER (traded) AS revenue FROM chosen WHERE month IS NOT NULL GROUP BY ALL)"
            " JOIN (SELECT month, count(DISTINCT bill) AS orders FROM chosen GROUP BY month) USING (month)"
            " GROUP BY month ORDER BY month"
        ).df()
        # A month that the data only begins or ends in is drawn apart.
        last = total[4]
        months["complete"] = True
        if last is not None and len(months):
            next_day = pd.Timestamp(last) + pd.Timedelta(hours=1)
            months.loc[months.index[-1], "complete"] = next_day.month != pd.Timestamp(last).month
        hours = con.execute(
            "SELECT hour(ts_local) AS hour, count(*) AS rows, count(bill) AS purchases FROM chosen"
            " WHERE ts_local IS NOT NULL GROUP BY 1 ORDER BY 1"
        ).df()
        tail, products = _tail(con)
        return Overview(
            users=total[0],
            buyers=total[1],
            orders=total[5],
            revenue=total[2] or 0.0,
            refunded=total[3] or 0.0,
            months=months,
            hours=hours,
            platforms=_by(con, "platform"),
            categories=_by(con, "category"),
            tail=tail,
            products=products,
        )


def _by(con: duckdb.DuckDBPyConnection, column: str) -> pd.DataFrame:
    return con.execute(
        f"SELECT {column} AS name, coalesce(sum(amount) FILTER (traded), 0)::DOUBLE AS revenue FROM chosen"
        f" WHERE {column} IS NOT NULL GROUP BY 1 ORDER BY revenue DESC, name LIMIT 12"
    ).df()


def _tail(con: duckdb.DuckDBPyConnection) -> tuple[pd.DataFrame, int]:
    """Revenue of products from best to worst seller, as shares, thinned to TAIL_POINTS."""
    sold = con.execute(
        "SELECT sum(amount)::DOUBLE AS revenue FROM chosen WHERE bought AND item_id IS NOT NULL"
        " AND amount > 0 GROUP BY item_id ORDER BY 1 DESC"
    ).df()["revenue"]
    products = len(sold)
    if not products:
        return pd.DataFrame({"product_share": [], "revenue_share": []}), 0
    curve = pd.DataFrame(
        {"product_share": np.arange(1, products + 1) / products, "revenue_share": sold.cumsum() / sold.sum()}
    )
    step = max(1, products // TAIL_POINTS)
    kept = sorted({*range(0, products, step), products - 1})
    return curve.iloc[kept].reset_index(drop=True), products


@dataclass(frozen=True)
class Change:
    """What the newest import brought."""

    file: str
    kind: str
    rows: int
    already_there: int
    new_users: int  # customers whom no earlier import had


def last_change(store: Store, dataset: str) -> Change | None:
    with store.read() as con:
        imports = store.imports(dataset, con)
        if not imports:
            return None
        last, earlier = imports[-1], imports[:-1]
        new_users = 0
        if KINDS[last.kind].of_customers:
            known = [
                f"SELECT user_id FROM rows_{info.id}" for info in earlier if KINDS[info.kind].of_customers
            ]
            unseen = f"EXCEPT ({' UNION '.join(known)})" if known else ""
            row = con.execute(
                "SELECT count(*) FROM"
                f" (SELECT DISTINCT user_id FROM rows_{last.id} WHERE user_id IS NOT NULL {unseen})"
            ).fetchone()
            new_users = row[0] if row else 0
    return Change(last.file, last.kind, last.rows, last.receipt.get("rows_already_there", 0), new_users)
