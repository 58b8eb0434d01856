"""Opening a store file, its schema, and units of work.

One root connection a process; every unit of work takes its own cursor, and writes go through one
transaction at a time.
"""

from __future__ import annotations

import glob
import os
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Self

import duckdb

from socialml.errors import Cancelled, UserError

SCHEMA_VERSION = 2
_SCHEMA = """
CREATE TABLE meta (key VARCHAR PRIMARY KEY, value VARCHAR NOT NULL);
CREATE SEQUENCE dataset_ids;
CREATE SEQUENCE import_ids;
CREATE TABLE datasets (
    dataset_id INTEGER PRIMARY KEY, name VARCHAR NOT NULL UNIQUE, currency VARCHAR NOT NULL,
    timezone VARCHAR NOT NULL, created_at TIMESTAMP NOT NULL);
CREATE TABLE imports (
    import_id INTEGER PRIMARY KEY, dataset_id INTEGER NOT NULL, kind VARCHAR NOT NULL, file VARCHAR NOT NULL,
    rows BIGINT NOT NULL, created_at TIMESTAMP NOT NULL, receipt JSON NOT NULL);
CREATE TABLE mappings (shape VARCHAR, kind VARCHAR, mapping JSON NOT NULL, PRIMARY KEY (shape, kind));
CREATE TABLE runs (
    run_id VARCHAR PRIMARY KEY, dataset_id INTEGER NOT NULL, analysis VARCHAR NOT NULL,
    dataset_version VARCHAR NOT NULL, config JSON NOT NULL, seed BIGINT NOT NULL, metrics JSON NOT NULL,
    environment JSON NOT NULL, seconds DOUBLE NOT NULL, created_at TIMESTAMP NOT NULL);
CREATE TABLE names (run_id VARCHAR, segment INTEGER, name VARCHAR NOT NULL, PRIMARY KEY (run_id, segment));
"""
# What each version added to the one before; a store of an older one is brought up to date when it is opened.
_UPGRADES = {
    2: """
CREATE TABLE marks (
    dataset_id INTEGER NOT NULL, key UBIGINT NOT NULL, wrong BOOLEAN NOT NULL, marked_at TIMESTAMP NOT NULL);
CREATE TABLE labels (dataset_id INTEGER NOT NULL, key UBIGINT NOT NULL);
"""
}


class Interrupt:
    """Stops the queries of one piece of work from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cursors: set[duckdb.DuckDBPyConnection] = set()
        self.fired = False

    def fire(self) -> None:
        with self._lock:
            self.fired = True
            for cursor in self._cursors:
                cursor.interrupt()

    def add(self, cursor: duckdb.DuckDBPyConnection) -> None:
        with self._lock:
            if self.fired:
                raise Cancelled
            self._cursors.add(cursor)

    def remove(self, cursor: duckdb.DuckDBPyConnection) -> None:
        with self._lock:
            self._cursors.discard(cursor)


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def _execute(con: duckdb.DuckDBPyConnection, script: str) -> None:
    for statement in script.split(";"):
        if statement.strip():
            con.execute(statement)


class Connection:
    """A store file and the folder beside it (`<file>.d`) with inbox, jobs and artefacts."""

    _open: ClassVar[dict[Path, Connection]] = {}
    _open_lock = threading.Lock()

    def __init__(self, path: str | Path, *, memory_limit: str = "2GB", threads: int | None = None) -> None:
        self.path = Path(path).expanduser().resolve()
        self.folder = self.path.with_name(self.path.name + ".d")
        self.inbox, self.jobs_dir = self.folder / "inbox", self.folder / "jobs"
        self.runs_dir, self.rejects_dir = self.folder / "runs", self.folder / "rejects"
        self.threads = threads or os.cpu_count() or 1
        with Connection._open_lock:
            if self.path in Connection._open:
                raise UserError(
                    "store_open",
                    f"{self.path} is already open in this program.",
                    "Use the store that is open.",
                )
            for folder in (self.inbox, self.jobs_dir, self.runs_dir, self.rejects_dir, self.folder / "tmp"):
                folder.mkdir(parents=True, exist_ok=True)
            self._root = self._connect(memory_limit)
            Connection._open[self.path] = self
        self._writer = threading.RLock()
        self._local = threading.local()
        try:
            self._prepare_schema()
            self._sweep()
        except BaseException:
            self.close()
            raise

    def _connect(self, memory_limit: str) -> duckdb.DuckDBPyConnection:
        try:
            root = duckdb.connect(str(self.path))
        except duckdb.IOException as error:
            if "lock" not in str(error):
                raise UserError(
                    "store_unreadable",
                    f"{self.path} cannot be opened: {error}",
                    "Restore it from a backup, or choose another store with --store.",
                ) from error
            holder = re.search(r"PID (\d+)", str(error))
            who = f"process {holder.group(1)}" if holder else "another process"
            raise UserError(
                "store_in_use",
                f"{self.path} is held by {who}.",
                "Close the app or wait for that command to end; or do it in the app itself.",
            ) from error
        settings = {
            "memory_limit": memory_limit,
            "threads": self.threads,
            "temp_directory": str(self.folder / "tmp"),
            "max_temp_directory_size": "20GB",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "TimeZone": "UTC",
            "python_scan_all_frames": False,
            "python_enable_replacements": False,
            # As its name and as a pattern for it: see sql.one_file.
            "allowed_directories": [str(self.folder), glob.escape(str(self.folder))],
            "enable_external_access": False,
            "lock_configuration": True,
        }
        for name, value in settings.items():
            literal = value if isinstance(value, (int, list)) else "'" + str(value).replace("'", "''") + "'"
            root.execute(f"SET GLOBAL {name} = {literal}")
        return root

    def _prepare_schema(self) -> None:
        with self.write() as con:
            if not con.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'meta'").fetchone():
                _execute(con, _SCHEMA)
                con.execute("INSERT INTO meta VALUES ('schema_version', '1')")
            row = con.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
            found = int(row[0]) if row and row[0].isdigit() else 0
            if not 1 <= found <= SCHEMA_VERSION:
                raise UserError(
                    "store_version",
                    f"{self.path} has schema {row[0] if row else 'none'}; this one reads {SCHEMA_VERSION}.",
                    "Use the version of the program that wrote it.",
                )
            for version in range(found + 1, SCHEMA_VERSION + 1):
                _execute(con, _UPGRADES[version])
            if found < SCHEMA_VERSION:
                con.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", [str(SCHEMA_VERSION)])

    def _sweep(self) -> None:
        """Remove what an ended process left: artefacts without a run, rejects without an import, uploads, what was
        spilled to disk, and of jobs all but their record (`job.json`) and log."""
        with self.read() as con:
            runs = {row[0] for row in con.execute("SELECT run_id FROM runs").fetchall()}
            imports = {str(row[0]) for row in con.execute("SELECT import_id FROM imports").fetchall()}
        for folder in self.runs_dir.iterdir():
            if folder.name not in runs:
                shutil.rmtree(folder, ignore_errors=True)
        passing = [*self.inbox.iterdir(), *(self.folder / "tmp").iterdir()]
        passing += self.path.parent.glob(f"{glob.escape(self.path.name)}.key.*.part")
        for job in self.jobs_dir.iterdir():
            passing += job.iterdir() if (job / "job.json").exists() else [job]
        for path in passing:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name not in ("job.json", "job.log"):
                path.unlink(missing_ok=True)
        for file in self.rejects_dir.iterdir():
            if file.stem not in imports:
                file.unlink(missing_ok=True)

    def forget_upload(self, path: Path) -> None:
        """Remove a file that was dropped into the app, and the folder it had for itself; no file of anyone else."""
        if path.parent.parent == self.inbox:
            shutil.rmtree(path.parent, ignore_errors=True)

    def close(self) -> None:
        with Connection._open_lock:
            Connection._open.pop(self.path, None)
        self._root.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- units of work

    @contextmanager
    def interruptible(self, interrupt: Interrupt) -> Iterator[None]:
        """Queries of this thread inside the block end with Cancelled when `interrupt` fires."""
        self._local.interrupt = interrupt
        try:
            yield
        finally:
            self._local.interrupt = None

    @contextmanager
    def read(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of its own in a read-only transaction: one unit of work sees one state of the store.

        Relations made from it must not be kept beyond the block.
        """
        with self._cursor() as con:
            con.execute("BEGIN TRANSACTION READ ONLY")
            yield con

    @contextmanager
    def on(self, con: duckdb.DuckDBPyConnection | None) -> Iterator[duckdb.DuckDBPyConnection]:
        """The unit of work that is given, else one of its own."""
        if con is not None:
            yield con
        else:
            with self.read() as own:
                yield own

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        cursor = self._root.cursor()
        interrupt: Interrupt | None = getattr(self._local, "interrupt", None)
        try:
            if interrupt:
                interrupt.add(cursor)
            yield cursor
        except duckdb.InterruptException as error:
            raise Cancelled from error
        finally:
            if interrupt:
                interrupt.remove(cursor)
            cursor.close()

    @contextmanager
    def write(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor inside one transaction; any exception rolls all of it back and is raised again."""
        with self._writer, self._cursor() as con:
            con.execute("BEGIN")
            try:
                yield con
                con.execute("COMMIT")
            except BaseException:
                con.execute("ROLLBACK")
                raise
