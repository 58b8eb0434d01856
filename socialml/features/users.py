"""The user table: one row a user as of a date, from events and users.

Written once in Narwhals, so that it runs on DuckDB relations and on Spark data frames with equal results.
Only rows before `as_of` are read. Sums are of integers and decimals, never of doubles, so that two runs agree
to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

import narwhals as nw

WINDOW_DAYS = 90  # days before as_of that rates look at
SESSION_GAP = "30m"  # a longer pause between two actions begins a new visit
MIN_EXPOSURE_DAYS = 14  # a customer of three days would else have rates of ten times the truth
RATE_DAYS = 30  # rates are per 30 days of exposure


@dataclass(frozen=True, kw_only=True)
class Feature:
    label: str  # what a marketer calls it
    unit: str
    help: str


FEATURES: dict[str, Feature] = {
    "recency_days": Feature(
        label="Days since last purchase", unit="days", help="Empty for customers who never bought."
    ),
    "frequency": Feature(label="Orders so far", unit="orders", help="Different orders in the whole history."),
    "monetary": Feature(label="Spent so far", unit="money", help="Everything paid, minus what was refunded."),
    "average_order": Feature(label="Average order", unit="money", help="Paid for one order, before refunds."),
    "purchases_per_month": Feature(
        label="Orders a month", unit="orders", help="Per 30 days, in the last 90 days or since they joined."
    ),
    "browse_seconds": Feature(
        label="Seconds watching a month", unit="seconds", help="Time spent on views, per 30 days."
    ),
    "views": Feature(label="Views a month", unit="views", help="Streams and pages looked at, per 30 days."),
    "sessions": Feature(
        label="Visits a month",
        unit="visits",
        help="A pause of more than 30 minutes begins a new visit. Per 30 days.",
    ),
    "likes": Feature(label="Likes a month", unit="likes", help="Likes and favourites, per 30 days."),
    "shares": Feature(label="Shares a month", unit="shares", help="Passed on to others, per 30 days."),
    "comments": Feature(label="Comments a month", unit="comments", help="Written comments, per 30 days."),
    "carts": Feature(
        label="Added to cart a month", unit="products", help="Products put in the cart, per 30 days."
    ),
    "ad_clicks": Feature(
        label="Ad clicks a month", unit="clicks", help="Clicks on advertisements, per 30 days."
    ),
    "promotions_opened": Feature(
        label="Promotions opened a month", unit="promotions", help="Coupons and offers opened, per 30 days."
    ),
    "discount_share": Feature(
        label="Bought at a discount", unit="share", help="Share of bought order lines with money off."
    ),
    "variety": Feature(
        label="Different categories bought",
        unit="categories",
        help="Products, where the data has no categories.",
    ),
    "tenure_days": Feature(
        label="Days as a customer", unit="days", help="Since they registered, or since they were first seen."
    ),
}

# What customers are grouped by, where the data has it: how often and how much they buy, how they watch, how
# they take part, how they answer offers, how long they have been here. Totals so far (frequency, monetary,
# variety) are left out: they say again what rates and tenure say.
SEGMENT_FEATURES: tuple[str, ...] = (
    "purchases_per_month", "average_order", "browse_seconds", "views", "likes", "shares", "comments", "carts",
    "ad_clicks", "promotions_opened", "discount_share", "tenure_days",
)  # fmt: skip

# Features that count one action, and the action.
_COUNTS = {
    "views": ("view",), "likes": ("like", "favourite"), "shares": ("share",), "comments": ("comment",),
    "carts": ("cart",), "ad_clicks": ("click",), "promotions_opened": ("promotion",),
}  # fmt: skip
_TRADES = ("purchase", "refund")


def user_table(
    events: Any, users: Any, as_of: datetime, *, window_days: int = WINDOW_DAYS
) -> nw.LazyFrame[Any]:
    """One row for each user with an event before as_of, in no set order; columns user_id and FEATURES.

    events, users: native or Narwhals lazy frames with the columns of the store's tables (schema.EVENT_COLUMNS
    and USER_COLUMNS). Rows without a user are left out. as_of is exclusive, on the dataset's own clock.

    Exposure is the part of the window in which the user could be seen: from its start, from the first row of
    that sort in the data (a log of 60 days has no 90), or from when the user registered, else was first seen;
    at least MIN_EXPOSURE_DAYS. Counts of things not done are 0; recency, average order and discount share of
    those who never bought are null.
    """
    opened = as_of - timedelta(days=window_days)
    seen = _lazy(events).filter(nw.col("ts_local") < nw.lit(as_of), ~nw.col("user_id").is_null())
    sums = _sums(seen, opened)
    joined = sums.join(_orders(seen, opened), on="user_id", how="left")
    joined = joined.join(_variety(seen), on="user_id", how="left")
    joined = joined.join(_visits(seen, opened), on="user_id", how="left")
    joined = joined.join(_registered(users, as_of), on="user_id", how="left")
    joined = joined.join(_starts(seen), how="cross")

    first = nw.min_horizontal(nw.col("registered"), nw.col("first_seen"))
    end = _day_number(as_of)
    days = {"first": _days(first), "last_bought": _days(nw.col("last_bought"))}
    days |= {name: _days(nw.col(name)) for name in ("trade_start", "behaviour_start")}
    table = joined.with_columns(**{f"{name}_day": expr for name, expr in days.items()})
    table = table.with_columns(
        trade_months=_exposure(end, window_days, "trade_start_day"),
        behaviour_months=_exposure(end, window_days, "behaviour_start_day"),
    )
    bought = nw.when(nw.col("frequency") > 0)
    lines = nw.when(nw.col("lines") > 0)
    rates = [
        (nw.col(name).fill_null(0).cast(nw.Float64) / nw.col("behaviour_months")).alias(name)
        for name in (*_COUNTS, "sessions")
    ]
    table = table.select(
        "user_id",
        (end - nw.col("last_bought_day")).cast(nw.Int64).alias("recency_days"),
        nw.col("frequency").fill_null(0).cast(nw.Int64).alias("frequency"),
        nw.col("monetary").cast(nw.Float64).fill_null(0.0).alias("monetary"),
        bought.then(nw.col("paid").cast(nw.Float64) / nw.col("frequency").cast(nw.Float64)).alias(
            "average_order"
        ),
        (nw.col("recent_orders").fill_null(0).cast(nw.Float64) / nw.col("trade_months")).alias(
            "purchases_per_month"
        ),
        (nw.col("watched_ms").fill_null(0).cast(nw.Float64) / 1000.0 / nw.col("behaviour_months")).alias(
            "browse_seconds"
        ),
        *rates,
        lines.then(nw.col("reduced").cast(nw.Float64) / nw.col("lines").cast(nw.Float64)).alias(
            "discount_share"
        ),
        nw.col("variety").fill_null(0).cast(nw.Int64).alias("variety"),
        (end - nw.col("first_day")).cast(nw.Int64).alias("tenure_days"),
    )
    return table.select("user_id", *FEATURES)


def available(events: Any, users: Any) -> set[str]:
    """The features that the data measures at all: likes are there when anybody liked anything.

    A feature that is not in the set is 0 or null for everybody and says nothing about anybody.
    """
    buy = _is("purchase")
    named = ~nw.col("category").is_null() | ~nw.col("item_id").is_null()
    flags = {name: _is(*actions) for name, actions in _COUNTS.items()}
    flags |= {
        "purchases_per_month": buy,
        "monetary": buy & (nw.col("amount") > 0),
        "discount_share": buy & (nw.col("discount") > 0),
        "variety": buy & named,
        "browse_seconds": nw.col("seconds") > 0,
        "sessions": ~_is(*_TRADES),
        "tenure_days": ~nw.col("ts_local").is_null(),
    }
    own = _lazy(events).filter(~nw.col("user_id").is_null())
    counts = own.select(*[_count(flag).sum().alias(name) for name, flag in flags.items()]).collect()
    found = {name for name, rows in counts.rows(named=True)[0].items() if rows}
    if "purchases_per_month" in found:
        found |= {"recency_days", "frequency"}
    if "monetary" in found:
        found.add("average_order")
    return found


def _lazy(frame: Any) -> nw.LazyFrame[Any]:
    return frame if isinstance(frame, nw.LazyFrame) else nw.from_native(frame).lazy()


def _is(*actions: str) -> nw.Expr:
    """The action is one of these. Comparisons, because is_in becomes a list search in DuckDB, three times
    slower."""
    return reduce(or_, [nw.col("action") == action for action in actions])


def _count(flag: nw.Expr) -> nw.Expr:
    """1 where the flag is true, else 0 (also where it is null)."""
    return nw.when(flag).then(nw.lit(1)).otherwise(nw.lit(0))


def _sums(seen: nw.LazyFrame[Any], opened: datetime) -> nw.LazyFrame[Any]:
    """What one pass over the rows gives for each user."""
    buy = _is("purchase")
    recent = nw.col("ts_local") >= nw.lit(opened)
    counts = [_count(recent & _is(*actions)).sum().alias(name) for name, actions in _COUNTS.items()]
    return seen.group_by("user_id").agg(
        nw.col("ts_local").min().alias("first_seen"),
        nw.when(buy).then(nw.col("ts_local")).max().alias("last_bought"),
        nw.when(_is(*_TRADES)).then(nw.col("amount")).sum().alias("monetary"),
        nw.when(buy).then(nw.col("amount")).sum().alias("paid"),
        _count(buy).sum().alias("lines"),
        _count(buy & (nw.col("discount") > 0)).sum().alias("reduced"),
        nw.when(recent).then((nw.col("seconds") * 1000).round().cast(nw.Int64)).sum().alias("watched_ms"),
        *counts,
    )


def _orders(seen: nw.LazyFrame[Any], opened: datetime) -> nw.LazyFrame[Any]:
    """frequency, recent_orders: different order numbers of each user; a line without a number is an order."""
    # Grouping twice is three times faster in DuckDB than counting distinct text in one group by.
    recent = _count(nw.col("ts_local") >= nw.lit(opened))
    lines = seen.filter(_is("purchase")).with_columns(recent=recent)
    orders = lines.group_by("user_id", "order_id").agg(
        nw.len().alias("lines"),
        nw.col("recent").sum().alias("recent_lines"),
        nw.col("recent").max().alias("recent"),
    )
    unnumbered = nw.col("order_id").is_null()
    orders = orders.select(
        "user_id",
        orders=nw.when(unnumbered).then(nw.col("lines")).otherwise(nw.lit(1)),
        recent=nw.when(unnumbered).then(nw.col("recent_lines")).otherwise(nw.col("recent")),
    )
    return orders.group_by("user_id").agg(
        nw.col("orders").sum().alias("frequency"), nw.col("recent").sum().alias("recent_orders")
    )


def _variety(seen: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """variety: different categories bought, products where a line has no category."""
    bought = seen.filter(_is("purchase"))
    bought = bought.select("user_id", what=nw.coalesce("category", "item_id"))
    pairs = bought.filter(~nw.col("what").is_null()).group_by("user_id", "what").agg(nw.len().alias("lines"))
    return pairs.group_by("user_id").agg(nw.len().alias("variety"))


def _visits(seen: nw.LazyFrame[Any], opened: datetime) -> nw.LazyFrame[Any]:
    """sessions: visits in the window, by anything but buying (an order says nothing about watching)."""
    recent = seen.filter(nw.col("ts_local") >= nw.lit(opened), ~_is(*_TRADES))
    steps = recent.select("user_id", "ts_local").with_columns(
        before=nw.col("ts_local").shift(1).over("user_id", order_by="ts_local")
    )
    starts = nw.col("before").is_null() | (nw.col("ts_local") > nw.col("before").dt.offset_by(SESSION_GAP))
    return (
        steps.select("user_id", begins=_count(starts))
        .group_by("user_id")
        .agg(nw.col("begins").sum().alias("sessions"))
    )


def _registered(users: Any, as_of: datetime) -> nw.LazyFrame[Any]:
    known = _lazy(users).filter(nw.col("registered_local") < nw.lit(as_of), ~nw.col("user_id").is_null())
    return known.group_by("user_id").agg(nw.col("registered_local").min().alias("registered"))


def _starts(seen: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
    """One row: the first trade and the first other action in the data."""
    trade = _is(*_TRADES)
    return seen.select(
        nw.when(trade).then(nw.col("ts_local")).min().alias("trade_start"),
        nw.when(~trade).then(nw.col("ts_local")).min().alias("behaviour_start"),
    )


def _exposure(end: int, window_days: int, start: str) -> nw.Expr:
    """Months of 30 days in which the user could be seen, from the columns of day numbers."""
    begin = nw.max_horizontal(nw.lit(end - window_days), nw.col("first_day"), nw.col(start))
    days = nw.max_horizontal(end - begin, nw.lit(min(MIN_EXPOSURE_DAYS, window_days)))
    return days.cast(nw.Float64) / float(RATE_DAYS)


def _days(moment: nw.Expr) -> nw.Expr:
    """Number of the day in the Gregorian calendar, 1 for 1 January of year 1; whole days differ on both
    engines alike.

    Spark has no difference of dates in Narwhals, DuckDB no division of durations: so the calendar's own
    arithmetic.
    """
    past = moment.dt.year().cast(nw.Int64) - 1
    return past * 365 + past // 4 - past // 100 + past // 400 + moment.dt.ordinal_day().cast(nw.Int64)


def _day_number(moment: datetime) -> int:
    return moment.date().toordinal()
