"""A Parquet file -> the same table `raw` of text that a CSV file gives."""

from __future__ import annotations

import duckdb

from socialml.errors import UserError
from socialml.ingest.source import Source
from socialml.store.sql import identifier, one_file

MOST_BYTES = 4 << 30  # that the footer may state for the pages once unpacked
MOST_CELLS = 1_000_000_000  # 10 million rows of 100 columns
_FLOATS = ("FLOAT", "DOUBLE")


def read(con: duckdb.DuckDBPyConnection, source: Source, limit: int | None = None) -> tuple[list[str], int]:
    """Fill `raw` with all or the first `limit` rows; the names, and the rows that the footer states.

    Raises UserError broken_parquet, not_enough_columns, too_large.
    """
    path = one_file(source.path)
    try:
        described = con.execute(f"DESCRIBE FROM read_parquet({path}, hive_partitioning = false)").fetchall()
        rows = con.execute(f"SELECT sum(num_rows) FROM parquet_file_metadata({path})").fetchone()
        columns = [(row[0], row[1]) for row in described]
        stated = int(rows[0]) if rows and rows[0] is not None else 0
        _check_size(con, source, stated, len(columns))
        cells = ", ".join(
            f"{_as_text(identifier(name), kind)} AS c{i}" for i, (name, kind) in enumerate(columns)
        )
        con.execute(
            f"CREATE OR REPLACE TABLE raw AS SELECT {cells} FROM read_parquet({path}, hive_partitioning = false)"
            + (f" LIMIT {int(limit)}" if limit else "")
        )
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        raise UserError(
            "broken_parquet",
            f"{source.file} cannot be read as Parquet; it is damaged or cut short.",
            "Export or download it again.",
        ) from error
    if len(columns) < 2:
        raise UserError(
            "not_enough_columns",
            f"{source.file} has one column only.",
            "A table needs a customer and a time at least.",
        )
    return [name for name, _ in columns], min(stated, limit) if limit else stated


def _check_size(con: duckdb.DuckDBPyConnection, source: Source, rows: int, columns: int) -> None:
    """By the footer alone: pages of one value repeated unpack to a million times the file."""
    size = con.execute(
        f"SELECT sum(total_uncompressed_size) FROM parquet_metadata({one_file(source.path)})"
    ).fetchone()
    unpacked = int(size[0] or 0) if size else 0
    if unpacked > MOST_BYTES or rows * columns > MOST_CELLS:
        raise UserError(
            "too_large",
            f"{source.file} says it holds {rows:,} rows of {columns:,} columns, {unpacked / 2**30:.1f} GB unpacked;"
            f" up to {MOST_CELLS:,} cells and {MOST_BYTES >> 30} GB are read.",
            "Write it in parts, and add them to one dataset.",
        )


def _as_text(column: str, kind: str) -> str:
    if kind in _FLOATS:
        # 17850.0 is the id 17850; beyond 2^53 a float's digits are not the writer's any more.
        whole = f"{column} = trunc({column}) AND abs({column}) < 9007199254740992"
        exact = f"CASE WHEN {whole} THEN {column}::BIGINT::VARCHAR ELSE {column}::VARCHAR END"
        return f"CASE WHEN isnan({column}) THEN NULL ELSE {exact} END"
    if kind == "BLOB":
        return f"coalesce(try(decode({column})), {column}::VARCHAR)"
    return f"{column}::VARCHAR"
