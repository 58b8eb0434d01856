"""A job: what the manager knows of it, what pages see, and its folder."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import threading
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from socialml.errors import Cancelled
from socialml.store import Interrupt

Status = Literal["queued", "running", "done", "failed", "cancelled", "lost"]
ACTIVE: tuple[Status, ...] = ("queued", "running")
JOB_FILE, LOG_FILE, ERROR_FILE, INPUTS, RESULT, SCRATCH = (
    "job.json",
    "job.log",
    "error.json",
    "inputs",
    "result",
    "scratch",
)


@dataclass(frozen=True)
class JobState:
    """A job at one moment. Times are UTC."""

    id: str
    task: str  # 'import' or the name of an analysis
    dataset: str
    label: str  # what the user calls it
    status: Status
    fraction: float  # 0 to 1
    message: str  # the step it is at, or how it ended
    error: dict[str, str] | None  # code, message, hint
    result: str | dict[str, Any] | None  # the run's id, or an import's receipt
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    seconds: float  # since it started, or that it took
    curve: dict[str, list[float]] | None = None  # see progress.Progress; only while it runs

    @property
    def active(self) -> bool:
        return self.status in ACTIVE


@dataclass
class Job:
    """The manager's record of a job; the fields of `_STORED` are in job.json."""

    id: str
    task: str
    dataset: str
    label: str
    config: dict[str, Any]
    seed: int
    threads: int
    folder: Path
    created_at: datetime
    lock: threading.RLock  # the manager's: held while this record changes
    status: Status = "queued"
    fraction: float = 0.0
    message: str = ""
    error: dict[str, str] | None = None
    result: str | dict[str, Any] | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    snapshot: str | None = None  # the version of the dataset that was read
    run_id: str | None = None  # chosen just before the run is recorded
    worker: dict[str, Any] | None = None  # pid and start time of the process

    curve: dict[str, list[float]] | None = None
    interrupt: Interrupt = field(default_factory=Interrupt)
    process: subprocess.Popen[bytes] | None = None
    cancelled: bool = False
    saving: bool = False  # too late to cancel
    prepared: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)

    def state(self, message: str | None = None) -> JobState:
        seconds = 0.0
        if self.started_at:
            seconds = ((self.finished_at or now()) - self.started_at).total_seconds()
        return JobState(
            self.id,
            self.task,
            self.dataset,
            self.label,
            self.status,
            self.fraction,
            message or self.message,
            self.error,
            self.result,
            self.created_at,
            self.started_at,
            self.finished_at,
            seconds,
            self.curve if self.status in ACTIVE else None,
        )

    def go_on(self) -> None:
        """Called between steps: raises Cancelled once the user has asked to stop."""
        if self.cancelled:
            raise Cancelled

    def note(self, text: str) -> None:
        """Add a line, or a trace, to the job's log."""
        with contextlib.suppress(OSError), open(self.folder / LOG_FILE, "a", encoding="utf-8") as log:
            log.write(text if text.endswith("\n") else text + "\n")

    def save(self) -> None:
        """Write job.json; a reader sees the old one or the new one, whole."""
        values = {name: getattr(self, name) for name in _STORED}
        part = self.folder / f"{JOB_FILE}.part"
        part.write_text(json.dumps(values, ensure_ascii=False, default=_iso), encoding="utf-8")
        os.replace(part, self.folder / JOB_FILE)

    def clear(self) -> None:
        """Remove the snapshot, the result and all scratch files; job.json and the log stay."""
        for path in self.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif path.suffix == ".part" or path.name == ERROR_FILE:
                path.unlink(missing_ok=True)


_PASSING = ("folder", "lock", "curve", "interrupt", "process", "cancelled", "saving", "prepared", "ended")
_STORED = tuple(f.name for f in fields(Job) if f.name not in _PASSING)


def load(folder: Path, lock: threading.RLock) -> Job:
    """The job that `save` wrote to a folder. ValueError, TypeError, KeyError or OSError when it is none."""
    values = json.loads((folder / JOB_FILE).read_text(encoding="utf-8"))
    for name in ("created_at", "started_at", "finished_at"):
        values[name] = datetime.fromisoformat(values[name]) if values[name] else None
    job = Job(folder=folder, lock=lock, **values)
    if job.status not in ACTIVE:
        job.ended.set()
    return job


def now() -> datetime:
    return datetime.now(UTC)


def _iso(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
