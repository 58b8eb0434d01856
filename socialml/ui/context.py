"""The sidebar's choices: dataset, dates, segment. They stay across pages and in the link."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

from socialml import words
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
    linked = st.query_params.get("dataset")
    if linked is not None and linked not in datasets:
        st.sidebar.warning("The dataset of this link is not here (any more).", icon=":material/link_off:")
    wanted = st.session_state.pop("_open_dataset", None)
    if wanted in datasets:
        st.session_state["dataset"] = wanted
    elif st.session_state.get("dataset") not in (None, *datasets):
        del st.session_state["dataset"]
    name = st.sidebar.selectbox(
        "Dataset", list(datasets), key="dataset", bind="query-params", help="Every page shows this one."
    )
    dataset = datasets[name or next(iter(datasets))]
    version = store.version(dataset.name)
    span = _span(str(store.path), dataset.name, version)
    start = until = as_of = first = last = None
    if span:
        first, last, as_of = span[0].date(), span[1].date(), span[2]
        start, until = _dates(dataset.id, first, last)
        if until:
            as_of = min(as_of, until)
    segment = _segment(dataset)
    _ages(dataset.name, last)
    return Context(dataset, version, first, last, start, until, as_of, segment)


def _ages(dataset: str, last: date | None) -> None:
    """How old the data is, and what the newest run took: on every page."""
    lines = []
    if last:
        lines.append(f"Data up to {last}, {words.age((date.today() - last).days)}.")
    run = state.newest_run(dataset, "segments")
    if run:
        lines.append(f"Groups made on {run.created_at:%Y-%m-%d} in {run.seconds:.1f} s.")
    if lines:
        st.sidebar.caption("  \n".join(lines))


def _dates(dataset: int, first: date, last: date) -> tuple[datetime | None, datetime | None]:
    # Each dataset has keys of its own: a browser keeps showing a widget's old value under the same key.
    key, known = f"dates-{dataset}", f"_all-dates-{dataset}"
    chosen, everything = st.session_state.get(key), st.session_state.get(known, (first, last))
    chosen = tuple(chosen) if chosen else None
    outside = chosen and any(not first <= day <= last for day in chosen)
    if outside or (chosen == everything and chosen != (first, last)):
        st.session_state[key] = (first, last)  # an import has made 'everything' longer, or shorter
    st.session_state[known] = (first, last)
    days = st.sidebar.date_input(
        "Dates",
        (first, last),
        min_value=first,
        max_value=last,
        key=key,
        format="YYYY-MM-DD",
        bind="query-params",
        help="Pages count only what happened on these days.",
    )
    if not isinstance(days, tuple) or len(days) != 2:
        return None, None  # the second day is still to be chosen
    start = datetime.combine(days[0], time()) if days[0] > first else None
    until = datetime.combine(days[1] + timedelta(days=1), time()) if days[1] < last else None
    return start, until


def _segment(dataset: Dataset) -> int | None:
    run = state.newest_run(dataset.name, "segments")
    if run is None:
        return None
    key, names = f"segment-{dataset.id}", segment_names(run.run_id)
    options = [EVERYONE, *names.values()]
    if st.session_state.get(key) not in (None, *options):
        st.session_state[key] = EVERYONE
    chosen = st.sidebar.selectbox(
        "Customers", options, key=key, bind="query-params", help="Everyone, or one segment of the newest run."
    )
    return next((number for number, name in names.items() if name == chosen), None)


def segment_names(run_id: str) -> dict[int, str]:
    """Segment number -> the user's name for it, else the run's."""
    run = state.store().run(run_id)
    own = state.store().segment_names(run_id)
    return {segment["id"]: own.get(segment["id"], segment["name"]) for segment in run.metrics["segments"]}


def set_current(context: Context | None) -> None:
    st.session_state["_context"] = context
    st.session_state["_run_shown"] = None  # the page names the run it shows, if any


def current() -> Context | None:
    """The choices of this rerun, as app.py drew them."""
    if PagesManager.uses_pages_directory:
        # The first request to a new server was a page's own address: Streamlit then runs the file in pages/
        # itself, without app.py, because no st.navigation has told it otherwise yet.
        PagesManager.uses_pages_directory = False
        st.rerun()
    return st.session_state["_context"]
