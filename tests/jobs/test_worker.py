from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from socialml import artefacts
from socialml.jobs import processes, worker

HERE = Path(__file__).parent
WORKER = (HERE / "toy_worker.py").read_text()


@pytest.fixture
def folder(tmp_path: Path, toy: ModuleType) -> Path:
    """A prepared job; `put` changes what it asks for."""
    put(tmp_path / "job", toy)
    return tmp_path / "job"


def put(folder: Path, toy: ModuleType, task: str = "toy", **config: object) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "job.json").write_text(json.dumps({"task": task, "config": config}))
    if not (folder / "inputs").exists():
        artefacts.write(toy.Inputs(pd.DataFrame({"n": [5]}), 0), folder / "inputs")


def start(folder: Path, code: str = WORKER) -> subprocess.Popen[bytes]:
    folder.joinpath("scratch").mkdir(exist_ok=True)
    with open(folder / "job.log", "ab") as log:
        return processes.start(
            [sys.executable, "-c", code, str(HERE), str(folder)],
            threads=1,
            scratch=folder / "scratch",
            log=log,
        )


def end(folder: Path, code: str = WORKER) -> tuple[int, list[dict[str, object]]]:
    """The exit code and the progress lines of a worker. Its stdin stays open until it has ended."""
    process = start(folder, code)
    assert process.stdout is not None
    lines = [json.loads(line) for line in process.stdout]
    return processes.finish(process), lines


def test_a_result_and_progress(folder: Path, toy: ModuleType) -> None:
    code, lines = end(folder)
    assert code == worker.DONE
    assert lines[-1] == {"fraction": 1.0, "done": 2.0, "total": 2.0, "message": "Step 2"}
    assert artefacts.read(toy.Result, folder / "result").total == 5
    assert not list(folder.glob("*.part"))


def test_what_is_printed_does_not_mix_with_progress(folder: Path, toy: ModuleType) -> None:
    put(folder, toy, mode="talkative")
    code, lines = end(folder)  # each line is JSON
    assert (code, lines[-1]["message"]) == (worker.DONE, "Step 2")
    assert "a library says hello" in (folder / "job.log").read_text()


def test_fast_reports_are_thinned_and_the_last_one_is_kept(folder: Path, toy: ModuleType) -> None:
    put(folder, toy, steps=2000, pause=0.0005)
    started = time.monotonic()
    code, lines = end(folder)
    assert code == worker.DONE
    assert len(lines) <= 10 * (time.monotonic() - started) + 2
    assert lines[-1]["message"] == "Step 2000"


@pytest.mark.parametrize(
    ("mode", "code"),
    [("mistake", worker.MISTAKE), ("bug", worker.BUG), ("gives up", worker.CANCELLED), ("killed", -9)],
)
def test_exit_codes(folder: Path, toy: ModuleType, mode: str, code: int) -> None:
    put(folder, toy, mode=mode)
    assert end(folder)[0] == code
    assert not (folder / "result").exists()
    if mode == "mistake":
        error = json.loads((folder / "error.json").read_text())
        assert error == {
            "code": "all_equal",
            "message": "All values are equal.",
            "hint": "Choose other columns.",
        }


def test_only_tasks_of_the_whitelist_are_loaded(folder: Path, toy: ModuleType) -> None:
    put(folder, toy, task="os")
    code, _ = end(folder, "import sys; from socialml.jobs import worker; sys.exit(worker.main(sys.argv[2]))")
    assert code == worker.MISTAKE
    assert json.loads((folder / "error.json").read_text())["code"] == "unknown_task"


def test_settings_are_checked_again(folder: Path, toy: ModuleType) -> None:
    put(folder, toy, steps=-1)
    assert end(folder)[0] == worker.MISTAKE


def test_it_ends_when_its_stdin_does(folder: Path, toy: ModuleType) -> None:
    put(folder, toy, steps=600, pause=0.1)
    process = start(folder)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.readline()
    process.stdin.close()
    assert process.wait(timeout=5) != 0
    assert not (folder / "result").exists()


def test_by_hand_without_a_pipe_it_runs_to_its_end(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WORKER, str(HERE), str(folder)], cwd=HERE.parents[1],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=60,
        env={**processes.os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == worker.DONE, done.stderr


def test_a_folder_without_a_job(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert worker.main(tmp_path) == worker.MISTAKE
    assert "holds no job" in capsys.readouterr().err
