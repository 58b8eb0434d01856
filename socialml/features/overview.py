"""What the Overview shows, aggregated in SQL: totals, months, hours, platforms, categories, the long tail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd

from socialml.store import Store

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
    platforms: pd.DataFrame  # name, users, buyers, revenue
    categories: pd.DataFrame  # name, users, buyers, revenue
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
            file = "'" + str(members[0]).replace("'", "''") + "'"
            where = f"WHERE user_id IN (SELECT user_id FROM read_parquet({file}) WHERE segment = {int(members[1])})"
        con.execute(
            "CREATE TEMP TABLE chosen AS SELECT user_id, ts_local, action, item_id, category, platform, amount,"
            " CASE WHEN action = 'purchase' THEN coalesce(order_id, user_id || ts_local::VARCHAR, ts_local::VARCHAR)"
            f" END AS bought FROM ({rows.sql_query()}) {where}"
        )
        total = con.execute(
            f"SELECT {_USERS}, {_BUYERS}, count(DISTINCT bought), {_REVENUE},"
            " coalesce(-sum(amount) FILTER (amount < 0), 0)::DOUBLE, max(ts_local) FROM chosen"
        ).fetchone()
        assert total is not None
        months = con.execute(
            "SELECT month, count(user_id) AS users, count(user_id) FILTER (bought > 0) AS buyers,"
            " count(user_id) FILTER (visited) AS visitors,"
            " count(user_id) FILTER (visited AND bought > 0) AS converted,"
            " sum(bought)::BIGINT AS orders, coalesce(sum(revenue), 0)::DOUBLE AS revenue FROM ("
            "  SELECT date_trunc('month', ts_local) AS month, user_id, count(DISTINCT bought) AS bought,"
            "  bool_or(action NOT IN ('purchase', 'refund')) AS visited,"
            "  sum(amount) FILTER (action IN ('purchase', 'refund')) AS revenue"
            "  FROM chosen WHERE ts_local IS NOT NULL GROUP BY ALL) GROUP BY month ORDER BY month"
        ).df()
        # A month that the data only begins or ends in is drawn apart.
        last = total[5]
        months["complete"] = True
        if last is not None and len(months):
            next_day = pd.Timestamp(last) + pd.Timedelta(hours=1)
            months.loc[months.index[-1], "complete"] = next_day.month != pd.Timestamp(last).month
        hours = con.execute(
            "SELECT hour(ts_local) AS hour, count(*) AS rows, count(bought) AS purchases FROM chosen"
            " WHERE ts_local IS NOT NULL GROUP BY 1 ORDER BY 1"
        ).df()
        tail, products = _tail(con)
        return Overview(
            users=total[0],
            buyers=total[1],
            orders=total[2],
            revenue=total[3],
            refunded=total[4],
            months=months,
            hours=hours,
            platforms=_by(con, "platform"),
            categories=_by(con, "category"),
            tail=tail,
            products=products,
        )


_USERS = "count(DISTINCT user_id)"
_BUYERS = "count(DISTINCT user_id) FILTER (action = 'purchase')"
_REVENUE = "coalesce(sum(amount) FILTER (action IN ('purchase', 'refund')), 0)::DOUBLE"


def _by(con: duckdb.DuckDBPyConnection, column: str) -> pd.DataFrame:
    return con.execute(
        f"SELECT {column} AS name, {_USERS} AS users, {_BUYERS} AS buyers, {_REVENUE} AS revenue FROM chosen"
        f" WHERE {column} IS NOT NULL GROUP BY 1 ORDER BY revenue DESC, users DESC LIMIT 12"
    ).df()


def _tail(con: duckdb.DuckDBPyConnection) -> tuple[pd.DataFrame, int]:
    """Revenue of products from best to worst seller, as shares, thinned to TAIL_POINTS."""
    sold = con.execute(
        "SELECT sum(amount)::DOUBLE AS revenue FROM chosen WHERE action = 'purchase' AND item_id IS NOT NULL"
        " AND amount > 0 GROUP BY item_id ORDER BY 1 DESC"
    ).df()["revenue"]
    products = len(sold)
    if not products:
        return pd.DataFrame({"product_share": [], "revenue_share": []}), 0
    curve = pd.DataFrame(
        {
            "product_share": [(rank + 1) / products for rank in range(products)],
            "revenue_share": sold.cumsum() / sold.sum(),
        }
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
        if last.kind != "records":
            known = [f"SELECT user_id FROM rows_{info.id}" for info in earlier if info.kind != "records"]
            unseen = f"EXCEPT ({' UNION '.join(known)})" if known else ""
            row = con.execute(
                "SELECT count(*) FROM"
                f" (SELECT DISTINCT user_id FROM rows_{last.id} WHERE user_id IS NOT NULL {unseen})"
            ).fetchone()
            new_users = row[0] if row else 0
    return Change(last.file, last.kind, last.rows, last.receipt.get("rows_already_there", 0), new_users)
