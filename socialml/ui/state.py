"""What one server process shares among its sessions: the store and the job manager."""

from __future__ import annotations

import gc
from typing import Any

import pandas as pd
import streamlit as st

from socialml.analyses import base
from socialml.jobs.manager import Manager
from socialml.store import Run, Store, default_path


@st.cache_resource(show_spinner="Opening your data …")
def store() -> Store:
    opened = Store(default_path())
    # What is imported by now lives as long as the server: the collector need not walk it on every rerun.
    gc.collect()
    gc.freeze()
    return opened


@st.cache_resource(show_spinner=False)
def manager() -> Manager:
    return Manager(store())


@st.cache_resource(show_spinner=False, max_entries=16)
def _result(run_id: str) -> Any:
    return base.read_result(store().run(run_id))


@st.cache_data(show_spinner=False, max_entries=64)
def _readable(run_id: str) -> bool:
    return base.readable(store().run(run_id))


def result(run: Run) -> Any:
    """The Result of a run, read once; its large tables stay on disk. Treat it as read-only."""
    return _result(run.run_id)


def newest_run(dataset: str, analysis: str) -> Run | None:
    """None too where only another version could read it: the page then offers to run it again."""
    run = store().newest_run(dataset, analysis)
    return run if run is not None and _readable(run.run_id) else None


def forget() -> None:
    """Nothing that was read of rows or runs is kept in memory: some of it is erased."""
    _result.clear()
    st.cache_data.clear()


@st.cache_data(show_spinner=False, max_entries=16)
def preview(dataset: str, version: str, kind: str, rows: int = 500) -> pd.DataFrame:
    """The first rows of one kind, without columns that are empty in all of them."""
    return store().preview(dataset, kind, rows).dropna(axis="columns", how="all")
