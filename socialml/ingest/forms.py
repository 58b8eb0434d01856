"""The forms that dates and times are written in, and the SQL that reads each.

A form is what the digits stand between: `D/D/Y h:m`. Files come with hundreds of shapes and few forms.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass, field

ORDERS = {"ymd": "year, month, day", "mdy": "month, day, year", "dmy": "day, month, year"}
_STRPTIME = {"ymd": "{y}{s}%m{s}%d", "mdy": "%m{s}%d{s}{y}", "dmy": "%d{s}%m{s}{y}"}
ISO = r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d:\d\d(\.\d+)?)?"

# On shapes: values with every digit written 0.
_MONTH = f"(?:[A-Z][a-z]{{2}}|[A-Z]{{3}}|[a-z]{{3}}|{'|'.join(calendar.month_name[1:])})"
_CLOCK = (
    r"(?:(?P<gap> *|T)(?P<noon>[上下]午)?00?(?P<c1>[:时点])00?"
    r"(?:(?P<c2>[:分])(?:00?(?P<fraction>[.,]0{1,9})?(?P<c3>秒)?)?)?"
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
# kind -> regular expression of its values, and what to call it
_PATTERNS = {
    "ymd": ("{y}{s}{d}{s}{d}", "YYYY{s}M{s}D"),
    "year_last": ("{d}{s}{d}{s}{y}", "day and month, then the year, with {s}"),
    "short_year": ("{d}{s}{d}{s}{d}", "day, month and a year of two digits, with {s}"),
    "chinese": ("{y}年{d}月{d}{s}", "YYYY年M月D{s}"),
    "day_name": ("{d}{s}[A-Za-z]+{s}{y}", "D{s}Mon{s}YYYY"),
    "name_day": ("[A-Za-z]+ {d}, ?{y}", "Mon D, YYYY"),
}
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
            "chinese": f"%Y年%m月%d{self.separator}",
            "day_name": f"%d{self.separator}%b{self.separator}%Y",
            "name_day": "%b %d, %Y",
            "compact": "",
        }.get(self.kind)
        if date is None:
            year = "%y" if self.kind == "short_year" else "%Y"
            date = _STRPTIME[self.order or "ymd"].replace("{y}", year).replace("{s}", self.separator)
        formats = [date + self.clock]
        if "%b" in date:
            formats.append(formats[0].replace("%b", "%B"))
        return f"try_strptime({value}, {formats if len(formats) > 1 else repr(formats[0])})::TIMESTAMP"


def form_of(shape: str) -> Form | None:
    """The form that a shape (digits written 0) belongs to, or None where it is no date or time."""
    if shape == "iso":
        return Form("ymd", "-", "", ISO, "YYYY-MM-DD hh:mm:ss", iso=True)
    if shape in _COMPACT:
        label = "YYYYMMDD" if len(shape) == 8 else "YYYYMMDDhhmmss"
        return Form("compact", "", _COMPACT[shape], rf"\d{{{len(shape)}}}", label)
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
    date = _PATTERNS[kind]
    pattern = date[0].replace("{d}", r"\d{1,2}").replace("{y}", r"\d{4}").replace("{s}", re.escape(separator))
    label = date[1].replace("{s}", separator)
    clock = ""
    if part["c1"]:
        twelve = bool(part["noon"] or part["half"])
        gap = part["gap"][:1]
        clock = (
            gap
            + ("%p " if part["noon"] else "")
            + ("%I" if twelve else "%H")
            + part["c1"]
            + "%M"
            + part["c2"]
        )
        pattern += (" +" if gap == " " else gap) + ("[上下]午" if part["noon"] else "")
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
    narrow = len(part["gap"]) <= 1 and not part["zone"].startswith(" ")
    iso = kind == "ymd" and separator in "-/" and plain and narrow
    order = None if kind in UNCLEAR else "ymd"
    return Form(kind, separator, clock, pattern, label, zoned, iso, order)


def matches(value: str, form: Form) -> str:
    return f"regexp_full_match({value}, '{form.pattern}')"
