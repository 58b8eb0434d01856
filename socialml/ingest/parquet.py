"""A Parquet file -> the same table `raw` of text that a CSV file gives."""

from __future__ import annotations

import duckdb

from socialml.errors import UserError
from socialml.ingest.source import Source

_FLOATS = ("FLOAT", "DOUBLE")


def read(con: duckdb.DuckDBPyConnection, source: Source) -> tuple[list[str], int]:
    """Fill `raw`; the column names and the number of rows that the file's own footer states."""
    path = [str(source.path)]
    try:
        described = con.execute("DESCRIBE FROM read_parquet(?, hive_partitioning = false)", path).fetchall()
        rows = con.execute("SELECT sum(num_rows) FROM parquet_file_metadata(?)", path).fetchone()
        columns = [(row[0], row[1]) for row in described]
        cells = ", ".join(f"{_as_text(_quoted(name), kind)} AS c{i}" for i, (name, kind) in enumerate(columns))
        con.execute(
            f"CREATE OR REPLACE TABLE raw AS SELECT {cells} FROM read_parquet(?, hive_partitioning = false)", path
        )
    except duckdb.Error as error:
        raise UserError(
            "broken_parquet", f"{source.file} cannot be read as Parquet: {str(error).splitlines()[0]}",
            "Export or download it again.",
        ) from error  # fmt: skip
    return [name for name, _ in columns], int(rows[0]) if rows else 0


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _as_text(column: str, kind: str) -> str:
    if kind in _FLOATS:
        # 17850.0 is the id 17850; beyond 2^53 a float's digits are not the writer's any more.
        whole = f"{column} = trunc({column}) AND abs({column}) < 9007199254740992"
        exact = f"CASE WHEN {whole} THEN {column}::BIGINT::VARCHAR ELSE {column}::VARCHAR END"
        return f"CASE WHEN isnan({column}) THEN NULL ELSE {exact} END"
    if kind == "BLOB":
        return f"coalesce(try(decode({column})), {column}::VARCHAR)"
    return f"{column}::VARCHAR"
