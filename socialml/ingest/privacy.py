"""Columns that say who a person is: phone numbers, e-mail addresses, Chinese ID-card numbers.

A column's own values decide; a header that names such a thing makes do with fewer and weaker ones. Digits alone are
no phone number: whole columns of order numbers and ids begin with 13 to 19 too. These count upward or hold a date, so
that their first digits hardly differ, while those of phone numbers do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from socialml.ingest.dates import NULL_WORDS, Fetch
from socialml.ingest.options import Options
from socialml.ingest.read import Raw
from socialml.schema import KINDS, names_user, normalise_header

NAMES = {"phone": "phone numbers", "email": "e-mail addresses", "id_card": "ID-card numbers"}
_ENOUGH, _ENOUGH_NAMED = 0.6, 0.3  # of the values given, without and with a header that says so
_ROWS, _CELLS, _FEW = 2_000, 200_000, 20  # rows looked at, cells at most, values that are too few to tell
_EMPTY = {"", *NULL_WORDS, "无", "暂无", "未知", "没有", "--"}
_FLAGS = {"0", "1", "yes", "no", "true", "false", "y", "n", "是", "否"}

_EMAIL = re.compile(r"(?:[^@<>]{0,60}<)?[^@\s<>,;\"]+@[^@\s<>,;\"]+\.[A-Za-z]{2,24}>?")
_BARE = re.compile(r"(?:86)?(1[3-9][0-9]{9})(?:\.0)?")
_WRITTEN = re.compile(
    r"(?:(?:\+|00)86[- ]?)1[3-9][0-9][- ]?[0-9]{4}[- ]?[0-9]{4}"  # mainland mobiles
    r"|1[3-9][0-9]([- ])[0-9]{4}\1[0-9]{4}|1[3-9][0-9]\*{4}[0-9]{4}"
    r"|\(?0[1-9][0-9]{1,2}\)?[- ][2-8][0-9]{6,7}(?:-[0-9]{1,6})?"  # landlines
    r"|\+[1-9][0-9]{0,2}[- (][0-9 ()-]{5,16}[0-9]|\+[1-9][0-9]{9,14}"  # of any country
    r"|\([2-9][0-9]{2}\) ?[0-9]{3}-[0-9]{4}|[2-9][0-9]{2}([-.])[2-9][0-9]{2}\2[0-9]{4}"  # of North America
)
_WEAK = {
    "phone": re.compile(r"[+(]?(?:[0-9*][ ()-]{0,2}){7,15}(?:\.0)?"),
    "email": re.compile(r".*@.*"),
    "id_card": re.compile(r"[1-9][0-9*]{13}[0-9*]|[1-9][0-9*]{16}[0-9*Xx]"),
}
_HEADERS = {
    "phone": re.compile(
        r"(?:手机|移动电话|电话|联系方式)(?!型|品|系|厂|端|卡|话?费|.*[额量价销])"
        r"|(?:^|[^a-z])(?:tele|mobile|cell)?(?:phone|mobile|msisdn|whatsapp|tel|cell)s? ?(?:$|no|num|[0-9])"
    ),
    "email": re.compile(r"e ?mail|邮箱|邮件|电邮|^mail$|mail ?address"),
    "id_card": re.compile(r"身份证|证件号|id ?card|identity ?(?:card|no|num)|national ?id|citizen ?id"),
}
_PROVINCES = {
    *range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82, 83,
}  # fmt: skip
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True)
class Private:
    """A column that was found. share: of its values looked at that have the form.

    needed: it stands for a field that the table cannot do without; field: which.
    """

    header: str
    what: str  # a key of NAMES
    share: float
    needed: bool = False
    field: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"looks_like": NAMES[self.what]}


@dataclass(frozen=True)
class Kept:
    """What of a file may be stored. mapping: without the fields of columns left out."""

    mapping: dict[str, str]
    left_out: list[Private]
    kept: list[Private]  # because the user says so, or they are needed
    users: list[str]  # headers of columns that say whose the rows are
    hashed: bool  # whether these are

    def told(self, fingerprint: str | None) -> dict[str, Any]:
        """For the receipt. fingerprint: of the key that ids were hashed with."""
        ids = ("hashed" if self.hashed else "plain") if self.users else None
        return {
            "user_ids": ids,
            "id_key": fingerprint if ids == "hashed" else None,
            "user_columns": self.users,
            "left_out": [one.as_dict() for one in self.left_out],
            "kept_private": [one.as_dict() for one in self.kept],
        }


def find(
    fetch: Fetch, raw: Raw, kind: str, mapping: dict[str, str], hashed: Iterable[str] = ()
) -> list[Private]:
    """The columns of `raw` that look private, in the file's order. hashed: columns that need no look."""
    schema = KINDS[kind]
    field_of = {header: field for field, header in mapping.items()} if schema.columns else {}
    found = []
    for header, cells in _given(fetch, raw).items():
        if header in hashed:
            continue
        field = field_of.get(header)
        column = schema.column(field) if field else None
        if column and column.type not in ("id", "text"):
            continue
        numbers = bool(column and column.type == "id" and field != "user_id") or _other_id(header)
        one = judge(header, cells, numbers)
        if one:
            needed = bool(column and (column.required or column.type == "id"))
            found.append(replace(one, needed=needed, field=field))
    return found


def judge(header: str, cells: list[str], numbers: bool = False) -> Private | None:
    """What a column's values look like, if like anything private. cells: given ones, without spaces around them.

    numbers: the header says that they are order numbers or the like; then digits alone are no phone numbers.
    """
    if not cells:
        return None
    forms: dict[str, Callable[[], list[str]]] = {
        "email": lambda: [cell for cell in cells if "@" in cell and _EMAIL.fullmatch(cell)],
        "id_card": lambda: _id_cards(cells),
        "phone": lambda: _phones(cells, numbers),
    }
    shares = {what: len(find()) / len(cells) for what, find in forms.items()}
    best = max(shares, key=lambda what: shares[what])
    # Some columns of contacts hold a phone number or an address, as people gave them.
    if sum(shares.values()) >= _ENOUGH and shares[best] >= _ENOUGH / 2:
        return Private(header, best, round(shares[best], 3))
    # 'buyerPhone', 'phone-number' -> 'buyer phone', 'phone number'
    plain = " ".join(re.findall(r"[^\W_]+", re.sub("([a-z])([A-Z])", r"\1 \2", header).lower()))
    for what, named in _HEADERS.items():
        if named.search(plain):
            share = sum(bool(_WEAK[what].fullmatch(cell)) for cell in cells) / len(cells)
            if share >= _ENOUGH_NAMED:
                return Private(header, what, round(share, 3))
    return None


def of_file(
    fetch: Fetch, raw: Raw, kind: str, mapping: dict[str, str], options: Options, first: list[list[str]]
) -> Kept:
    """What the user's wishes leave of the file; `raw` is told which columns those are. first: the first rows."""
    users, hashed = user_columns(fetch, raw, kind, mapping, first), options.id_key is not None
    keep = options.keep
    found = [] if keep is None else find(fetch, raw, kind, mapping, users if hashed else ())
    left_out = [one for one in found if not one.needed and one.header not in (keep or ())]
    gone = {one.header for one in left_out}
    raw.blank = {raw.columns[header] for header in gone}
    raw.hashed = {raw.columns[header] for header in users} if hashed else set()
    kept = [one for one in found if one.header not in gone]
    mapping = {field: header for field, header in mapping.items() if header not in gone}
    return Kept(mapping, left_out, kept, [header for header in users if header not in gone], hashed)


def user_columns(
    fetch: Fetch, raw: Raw, kind: str, mapping: dict[str, str], first: list[list[str]]
) -> list[str]:
    """Headers of columns that say whose a row is: the mapped one, and others by their name.

    A 'member' column of yes and no is none, nor one that the mapping calls a number or a time. first: the first rows.
    """
    schema = KINDS[kind]
    if schema.columns and not schema.of_customers:
        return []
    types = {header: schema.column(field).type for field, header in mapping.items()} if schema.columns else {}
    chosen = []
    for place, (header, column) in enumerate(raw.columns.items()):
        if header == mapping.get("user_id"):
            chosen.append(header)
        elif names_user(header) and types.get(header, "id") in ("id", "text"):
            flags = all(row[place].strip().lower() in _FLAGS | _EMPTY for row in first)
            if not (flags and _only_flags(fetch, column)):
                chosen.append(header)
    return chosen


def _only_flags(fetch: Fetch, column: str) -> bool:
    """Whether the rest of a column is like its first rows: a table sorted by customer begins with many rows of
    customer 1, or of nobody."""
    words = fetch(f"SELECT DISTINCT lower(trim({column})) FROM raw WHERE trim({column}) <> '' LIMIT 100")
    given = {word.strip() for (word,) in words} - _EMPTY
    return given <= _FLAGS and given not in ({"0"}, {"1"})


def warnings(kept: Kept, raw: Raw) -> list[dict[str, Any]]:
    """What the receipt tells of the columns found."""
    told: list[dict[str, Any]] = []
    if raw.ragged and (raw.blank or raw.hashed):
        rows = "1 row is" if len(raw.ragged) == 1 else f"{len(raw.ragged):,} rows are"
        sentence = (
            f"{rows} told by line only: their cells do not fit the header, so any could be a private one."
        )
        told.append(
            {"code": "rows_not_shown", "count": len(raw.ragged), "sentence": sentence, "examples": []}
        )
    users = [one for one in kept.kept if one.field == "user_id"]
    own = [one for one in kept.kept if one.field != "user_id"]
    for code, ones, end in (
        ("private_left_out", kept.left_out, "left out. Say that a column is to be kept, and import the file again, "
         "if you need it."),
        ("private_kept", own, "kept."),
        ("private_user_ids", users, "kept, because it says whose the rows are. Import the file with hashed ids."),
    ):  # fmt: skip
        if ones:
            one = len(ones) == 1
            listed = ", ".join(f"'{found.header}' ({NAMES[found.what]})" for found in ones)
            sentence = f"{listed} {'looks' if one else 'look'} private and {'was' if one else 'were'} {end}"
            told.append({"code": code, "count": len(ones), "sentence": sentence,
                         "examples": [found.header for found in ones][:3]})  # fmt: skip
    return told


def _given(fetch: Fetch, raw: Raw) -> dict[str, list[str]]:
    """header -> the values given in the first rows; of columns with few there, in the first rows that hold some."""
    columns = raw.columns
    names = list(columns)
    limit = max(_FEW, min(_ROWS, _CELLS // len(names)))
    rows = fetch(f"SELECT {', '.join(columns.values())} FROM raw LIMIT {limit}")
    found = {name: _values(row[place] for row in rows) for place, name in enumerate(names)}
    few = [name for name in names if len(found[name]) < _FEW] if raw.rows > limit else []
    if few and len(names) <= 200:
        some = " OR ".join(f"trim({columns[name]}) <> ''" for name in few)
        rows = fetch(f"SELECT {', '.join(columns[name] for name in few)} FROM raw WHERE {some} LIMIT {limit}")
        found |= {name: _values(row[place] for row in rows) for place, name in enumerate(few)}
    return found


def _values(cells: Iterable[str | None]) -> list[str]:
    clean = (cell.strip(" \t\u3000\xa0\ufeff'") for cell in cells if cell)
    return [cell for cell in clean if cell.lower() not in _EMPTY]


def _other_id(header: str) -> bool:
    """Whether the header names orders, products or the like."""
    plain = normalise_header(header)
    return plain in _other_ids() and not names_user(header)


def _other_ids() -> frozenset[str]:
    return frozenset(
        normalise_header(word)
        for kind in KINDS.values()
        for column in kind.columns
        if column.type == "id" and column.name != "user_id"
        for word in (column.name, *column.aliases)
    )


def _phones(cells: list[str], numbers: bool) -> list[str]:
    written = [cell for cell in cells if _WRITTEN.fullmatch(cell)]
    bare = [match for cell in cells if (match := _BARE.fullmatch(cell))]
    if numbers or not _spread({match[1] for match in bare}):
        return written
    return written + [match[0] for match in bare]


def _spread(numbers: set[str]) -> bool:
    """Whether numbers of 11 digits differ in their first ones as phone numbers do."""
    third, area = ({number[2] for number in numbers}, {number[:3] for number in numbers})
    if len(numbers) < _FEW:
        return len(third) > 1 and len(area) > 1
    # A date (yymmdd) allows few digits in these places, a counter one.
    places = [{number[place] for number in numbers} for place in (3, 4)]
    return (len(third) > 2 and len(area) > 3 and len(places[1]) > 4) or min(map(len, places)) > 5


def _id_cards(cells: list[str]) -> list[str]:
    new = [cell for cell in cells if len(cell) == 18 and _is_id_card(cell)]
    old = [cell for cell in cells if len(cell) == 15 and cell.isdecimal() and _is_birthday("19" + cell[6:12])
           and int(cell[:2]) in _PROVINCES]  # fmt: skip
    # Without a digit that proves it: several home places and years of birth, as a counter would not have.
    sure = len({cell[:6] for cell in old}) > 1 and len({cell[6:8] for cell in old}) > 1
    return new + (old if sure else [])


def _is_id_card(cell: str) -> bool:
    """Province, birthday and the last digit, by GB 11643-1999."""
    digits = cell[:17]
    if not (
        digits.isdecimal() and digits.isascii() and int(cell[:2]) in _PROVINCES and _is_birthday(cell[6:14])
    ):
        return False
    rest = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True)) % 11
    return cell[17].upper() == "10X98765432"[rest]


def _is_birthday(text: str) -> bool:
    try:
        return 1900 <= date(int(text[:4]), int(text[4:6]), int(text[6:8])).year <= date.today().year
    except ValueError:
        return False
