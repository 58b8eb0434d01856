from __future__ import annotations

from datetime import datetime

import duckdb
import numpy as np
import pandas as pd
import pytest

from socialml import sample
from socialml.errors import UserError
from socialml.features import cutoffs
from socialml.features.cutoffs import ALL, OUTCOMES, Window
from tests.tables import stored

CUTOFF = datetime(2025, 8, 1)
WINDOWS = [Window("all", CUTOFF, datetime(2025, 9, 1))]


@pytest.fixture(scope="module")
def shop() -> sample.Sample:
    return sample.generate(150, seed=3, months=8)


def rows(
    orders: pd.DataFrame, events: pd.DataFrame, users: pd.DataFrame, windows: list[Window]
) -> pd.DataFrame:
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        log = stored(con, "events", events).filter("action <> 'purchase'")
        everything = log.union(stored(con, "orders", orders))
        return cutoffs.take(con, everything, stored(con, "users", users), windows).table.to_pandas()


def tables(shop: sample.Sample) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    return shop.orders.to_pandas(), shop.events.to_pandas(), shop.users.to_pandas()


def test_rows_from_the_cutoff_on_change_no_feature(shop: sample.Sample) -> None:
    orders, events, users = tables(shop)
    before = rows(orders, events, users, WINDOWS)
    late = orders["ts"] >= CUTOFF
    assert late.any()
    changed = orders.copy()
    changed.loc[late, "amount"] = 123456
    changed.loc[late, "discount"] = 99
    changed.loc[late, "user_id"] = np.roll(changed.loc[late, "user_id"], 5)
    # A line that comes later under an order number from before the cutoff is of the future all the same.
    changed.loc[late, "order_id"] = orders.loc[~late, "order_id"].iloc[0]
    more = events.copy()
    more.loc[more["ts"] >= CUTOFF, "action"] = "promotion"
    for after in (
        rows(changed, more, users, WINDOWS),
        rows(orders[~late], events[events["ts"] < CUTOFF], users, WINDOWS),
    ):
        pd.testing.assert_frame_equal(before[["user_id", *ALL]], after[["user_id", *ALL]], check_exact=True)
    assert not rows(changed, more, users, WINDOWS)[list(OUTCOMES)].equals(before[list(OUTCOMES)])


def test_rows_before_the_cutoff_change_no_outcome(shop: sample.Sample) -> None:
    orders, events, users = tables(shop)
    before = rows(orders, events, users, WINDOWS)
    changed = orders.copy()
    changed.loc[changed["ts"] < CUTOFF, "amount"] *= 2
    after = rows(changed, events, users, WINDOWS)
    pd.testing.assert_frame_equal(before[list(OUTCOMES)], after[list(OUTCOMES)], check_exact=True)


def test_outcomes_count_what_happened_in_the_window(shop: sample.Sample) -> None:
    orders, events, users = tables(shop)
    found = rows(orders, events, users, WINDOWS).set_index("user_id")
    inside = orders[(orders["ts"] >= CUTOFF) & (orders["ts"] < datetime(2025, 9, 1)) & (orders["amount"] > 0)]
    expected = inside.groupby("user_id")["order_id"].nunique().reindex(found.index).fillna(0)
    np.testing.assert_array_equal(found["out_orders"], expected)


def test_history_of_one_customer() -> None:
    def order(day: str, amount: float = 10.0) -> dict:
        return {"user_id": "u", "order_id": day, "ts": pd.Timestamp(day), "amount": amount, "discount": 1.0}

    orders = pd.DataFrame(
        [order("2025-05-03"), order("2025-06-20"), order("2025-07-02"), order("2025-07-31 23:00")]
    )
    events = pd.DataFrame({"user_id": ["u"], "ts": [pd.Timestamp("2025-07-10")], "action": ["promotion"]})
    users = pd.DataFrame({"user_id": ["u"], "income": [5000.0]})
    row = rows(orders, events, users, WINDOWS).iloc[0]
    assert (row["orders_30"], row["orders_60"], row["orders_180"]) == (2, 1, 4)
    assert (row["spent_90"], row["reduced_30"], row["promotions_30"]) == (40.0, 2, 1)
    assert row["months_share"] == pytest.approx(3 / 3)
    assert 0.9 < row["alive"] <= 1
    assert row["chance"] < row["alive"]


def test_nobody_is_in_two_parts_and_shares_are_70_15_15() -> None:
    shop = sample.generate(2_000, seed=1, months=8)
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        orders, users = stored(con, "orders", shop.orders), stored(con, "users", shop.users)
        windows = cutoffs.months(datetime(2025, 2, 1), datetime(2025, 10, 1))
        table = cutoffs.take(con, orders, users, windows).table.to_pandas()
    parts = {part: set(own["user_id"]) for part, own in table.groupby("part")}
    assert not parts["train"] & parts["valid"]
    assert not (parts["train"] | parts["valid"]) & parts["test"]
    there = (shop.truth.registered < (datetime(2025, 9, 1) - datetime(2025, 2, 1)).days).sum()
    assert 0.12 < len(parts["test"]) / there < 0.18
    assert table.groupby("part")["cutoff"].nunique().to_dict() == {"train": 3, "valid": 1, "test": 1}


def test_months_end_with_the_last_complete_one() -> None:
    windows = cutoffs.months(datetime(2024, 1, 1), datetime(2025, 3, 18))
    assert windows[0] == Window("test", datetime(2025, 2, 1), datetime(2025, 3, 1))
    assert windows[1] == Window("valid", datetime(2025, 1, 1), datetime(2025, 2, 1))
    train = [window.cutoff for window in windows if window.part == "train"]
    assert train == [datetime(2025, 1, 1), datetime(2024, 12, 1), datetime(2024, 11, 1)]


def test_a_short_history_is_said() -> None:
    with pytest.raises(UserError, match="begins on 2025-02-20"):
        cutoffs.months(datetime(2025, 2, 20), datetime(2025, 4, 1))
