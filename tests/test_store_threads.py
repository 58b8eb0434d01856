"""Never a wrong row: many threads on one store, and a process killed in the middle of an import."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from socialml.schema import EVENT_COLUMNS, USER_COLUMNS
from socialml.store import Store

ROOT = Path(__file__).parents[1]
READERS = 8
USERS = 50


def stage(folder: Path, number: int, rows: int) -> tuple[Path, dict[str, Any]]:
    """A staged file of events like no other number's: amounts are `number`, items are 0 to rows - 1."""
    moment = f"TIMESTAMP '2024-01-01' + INTERVAL ({number}) HOUR + INTERVAL (i) MICROSECOND"
    values = {
        "kind": "'events'",
        "user_id": f"'u' || i % {USERS}",
        "ts_utc": moment,
        "ts_local": moment,
        "action": "'view'",
        "item_id": "i",
        "amount": f"{number}",
    }
    return write(folder / f"staged_{number}.parquet", values, EVENT_COLUMNS, rows)


def write(
    file: Path, values: dict[str, str], columns: tuple[tuple[str, str], ...], rows: int
) -> tuple[Path, dict[str, Any]]:
    """Rows 0 to rows - 1 (i) with the canonical columns: SQL values, null for the others."""
    selected = ", ".join(
        f"CAST({values.get(name, 'NULL')} AS {kind}) AS {name}"
        for name, kind in columns
        if name != "import_id"
    )
    with duckdb.connect() as con:
        pq.write_table(con.execute(f"SELECT {selected} FROM range({rows}) t(i)").to_arrow_table(), file)
    return file, {"file": file.name, "rows_accepted": rows, "rows_rejected": 0}


def users(folder: Path) -> tuple[Path, dict[str, Any]]:
    values = {"user_id": "'u' || i", "age": "i"}
    return write(folder / "staged_users.parquet", values, USER_COLUMNS, USERS)


def in_threads(readers: list[Callable[[], None]], work: Callable[[], None]) -> None:
    """Call each reader again and again in its own thread until the work is done; raise what went wrong."""
    errors: list[BaseException] = []
    done = threading.Event()

    def again(reader: Callable[[], None]) -> None:
        try:
            while not done.is_set():
                reader()
        except BaseException as error:  # noqa: BLE001 - raised below
            errors.append(error)
            done.set()

    threads = [threading.Thread(target=again, args=(reader,)) for reader in readers]
    for thread in threads:
        thread.start()
    try:
        work()
    finally:
        done.set()
        for thread in threads:
            thread.join()
    if errors:
        raise errors[0]


def test_eight_threads_read_while_one_imports(store: Store) -> None:
    rows, imports = 5_000, 10
    staged = [stage(store.inbox, number, rows) for number in range(1, imports + 1)]
    store.ensure_dataset("shop")
    store.add_import("shop", "events", *staged[0])
    store.add_import("shop", "users", *users(store.inbox))
    # After n imports: n * rows rows, whose amounts sum to rows * (1 + ... + n).
    right = {n * rows: rows * n * (n + 1) // 2 for n in range(1, imports + 1)}
    answers = [0] * READERS

    def reader(which: int) -> Callable[[], None]:
        seen = 0

        def read() -> None:
            nonlocal seen
            with store.read() as con:
                events = store.events(con, "shop")
                if which % 2:
                    count, total, people, last = events.aggregate(
                        "count(*), sum(amount), count(DISTINCT user_id), max(item_id::BIGINT)"
                    ).fetchone()  # type: ignore[misc]
                else:
                    frame = events.project("amount, user_id, item_id").to_arrow_table().to_pandas()
                    count, total, people = len(frame), frame["amount"].sum(), frame["user_id"].nunique()
                    last = frame["item_id"].astype(int).max()
                assert (total, people, last) == (right[count], USERS, rows - 1)
                assert store.users(con, "shop").aggregate("count(*), sum(age)").fetchone() == (USERS, 1225)
            assert count >= seen  # what was once seen stays
            seen = count
            assert store.tables("shop")["events"] >= count
            answers[which] += 1

        return read

    def importer() -> None:
        for file, receipt in staged[1:]:
            store.add_import("shop", "events", file, receipt)
            time.sleep(0.02)

    in_threads([reader(which) for which in range(READERS)], importer)
    assert store.tables("shop") == {"events": imports * rows, "users": USERS}
    assert min(answers) >= 3, answers


def test_a_failed_import_is_never_seen(store: Store) -> None:
    """An import that breaks after its rows were written leaves none, and readers see none meanwhile."""
    store.ensure_dataset("shop")
    store.add_import("shop", "events", *stage(store.inbox, 1, 1_000))
    before = store.version("shop")
    file, receipt = stage(store.inbox, 2, 1_000)

    def read() -> None:
        with store.read() as con:
            assert store.events(con, "shop").aggregate("count(*)").fetchone() == (1_000,)
        assert store.version("shop") == before

    def importer() -> None:
        for _ in range(5):
            with pytest.raises(TypeError):  # its receipt cannot be written
                store.add_import("shop", "events", file, {**receipt, "shape": object()})

    in_threads([read] * 4, importer)
    assert len(store.imports("shop")) == 1
    assert store.add_import("shop", "events", file, receipt).rows == 1_000


IMPORTER = """
import json, sys
from pathlib import Path
from socialml.store import Store
with Store(sys.argv[1]) as store:
    print("open", flush=True)
    for file, receipt in json.loads(sys.argv[2]):
        print("begin", flush=True)
        store.add_import("shop", "events", Path(file), receipt)
        print("end", flush=True)
"""


def importing(path: Path, staged: list[tuple[Path, dict[str, Any]]]) -> subprocess.Popen[str]:
    """A process that imports the files one after another; it has opened the store when this returns."""
    files = json.dumps([(str(file), receipt) for file, receipt in staged])
    process = subprocess.Popen(
        [sys.executable, "-c", IMPORTER, str(path), files], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    return process


def test_a_process_killed_during_an_import_leaves_before_or_after(tmp_path: Path) -> None:
    rows, kills = 30_000, 8
    path = tmp_path / "shop.duckdb"
    with Store(path) as store:
        store.ensure_dataset("shop")
        folder = store.folder / "staged"  # not the inbox: opening a store empties it
        folder.mkdir()
        staged = [stage(folder, number, rows) for number in range(1, 3 * kills + 3)]
    process = importing(path, staged[:1])
    started = time.monotonic()
    process.communicate()
    one = time.monotonic() - started  # with closing the store
    rng = random.Random(7)
    there, halfway = 1, 0
    for _ in range(kills):
        process = importing(path, staged[there : there + 3])
        time.sleep(rng.uniform(0, 2 * one))
        process.kill()
        said = process.communicate()[0].split()
        begun, ended = said.count("begin"), said.count("end")
        halfway += begun > ended
        with Store(path) as store:
            imports = store.imports("shop")
            assert len(imports) - there in {ended, begun}
            there = len(imports)
            assert [info.rows for info in imports] == [rows] * there
            assert [info.receipt["file"] for info in imports] == [file.name for file, _ in staged[:there]]
            with store.read() as con:
                # Relations must not outlive the block: they would keep the file open.
                counted = (
                    store.events(con, "shop")
                    .aggregate("count(*), sum(amount), count(DISTINCT item_id)")
                    .fetchone()
                )
                assert counted == (there * rows, rows * there * (there + 1) // 2, rows)
                tables = con.execute(
                    "SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE 'rows_%'"
                ).fetchone()
                assert tables == (there,)
    assert halfway >= 2, "too few kills fell into an import to show anything"
    with Store(path) as store:  # and it still takes imports
        store.add_import("shop", "events", *staged[there])
        assert store.tables("shop") == {"events": (there + 1) * rows}


def test_undo_while_others_read(store: Store) -> None:
    """A reader sees the rows of before or of after, and never a table that is gone."""
    store.ensure_dataset("shop")
    store.add_import("shop", "events", *stage(store.inbox, 1, 3_000))
    second = stage(store.inbox, 2, 3_000)

    def read() -> None:
        with store.read() as con:
            counted = store.events(con, "shop").aggregate("count(*), sum(amount)").fetchone()
            assert counted in ((3_000, 3_000), (6_000, 9_000))

    def import_and_undo() -> None:
        for _ in range(15):
            store.add_import("shop", "events", *second)
            store.undo_last_import("shop")

    in_threads([read] * READERS, import_and_undo)
