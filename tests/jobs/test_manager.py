from __future__ import annotations

import itertools
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from socialml.errors import UserError
from socialml.jobs import manager as manager_module
from socialml.jobs import processes
from socialml.jobs.job import JobState
from socialml.jobs.manager import Manager
from socialml.store import Store

End = Callable[..., JobState]
WaitUntil = Callable[..., None]


def left_behind(store: Store, state: JobState) -> list[str]:
    """The files of an ended job's folder, apart from its record and its log."""
    return sorted(
        path.name
        for path in (store.jobs_dir / state.id).iterdir()
        if path.name not in ("job.json", "job.log")
    )


def worker_pid(manager: Manager, job_id: str) -> int | None:
    process = manager._jobs[job_id].process
    return process.pid if process else None


def gone(pid: int) -> bool:
    return processes.identity(pid) is None


def test_a_job_ends_as_a_recorded_run(store: Store, end: End) -> None:
    state = end(seed=4)
    assert (state.status, state.fraction, state.message, state.error) == ("done", 1.0, "Done", None)
    assert isinstance(state.result, str)
    run = store.run(state.result)
    assert (run.dataset, run.analysis, run.seed, run.metrics) == ("shop", "toy", 4, {"total": 10})
    assert run.config == {"mode": "well", "steps": 2, "pause": 0.02, "seed": 4}
    assert run.dataset_version == store.version("shop")
    assert run.environment["threads"] >= 1
    assert run.environment["versions"]["socialml"]
    assert 0 < run.seconds <= state.seconds + 0.01
    assert (run.folder / "manifest.json").exists()
    assert left_behind(store, state) == []


def test_the_worker_is_another_process_and_a_polite_one(store: Store, end: End) -> None:
    state = end()
    assert isinstance(state.result, str)
    manifest = json.loads((store.run(state.result).folder / "manifest.json").read_text())
    assert manifest["server_pid"] == os.getpid()  # prepared here
    assert manifest["niceness"] >= 10
    assert int(manifest["threads"]) == store.run(state.result).environment["threads"]


def test_progress_is_seen_while_it_runs(manager: Manager) -> None:
    job_id = manager.submit("toy", "shop", {"steps": 8, "pause": 0.15}, label="Toy for May")
    seen: list[JobState] = []
    while (state := manager.state(job_id)).active:
        if not seen or state.message != seen[-1].message:
            seen.append(state)
        time.sleep(0.01)
    assert state.status == "done"
    assert state.label == "Toy for May"
    fractions = [state.fraction for state in seen]
    assert fractions == sorted(fractions)
    assert len({f for f in fractions if 0 < f < 1}) >= 4
    assert "Step 8" in [state.message for state in seen]  # the last report is never swallowed


def test_one_analysis_at_a_time_in_the_order_they_came(manager: Manager) -> None:
    ids = [manager.submit("toy", "shop", {"steps": 1}) for _ in range(3)]
    assert manager.state(ids[2]).message == "Waiting for 2 other jobs"
    assert [state.id for state in manager.jobs(active=True)] == ids[::-1]
    states = [manager.wait(job_id, 30) for job_id in ids]
    assert [state.status for state in states] == ["done"] * 3
    for earlier, later in itertools.pairwise(states):
        assert earlier.finished_at is not None
        assert later.started_at is not None
        assert later.started_at >= earlier.finished_at
    assert manager.jobs(active=True) == []


def test_an_import_runs_beside_an_analysis_and_imports_one_by_one(manager: Manager) -> None:
    analysis = manager.submit("toy", "shop", {"steps": 100, "pause": 0.1})
    first = manager.submit("import", "new", {"steps": 2, "pause": 0.1})
    second = manager.submit("import", "new", {"steps": 1})
    states = [manager.wait(first, 30), manager.wait(second, 30)]
    assert manager.state(analysis).status == "running"
    assert [state.result for state in states] == [{"rows_read": 6}] * 2
    assert states[0].finished_at is not None
    assert states[1].started_at is not None
    assert states[1].started_at >= states[0].finished_at
    assert [state.id for state in manager.jobs(dataset="new")] == [second, first]
    assert manager.cancel(analysis)


def test_cancel_while_queued(manager: Manager, store: Store) -> None:
    running = manager.submit("toy", "shop", {"steps": 100, "pause": 0.1})
    queued = manager.submit("toy", "shop", {})
    assert manager.cancel(queued)
    state = manager.state(queued)
    assert (state.status, state.started_at, state.seconds) == ("cancelled", None, 0.0)
    assert manager.cancel(running)
    assert manager.wait(running, 10).status == "cancelled"
    assert store.runs() == []


@pytest.mark.parametrize("mode", ["endless query", "endless loop of queries"])
def test_cancel_while_preparing(
    manager: Manager, store: Store, end: End, wait_until: WaitUntil, mode: str
) -> None:
    job_id = manager.submit("toy", "shop", {"mode": mode})
    wait_until(lambda: manager.state(job_id).status == "running")
    time.sleep(0.2)
    asked = time.monotonic()
    assert manager.cancel(job_id)
    state = manager.wait(job_id, 10)
    assert (state.status, state.error) == ("cancelled", None)
    assert time.monotonic() - asked < 2
    assert left_behind(store, state) == []
    assert end().status == "done"  # the next job's queries are not interrupted


def test_cancel_while_computing(manager: Manager, store: Store, wait_until: WaitUntil) -> None:
    job_id = manager.submit("toy", "shop", {"steps": 100, "pause": 0.1})
    wait_until(lambda: manager.state(job_id).message.startswith("Step"))
    pid = worker_pid(manager, job_id)
    assert pid is not None
    asked = time.monotonic()
    assert manager.cancel(job_id)
    assert manager.cancel(job_id)  # asking twice is no mistake
    state = manager.wait(job_id, 10)
    assert (state.status, state.result) == ("cancelled", None)
    assert time.monotonic() - asked < 2
    assert gone(pid)
    assert not manager.cancel(job_id)
    assert left_behind(store, state) == []
    assert store.runs() == []
    assert list(store.runs_dir.iterdir()) == []


def test_a_worker_that_will_not_stop_is_killed(manager: Manager, wait_until: WaitUntil) -> None:
    job_id = manager.submit("toy", "shop", {"mode": "stubborn", "steps": 200, "pause": 0.1})
    wait_until(lambda: manager.state(job_id).message.startswith("Step"))
    pid = worker_pid(manager, job_id)
    assert pid is not None
    manager.cancel(job_id)
    assert manager.wait(job_id, 10).status == "cancelled"
    assert gone(pid)


@pytest.mark.parametrize("how", ["cancel", "well"])
def test_what_a_worker_started_ends_with_it(manager: Manager, wait_until: WaitUntil, how: str) -> None:
    steps = 100 if how == "cancel" else 4
    job_id = manager.submit("toy", "shop", {"mode": "parent of others", "steps": steps, "pause": 0.1})
    wait_until(lambda: manager.state(job_id).message.startswith("child"))
    child = int(manager.state(job_id).message.split()[1])
    assert not gone(child)
    if how == "cancel":
        manager.cancel(job_id)
    state = manager.wait(job_id, 20)
    assert state.status == ("cancelled" if how == "cancel" else "done")
    wait_until(lambda: gone(child))


@pytest.mark.parametrize(
    ("mode", "code", "words"),
    [
        ("mistake in prepare", "too_few", "5 groups need 50 users"),
        ("mistake", "all_equal", "All values are equal."),
        ("bug", "internal", "an error in the program"),
        ("silent exit", "internal", "an error in the program"),
        ("killed", "worker_killed", "SIGKILL"),
        ("out of memory", "out_of_memory", "too little free memory"),
    ],
)
def test_failures_say_why(store: Store, end: End, mode: str, code: str, words: str) -> None:
    state = end(mode=mode)
    assert state.status == "failed"
    assert state.error is not None
    assert state.error["code"] == code
    assert words in state.error["message"]
    assert state.error["hint"]
    assert state.message == state.error["message"]
    assert "secret" not in json.dumps(state.error)
    assert store.runs() == []
    assert left_behind(store, state) == []
    if mode == "bug":
        assert "ZeroDivisionError: the secret details" in (store.jobs_dir / state.id / "job.log").read_text()


def test_a_worker_killed_from_outside_fails_and_the_next_job_runs(
    manager: Manager, end: End, wait_until: WaitUntil
) -> None:
    job_id = manager.submit("toy", "shop", {"steps": 100, "pause": 0.1})
    wait_until(lambda: manager.state(job_id).message.startswith("Step"))
    pid = worker_pid(manager, job_id)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    state = manager.wait(job_id, 10)
    assert state.status == "failed"
    assert state.error is not None
    assert state.error["code"] == "worker_killed"
    assert end().status == "done"


def test_an_analysis_may_give_up_by_itself(end: End) -> None:
    assert end(mode="gives up").status == "cancelled"


def test_what_libraries_print_goes_to_the_log(store: Store, end: End) -> None:
    state = end(mode="talkative")
    assert state.status == "done"
    log = (store.jobs_dir / state.id / "job.log").read_text()
    assert "a library says hello" in log
    assert "and another" in log


def test_what_cannot_run_is_refused_at_once(manager: Manager, store: Store) -> None:
    with pytest.raises(UserError) as unknown:
        manager.submit("os", "shop", {})
    assert unknown.value.code == "unknown_task"
    with pytest.raises(UserError, match="at least 0"):
        manager.submit("toy", "shop", {"steps": -1})
    with pytest.raises(UserError) as missing:
        manager.state("../../etc")
    assert missing.value.code == "no_job"
    assert list(store.jobs_dir.iterdir()) == []


def test_a_dataset_that_is_not_there_fails_with_its_name(manager: Manager) -> None:
    state = manager.wait(manager.submit("toy", "nowhere", {}), 10)
    assert state.error is not None
    assert state.error["code"] == "no_dataset"


def test_old_folders_go(manager: Manager, store: Store, end: End, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manager_module, "KEPT_FOLDERS", 3)
    states = [end(mode="mistake in prepare") for _ in range(5)]
    kept = [state.id for state in states[-3:]]
    assert sorted(path.name for path in store.jobs_dir.iterdir()) == sorted(kept)
    assert [state.id for state in manager.jobs()] == kept[::-1]


def test_close_ends_everything(manager: Manager, wait_until: WaitUntil) -> None:
    running = manager.submit("toy", "shop", {"steps": 200, "pause": 0.1})
    queued = manager.submit("toy", "shop", {})
    wait_until(lambda: manager.state(running).message.startswith("Step"))
    pid = worker_pid(manager, running)
    assert pid is not None
    manager.close()
    assert [manager.state(job_id).status for job_id in (running, queued)] == ["cancelled", "cancelled"]
    assert gone(pid)
    with pytest.raises(UserError, match="being stopped"):
        manager.submit("toy", "shop", {})


def test_many_threads_may_ask_at_once(manager: Manager) -> None:
    errors: list[BaseException] = []

    def ask() -> None:
        try:
            for _ in range(5):
                job_id = manager.submit("toy", "shop", {"mode": "mistake in prepare"})
                manager.jobs()
                manager.cancel(job_id)
                assert manager.wait(job_id, 30).status in ("failed", "cancelled")
        except BaseException as error:  # noqa: BLE001 - shown by the test
            errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(manager.jobs()) == 30


def test_the_server_needs_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys; from socialml.jobs.manager import Manager; from socialml.analyses import base;"
        "print([m for m in ('torch', 'sklearn', 'scipy', 'streamlit', 'plotly') if m in sys.modules])"
    )
    out = processes.subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=processes._ROOT
    )
    assert out.stdout.strip() == "[]"
