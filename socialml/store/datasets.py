"""Datasets, their imports, and their rows.

Every import has a table of its own, so that undo drops a table and a dataset is the union of its live
imports.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from socialml.errors import UserError
from socialml.store.connection import Connection, now
from socialml.store.sql import identifier, one_file

_IDS = ("user_id", "order_id", "item_id", "creator_id")  # columns of many different texts

_LATEST = {"creators": "creator_id"}  # kinds of which the latest row of an id wins


@dataclass(frozen=True)
class Dataset:
    id: int
    name: str
    currency: str
    timezone: str
    created_at: datetime


@dataclass(frozen=True)
class ImportInfo:
    id: int
    dataset: str
    kind: str
    file: str
    rows: int  # rows that this import added
    created_at: datetime
    receipt: dict[str, Any]
    rejects: Path | None


class Datasets(Connection):
    # ---- datasets

    def datasets(self, con: duckdb.DuckDBPyConnection | None = None) -> list[Dataset]:
        with self.on(con) as con:
            rows = con.execute(
                "SELECT dataset_id, name, currency, timezone, created_at FROM datasets ORDER BY dataset_id"
            ).fetchall()
        return [Dataset(*row) for row in rows]

    def dataset(self, name: str, con: duckdb.DuckDBPyConnection | None = None) -> Dataset:
        found = {dataset.name: dataset for dataset in self.datasets(con)}
        if name not in found:
            known = ", ".join(found) or "none yet"
            raise UserError(
                "no_dataset",
                f"There is no dataset named '{name}'. Datasets: {known}.",
                "Choose one of these, or import a file into a new one.",
            )
        return found[name]

    def ensure_dataset(self, name: str, currency: str = "CNY", timezone: str = "Asia/Shanghai") -> Dataset:
        with self.write() as con:
            _make(con, name, currency, timezone)
        return self.dataset(name)

    def version(self, name: str) -> str:
        """A short hash of the set of live imports, less what was erased: two equal versions hold the same rows."""
        erased = ((info.id, info.receipt.get("erased")) for info in self.imports(name))
        ids = ",".join(f"{number}-{gone['times']}" if gone else str(number) for number, gone in erased)
        return hashlib.sha256(ids.encode()).hexdigest()[:10]

    def tables(self, name: str) -> dict[str, int]:
        """kind -> rows stored, for the kinds that the dataset has."""
        counts: dict[str, int] = {}
        for info in self.imports(name):
            counts[info.kind] = counts.get(info.kind, 0) + info.rows
        return counts

    # ---- imports

    def imports(self, name: str, con: duckdb.DuckDBPyConnection | None = None) -> list[ImportInfo]:
        """The live imports of a dataset, oldest first; on `con`, as that unit of work sees them."""
        with self.on(con) as con:
            dataset = self.dataset(name, con)
            rows = con.execute(
                "SELECT import_id, kind, file, rows, created_at, receipt FROM imports WHERE dataset_id = ?"
                " ORDER BY import_id",
                [dataset.id],
            ).fetchall()
        infos = []
        for number, kind, file, count, created, receipt in rows:
            rejects = self.rejects_dir / f"{number}.parquet"
            infos.append(
                ImportInfo(
                    number,
                    name,
                    kind,
                    file,
                    count,
                    created,
                    json.loads(receipt),
                    rejects if rejects.exists() else None,
                )
            )
        return infos

    def add_import(
        self,
        dataset: str,
        kind: str,
        accepted: Path,
        receipt: dict[str, Any],
        rejects: Path | None = None,
        make: tuple[str, str] | None = None,
    ) -> ImportInfo:
        """Move staged rows into the dataset in one transaction.

        make: currency and time zone of the dataset, where it is new; without, it must be there.

        Rows that an earlier file of the same kind brought already (same content, same occurrence) are
        left out and counted in the receipt as rows_already_there. `accepted` lies inside the store's folder.
        """
        with self.write() as con:
            if make:
                _make(con, dataset, *make)
            target = self.dataset(dataset, con)
            earlier = [info for info in self.imports(dataset, con) if info.kind == kind]
            number = con.execute("SELECT nextval('import_ids')").fetchone()[0]  # type: ignore[index]
            source = one_file(accepted)
            columns = columns_of(con, f"read_parquet({source})")
            con.execute(f"CREATE TABLE rows_{number} ({defined(columns)})")
            new = _new_rows(con, source, kind, columns, earlier)
            added = con.execute(f"INSERT INTO rows_{number} {new}").fetchone()[0]  # type: ignore[index]
            receipt = {**receipt, "rows_already_there": receipt["rows_accepted"] - added}
            con.execute(
                "INSERT INTO imports VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    number,
                    target.id,
                    kind,
                    receipt["file"],
                    added,
                    now(),
                    json.dumps(receipt, ensure_ascii=False),
                ],
            )
            if receipt.get("shape"):
                con.execute(
                    "INSERT OR REPLACE INTO mappings VALUES (?, ?, ?)",
                    [receipt["shape"], kind, json.dumps(receipt.get("mapping", {}), ensure_ascii=False)],
                )
            if rejects is not None and receipt["rows_rejected"]:
                shutil.copyfile(rejects, self.rejects_dir / f"{number}.parquet")
        return self.imports(dataset)[-1]

    def undo_last_import(self, name: str) -> ImportInfo:
        """Remove what the newest import of the dataset added."""
        with self.write() as con:
            imports = self.imports(name, con)
            if not imports:
                raise UserError("nothing_to_undo", f"'{name}' has no import to undo.", "Import a file first.")
            last = imports[-1]
            con.execute(f"DROP TABLE rows_{last.id}")
            con.execute("DELETE FROM imports WHERE import_id = ?", [last.id])
        self._forget_rejects(last)
        return last

    def _forget_rejects(self, info: ImportInfo) -> None:
        for file in self.rejects_dir.glob(f"{info.id}.*"):  # the table, and the CSV made of it
            file.unlink(missing_ok=True)

    def mapping(self, shape: str, kind: str) -> dict[str, str] | None:
        """The mapping used for the last file with these headers."""
        with self.read() as con:
            row = con.execute(
                "SELECT mapping FROM mappings WHERE shape = ? AND kind = ?", [shape, kind]
            ).fetchone()
        return json.loads(row[0]) if row else None

    def mapped_kinds(self, shape: str) -> list[str]:
        """What files with these headers were imported as."""
        with self.read() as con:
            rows = con.execute("SELECT kind FROM mappings WHERE shape = ? ORDER BY kind", [shape]).fetchall()
        return [row[0] for row in rows]


def _make(con: duckdb.DuckDBPyConnection, name: str, currency: str, timezone: str) -> None:
    """A dataset of that name, if there is none. Raises UserError bad_dataset_name."""
    if not name.strip() or len(name) > 80 or not name.isprintable():
        raise UserError(
            "bad_dataset_name", f"'{name}' cannot name a dataset.", "Use 1 to 80 visible characters."
        )
    con.execute(
        "INSERT INTO datasets SELECT nextval('dataset_ids'), ?, ?, ?, ?"
        " WHERE NOT EXISTS (SELECT 1 FROM datasets WHERE name = ?)",
        [name, currency, timezone, now(), name],
    )


def columns_of(con: duckdb.DuckDBPyConnection, source: str) -> list[tuple[str, str]]:
    """Names and types of a table."""
    return [(row[0], row[1]) for row in con.execute(f"DESCRIBE FROM {source}").fetchall()]


def defined(columns: list[tuple[str, str]]) -> str:
    """Column definitions that spare DuckDB to try every compression of ids: two thirds of their cost."""
    return ", ".join(
        f"{identifier(name)} {kind}" + (" USING COMPRESSION fsst" if name in _IDS else "")
        for name, kind in columns
    )


def _new_rows(
    con: duckdb.DuckDBPyConnection,
    source: str,
    kind: str,
    columns: list[tuple[str, str]],
    earlier: list[ImportInfo],
) -> str:
    """SQL for the rows of a staged file that earlier imports do not hold already."""
    new = f"SELECT * FROM read_parquet({source})"
    same = [info for info in earlier if info.rows and columns_of(con, f"rows_{info.id}") == columns]
    if not same:
        return new
    names = ", ".join(identifier(name) for name, _ in columns)
    if kind in _LATEST:
        return _changed(source, _LATEST[kind], names, same)
    # Only earlier rows within the new file's times can be equal to its rows.
    within = ""
    if kind in ("events", "orders", "impressions"):
        within = (
            f" WHERE ts_utc BETWEEN (SELECT min(ts_utc) FROM ({new})) AND (SELECT max(ts_utc) FROM ({new}))"
        )
    old = " UNION ALL ".join(f"SELECT {names} FROM rows_{info.id}{within}" for info in same)
    return f"SELECT {names} FROM ({new}) EXCEPT ALL ({old})"


def _changed(source: str, key: str, names: str, same: list[ImportInfo]) -> str:
    """SQL for the rows of a staged file whose ids would not end as they stand now, in the file's order.

    A row that goes back to what an older file said is news, though it was there before.
    """
    old = " UNION ALL ".join(
        f"SELECT {info.id} AS import_id, rowid AS row_no, {names} FROM rows_{info.id}" for info in same
    )
    last = f"QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY"
    new = f"read_parquet({source}, file_row_number = true)"
    return (
        f"SELECT {names} FROM {new} WHERE {key} IN (SELECT {key} FROM"
        f" (SELECT {names} FROM {new} {last} file_row_number DESC) = 1"
        f" EXCEPT SELECT {names} FROM ({old}) {last} import_id DESC, row_no DESC) = 1)) ORDER BY file_row_number"
    )
