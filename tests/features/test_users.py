"""The user table: known answers by hand, nothing from the future, the same on Spark."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from socialml import sample
from socialml.features.users import FEATURES, SEGMENT_FEATURES, available, user_table
from tests.tables import AS_OF, rows, stored, table_of

DAY = timedelta(days=1)


def event(user: str | None, days_ago: float, action: str, **more: Any) -> dict[str, Any]:
    when = AS_OF - days_ago * DAY
    empty = {
        "order_id": None,
        "category": None,
        "item_id": None,
        "seconds": None,
        "amount": None,
        "discount": None,
    }
    return {"user_id": user, "ts_local": when, "action": action} | empty | more


SMALL = [
    event("a", 100.5, "purchase", order_id="1", amount=50, discount=0, category="x"),
    event("a", 20.5, "purchase", order_id="2", amount=30, discount=5, category="x"),
    event("a", 20.5, "purchase", order_id="2", amount=10, discount=0, category="y"),
    event("a", 10.5, "refund", order_id="2", amount=-10, category="y"),
    event("a", 5.0, "view", seconds=60.5),
    event("a", 5.0 - 20 / 1440, "like"),
    event("a", 5.0 - 51 / 1440, "favourite"),  # 31 minutes later: a new visit
    event("a", 95.0, "view", seconds=1000),  # before the window
    event("b", 45.5, "share"),
    event("b", 3.5, "purchase", amount=20),  # without a number: an order
    event("b", 3.5, "purchase", amount=20),
    event(None, 1.0, "purchase", order_id="9", amount=999),
]
KNOWN = [
    {"user_id": "a", "registered_local": AS_OF - 200 * DAY},
    {"user_id": "c", "registered_local": AS_OF - DAY},
]


def small(extra: list[dict[str, Any]] | None = None) -> pd.DataFrame:
    with duckdb.connect() as con:
        events = stored(con, "events", pd.DataFrame(SMALL + (extra or [])))
        return rows(events, stored(con, "users", pd.DataFrame(KNOWN))).set_index("user_id")


def test_known_answers() -> None:
    table = small()
    assert list(table.index) == ["a", "b"]  # nobody without a user id, nobody never seen
    assert list(table.columns) == list(FEATURES)
    a, b = table.loc["a"], table.loc["b"]
    assert (a["frequency"], a["monetary"], a["average_order"]) == (2, 80.0, 45.0)
    assert (a["recency_days"], a["tenure_days"], a["variety"]) == (21, 200, 2)
    assert a["discount_share"] == pytest.approx(1 / 3)
    assert a["purchases_per_month"] == pytest.approx(1 / 3)
    assert a["browse_seconds"] == pytest.approx(60.5 / 3)
    assert (a["likes"], a["sessions"], a["views"]) == pytest.approx((2 / 3, 2 / 3, 1 / 3))
    # b: never registered, so since first seen, 46 days ago.
    assert (b["tenure_days"], b["frequency"]) == (46, 2)
    assert b["purchases_per_month"] == pytest.approx(2 / (46 / 30))
    assert b["shares"] == pytest.approx(1 / (46 / 30))


def test_who_never_bought_has_no_recency() -> None:
    table = small([event("d", 2.0, "view", seconds=5)])
    row = table.loc["d"]
    assert row[["recency_days", "average_order", "discount_share"]].isna().all()
    assert row["purchases_per_month"] == 0
    # Seen for two days only: rates are as of 14 days.
    assert row["views"] == pytest.approx(1 / (14 / 30))


def test_rates_of_a_short_log_are_over_the_days_it_has() -> None:
    with duckdb.connect() as con:
        events = stored(con, "events", pd.DataFrame([event("a", 29.5, "view"), event("a", 1.5, "view")]))
        users = stored(con, "users", pd.DataFrame(KNOWN))
        assert rows(events, users)["views"].iloc[0] == pytest.approx(2.0)


def test_nothing_at_or_after_as_of_matters() -> None:
    later = [
        event("a", -0.0, "purchase", order_id="7", amount=1e6, category="z"),
        event("a", -3.0, "view", seconds=1e6),
        event("new", -1.0, "like"),
    ]
    pd.testing.assert_frame_equal(small(), small(later), check_exact=True)
    shop = sample.generate(300, seed=5)
    cut = datetime(2025, 8, 20)
    whole = table_of(shop, cut)
    moment = pa.scalar(cut, pa.timestamp("s"))
    past = {}
    for kind in ("events", "orders"):
        table = getattr(shop, kind)
        past[kind] = table.filter(pc.less(table["ts"], moment))
    pruned = table_of(dataclasses.replace(shop, **past), cut)
    pd.testing.assert_frame_equal(whole, pruned, check_exact=True)


def test_what_was_never_measured_is_not_available() -> None:
    with duckdb.connect() as con:
        bare = [
            event("a", 3.0, "purchase", order_id="1", amount=5),
            event("b", 2.0, "purchase", order_id="2", amount=6),
        ]
        events, users = stored(con, "events", pd.DataFrame(bare)), stored(con, "users", pd.DataFrame(KNOWN))
        found = available(events, users)
    assert found == {
        "recency_days", "frequency", "monetary", "average_order", "purchases_per_month", "tenure_days",
    }  # fmt: skip


def test_the_sample_measures_everything() -> None:
    assert set(SEGMENT_FEATURES) <= set(FEATURES)
    with duckdb.connect() as con:
        shop = sample.generate(60, seed=1)
        table = table_of(shop)
        assert len(table) <= 60
        assert table[list(SEGMENT_FEATURES)].std().gt(0).all()
        assert stored(con, "users", pd.DataFrame(KNOWN)) is not None


def test_spark_gives_the_same_table() -> None:
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is an extra")
    with duckdb.connect() as con:
        events = stored(con, "events", pd.DataFrame(SMALL))
        users = stored(con, "users", pd.DataFrame(KNOWN))
        here = rows(events, users)
        frames = [events.to_arrow_table(), users.to_arrow_table()]
    session = (
        sql.SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC").getOrCreate()
    )  # fmt: skip
    try:
        spark = [session.createDataFrame(frame) for frame in frames]
        there = user_table(*spark, AS_OF).to_native().toPandas().sort_values("user_id", ignore_index=True)
    finally:
        session.stop()
    pd.testing.assert_frame_equal(here, there, check_exact=True, check_dtype=False)
