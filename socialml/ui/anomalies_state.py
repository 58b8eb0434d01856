"""What the Anomalies page knows now: the run's ranking with today's labels and marks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from socialml.analyses import _anomalies_judge as judge
from socialml.analyses import anomalies as analysis
from socialml.store import Run
from socialml.ui import state


@dataclass(frozen=True, eq=False)
class Known:
    labels: np.ndarray | None
    column: str | None  # that the labels are from; None: a list
    marks: pd.DataFrame  # key, wrong, marked_at
    stamp: str  # changes when either does

    def wrong_of(self, keys: pd.Series) -> pd.Series:
        """The mark of each row: True, False or None."""
        by_key = dict(zip(self.marks["key"].tolist(), self.marks["wrong"].tolist(), strict=True))
        return pd.Series([by_key.get(int(key)) for key in keys], index=keys.index, dtype=object)


def known(run: Run, result: analysis.Result) -> Known:
    """What judges the run now: the column of labels that it was made with, else the dataset's list."""
    dataset, column = run.dataset, run.config.get("label")
    labels = result.labels if column else analysis.labels_of(result, state.store().labels(dataset))
    marks = state.store().marks(dataset)
    text = b"" if labels is None else labels.tobytes()
    seen = marks[["key", "wrong"]].to_numpy(dtype=np.uint64).tobytes()
    return Known(labels, column, marks, hashlib.sha256(text + b"|" + seen).hexdigest()[:12])


def judged_by(facts: Known) -> str:
    return f"the column '{facts.column}'" if facts.column else "your list"


def ranking(run: Run, facts: Known) -> judge.Ranking:
    return _ranking(run.run_id, facts.stamp, facts)


@st.cache_resource(show_spinner=False, max_entries=8)
def _ranking(run_id: str, stamp: str, _facts: Known) -> judge.Ranking:
    result: analysis.Result = state.result(state.store().run(run_id))
    return analysis.ranking(result, _facts.labels, _facts.marks)


def compared(run: Run, facts: Known) -> pd.DataFrame:
    return _compared(run.run_id, facts.stamp, facts)


@st.cache_data(show_spinner="Comparing with the list …", max_entries=8)
def _compared(run_id: str, stamp: str, _facts: Known) -> pd.DataFrame:
    result: analysis.Result = state.result(state.store().run(run_id))
    return analysis.compare(result, _facts.labels) if _facts.labels is not None else pd.DataFrame()


@st.cache_data(show_spinner=False, max_entries=32)
def newest(run_id: str, flagged: int) -> pd.DataFrame:
    """The newest of the flagged rows with its reason; empty when none is flagged."""
    result: analysis.Result = state.result(state.store().run(run_id))
    return analysis.newest(result, flagged)
