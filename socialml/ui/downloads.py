"""Taking data along: one small control beside each chart, table and list, in three formats."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pyarrow as pa
import streamlit as st

from socialml import words
from socialml.export import FORMATS, SHEET_ROWS, Format, file_name
from socialml.ui import context


def of_run(run_id: str) -> None:
    """Name the files of this rerun by this run as well as by the dataset."""
    st.session_state["_run_shown"] = run_id


def control(
    what: str, make: Callable[[], pa.Table], rows: int, key: str, *, label: str = "", help: str = ""
) -> None:
    """A button that opens to one for each format; the bytes are made only when one is pressed.

    what: part of the file's name. label: of a list that is the page's aim; without one, a small sign that stands
    beside what it belongs to.
    """
    with st.popover(
        label,
        icon=":material/download:",
        type="secondary" if label else "tertiary",
        key=f"get-{key}",
        help=help or (None if label else "Download these numbers"),
    ):
        for one in FORMATS.values():
            full = one.suffix == "xlsx" and rows > SHEET_ROWS
            st.download_button(
                one.name,
                data=lambda one=one: one.write(make()),  # type: ignore[misc]
                file_name=_named(what, one),
                mime=one.mime,
                on_click="ignore",
                key=f"get-{key}-{one.suffix}",
                width="stretch",
                disabled=full,
            )
            if full:
                st.caption(
                    f"A sheet of Excel holds {words.count(SHEET_ROWS)} rows; these are {words.count(rows)}."
                )


def as_csv(label: str, make: Callable[[], pa.Table], what: str, key: str) -> None:
    """A button for one format alone: a file to be mended and brought again."""
    one = FORMATS["csv"]
    st.download_button(
        label,
        data=lambda: one.write(make()),
        file_name=_named(what, one),
        mime=one.mime,
        on_click="ignore",
        key=key,
        icon=":material/download:",
    )


def _named(what: str, one: Format) -> str:
    chosen, run = context.current(), st.session_state.get("_run_shown")
    return file_name(one.suffix, chosen.name if chosen else None, what, run, date.today().isoformat())
