"""One pass over `raw` -> the tables `typed` and `noted`, which all later questions are asked of.

typed: every row, with f_<field>, d_<derived>, `problem` (an index into the plan's problems) and a hash of all
its cells. noted: only rows that are rejected or look wrong, with their line and what to tell of them.
"""

from __future__ import annotations

import re
from typing import Any

import duckdb

from socialml.ingest import hashing
from socialml.ingest.plan import Plan
from socialml.ingest.read import Raw
from socialml.ingest.receipt import Check
from socialml.ingest.values import Fetch
from socialml.store.sql import quoted

_WIDE = 200  # columns; DuckDB plans each level of a query in the square of its columns
_KEPT = ("f_", "z_", "d_")  # the other steps are of no use later


def create(con: duckdb.DuckDBPyConnection, raw: Raw, made: Plan, checks: list[Check]) -> int:
    """Make both tables; the rows of `typed`. Raises duckdb.Error where an unproven `raw` cannot be read.

    noted: line, problem, bad_cell, bad_row, u_<time> (what was not read as a time), w_<number of a check>.
    """
    notes = _notes(raw, made, checks)
    con.execute(f"CREATE OR REPLACE TABLE typed AS {_query(raw, made, checks, notes)}")
    named = ", ".join(f"notes[{i}] AS {name}" for i, name in enumerate(notes, 1))
    con.execute(
        f"CREATE OR REPLACE TABLE noted AS SELECT line, problem, {named}"
        f" FROM (SELECT * EXCLUDE ({', '.join(raw.carried) or 'same'}), {raw.line_sql} AS line FROM typed)"
        " WHERE notes IS NOT NULL"
    )
    return con.execute("SELECT count(*) FROM typed").fetchone()[0]  # type: ignore[index]


def _notes(raw: Raw, made: Plan, checks: list[Check]) -> dict[str, str]:
    """{name: SQL}: the texts that are kept of a row that has something to tell."""
    delimiter = raw.layout.delimiter or ","
    cells = ", ".join(_csv_cell(cell, delimiter) for cell in _kept_cells(raw, made))
    row = f"concat_ws({quoted(delimiter)}, {cells})"
    if len(raw.columns) > _WIDE:
        row = f"array_to_string(list_transform(cells, lambda x: {_csv_cell('x', delimiter)}), {quoted(delimiter)})"
    if raw.mended and raw.mended.more:
        more = raw.mended.more
        row += f" || CASE WHEN {more} IS NULL THEN '' ELSE {quoted(delimiter)} || {_csv_cell(more, delimiter)} END"
    bad = {
        "bad_cell": _pick([problem.value for problem in made.problems]),
        "bad_row": f"CASE WHEN problem IS NOT NULL THEN {row} END",
    }
    unread = {
        f"u_{clock.name}": f"CASE WHEN f_{clock.name} IS NULL THEN v_{clock.name} END"
        for clock in made.clocks
    }
    shown = {
        f"w_{i}": f"CASE WHEN problem IS NULL AND ({check.condition}) THEN coalesce({check.example}, '') END"
        for i, check in enumerate(checks)
    }
    return bad | unread | shown


def _query(raw: Raw, made: Plan, checks: list[Check], notes: dict[str, str]) -> str:
    """Subqueries level by level: DuckDB computes a column of a level once, however often it is named."""
    levels = made.levels()
    every = ", ".join(raw.columns.values())
    first = {"same": f"hash({every})", **raw.carried}
    sql = "FROM raw"
    if len(raw.columns) > _WIDE:
        steps = " ".join(step for level in levels for step in level.values())
        used = [column for column in raw.columns.values() if re.search(rf"\b{column}\b", steps)]
        cells = ", ".join(_kept_cells(raw, made))
        early = [*used, f"[{cells}] AS cells", *(f"{step} AS {name}" for name, step in first.items())]
        sql = f"FROM (SELECT {', '.join(early)} FROM raw)"
        first = {name: name for name in first}
    cases = " ".join(f"WHEN {problem.condition} THEN {i}" for i, problem in enumerate(made.problems))
    problem = {"problem": f"CASE {cases} END" if cases else "NULL::INTEGER"}
    telling = ["problem IS NOT NULL", *(f"coalesce({check.condition}, false)" for check in checks)]
    for level in [*levels, problem, {"telling": " OR ".join(telling)}]:
        sql = f"FROM (SELECT *, {', '.join(f'{step} AS {name}' for name, step in level.items())} {sql})"
    last = {name: name for level in levels for name in level if name.startswith(_KEPT)}
    last |= {"problem": "problem", **first}
    # One list and not a column each: a million NULLs of text fill 16 MB.
    last["notes"] = f"CASE WHEN telling THEN [{', '.join(notes.values())}] END"
    return f"SELECT {', '.join(f'{step} AS {name}' for name, step in last.items())} {sql}"


def _kept_cells(raw: Raw, made: Plan) -> list[str]:
    """SQL of each cell of a row as it may be told."""
    if not (raw.blank or raw.hashed):
        return list(raw.columns.values())
    decimals = {cast.header for cast in made.casts.values() if cast.secret and cast.value.startswith("v_")}
    return [hashing.cell(raw, column, header in decimals) for header, column in raw.columns.items()]


def statistics(fetch: Fetch, rows: str, made: Plan, checks: int) -> dict[str, Any]:
    """Rejects, times, total, repeats of whole rows, and the count of each check. rows: clocks_sql."""
    clock, good = made.clock or "NULL::TIMESTAMP", "FILTER (WHERE problem IS NULL)"
    counts = fetch(f"SELECT {', '.join(['count(*)', *(f'count(w_{i})' for i in range(checks))])} FROM noted")[
        0
    ]
    problems, first, last, total, repeats = fetch(
        f"SELECT count(problem), min({clock}) {good}, max({clock}) {good},"
        f" sum({made.amount or 'NULL::INTEGER'}) {good}, count(*) {good} - count(DISTINCT same) {good}"
        f" FROM {rows}"
    )[0]
    return {
        "problems": problems,
        "duplicates": repeats,
        "counts": counts[1:],
        "first": first.isoformat(sep=" ") if first else None,
        "last": last.isoformat(sep=" ") if last else None,
        "total": None if made.amount is None else _decimal(total),
    }


def rejects(made: Plan) -> str:
    """A query for the rejected rows: line, column, value, reason, row."""
    return (
        f"SELECT line, {_pick([quoted(p.header) for p in made.problems])} AS column, bad_cell AS value,"
        f" {_pick([quoted(p.reason) for p in made.problems])} AS reason, bad_row AS row"
        " FROM noted WHERE problem IS NOT NULL"
    )


def _decimal(total: Any) -> str:
    """A decimal without the zeros at its end: '9747747.934'."""
    text = format(total or 0, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _pick(texts: list[str]) -> str:
    if not texts:
        return "NULL::VARCHAR"
    return "CASE problem " + " ".join(f"WHEN {i} THEN {text}" for i, text in enumerate(texts)) + " END"


def _csv_cell(column: str, delimiter: str) -> str:
    """SQL for a cell as it stands in a CSV file, quoted where it must be."""
    marks = ("'\"'", "chr(10)", "chr(13)", quoted(delimiter))
    special = " OR ".join(f"contains({column}, {mark})" for mark in marks)
    quoted_cell = f"'\"' || replace({column}, '\"', '\"\"') || '\"'"
    return f"CASE WHEN {column} IS NULL THEN '' WHEN {special} THEN {quoted_cell} ELSE {column} END"
