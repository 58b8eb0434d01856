"""What is known to be wrong, on the Anomalies page: a list that judges the scores at once."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from socialml.analyses import anomalies as analysis
from socialml.errors import UserError
from socialml.store import Run
from socialml.ui import parts, state
from socialml.ui.anomalies_settings import NOT_KNOWN
from socialml.ui.anomalies_state import Known
from socialml.ui.anomalies_words import list_told, things

_LISTS = {
    "shop": (
        "I have a list of all wrong purchases",
        "A CSV with order_id, and amount where an order has several lines. All other purchases then count as right."
        " The list only judges the scores; nothing is learned from it.",
    ),
    "series": (
        "I have a list of all wrong points",
        "A CSV with their times, and a column 'series' where there are several. All other points then count as right."
        " The list only judges the scores; nothing is learned from it.",
    ),
}


def section(run: Run, result: analysis.Result, facts: Known) -> None:
    """A list of all that is wrong, where somebody knows it: it judges, and nothing learns from it."""
    if facts.column:
        st.caption(
            f"Judged by the column '{parts.plain(facts.column)}'. To give a list in its place, choose"
            f" '{NOT_KNOWN}' in the settings and run again."
        )
        return
    title, help = _LISTS[result.kind]
    with st.expander(title, icon=":material/fact_check:"):
        st.caption(help)
        uploads = st.session_state.setdefault("_label-uploads", 0)
        file = st.file_uploader("The list", type=["csv", "tsv", "txt", "gz"], key=f"labels-file-{uploads}")
        if file is not None:
            try:
                told = _take(run, result, file)
            except UserError as error:
                parts.error(error)
            else:
                st.session_state["_label-uploads"] = uploads + 1  # an empty uploader again
                st.session_state["_labels-told"] = told
                st.rerun()
        if told := st.session_state.pop("_labels-told", None):
            st.success(parts.plain(told))
        if facts.labels is not None and st.button("Forget the list", key="forget-labels"):
            state.store().set_labels(run.dataset, None)
            st.rerun()


def _take(run: Run, result: analysis.Result, file: UploadedFile) -> str:
    """Keep the list as the dataset's labels; what was found of it. UserError for a file that is no such list."""
    config = analysis.Config.from_json(run.config)
    with tempfile.TemporaryDirectory(dir=state.store().inbox, prefix="labels-") as folder:
        # Messages name the file as its owner does, but no path is made from what a browser sends.
        ending = ".gz" if file.name.lower().endswith(".gz") else ".csv"
        path = Path(folder) / (re.sub(r"[^\w\- ]+", " ", file.name.split(".")[0]).strip()[:60] + ending)
        path.write_bytes(file.getbuffer())
        found = analysis.match_labels(state.store(), run.dataset, path, config)
    state.store().set_labels(run.dataset, found.keys)
    return list_told(found, things(result))
