"""A short list in any form that an import reads (encoding, delimiter, gzip), of one column or more, as text."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa

from socialml.errors import UserError
from socialml.ingest import careful, dates, zones
from socialml.ingest.layout import Layout, find_layout, unique_names
from socialml.ingest.read import HEAD, connect
from socialml.ingest.source import open_source, reopen
from socialml.ingest.values import AMOUNT
from socialml.schema import Column, normalise_header

_DAY = timedelta(days=1)
_UNSIGNED = re.compile(r"[^0-9.eE+-]")


def read(path: Path) -> pa.Table:
    """All cells as text without the spaces around them, null where empty; named by the header.

    Raises UserError: what open_source raises; unreadable_list, header_only.
    """
    with tempfile.TemporaryDirectory(prefix="list-") as work:
        source = open_source(path, Path(work))
        if source.format != "csv":
            raise UserError(
                "unreadable_list", f"{path.name} is a Parquet file; a list is a text file.", "Save it as CSV."
            )
        if source.path == path:
            source = reopen(source, path, Path(work))
        layout = _layout(source.path, path.name)
        width = len(layout.names)
        rows = []
        for line, cells, _ in careful.parse(source.path, layout.delimiter, layout.skip, width):
            if cells is None or len(cells) > width:
                why = "a quote that is never closed" if cells is None else f"{len(cells)} cells, not {width}"
                raise UserError(
                    "unreadable_list", f"Line {line} of {path.name} has {why}.", "Mend it, and give it again."
                )
            rows.append([*cells, *[""] * (width - len(cells))])
    if not rows:
        raise UserError("header_only", f"{path.name} has a header and no rows.", "Give it with its rows.")
    columns = zip(*rows, strict=True)
    return pa.table(
        [pa.array([cell.strip(" \t\u3000\xa0\ufeff") or None for cell in cells], pa.string()) for cells in columns],
        names=list(layout.names),
    )  # fmt: skip


def _layout(text: Path, name: str) -> Layout:
    with text.open(encoding="utf-8", errors="replace", newline="") as file:
        head = file.read(HEAD)
    try:
        return find_layout(head, name)
    except UserError as error:
        if error.code != "not_enough_columns":
            raise
    lines = head.removeprefix("\ufeff").splitlines()
    first = next(place for place, line in enumerate(lines) if line.strip())
    return Layout(",", unique_names([lines[first].strip().strip('"')]), first + 1, True)


def column(table: pa.Table, *meant: str | Column) -> str | None:
    """The first header that is one of these names, or means one of these columns."""
    names: set[str] = set()
    for one in meant:
        names |= {one} if isinstance(one, str) else {one.name, *one.aliases}
    known = {normalise_header(name) for name in names}
    return next((name for name in table.column_names if normalise_header(name) in known), None)


def times(table: pa.Table, header: str, zone: str) -> pa.Array:
    """(rows,) timestamps on the zone's clock, null where a cell is no time. UserError date_order_unclear."""
    with tempfile.TemporaryDirectory(prefix="list-") as work, connect(Path(work)) as con:
        con.register("raw", pa.table({"place": range(table.num_rows), "cell": table[header]}))
        found = dates.judge(lambda sql: con.execute(sql).fetchall(), header, "cell")
        if found.unclear:
            raise UserError(
                "date_order_unclear", found.ask().message, "Write the times of the list as YYYY-MM-DD hh:mm:ss."
            )  # fmt: skip
        con.execute(
            f"CREATE TABLE read AS SELECT place, {found.sql('cell')} AS ts, {found.zoned_sql('cell')} AS zoned FROM raw"
        )
        low, high = con.execute("SELECT min(ts), max(ts) FROM read").fetchone() or (None, None)
        local = zones.to_local("ts", zone, low - _DAY, high + _DAY) if isinstance(low, datetime) else "ts"
        rows = con.execute(f"SELECT CASE WHEN zoned THEN {local} ELSE ts END AS ts FROM read ORDER BY place")
        return rows.to_arrow_table()["ts"].combine_chunks()


def amounts(cells: Iterable[str | None]) -> list[float | None]:
    """Money as written ('¥1,234.50') -> numbers; None where a cell is empty, nan where it is no amount."""
    return [None if cell is None else _amount(cell) for cell in cells]


def _amount(cell: str) -> float:
    digits = _UNSIGNED.sub("", cell)
    if not re.fullmatch(AMOUNT, cell) or not re.search(r"\d", digits):
        return float("nan")
    return -float(digits) if cell.startswith("(") else float(digits)
