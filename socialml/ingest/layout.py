"""How a text file is laid out: its delimiter, and where its header is."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import Counter
from dataclasses import dataclass

from socialml.errors import UserError
from socialml.schema import normalise_header

DELIMITERS = (",", "\t", ";", "|")
DELIMITER_NAMES = {",": "comma", "\t": "tab", ";": "semicolon", "|": "pipe"}
_LOOK = 200  # records looked at
# Digits with what goes between them in numbers and dates: such a cell is data, not a name.
_VALUE = re.compile(r"[-+(]?[\s¥￥$€£]*\d[\d\s.,:/+\-TZ年月日时分秒%]*\)?")


@dataclass(frozen=True)
class Layout:
    """delimiter; names: unique, stripped headers (or column_1 ...); skip: lines before the first row."""

    delimiter: str
    names: tuple[str, ...]
    skip: int
    has_header: bool


def find_layout(head: str, file: str, delimiter: str | None = None) -> Layout:
    """Judge the first lines of a file (UTF-8 text, whole lines).

    Raises UserError empty_file, not_enough_columns.
    """
    head = head.removeprefix("\ufeff")
    chosen = delimiter or _delimiter(head)
    return judge(_records(head, chosen), file, chosen)


def judge(records: list[tuple[list[str], int]], file: str, delimiter: str) -> Layout:
    """From the first records that are not blank, each with the number of the line it ends on.

    Raises UserError empty_file, not_enough_columns.
    """
    if not records:
        raise UserError("empty_file", f"{file} holds no text.", "Export it again and add the new file.")
    width = _usual_width(records)
    if width < 2:
        raise UserError(
            "not_enough_columns",
            f"{file} has one column only; no comma, tab, semicolon or pipe separates its values.",
            "Save it as CSV, with a header such as user_id,ts,action.",
        )
    # A title of one cell may stand before the header; any other short row is data.
    first = next((i for i, (cells, _) in enumerate(records) if sum(map(bool, map(str.strip, cells))) > 1), 0)
    cells, line_after = records[first]
    header = _is_header(cells)
    line_before = records[first - 1][1] if first else 0
    names = unique_names(cells if header else [""] * max(width, len(cells)))
    return Layout(delimiter, names, line_after if header else line_before, header)


def unique_names(cells: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """Stripped names; an empty one becomes column_N, a repeated one (in any case) gets a number."""
    names: list[str] = []
    used = {cell.strip().lower() for cell in cells}
    seen: set[str] = set()
    for position, cell in enumerate(cells, 1):
        name = re.sub(r"[\x00-\x1f\s]+", " ", cell).strip().strip("\ufeff") or f"column_{position}"
        if name.lower() in seen:
            number = 2
            while f"{name}_{number}".lower() in seen | used:
                number += 1
            name = f"{name}_{number}"
        seen.add(name.lower())
        names.append(name)
    return tuple(names)


def shape_of(names: tuple[str, ...] | list[str]) -> str:
    """A short hash of the headers: files of one shape get the same mapping offered."""
    text = "\n".join(normalise_header(name) for name in names)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]


def looks_like_value(cell: str) -> bool:
    return bool(_VALUE.fullmatch(cell.strip()))


def _records(head: str, delimiter: str) -> list[tuple[list[str], int]]:
    """The first non-blank records with the number of the line each ends on."""
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=delimiter)
    records: list[tuple[list[str], int]] = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                records.append((cells, reader.line_num))
            if len(records) >= _LOOK:
                break
    except csv.Error:
        pass  # a huge or broken cell: what was read so far is enough to judge
    return records


def _usual_width(records: list[tuple[list[str], int]]) -> int:
    """The commonest number of cells; the wider of equals."""
    widths = Counter(len(cells) for cells, _ in records)
    return max(widths, key=lambda width: (widths[width], width))


def _delimiter(head: str) -> str:
    """The one that cuts the most records into the same number of cells, more than one."""

    def score(delimiter: str) -> tuple[float, int]:
        records = _records(head, delimiter)
        if not records:
            return 0.0, 0
        width = _usual_width(records)
        share = sum(len(cells) == width for cells, _ in records) / len(records)
        return (round(share, 1) if width > 1 else 0.0), width

    return max(DELIMITERS, key=score)


def _is_header(cells: list[str]) -> bool:
    """Names, not values: nothing that looks like a number or a date, and most cells filled."""
    given = [cell for cell in cells if cell.strip()]
    return len(given) >= 0.4 * len(cells) and not any(looks_like_value(cell) for cell in given)
