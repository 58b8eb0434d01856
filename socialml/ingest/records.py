"""Tables of any columns: the types are settled here, from every value of a column."""

from __future__ import annotations

import re

from socialml.ingest import forms, values
from socialml.ingest.dates import NULL_WORDS
from socialml.ingest.plan import Plan, add_time
from socialml.ingest.read import Raw
from socialml.ingest.values import Cast, Fetch

# A leading zero, or more digits than a double holds, makes it a code and not a number.
_WHOLE = "[-]?(0|[1-9][0-9]{0,18})"
_DECIMAL = "[-+]?(0|[1-9][0-9]{0,14})?([.][0-9]*)?([eE][-+]?[0-9]{1,3})?"
_LOOK = 200  # values looked at before a whole column is judged as dates


def plan(fetch: Fetch, raw: Raw, date_order: str | None) -> Plan:
    """Integer, double, boolean, timestamp (on the zone's clock) or text for each column of the file.

    A column is a number, a truth value or a date only where all that is given in it is one; then words such
    as NA count as missing. Empty columns at the end that have no name are left out.
    """
    made = Plan()
    columns = raw.columns
    value_of = {column: values.trimmed(column, raw.odd_spaces) for column in columns.values()}
    counts = _count(fetch, value_of)
    kept = [header for header in columns if columns[header] not in raw.blank]
    unnamed = {f"column_{place}" for place in range(1, len(columns) + 1)}
    while kept and counts[columns[kept[-1]]]["given"] == 0 and kept[-1] in unnamed:
        made.empty_columns.insert(0, kept.pop())
    candidates = time_candidates(fetch, list(columns.values()))
    for i, header in enumerate(kept):
        column = columns[header]
        count, name = counts[column], f"r{i}"
        if column in raw.hashed:
            made.casts[name] = values.cast(fetch, name, "id", header, column, raw.odd_spaces, [])
            made.columns[header] = f"f_{name}"
            continue
        if count["given"] and column in candidates and is_time(fetch, value_of[column]):
            add_time(made, fetch, name, header, value_of[column], date_order, assumed=False)
            made.columns[header] = f"d_{name}_local"
            made.clock = made.clock or f"d_{name}_local"
            continue
        t, v, f = f"t_{name}", f"v_{name}", f"f_{name}"
        kinds = {"whole": "BIGINT", "decimal": "DOUBLE", "flag": "BOOLEAN"}
        kind = next((kinds[k] for k in kinds if 0 < count["given"] == count[k]), None)
        if kind:
            steps = [
                {t: value_of[column]},
                {v: values.without_null_words(t)},
                {f: f"try_cast({v} AS {kind})"},
            ]
        else:
            steps = [{v: value_of[column]}, {f: f"CASE WHEN {v} IS NOT NULL THEN {column} END"}]
        made.casts[name] = Cast(name, header, steps, v)
        made.columns[header] = f
    return made


def _count(fetch: Fetch, value_of: dict[str, str]) -> dict[str, dict[str, int]]:
    """How many cells of each column are given, and how many of these are of each type."""
    found: dict[str, dict[str, int]] = {}
    columns = list(value_of)
    for begin in range(0, len(columns), 20):
        part = columns[begin : begin + 20]
        sql = []
        for column in part:
            v = f"v_{column}"
            sql += [
                f"count({v})",
                f"count(*) FILTER (WHERE regexp_full_match({v}, '{_WHOLE}')"
                f" AND try_cast({v} AS BIGINT) IS NOT NULL)",
                f"count(*) FILTER (WHERE regexp_full_match({v}, '{_DECIMAL}')"
                f" AND isfinite(try_cast({v} AS DOUBLE)))",
                f"count(*) FILTER (WHERE lower({v}) IN ('true', 'false'))",
            ]
        clean = ", ".join(f"{value_of[c]} AS t_{c}" for c in part)
        read = ", ".join(f"{values.without_null_words(f't_{c}')} AS v_{c}" for c in part)
        row = fetch(f"SELECT {', '.join(sql)} FROM (SELECT {read} FROM (SELECT {clean} FROM raw))")[0]
        for i, column in enumerate(part):
            found[column] = dict(
                zip(("given", "whole", "decimal", "flag"), row[4 * i : 4 * i + 4], strict=True)
            )
    return found


def time_candidates(fetch: Fetch, columns: list[str]) -> set[str]:
    """Columns whose first values all have the form of a date, or that begin empty."""
    rows = fetch(f"SELECT {', '.join(columns)} FROM raw LIMIT {_LOOK}")
    found = set()
    for column, cells in zip(columns, zip(*rows, strict=True), strict=True):
        given = (cell.strip() for cell in cells if cell and cell.strip().lower() not in NULL_WORDS)
        if all(_is_date(re.sub("[0-9]", "0", cell)) for cell in given):
            found.add(column)
    return found


def is_time(fetch: Fetch, value: str) -> bool:
    """Whether every value given has the form of a date. Digits alone are numbers here, not epochs."""
    bare = values.without_null_words(value)
    shape = f"regexp_replace({bare}, '[0-9]', '0', 'g')"
    shapes = fetch(f"SELECT DISTINCT {shape} FROM raw WHERE {bare} IS NOT NULL LIMIT 500")
    return bool(shapes) and all(_is_date(row[0]) for row in shapes)


def _is_date(shape: str) -> bool:
    form = forms.form_of(shape)
    return form is not None and form.kind not in ("epoch", "compact")
