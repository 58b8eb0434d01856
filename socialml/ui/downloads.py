"""Taking data along: one small control beside each chart, table and list, in three formats."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pandas as pd
import pyarrow as pa
import streamlit as st

from socialml import words
from socialml.export import FORMATS, SHEET_ROWS, Format, file_name, table_of
from socialml.ui import context

# Of evaluation.uplift.Uplift, as a spreadsheet's reader would call them.
_CLAIM = {
    "before": "Before", "before_low": "Before: from", "before_high": "Before: to",
    "after": "After", "after_low": "After: from", "after_high": "After: to",
    "absolute": "Difference", "absolute_low": "Difference: from", "absolute_high": "Difference: to",
    "relative": "Change (%)", "low": "Change (%): from", "high": "Change (%): to",
    "p_harm": "Chance that it falls (%)", "better": "Surely better",
}  # fmt: skip
_SHARES = ["relative", "low", "high", "p_harm"]


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


def claims(frame: pd.DataFrame) -> pa.Table:
    """Measure and the fields of an Uplift, under plain headers and with shares in percent."""
    plain = frame.assign(**{name: 100 * frame[name] for name in _SHARES}).rename(columns=_CLAIM)
    return table_of(plain[["Measure", *_CLAIM.values()]])


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
