"""A readable source -> a table `raw` of text in a DuckDB of its own, every row counted twice.

Two roads. The fast one is DuckDB's reader, taken only with proof that it read every row: the file's own
line ends (outside quotes) are counted apart from it and must agree. Anything else (ragged rows, stray
quotes, mixed line ends, blank lines) goes the careful road: Python's csv module, row by row, with each bad
row kept as a reject with its line.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np

from socialml.ingest import careful
from socialml.ingest.layout import Layout, find_layout, unique_names
from socialml.ingest.source import Source, reopen

HEAD = 1 << 18  # characters judged for the layout
_WINDOW = 1 << 23  # bytes scanned at once
_WIDE_SPACES = ("\u3000".encode(), "\u00a0".encode(), "\ufeff".encode())
QUOTE, LF, CR = 34, 10, 13


@dataclass
class Raw:
    """The table `raw`: columns c0, c1, ... of text, one row a record, in the file's order.

    rows: records in the file, those in `ragged` among them, counted apart from DuckDB.
    line_sql: an expression over `raw` for the line (of a Parquet file: the row) a record begins on.
    ragged: records whose number of cells differs from the header's.
    odd_spaces: whether cells may begin or end with tabs or wide spaces, not only plain ones.
    """

    source: Source
    layout: Layout
    rows: int
    line_sql: str
    ragged: list[careful.Ragged] = field(default_factory=list)
    odd_spaces: bool = True

    @property
    def columns(self) -> dict[str, str]:
        """header -> column of `raw`."""
        return {name: f"c{i}" for i, name in enumerate(self.layout.names)}


@dataclass(frozen=True)
class Scan:
    """What a text file's bytes say. lines: line ends outside quotes, and a last line without one."""

    lines: int
    quotes: int
    breaks_in_quotes: int
    clean: bool  # quotes stand only around whole cells, and line ends are all of one kind
    odd_spaces: bool


def connect(
    work: Path, memory_limit: str = "1200MB", threads: int | None = None
) -> duckdb.DuckDBPyConnection:
    """A database of its own, in memory, that spills into `work`."""
    con = duckdb.connect(":memory:")
    spill = str(work / "spill").replace("'", "''")
    con.execute(f"SET memory_limit = '{memory_limit}'")
    con.execute(f"SET temp_directory = '{spill}'")
    if threads:
        con.execute(f"SET threads = {int(threads)}")
    for setting in (
        "TimeZone = 'UTC'",
        "autoinstall_known_extensions = false",
        "autoload_known_extensions = false",
        "python_scan_all_frames = false",
        "python_enable_replacements = false",
        "enable_progress_bar = false",
    ):
        con.execute(f"SET {setting}")
    return con


def read(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    original: Path,
    work: Path,
    delimiter: str | None = None,
    limit: int | None = None,
) -> Raw:
    """Fill `raw` from the source. Raises UserError empty_file, not_enough_columns, broken_parquet.

    original: the file that was given. limit: of a Parquet file only the first rows.
    """
    if source.format == "parquet":
        from socialml.ingest import parquet

        names, rows = parquet.read(con, source, limit)
        return Raw(source, Layout("", unique_names(names), 0, True), rows, "rowid + 1")
    layout = _layout(source, delimiter)
    scan = scan_file(source.path, layout.delimiter)
    if scan.clean:
        try:
            raw = _fast(con, source, layout, scan)
        except duckdb.Error:
            raw = None
        if raw is not None:
            return raw
        changed = reopen(source, original, work) if source.path == original else source
        if changed is not source:
            return read(con, changed, original, work, delimiter, limit)
    elif source.path == original:
        source = reopen(source, original, work)
        layout = _layout(source, delimiter)
    rows, ragged = careful.read(con, source.path, layout)
    return Raw(source, layout, rows, "line", ragged)


def scan_file(path: Path, delimiter: str) -> Scan:
    """Count the lines of a UTF-8 file outside quotes, and see whether its quotes are well placed."""
    limits = np.array([QUOTE, LF, CR, ord(delimiter)], np.uint8)
    lines = feeds = returns = pairs = quotes = inside_breaks = 0
    odd_spaces, clean, open_quote = False, True, 0
    last = LF  # the byte before the block; a file begins like a line
    waiting = False  # the block before ended on a closing quote
    with path.open("rb") as file:
        block = file.read(_WINDOW).removeprefix(b"\xef\xbb\xbf")
        odd_spaces = not block.isascii() and any(space in block for space in _WIDE_SPACES)
        while block:
            count = block.count(b"\n")
            feeds += count
            if b"\r" in block or last == CR:
                returns += block.count(b"\r")
                pairs += block.count(b"\r\n") + (last == CR and block[0] == LF)
            odd_spaces = odd_spaces or (delimiter != "\t" and b"\t" in block)
            clean = clean and not (waiting and block[0] not in limits)
            waiting = False
            if b'"' in block:
                cells = np.frombuffer(block, np.uint8)
                marks, breaks = np.flatnonzero(cells == QUOTE), np.flatnonzero(cells == LF)
                inside = int(((np.searchsorted(marks, breaks) + open_quote) & 1).sum())
                opening, closing = marks[open_quote::2], marks[1 - open_quote :: 2]
                # An opening quote follows a delimiter, a line end or, doubled, a quote; a closing one is
                # followed by one of these.
                before = np.where(opening > 0, cells[opening - 1], last)
                after = cells[closing[closing + 1 < len(cells)] + 1]
                clean = clean and bool(np.isin(before, limits).all() and np.isin(after, limits).all())
                quotes += len(marks)
                open_quote = (open_quote + len(marks)) & 1
                waiting = not open_quote and cells[-1] == QUOTE
            else:
                inside = count if open_quote else 0
            inside_breaks += inside
            lines += count - inside
            last = block[-1]
            block = file.read(_WINDOW)
    if last != LF:
        lines += 1
    one_kind = returns == 0 or (returns == pairs == feeds)
    return Scan(lines, quotes, inside_breaks, clean and not open_quote and one_kind, odd_spaces)


def _layout(source: Source, delimiter: str | None) -> Layout:
    with source.path.open("rb") as file:
        head = file.read(HEAD).decode("utf-8", "ignore")
        if file.read(1):
            head = head[: head.rfind("\n") + 1] or head
    return find_layout(head, source.file, delimiter)


def _fast(con: duckdb.DuckDBPyConnection, source: Source, layout: Layout, scan: Scan) -> Raw | None:
    """DuckDB's reader; None where its count does not agree with the file's lines."""
    expected = scan.lines - layout.skip
    if expected < 1 or len(layout.names) < 2:
        return None
    columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(layout.names)))
    quote = '"' if scan.quotes else ""
    con.execute(
        f"CREATE OR REPLACE TABLE raw AS FROM read_csv(?, columns = {{{columns}}}, auto_detect = false,"
        " header = false,"
        # Not new_line: with it DuckDB 1.5 reads no row at all of a file whose lines end with CR LF.
        f" delim = ?, quote = '{quote}', escape = '{quote}', skip = {layout.skip}, strict_mode = true)",
        [str(source.path), layout.delimiter],
    )
    rows: int = con.execute("SELECT count(*) FROM raw").fetchone()[0]  # type: ignore[index]
    # Lines inside quotes are none of `lines`; a header over several lines makes the counts differ.
    if rows != expected:
        return None
    line = f"rowid + {layout.skip + 1}"
    if scan.breaks_in_quotes:
        breaks = " + ".join(
            f"coalesce(length(c{i}) - length(replace(c{i}, chr(10), '')), 0)"
            for i in range(len(layout.names))
        )
        before = "ORDER BY rowid ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
        line = f"{line} + coalesce(sum({breaks}) OVER ({before}), 0)"
    return Raw(source, layout, rows, line, odd_spaces=scan.odd_spaces)
