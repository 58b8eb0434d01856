"""Customers' ids -> pseudonyms, while a file is staged: each different id is hashed once, and none leaves it as it is.

Stored columns are made in one go from the typed ones; single cells of rejected rows by a function of SQL.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
from duckdb.func import FunctionNullHandling, PythonUDFType

from socialml.errors import UserError
from socialml.ingest.plan import Plan
from socialml.ingest.read import Raw
from socialml.ingest.values import NOBODY
from socialml.store import pseudonyms
from socialml.store.sql import identifier

FUNCTION = "pseudonym"
_BATCH = 200_000  # rows
_REMEMBERED = 500_000  # ids whose pseudonyms are not made twice; more are, so that memory stays bounded


class Hashing:
    """Pseudonyms with the SQL they need in one database. key: the file; UserError id_key_lost."""

    def __init__(self, con: duckdb.DuckDBPyConnection, key: Path) -> None:
        names = pseudonyms.read(key)
        if names is None:
            raise UserError(
                "id_key_lost", f"There is no key {key} to hash ids with.", "Put it back, and try again."
            )
        self._con, self._names, self.fingerprint = con, names, names.fingerprint
        self._known: dict[str, str] = {}
        con.create_function(
            FUNCTION,
            self._cells,
            ["VARCHAR"],
            "VARCHAR",
            type=PythonUDFType.ARROW,
            null_handling=FunctionNullHandling.SPECIAL,
        )

    def rows(self, rows: str, made: Plan) -> str:
        """The query `rows` (of `typed`, in its order) with pseudonyms in place of its ids."""
        columns = [identifier(f"f_{name}") for name, cast in made.casts.items() if cast.secret]
        if not columns:
            return rows
        self._con.execute(f"CREATE TABLE hashed ({', '.join(f'{column} VARCHAR' for column in columns)})")
        reader = self._con.execute(f"SELECT {', '.join(columns)} FROM typed").to_arrow_reader(_BATCH)
        with self._con.cursor() as writer:
            for batch in reader:
                writer.register(
                    "pseudonyms", pa.table([self._column(c) for c in batch.columns], names=columns)
                )
                writer.execute("INSERT INTO hashed FROM pseudonyms")
                writer.unregister("pseudonyms")
        return f"(SELECT * FROM (SELECT * EXCLUDE ({', '.join(columns)}) FROM {rows}) POSITIONAL JOIN hashed)"

    def _column(self, column: pa.Array) -> pa.Array:
        coded = column.dictionary_encode()
        hashed = pa.array([self._one(text) for text in coded.dictionary.to_pylist()], pa.string())
        return hashed.take(coded.indices)

    def _cells(self, column: pa.Array) -> pa.Array:
        """Cells as they stand in the file; what means nobody stays empty."""
        clean = (cell.strip(" \t\u3000\xa0\ufeff") if cell else "" for cell in column.to_pylist())
        told = [self._one(cell) if cell and cell.lower() not in NOBODY else None for cell in clean]
        return pa.array(told, pa.string())

    def _one(self, text: str) -> str:
        found = self._known.get(text)
        if found is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            found = self._known[text] = self._names.of(text)
        return found


def cell(raw: Raw, column: str, decimals: bool) -> str:
    """SQL of a cell of `raw` as it may be kept. decimals: ids of this file all end with .0, which is not theirs."""
    if column in raw.blank:
        return "NULL::VARCHAR"
    if column not in raw.hashed:
        return column
    return f"{FUNCTION}(regexp_replace({column}, '[.]0\\s*$', ''))" if decimals else f"{FUNCTION}({column})"
