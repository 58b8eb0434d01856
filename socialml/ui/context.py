"""The sidebar's choices: dataset, dates, segment. They stay across pages and in the link."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from socialml.store import Dataset
from socialml.ui import state

EVERYONE = "Everyone"


@dataclass(frozen=True)
class Context:
    """start and until bound local times (start <= t < until); None where the user did not narrow them."""

    dataset: Dataset
    version: str
    first: date | None  # of the data
    last: date | None
    start: datetime | None
    until: datetime | None
    as_of: datetime | None  # the end of the last complete day within the dates
    segment: int | None

    @property
    def name(self) -> str:
        return self.dataset.name

    @property
    def last_day(self) -> date | None:
        """The last day that counts where the user narrowed the dates; None: the last complete one."""
        return (self.as_of - timedelta(days=1)).date() if self.as_of and self.until else None

    @property
    def currency(self) -> str:
        return self.dataset.currency


def open_dataset(name: str) -> None:
    """Show this dataset from the next rerun on."""
    st.session_state["_open_dataset"] = name


@st.cache_data(show_spinner=False, max_entries=64)
def _span(store: str, dataset: str, version: str) -> tuple[datetime, datetime, datetime] | None:
    span = state.store().time_range(dataset)
    return (*span, state.store().as_of(dataset)) if span else None


def sidebar() -> Context | None:
    """Draw the choices; None while there is no dataset."""
    store = state.store()
    datasets = {dataset.name: dataset for dataset in store.datasets()}
    if not datasets:
        st.sidebar.caption("No data yet. Bring a file on the Data page.")
        return None
    wanted = st.session_state.pop("_open_dataset", None)
    if wanted in datasets:
        _forget_filters()
        st.session_state["dataset"] = wanted
    elif st.session_state.get("dataset") not in (None, *datasets):
        del st.session_state["dataset"]
    name = st.sidebar.selectbox(
        "Dataset", list(datasets), key="dataset", bind="query-params", on_change=_forget_filters,
        help="Every page shows this one.",
    )
    dataset, version = datasets[name or next(iter(datasets))], ""
    version = store.version(dataset.name)
    span = _span(str(store.path), dataset.name, version)
    start = until = as_of = first = last = None
    if span:
        first, last, as_of = span[0].date(), span[1].date(), span[2]
        start, until = _dates(first, last)
        if until:
            as_of = min(as_of, until)
    return Context(dataset, version, first, last, start, until, as_of, _segment(dataset.name))


def _dates(first: date, last: date) -> tuple[datetime | None, datetime | None]:
    chosen = st.session_state.get("dates")
    if chosen and any(not first <= day <= last for day in chosen):
        del st.session_state["dates"]
    days = st.sidebar.date_input(
        "Dates", (first, last), min_value=first, max_value=last, key="dates", format="YYYY-MM-DD",
        bind="query-params", help="Pages count only what happened on these days.",
    )
    if not isinstance(days, tuple) or len(days) != 2:
        return None, None  # the second day is still to be chosen
    start = datetime.combine(days[0], time()) if days[0] > first else None
    until = datetime.combine(days[1] + timedelta(days=1), time()) if days[1] < last else None
    return start, until


def _segment(dataset: str) -> int | None:
    run = state.newest_run(dataset, "segments")
    if run is None:
        return None
    names = segment_names(run.run_id)
    options = [EVERYONE, *names.values()]
    if st.session_state.get("segment") not in (None, *options):
        del st.session_state["segment"]
    chosen = st.sidebar.selectbox(
        "Customers", options, key="segment", bind="query-params", help="Everyone, or one segment of the newest run."
    )
    return next((number for number, name in names.items() if name == chosen), None)


def segment_names(run_id: str) -> dict[int, str]:
    """Segment number -> the user's name for it, else the run's."""
    run = state.store().run(run_id)
    own = state.store().segment_names(run_id)
    return {segment["id"]: own.get(segment["id"], segment["name"]) for segment in run.metrics["segments"]}


def _forget_filters() -> None:
    for key in ("dates", "segment"):
        st.session_state.pop(key, None)


def set_current(context: Context | None) -> None:
    st.session_state["_context"] = context


def current() -> Context | None:
    """The choices of this rerun, as app.py drew them."""
    if "_context" not in st.session_state:
        # The first request to a new server was a page's own address: Streamlit then runs the file in pages/
        # itself, without app.py, because no st.navigation has told it otherwise yet.
        PagesManager.uses_pages_directory = False
        st.rerun()
    return st.session_state["_context"]
