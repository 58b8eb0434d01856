"""The forms of dates and times in a column, and how each is read.

A form is what the digits stand between: `D/D/YYYY h:m`. Each form of a column is judged by itself. Where
day and month cannot be told apart in any value of a form, the user is asked; nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from socialml.errors import UserError

ORDERS = {"ymd": "year, month, day", "mdy": "month, day, year", "dmy": "day, month, year"}
_STRPTIME = {"ymd": "{y}{s}%m{s}%d", "mdy": "%m{s}%d{s}{y}", "dmy": "%d{s}%m{s}{y}"}
ISO = r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d:\d\d(\.\d+)?)?"
_MOST_SHAPES = 2_000  # different shapes looked at in one column
NULL_WORDS = ("null", "nan", "nat", "none", "na", "n/a", "#n/a", r"\n", "<na>", "-", "--", "无", "空")

# On shapes: values with every digit written 0.
_MONTH = r"(?:[A-Z][a-z]{2}|[A-Z]{3}|[a-z]{3}|January|February|March|April|June|July|August|September|October|November|December)"  # fmt: skip # noqa: E501
_CLOCK = (
    r"(?:(?P<gap> *|T)(?P<noon>[上下]午)?00?(?P<c1>[:时点])00?(?:(?P<c2>[:分])(?:00?(?P<fraction>[.,]0{1,9})?(?P<c3>秒)?)?)?"
    r"(?P<half> ?[AaPp][Mm])?(?P<zone> ?(?:Z|UTC|GMT|[+-]00(?::?00)?))?)?"
)
_DATES = tuple(
    (kind, re.compile(date + _CLOCK))
    for kind, date in (
        ("ymd", r"0000(?P<s>[-/.])00?(?P=s)00?"),
        ("year_last", r"00?(?P<s>[-/.])00?(?P=s)0000"),
        ("short_year", r"00?(?P<s>[-/.])00?(?P=s)00"),
        ("chinese", r"0000年00?月00?(?P<s>[日号])"),
        ("day_name", rf"00?(?P<s>[- ]){_MONTH}(?P=s)0000"),
        ("name_day", rf"{_MONTH}(?P<s> )00?, ?0000"),
    )
)
_COMPACT = {"00000000": "%Y%m%d", "00000000000000": "%Y%m%d%H%M%S"}
_EPOCH = {10: 1_000_000, 13: 1_000, 16: 1}  # digits -> microseconds in one unit
UNCLEAR = ("year_last", "short_year")


@dataclass
class Form:
    """One form in one column.

    kind, separator: values that share them are judged together. clock: what follows the date, for strptime.
    pattern: regular expression that exactly the form's values match.
    orders: the readings that no value contradicts; order: the one taken, None while unclear.
    """

    kind: str
    separator: str
    clock: str
    pattern: str
    label: str
    zoned: bool = False
    iso: bool = False
    order: str | None = "ymd"
    rows: int = 0
    examples: list[str] = field(default_factory=list)

    def sql(self, value: str) -> str:
        """A TIMESTAMP expression; UTC where `zoned`, else the writer's clock. NULL where it does not fit."""
        if self.kind == "epoch":
            number = "DECIMAL(24,6)" if r"\." in self.pattern else "BIGINT"
            return f"make_timestamp((try_cast({value} AS {number}) * {self.clock})::BIGINT)"
        if self.iso:
            return f"try_cast({value} AS {'TIMESTAMPTZ' if self.zoned else 'TIMESTAMP'})::TIMESTAMP"
        if "%p" in self.clock:
            value = f"replace(replace({value}, '上午', 'AM '), '下午', 'PM ')"
        if self.zoned:
            value = f"regexp_replace({value}, ' ?(Z|UTC|GMT)$', '+00')"
        date = {
            "chinese": f"%Y年%m月%d{self.separator}", "day_name": f"%d{self.separator}%b{self.separator}%Y",
            "name_day": "%b %d, %Y", "compact": "",
        }.get(self.kind)  # fmt: skip
        if date is None:
            year = "%y" if self.kind == "short_year" else "%Y"
            date = _STRPTIME[self.order or "ymd"].replace("{y}", year).replace("{s}", self.separator)
        formats = [date + self.clock]
        if "%b" in date:
            formats.append(formats[0].replace("%b", "%B"))
        return f"try_strptime({value}, {formats if len(formats) > 1 else repr(formats[0])})::TIMESTAMP"


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
    lowest: str = ""  # as text; the first and last time only where all are ISO
    highest: str = ""

    def sql(self, value: str) -> str:
        """The TIMESTAMP of a value, on the writer's clock or, where `zoned_sql` is true, in UTC."""
        if not self.forms:
            return "NULL::TIMESTAMP"
        if len(self.forms) == 1 and not self.unknown:
            return self.forms[0].sql(value)
        cases = " ".join(f"WHEN {_matches(value, form)} THEN {form.sql(value)}" for form in self.forms)
        return f"CASE {cases} END"

    def zoned_sql(self, value: str) -> str:
        """An expression that is true where the value says its own zone."""
        zoned = [form for form in self.forms if form.zoned]
        if len(zoned) == len(self.forms):
            return "true" if zoned else "false"
        return " OR ".join(_matches(value, form) for form in zoned) or "false"

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
            f"In {rows:,} values of '{self.header}' day and month cannot be told apart, such as {', '.join(examples)}."
        )
        if suggestion:
            sentence += f" Other dates of the column are {ORDERS[suggestion]}."
        return {
            "code": "date_order_unclear", "header": self.header, "sentence": sentence, "examples": examples,
            "choices": choices, "suggestion": suggestion, "rows": rows,
        }  # fmt: skip

    def ask(self) -> UserError:
        """The question as an error, for whoever gave no answer beforehand."""
        question = self.question() or {}
        readings = "; ".join(f"{choice['value']}: {choice['meaning']}" for choice in question["choices"])
        hint = f"Say which comes first with the date order. {readings}."
        if question["suggestion"]:
            hint += f" Suggested: {question['suggestion']}."
        return UserError("date_order_unclear", question["sentence"], hint)


def judge(fetch: Callable[[str], list[tuple]], header: str, value: str, date_order: str | None = None) -> TimeColumn:
    """Find the forms of a column.

    fetch: runs SQL over the table `raw` and gives rows. value: SQL of the trimmed text, NULL where empty.
    date_order: the user's answer; it settles only what the values leave open.
    """
    shapes = fetch(
        f"SELECT CASE WHEN regexp_full_match({value}, '{ISO}') THEN 'iso' ELSE translate({value}, '123456789',"
        f" '000000000') END AS shape, count(*), min({value}), max({value}) FROM raw WHERE {value} IS NOT NULL"
        f" GROUP BY shape ORDER BY count(*) DESC, shape LIMIT {_MOST_SHAPES + 1}"
    )
    column = TimeColumn(header, [], [], unknown=int(len(shapes) > _MOST_SHAPES))
    forms: dict[str, Form] = {}
    for shape, count, low, high in shapes[:_MOST_SHAPES]:
        form = form_of(shape)
        if form is None and low.lower() in NULL_WORDS:
            column.null_words = True
        elif form is None:
            column.unknown += count
            column.unknown_examples = (column.unknown_examples + [low])[:3]
        else:
            form = forms.setdefault(form.pattern, form)
            form.rows += count
            column.lowest = min(column.lowest or low, low)
            column.highest = max(column.highest, high)
            form.examples = list(dict.fromkeys([*form.examples, low, high]))[:3]
    column.forms = sorted(forms.values(), key=lambda form: -form.rows)
    for kind, separator in {(form.kind, form.separator) for form in column.forms if form.kind in UNCLEAR}:
        group = [form for form in column.forms if (form.kind, form.separator) == (kind, separator)]
        order = _settle(fetch, value, group, date_order)
        for form in group:
            form.order = order
        if order is None:
            column.unclear += group
    return column


def form_of(shape: str) -> Form | None:
    """The form that a shape (digits written 0) belongs to, or None where it is no date or time."""
    if shape == "iso":
        return Form("ymd", "-", "", ISO, "YYYY-MM-DD hh:mm:ss", iso=True)
    if shape in _COMPACT:
        return Form("compact", "", _COMPACT[shape], rf"\d{{{len(shape)}}}", "YYYYMMDD" + "hhmmss" * (len(shape) > 8))
    digits = len(shape.split(".")[0])
    if digits in _EPOCH and re.fullmatch(r"0+(\.0+)?", shape):
        unit = {10: "seconds", 13: "milliseconds", 16: "microseconds"}[digits]
        pattern = rf"\d{{{digits}}}" + (r"\.\d+" if "." in shape else "")
        return Form("epoch", "", str(_EPOCH[digits]), pattern, f"{unit} since 1970", zoned=True)
    for kind, expression in _DATES:
        match = expression.fullmatch(shape)
        # A clock may follow a date at once only where 日 or a space of its own parts them.
        if match and (match["gap"] or kind == "chinese" or not match["c1"]):
            return _form(kind, match)
    return None


def _form(kind: str, match: re.Match[str]) -> Form:
    part = match.groupdict(default="")
    separator, zoned = part["s"], bool(part["zone"])
    date = {
        "ymd": ("{y}{s}{d}{s}{d}", "YYYY{s}M{s}D"), "year_last": ("{d}{s}{d}{s}{y}", "D/M or M/D, YYYY last, with {s}"),
        "short_year": ("{d}{s}{d}{s}{d}", "three pairs of digits with {s}"), "chinese": ("{y}年{d}月{d}{s}", "YYYY年M月D{s}"),
        "day_name": ("{d}{s}[A-Za-z]+{s}{y}", "D{s}Mon{s}YYYY"), "name_day": ("[A-Za-z]+ {d}, ?{y}", "Mon D, YYYY"),
    }[kind]  # fmt: skip
    pattern = date[0].replace("{d}", r"\d{1,2}").replace("{y}", r"\d{4}").replace("{s}", re.escape(separator))
    label = date[1].replace("{s}", separator)
    clock = ""
    if part["c1"]:
        twelve = bool(part["noon"] or part["half"])
        clock = ("T" if part["gap"] == "T" else " " if part["gap"] else "") + ("%p " if part["noon"] else "") + ("%I" if twelve else "%H")
        clock += part["c1"] + "%M" + part["c2"]
        pattern += ("T" if part["gap"] == "T" else " +" if part["gap"] else "") + ("[上下]午" if part["noon"] else "")
        pattern += rf"\d{{1,2}}{part['c1']}\d{{1,2}}{part['c2']}"
        label += " h:mm"
        if part["c2"] and (part["c2"] == ":" or part["c3"]):
            clock += "%S" + (part["fraction"] and part["fraction"][0] + "%f") + part["c3"]
            pattern += r"\d{1,2}" + (part["fraction"] and rf"\{part['fraction'][0]}\d+") + part["c3"]
            label += ":ss"
        if part["half"]:
            clock += (" " if part["half"][0] == " " else "") + "%p"
            pattern += (" " if part["half"][0] == " " else "") + "[AaPp][Mm]"
            label += " AM/PM"
        if zoned:
            clock += "%z"
            pattern += r" ?(Z|UTC|GMT|[+-]\d\d(:?\d\d)?)"
            label += " with zone"
    # DuckDB's own cast is the fastest for what it reads: year first, - or /, plain clock.
    plain = not part["noon"] and not part["half"] and part["c1"] in ("", ":") and "," not in part["fraction"]
    iso = kind == "ymd" and separator in "-/" and plain and len(part["gap"]) <= 1 and not part["zone"].startswith(" ")
    order = None if kind in UNCLEAR else "ymd"
    return Form(kind, separator, clock, pattern, label, zoned, iso, order)


def _settle(fetch: Callable[[str], list[tuple]], value: str, group: list[Form], date_order: str | None) -> str | None:
    """The one order that no value of the group contradicts; else the user's answer, if it can be one."""
    separator = group[0].separator
    a, b, c = (
        f"try_cast(regexp_extract({value}, '^(\\d+)\\{separator}(\\d+)\\{separator}(\\d+)', {i}) AS INTEGER)"
        for i in (1, 2, 3)
    )
    where = " OR ".join(_matches(value, form) for form in group)
    first, second, third = fetch(f"SELECT max({a}), max({b}), max({c}) FROM raw WHERE {where}")[0]
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


def _matches(value: str, form: Form) -> str:
    return f"regexp_full_match({value}, '{form.pattern}')"


def _meaning(example: str, order: str, form: Form) -> str:
    """What an example would mean: '03-04-2018 is 4 March 2018'."""
    months = "January February March April May June July August September October November December".split()
    numbers = [int(text) for text in re.findall(r"\d+", example)[:3]]
    year, month, day = (numbers[order.index(letter)] for letter in "ymd")
    if form.kind == "short_year":
        year += 2000 if year < 69 else 1900
    if not 1 <= month <= 12 or not 1 <= day <= 31:
        return f"{ORDERS[order]}, which {example} does not fit"
    return f"{ORDERS[order]}, so {example} is {day} {months[month - 1]} {year}"
