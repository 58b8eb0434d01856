"""The job manager: one object a server process.

A job is prepared in a thread here (it reads the store), computed in a worker process (it does not), and
recorded here again in one transaction. One analysis runs at a time, first come first served; imports run
beside it, one at a time among themselves.
"""

from __future__ import annotations

import atexit
import logging
import queue
import secrets
import shutil
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from socialml.analyses import base
from socialml.errors import Cancelled, UserError
from socialml.jobs import failures, processes, steps, tasks
from socialml.jobs import job as jobs
from socialml.jobs.job import ACTIVE, Job, JobState, Status
from socialml.models.threads import allowed_threads
from socialml.store import Store

KEPT_FOLDERS = 50  # of ended jobs
_CLOSE_SECONDS = 10.0
_log = logging.getLogger(__name__)


class Manager:
    """Queues, watches and cancels the jobs of one store. Make one a process; close it before the store."""

    def __init__(self, store: Store, python: str = sys.executable) -> None:
        self.store, self.python = store, python
        self._lock = threading.RLock()
        self._jobs: dict[str, Job] = {}  # oldest first
        self._closed = False
        self._recover()
        self._queues: dict[str, queue.SimpleQueue[Job | None]] = {}
        self._threads: list[threading.Thread] = []
        for lane in ("analyses", "imports"):
            self._queues[lane] = queue.SimpleQueue()
            thread = threading.Thread(target=self._serve, args=(self._queues[lane],), name=lane, daemon=True)
            thread.start()
            self._threads.append(thread)
        # A query that still runs in a thread when Python ends would abort the process.
        atexit.register(self.close)

    # ---- what pages call

    def submit(self, task: str, dataset: str, config_json: dict[str, Any], label: str = "") -> str:
        """Queue a job and return its id. UserError for an unknown task or a config out of bounds."""
        module = tasks.load(task)
        config = base.config_json(module.Config.from_json(config_json))
        created = jobs.now()
        job_id = f"{task.replace('_', '-')}-{created:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        job = Job(
            id=job_id,
            task=task,
            dataset=dataset,
            label=label or task.capitalize(),
            config=config,
            seed=int(config.get("seed") or 0),
            threads=allowed_threads(),
            folder=self.store.jobs_dir / job_id,
            created_at=created,
            lock=self._lock,
        )
        with self._lock:
            if self._closed:
                raise UserError(
                    "server_stopping", "The app is being stopped.", "Start it again, then run this."
                )
            job.folder.mkdir(parents=True)
            job.save()
            self._jobs[job_id] = job
            self._queues[_lane(task)].put(job)
        return job_id

    def state(self, job_id: str) -> JobState:
        with self._lock:
            return self._state(self._job(job_id))

    def jobs(self, dataset: str | None = None, active: bool = False) -> list[JobState]:
        """The jobs there are, newest first; those of ended ones that are still kept."""
        with self._lock:
            return [
                self._state(job)
                for job in reversed(self._jobs.values())
                if (dataset is None or job.dataset == dataset) and (not active or job.status in ACTIVE)
            ]

    def cancel(self, job_id: str) -> bool:
        """Stop a job; nothing of it is kept. False when it has ended or is being recorded already.

        Returns at once; a running job is 'cancelled' a moment later.
        """
        with self._lock:
            job = self._job(job_id)
            if job.status not in ACTIVE or job.saving:
                return False
            if job.cancelled:
                return True
            job.cancelled = True
            if job.status == "queued":
                self._end(job, "cancelled", "Cancelled before it started")
                return True
            job.message = "Stopping"
            if job.process:
                processes.stop(job.process)
            elif not job.prepared.is_set():
                threading.Thread(target=_interrupt, args=(job,), name="interrupt", daemon=True).start()
            return True

    def wait(self, job_id: str, timeout: float | None = None) -> JobState:
        """The job's state when it has ended, or after `timeout` seconds."""
        with self._lock:
            job = self._job(job_id)
        job.ended.wait(timeout)
        with self._lock:
            return self._state(job)

    def close(self) -> None:
        """Cancel what is queued or running and end the threads."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            for job in list(self._jobs.values()):
                self.cancel(job.id)
            for waiting in self._queues.values():
                waiting.put(None)
        for thread in self._threads:
            thread.join(_CLOSE_SECONDS)
        atexit.unregister(self.close)

    def __enter__(self) -> Manager:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ---- carrying out

    def _serve(self, waiting: queue.SimpleQueue[Job | None]) -> None:
        while (job := waiting.get()) is not None:
            self._carry_out(job)

    def _carry_out(self, job: Job) -> None:
        with self._lock:
            if job.cancelled:
                return
            job.status, job.started_at, job.message = "running", jobs.now(), "Reading the data"
        try:
            job.save()
            result = steps.work(self.store, job, self._command(job.folder))
        except Exception as error:  # noqa: BLE001 - a job must end, whatever happened in it
            if job.cancelled or isinstance(error, Cancelled):
                how = "Stopped with the app" if self._closed else "Cancelled"
                self._end(job, "cancelled", f"{how}; nothing was changed")
                return
            reason = failures.explain(error)
            if reason is not error:
                job.note(traceback.format_exc())
                _log.exception("job %s", job.id)
            reason = reason or failures.bug(job.folder / jobs.LOG_FILE)
            self._end(job, "failed", error=reason.as_dict())
        else:
            self._end(job, "done", "Done", result=result)

    def _command(self, folder: Path) -> list[str]:
        return [self.python, "-m", "socialml", "worker", str(folder)]

    # ---- keeping

    def _end(
        self,
        job: Job,
        status: Status,
        message: str = "",
        *,
        error: dict[str, str] | None = None,
        result: str | dict[str, Any] | None = None,
    ) -> None:
        # A page that sees the end sees the folder cleared. Not under the lock: pages wait for it.
        with _logged(job):
            job.clear()
        with self._lock:
            job.status, job.error, job.result, job.finished_at = status, error, result, jobs.now()
            job.message = message or (error["message"] if error else "")
            job.process = None
            if status == "done":
                job.fraction = 1.0
            with _logged(job):
                job.save()
                self._prune()
            job.ended.set()

    def _prune(self) -> None:
        ended = [job for job in self._jobs.values() if job.status not in ACTIVE]
        ended.sort(key=lambda job: job.finished_at or job.created_at)
        for job in ended[:-KEPT_FOLDERS]:
            shutil.rmtree(job.folder, ignore_errors=True)
            del self._jobs[job.id]

    def _recover(self) -> None:
        """Take up the jobs of earlier servers; what had not ended is lost, and its worker is killed."""
        for folder in self.store.jobs_dir.iterdir():
            if not folder.is_dir():
                continue
            try:
                job = jobs.load(folder, self._lock)
            except (OSError, ValueError, TypeError, KeyError):  # killed too early, or of another version
                shutil.rmtree(folder, ignore_errors=True)
                continue
            self._jobs[job.id] = job
        self._jobs = dict(sorted(self._jobs.items(), key=lambda item: item[1].created_at))
        for job in [job for job in self._jobs.values() if job.status in ACTIVE]:
            if job.worker:
                processes.kill_leftover(job.worker["pid"], job.worker["started"], str(job.folder))
            if job.run_id and self._recorded(job.run_id):
                self._end(job, "done", "Done", result=job.run_id)
                continue
            if receipt := self._imported(job):
                self._end(job, "done", "Done", result=receipt)
                continue
            self._end(job, "lost", error=failures.server_stopped().as_dict())
        self._prune()

    def _recorded(self, run_id: str) -> bool:
        try:
            self.store.run(run_id)
        except UserError as error:
            if error.code != "no_run":
                raise
            return False
        return True

    def _imported(self, job: Job) -> dict[str, Any] | None:
        """The receipt of an import that was stored just before its server died."""
        if (
            job.task != tasks.IMPORT or job.started_at is None
        ):  # another import may have brought a file of that name
            return None
        if job.dataset not in {known.name for known in self.store.datasets()}:
            return None
        name, since = job.config.get("file") or Path(job.config["path"]).name, job.started_at
        for info in reversed(self.store.imports(job.dataset)):
            if info.file == name and info.created_at >= since.replace(tzinfo=None, microsecond=0):
                return info.receipt
        return None

    def _job(self, job_id: str) -> Job:
        if job_id not in self._jobs:
            raise UserError("no_job", f"There is no job '{job_id}' any more.", "Start it again.")
        return self._jobs[job_id]

    def _state(self, job: Job) -> JobState:
        return job.state(self._waiting_for(job) if job.status == "queued" else None)

    def _waiting_for(self, job: Job) -> str:
        ahead = 0
        for other in self._jobs.values():
            if other is job:
                break
            ahead += other.status in ACTIVE and _lane(other.task) == _lane(job.task)
        return "Starting" if not ahead else f"Waiting for {ahead} other {'job' if ahead == 1 else 'jobs'}"


@contextmanager
def _logged(job: Job) -> Iterator[None]:
    """A full disk must not keep a job from ending."""
    try:
        yield
    except OSError:
        _log.exception("job %s ended, but its folder could not be written", job.id)


def _lane(task: str) -> str:
    return "imports" if task == tasks.IMPORT else "analyses"


def _interrupt(job: Job) -> None:
    """Interrupt the job's queries until its preparation ends: the first call may come between two of them."""
    while not job.prepared.is_set():
        job.interrupt.fire()
        job.prepared.wait(0.05)
