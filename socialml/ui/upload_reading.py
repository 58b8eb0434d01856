"""How a dropped file is read: its sheet, encoding and delimiter, found or chosen, beside its first rows."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from socialml import ingest, words
from socialml.errors import UserError
from socialml.ingest import Inspection
from socialml.ui import parts, state

ENCODINGS = {
    "utf-8": "UTF-8",
    "gb18030": "GB18030 or GBK (Chinese)",
    "utf-16": "UTF-16",
    "latin-1": "Latin-1 (Western European)",
}
DELIMITERS = {",": "Comma", ";": "Semicolon", "\t": "Tab", "|": "Bar"}
_FOUND = {
    "utf-8-sig": "UTF-8",
    "iso8859-1": ENCODINGS["latin-1"],
    "cp1252": "Windows-1252 (Western European)",
    "big5": "Big5 (Chinese)",
}


@dataclass(frozen=True)
class Reading:
    """What the user said of a file; None: find it."""

    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None


@st.cache_data(show_spinner="Reading the file …", max_entries=64)
def look(
    path: str,
    reading: Reading = Reading(),
    kind: str | None = None,
    mapping: tuple[tuple[str, str], ...] | None = None,
) -> Inspection:
    """Raises UserError for a file that cannot be read as a table."""
    given = None if mapping is None else dict(mapping)
    return ingest.inspect(
        path,
        kind=kind,
        mapping=given,
        encoding=reading.encoding,
        delimiter=reading.delimiter,
        sheet=reading.sheet,
        folder=state.store().jobs_dir,
    )


def choose(path: str, mark: str) -> Reading:
    """Ask for the sheet where there are several; let the rest be changed. mark: ends the widgets' keys."""
    sheets = _sheets(path)
    sheet = None
    if len(sheets) > 1:
        sheet = st.selectbox(
            "Sheet",
            [None, *sheets],
            format_func=lambda name: name or "The first that holds rows",
            key=f"up-sheet{mark}",
            on_change=_anew,
            args=(mark,),
        )
    if sheets or path.endswith(".parquet"):
        return Reading(sheet=sheet)
    with st.expander("Not right? Change how the file is read", icon=":material/translate:"):
        left, right = st.columns(2)
        encoding = left.selectbox(
            "Encoding",
            [None, *ENCODINGS],
            format_func=lambda name: ENCODINGS.get(name, "Find it"),
            key=f"up-encoding{mark}",
            on_change=_anew,
            args=(mark,),
            help="How the file's bytes stand for characters. Change it where names above look like Ã¤ or ÎÒ.",
        )
        delimiter = right.selectbox(
            "Columns split by",
            [None, *DELIMITERS],
            format_func=lambda sign: DELIMITERS.get(sign, "Find it"),
            key=f"up-delimiter{mark}",
            on_change=_anew,
            args=(mark,),
        )
    return Reading(encoding, delimiter, sheet)


def _anew(mark: str) -> None:
    """Other rows or other names: what the user said of the columns was about those before."""
    about = [f"up-{what}{mark}" for what in ("kind", "date-order", "decimal", "money-unit")]
    about += [str(key) for key in st.session_state if str(key).startswith("map-") and str(key).endswith(mark)]
    for key in about:
        st.session_state.pop(key, None)


@st.cache_data(show_spinner=False, max_entries=64)
def _sheets(path: str) -> list[str]:
    """Of a workbook; none of any other file, or of one that cannot be opened (which `look` tells)."""
    try:
        return ingest.sheets(path)
    except UserError:
        return []


def preview(found: Inspection, mark: str) -> None:
    """The first rows as they were read, and how."""
    frame = pd.DataFrame(found.sample, columns=found.header)
    height: int | str = 180 if len(frame) > 4 else "auto"
    parts.table(frame, key=f"up-preview{mark}", height=height, keep=False, note=parts.plain(_how(found)))


def _how(found: Inspection) -> str:
    rows = "all rows" if len(found.sample) == found.rows_seen else f"the first {len(found.sample)} rows"
    how = [f"{found.file}: {rows}"]
    if found.sheet:
        how.append(f"of the sheet '{found.sheet}'")
    if found.encoding:
        name = _FOUND.get(found.encoding) or ENCODINGS.get(found.encoding) or found.encoding.upper()
        how.append(f"read as {name}")
    if found.delimiter:
        how.append(f"columns split by {DELIMITERS.get(found.delimiter, repr(found.delimiter)).lower()}")
    return f"{words.listed(how)}." if len(how) < 3 else f"{', '.join(how)}."
