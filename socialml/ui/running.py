"""The status of an analysis at the top of its page: what works, what is old, and the button that runs it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from socialml import words
from socialml.store import Run
from socialml.ui import context, parts, progress, state


def stale(chosen: context.Context, run: Run, wanted: dict[str, Any]) -> list[str]:
    """Why the run that is shown is not what the choices ask for; empty when it is."""
    reasons = []
    if run.dataset_version != chosen.version:
        reasons.append("the data has changed since")
    if any(run.config.get(name) != value for name, value in wanted.items()):
        reasons.append("it has older settings")
    return reasons


def status(
    chosen: context.Context, analysis: str, run: Run | None, wanted: dict[str, Any], *, label: str, what: str
) -> None:
    """What runs, how the last job ended, and the button that makes or renews the result.

    analysis is the registered name, as in the runs; wanted is the config to run with; label is on the
    button of the first run ('Find the groups'); what names the job while it runs ('Segments').
    """
    job = progress.newest(chosen.name, analysis)
    if job and (job.active or run is None or job.created_at.replace(tzinfo=None) > run.created_at):
        progress.panel(job)
    reasons = stale(chosen, run, wanted) if run else []
    if reasons:
        st.warning(
            f"What you see is the last run: {parts.plain(words.listed(reasons))}.", icon=":material/history:"
        )
    last = state.store().newest_run(chosen.name, analysis) if run is None else None
    if last and last.erased_at:
        st.info(
            f"The run of {last.created_at:%Y-%m-%d} held a customer who was erased since, so its tables are gone.",
            icon=":material/person_remove:",
        )
    if run is None or reasons:
        text = label if run is None else "Run again"
        if st.button(
            text,
            type="primary",
            key=f"run-{analysis}",
            disabled=bool(job and job.active),
            icon=":material/play_arrow:",
        ):
            state.manager().submit(analysis, chosen.name, wanted, label=what)
            st.rerun()
