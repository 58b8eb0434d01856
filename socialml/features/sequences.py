"""Monthly sequences: what each user spent and did in each month, oldest first.

Only rows before `until` are read. Money is summed on decimals and turned into floats at the very end, so that
two runs agree to the last bit.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from socialml.errors import UserError
from socialml.features import favourites

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Texts = NDArray[np.object_]

CODED = ("gender", "device", "platform", "region")
MEASURED = ("age", "income")
MOST_MONTHS = 60  # one mistyped date of 1970 would else make every history 600 months long
_MONTHLY = ("amount", "orders", "promotions", "days_since", "known")


@dataclass(frozen=True, eq=False)
class Sequences:
    """Monthly history of n users over m months, oldest first; users ordered by user_id.

    Forecasting month t sees the columns before t only; t == m is the first month after the data.
    """

    user_id: Texts  # (n,)
    months: list[date]  # first day of each month, (m,); no month is left out
    amount: Floats  # (n, m) paid minus refunds dated in that month, the dataset's currency; 0 where nothing
    orders: Floats  # (n, m) different orders bought in that month
    promotions: Floats  # (n, m) orders with money off, and offers opened
    days_since: Floats  # (n, m) days from the last order to the month's end, at least 1; nan before the first
    known: (
        Flags  # (n, m) from the month of registration, or of the first purchase or refund if that is earlier
    )
    first_order: Ints  # (n,) index of the month of the first order, 0 where it was earlier; m where none
    static: dict[str, NDArray[Any]]  # age, income: floats, nan unknown; CODED: int codes, -1 unknown; (n,)
    names: dict[str, list[str]]  # the text of each code of CODED, and of each category
    favourite_codes: NDArray[np.int32]  # (n, m, 2) category with the most spend: in that month, in the year
    # that it ends; -1 where nothing was bought or no category is known

    @property
    def n(self) -> int:
        return len(self.user_id)

    @property
    def m(self) -> int:
        return len(self.months)

    @property
    def favourites(self) -> Texts:
        """(n, 2) category with the most spend in the last month and in the last twelve; '' where unknown."""
        texts = np.array([*self.names["category"], ""], dtype=object)  # -1 is the last
        return texts[self.favourite_codes[:, -1]]

    def until(self, month_index: int) -> Sequences:
        """The history before this month; the same users, also those not yet known by then."""
        if not 1 <= month_index <= self.m:
            raise IndexError(f"month {month_index} of a history of {self.m}")
        cut = {name: getattr(self, name)[:, :month_index] for name in (*_MONTHLY, "favourite_codes")}
        return dataclasses.replace(
            self,
            months=self.months[:month_index],
            first_order=np.minimum(self.first_order, month_index),
            **cut,
        )


def take(
    con: duckdb.DuckDBPyConnection, events: Any, users: Any, until: datetime, start: datetime | None = None
) -> Sequences:
    """The sequences of everybody with a row before `until`. events, users: relations as the store gives them.

    until: first day of the first month that is not complete. start: earlier months are left out; without it
    they begin with the month of the first purchase or refund, MOST_MONTHS ago at the earliest.
    UserError no_purchases, short_history (fewer than two months).
    """
    _gather(con, events, users, until)
    months = _months(con, until, start)
    people = con.execute(
        f"SELECT user_id, age::DOUBLE AS age, income::DOUBLE AS income, {', '.join(CODED)}, year(registered) * 12"
        " + month(registered) - 1 AS registered FROM sequence_people ORDER BY place"
    ).fetchnumpy()
    n, m, first = len(people["user_id"]), len(months), _number(months[0])
    rows = con.execute(
        "SELECT place, month - ? AS t, amount::DOUBLE AS amount, orders, promotions, traded,"
        " date_diff('day', ?::TIMESTAMP, last_bought) AS last_day FROM sequence_months",
        [first, datetime(months[0].year, months[0].month, 1)],
    ).fetchnumpy()
    place, t = rows["place"], rows["t"]
    inside = t >= 0
    table = {name: np.zeros((n, m)) for name in ("amount", "orders", "promotions")}
    for name, values in table.items():
        values[place[inside], t[inside]] = rows[name][inside]

    bought, traded = ~np.ma.getmaskarray(rows["last_day"]), rows["traded"]
    bought_at, known_from = np.full(n, m), np.full(n, m)
    np.minimum.at(bought_at, place[bought], t[bought])
    np.minimum.at(known_from, place[traded], t[traded])
    registered = people["registered"].astype(np.int64) - first
    # Who bought before they registered was there already.
    known_from = np.minimum(known_from, np.ma.filled(registered, m))
    last_day = np.full((n, m + 1), -np.inf)  # the first column is all that was before the sequences
    np.maximum.at(last_day, (place[bought], np.maximum(t[bought] + 1, 0)), rows["last_day"][bought])
    last_day = np.maximum.accumulate(last_day, axis=1)[:, 1:]
    ends = np.array([(after - months[0]).days for after in [*months[1:], until.date()]])
    days_since = np.where(np.isfinite(last_day), ends - last_day, np.nan)

    static: dict[str, NDArray[Any]] = {
        name: np.ma.filled(people[name].astype(float), np.nan) for name in MEASURED
    }
    names = {}
    for name in CODED:
        static[name], names[name] = _coded(people[name])
    names["category"], spending = _spending(con, first)
    codes = favourites.top(*spending, n, m)
    return Sequences(
        user_id=np.asarray(people["user_id"], dtype=object),
        months=months,
        days_since=days_since,
        known=np.arange(m) >= known_from[:, None],
        first_order=np.maximum(bought_at, 0),
        static=static,
        names=names,
        favourite_codes=codes,
        **table,
    )


def _gather(con: duckdb.DuckDBPyConnection, events: Any, users: Any, until: datetime) -> None:
    """Temporary tables: the users in order, their trades and opened offers, and their months."""
    before = f"FROM ({events.sql_query()}) WHERE ts_local < $until AND user_id IS NOT NULL"
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE sequence_people AS
        WITH seen AS (SELECT DISTINCT user_id {before}),
        person AS (
            SELECT user_id, registered_local AS registered, {", ".join((*MEASURED, *CODED))}
            FROM ({users.sql_query()})
            WHERE user_id IS NOT NULL AND (registered_local IS NULL OR registered_local < $until))
        SELECT *, (row_number() OVER (ORDER BY user_id) - 1)::INTEGER AS place
        FROM seen FULL JOIN person USING (user_id)
        """,
        {"until": until},
    )
    con.execute(
        # bill: lines of one order share its number, or their moment where they have none. month: since year 0.
        f"""
        CREATE OR REPLACE TEMP TABLE sequence_lines AS
        SELECT place, (year(ts_local) * 12 + month(ts_local) - 1)::INTEGER AS month, ts_local, category, amount,
            action = 'purchase' AS bought, action = 'promotion' AS opened, discount > 0 AS reduced,
            CASE WHEN action <> 'purchase' THEN NULL WHEN order_id IS NOT NULL THEN hash(order_id)
                ELSE hash(ts_local) END AS bill
        FROM (SELECT * {before} AND action IN ('purchase', 'refund', 'promotion'))
        JOIN sequence_people USING (user_id)
        """,
        {"until": until},
    )
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE sequence_months AS
        WITH orders AS (
            SELECT place, month, bill, sum(amount) FILTER (NOT opened) AS amount,
                bool_or(bought AND reduced) AS reduced, count(*) FILTER (opened) AS opened,
                max(ts_local) FILTER (bought) AS last_bought, bool_or(NOT opened) AS traded
            FROM sequence_lines GROUP BY ALL)
        SELECT place, month, coalesce(sum(amount), 0) AS amount, count(bill) AS orders,
            count(*) FILTER (reduced) + sum(opened)::BIGINT AS promotions, max(last_bought) AS last_bought,
            bool_or(traded) AS traded
        FROM orders GROUP BY ALL
        """
    )


def _months(con: duckdb.DuckDBPyConnection, until: datetime, start: datetime | None) -> list[date]:
    found = con.execute("SELECT min(month) FILTER (traded), max(orders) FROM sequence_months").fetchone()
    if not found or not found[1]:
        raise UserError(
            "no_purchases",
            f"Nobody bought anything before {until:%Y-%m-%d}.",
            "Import orders, or events with purchases, of whole months.",
        )
    end = _number(until)
    first = max(found[0], end - MOST_MONTHS)
    if start is not None:  # a month that begins before the start is not a whole one
        first = max(first, _number(start) + (start > datetime(start.year, start.month, 1)))
    if end - first < 2:
        raise UserError(
            "short_history",
            f"A forecast needs at least two whole months of purchases; there is {max(end - first, 0) or 'none'}"
            f" before {until:%Y-%m-%d}.",
            "Import older orders too.",
        )
    return [date(at // 12, at % 12 + 1, 1) for at in range(first, end)]


def _number(month: date) -> int:
    return month.year * 12 + month.month - 1


def _coded(values: Any) -> tuple[Ints, list[str]]:
    """Codes of texts in the order of the alphabet; -1 where there is none."""
    there = ~np.ma.getmaskarray(values)
    codes = np.full(len(values), -1, dtype=np.int64)
    names, codes[there] = np.unique(np.ma.getdata(values)[there].astype(str), return_inverse=True)
    return codes, names.tolist()


def _spending(
    con: duckdb.DuckDBPyConnection, first: int
) -> tuple[list[str], tuple[Ints, Ints, Ints, Floats]]:
    """The categories, and what `favourites.top` needs."""
    con.execute(
        """
        CREATE OR REPLACE TEMP TABLE sequence_categories AS
        SELECT category, row_number() OVER (ORDER BY category) - 1 AS code
        FROM (SELECT DISTINCT category FROM sequence_lines WHERE category IS NOT NULL AND bought)
        """
    )
    rows = con.execute(
        """
        SELECT place, code, month - $first AS t, sum(amount)::DOUBLE AS amount
        FROM sequence_lines JOIN sequence_categories USING (category)
        WHERE NOT opened AND month >= $first AND amount IS NOT NULL GROUP BY ALL ORDER BY place, code, t
        """,
        {"first": first},
    ).fetchnumpy()
    names = con.execute("SELECT category FROM sequence_categories ORDER BY code").fetchall()
    return [row[0] for row in names], (rows["place"], rows["code"], rows["t"], rows["amount"])


def to_table(sequences: Sequences) -> pa.Table:
    """One row a user, months as lists of fixed length; nothing is lost. For `artefacts.Table`."""
    m = sequences.m
    columns: dict[str, pa.Array] = {
        "user_id": pa.array(sequences.user_id, type=pa.string()),
        "first_order": pa.array(sequences.first_order),
        **{name: pa.array(values) for name, values in sequences.static.items()},
    }
    for name in _MONTHLY:
        values = getattr(sequences, name)
        flat = values.astype(np.int8) if values.dtype == bool else values
        columns[name] = pa.FixedSizeListArray.from_arrays(pa.array(np.ravel(flat)), m)
    columns["favourite_codes"] = pa.FixedSizeListArray.from_arrays(
        pa.array(np.ravel(sequences.favourite_codes)), 2 * m
    )
    told = {"months": [month.isoformat() for month in sequences.months], "names": sequences.names}
    return pa.table(columns).replace_schema_metadata({"sequences": json.dumps(told)})


def from_table(table: pa.Table) -> Sequences:
    """What `to_table` was given."""
    told = json.loads(table.schema.metadata[b"sequences"])
    n, m = table.num_rows, len(told["months"])

    def column(name: str) -> NDArray[Any]:
        values = table[name].combine_chunks()
        if pa.types.is_fixed_size_list(values.type):
            return values.flatten().to_numpy(zero_copy_only=False).reshape(n, -1)
        return values.to_numpy(zero_copy_only=False)

    monthly = {name: column(name) for name in _MONTHLY}
    monthly["known"] = monthly["known"].astype(bool)
    return Sequences(
        user_id=np.array(table["user_id"].to_pylist(), dtype=object),
        months=[date.fromisoformat(text) for text in told["months"]],
        first_order=column("first_order"),
        static={name: column(name) for name in (*MEASURED, *CODED)},
        names=told["names"],
        favourite_codes=column("favourite_codes").reshape(n, m, 2),
        **monthly,
    )
