"""What became of a file: rows read, accepted, rejected, and what looks wrong."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import streamlit as st

from socialml import words
from socialml.ingest import mended
from socialml.schema import KINDS
from socialml.store import ImportInfo
from socialml.ui import downloads, parts

SHOWN = 1_000  # rejects on the page; the file has all
_HEADS = {"line": "Line", "column": "Column", "value": "Value", "reason": "Why not", "row": "The whole row"}
_MEND = (
    "To bring them in, mend the file in a spreadsheet and add it above: only what is right by then is taken. Take the"
    " Excel form where ids have more than 15 digits or begin with zeros; spreadsheets spoil these in a CSV."
)
_MEND_RAGGED = (
    " Rows with too few cells, or a quote never closed, count as mended once their last column is filled or their"
    " reason is emptied; surplus cells stand in a column of their own."
)


def sentence(*infos: ImportInfo) -> str:
    """The receipts of one or more files in a sentence."""
    keys = ("rows_read", "rows_accepted", "rows_rejected", "rows_already_there")
    told = {key: sum(info.receipt.get(key) or 0 for info in infos) for key in keys}
    text = (
        f"{words.plural(told['rows_read'], 'row')} read = {words.count(told['rows_accepted'])} accepted"
        f" + {words.count(told['rows_rejected'])} rejected."
    )
    if told["rows_already_there"]:
        known = words.plural(told["rows_already_there"], "accepted row")
        text += f" {known} were there already and were not added twice."
    return text


def show(info: ImportInfo, currency: str, *, expanded: bool) -> None:
    told = info.receipt
    label = f"{info.file} · {KINDS[info.kind].label} · {info.created_at:%Y-%m-%d %H:%M} UTC"
    with st.expander(parts.plain(label), expanded=expanded, icon=":material/receipt_long:"):
        st.markdown(f"**{parts.plain(sentence(info))}**")
        facts = [f"encoding {told['encoding']}"] if told.get("encoding") else []
        if told.get("delimiter"):
            facts.append(f"columns split by {_delimiter(told['delimiter'])}")
        if told.get("first_time"):
            facts.append(f"from {told['first_time'][:10]} to {told['last_time'][:10]}")
        if told.get("user_ids") == "hashed":
            facts.append("customer ids hashed")
        if told.get("gross_total") is not None:
            facts.append(f"amounts add up to {words.sign(currency)}{float(told['gross_total']):,.2f}")
        if facts:
            line = f"{', '.join(facts)}."
            st.caption(parts.plain(line[:1].upper() + line[1:]))
        for warning in told.get("warnings", []):
            st.markdown(f":material/warning: {parts.plain(warning['sentence'])}")
        if info.rejects:
            _rejects(info)
        mapping = told.get("mapping") or {}
        if mapping:
            kind = KINDS[info.kind]
            st.caption("Which column was taken for what")
            parts.table(
                pd.DataFrame(
                    {
                        "Meaning": [kind.column(field).label for field in mapping],
                        "Column of the file": list(mapping.values()),
                    }
                ),
                key=f"mapping-{info.id}",
            )
        if told.get("unmapped"):
            st.caption(parts.plain(f"Not used: {words.listed(told['unmapped'])}."))


def _delimiter(character: str) -> str:
    return {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}.get(character, repr(character))


def _rejects(info: ImportInfo) -> None:
    assert info.rejects
    rejects, number = info.rejects, info.receipt["rows_rejected"]
    frame = pq.read_table(rejects).slice(0, SHOWN).to_pandas()
    shown = f"Showing {words.count(SHOWN)} of {words.count(number)} rejected rows." if number > SHOWN else ""

    def make() -> pa.Table:
        return mended.table(rejects, info.receipt)

    parts.table(
        frame.rename(columns=_HEADS),
        key=f"rejects-{info.id}",
        height=240 if number > 6 else "auto",
        whole=make,
        rows=number,
        note=shown,
    )
    downloads.as_csv("Rejected rows as CSV", make, f"rejected-{info.id}", f"get-csv-{info.id}")
    st.caption(_MEND + (_MEND_RAGGED if mended.RAGGED & set(info.receipt["reasons"]) else ""))
