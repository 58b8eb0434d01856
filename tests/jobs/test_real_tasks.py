"""The whole road with nothing replaced: `python -m socialml worker` and a real analysis."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from socialml.analyses import base, segments
from socialml.jobs.manager import Manager
from socialml.schema import EVENT_COLUMNS
from socialml.store import Store


def add_orders(store: Store, dataset: str, users: int) -> None:
    """Users of three kinds: their orders differ in number and in amount."""
    values = {
        "kind": "'orders'",
        "user_id": "'u' || u",
        "ts_utc": "moment",
        "ts_local": "moment",
        "action": "'purchase'",
        "order_id": "u || '-' || n",
        "amount": "10 + 40 * (u % 3) + (u * 7 + n * 3) % 5",
    }
    columns = ", ".join(
        f"CAST({values.get(name, 'NULL')} AS {kind}) AS {name}"
        for name, kind in EVENT_COLUMNS
        if name != "import_id"
    )
    file = store.inbox / f"{dataset}.parquet"
    with duckdb.connect() as con:
        rows = con.execute(
            f"SELECT {columns} FROM ("
            "SELECT u, n, TIMESTAMP '2024-06-30 23:10:00' - INTERVAL (n * 5 + u % 4) DAY AS moment"
            f" FROM range({users}) a(u), range(2, 30) b(n) WHERE n < 4 + 8 * (u % 3)) ORDER BY ALL"
        )
        pq.write_table(rows.to_arrow_table(), file)
    store.ensure_dataset(dataset)
    count = pq.read_metadata(file).num_rows
    store.add_import(dataset, "orders", file, {"file": "o.csv", "rows_accepted": count, "rows_rejected": 0})


@pytest.fixture
def manager(store: Store) -> Iterator[Manager]:
    with Manager(store) as opened:
        yield opened


def test_segments_in_a_worker_equal_segments_here(manager: Manager, store: Store) -> None:
    add_orders(store, "shop", users=300)
    config = segments.Config(k=3, k_max=4, seed=1)
    messages: set[str] = set()
    job_id = manager.submit("segments", "shop", base.config_json(config), label="Segments")
    while (state := manager.wait(job_id, 0.02)).active:
        messages.add(state.message)
    assert state.status == "done", state
    assert len(messages) >= 3, messages
    assert isinstance(state.result, str)
    run = store.run(state.result)
    here = base.run("segments", store, "shop", config)
    assert run.metrics == here.metrics
    assert (run.config, run.seed, run.dataset_version) == (here.config, here.seed, here.dataset_version)
    assert run.environment == here.environment
    assert base.read_result(run).n_users == 300


def test_too_few_users_say_so(manager: Manager, store: Store) -> None:
    add_orders(store, "tiny", users=12)
    state = manager.wait(manager.submit("segments", "tiny", {"k": 5}), 60)
    assert state.status == "failed"
    assert state.error is not None
    assert "12" in state.error["message"]
    assert state.error["hint"]
    assert store.runs() == []


def test_a_cancelled_analysis_leaves_the_store_as_it_was(manager: Manager, store: Store) -> None:
    add_orders(store, "shop", users=3_000)
    before = (store.version("shop"), store.tables("shop"))
    job_id = manager.submit("segments", "shop", {})
    state = manager.wait(job_id, 1.5)
    assert manager.cancel(job_id) or state.status == "done"
    state = manager.wait(job_id, 10)
    assert state.status == "cancelled"
    assert (store.version("shop"), store.tables("shop")) == before
    assert store.runs() == []
    assert list(store.runs_dir.iterdir()) == []


def csv(store: Store, name: str, rows: int) -> dict[str, str]:
    """A file of orders in the inbox, and the settings to import it as 'new'."""
    file = store.inbox / name
    lines = (f"u{n % 97},2024-05-{n % 28 + 1:02d} 10:00:00,{n},{n % 50}.50" for n in range(rows))
    file.write_text("用户ID,下单时间,订单号,支付金额\n" + "\n".join(lines), encoding="gb18030")
    return {"path": str(file), "dataset": "new", "kind": "orders"}


def test_an_import_in_a_worker(manager: Manager, store: Store) -> None:
    add_orders(store, "shop", users=3_000)
    beside = manager.submit("segments", "shop", {})
    settings = csv(store, "o.csv", 500)
    dropped = store.inbox / "1" / "o.csv"  # as the Data page keeps it
    dropped.parent.mkdir()
    Path(settings["path"]).rename(dropped)
    state = manager.wait(
        manager.submit("import", "new", {**settings, "path": str(dropped)}, label="o.csv"), 60
    )
    assert not dropped.parent.exists()  # though no page is there to see the end
    assert state.status == "done", state
    assert isinstance(state.result, dict)
    assert state.result["rows_read"] == state.result["rows_accepted"] == 500
    assert store.tables("new") == {"orders": 500}
    assert store.imports("new")[0].receipt == state.result
    assert manager.cancel(beside)


def test_a_file_that_cannot_be_read_changes_nothing(manager: Manager, store: Store) -> None:
    (store.inbox / "empty.csv").touch()
    settings = {"path": str(store.inbox / "empty.csv"), "dataset": "new"}
    state = manager.wait(manager.submit("import", "new", settings), 60)
    assert state.status == "failed"
    assert state.error is not None
    assert "empty" in state.error["message"]
    assert state.error["code"] != "internal"
    assert store.datasets() == []


def test_a_cancelled_import_leaves_no_dataset(manager: Manager, store: Store) -> None:
    job_id = manager.submit("import", "new", csv(store, "large.csv", 400_000))
    while (state := manager.wait(job_id, 0.01)).active and state.fraction == 0:
        pass
    assert manager.cancel(job_id), state
    state = manager.wait(job_id, 10)
    assert state.status == "cancelled"
    assert store.datasets() == []
    left = {path.name for path in (store.jobs_dir / job_id).iterdir()}
    assert left <= {"job.json", "job.log"}


def test_a_worker_by_hand_needs_a_job(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "socialml", "worker", str(tmp_path)], cwd=Path(__file__).parents[2],
        capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 2
    assert "holds no job" in done.stderr
