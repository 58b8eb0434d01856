"""What pages are built of: the answer, key figures, charts, tables, reasons, errors."""

from __future__ import annotations

import html
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
import streamlit as st
from streamlit.elements.lib.mutable_tab_container import TabContainer

from socialml.errors import UserError
from socialml.export import csv_bytes
from socialml.figures.theme import template

_STYLE = """<style>
.st-key-key-figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: 0.75rem; }
.st-key-key-figures > div { width: auto; min-width: 0; }
.st-key-key-figures [data-testid="stMetricValue"] { font-size: 1.75rem; }
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


def plain(text: str) -> str:
    """Text that may come from a file, with everything Markdown or HTML would act on made harmless."""
    for character in "\\`*_{}[]()<>#|~$:":
        text = text.replace(character, "\\" + character)
    return text


def key_figures(figures: Sequence[KeyFigure]) -> None:
    with st.container(horizontal=True, key="key-figures"):
        for figure in figures:
            st.metric(
                figure.label,
                figure.value,
                help=figure.help,
                border=True,
                height="stretch",
                chart_data=list(figure.trend) if figure.trend is not None and len(figure.trend) > 2 else None,
                chart_type="bar",
                delta=figure.interval or None,
                delta_color="off",
                delta_arrow="off",
            )


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
    absent: str = "",
) -> None:
    """A figure in the page's colours, its numbers folded under it.

    make is called only when `of` (the run or the data version with all choices) was not drawn before: building a
    figure takes longer than anything else on a page. absent: what to say where this data has no such figure.
    """
    figure, title, under = _drawn(key, is_dark(), of, make)
    if figure is None:
        st.info(absent)
        return
    st.markdown(f"**{plain(title)}**" + (f"  \n:small[:gray[{plain(under)}]]" if under else ""))
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
            table(numbers, key=f"{key}-numbers")


@st.cache_resource(show_spinner=False, max_entries=512)
def _drawn(key: str, dark: bool, of: Hashable, _make: Callable[[], Any]) -> tuple[Any, str, str]:
    """The figure, its title and its subtitle; None for a figure that this data has not."""
    figure = _make()
    if figure is None:
        return None, "", ""
    # The title stands above the chart, because inside it does not wrap on a phone.
    title, under = (_words(part) for part in (figure.layout.title.text, figure.layout.title.subtitle.text))
    figure.update_layout(template=template(dark=dark), title=None, margin_t=16)
    return figure, title, under


def _words(text: str | None) -> str:
    """A plotly title as one line of plain text."""
    return html.unescape((text or "").replace("<br>", " "))


def table(
    frame: pd.DataFrame, key: str, *, column_config: dict | None = None, height: int | str = "auto"
) -> None:
    st.dataframe(
        frame,
        hide_index=True,
        key=key,
        column_config=column_config,
        height=height,  # type: ignore[arg-type]
        placeholder="–",
    )


def download(label: str, make: Callable[[], pa.Table], file_name: str, key: str, help: str = "") -> None:
    """A button that makes its CSV only when it is pressed."""
    st.download_button(
        label,
        data=lambda: csv_bytes(make()),
        file_name=file_name,
        mime="text/csv",
        on_click="ignore",
        key=key,
        icon=":material/download:",
        help=help or None,
    )


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
