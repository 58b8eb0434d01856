"""Erasing a customer from a dataset: rows, rejected rows, marks, and what runs and jobs hold of them."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from socialml import words
from socialml.errors import UserError
from socialml.schema import KINDS, names_user
from socialml.store import traces
from socialml.store.connection import now
from socialml.store.datasets import ImportInfo, columns_of, defined
from socialml.store.marks import LINE, LINE_KEY
from socialml.store.people import People
from socialml.store.runs import Run, Runs
from socialml.store.sql import identifier

_PENDING = "erasing"  # a key of the table meta: files still to be removed, after a crash by the next start


@dataclass(frozen=True)
class Erased:
    rows: dict[str, int]  # kind -> rows
    rejects: int
    runs: list[str]  # whose artefacts held the customer and are gone; the runs stay and say so

    @property
    def told(self) -> str:
        """'5 order lines, 1 rejected row and the tables of 2 runs'"""
        held = [words.plural(rows, KINDS[kind].noun) for kind, rows in self.rows.items()]
        held += [words.plural(self.rejects, "rejected row")] if self.rejects else []
        held += [f"the tables of {words.plural(len(self.runs), 'run')}"] if self.runs else []
        return words.listed(held)


class Erasing(People, Runs):
    def erase_user(self, dataset: str, user: str) -> Erased:
        """Remove what a dataset holds of a customer, in one transaction. user: the id as in the files imported.

        Runs whose artefacts hold the customer lose them; they keep what they measured of all customers together.
        Raises UserError unknown_user, and see names_of; then the store is as it was.
        """
        if not user.strip():  # else cells that are empty would be theirs
            raise _unknown(dataset, user)
        called = self.names_of(dataset, user.strip())
        with self._writer:
            self._remove_files()  # of an erasure before that a full disk or the like has kept from its end
            held = [run for run in self.runs(dataset) if traces.holds(run, called)]
            rows: dict[str, int] = {}
            rejects: dict[int, int] = {}
            try:
                with self.write() as con:
                    imports = self.imports(dataset, con)
                    _erase_marks(con, self.dataset(dataset, con).id, imports, called)
                    for info in imports:
                        gone = _erase_rows(con, info, called)
                        lines = _part_of_rejects(info, called, self._part(info.id))
                        if gone:
                            rows[info.kind] = rows.get(info.kind, 0) + gone
                        if lines:
                            rejects[info.id] = lines
                        if gone or lines:
                            _tell(con, info, gone, lines)
                    for run in held:
                        self._mark(con, run, called)
                    if not (rows or rejects or held):
                        raise _unknown(dataset, user)
                    pending = {
                        "rejects": list(rejects),
                        "runs": [run.run_id for run in held],
                        "dataset": dataset,
                    }
                    con.execute("INSERT INTO meta VALUES (?, ?)", [_PENDING, json.dumps(pending)])
            except BaseException:
                for part in self.rejects_dir.glob("*.part"):
                    part.unlink(missing_ok=True)
                raise
            self._remove_files()
        # Where someone is reading, the next checkpoint gives the rows' space back.
        with contextlib.suppress(duckdb.TransactionException), self._cursor() as con:
            con.execute("CHECKPOINT")
        return Erased(rows, sum(rejects.values()), [run.run_id for run in held])

    def _sweep(self) -> None:
        self._remove_files()
        super()._sweep()

    def _remove_files(self) -> None:
        """What the store says is erased, from the disk."""
        with self.read() as con:
            found = con.execute("SELECT value FROM meta WHERE key = ?", [_PENDING]).fetchone()
        if not found:
            return
        pending = json.loads(found[0])
        for number in pending["rejects"]:
            part = self._part(number)
            if part.exists():
                os.replace(part, self.rejects_dir / f"{number}.parquet")
            (self.rejects_dir / f"{number}.csv").unlink(missing_ok=True)  # made again when it is asked for
        for run_id in pending["runs"]:
            if (self.runs_dir / run_id).exists():
                shutil.rmtree(self.runs_dir / run_id)
        for file in self.jobs_dir.glob("*/job.json"):
            traces.clear_job(file, pending.get("dataset"))
        with self.write() as con:
            con.execute("DELETE FROM meta WHERE key = ?", [_PENDING])

    def _part(self, number: int) -> Path:
        return self.rejects_dir / f"{number}.parquet.part"

    def _mark(self, con: duckdb.DuckDBPyConnection, run: Run, called: set[str]) -> None:
        environment = {**run.environment, "erased_at": now().isoformat()}
        con.execute(
            "UPDATE runs SET metrics = ?, environment = ? WHERE run_id = ?",
            [
                json.dumps(traces.without(run.metrics, called), ensure_ascii=False),
                json.dumps(environment),
                run.run_id,
            ],
        )


def _erase_rows(con: duckdb.DuckDBPyConnection, info: ImportInfo, called: set[str]) -> int:
    """Rows of an import that are gone. Its table is made anew: deleted rows would stay in the file, only hidden."""
    table, columns = f"rows_{info.id}", columns_of(con, f"rows_{info.id}")
    own = info.receipt.get("user_columns", ()) if info.kind == "records" else ()
    users = [identifier(name) for name, _ in columns if name in own or names_user(name)]
    if not users:
        return 0
    theirs = " OR ".join(
        f"coalesce({user}::VARCHAR IN ({', '.join('?' * len(called))}), false)" for user in users
    )
    values = [*called] * len(users)
    found = con.execute(f"SELECT count(*) FROM {table} WHERE {theirs}", values).fetchone()
    count = found[0] if found else 0
    if count:
        con.execute(f"CREATE TABLE {table}_kept ({defined(columns)})")
        con.execute(f"INSERT INTO {table}_kept SELECT * FROM {table} WHERE NOT ({theirs})", values)
        con.execute(f"DROP TABLE {table}")
        con.execute(f"ALTER TABLE {table}_kept RENAME TO {table}")
    return count


def _part_of_rejects(info: ImportInfo, called: set[str], part: Path) -> int:
    """Write the rejected rows of all others beside them, if any is the customer's; how many are."""
    if info.rejects is None:
        return 0
    import pyarrow.parquet as pq

    found = pq.read_table(info.rejects, partitioning=None)
    header = info.receipt.get("header") or []
    named = {*info.receipt.get("user_columns", ()), info.receipt.get("mapping", {}).get("user_id")}
    places = [place for place, name in enumerate(header) if name in named or names_user(name)]
    delimiter = info.receipt.get("delimiter") or ","
    others = [
        not _is_theirs(row or "", delimiter, len(header), places, called) for row in found["row"].to_pylist()
    ]
    if not all(others):
        pq.write_table(found.filter(others), part)
    return others.count(False)


def _is_theirs(row: str, delimiter: str, width: int, places: list[int], called: set[str]) -> bool:
    """By the customer's own column; by any cell, where the cells do not fit the header."""
    csv.field_size_limit(max(len(row) + 1, csv.field_size_limit()))
    cells = [
        cell.strip()
        for line in csv.reader(io.StringIO(row, newline=""), delimiter=delimiter)
        for cell in line
    ]
    if places and len(cells) == width:
        cells = [cells[place] for place in places]
    # Where all ids of a file end with .0, that is no part of them: see ingest.values.
    return not called.isdisjoint((*cells, *(cell.removesuffix(".0") for cell in cells)))


def _erase_marks(
    con: duckdb.DuckDBPyConnection, dataset: int, imports: list[ImportInfo], called: set[str]
) -> None:
    """What was said of the customer's order lines: a key can be made again by who knows the line."""
    places = ", ".join("?" * len(called))
    lines = [
        f"SELECT {LINE} AS content FROM rows_{info.id} WHERE user_id IN ({places})"
        for info in imports
        if info.kind in ("events", "orders")
    ]
    if not lines:
        return
    counted = "SELECT content, row_number() OVER (PARTITION BY content) AS occurrence"
    numbered = f"{counted} FROM ({' UNION ALL '.join(lines)})"
    for table in ("marks", "labels"):
        con.execute(
            f"DELETE FROM {table} WHERE dataset_id = ? AND key IN (SELECT {LINE_KEY} FROM ({numbered}))",
            [dataset, *([*called] * len(lines))],
        )


def _unknown(dataset: str, user: str) -> UserError:
    return UserError(
        "unknown_user",
        f"'{dataset}' holds no customer '{user}'.",
        "Check the id; write it as it stands in your files.",
    )


def _tell(con: duckdb.DuckDBPyConnection, info: ImportInfo, rows: int, rejects: int) -> None:
    """The import holds fewer rows, and its receipt says so; examples may be the customer's."""
    before = info.receipt.get("erased", {"rows": 0, "rejects": 0, "times": 0})
    erased = {
        "rows": before["rows"] + rows,
        "rejects": before["rejects"] + rejects,
        "times": before["times"] + 1,
    }
    count = erased["rows"] + erased["rejects"]
    told = [{**one, "examples": []} for one in info.receipt.get("warnings", []) if one["code"] != "erased"]
    sentence = f"{count:,} {'row was' if count == 1 else 'rows were'} erased since, at the wish of a customer or more."
    told.append({"code": "erased", "count": count, "sentence": sentence, "examples": []})
    con.execute(
        "UPDATE imports SET rows = rows - ?, receipt = ? WHERE import_id = ?",
        [rows, json.dumps({**info.receipt, "warnings": told, "erased": erased}, ensure_ascii=False), info.id],
    )
