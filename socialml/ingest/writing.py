"""The table `typed` -> accepted.parquet and rejects.parquet, and what is told where no row can be used."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from socialml.artefacts import Table
from socialml.errors import UserError
from socialml.ingest import typed
from socialml.ingest.plan import Plan
from socialml.ingest.read import Raw
from socialml.store.sql import identifier, one_file, quoted

_REJECT = pa.schema(
    [("line", pa.int64()), *((name, pa.string()) for name in ("column", "value", "reason", "row"))]
)
# The file lives until it is in the store: quick to write counts, and columns of many values gain nothing from
# a dictionary.
_PARQUET = "FORMAT parquet, COMPRESSION uncompressed, DICTIONARY_SIZE_LIMIT 1000"


def accepted(con: duckdb.DuckDBPyConnection, made: Plan, rows: str, problems: int, target: Path) -> int:
    """Write the rows that have no problem, typed; how many the file holds by its own footer."""
    columns = ", ".join(f"{sql} AS {identifier(name)}" for name, sql in made.columns.items())
    where = " WHERE problem IS NULL" if problems else ""
    con.execute(f"COPY (SELECT {columns} FROM {rows}{where}) TO {quoted(str(target))} ({_PARQUET})")
    return pq.read_metadata(target).num_rows


def rejects(
    con: duckdb.DuckDBPyConnection, raw: Raw, made: Plan, problems: int, target: Path
) -> dict[str, int]:
    """One row for each rejected record, in the file's order; how often each reason is given."""
    width = len(raw.layout.names)
    private = raw.blank or raw.hashed  # and which cells of a ragged row these are, nobody can tell
    told = (
        (bad.line, None, f"{bad.cells} cells, not {width}", bad.reason, None if private else bad.text)
        for bad in raw.ragged
    )
    con.register(
        "ragged", pa.Table.from_pylist([dict(zip(_REJECT.names, row, strict=True)) for row in told], _REJECT)
    )
    parts = ["SELECT * FROM ragged"] + ([typed.rejects(made)] if problems else [])
    con.execute(
        f"COPY (SELECT * FROM ({' UNION ALL '.join(parts)}) ORDER BY line) TO {quoted(str(target))} (FORMAT"
        " parquet)"
    )
    con.unregister("ragged")
    found = con.execute(
        f"SELECT reason, count(*) FROM read_parquet({one_file(target)}) GROUP BY 1 ORDER BY 2 DESC, 1"
    )
    return dict(found.fetchall())


def all_rejected(raw: Raw, rejected: Path, reasons: dict[str, int]) -> UserError:
    """What to tell where no row can be used. reasons: most often given first."""
    reason, count = next(iter(reasons.items()))
    first = next(row for row in Table(rejected).read().to_pylist() if row["reason"] == reason)
    where = f" in the column '{first['column']}'" if first["column"] else ""
    value = f", such as '{first['value'][:60]}'" if first["value"] else ""
    return UserError(
        "all_rejected",
        f"None of the {raw.rows:,} rows can be used. Most often: {reason}{where}"
        f" ({count:,} rows{value}, line {first['line']}).",
        "Check which column stands for which field and what separates the columns, or mend the file.",
    )
