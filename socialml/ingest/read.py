"""A readable source -> `raw`, text in a DuckDB of its own, every row counted twice.

Two roads. The fast one is DuckDB's reader, taken only with proof that it read every row: the file's own
line ends (outside quotes) are counted apart from it and must agree. Anything else (ragged rows, stray
quotes, mixed line ends, blank lines) goes the careful road: record by record, with each bad one kept as a
reject with its line.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

import duckdb
import numpy as np

from socialml.errors import UserError
from socialml.ingest import careful, mended, workbook
from socialml.ingest.layout import Layout, find_layout, unique_names
from socialml.ingest.source import Source, reopen
from socialml.store.sql import one_file, quoted

HEAD = 1 << 18  # characters judged for the layout
_WINDOW = 1 << 23  # bytes scanned at once
_LONGEST = 8  # windows without a line end: no table has such a line, and all of it would be held in memory
_MOST_SPILL = 20 << 30  # bytes of disk that one import may take for what does not fit in memory
_WIDE_SPACES = ("\u3000".encode(), "\u00a0".encode(), "\ufeff".encode())
QUOTE, LF, CR = 34, 10, 13


@dataclass
class Raw:
    """`raw`: columns c0, c1, ... of text, one row a record, in the file's order.

    rows: records in the file, those in `ragged` among them, counted apart from DuckDB.
    proven: False while `raw` is a view of the file that nobody has read: who reads it must compare `rows`.
    line_sql: the line (of a Parquet file: the row) a record begins on, over a table of these rows in order.
    carried: {name: SQL} over `raw` that line_sql needs beside it.
    ragged: records whose number of cells differs from the header's.
    odd_spaces: whether cells may begin or end with tabs or wide spaces, not only plain ones.
    """

    source: Source
    layout: Layout
    rows: int
    line_sql: str
    ragged: list[careful.Ragged] = field(default_factory=list)
    odd_spaces: bool = True
    proven: bool = True
    carried: dict[str, str] = field(default_factory=dict)
    sheet: str | None = None  # of a workbook, and its others that hold rows
    other_sheets: list[str] = field(default_factory=list)
    mended: mended.Mended | None = None  # of a file of rejects
    blank: set[str] = field(default_factory=set)  # columns that nothing is kept of
    hashed: set[str] = field(default_factory=set)  # columns kept as pseudonyms

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
    most = min(_MOST_SPILL, int(0.9 * shutil.disk_usage(work).free)) >> 10
    con.execute(f"SET max_temp_directory_size = '{most}KiB'")
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


def too_much(file: str) -> UserError:
    """For duckdb.OutOfMemoryException: what does not fit into memory, nor into the disk it may take."""
    return UserError(
        "too_large",
        f"{file} unpacks to more than an import may take of memory and disk.",
        "Split it into parts, and add them to one dataset.",
    )


def read(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    original: Path,
    work: Path,
    delimiter: str | None = None,
    limit: int | None = None,
    sheet: str | None = None,
) -> Raw:
    """Make `raw` of the source, not yet proven where DuckDB can read it.

    original: the file that was given. limit: of a Parquet file or a sheet only the first rows. sheet: of a workbook.
    Raises UserError empty_file, not_enough_columns, line_too_long, not_a_workbook; see also parquet and workbook.
    """
    raw = _read(con, source, original, work, delimiter, limit, sheet)
    raw.mended = mended.of(raw.layout.names) if raw.proven and source.format != "parquet" else None
    if raw.mended:
        raw.layout = replace(raw.layout, names=mended.own_names(raw.layout.names, raw.mended))
        mended.put_back(con, raw.mended)
    return raw


def _read(
    con: duckdb.DuckDBPyConnection,
    source: Source,
    original: Path,
    work: Path,
    delimiter: str | None,
    limit: int | None,
    sheet: str | None,
) -> Raw:
    if source.format == "parquet":
        from socialml.ingest import parquet

        names, rows = parquet.read(con, source, limit)
        return Raw(source, Layout("", unique_names(names), 0, True), rows, "rowid + 1")
    if source.format == "excel":
        layout, rows, chosen, others = workbook.read(con, source.path, sheet, limit)
        carried = {"line": "line"}
        return Raw(source, layout, rows, "line", carried=carried, sheet=chosen, other_sheets=others)
    if sheet is not None:
        raise UserError(
            "not_a_workbook",
            f"{source.file} has no sheets: it is not an Excel workbook.",
            "Leave the sheet out.",
        )
    layout = _layout(source, delimiter)
    scan = scan_file(source.path, layout.delimiter, source.file)
    rows = scan.lines - layout.skip
    # Whether DuckDB's `skip` counts lines or records is its own affair: a header of several lines is read here.
    fast = scan.clean and rows > 0 and len(layout.names) > 1 and not mended.of(layout.names)
    if fast and not _breaks_before(source.path, layout.skip):
        return _fast(con, source, layout, scan)
    if source.path == original:
        source = reopen(source, original, work)
    return _careful(con, source, delimiter)


def again(
    con: duckdb.DuckDBPyConnection, raw: Raw, original: Path, work: Path, delimiter: str | None = None
) -> Raw:
    """`raw` made anew where DuckDB failed to read it or found another number of rows."""
    con.execute("DROP VIEW IF EXISTS raw")
    changed = reopen(raw.source, original, work) if raw.source.path == original else raw.source
    if changed is not raw.source:
        return read(con, changed, original, work, delimiter)
    return _careful(con, raw.source, delimiter)


def keep(con: duckdb.DuckDBPyConnection, raw: Raw) -> bool:
    """Make `raw` a table, for who reads it often; whether it holds every row."""
    if not raw.proven:
        try:
            con.execute("CREATE OR REPLACE TABLE kept AS FROM raw")
        except duckdb.Error:
            return False
        if con.execute("SELECT count(*) FROM kept").fetchone() != (raw.rows,):
            return False
        con.execute("DROP VIEW raw")
        con.execute("ALTER TABLE kept RENAME TO raw")
        raw.proven = True
    return True


def scan_file(path: Path, delimiter: str, name: str = "The file") -> Scan:
    """Count the lines of a UTF-8 file outside quotes, and see whether its quotes are well placed.

    Raises UserError line_too_long.
    """
    limits = np.array([QUOTE, LF, CR, ord(delimiter)], np.uint8)
    lines = feeds = returns = pairs = quotes = inside_breaks = endless = 0
    odd_spaces, clean, open_quote = False, True, 0
    last = LF  # the byte before the block; a file begins like a line
    waiting = False  # the block before ended on a closing quote
    with path.open("rb") as file:
        block = file.read(_WINDOW).removeprefix(b"\xef\xbb\xbf")
        odd_spaces = not block.isascii() and any(space in block for space in _WIDE_SPACES)
        while block:
            count = block.count(b"\n")
            feeds += count
            endless = 0 if count or b"\r" in block else endless + 1
            if endless == _LONGEST:
                raise UserError(
                    "line_too_long",
                    f"{name} has a line of more than {_LONGEST * _WINDOW >> 20} MB: it is no table, or damaged.",
                    "Export it again, one row a line.",
                )
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


def _breaks_before(path: Path, skip: int) -> bool:
    """Whether a quoted cell of the first lines runs over a line end."""
    with path.open("rb") as file:
        return any(line.count(b'"') % 2 for line in islice(file, skip))


def _careful(con: duckdb.DuckDBPyConnection, source: Source, delimiter: str | None) -> Raw:
    layout = _layout(source, delimiter)
    rows, ragged = careful.read(con, source.path, layout)
    return Raw(source, layout, rows, "line", ragged, carried={"line": "line"})


def _fast(con: duckdb.DuckDBPyConnection, source: Source, layout: Layout, scan: Scan) -> Raw:
    """DuckDB's reader as a view: reading the file again costs less than keeping its text in a table."""
    names = [f"c{i}" for i in range(len(layout.names))]
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
    quote = '"' if scan.quotes else ""
    path, delimiter = one_file(source.path), quoted(layout.delimiter)
    con.execute(
        f"CREATE OR REPLACE VIEW raw AS FROM read_csv({path}, columns = {{{columns}}}, auto_detect = false,"
        " header = false,"
        # Not new_line: with it DuckDB 1.5 reads no row at all of a file whose lines end with CR LF.
        f" delim = {delimiter}, quote = '{quote}', escape = '{quote}', skip = {layout.skip},"
        " strict_mode = true)"
    )
    raw = Raw(source, layout, scan.lines - layout.skip, f"rowid + {layout.skip + 1}")
    raw.odd_spaces, raw.proven = scan.odd_spaces, False
    if scan.breaks_in_quotes:
        breaks = " + ".join(f"coalesce(length({c}) - length(replace({c}, chr(10), '')), 0)" for c in names)
        raw.carried = {"breaks": breaks}
        before = "ORDER BY rowid ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
        raw.line_sql += f" + coalesce(sum(breaks) OVER ({before}), 0)::BIGINT"
    return raw
