"""What a server that was killed leaves, and what the next one makes of it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import pytest

from socialml.jobs import job as jobs
from socialml.jobs import processes
from socialml.jobs.manager import Manager
from socialml.store import Store
from tests.support import add, order

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
START = f"""
import json, sys, time
sys.path.insert(0, {str(HERE)!r})
import toy
from conftest import ToyManager
from socialml.jobs import tasks
from socialml.store import Store
tasks.load = lambda name: toy
store = Store(sys.argv[1])
store.ensure_dataset("shop")
manager = ToyManager(store)
"""
SERVER = f"""{START}
running = manager.submit("toy", "shop", {{"steps": 600, "pause": 0.1}})
queued = manager.submit("toy", "shop", {{}})
while not manager.state(running).message.startswith("Step"):
    time.sleep(0.01)
print(json.dumps([running, queued, manager._jobs[running].process.pid]), flush=True)
time.sleep(600)
"""
SERVER_THAT_ENDS = f"""{START}
preparing = manager.submit("toy", "shop", {{"mode": "endless query"}})
computing = manager.submit("import", "shop", {{"steps": 600, "pause": 0.1}})
while not manager.state(computing).message.startswith("Step"):
    time.sleep(0.01)
print(manager._jobs[computing].process.pid)
"""


@contextmanager
def killed_server(
    path: Path, before: Callable[[int], None] = lambda pid: None
) -> Iterator[tuple[str, str, int]]:
    """A server that was killed with one job running and one queued: their ids and the worker's number."""
    command = [sys.executable, "-c", SERVER, str(path)]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        running, queued, pid = json.loads(server.stdout.readline())
        before(pid)
    finally:
        server.kill()
        server.communicate()
    yield running, queued, pid


def test_a_worker_ends_when_its_server_is_killed(tmp_path: Path, wait_until: Callable[..., None]) -> None:
    with killed_server(tmp_path / "shop.duckdb") as (_, _, pid):
        wait_until(lambda: processes.identity(pid) is None, timeout=5)


def test_a_server_that_ends_stops_its_jobs(tmp_path: Path, toy: ModuleType) -> None:
    """Also one in the middle of a query, which would abort the process."""
    command = [sys.executable, "-c", SERVER_THAT_ENDS, str(tmp_path / "shop.duckdb")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert processes.identity(int(done.stdout)) is None
    with Store(tmp_path / "shop.duckdb") as store, Manager(store) as manager:
        assert [state.status for state in manager.jobs()] == ["cancelled", "cancelled"]
        assert manager.jobs()[0].message == "Stopped with the app; nothing was changed"


def stop_for_good(pid: int) -> None:
    """Stop a process, and wait until it has stopped: on a busy machine that takes a while."""
    os.kill(pid, signal.SIGSTOP)
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        time.sleep(0.01)


def test_unfinished_jobs_of_a_killed_server_are_lost(tmp_path: Path, toy: ModuleType) -> None:
    # A stopped worker cannot notice that its server is gone; the next server must kill it.
    with (
        killed_server(tmp_path / "shop.duckdb", stop_for_good) as (running, queued, pid),
        Store(tmp_path / "shop.duckdb") as store,
    ):
        assert processes.identity(pid) is not None
        assert not (store.jobs_dir / running / "inputs").exists()  # of no use to anyone any more
        with Manager(store) as manager:
            assert processes.identity(pid) is None
            for job_id in (running, queued):
                state = manager.state(job_id)
                assert state.status == "lost"
                assert state.error is not None
                assert "server stopped" in state.error["message"]
                assert not manager.cancel(job_id)
                assert manager.wait(job_id, 1).status == "lost"
            left = {path.name for path in (store.jobs_dir / running).iterdir()}
            assert left <= {"job.json", "job.log"}
            assert manager.jobs(active=True) == []
        with Manager(store) as again:
            assert [state.status for state in again.jobs()] == ["lost", "lost"]


def fake_job(store: Store, **values: object) -> jobs.Job:
    folder = store.jobs_dir / "toy-1"
    folder.mkdir()
    job = jobs.Job(
        id="toy-1", task="toy", dataset="shop", label="Toy", config={}, seed=0, threads=1, folder=folder,
        created_at=jobs.now(), lock=jobs.threading.RLock(), status="running",
        started_at=jobs.now() - timedelta(seconds=9),
    )  # fmt: skip
    for name, value in values.items():
        setattr(job, name, value)
    job.save()
    return job


@pytest.mark.parametrize("started", ["as recorded", "another time"])
def test_only_its_own_worker_is_killed(store: Store, toy: ModuleType, started: str) -> None:
    """A process that got the same number later, or that is something else, is left alone."""
    other = subprocess.Popen(["sleep", "600"], start_new_session=True)
    try:
        found = processes.identity(other.pid)
        assert found is not None
        fake_job(store, worker={"pid": other.pid, "started": found[0] if started == "as recorded" else "12"})
        with Manager(store) as manager:
            assert manager.state("toy-1").status == "lost"
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_a_run_recorded_just_before_the_server_died_is_not_lost(
    store: Store, toy: ModuleType, tmp_path: Path
) -> None:
    store.ensure_dataset("shop")
    (tmp_path / "result").mkdir()
    run = store.save_run(
        "toy-20260101-abcdef", dataset="shop", analysis="toy", dataset_version="1", config={}, seed=0,
        metrics={}, environment={}, seconds=1.0, artefacts=tmp_path / "result",
    )  # fmt: skip
    fake_job(store, run_id=run.run_id)
    with Manager(store) as manager:
        state = manager.state("toy-1")
        assert (state.status, state.result, state.error) == ("done", run.run_id, None)
        assert state.seconds >= 9


def test_an_import_stored_just_before_the_server_died_is_not_lost(store: Store, toy: ModuleType) -> None:
    store.ensure_dataset("shop")
    add(store, [order("u1", 1, 5.0)], file="earlier.csv")
    fake_job(store, task="import", config={"path": "/inbox/1/a.csv", "file": "may.csv"}, dataset="shop")
    with Manager(store) as manager:
        assert manager.state("toy-1").status == "lost"
    info = add(store, [order("u1", 2, 5.0)], file="may.csv")
    shutil.rmtree(store.jobs_dir / "toy-1")
    fake_job(store, task="import", config={"path": "/inbox/1/a.csv", "file": "may.csv"}, dataset="shop")
    with Manager(store) as manager:
        state = manager.state("toy-1")
        assert (state.status, state.result, state.error) == ("done", info.receipt, None)


def test_an_import_that_only_waited_is_lost_though_a_file_of_its_name_came_in(
    store: Store, toy: ModuleType
) -> None:
    store.ensure_dataset("shop")
    config = {"path": "/inbox/2/may.csv", "file": "may.csv"}
    fake_job(store, task="import", config=config, dataset="shop", status="queued", started_at=None)
    add(store, [order("u1", 2, 5.0)], file="may.csv")
    with Manager(store) as manager:
        assert manager.state("toy-1").status == "lost"


def test_a_job_whose_run_was_not_recorded_in_time_is_lost(store: Store, toy: ModuleType) -> None:
    fake_job(store, run_id="toy-20260101-abcdef")
    with Manager(store) as manager:
        assert manager.state("toy-1").status == "lost"


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"id": "toy-1"}'])
def test_broken_folders_are_cleared(store: Store, toy: ModuleType, content: str | None) -> None:
    folder = store.jobs_dir / "toy-1"
    (folder / "inputs").mkdir(parents=True)
    if content is not None:
        (folder / "job.json").write_text(content)
    with Manager(store) as manager:
        assert manager.jobs() == []
    assert not folder.exists()


def test_ended_jobs_are_shown_after_a_restart(store: Store, toy: ModuleType, manager: Manager) -> None:
    before = manager.wait(manager.submit("import", "shop", {"mode": "mistake"}), 30)
    manager.close()
    with Manager(store) as again:
        assert again.jobs() == [before]
