"""The SQL that turns `raw` into rows of a kind: typed columns, both clocks, what is wrong with a row."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from socialml.ingest import dates, numbers, states, values, zones
from socialml.ingest.forms import ISO
from socialml.ingest.read import Raw
from socialml.ingest.values import MISSING, NOT_A_TIME, OUT_OF_RANGE, Cast, Fetch
from socialml.schema import (
    ACTIONS,
    CREATOR_COLUMNS,
    EVENT_COLUMNS,
    IMPRESSION_COLUMNS,
    KINDS,
    PLACEMENT_COLUMNS,
    TIER_WORDS,
    USER_COLUMNS,
)
from socialml.store.sql import quoted

EARLIEST, LATEST = "TIMESTAMP '1900-01-01'", "TIMESTAMP '2200-01-01'"
BELOW_ZERO, NO_PHASE = "below 0", "not a phase from 1 to 100"
_NEVER_NEGATIVE = {
    "creators": ("price", "followers"),
    "placements": ("price", "reads", "likes", "comments", "shares", "later_reads"),
}
_MOST_WORDS = 5_000  # different actions looked at


@dataclass
class Problem:
    """Why a row is rejected: the condition, and the cell it is about (header, and SQL of its text)."""

    condition: str
    header: str
    value: str
    reason: str


@dataclass
class Clock:
    """A time column: f_<name> is as written, in UTC where `zoned` (true, false, or a column) is true.

    assumed: taken for ISO because the file begins so.
    """

    name: str
    header: str
    zoned: str
    assumed: bool


@dataclass
class Plan:
    """columns: what the accepted file holds, in order, over the table `typed` with the clocks.

    casts: the columns that are read, by field. derived: levels of SQL over them for more columns.
    actions: words of the file -> what they mean, where that is another word.
    unknown_actions: (word, accepted rows), the commonest first.
    """

    columns: dict[str, str] = field(default_factory=dict)
    casts: dict[str, Cast] = field(default_factory=dict)
    derived: list[dict[str, str]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    clocks: list[Clock] = field(default_factory=list)
    clock: str | None = None  # the column whose first and last value the receipt tells
    amount: str | None = None
    unknown_actions: list[tuple[str, int]] = field(default_factory=list)
    empty_columns: list[str] = field(default_factory=list)
    decimal_commas: list[str] = field(default_factory=list)  # headers
    in_fen: list[str] = field(default_factory=list)  # likewise
    refunded: str | None = None  # condition: the whole amount of a line went back
    nobody: bool = False  # no column says whose the rows are

    def levels(self) -> list[dict[str, str]]:
        """{name: SQL} a level, each over `raw` and the levels before it, for all casts and derived columns."""
        deepest = max((len(cast.steps) for cast in self.casts.values()), default=0)
        made: list[dict[str, str]] = [{} for _ in range(deepest)]
        for cast in self.casts.values():
            for level, step in zip(made, cast.steps, strict=False):
                level |= step
        return [*made, *self.derived]


def plan(
    fetch: Fetch,
    raw: Raw,
    kind: str,
    mapping: dict[str, str],
    date_order: str | None,
    first: list[list[str]],
    assume: bool,
    *,
    decimal: str | None = None,
    money_unit: str | None = None,
) -> Plan:
    """The plan for a kind with columns of its own.

    first: the first rows as text. assume: take time columns for ISO, and numbers for such with a decimal point,
    without a look at all of them, where the first rows are. decimal, money_unit: see numbers.judge.
    Raises UserError date_order_unclear, decimal_unclear, money_unit_unclear.
    """
    made = Plan()
    columns, schema = raw.columns, KINDS[kind]
    written = numbers.of_file(
        fetch, raw, kind, mapping, first, whole=not assume, decimal=decimal, unit=money_unit
    )
    if written.questions:
        raise written.ask()
    made.decimal_commas = [mapping[name] for name in mapping if name in written.comma]
    made.in_fen = [mapping[name] for name in mapping if name in written.fen]
    for name, header in mapping.items():
        column = columns[header]
        cells = [row[int(column[1:])] for row in first]
        if schema.column(name).type == "time":
            iso = assume and _all_iso(cells)
            add_time(made, fetch, name, header, values.trimmed(column, raw.odd_spaces), date_order, iso)
        else:
            made.casts[name] = values.cast(
                fetch, name, schema.column(name).type, header, column, raw.odd_spaces, cells,
                schema.column(name).usual, comma=name in written.comma, fen=name in written.fen,
            )  # fmt: skip
    _require(made, kind)
    made.problems += [
        Problem(condition, cast.header, cast.value, reason)
        for cast in made.casts.values()
        for condition, reason in cast.problems
    ]
    if kind == "users":
        return _typed(made, USER_COLUMNS)
    if kind == "impressions":
        made.clock, made.amount = "d_ts_local", "f_amount" if "amount" in made.casts else None
        return _typed(made, IMPRESSION_COLUMNS)
    if kind in _NEVER_NEGATIVE:
        _limit(made, kind)
        made.clock = "d_ts_local" if "ts" in made.casts else None
        _typed(made, CREATOR_COLUMNS if kind == "creators" else PLACEMENT_COLUMNS)
        if "tier" in made.casts:
            cases = " ".join(f"WHEN {quoted(word)} THEN {quoted(tier)}" for word, tier in TIER_WORDS.items())
            made.derived.append({"d_tier": f"CASE lower(f_tier) {cases} END"})
            made.columns["tier"] = "d_tier"
        return made
    return _events(made, kind)


def _all_iso(cells: list[str]) -> bool:
    given = [cell.strip() for cell in cells if cell.strip().lower() not in ("", *dates.NULL_WORDS)]
    return bool(given) and all(re.fullmatch(ISO, cell) for cell in given)


def add_time(
    made: Plan, fetch: Fetch, name: str, header: str, value: str, date_order: str | None, assumed: bool
) -> None:
    """Read a time column: f_<name> as written. value: SQL of the trimmed text. Raises date_order_unclear."""
    t, v, f = f"t_{name}", f"v_{name}", f"f_{name}"
    if assumed:
        i = f"i_{name}"
        # Cheaper than the expression for most: the cast says whether their digits are digits.
        common = f"{t} LIKE '____-__-__' OR {t} LIKE '____-__-__ __:__:__'"
        steps = [
            {t: value},
            {i: f"CASE WHEN {common} THEN true ELSE regexp_full_match({t}, '{ISO}') END"},
            {v: f"CASE WHEN {i} THEN {t} ELSE {values.without_null_words(t)} END"},
            {f: f"CASE WHEN {i} THEN try_cast({t} AS TIMESTAMP) END"},
        ]
        made.clocks.append(Clock(name, header, "false", True))
    else:
        found = dates.judge(fetch, header, value, date_order)
        if found.unclear:
            raise found.ask()
        steps = [{t: value}, {v: values.without_null_words(t) if found.null_words else t}, {f: found.sql(v)}]
        zoned = found.zoned_sql(v)
        if zoned not in ("true", "false"):
            steps[-1][f"z_{name}"] = zoned
            zoned = f"z_{name}"
        made.clocks.append(Clock(name, header, zoned, False))
    made.casts[name] = Cast(name, header, steps, v)
    made.problems += [
        Problem(f"{f} IS NULL AND {v} IS NOT NULL", header, v, NOT_A_TIME),
        Problem(f"NOT ({f} >= {EARLIEST} AND {f} < {LATEST})", header, v, OUT_OF_RANGE),
    ]


def misjudged(made: Plan, fetch: Fetch) -> bool:
    """Whether a column holds what its first rows did not show: times that are not ISO, numbers with a decimal
    comma; over the table `noted`."""
    wrong = [str(i) for i, problem in enumerate(made.problems) if problem.reason == values.NOT_A_NUMBER]
    commas = f"regexp_matches(bad_cell, '{numbers.COMMA}')"
    if (
        wrong
        and fetch(f"SELECT count(*) FROM noted WHERE problem IN ({', '.join(wrong)}) AND {commas}")[0][0]
    ):
        return True
    for clock in made.clocks:
        if clock.assumed:
            unread = f"u_{clock.name}"
            if fetch(f"SELECT count({unread}) FROM noted")[0][0]:
                found = dates.judge(fetch, clock.header, unread, table="noted")
                if any(form.pattern != ISO for form in found.forms):
                    return True
    return False


def clocks_sql(made: Plan, fetch: Fetch, zone: str) -> str:
    """A query: `typed` with d_<name>_utc and d_<name>_local for each time."""
    more = ""
    for clock in made.clocks:
        time = f"f_{clock.name}"
        low, high = _bounds(fetch, time)
        utc, local = zones.to_utc(time, zone, low, high), zones.to_local(time, zone, low, high)
        more += f", {_either(clock.zoned, time, utc)} AS d_{clock.name}_utc"
        more += f", {_either(clock.zoned, local, time)} AS d_{clock.name}_local"
    return f"(SELECT *{more} FROM typed)"


def _either(condition: str, yes: str, no: str) -> str:
    fixed = {"true": yes, "false": no}
    return fixed.get(condition) or f"CASE WHEN {condition} THEN {yes} ELSE {no} END"


def _bounds(fetch: Fetch, time: str) -> tuple[datetime, datetime]:
    """The first and last time of a column of `typed` and a day more, for the zone's table."""
    low, high = fetch(
        f"SELECT min({time}), max({time}) FROM typed WHERE {time} >= {EARLIEST} AND {time} < {LATEST}"
    )[0]
    if low is None:
        return datetime(1900, 1, 1), datetime(2200, 1, 1)
    day = timedelta(days=1)
    return low - day, high + day


def name_actions(made: Plan, fetch: Fetch) -> None:
    """Words for known actions become them; others stay, and are told. Over the table `typed`."""
    words = fetch(
        "SELECT f_action, count(*) FILTER (WHERE problem IS NULL) FROM typed WHERE f_action IS NOT NULL GROUP"
        f" BY f_action ORDER BY count(*) DESC, f_action LIMIT {_MOST_WORDS}"
    )
    renamed: dict[str, str] = {}
    for word, rows in words:
        meant = ACTIONS.get(word.lower())
        if meant is None:
            made.unknown_actions.append((word, rows))
        elif meant != word:
            renamed[word] = meant
    if renamed:
        cases = " ".join(f"WHEN {quoted(word)} THEN {quoted(meant)}" for word, meant in renamed.items())
        made.columns["action"] = f"CASE f_action {cases} ELSE f_action END"


def _require(made: Plan, kind: str) -> None:
    """Rows without a required cell are rejected; but not those without a customer, which count in revenue."""
    for column in KINDS[kind].columns:
        if column.required and (column.name != "user_id" or kind in ("users", "impressions")):
            cast = made.casts[column.name]
            made.problems.insert(0, Problem(f"{cast.value} IS NULL", cast.header, cast.value, MISSING))


def _events(made: Plan, kind: str) -> Plan:
    have = made.casts
    made.clock = "d_ts_local"
    made.nobody = "user_id" not in have
    amount = "f_amount" if "amount" in have else None
    if kind == "orders":
        _leave_out_unpaid(made)
        if "quantity" in have and "unit_price" in have:
            product = "try_cast(f_quantity * f_unit_price AS DECIMAL(18,4))"
            both = "f_quantity IS NOT NULL AND f_unit_price IS NOT NULL"
            price = have["unit_price"]
            amount = f"coalesce({amount}, {product})" if amount else product
            made.problems.append(
                Problem(f"{both} AND d_amount IS NULL", price.header, price.value, values.TOO_LARGE)
            )
        header = have["amount"] if "amount" in have else have["unit_price"]
        if made.refunded:
            amount = f"CASE WHEN {made.refunded} AND {amount} > 0 THEN 0 ELSE {amount} END"
        made.derived.append({"d_amount": amount or "NULL"})
        made.problems.append(Problem("d_amount IS NULL", header.header, header.value, MISSING))
        amount = "d_amount"
        negative = "d_amount < 0" + (" OR f_quantity < 0" if "quantity" in have else "")
        negative += f" OR {made.refunded}" if made.refunded else ""
        made.derived.append({"d_action": f"CASE WHEN {negative} THEN 'refund' ELSE 'purchase' END"})
    made.amount = amount
    special = {
        "kind": f"'{kind}'",
        "ts_utc": "d_ts_utc",
        "ts_local": "d_ts_local",
        "amount": amount or "NULL",
        "action": "d_action" if kind == "orders" else "f_action",
    }
    for name, kind_ in EVENT_COLUMNS[1:]:
        sql = special.get(name) or (f"f_{name}" if name in have else "NULL")
        made.columns[name] = f"{sql}::{kind_}"
    return made


def _leave_out_unpaid(made: Plan) -> None:
    """Orders that were not paid, or cancelled, are no sales: they are rejected. Refunds are kept, and told."""
    given = {name: made.casts[name] for name in ("status", "paid_at", "after_sale") if name in made.casts}
    value = {name: cast.value for name, cast in given.items()}
    status, paid_at, after_sale = (value.get(name) for name in ("status", "paid_at", "after_sale"))
    found = []
    if status or paid_at:
        shown = given.get("status") or given["paid_at"]
        found.append(Problem(states.unpaid(status, paid_at), shown.header, shown.value, states.NOT_PAID))
    if status:
        closed = states.cancelled(status, after_sale)
        found.append(Problem(closed, given["status"].header, status, states.CANCELLED))
    made.problems[:0] = found
    made.refunded = states.refunded(status, after_sale) or None


def _limit(made: Plan, kind: str) -> None:
    """Rows with a number that no creator and no booking can have are rejected."""
    for name, cast in made.casts.items():
        if name in _NEVER_NEGATIVE[kind]:
            made.problems.append(Problem(f"f_{name} < 0", cast.header, cast.value, BELOW_ZERO))
        elif name == "phase":
            made.problems.append(Problem("f_phase NOT BETWEEN 1 AND 100", cast.header, cast.value, NO_PHASE))


def _typed(made: Plan, columns: tuple[tuple[str, str], ...]) -> Plan:
    """Each stored column from the field of its name; both clocks of a time from that time."""
    clocks = {clock.name for clock in made.clocks}
    for name, kind in columns[1:]:
        field = name.removesuffix("_utc").removesuffix("_local")
        source = f"d_{name}" if field in clocks else f"f_{name}"
        made.columns[name] = f"{source if field in made.casts else 'NULL'}::{kind}"
    return made
