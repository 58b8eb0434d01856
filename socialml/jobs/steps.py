"""The three steps of one job: read a snapshot here, compute in a worker process, record here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from socialml import artefacts
from socialml.analyses import base
from socialml.errors import Cancelled, UserError
from socialml.jobs import failures, processes, tasks, worker
from socialml.jobs import job as jobs
from socialml.jobs.job import Job
from socialml.store import Store


def work(store: Store, job: Job, command: list[str]) -> str | dict[str, Any]:
    """Carry a job out and return the run's id, or an import's receipt; raise what stopped it.

    command: starts the worker. Blocks until the job has ended; `job.cancelled` ends it from another thread.
    """
    task = tasks.load(job.task)
    config = task.Config.from_json(job.config)
    try:
        with store.interruptible(job.interrupt):
            if job.task == tasks.IMPORT:  # its dataset may not exist yet
                inputs = task.prepare(store, job.dataset, config)
            else:
                inputs, job.snapshot = base.snapshot(task, store, job.dataset, config)
    finally:
        job.prepared.set()
    job.go_on()
    artefacts.write(inputs, job.folder / jobs.INPUTS)
    del inputs  # may be large, and the server keeps running
    with job.lock:
        job.message = "Starting"
    _compute(job, command)
    with job.lock:
        job.go_on()
        job.saving, job.fraction, job.message = True, 1.0, "Saving"
    return _record(store, job, task, config)


def _compute(job: Job, command: list[str]) -> None:
    """Run the worker process to its end, taking its progress; raise what stopped it."""
    scratch = job.folder / jobs.SCRATCH
    scratch.mkdir()
    with open(job.folder / jobs.LOG_FILE, "ab") as log:
        with job.lock:
            job.go_on()
            process = processes.start(command, threads=job.threads, scratch=scratch, log=log)
            job.process = process
        try:
            found = processes.identity(process.pid)
            job.worker = {"pid": process.pid, "started": found[0] if found else ""}
            job.save()
            for line in process.stdout or ():
                _take_progress(job, line)
        except BaseException:
            processes.stop(process)
            raise
        finally:
            code = processes.finish(process)
    job.go_on()
    error_file = job.folder / jobs.ERROR_FILE
    if code == worker.CANCELLED:
        raise Cancelled
    if code == worker.MISTAKE and error_file.exists():
        raise UserError(**json.loads(error_file.read_text(encoding="utf-8")))
    if code < 0:
        raise failures.killed(-code)
    if code != worker.DONE or not (job.folder / jobs.RESULT).is_dir():
        raise failures.bug(job.folder / jobs.LOG_FILE)


def _take_progress(job: Job, line: bytes) -> None:
    try:
        progress = json.loads(line)
        fraction, message = float(progress["fraction"]), str(progress["message"])
        curve = {str(name): [float(v) for v in line] for name, line in progress.get("curve", {}).items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        job.note(line.decode(errors="replace"))
        return
    with job.lock:
        if not job.cancelled:
            job.fraction, job.message, job.curve = fraction, message, curve or job.curve


def _record(store: Store, job: Job, task: Any, config: Any) -> str | dict[str, Any]:
    folder: Path = job.folder / jobs.RESULT
    result = artefacts.read(task.Result, folder)
    if job.task == tasks.IMPORT:
        receipt: dict[str, Any] = task.finish(store, job.dataset, result)
        store.forget_upload(Path(job.config.get("path", "")))  # nobody may be there to see the end
        return receipt
    job.run_id = store.new_run_id(job.task)
    job.save()  # so that a server killed right after still finds this run
    began = job.started_at or job.created_at
    base.record(
        store,
        run_id=job.run_id,
        name=job.task,
        dataset=job.dataset,
        config=config,
        version=job.snapshot or "",
        result=result,
        folder=folder,
        seconds=(jobs.now() - began).total_seconds(),
        threads=job.threads,
    )
    return job.run_id
