"""The careful road: one record after the other, nothing assumed, every bad record kept."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import duckdb
import pyarrow as pa

from socialml.ingest.layout import Layout

_BATCH = 50_000  # records put into the table at once
_LONGEST = 1_000  # lines a quoted cell may span before its quote counts as never closed
_LARGEST = 1 << 26  # characters, likewise


@dataclass(frozen=True)
class Ragged:
    """A record with another number of cells than the header, or with a quote never closed."""

    line: int
    cells: int
    reason: str  # 'too few cells', 'too many cells' or 'quote never closed'
    text: str


def read(con: duckdb.DuckDBPyConnection, path: Path, layout: Layout) -> tuple[int, list[Ragged]]:
    """Fill `raw` (line, c0, c1, ...) from a UTF-8 file; the number of records and those that do not fit."""
    width = len(layout.names)
    schema = pa.schema([("line", pa.int64()), *((f"c{i}", pa.string()) for i in range(width))])
    con.execute(
        f"CREATE OR REPLACE TABLE raw (line BIGINT, {', '.join(f'c{i} VARCHAR' for i in range(width))})"
    )
    ragged: list[Ragged] = []
    numbers: list[int] = []
    rows: list[list[str]] = []
    records = 0

    def flush() -> None:
        if rows:
            columns = [[cell or None for cell in column] for column in zip(*rows, strict=True)]
            arrays = [pa.array(numbers, pa.int64()), *(pa.array(column, pa.string()) for column in columns)]
            con.register("batch", pa.Table.from_arrays(arrays, schema=schema))
            con.execute("INSERT INTO raw FROM batch")
            con.unregister("batch")
            rows.clear()
            numbers.clear()

    for line, cells, text in parse(path, layout.delimiter, layout.skip, width):
        records += 1
        if cells is not None and len(cells) == width:
            numbers.append(line)
            rows.append(cells)
            if len(rows) >= _BATCH:
                flush()
        elif cells is None:
            ragged.append(Ragged(line, 1, "quote never closed", text))
        else:
            reason = "too few cells" if len(cells) < width else "too many cells"
            ragged.append(Ragged(line, len(cells), reason, text))
    flush()
    return records, ragged


def parse(path: Path, delimiter: str, skip: int, width: int) -> Iterator[tuple[int, list[str] | None, str]]:
    """Line number, cells (None where a quote is never closed) and text of each record after `skip` lines.

    Blank lines are no records. Empty cells after the last column are dropped.
    """
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        lines = _Lines(file)
        for _ in islice(lines, skip):
            pass
        for line in lines:
            number = lines.number
            text = line.rstrip("\r\n")
            if not text:
                continue
            cells = text.split(delimiter) if '"' not in text else cells_of(text, delimiter)
            if cells is None:
                cells, text = _over_lines(lines, line, delimiter, width)
            while cells is not None and len(cells) > width and not cells[-1].strip():
                cells.pop()
            yield number, cells, text


class _Lines:
    """The lines of a file, which can be given back; number: of the last one, from 1."""

    def __init__(self, file: Iterator[str]) -> None:
        self._file = file
        self._back: deque[str] = deque()
        self.number = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._back.popleft() if self._back else next(self._file)
        self.number += 1
        return line

    def give_back(self, lines: list[str]) -> None:
        self._back.extendleft(reversed(lines))
        self.number -= len(lines)


def _over_lines(lines: _Lines, line: str, delimiter: str, width: int) -> tuple[list[str] | None, str]:
    """A record whose quoted cell runs over the next lines; where that leads nowhere, its first line only."""
    taken: list[str] = []
    whole = line
    for following in islice(lines, _LONGEST):
        taken.append(following)
        whole += following
        if len(whole) > _LARGEST:
            break
        if '"' not in following:
            continue
        text = whole.rstrip("\r\n")
        cells = cells_of(text, delimiter, strict=True)
        if cells is not None:
            alone = (cells_of(each.rstrip("\r\n"), delimiter) for each in taken)
            # With a record of its own among its lines, the quote was a stray one.
            if len(cells) == width or (cells and not any(own and len(own) == width for own in alone)):
                return cells, text
            break
    lines.give_back(taken)
    return None, line.rstrip("\r\n")


def cells_of(text: str, delimiter: str, strict: bool = False) -> list[str] | None:
    """The cells of one record; None if a quote is still open at its end.

    Text after a closing quote belongs to the cell; strict: it means that the quote was no closing one, and
    there are no cells.
    """
    cells: list[str] = []
    start, end = 0, -1
    while end < len(text):
        if text.startswith('"', start):
            parts: list[str] = []
            start += 1
            while True:
                mark = text.find('"', start)
                if mark < 0:
                    return None
                parts.append(text[start:mark])
                start = mark + 1
                if not text.startswith('"', start):
                    break
                parts.append('"')
                start += 1
            end = text.find(delimiter, start)
            end = len(text) if end < 0 else end
            if strict and end > start:
                return []
            cells.append("".join(parts) + text[start:end])
        else:
            end = text.find(delimiter, start)
            end = len(text) if end < 0 else end
            cells.append(text[start:end])
        start = end + 1
    return cells
