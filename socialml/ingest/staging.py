"""A file -> accepted.parquet, rejects.parquet and receipt.json in a folder.

rows_read = rows_accepted + rows_rejected: the rows of the accepted file are counted in its own footer, the
rows read by the reader, and a difference is a bug that stops the import.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from socialml.errors import UserError
from socialml.ingest import (
    dates,
    guess,
    hashing,
    mended,
    numbers,
    outliers,
    plan,
    privacy,
    read,
    receipt,
    records,
    typed,
    writing,
    zones,
)
from socialml.ingest.layout import shape_of
from socialml.ingest.options import Options
from socialml.ingest.plan import Plan
from socialml.ingest.read import Raw
from socialml.ingest.source import digest, open_source
from socialml.ingest.values import Fetch
from socialml.progress import Progress, Report, silent

ACCEPTED, REJECTS, RECEIPT = "accepted.parquet", "rejects.parquet", "receipt.json"
_SAMPLE = 200  # rows a guess of the kind looks at


@dataclass(frozen=True)
class Staged:
    """accepted: canonical columns, typed. rejects: line, column, value, reason, row; None without rejects."""

    accepted: Path
    rejects: Path | None
    receipt: dict[str, Any]


def stage(
    path: Path,
    out: Path,
    options: Options | None = None,
    report: Report = silent,
    now: datetime | None = None,
) -> Staged:
    """Read, check and type a file; nothing is left behind unless all of it succeeds.

    out: a folder, made if needed. now: the time of the import (UTC), for dates in the future.
    Raises UserError: see open_source, find_layout and check_mapping; header_only, date_order_unclear,
    all_rejected.
    """
    options = options or Options()
    _check(path, options)
    made_here = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=out, prefix="work-") as work:
            return _stage(
                path, out, Path(work), options, report, now or datetime.now(UTC).replace(tzinfo=None)
            )
    except BaseException as error:
        for name in (ACCEPTED, REJECTS, RECEIPT):
            (out / name).unlink(missing_ok=True)
        if made_here:
            shutil.rmtree(out, ignore_errors=True)
        if isinstance(error, duckdb.OutOfMemoryException):
            raise read.too_much(path.name) from error
        raise


def _check(path: Path, options: Options) -> None:
    if not path.is_file():
        raise UserError(
            "no_file", f"There is no file {path}.", "Check the path and the spelling of its name."
        )
    if options.date_order not in (None, *dates.ORDERS):
        raise UserError(
            "bad_date_order",
            f"'{options.date_order}' is no date order.",
            f"Use one of {', '.join(dates.ORDERS)}.",
        )
    for name, value, known in (
        ("decimal sign", options.decimal, numbers.DECIMALS),
        ("unit of money", options.money_unit, numbers.UNITS),
    ):
        if value not in (None, *known):
            raise UserError("bad_option", f"'{value}' is no {name}.", f"Use one of {', '.join(known)}.")
    zones.check(options.timezone)


class _Unproven(RuntimeError):
    """Another number of rows came out of DuckDB than the file holds."""


@dataclass
class _Typed:
    """A file whose rows are in the table `typed`."""

    kind: str
    mapping: dict[str, str]
    plan: Plan
    checks: list[receipt.Check]
    kept: privacy.Kept


def _stage(path: Path, out: Path, work: Path, options: Options, report: Report, now: datetime) -> Staged:
    began = time.monotonic()
    report(Progress(0, 10, f"Opening {path.name}"))
    con = read.connect(work)
    fetch: Fetch = lambda sql: con.execute(sql).fetchall()  # noqa: E731
    with ThreadPoolExecutor(1) as beside:
        sha256 = beside.submit(digest, path)
        try:
            hashed = hashing.Hashing(con, options.id_key) if options.id_key else None
            source = open_source(path, work, options.encoding)
            report(Progress(1, 10, "Looking at the file"))
            raw = read.read(con, source, path, work, options.delimiter, sheet=options.sheet)
            if raw.rows == 0:
                raise UserError(
                    "header_only",
                    f"{path.name} has a header and no rows.",
                    "Export it again with its rows, and add it.",
                )
            report(Progress(2, 10, f"Reading values, dates and amounts of {raw.rows:,} rows"))
            try:
                found = _type(con, raw, options, now)
            except (duckdb.Error, _Unproven) as error:
                if raw.proven or isinstance(error, duckdb.OutOfMemoryException):
                    raise
                raw = read.again(con, raw, path, work, options.delimiter)
                found = _type(con, raw, options, now)
            made = found.plan
            if "action" in made.casts:
                plan.name_actions(made, fetch)
            rows = plan.clocks_sql(made, fetch, options.timezone)
            stats = typed.statistics(fetch, rows, made, len(found.checks))
            report(Progress(6, 10, "Writing the rows"))
            rejected = stats["problems"] + len(raw.ragged)
            reasons = writing.rejects(con, raw, made, stats["problems"], out / REJECTS) if rejected else {}
            if rejected >= raw.rows:
                raise writing.all_rejected(raw, out / REJECTS, reasons)
            if hashed:
                rows = hashed.rows(rows, made)
            accepted = writing.accepted(con, made, rows, stats["problems"], out / ACCEPTED)
            if accepted + rejected != raw.rows:
                raise RuntimeError(
                    f"{raw.rows} rows read, {accepted} accepted and {rejected} rejected: some were lost"
                )
            report(Progress(9, 10, "Looking for what seems wrong"))
            told = receipt.of_file(raw, made) + privacy.warnings(found.kept, raw)
            told += receipt.warnings(fetch, made, found.checks, stats["counts"])
            if found.kind != "records":
                told += outliers.warnings(fetch, made)
            if found.kind == "creators":
                good = "FILTER (WHERE problem IS NULL)"
                again = fetch(f"SELECT count(*) {good} - count(DISTINCT f_creator_id) {good} FROM typed")[0][
                    0
                ]
                told += [receipt.twice(again)] if again else []
            elif stats["duplicates"]:
                told.append(receipt.repeats(stats["duplicates"]))
        finally:
            con.close()
    used = {*found.mapping.values(), *(one.header for one in found.kept.left_out)}
    paper = {
        "file": path.name,
        "kind": found.kind,
        "encoding": raw.source.encoding,
        "delimiter": raw.layout.delimiter or None,
        "header": list(raw.layout.names),
        "sheet": raw.sheet,
        "sha256": sha256.result(),
        "shape": shape_of(raw.layout.names),
        "rows_read": raw.rows,
        "rows_accepted": accepted,
        "rows_rejected": rejected,
        "reasons": reasons,
        "mapping": found.mapping,
        "unmapped": [] if found.kind == "records" else [h for h in raw.layout.names if h not in used],
        "warnings": told,
        "first_time": stats["first"],
        "last_time": stats["last"],
        "gross_total": stats["total"],
        "timezone": options.timezone,
        **found.kept.told(hashed.fingerprint if hashed else None),
        "seconds": round(time.monotonic() - began, 3),
    }
    (out / RECEIPT).write_text(json.dumps(paper, ensure_ascii=False, indent=1), encoding="utf-8")
    report(Progress(10, 10, "Checked"))
    return Staged(out / ACCEPTED, out / REJECTS if rejected else None, paper)


def _type(con: duckdb.DuckDBPyConnection, raw: Raw, options: Options, now: datetime) -> _Typed:
    """Settle what the columns are and make `typed`; proof that every row is in it.

    Most files hold what their first rows promise: these are believed, the whole is checked afterwards and,
    where it holds times of other forms, judged and read again.
    """
    fetch: Fetch = lambda sql: con.execute(sql).fetchall()  # noqa: E731
    first = sample(fetch, raw)
    kind, mapping = _settle(first, raw, options)
    if kind == "records" and not read.keep(con, raw):
        raise _Unproven
    kept = privacy.of_file(fetch, raw, kind, mapping, options, first)
    mapping = kept.mapping
    for assume in (True, False):
        if kind == "records":
            made = records.plan(fetch, raw, options.date_order)
        else:
            made = plan.plan(
                fetch, raw, kind, mapping, options.date_order, first, assume,
                decimal=options.decimal, money_unit=options.money_unit,
            )  # fmt: skip
        for cast in made.casts.values():
            cast.secret = raw.columns[cast.header] in raw.hashed
        if raw.mended:
            mended.reject_again(made, raw.mended)
        checks = receipt.checks(made, kind, now, options.timezone)
        if typed.create(con, raw, made, checks) != raw.rows - len(raw.ragged):
            raise _Unproven(f"not all of {raw.rows} rows arrived")
        if not plan.misjudged(made, fetch):
            break
    return _Typed(kind, mapping, made, checks, kept)


def sample(fetch: Fetch, raw: Raw, rows: int = _SAMPLE) -> list[list[str]]:
    """The first rows as text."""
    cells = ", ".join(raw.columns.values())
    return [
        ["" if cell is None else cell for cell in row]
        for row in fetch(f"SELECT {cells} FROM raw LIMIT {rows}")
    ]


def _settle(first: list[list[str]], raw: Raw, options: Options) -> tuple[str, dict[str, str]]:
    """The kind and the checked mapping: the user's, else guessed."""
    if options.kind and options.mapping is not None:
        kind, mapping = options.kind, options.mapping
    else:
        guessed = guess.guess(raw.layout.names, first, options.kind)
        kind, mapping = guessed.kind, options.mapping if options.mapping is not None else guessed.mapping
    return kind, guess.check_mapping(kind, mapping, raw.layout.names)
