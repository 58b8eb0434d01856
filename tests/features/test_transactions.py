from __future__ import annotations

from datetime import datetime
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from socialml.errors import UserError
from socialml.features import transactions
from socialml.store import Store
from tests.support import add, order
from tests.tables import stored

UNTIL = datetime(2024, 2, 1)


def lines(**columns: Any) -> pd.DataFrame:
    """Twenty-four purchases of two users, one an hour."""
    frame = pd.DataFrame(
        {
            "user_id": ["b", "a"] * 12,
            "ts": pd.date_range("2024-01-01", periods=24, freq="h"),
            "order_id": [f"O{k // 2}" for k in range(24)],
            "item_id": "x",
            "amount": np.arange(24) + 1.0,
            "discount": 0.0,
        }
    )
    return frame.assign(**columns)


def take(frame: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    with duckdb.connect() as con:
        table, skipped = transactions.take(con, stored(con, "orders", frame), UNTIL)
    return table.to_pandas(), skipped


def test_lines_are_ordered_by_user_and_time() -> None:
    found, _ = take(lines())
    assert found["user_id"].tolist() == ["a"] * 12 + ["b"] * 12
    assert found.groupby("user_id", observed=True)["ts"].is_monotonic_increasing.all()
    assert found["key"].is_unique


def test_refunds_rows_without_user_or_amount_and_later_ones_are_left_out_and_counted() -> None:
    frame = lines()
    frame.loc[0, "amount"] = -5.0
    frame.loc[1, "amount"] = 0.0
    frame.loc[2, "user_id"] = None
    frame.loc[3, "ts"] = UNTIL
    found, skipped = take(frame)
    assert len(found) == 20
    assert skipped == {"refunds": 1, "without_user": 1, "without_amount": 1}


def test_a_key_follows_content_not_place() -> None:
    first, _ = take(lines())
    shuffled, _ = take(lines().sample(frac=1, random_state=0))
    pd.testing.assert_series_equal(first["key"], shuffled["key"])
    changed, _ = take(lines(amount=np.where(np.arange(24) == 3, 99.0, np.arange(24) + 1.0)))
    assert len(set(first["key"]) - set(changed["key"])) == 1


def test_equal_lines_have_keys_of_their_own() -> None:
    twice = pd.concat([lines(), lines()])
    found, _ = take(twice)
    assert found["key"].is_unique
    once, _ = take(lines())
    assert set(once["key"]) < set(found["key"])


def test_a_discount_is_a_share_of_the_full_price() -> None:
    found, _ = take(lines(amount=75.0, discount=25.0))
    assert found["discount"].eq(0.25).all()


def test_a_list_finds_lines_by_order_and_amount() -> None:
    wanted = pa.table({"order_id": ["O0", "O1", "nobody"], "amount": pa.array([2.0, None, 1.0])})
    with duckdb.connect() as con:
        orders = stored(con, "orders", lines())
        table, _ = transactions.take(con, orders, UNTIL)
        keys, missed = transactions.match(con, orders, UNTIL, wanted)
    found = table.to_pandas()
    assert sorted(found.loc[found["key"].isin(keys), "amount"]) == [2.0, 3.0, 4.0]
    assert missed == 1


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (lines(amount=0.0), "no_amounts"),
        (lines(user_id=None), "no_purchases"),
        (lines().head(10), "few_purchases"),
        (lines(ts=datetime(2024, 3, 1)), "no_purchases"),
    ],
)
def test_too_little_is_refused_in_a_sentence(frame: pd.DataFrame, code: str) -> None:
    with pytest.raises(UserError) as caught:
        take(frame)
    assert caught.value.code == code
    assert caught.value.hint


def test_keys_are_the_same_after_another_import(shop: Store) -> None:
    rows = [order(f"u{k % 3}", 1 + k, 10 + k) for k in range(25)]

    def keys() -> list[int]:
        with shop.read() as con:
            return transactions.take(con, shop.events(con, "shop"), UNTIL)[0]["key"].to_pylist()

    add(shop, rows)
    first = keys()
    shop.undo_last_import("shop")
    add(shop, list(reversed(rows)), file="b.csv")
    assert keys() == first
