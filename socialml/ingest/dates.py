"""The forms of the dates in a column, judged from all its values.

Each form is judged by itself. Where day and month cannot be told apart in any value of a form, the user is
asked; nothing is guessed.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from socialml.errors import UserError
from socialml.ingest.forms import ISO, ORDERS, UNCLEAR, Form, form_of, matches

_MOST_SHAPES = 2_000  # different shapes looked at in one column
Fetch = Callable[[str], list[tuple]]  # runs SQL and gives its rows
NULL_WORDS = ("null", "nan", "nat", "none", "na", "n/a", "#n/a", r"\n", "<na>", "-", "--", "无", "空")


@dataclass
class TimeColumn:
    """How a column's times are read.

    unclear: forms whose day and month cannot be told apart. unknown: values of no known form.
    """

    header: str
    forms: list[Form]
    unclear: list[Form]
    unknown: int = 0
    unknown_examples: list[str] = field(default_factory=list)
    null_words: bool = False

    def sql(self, value: str) -> str:
        """The TIMESTAMP of a value, on the writer's clock or, where `zoned_sql` is true, in UTC."""
        if not self.forms:
            return "NULL::TIMESTAMP"
        if len(self.forms) == 1 and not self.unknown:
            return self.forms[0].sql(value)
        cases = " ".join(f"WHEN {matches(value, form)} THEN {form.sql(value)}" for form in self.forms)
        return f"CASE {cases} END"

    def zoned_sql(self, value: str) -> str:
        """An expression that is true where the value says its own zone."""
        zoned = [form for form in self.forms if form.zoned]
        if len(zoned) == len(self.forms):
            return "true" if zoned else "false"
        return " OR ".join(matches(value, form) for form in zoned) or "false"

    def question(self) -> dict[str, Any] | None:
        """What to ask, or None: which of day and month comes first."""
        if not self.unclear:
            return None
        groups: dict[tuple[str, str], Form] = {(form.kind, form.separator): form for form in self.unclear}
        first = next(iter(groups.values()))
        rows = sum(form.rows for form in self.unclear)
        examples = [example for form in self.unclear for example in form.examples][:3]
        orders = ["mdy", "dmy"] if first.kind == "year_last" else list(ORDERS)
        settled = {form.order for form in self.forms if form.kind in UNCLEAR and form not in self.unclear}
        suggestion = next(iter(settled)) if len(settled) == 1 else None
        choices = [{"value": order, "meaning": _meaning(examples[0], order, first)} for order in orders]
        sentence = (
            f"In {rows:,} values of '{self.header}' day and month cannot be told apart, such as"
            f" {', '.join(examples)}."
        )
        if suggestion:
            sentence += f" Other dates of the column are {ORDERS[suggestion]}."
        return {
            "code": "date_order_unclear",
            "setting": "date_order",
            "header": self.header,
            "sentence": sentence,
            "examples": examples,
            "choices": choices,
            "suggestion": suggestion,
            "rows": rows,
        }

    def ask(self) -> UserError:
        """The question as an error, for whoever gave no answer beforehand."""
        question = self.question() or {}
        readings = "; ".join(f"{choice['value']}: {choice['meaning']}" for choice in question["choices"])
        hint = f"Say which comes first with the date order. {readings}."
        if question["suggestion"]:
            hint += f" Suggested: {question['suggestion']}."
        return UserError("date_order_unclear", question["sentence"], hint)


def judge(
    fetch: Fetch, header: str, value: str, date_order: str | None = None, table: str = "raw"
) -> TimeColumn:
    """Find the forms of a column.

    fetch: runs SQL over the table and gives rows. value: SQL of the trimmed text, NULL where empty.
    date_order: the user's answer; it settles only what the values leave open.
    """
    column = TimeColumn(header, [], [])
    table, value = f"(SELECT {value} AS t FROM {table})", "t"
    # Most files hold one tidy form: grouping by shape costs four times as much as this.
    given, iso, low, high = fetch(
        f"SELECT count({value}), count(*) FILTER (WHERE regexp_full_match({value}, '{ISO}')),"
        f" min({value}), max({value}) FROM {table}"
    )[0]
    if given and given == iso:
        form = form_of("iso")
        assert form is not None
        form.rows, form.examples, column.forms = given, [low, high], [form]
        return column
    shapes = fetch(
        f"SELECT CASE WHEN regexp_full_match({value}, '{ISO}') THEN 'iso' ELSE translate({value},"
        f" '123456789', '000000000') END AS shape, count(*), min({value}), max({value}) FROM {table} WHERE"
        f" {value} IS NOT NULL GROUP BY shape ORDER BY count(*) DESC, shape LIMIT {_MOST_SHAPES + 1}"
    )
    column.unknown = int(len(shapes) > _MOST_SHAPES)
    forms: dict[str, Form] = {}
    for shape, count, low, high in shapes[:_MOST_SHAPES]:
        form = form_of(shape)
        if form is None and low.lower() in NULL_WORDS:
            column.null_words = True
        elif form is None:
            column.unknown += count
            column.unknown_examples = [*column.unknown_examples, low][:3]
        else:
            form = forms.setdefault(form.pattern, form)
            form.rows += count
            form.examples = list(dict.fromkeys([*form.examples, low, high]))[:3]
    column.forms = sorted(forms.values(), key=lambda form: -form.rows)
    for kind, separator in {(form.kind, form.separator) for form in column.forms if form.kind in UNCLEAR}:
        group = [form for form in column.forms if (form.kind, form.separator) == (kind, separator)]
        order = _settle(fetch, table, group, date_order)
        for form in group:
            form.order = order
        if order is None:
            column.unclear += group
            group[0].examples = _telling(fetch, table, group) or group[0].examples
    return column


def _telling(fetch: Fetch, table: str, group: list[Form]) -> list[str]:
    """Values whose day and month differ, so that the readings of them do."""
    first, second, _ = _parts("t", group[0].separator)
    where = " OR ".join(matches("t", form) for form in group)
    rows = fetch(f"SELECT t FROM {table} WHERE ({where}) AND {first} <> {second} LIMIT 100")
    return list(dict.fromkeys(row[0] for row in rows))[:3]


def _settle(fetch: Fetch, table: str, group: list[Form], date_order: str | None) -> str | None:
    """The one order that no value of the group contradicts; else the user's answer, if it can be one."""
    a, b, c = _parts("t", group[0].separator)
    where = " OR ".join(matches("t", form) for form in group)
    first, second, third = fetch(f"SELECT max({a}), max({b}), max({c}) FROM {table} WHERE {where}")[0]
    possible = {
        "mdy": first <= 12 and second <= 31,
        "dmy": second <= 12 and first <= 31,
        "ymd": group[0].kind == "short_year" and second <= 12 and third <= 31,
    }
    left = [order for order, fits in possible.items() if fits]
    if len(left) == 1:
        return left[0]
    if date_order == "ymd" and group[0].kind == "year_last":
        return None  # no answer to this question
    return date_order if not left or date_order in left else None


def _parts(value: str, separator: str) -> list[str]:
    """SQL for the three numbers of a date."""
    pattern = rf"^(\d+)\{separator}(\d+)\{separator}(\d+)"
    return [f"try_cast(regexp_extract({value}, '{pattern}', {i}) AS INTEGER)" for i in (1, 2, 3)]


def _meaning(example: str, order: str, form: Form) -> str:
    """What an example would mean: '03-04-2018 is 4 March 2018'."""
    numbers = [int(text) for text in re.findall(r"\d+", example)[:3]]
    year, month, day = (numbers[order.index(letter)] for letter in "ymd")
    if form.kind == "short_year":
        year += 2000 if year < 69 else 1900
    if not 1 <= month <= 12 or not 1 <= day <= 31:
        return f"{ORDERS[order]}, which {example} does not fit"
    return f"{ORDERS[order]}, so {example} is {day} {calendar.month_name[month]} {year}"
