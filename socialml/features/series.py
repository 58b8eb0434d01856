"""Metrics by the hour from records: one row a point of a series, ordered by series and time.

A series is a file, or a value of a column that names it. Times that come twice in a series are one point, their
mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from socialml.errors import UserError
from socialml.store import Store
from socialml.store.sql import identifier, quoted

LEAST_POINTS = 50  # in a series
MOST_SERIES = 50
MOST_WORDS = 10  # different values of a column that says which points are wrong, such as kinds of fault
# Words that say no; everything else that is given says yes.
NO = ("0", "0.0", "false", "no", "n", "", "ok", "normal", "否", "正常")
_NUMBERS = ("BIGINT", "DOUBLE", "INTEGER")


@dataclass(frozen=True, eq=False)
class Points:
    """table: key (uint64), series (text), ts, value, wrong (bool, null where unknown)."""

    table: pa.Table
    value: str  # the column that is measured
    time: str
    repeated: int  # rows whose time was there already
    empty: int  # rows without a time or a value
    short: list[str]  # series left out: too few points
    same: int  # rows that an import left out because an earlier file had them; of another series, they are missing


def choices(store: Store, dataset: str) -> dict[str, list[str]]:
    """The columns of the records that can be time, value or name of a series."""
    with store.read() as con:
        relation = store.records(con, dataset)
        types = dict(zip(relation.columns, map(str, relation.types), strict=True))
    return {
        "time": [name for name, kind in types.items() if kind.startswith("TIMESTAMP")],
        "value": [name for name, kind in types.items() if kind in _NUMBERS],
        "series": [name for name, kind in types.items() if kind == "VARCHAR"],
        "all": list(types),
    }


def take(
    store: Store, con: duckdb.DuckDBPyConnection, dataset: str, *, value: str | None = None,
    series: str | None = None, label: str | None = None,
) -> Points:  # fmt: skip
    """All points of the dataset's records.

    UserError no_time, which_value, no_column, short_series, many_series, unclear_label.
    """
    found = choices(store, dataset)
    for name in (value, series, label):
        if name is not None and name not in found["all"]:
            raise UserError(
                "no_column",
                f"'{dataset}' has no column '{name}'.",
                f"Choose one of: {', '.join(found['all'][:30])}.",
            )
    if not found["time"]:
        raise UserError(
            "no_time",
            f"'{dataset}' has no purchases, and its table has no column of dates or times.",
            "Import orders, or a table with a column of times and one of numbers.",
        )
    numbers = [name for name in found["value"] if name not in (label, series)]
    if value is None and len(numbers) != 1:
        told = f"the columns {', '.join(numbers[:20])}" if numbers else "no column of numbers"
        raise UserError(
            "which_value",
            f"'{dataset}' has {told}, so it is not clear what is measured.",
            "Name one with --value COLUMN." if numbers else "Import a table with a column of numbers.",
        )
    value = value or numbers[0]
    if value not in found["value"]:
        raise UserError(
            "not_a_number", f"'{value}' holds no numbers.", f"Choose one of: {', '.join(found['value'])}."
        )
    return _read(store, con, dataset, found["time"][0], value, series, label)


def _read(
    store: Store, con: duckdb.DuckDBPyConnection, dataset: str, time: str, value: str, series: str | None,
    label: str | None,
) -> Points:  # fmt: skip
    said = f"lower({identifier(label)}::VARCHAR)" if label else "NULL::VARCHAR"
    parts, files, same = [], set(), 0
    for info in store.imports(dataset, con):
        if info.kind != "records":
            continue
        stem = info.file.rsplit("/", 1)[-1].rsplit(".", 1)[0]
        files.add(stem)
        same += int(info.receipt.get("rows_already_there", 0))
        name = f"{identifier(series)}::VARCHAR" if series else quoted(stem)
        own = {str(column[0]) for column in con.execute(f"DESCRIBE rows_{info.id}").fetchall()}
        if {time, value} <= own and (not series or series in own):
            word = said if not label or label in own else "NULL::VARCHAR"
            parts.append(
                f"SELECT {name} AS series, {identifier(time)} AS ts,"
                f" {identifier(value)}::DOUBLE AS value, {word} AS said FROM rows_{info.id}"
            )
    con.execute(f"CREATE OR REPLACE TEMP TABLE series_rows AS {' UNION ALL '.join(parts)}")
    if label:
        _check_label(con, label)
    row = con.execute(
        "SELECT count(*) FILTER (ts IS NULL OR value IS NULL OR NOT isfinite(value)), count(*) FROM series_rows"
    ).fetchone()
    assert row is not None
    table = con.execute(
        "SELECT md5_number_lower(concat_ws(chr(31), series, ts::VARCHAR)) AS key, coalesce(series, '') AS series,"
        " ts, avg(value) AS value, bool_or(NOT list_contains($no, said))::BOOLEAN AS wrong FROM series_rows"
        " WHERE ts IS NOT NULL AND isfinite(value) GROUP BY ALL ORDER BY series, ts",
        {"no": list(NO)},
    ).to_arrow_table()
    sizes = con.execute(
        "SELECT coalesce(series, '') AS series, count(DISTINCT ts) AS points FROM series_rows"
        " WHERE ts IS NOT NULL AND isfinite(value) GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    con.execute("DROP TABLE series_rows")
    long = [str(name) for name, points in sizes if points >= LEAST_POINTS]
    short = [str(name) for name, points in sizes if points < LEAST_POINTS]
    if not long:
        most = max((points for _, points in sizes), default=0)
        raise UserError(
            "short_series",
            f"The longest series of '{value}' has {most} points; {LEAST_POINTS} are the least to say what is"
            " usual.",
            "Import more of its past." if not series else "Choose another column to name the series.",
        )
    if len(long) > MOST_SERIES:
        raise UserError(
            "many_series",
            f"There are {len(long)} series; {MOST_SERIES} are the most.",
            "Choose another column to name the series, or import fewer.",
        )
    if short:
        import pyarrow.compute as pc

        table = table.filter(pc.is_in(table["series"], pa.array(long)))
    kept = sum(int(points) for _, points in sizes)
    return Points(
        table,
        value,
        time,
        int(row[1]) - int(row[0]) - kept,
        int(row[0]),
        short,
        same if not series and len(files) > 1 else 0,
    )


def _check_label(con: duckdb.DuckDBPyConnection, label: str) -> None:
    """That a column says which points are wrong, and not something else. UserError unclear_label."""
    rows = con.execute(
        "SELECT said, count(*) FROM series_rows WHERE NOT list_contains($no, said) GROUP BY said"
        " ORDER BY count(*) DESC, said",
        {"no": list(NO)},
    ).fetchall()
    every = con.execute("SELECT count(*) FROM series_rows").fetchone()
    examples = ", ".join(str(said)[:30] for said, _ in rows[:3])
    if not rows:
        why = f"'{label}' says of no point that it is wrong."
    elif len(rows) > MOST_WORDS:
        why = f"'{label}' holds {len(rows):,} different values, such as {examples}, and not yes or no."
    elif (sum(count for _, count in rows),) == every:
        why = f"'{label}' says of every point that it is wrong, such as by '{examples}'."
    else:
        return
    raise UserError(
        "unclear_label",
        why,
        "Choose a column with 1 or yes where a point is known to be wrong, and 0, no or nothing elsewhere.",
    )


def match(
    con: duckdb.DuckDBPyConnection, points: pa.Table, wanted: pa.Table
) -> tuple[NDArray[np.uint64], int]:
    """Keys of the points that a list names, and how many of its rows name none.

    points: key, series, ts. wanted: ts, and series (null: in each). A list written to the minute, as spreadsheets
    write it, names the only point of that minute.
    """
    con.register("known_points", points)
    con.register("wanted_points", wanted)
    try:
        rows = con.execute(
            "WITH wanted AS (SELECT *, row_number() OVER () AS place FROM wanted_points),"
            " minutes AS (SELECT series, date_trunc('minute', ts) AS minute, min(key) AS key FROM known_points"
            " GROUP BY ALL HAVING count(*) = 1)"
            " SELECT place, coalesce(exact.key, minutes.key) AS key FROM wanted"
            " LEFT JOIN known_points AS exact ON date_trunc('second', exact.ts) = date_trunc('second', wanted.ts)"
            " AND (wanted.series IS NULL OR wanted.series = exact.series)"
            " LEFT JOIN minutes ON exact.key IS NULL AND minutes.minute = wanted.ts"
            " AND (wanted.series IS NULL OR wanted.series = minutes.series)"
        ).fetchnumpy()
    finally:
        con.unregister("known_points")
        con.unregister("wanted_points")
    there = ~np.ma.getmaskarray(rows["key"])
    places = np.ma.getdata(rows["place"])
    found = np.unique(np.ma.getdata(rows["key"])[there].astype(np.uint64))
    return found, len(set(places)) - len(set(places[there]))
