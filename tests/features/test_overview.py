from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from socialml.features.overview import last_change, overview
from socialml.store import Store
from tests.support import add, order


def view(user: str, day: int, hour: int = 12) -> dict:
    when = datetime(2024, 1, day, hour)
    return {
        **order(user, day, 0, action="view", kind="events"),
        "amount": None,
        "ts_local": when,
        "ts_utc": when,
    }


@pytest.fixture
def seen(shop: Store) -> Store:
    add(shop, [view("u1", 1), view("u2", 1, 9), view("u3", 2), view("u4", 3)], kind="events")
    add(
        shop,
        [
            {**order("u1", 1, 10), "order_id": "o1", "item_id": "p1", "platform": "Douyin"},
            {**order("u1", 1, 5), "order_id": "o1", "item_id": "p2", "platform": "Douyin"},
            {**order("u2", 2, 20), "order_id": "o2", "item_id": "p1", "platform": "Kuaishou"},
            {**order("u2", 3, -4, action="refund"), "order_id": "o2"},
            {**order(None, 3, 7), "order_id": "o3", "item_id": "p3"},
        ],
        file="orders.csv",
    )
    return shop


def test_totals_count_lines_of_one_order_once_and_rows_without_a_user_in_revenue_only(seen: Store) -> None:
    found = overview(seen, "shop")
    assert (found.users, found.buyers, found.orders) == (4, 2, 3)
    assert found.revenue == 38
    assert found.refunded == 4


def test_conversion_is_of_visitors(seen: Store) -> None:
    month = overview(seen, "shop").months.iloc[0]
    assert (month["visitors"], month["converted"]) == (4, 2)
    assert not month["complete"]


def test_dates_and_segments_bound_the_rows(seen: Store, tmp_path: Path) -> None:
    found = overview(seen, "shop", start=datetime(2024, 1, 2), until=datetime(2024, 1, 3))
    assert (found.users, found.revenue) == (2, 20)
    members = seen.folder / "runs" / "users.parquet"
    pq.write_table(pa.table({"user_id": ["u1", "u2"], "segment": [0, 1]}), members)
    found = overview(seen, "shop", members=(members, 0))
    assert (found.users, found.revenue) == (1, 15)


def test_hours_platforms_and_the_tail(seen: Store) -> None:
    found = overview(seen, "shop")
    assert dict(zip(found.hours["hour"], found.hours["rows"], strict=True)) == {9: 1, 12: 8}
    assert found.platforms.set_index("name")["revenue"].to_dict() == {"Kuaishou": 20, "Douyin": 15}
    assert found.products == 3
    assert found.tail["revenue_share"].tolist() == pytest.approx([30 / 42, 37 / 42, 1])


def test_the_last_change_names_customers_not_seen_before(seen: Store) -> None:
    change = last_change(seen, "shop")
    assert change is not None
    assert (change.rows, change.new_users, change.kind) == (5, 0, "orders")
    add(seen, [order("u9", 4, 1), order("u1", 4, 1)], file="c.csv")
    change = last_change(seen, "shop")
    assert change is not None
    assert (change.file, change.new_users) == ("c.csv", 1)
    total = overview(seen, "shop").revenue
    add(seen, [{"creator_id": "k1", "channel": "Weibo", "price": 5.0}], kind="creators", file="d.csv")
    change = last_change(seen, "shop")
    assert change is not None
    assert (change.kind, change.rows, change.new_users) == ("creators", 1, 0)
    add(seen, [order("u8", 4, 1)], file="e.csv")  # with rows of nobody among the earlier ones
    change = last_change(seen, "shop")
    assert change is not None
    assert change.new_users == 1
    assert overview(seen, "shop").revenue == total + 1  # events do not see bookings


def test_orders_alone_have_no_conversion(shop: Store) -> None:
    add(shop, [order("u1", 1, 1)])
    assert overview(shop, "shop").months["visitors"].tolist() == [0]
