"""Rejected rows as a table to mend in a spreadsheet, and that table told from others when it is imported.

It has the columns of the file, their text as it was, then what was wrong: EXTRA, and MORE before them where a row had
more cells than the header. Cells are put back as `export.csv_bytes` found them, without the ' that keeps a
spreadsheet from running them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from socialml.export import GUARDED
from socialml.ingest import careful

if TYPE_CHECKING:
    from socialml.ingest.plan import Plan

EXTRA = ("rejected_line", "rejected_column", "rejected_reason")
MORE = "rejected_more_cells"
TOO_MANY = "too many cells"
RAGGED = frozenset(("too few cells", TOO_MANY, "quote never closed"))


@dataclass(frozen=True)
class Mended:
    """own: how many columns are the file's. reason, more: columns of `raw` beside them."""

    own: int
    reason: str
    more: str | None

    @property
    def still(self) -> str:
        """SQL: the reason of a row whose cells did not fit the header and still do not; NULL for others.

        Such a row could be read as it stands, with cells in columns that are not theirs. It counts as mended once its
        last column is filled or its reason emptied, and nothing is left in MORE.
        """
        reasons = ", ".join(f"'{reason}'" for reason in sorted(RAGGED))
        told = f"CASE WHEN trim({self.reason}) IN ({reasons}) AND c{self.own - 1} IS NULL THEN trim({self.reason}) END"
        return f"CASE WHEN {self.more} IS NOT NULL THEN '{TOO_MANY}' ELSE {told} END" if self.more else told


def table(rejects: Path, receipt: dict[str, Any]) -> pa.Table:
    """All rejected rows of an import, in the file's order: text, but for the line."""
    found = pq.read_table(rejects)
    header = receipt.get("header")
    if header is None:  # an import of an older version
        return found
    width, delimiter = len(header), receipt["delimiter"] or ","
    rows = [_cells(text or "", delimiter, width) for text in found["row"].to_pylist()]
    columns = {name: pa.array([row[i] or None for row in rows], pa.string()) for i, name in enumerate(header)}
    if any(len(row) > width for row in rows):
        columns[MORE] = pa.array([_joined(row[width:]) for row in rows], pa.string())
    for name, source in zip(EXTRA, ("line", "column", "reason"), strict=True):
        columns[name] = found[source].combine_chunks()
    return pa.table(columns)


def _cells(text: str, delimiter: str, width: int) -> list[str]:
    """The cells of a record, at least as many as columns. A quote never closed: all of it in the first."""
    cells = careful.cells_of(text, delimiter) or [text]
    return cells + [""] * (width - len(cells))


def _joined(cells: list[str]) -> str | None:
    """One cell as it is, several as a piece of CSV."""
    if len(cells) < 2:
        return cells[0] if cells else None
    return ",".join(
        '"' + cell.replace('"', '""') + '"' if set(cell) & set(',"\r\n') else cell for cell in cells
    )


def of(names: tuple[str, ...]) -> Mended | None:
    """What the header says, where it is that of rejected rows."""
    said = tuple(name.lower() for name in names)
    own = len(names) - len(EXTRA)
    if own < 2 or tuple(name.lstrip("'") for name in said[own:]) != EXTRA:
        return None
    with_more = said[own - 1] == MORE and own > 2
    own -= with_more
    return Mended(own, f"c{len(names) - 1}", f"c{own}" if with_more else None)


def own_names(names: tuple[str, ...], found: Mended) -> tuple[str, ...]:
    return tuple(name[1:] if re.match(GUARDED, name) else name for name in names[: found.own])


def put_back(con: duckdb.DuckDBPyConnection, found: Mended) -> None:
    """Take the guard off the cells of the table `raw`."""
    columns = [f"c{i}" for i in range(found.own)] + ([found.more] if found.more else [])
    pattern = GUARDED.replace("'", "''")
    for column in columns:
        con.execute(
            f"UPDATE raw SET {column} = substr({column}, 2) WHERE regexp_matches({column}, '{pattern}')"
        )


def reject_again(made: Plan, found: Mended) -> None:
    """Rows that did not fit the header, and are as they were, are rejected as before."""
    from socialml.ingest.plan import Problem

    made.derived.append({"d_still": found.still})
    made.problems[:0] = [
        Problem(f"d_still = '{reason}'", "", "NULL::VARCHAR", reason) for reason in sorted(RAGGED)
    ]
