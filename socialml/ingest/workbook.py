"""A sheet of an Excel workbook -> the same table `raw` of text that a CSV file gives."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from socialml.errors import UserError
from socialml.ingest.layout import Layout, judge

MAGIC = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")  # xlsx and its kin, xls
MOST = 4 << 30  # bytes a workbook may say it unpacks to; a full sheet of 20 columns is about 1 GB
_LOOK = 200  # rows judged for the header
_BATCH = 50_000
_EXACT = 10**15  # Excel keeps 15 digits


def is_workbook(path: Path) -> bool:
    """Whether a file that begins with a MAGIC is a workbook. Raises UserError too_large."""
    with path.open("rb") as file:
        if file.read(8) == MAGIC[1]:
            return True
    try:
        with zipfile.ZipFile(path) as parts:
            found = parts.infolist()
    except (zipfile.BadZipFile, OSError):
        return False
    stated = sum(part.file_size for part in found)
    if stated > MOST:
        raise UserError(
            "too_large",
            f"{path.name} says it unpacks to {stated / 2**30:,.0f} GB; up to {MOST >> 30} GB are read.",
            "Save the sheet as CSV and add that.",
        )
    names = {part.filename for part in found}
    return any(name.startswith("xl/workbook.") for name in names) or "content.xml" in names


def sheets(path: str | Path) -> list[str]:
    """Names of the sheets, as the workbook orders them; none of another file.

    Raises UserError broken_workbook, locked_workbook, too_large.
    """
    path = Path(path)
    with path.open("rb") as file:
        if not file.read(8).startswith(MAGIC) or not is_workbook(path):
            return []
    with _open(path) as book:
        return list(book.sheet_names)


def read(
    con: duckdb.DuckDBPyConnection, path: Path, sheet: str | None, limit: int | None = None
) -> tuple[Layout, int, str, list[str]]:
    """Fill `raw` (line, c0, c1, ...), line being the sheet's row: layout, rows, the sheet, others that hold rows.

    sheet: none: the first that holds more than one row. limit: only so many rows.
    Raises UserError unknown_sheet, empty_file, not_enough_columns, broken_workbook, locked_workbook.
    """
    with _open(path) as book:
        if sheet is not None and sheet not in book.sheet_names:
            names = ", ".join(f"'{name}'" for name in book.sheet_names)
            raise UserError("unknown_sheet", f"{path.name} has no sheet '{sheet}'.", f"Its sheets: {names}.")
        full = [name for name in book.sheet_names if (_sheet(book, name).total_height or 0) > 1]
        chosen = sheet or next(iter(full or book.sheet_names))
        rows = _rows(_sheet(book, chosen))
        head = list(islice(rows, _LOOK))
        layout = judge([(cells, line) for line, cells in head], path.name, "")
        body = (row for part in (head, rows) for row in part if row[0] > layout.skip)
        count = _fill(con, islice(body, limit), len(layout.names))
    return layout, count, chosen, [name for name in full if name != chosen]


def _open(path: Path) -> Any:
    import python_calamine as calamine  # only workbooks pay for it

    try:
        return calamine.CalamineWorkbook.from_path(path)
    except calamine.PasswordError as error:
        raise UserError(
            "locked_workbook", f"{path.name} is locked with a password.", "Save it without one, and add it again."
        ) from error  # fmt: skip
    except (calamine.CalamineError, OSError) as error:
        raise _broken(path, error) from error


def _broken(path: Path, error: Exception) -> UserError:
    return UserError(
        "broken_workbook",
        f"{path.name} cannot be read as an Excel workbook: {error}.",
        "Open it in Excel or WPS, save it again (as .xlsx or CSV), and add that.",
    )


def _sheet(book: Any, name: str) -> Any:
    import python_calamine as calamine

    try:
        return book.get_sheet_by_name(name)
    except calamine.CalamineError as error:
        raise UserError(
            "broken_workbook", f"The sheet '{name}' cannot be read: {error}.", "Save it as CSV and add that."
        ) from error


def _rows(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    """Row of the sheet (from 1) and cells as text, without blank rows."""
    for number, values in enumerate(sheet.iter_rows(), start=1):
        cells = [text(value) for value in values]
        if any(cells):
            yield number, cells


def text(value: Any) -> str:
    """A cell as a program writes it. A whole number beyond what Excel keeps is written as 6.92E+18, so that an id
    whose digits are lost is told and not taken for one."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if value.is_integer():
            return f"{value:.0f}" if abs(value) < _EXACT else f"{value:.14E}"
        return repr(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.0f}"
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _fill(con: duckdb.DuckDBPyConnection, rows: Iterator[tuple[int, list[str]]], width: int) -> int:
    names = [f"c{i}" for i in range(width)]
    schema = pa.schema([("line", pa.int64()), *((name, pa.string()) for name in names)])
    con.execute(
        f"CREATE OR REPLACE TABLE raw (line BIGINT, {', '.join(f'{name} VARCHAR' for name in names)})"
    )
    count = 0
    while batch := list(islice(rows, _BATCH)):
        columns = [[cells[i] or None for _, cells in batch] for i in range(width)]
        arrays = [
            pa.array([line for line, _ in batch], pa.int64()),
            *(pa.array(c, pa.string()) for c in columns),
        ]
        con.register("batch", pa.Table.from_arrays(arrays, schema=schema))
        con.execute("INSERT INTO raw FROM batch")
        con.unregister("batch")
        count += len(batch)
    return count
