"""What pages are built of: the answer, key figures, charts, tables, reasons, errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
import streamlit as st
from streamlit.elements.lib.mutable_tab_container import TabContainer

from socialml.errors import UserError
from socialml.export import table_of
from socialml.figures import numbers as drawn
from socialml.figures.theme import template, unwrapped
from socialml.ui import downloads
from socialml.words import one_line

_STYLE = """<style>
[class*="st-key-head-"] { flex-wrap: nowrap; }
[class*="st-key-head-"] > :first-child { min-width: 0; flex: 1 1 0; }
[data-testid="stPopoverBody"]:has([class*="st-key-get-"]) { min-width: 11rem; max-width: 11rem; padding: 0.75rem; }
/* Its own CSV has no guard against formulas, and no name. */
[data-testid="stElementToolbarButton"]:has([aria-label="Download as CSV"]) { display: none; }
[class*="st-key-key-figures"] {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: 0.75rem;
}
[class*="st-key-key-figures"] > div { width: auto; min-width: 0; }
[class*="st-key-key-figures"] [data-testid="stMetricValue"] { font-size: 1.75rem; }
[data-testid="stMainBlockContainer"] { padding-top: 3rem; max-width: 80rem; }
@media (max-width: 640px) {
  [data-testid="stMainBlockContainer"] { padding: 3rem 1rem 2rem 1rem; }
  h1 { font-size: 2rem !important; }
  h4 { font-size: 1.1rem !important; }
}
</style>"""


@dataclass(frozen=True)
class KeyFigure:
    label: str
    value: str
    help: str
    trend: Sequence[float] | None = None
    interval: str = ""  # under the value: how far off it could be


def heading(title: str, answer: str) -> None:
    """The page's question and, under it, its answer in a sentence."""
    st.html(_STYLE)
    st.title(title)
    st.markdown(f"#### {plain(answer)}")


_MARKS = re.compile(
    r"[!-/:-@\[-`{-~]"
)  # of ASCII: whatever Markdown, LaTeX, HTML or an icon could begin with
# A bare address becomes a link even so; an invisible joiner keeps it what it is: text.
_ADDRESS = re.compile(r"(?i)(https?|www|@)(?=[:.\w])")


def plain(text: str) -> str:
    """Text that may come from a file, with everything Markdown or HTML would act on made harmless."""
    return _MARKS.sub(r"\\\g<0>", _ADDRESS.sub("\\1\u2060", one_line(text)))


def key_figures(figures: Sequence[KeyFigure], key: str = "page") -> None:
    with st.container(horizontal=True, key=f"key-figures-{key}"):
        for figure in figures:
            st.metric(
                figure.label,
                _money(figure.value),
                help=plain(figure.help),
                border=True,
                height="stretch",
                chart_data=list(figure.trend) if figure.trend is not None and len(figure.trend) > 2 else None,
                chart_type="bar",
                delta=_money(figure.interval) or None,
                delta_color="off",
                delta_arrow="off",
            )


def _money(text: str) -> str:
    """Two dollar signs would begin and end a formula."""
    return text.replace("$", r"\$")


def tabs(key: str, names: list[str], default: str | None = None) -> Sequence[TabContainer]:
    """Tabs named by questions; the open one is in the link. Draw only what is `.open`: charts are dear on a phone."""
    return st.tabs(names, key=key, bind="query-params", default=default)


def is_dark() -> bool:
    return getattr(st.context.theme, "type", "light") == "dark"


def chart(
    make: Callable[[], Any],
    key: str,
    *,
    of: Hashable,
    note: str = "",
    numbers: pd.DataFrame | None = None,
    data: Callable[[], pa.Table] | None = None,
    absent: str = "",
    keep: bool = True,
) -> None:
    """A figure in the page's colours with its numbers to download; folded under it those that a table tells better.

    make is called only when `of` (the run or the data version with all choices) was not drawn before: building a
    figure takes longer than anything else on a page. data: to download, where the points drawn say less. absent: what
    to say where this data has no such figure. keep: False for a figure that is drawn anew each second.
    """
    figure, title, under = _drawn(key, is_dark(), of, make)
    if figure is None:
        st.info(absent)
        return
    with st.container(horizontal=True, key=f"head-{key}", vertical_alignment="center"):
        st.markdown(f"**{plain(title)}**" + (f"  \n:small[:gray[{plain(under)}]]" if under else ""))
        if keep:
            if numbers is not None:
                downloads.control(key, lambda: table_of(numbers), len(numbers), key)
            else:
                downloads.control(key, data or (lambda: drawn.table(figure)), 0, key)
    st.plotly_chart(
        figure,
        width="stretch",
        theme=None,
        key=key,
        alt=title,
        config={"displaylogo": False, "displayModeBar": False},
    )
    if note:
        st.caption(note)
    if numbers is not None:
        with st.expander("The numbers"):
            table(numbers, key=f"{key}-numbers", keep=False)


@st.cache_resource(show_spinner=False, max_entries=512)
def _drawn(key: str, dark: bool, of: Hashable, _make: Callable[[], Any]) -> tuple[Any, str, str]:
    """The figure, its title and its subtitle; None for a figure that this data has not."""
    figure = _make()
    if figure is None:
        return None, "", ""
    # The title stands above the chart, because inside it does not wrap on a phone.
    title, under = (unwrapped(part) for part in (figure.layout.title.text, figure.layout.title.subtitle.text))
    figure.update_layout(template=template(dark=dark), title=None, margin_t=16)
    return figure, title, under


def table(
    frame: pd.DataFrame,
    key: str,
    *,
    title: str = "",
    note: str = "",
    column_config: dict | None = None,
    height: int | str = "auto",
    whole: Callable[[], pa.Table | pd.DataFrame] | None = None,
    rows: int | None = None,
    keep: bool = True,
) -> None:
    """A table with its download: beside the title, else beside the note under it.

    whole, rows: all of it, where the page shows the first rows only; a frame gets the headers of the page, as
    `frame` does. keep: False where the download stands beside it already. Title and note are Markdown: escape what
    comes from a file.
    """

    def make() -> pa.Table:
        full = whole() if whole else frame
        return table_of(_headed(full, column_config or {})) if isinstance(full, pd.DataFrame) else full

    def get() -> None:
        if keep:
            downloads.control(key, make, len(frame) if rows is None else rows, key)

    if title:
        with st.container(horizontal=True, key=f"head-{key}", vertical_alignment="center"):
            st.markdown(f"**{title}**")
            get()
    st.dataframe(
        frame,
        hide_index=True,
        key=key,
        column_config=column_config,
        height=height,  # type: ignore[arg-type]
        placeholder="–",
    )
    if title and note:
        st.caption(note)
    elif not title and (note or keep):
        with st.container(horizontal=True, key=f"head-{key}", vertical_alignment="top"):
            st.caption(note)
            get()


def _headed(frame: pd.DataFrame, config: dict[str, Any]) -> pd.DataFrame:
    """The frame with the headers of the page, and the unit where the page writes it into each cell."""

    def told(name: str) -> str:
        own = config.get(name) or {}
        percent = "%%" in str((own.get("type_config") or {}).get("format", ""))
        return (own.get("label") or str(name)) + (" (%)" if percent else "")

    return frame.set_axis([told(name) for name in frame.columns], axis="columns")


def download(
    label: str, make: Callable[[], pa.Table], what: str, key: str, help: str = "", rows: int = 0
) -> None:
    """A list that is the page's aim, to take along. what: part of the file's name; rows: of the list."""
    downloads.control(what, make, rows, key, label=label, help=help)


def error(problem: UserError | dict[str, str]) -> None:
    """What happened, where, and the way out."""
    told = problem.as_dict() if isinstance(problem, UserError) else problem
    st.error(f"**{plain(told['message'])}**\n\n{plain(told.get('hint', ''))}", icon=":material/error:")


def no_dataset() -> None:
    """The first of the four states: nothing to show yet."""
    st.info("There is no data yet. Bring a file with orders or behaviour; a template shows what it needs.")
    st.page_link("pages/data.py", label="Use my own file", icon=":material/upload_file:")


def needs(what: str) -> None:
    """The second state: a dataset without what this page needs."""
    st.info(f"This page needs {what}, and this dataset has none.")
    st.page_link("pages/data.py", label="Add such a file", icon=":material/upload_file:")
