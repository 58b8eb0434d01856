"""Jobs on a page: what runs now, and how the last one ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import streamlit as st

from socialml.figures import curve
from socialml.jobs.job import JobState
from socialml.ui import parts, state


def newest(dataset: str, task: str) -> JobState | None:
    """The newest job of this kind for a dataset: the manager knows it after a reload too."""
    return next((job for job in state.manager().jobs(dataset=dataset) if job.task == task), None)


def by_id(job_id: str | None) -> JobState | None:
    """The job, or None when there is no such job (any more)."""
    return next((job for job in state.manager().jobs() if job.id == job_id), None) if job_id else None


def panel(job: JobState) -> None:
    """A running job with its step and a stop button, or the reason why it gave no result."""
    if job.active:
        st.fragment(_running, run_every=1)(job.id)
    elif job.status == "failed" and job.error:
        parts.error(job.error)
    elif job.status == "lost" or (job.status == "cancelled" and _just_now(job)):
        st.warning(parts.plain(job.message), icon=":material/info:")


def _just_now(job: JobState) -> bool:
    """That a job was stopped is news for a minute only."""
    return job.finished_at is not None and datetime.now(UTC) - job.finished_at < timedelta(minutes=1)


def _running(job_id: str) -> None:
    job = state.manager().state(job_id)
    if not job.active:
        st.rerun()
    with st.container(border=True, key=f"job-{job.task}"):
        bar, stop = st.columns([5, 1], vertical_alignment="center")
        seconds = f" · {job.seconds:.0f} s" if job.started_at else ""
        bar.progress(job.fraction, text=parts.plain(f"{job.label}: {job.message or 'starting'}{seconds}"))
        if job.curve:
            points = len(next(iter(job.curve.values())))
            parts.chart(
                lambda: curve.training(job.curve or {}),
                f"curve-{job.id}",
                of=(job.message, points),
                keep=False,
            )
        if stop.button("Stop", key=f"stop-{job.id}", icon=":material/stop_circle:"):
            state.manager().cancel(job.id)
            st.rerun()


def stop_all(dataset: str) -> None:
    """Stop what still works on a dataset whose rows are about to go."""
    for job in state.manager().jobs(dataset=dataset, active=True):
        state.manager().cancel(job.id)
        state.manager().wait(job.id, timeout=20)
