"""The SQL that turns `raw` into rows of a kind: typed columns, both clocks, what is wrong with a row."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from socialml.ingest import dates, values, zones
from socialml.ingest.read import Raw
from socialml.ingest.values import MISSING, NOT_A_TIME, OUT_OF_RANGE, Cast, Fetch
from socialml.schema import ACTIONS, EVENT_COLUMNS, KINDS, USER_COLUMNS, ColumnType

EARLIEST, LATEST = "TIMESTAMP '1900-01-01'", "TIMESTAMP '2200-01-01'"


@dataclass
class Problem:
    """Why a row is rejected: the condition, and the cell it is about."""

    condition: str
    header: str
    value: str
    reason: str


@dataclass
class Plan:
    """columns: what the accepted file holds, in order, over the query that `typed` gives.

    casts: the columns that were read, by field. derived: SQL over them for more columns.
    first_time: the column whose first and last value the receipt tells, if any.
    """

    columns: dict[str, str] = field(default_factory=dict)
    casts: dict[str, Cast] = field(default_factory=dict)
    derived: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    clock: str | None = None
    amount: str | None = None
    unknown_actions: list[str] = field(default_factory=list)
    empty_columns: list[str] = field(default_factory=list)

    def typed(self, source: str = "raw") -> str:
        """A query over `raw` (or more) with f_<field>, d_<derived> and `problem` (an index) beside it."""
        read = "".join(f", {cast.sql} AS f_{name}" for name, cast in self.casts.items())
        made = "".join(f", {sql} AS d_{name}" for name, sql in self.derived.items())
        inner = f"SELECT *{read} FROM {source}"
        middle = f"SELECT *{made} FROM ({inner})" if made else inner
        cases = " ".join(f"WHEN {problem.condition} THEN {i}" for i, problem in enumerate(self.problems))
        problem = f"CASE {cases} END" if cases else "NULL::INTEGER"
        return f"SELECT *, {problem} AS problem FROM ({middle})"


def plan(
    fetch: Fetch, raw: Raw, kind: str, mapping: dict[str, str], date_order: str | None, zone: str
) -> Plan:
    """The plan for events, orders or users. Raises UserError date_order_unclear."""
    made = Plan()
    columns, schema = raw.columns, KINDS[kind]
    others: list[tuple[str, ColumnType, str, str]] = [
        (f, schema.column(f).type, h, columns[h])
        for f, h in mapping.items()
        if schema.column(f).type != "time"
    ]
    value_of = values.tidy(fetch, [columns[header] for header in mapping.values()], raw.odd_spaces)
    for cast in values.plan(fetch, others, value_of):
        made.casts[cast.name] = cast
    for name, header in mapping.items():
        if schema.column(name).type == "time":
            add_time(made, fetch, name, header, value_of[columns[header]], date_order, zone)
    if "action" in made.casts:
        _map_actions(made, fetch)
    _require(made, kind)
    made.problems += [
        Problem(condition, cast.header, cast.value, reason)
        for cast in made.casts.values()
        for condition, reason in cast.problems
    ]
    return _users(made) if kind == "users" else _events(made, kind)


def add_time(
    made: Plan, fetch: Fetch, name: str, header: str, value: str, date_order: str | None, zone: str
) -> None:
    """Read a time column: f_<name> as written, d_<name>_utc and d_<name>_local. Raises date_order_unclear."""
    found = dates.judge(fetch, header, value, date_order)
    if found.unclear:
        raise found.ask()
    if found.null_words:
        value = values.without_null_words(value)
    made.casts[name] = Cast(name, header, value, found.sql(value))
    time = f"f_{name}"
    made.problems += [
        Problem(f"{time} IS NULL AND {value} IS NOT NULL", header, value, NOT_A_TIME),
        Problem(f"NOT ({time} >= {EARLIEST} AND {time} < {LATEST})", header, value, OUT_OF_RANGE),
    ]
    low, high = _bounds(fetch, found, value)
    zoned = found.zoned_sql(value)
    utc, local = zones.to_utc(time, zone, low, high), zones.to_local(time, zone, low, high)
    made.derived[f"{name}_utc"] = _either(zoned, time, utc)
    made.derived[f"{name}_local"] = _either(zoned, local, time)


def _either(condition: str, yes: str, no: str) -> str:
    fixed = {"true": yes, "false": no}
    return fixed.get(condition) or f"CASE WHEN {condition} THEN {yes} ELSE {no} END"


def _bounds(fetch: Fetch, found: dates.TimeColumn, value: str) -> tuple[datetime, datetime]:
    """The first and last time, for the zone's table; wide where that is dearer than it is worth."""
    if len(found.forms) == 1 and found.forms[0].pattern == dates.ISO and found.lowest and found.highest:
        ends = ", ".join(f"try_cast('{text}' AS TIMESTAMP)" for text in (found.lowest, found.highest))
        low, high = fetch(f"SELECT {ends}")[0]
    else:
        made = found.sql(value)
        low, high = fetch(
            f"SELECT min(t), max(t) FROM (SELECT {made} AS t FROM raw) WHERE t >= {EARLIEST} AND t < {LATEST}"
        )[0]
    first, last = datetime(1900, 1, 1), datetime(2200, 1, 1)
    if not low or not high:
        return first, last
    day = timedelta(days=1)  # as text, T comes after a space
    return max(low, first) - day, min(high, last) + day


def _map_actions(made: Plan, fetch: Fetch) -> None:
    """Words for known actions become them; others stay, and are told."""
    cast = made.casts["action"]
    words = [
        row[0]
        for row in fetch(
            f"SELECT {cast.value} AS word, count(*) FROM raw GROUP BY word ORDER BY 2 DESC, 1 LIMIT 5000"
        )
    ]
    renamed: dict[str, str] = {}
    for word in (word for word in words if word):
        meant = ACTIONS.get(word.lower())
        if meant is None:
            made.unknown_actions.append(word)
        elif meant != word:
            renamed[word] = meant
    if renamed:
        cases = " ".join(f"WHEN {quoted(word)} THEN {quoted(meant)}" for word, meant in renamed.items())
        cast.sql = f"CASE {cast.value} {cases} ELSE {cast.value} END"


def _require(made: Plan, kind: str) -> None:
    """Rows without a required cell are rejected; but not those without a customer, which count in revenue."""
    for column in KINDS[kind].columns:
        if column.required and (column.name != "user_id" or kind == "users"):
            cast = made.casts[column.name]
            made.problems.insert(0, Problem(f"{cast.value} IS NULL", cast.header, cast.value, MISSING))


def _events(made: Plan, kind: str) -> Plan:
    have = made.casts
    made.clock = "d_ts_local"
    amount = "f_amount" if "amount" in have else None
    if kind == "orders":
        if "quantity" in have and "unit_price" in have:
            product = "try_cast(f_quantity * f_unit_price AS DECIMAL(18,4))"
            both = "f_quantity IS NOT NULL AND f_unit_price IS NOT NULL"
            price = have["unit_price"]
            late = Problem(f"{both} AND {product} IS NULL", price.header, price.value, values.TOO_LARGE)
            amount = f"coalesce({amount}, {product})" if amount else product
            if "amount" in have:
                late.condition += " AND f_amount IS NULL"
            made.problems.append(late)
        header = have["amount"] if "amount" in have else have["unit_price"]
        made.derived["amount"] = amount or "NULL"
        made.problems.append(Problem("d_amount IS NULL", header.header, header.value, MISSING))
        amount = "d_amount"
        negative = "d_amount < 0" + (" OR f_quantity < 0" if "quantity" in have else "")
        made.derived["action"] = (
            f"CASE WHEN {negative.replace('d_amount', made.derived['amount'])} THEN 'refund' ELSE"
            " 'purchase' END"
        )
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


def _users(made: Plan) -> Plan:
    for name, kind in USER_COLUMNS[1:]:
        source = f"d_{name}" if name.startswith("registered") else f"f_{name}"
        have = name.removesuffix("_utc").removesuffix("_local") in made.casts
        made.columns[name] = f"{source if have else 'NULL'}::{kind}"
    return made


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
