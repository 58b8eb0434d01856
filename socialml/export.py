"""Tables as files that people take with them: CSV, Excel or Parquet."""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from socialml.errors import UserError

# A cell that begins so would be run as a formula; the wide signs are read as the narrow ones in some countries.
_RISKY = "=+-@\t\r\n＝＋－＠"
# With any ' before it, so that taking one off again gives back what was there.
_FORMULA = rf"^'*[{re.escape(_RISKY)}]"
GUARDED = rf"^'+[{re.escape(_RISKY)}]"
SHEET_ROWS = 1_048_575  # below the header
_SHEET_COLUMNS, _CELL = 16_384, 32_767
_CUT = " … (cut here: a cell of Excel holds no more)"
_EXACT = 10**15  # a number of Excel has 15 digits; longer ones are written as text, so that none is lost
# Excel counts days, and takes 1900 for a leap year: before March of that year it would be off by one.
_DAY_0, _FIRST_DAY, _DAY = datetime(1899, 12, 30), datetime(1900, 3, 1), timedelta(days=1)
_BLOCK = 10_000  # rows that are made Python values at once


@dataclass(frozen=True)
class Format:
    name: str
    suffix: str
    mime: str
    write: Callable[[pa.Table], bytes]


def table_of(frame: pd.DataFrame) -> pa.Table:
    """A frame without its index; a column of mixed kinds becomes text, and names that occur twice stay."""
    columns = []
    for place in range(frame.shape[1]):
        values = frame.iloc[:, place]
        try:
            columns.append(pa.array(values, from_pandas=True))
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            columns.append(
                pa.array([None if pd.isna(value) else str(value) for value in values], pa.string())
            )
    return pa.table(columns, names=[str(name) for name in frame.columns])


def csv_bytes(table: pa.Table) -> bytes:
    """UTF-8 with a mark (so that Excel reads Chinese); text cells and headers that look like formulas get a '."""
    columns = []
    for column in map(_plain, table.columns):
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            risky = pc.match_substring_regex(column, _FORMULA)
            if pc.any(risky).as_py():
                guard, nothing = (pa.scalar(text, column.type) for text in ("'", ""))
                column = pc.if_else(risky, pc.binary_join_element_wise(guard, column, nothing), column)
        elif pa.types.is_timestamp(column.type) and not column.type.tz and _is_day(column):
            column = column.cast(pa.date32())  # a month or a day, not a moment
        elif pa.types.is_timestamp(column.type) and _whole_seconds(column):
            column = column.cast(pa.timestamp("s", column.type.tz))  # else all end in .000000
        elif pa.types.is_floating(column.type) and pc.any(pc.is_nan(column)).as_py():
            column = pc.if_else(pc.is_nan(column), None, column)  # a spreadsheet reads 'nan' as a word
        columns.append(column)
    names = ["'" + name if re.match(_FORMULA, name) else name for name in table.column_names]
    out = io.BytesIO()
    out.write("\ufeff".encode())
    pyarrow.csv.write_csv(pa.table(columns, names=names), out)
    return out.getvalue()


def excel_bytes(table: pa.Table) -> bytes:
    """A workbook of one sheet. Text stays text, ids too; days and times are dates of Excel.

    Raises UserError where a sheet cannot hold the table.
    """
    import xlsxwriter

    if table.num_rows > SHEET_ROWS or table.num_columns > _SHEET_COLUMNS:
        raise UserError(
            "too_large_for_excel",
            f"A sheet of Excel holds {SHEET_ROWS:,} rows and {_SHEET_COLUMNS:,} columns; this table has"
            f" {table.num_rows:,} and {table.num_columns:,}.",
            "Take CSV or Parquet, which hold any number.",
        )
    out = io.BytesIO()
    # Row by row to disk: a million rows would else take gigabytes of memory.
    book = xlsxwriter.Workbook(
        out, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
              "strings_to_numbers": False, "nan_inf_to_errors": False}
    )  # fmt: skip
    sheet = book.add_worksheet()
    head = book.add_format({"bold": True})
    columns = [_plain(column) for column in table.columns]
    dated = [_dated(column.type) for column in columns]
    forms = [book.add_format({"num_format": "yyyy-mm-dd" if _is_day(column) else "yyyy-mm-dd hh:mm:ss"})
             for column in columns]  # fmt: skip
    for place, (name, column) in enumerate(zip(table.column_names, columns, strict=True)):
        sheet.set_column(place, place, _width(name, column))
        sheet.write_string(0, place, _cell(name), head)
    sheet.freeze_panes(1, 0)
    for begin in range(0, table.num_rows, _BLOCK):
        blocks = [_cells(column.slice(begin, _BLOCK)) for column in columns]
        # Any row must be whole before the next one begins.
        for row, values in enumerate(zip(*blocks, strict=True), begin + 1):
            for place, value in enumerate(values):
                if value is None:
                    continue
                if isinstance(value, str):
                    sheet.write_string(row, place, value)
                elif isinstance(value, bool):
                    sheet.write_boolean(row, place, value)
                else:
                    sheet.write_number(row, place, value, forms[place] if dated[place] else None)
    book.close()
    return out.getvalue()


def parquet_bytes(table: pa.Table) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, compression="zstd")
    return out.getvalue()


FORMATS = {
    one.suffix: one
    for one in (
        Format("CSV", "csv", "text/csv", csv_bytes),
        Format("Excel", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", excel_bytes),
        Format("Parquet", "parquet", "application/vnd.apache.parquet", parquet_bytes),
    )
}  # fmt: skip


def format_of(out: Path, asked: str | None, default: str = "csv") -> Format:
    """What was asked for, else what the file's suffix says."""
    return FORMATS[asked] if asked else FORMATS.get(out.suffix.lower().removeprefix("."), FORMATS[default])


def file_name(suffix: str, *parts: str | None) -> str:
    """'my shop_customers-to-contact_customers-20260301-1a2b3c_2026-03-02.csv': a name that any system takes."""
    kept = (re.sub(r"[^\w\-]+", " ", part or "").strip()[:60].strip() for part in parts)
    return "_".join(filter(None, kept)) + f".{suffix}"


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column that a sheet can hold: no dictionary, and what has parts as JSON."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string_view(column.type):
        column = column.cast(pa.large_string())
    if pa.types.is_nested(column.type):
        told = [None if value is None else json.dumps(value, ensure_ascii=False, default=str)
                for value in column.to_pylist()]  # fmt: skip
        column = pa.chunked_array([pa.array(told, pa.string())])
    return column


def _whole_seconds(column: pa.ChunkedArray) -> bool:
    in_seconds = column.cast(pa.timestamp("s", column.type.tz), safe=False)
    return bool(pc.all(pc.equal(in_seconds.cast(column.type), column)).as_py() in (True, None))


def _is_day(column: pa.ChunkedArray) -> bool:
    """Days, or moments that are all midnights."""
    if not pa.types.is_timestamp(column.type):
        return True
    return bool(pc.all(pc.equal(pc.floor_temporal(column, unit="day"), column)).as_py() in (True, None))


def _width(name: str, column: pa.ChunkedArray) -> float:
    """Of a column, by its first cells; a Chinese character is as wide as two others."""
    cells: Iterable[Any] = (name, *column.slice(0, 100).to_pylist())
    longest = max(sum(2 if ord(sign) > 0x2E80 else 1 for sign in str(cell)[:60]) for cell in cells)
    return float(min(60, max(10, longest + 2)))


def _cell(text: str) -> str:
    return text if len(text) <= _CELL else text[: _CELL - len(_CUT)] + _CUT


def _cells(column: pa.ChunkedArray) -> list[str | bool | float | int | Decimal | None]:
    """What Excel writes for each value: days and times as days since 1900, what a number cannot hold as text."""
    kind = column.type
    if pa.types.is_boolean(kind):
        return column.to_pylist()
    if pa.types.is_floating(kind):
        return [value if value is not None and math.isfinite(value) else None for value in column.to_pylist()]
    if pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        return [value if value is None or _exact(value) else str(value) for value in column.to_pylist()]
    if _dated(kind):
        moments = column.cast(pa.timestamp("us")).to_pylist()
        return [None if moment is None else (moment - _DAY_0) / _DAY if moment >= _FIRST_DAY else f"{moment:%Y-%m-%d}"
                for moment in moments]  # fmt: skip
    return [None if value is None else _cell(str(value)) for value in column.to_pylist()]


def _dated(kind: pa.DataType) -> bool:
    return pa.types.is_date(kind) or pa.types.is_timestamp(kind)


def _exact(value: int | Decimal) -> bool:
    return -_EXACT < value < _EXACT and (isinstance(value, int) or len(value.as_tuple().digits) <= 15)
