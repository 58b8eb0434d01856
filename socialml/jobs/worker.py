"""A worker process: snapshot in, result out. It never opens the store.

Stdout carries progress, one JSON object a line; everything else that is printed goes to stderr, which is
the job's log. It ends by itself when its stdin ends, that is, when the process that started it is gone.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import stat
import sys
import threading
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from socialml import artefacts
from socialml.errors import Cancelled, UserError
from socialml.jobs import failures, tasks
from socialml.jobs import job as jobs
from socialml.progress import Progress

DONE, BUG, MISTAKE, CANCELLED = 0, 1, 2, 130
NICENESS = 10  # pages come first
_SECONDS_BETWEEN_LINES = 0.1


def main(job_dir: str | Path) -> int:
    """Carry out the job in a folder: job.json and inputs/ in, result/ out, or error.json and exit code 2."""
    folder = Path(job_dir)
    if not (folder / jobs.JOB_FILE).is_file():
        print(f"{folder} holds no job. The app starts workers by itself.", file=sys.stderr)
        return MISTAKE
    os.nice(NICENESS)  # before any thread starts: on Linux each thread has its own
    _end_with_parent()
    try:
        with _progress_lines() as lines, _Reporter(lines) as report:
            _work(folder, report)
        return DONE
    except (Cancelled, KeyboardInterrupt, BrokenPipeError):
        return CANCELLED
    except Exception as error:  # noqa: BLE001 - the trace goes to the log, the code to the manager
        mistake = failures.explain(error)
        if mistake is not error:
            traceback.print_exc()
        if mistake is None:
            return BUG
        _write_error(folder, mistake)
        return MISTAKE


def _work(folder: Path, report: _Reporter) -> None:
    job = json.loads((folder / jobs.JOB_FILE).read_text(encoding="utf-8"))
    task = tasks.load(job["task"])
    config = task.Config.from_json(job["config"])
    inputs = artefacts.read(task.Inputs, folder / jobs.INPUTS)
    result = task.compute(inputs, config, report)
    shutil.rmtree(folder / jobs.RESULT, ignore_errors=True)  # of an earlier try by hand
    artefacts.write(result, folder / jobs.RESULT)


def _write_error(folder: Path, error: UserError) -> None:
    part = folder / f"{jobs.ERROR_FILE}.part"
    part.write_text(json.dumps(error.as_dict(), ensure_ascii=False), encoding="utf-8")
    part.rename(folder / jobs.ERROR_FILE)


class _Reporter:
    """Writes the newest progress, at most ten times a second, from a thread of its own.

    So the last report before a long silence is always shown, and computing never waits for the pipe.
    """

    def __init__(self, out: IO[str]) -> None:
        self._out = out
        self._latest: Progress | None = None
        self._written: Progress | None = None
        self._news, self._closing = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._write, name="progress", daemon=True)

    def __call__(self, progress: Progress) -> None:
        waiting = self._latest if self._latest is not self._written else None
        if progress.curve is None and waiting is not None and waiting.curve is not None:
            progress = replace(progress, curve=waiting.curve)  # else nobody would see it
        self._latest = progress
        self._news.set()

    def __enter__(self) -> _Reporter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._news.set()
        self._thread.join(timeout=2)

    def _write(self) -> None:
        while True:
            self._news.wait()
            self._news.clear()
            closing = self._closing.is_set()  # before the last look, so that nothing comes after it
            progress = self._latest
            if progress is not None and progress is not self._written:
                self._written = progress
                with contextlib.suppress(OSError, ValueError):  # nobody reads any more; stdin's end stops us
                    print(_line(progress), file=self._out, flush=True)
            if closing:
                return
            self._closing.wait(_SECONDS_BETWEEN_LINES)


def _line(progress: Progress) -> str:
    values: dict[str, Any] = {
        "fraction": progress.fraction,
        "done": float(progress.done),
        "total": float(progress.total),
        "message": str(progress.message),
    }
    if progress.curve is not None:
        values["curve"] = {name: [float(value) for value in line] for name, line in progress.curve.items()}
    return json.dumps(values, ensure_ascii=False)


@contextlib.contextmanager
def _progress_lines() -> Iterator[IO[str]]:
    """Stdout for progress alone: what libraries print to it goes to stderr meanwhile."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with open(kept, "w", encoding="utf-8", closefd=False) as lines:
            yield lines
    finally:
        with contextlib.suppress(OSError):
            sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def _end_with_parent() -> None:
    """End this process and all it started when stdin ends. Only a pipe counts: /dev/null is at its end."""
    if not stat.S_ISFIFO(os.fstat(0).st_mode):
        return

    def watch() -> None:
        # Not sys.stdin: its lock would be held at exit.
        while os.read(0, 4096):
            pass
        if os.getpgid(0) == os.getpid():
            os.killpg(0, signal.SIGKILL)
        os._exit(CANCELLED)

    threading.Thread(target=watch, name="parent", daemon=True).start()
