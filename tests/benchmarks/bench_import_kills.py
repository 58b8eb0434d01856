"""kill -9 at 50 moments of an import of 300,000 rows with rejects: before or after, never between.

Three roads: the command line into a dataset that has rows, the app's job into a new dataset (the server is killed,
its worker is left to end by itself), and the command line into a store that is not there yet. The moments of each
are spread over its whole processor time, which a busy machine does not stretch, from before the store is opened
until the process has ended. After each, the store is opened as the next start would: the datasets, rows, receipts,
rejects and runs, and every file beside the store and in the folder for temporary files, must be those of before or
those of after.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from socialml.ingest.task import ingest_file
from socialml.jobs.manager import Manager
from socialml.store import Store
from tests.benchmarks import resume
from tests.benchmarks.bench_import import write_events

ROOT = Path(__file__).resolve().parents[2]
MOMENTS, ROWS = 50, 300_000
SEED = 11
_COMMAND = """
import sys
from socialml.ingest.task import ingest_file
from socialml.store import Store
print("begin", flush=True)
with Store(sys.argv[1]) as store:
    ingest_file(store, sys.argv[2], sys.argv[3])
"""
_APP = """
import os, sys
from pathlib import Path
from socialml.jobs.manager import Manager
from socialml.store import Store
print("begin", flush=True)
with Store(sys.argv[1]) as store, Manager(store) as manager:
    upload = store.inbox / "a1b2" / Path(sys.argv[2]).name
    upload.parent.mkdir()
    os.link(sys.argv[2], upload)
    job = manager.submit("import", sys.argv[3], {"path": str(upload), "dataset": sys.argv[3]})
    assert manager.wait(job).status == "done", manager.state(job)
"""


@dataclass(frozen=True)
class Road:
    name: str
    script: str
    dataset: str
    base: bool  # whether there is a store already


ROADS = (
    Road("command", _COMMAND, "shop", True),
    Road("app", _APP, "other", True),
    Road("new store", _COMMAND, "shop", False),
)


class Kills:
    """A folder with a store to copy, the file to import, and what each road leads to undisturbed."""

    def __init__(self, folder: Path, rows: int) -> None:
        self.folder = folder
        self.file = folder / "more.csv"
        self.base = folder / "base"
        self._known: dict[str, tuple[Any, Any, float]] = {}
        self.base.mkdir()
        write_events(self.file, rows, untidy=True)
        first = folder / "first.csv"
        write_events(first, 2_000, untidy=True)
        with Store(self.base / "shop.duckdb") as store:
            ingest_file(store, first, "shop")
            (folder / "result").mkdir()
            (folder / "result" / "table").write_text("kept")
            store.save_run(
                "toy-20260101-abcdef", dataset="shop", analysis="toy", dataset_version="1", config={}, seed=0,
                metrics={"found": 3}, environment={}, seconds=1.0, artefacts=folder / "result",
            )  # fmt: skip

    def known(self, road: Road) -> tuple[Any, Any, float]:
        """What is there before, what after, and the seconds of processor time between."""
        if road.name not in self._known:
            with self._place(road) as place:
                before = found(place)
            with self._place(road) as place:
                process = self._start(place, road)
                began = busy(process.pid)
                _, status, used = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
                if process.returncode:
                    raise RuntimeError(f"{road.name}: {process.returncode}")
                seconds = used.ru_utime + used.ru_stime - began
                self._known[road.name] = before, found(place), seconds
        return self._known[road.name]

    def kill(self, road: Road, share: float) -> dict[str, Any]:
        """Kill an import after a share of its time; what the next start finds."""
        before, after, seconds = self.known(road)
        with self._place(road) as place:
            process = self._start(place, road)
            until = busy(process.pid) + share * seconds
            while (alive := process.poll() is None) and busy(process.pid) < until:
                time.sleep(0.002)
            process.kill()
            process.wait()
            left = sorted(_files(place) - set(before["files"]) - set(after["files"]))
            now = found(place)
        is_ = "before" if now == before else "after" if now == after else "between"
        told = {
            "road": road.name,
            "share": round(share, 3),
            "alive": alive,
            "is": is_,
            "files_at_the_kill": len(left),
        }
        return told if is_ != "between" else {**told, "found": now, "before": before, "after": after}

    @contextmanager
    def _place(self, road: Road) -> Iterator[Path]:
        # A worker whose server was killed may still be ending.
        with tempfile.TemporaryDirectory(dir=self.folder, ignore_cleanup_errors=True) as name:
            place = Path(name)
            if road.base:
                shutil.copytree(self.base, place, dirs_exist_ok=True)
            (place / "tmp").mkdir()
            yield place

    def _start(self, place: Path, road: Road) -> subprocess.Popen[str]:
        command = [
            sys.executable,
            "-c",
            road.script,
            str(place / "shop.duckdb"),
            str(self.file),
            road.dataset,
        ]
        environment = {**os.environ, "TMPDIR": str(place / "tmp")}
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        if process.stdout.readline() != "begin\n":
            raise RuntimeError(f"{road.name} did not begin")
        process.stdout.close()
        return process


def busy(pid: int) -> float:
    """Seconds of processor time that a process and all it started have used; infinite once it has ended."""
    try:
        process = psutil.Process(pid)
        return sum(sum(each.cpu_times()[:4]) for each in (process, *process.children(recursive=True)))
    except psutil.NoSuchProcess:
        return float("inf")


def found(place: Path) -> dict[str, Any]:
    """What the next start finds of datasets, rows and runs, and the files that are there after it."""
    datasets: dict[str, Any] = {}
    with Store(place / "shop.duckdb") as store, Manager(store):
        for dataset in store.datasets():
            infos = store.imports(dataset.name)
            with store.read() as con:
                rows = store.events(con, dataset.name)
                content = rows.aggregate(f"count(*), bit_xor(hash({', '.join(rows.columns)}))").fetchone()
            receipts = [{k: v for k, v in info.receipt.items() if k != "seconds"} for info in infos]
            datasets[dataset.name] = {
                "content": content,
                "rows": [info.rows for info in infos],
                "receipts": json.dumps(receipts, sort_keys=True),
                "rejects": [
                    info.rejects and hashlib.sha256(info.rejects.read_bytes()).hexdigest() for info in infos
                ],
            }
        runs = [(run.run_id, run.metrics) for run in store.runs()]
        with store.read() as con:
            tables = con.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()
    return {"datasets": datasets, "runs": runs, "tables": tables, "files": sorted(_files(place))}


def _files(place: Path) -> set[str]:
    """Files, and folders that hold none; not the records of jobs, which the app shows."""
    jobs = place / "shop.duckdb.d" / "jobs"
    return {
        str(path.relative_to(place))
        for path in place.rglob("*")
        if not (path.is_dir() and any(path.iterdir()))
        and not (path.parent.parent == jobs and path.name in ("job.json", "job.log"))
        and path != jobs
    }


def moments(count: int, seed: int = SEED) -> list[tuple[Road, float]]:
    """A road and the share of its time, for each kill: one at random in each equal part of the road's time."""
    rng, made = random.Random(seed), []
    for number in range(count):
        of_road = len(range(number % len(ROADS), count, len(ROADS)))
        made.append((ROADS[number % len(ROADS)], (number // len(ROADS) + rng.random()) / of_road))
    rng.shuffle(made)  # so that a run that was stopped has seen all of the way
    return made


def run(count: int = MOMENTS, rows: int = ROWS) -> dict[str, Any]:
    store = b"".join(file.read_bytes() for file in sorted((ROOT / "socialml" / "store").glob("*.py")))
    code = f"{resume.version(__file__)}-{hashlib.sha256(store).hexdigest()[:6]}"
    with tempfile.TemporaryDirectory() as name:
        kills = Kills(Path(name), rows)
        told = [
            resume.kept("import_kills", code, f"{rows}-{number:02d}", lambda: kills.kill(road, share))  # noqa: B023
            for number, (road, share) in enumerate(moments(count))
        ]
    hit = sum(each["alive"] for each in told)
    return {
        "rows": rows,
        "kills": count,
        "while it ran": hit,
        **{
            f"{road.name}: found": dict(Counter(each["is"] for each in told if each["road"] == road.name))
            for road in ROADS
        },
        "kills that left files to clear away": sum(each["files_at_the_kill"] > 0 for each in told),
        "between": [each for each in told if each["is"] == "between"],
        "holds": hit >= 0.7 * count and not any(each["is"] == "between" for each in told),
    }


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
