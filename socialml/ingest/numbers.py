"""How a file writes its numbers: with a decimal point or comma, amounts in whole units or in hundredths."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from socialml.errors import UserError
from socialml.ingest.read import Raw
from socialml.ingest.values import Fetch
from socialml.schema import KINDS, Kind

DECIMALS = {"point": "a decimal point", "comma": "a decimal comma"}
UNITS = {"yuan": "whole units (yuan)", "fen": "hundredths (fen)"}
_ALONE = "(?:^|[^0-9.,])({})(?:$|[^0-9.,])"
# What can be read in one way only, and what in two: 1.234 is a thousand in half of the world.
COMMA = _ALONE.format(
    r"[0-9]{1,3}(\.[0-9]{3})+,[0-9]*|[0-9]{1,3}(\.[0-9]{3}){2,}|[0-9]+,([0-9]{1,2}|[0-9]{4,})|0,[0-9]+"
)
POINT = _ALONE.format(
    r"[0-9]{1,3}(,[0-9]{3})+\.[0-9]*|[0-9]{1,3}(,[0-9]{3}){2,}|[0-9]*\.([0-9]{0,2}|[0-9]{4,})|0\.[0-9]+"
)
_UNCLEAR_DOT = _ALONE.format(r"[1-9][0-9]{0,2}\.[0-9]{3}")
_UNCLEAR_COMMA = _ALONE.format(r"[1-9][0-9]{0,2},[0-9]{3}")
_SIGNS = (COMMA, POINT, _UNCLEAR_DOT, _UNCLEAR_COMMA)
_FEW = 0.05  # so small a share of the other sign is a slip, and its cells are rejects
_NUMERIC = ("money", "number", "integer")
_SALES = ("amount", "unit_price")  # what tells the unit; incomes and prices of creators are often whole
_IN_FEN, _IN_YUAN = re.compile(r"分\W*$|\bfen\b|cents?\b", re.I), re.compile(r"元|yuan|rmb|cny", re.I)
_MEDIAN = 2_000  # whole amounts of so much at the median suggest hundredths


@dataclass
class Numbers:
    """comma: fields with a decimal comma. fen: fields in hundredths. questions: as an inspection has them."""

    comma: set[str] = field(default_factory=set)
    fen: set[str] = field(default_factory=set)
    questions: list[dict[str, Any]] = field(default_factory=list)

    def ask(self) -> UserError:
        """The first question as an error, for whoever gave no answer beforehand."""
        question = self.questions[0]
        readings = "; ".join(f"{choice['value']}: {choice['meaning']}" for choice in question["choices"])
        what = "decimal sign" if question["setting"] == "decimal" else "unit of money"
        return UserError(question["code"], question["sentence"], f"Say which with the {what}. {readings}.")


def of_file(
    fetch: Fetch, raw: Raw, kind: str, mapping: dict[str, str], first: list[list[str]], *, whole: bool = False,
    decimal: str | None = None, unit: str | None = None,
) -> Numbers:  # fmt: skip
    """How the mapped columns write their numbers, and what has to be asked of them."""
    columns = {name: (header, raw.columns[header]) for name, header in mapping.items()}
    cells = {name: [row[int(column[1:])] for row in first] for name, (_, column) in columns.items()}
    delimiter = raw.layout.delimiter if raw.source.format == "csv" else ""
    return judge(
        fetch, KINDS[kind], columns, cells, delimiter=delimiter, whole=whole, decimal=decimal, unit=unit
    )


def judge(
    fetch: Fetch,
    kind: Kind,
    columns: dict[str, tuple[str, str]],
    first: dict[str, list[str]],
    *,
    delimiter: str,
    whole: bool = False,
    decimal: str | None = None,
    unit: str | None = None,
) -> Numbers:
    """columns: {field: (header, column of raw)}; first: {field: its first cells}.

    whole: look at every row also where the first ones raise no doubt. delimiter: '' for files whose numbers are
    numbers (Parquet, Excel). decimal, unit: the user's answers; they settle only what the values leave open.
    """
    found = Numbers()
    numeric = [name for name in columns if kind.column(name).type in _NUMERIC]
    _decimals(found, fetch, kind, {name: columns[name] for name in numeric}, first, delimiter, whole, decimal)
    if kind.name in ("events", "orders", "impressions"):
        money = [name for name in numeric if kind.column(name).type == "money"]
        _unit(found, fetch, {name: columns[name] for name in money}, first, unit)
    return found


def _decimals(
    found: Numbers, fetch: Fetch, kind: Kind, columns: dict[str, tuple[str, str]], first: dict[str, list[str]],
    delimiter: str, whole: bool, decimal: str | None,
) -> None:  # fmt: skip
    seen = {name: _count(first[name]) for name in columns}
    doubtful = [name for name, (c, p, dot, comma) in seen.items() if c or (dot + comma and not p) or whole]
    if doubtful:
        counts = [
            f"count(*) FILTER (regexp_matches({columns[name][1]}, '{sign}'))"
            for name in doubtful
            for sign in _SIGNS
        ]
        row = fetch(f"SELECT {', '.join(counts)} FROM raw")[0]
        seen |= {name: tuple(row[4 * i : 4 * i + 4]) for i, name in enumerate(doubtful)}
    told: dict[str, str] = {}
    torn, silent = [], []
    for name, (commas, points, dot, comma) in seen.items():
        if commas and points and min(commas, points) > _FEW * (commas + points):
            torn.append(name)
        elif commas or points:
            told[name] = "comma" if commas > points else "point"
        elif (dot and kind.column(name).type == "money" and delimiter) or (
            (dot or comma) and delimiter == ";"
        ):
            silent.append(name)
    if len(set(told.values())) == 1:
        told |= dict.fromkeys(silent, next(iter(told.values())))
        silent = []
    for name in torn + silent:
        if decimal:
            told[name] = decimal
        else:
            rows = sum(seen[name])
            found.questions.append(_decimal_question(fetch, *columns[name], rows, torn=name in torn))
    found.comma = {name for name, sign in told.items() if sign == "comma"}


def _count(cells: Iterable[str]) -> tuple[int, ...]:
    given = [cell for cell in cells if "." in cell or "," in cell]
    return tuple(sum(bool(re.search(sign, cell)) for cell in given) for sign in _SIGNS)


def _decimal_question(fetch: Fetch, header: str, column: str, rows: int, *, torn: bool) -> dict[str, Any]:
    where = " OR ".join(f"regexp_matches({column}, '{sign}')" for sign in (_SIGNS if torn else _SIGNS[2:]))
    examples = [
        row[0].strip() for row in fetch(f"SELECT DISTINCT {column} FROM raw WHERE {where} ORDER BY 1 LIMIT 3")
    ]
    if torn:
        what = "both a decimal point and a decimal comma are written"
    else:
        what = "it is not clear what point and comma are"
    return {
        "code": "decimal_unclear",
        "setting": "decimal",
        "header": header,
        "sentence": f"In {rows:,} {'value' if rows == 1 else 'values'} of '{header}' {what}, such as"
        f" {', '.join(examples)}.",
        "examples": examples,
        "choices": [
            {"value": "point", "meaning": "a decimal point, so 1.234 is a little over one and 1,234 over a thousand"},
            {"value": "comma", "meaning": "a decimal comma, so 1.234 is over a thousand and 1,234 a little over one"},
        ],
        "suggestion": None,
        "rows": rows,
    }  # fmt: skip


def _unit(
    found: Numbers, fetch: Fetch, columns: dict[str, tuple[str, str]], first: dict[str, list[str]], unit: str | None
) -> None:  # fmt: skip
    open_ = {name: place for name, place in columns.items() if not _IN_YUAN.search(place[0])}
    if unit == "fen":
        found.fen = set(open_)
    if unit:
        return
    for name in _SALES:
        if name in open_ and (question := _unit_question(fetch, *open_[name], first[name])):
            found.questions.append(question)
            return


def _unit_question(fetch: Fetch, header: str, column: str, cells: list[str]) -> dict[str, Any] | None:
    """Asked where the header says hundredths, or where all amounts are whole and large."""
    given = [cell.strip() for cell in cells if cell.strip()]
    whole = [cell for cell in given if re.fullmatch(r"-?[0-9]{1,12}", cell)]
    if len(whole) < len(given) or not whole:
        return None
    sizes = [abs(int(cell)) for cell in whole if int(cell)]
    large = len(sizes) >= 3 and statistics.median(sizes) >= _MEDIAN
    if not (_IN_FEN.search(header) or large):
        return None
    parted, rows = fetch(
        f"SELECT count(*) FILTER (regexp_matches({column}, '[0-9][.,][0-9]')), count({column}) FROM raw"
    )[0]
    if parted:
        return None
    example = max(whole, key=lambda cell: abs(int(cell)))
    number, shown = int(example), list(dict.fromkeys(whole))[:3]
    return {
        "code": "money_unit_unclear",
        "setting": "money_unit",
        "header": header,
        "sentence": f"All amounts in '{header}' are whole and most are large, such as {', '.join(shown)}:"
        " they may be in fen (hundredths).",
        "examples": shown,
        "choices": [
            {"value": "yuan", "meaning": f"{UNITS['yuan']}, so {example} is {number:,}.00"},
            {"value": "fen", "meaning": f"{UNITS['fen']}, so {example} is {number / 100:,.2f}"},
        ],
        "suggestion": "fen" if _IN_FEN.search(header) else None,
        "rows": rows,
    }  # fmt: skip
