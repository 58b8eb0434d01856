"""Import of a 10,000,000-row events CSV (about 800 MB) by its path: peak memory under 2 GB, and rows a second.

The file is written to a temporary folder and deleted after. The command line imports it in a process of its own; the
resident memory of that process and all it starts is summed twenty times a second. What the system caches of files
is not in it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from tests.benchmarks.bench_import import write_events

ROOT = Path(__file__).resolve().parents[2]
ROWS = 10_000_000
BOUND_MB = 2_000
_BETWEEN = 0.05  # seconds


def resident(process: psutil.Process) -> int:
    """Bytes of memory of a process and all it started; 0 when it has ended."""
    total = 0
    try:
        for each in (process, *process.children(recursive=True)):
            total += each.memory_info().rss
    except psutil.NoSuchProcess:
        pass
    return total


def watched(command: list[str], log: Path) -> tuple[str, float, int]:
    """What a command prints, its seconds, and the most memory it and its children held, in bytes."""
    began, most = time.perf_counter(), 0
    with log.open("wb") as errors, tempfile.TemporaryFile() as out:
        with subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=errors) as running:
            process = psutil.Process(running.pid)
            while running.poll() is None:
                most = max(most, resident(process))
                time.sleep(_BETWEEN)
        seconds = time.perf_counter() - began
        out.seek(0)
        text = out.read().decode()
    if running.returncode:
        raise RuntimeError(f"{command}: {running.returncode}\n{text}\n{log.read_text()[-2000:]}")
    return text, seconds, most


def run(rows: int = ROWS) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "events.csv"
        write_events(path, rows)
        size = path.stat().st_size
        store = ["--store", str(folder / "shop.duckdb")]
        command = [
            sys.executable,
            "-m",
            "socialml",
            "ingest",
            str(path),
            "--dataset",
            "shop",
            "--json",
            *store,
        ]
        told, seconds, most = watched(command, folder / "log")
        (receipt,) = json.loads(told)["files"]
        whole = receipt["rows_read"] == receipt["rows_accepted"] == rows
    return {
        "rows": rows,
        "file_mb": round(size / 1e6),
        "seconds": round(seconds, 1),
        "rows_per_second": round(rows / seconds),
        "peak_rss_mb": round(most / 1e6),
        "bound_mb": BOUND_MB,
        "holds": whole and most < BOUND_MB * 1e6,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    print(json.dumps(run(parser.parse_args().rows), indent=1))
