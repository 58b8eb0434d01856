"""Monthly sequences: what is counted in which month, and that nothing later is seen."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from socialml import sample
from socialml.errors import UserError
from socialml.features import sequences
from socialml.features.sequences import CODED, MEASURED, Sequences
from tests.tables import stored

UNTIL = datetime(2025, 9, 1)
MONTHLY = ("amount", "orders", "promotions", "days_since", "known", "favourite_codes")


@pytest.fixture(scope="module")
def shop() -> sample.Sample:
    return sample.generate(100, seed=3, months=8)


@pytest.fixture(scope="module")
def whole(shop: sample.Sample) -> Sequences:
    return of_shop(*tables(shop))


def of_shop(
    orders: pd.DataFrame, events: pd.DataFrame, users: pd.DataFrame, until: datetime = UNTIL
) -> Sequences:
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        log = stored(con, "events", events).filter("action <> 'purchase'")
        everything = log.union(stored(con, "orders", orders))
        return sequences.take(con, everything, stored(con, "users", users), until)


def tables(shop: sample.Sample) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    return (
        shop.orders.to_pandas().astype({"user_id": "str", "category": "str"}),
        shop.events.to_pandas().astype({"action": "str"}),
        shop.users.to_pandas(),
    )


def same(one: Sequences, other: Sequences) -> None:
    assert one.months == other.months
    assert one.names == other.names
    assert one.user_id.tolist() == other.user_id.tolist()
    for name in (*MONTHLY, "first_order"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    for name in (*CODED, *MEASURED):
        np.testing.assert_array_equal(one.static[name], other.static[name], err_msg=name)


def row(
    user: str, day: str, amount: float | None = 10, action: str = "purchase", **more: Any
) -> dict[str, Any]:
    return {"user_id": user, "ts": pd.Timestamp(day), "action": action, "amount": amount, **more}


def by_hand(
    rows: list[dict[str, Any]],
    people: list[dict[str, Any]] | None = None,
    until: datetime = datetime(2024, 5, 1),
    start: datetime | None = None,
) -> Sequences:
    users = pd.DataFrame(people or [], columns=["user_id", "registered", "gender", "age"])
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        events = pd.DataFrame(
            rows, columns=["user_id", "ts", "action", "amount", "order_id", "discount", "category"]
        )
        users = users.astype(
            {"registered": "datetime64[us]", "user_id": "str", "gender": "str", "age": "float"}
        )
        return sequences.take(con, stored(con, "events", events), stored(con, "users", users), until, start)


HISTORY = [
    row("b", "2024-01-31 23:59:59", 30, order_id="1", category="tea"),
    row("b", "2024-01-31 23:59:59", 12.5, order_id="1", category="cups", discount=2.0),
    row("b", "2024-03-10 12:00", 20, category="cups"),  # lines of one moment without a number are one order
    row("b", "2024-03-10 12:00", 5, category="cups"),
    row("b", "2024-03-10 13:00", 5, category="tea"),
    row("b", "2024-04-02", -42.5, "refund", order_id="1"),
    row("b", "2024-02-14", None, "promotion"),
    row("b", "2024-02-15", None, "view"),
    row("a", "2024-04-30 23:59:59", 7),
    row("a", "2024-05-01", 1_000),  # not before the end
    row("c", "2024-02-01", None, "view"),
]


def test_a_history_by_hand() -> None:
    people = [
        {"user_id": "c", "registered": "2024-02-20", "gender": "f", "age": 30},
        {"user_id": "b", "registered": "2024-03-01", "gender": "m", "age": None},  # bought before
        {"user_id": "later", "registered": "2024-05-01"},
    ]
    found = by_hand(HISTORY, people)
    assert found.user_id.tolist() == ["a", "b", "c"]
    assert found.months == [date(2024, month, 1) for month in (1, 2, 3, 4)]
    assert (found.n, found.m) == (3, 4)
    assert found.amount.tolist() == [[0, 0, 0, 7], [42.5, 0, 30, -42.5], [0, 0, 0, 0]]
    assert found.orders.tolist() == [[0, 0, 0, 1], [1, 0, 2, 0], [0, 0, 0, 0]]
    assert found.promotions.tolist() == [[0, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0]]
    nan = np.nan
    np.testing.assert_array_equal(found.days_since, [[nan, nan, nan, 1], [1, 30, 22, 52], [nan] * 4])
    assert found.known.tolist() == [[False] * 3 + [True], [True] * 4, [False] + [True] * 3]
    assert found.first_order.tolist() == [3, 0, 4]
    assert [(*found.names["gender"], "?")[code] for code in found.static["gender"]] == ["?", "m", "f"]
    np.testing.assert_array_equal(found.static["age"], [nan, nan, 30])
    names = np.array([*found.names["category"], ""])
    assert names[found.favourite_codes[1, :, 0]].tolist() == ["tea", "", "cups", ""]  # of the month
    assert names[found.favourite_codes[1, :, 1]].tolist() == [
        "tea",
        "tea",
        "cups",
        "cups",
    ]  # of the year so far
    assert found.favourites.tolist() == [["", ""], ["", "cups"], ["", ""]]


def test_a_later_start_leaves_months_out_and_keeps_what_they_mean() -> None:
    whole, cut = by_hand(HISTORY), by_hand(HISTORY, start=datetime(2024, 2, 10))
    assert cut.months == whole.months[2:]  # February is not whole
    for name in ("amount", "orders", "promotions", "days_since", "known"):
        np.testing.assert_array_equal(getattr(cut, name), getattr(whole, name)[:, 2:], err_msg=name)
    assert cut.first_order.tolist() == [1, 0, 2]


def test_sums_are_those_of_the_order_lines(shop: sample.Sample, whole: Sequences) -> None:
    found, orders = whole, tables(shop)[0]
    inside = orders[orders["ts"] < UNTIL]
    month = inside["ts"].dt.to_period("M").dt.to_timestamp().dt.date

    def table(rows: pd.Series, values: pd.Series, how: str) -> np.ndarray:
        wide = values[rows].groupby([inside["user_id"][rows], month[rows]]).agg(how).unstack(fill_value=0)
        return wide.reindex(index=found.user_id, columns=found.months, fill_value=0).to_numpy(dtype=float)

    everything, bought = inside["amount"].notna(), inside["amount"] > 0
    np.testing.assert_allclose(found.amount, table(everything, inside["amount"], "sum"), atol=1e-6)
    np.testing.assert_array_equal(found.orders, table(bought, inside["order_id"], "nunique"))
    assert found.months == sorted(set(month))
    first = np.where(found.orders.any(axis=1), (found.orders > 0).argmax(axis=1), found.m)
    np.testing.assert_array_equal(found.first_order, first)
    np.testing.assert_array_equal(np.isfinite(found.days_since), np.arange(found.m) >= first[:, None])
    assert np.nanmin(found.days_since) >= 1
    assert (np.diff(found.known.astype(int), axis=1) >= 0).all()  # once known, known for good
    assert not found.amount[~found.known].any()


def test_rows_from_the_end_on_change_nothing(shop: sample.Sample, whole: Sequences) -> None:
    orders, events, users = tables(shop)
    late = orders["ts"] >= UNTIL
    assert late.any()
    changed = orders.copy()
    changed.loc[late, "amount"] = 123456
    changed.loc[late, "user_id"] = "nobody before"
    changed.loc[late, "category"] = "new"
    # A line that comes later under an order number from before the end is of the future all the same.
    changed.loc[late, "order_id"] = orders.loc[~late, "order_id"].iloc[0]
    more = events.copy()
    more.loc[more["ts"] >= UNTIL, "action"] = "promotion"
    same(whole, of_shop(changed, more, users))
    same(whole, of_shop(orders[~late], events[events["ts"] < UNTIL], users))


def test_the_order_of_rows_changes_not_a_bit(shop: sample.Sample, whole: Sequences) -> None:
    shuffled = [frame.sample(frac=1, random_state=1) for frame in tables(shop)]
    same(whole, of_shop(*shuffled))


def test_history_until_a_month_is_what_would_have_been_taken_then(
    shop: sample.Sample, whole: Sequences
) -> None:
    cut, then = whole.until(4), of_shop(*tables(shop), until=datetime(*whole.months[4].timetuple()[:3]))
    assert cut.months == then.months
    both = np.isin(cut.user_id, then.user_id)
    assert cut.user_id[both].tolist() == then.user_id.tolist()
    for name in ("amount", "orders", "promotions", "days_since", "known", "first_order", "favourites"):
        np.testing.assert_array_equal(getattr(cut, name)[both], getattr(then, name), err_msg=name)
    assert not cut.known[~both].any()  # who came later is there, and not known
    assert not cut.amount[~both].any()
    same(whole.until(whole.m), whole)
    with pytest.raises(IndexError):
        whole.until(whole.m + 1)


def test_a_table_holds_all_of_it(whole: Sequences, tmp_path: Path) -> None:
    pq.write_table(sequences.to_table(whole), tmp_path / "sequences.parquet")
    again = sequences.from_table(pq.read_table(tmp_path / "sequences.parquet"))
    same(whole, again)
    assert again.amount.dtype == np.float64
    assert again.favourites.tolist() == whole.favourites.tolist()


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([row("a", "2024-01-05", None, "view"), row("a", "2024-02-05", -5, "refund")], "no_purchases"),
        ([row("a", "2024-05-02")], "no_purchases"),  # not before the end
        ([row("a", "2024-04-02")], "short_history"),
    ],
)
def test_too_little_is_said(rows: list[dict[str, Any]], code: str) -> None:
    with pytest.raises(UserError) as error:
        by_hand(rows)
    assert error.value.code == code
    assert error.value.hint


def test_one_mistyped_date_does_not_make_fifty_years() -> None:
    found = by_hand([*HISTORY, row("b", "1970-01-01", 9)])
    assert found.m == sequences.MOST_MONTHS
    assert found.months[-1] == date(2024, 4, 1)
    assert found.amount[1, -4:].tolist() == [42.5, 0, 30, -42.5]
    assert found.first_order[1] == 0
    assert found.known[1].all()
