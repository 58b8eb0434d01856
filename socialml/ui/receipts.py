"""What became of a file: rows read, accepted, rejected, and what looks wrong."""

from __future__ import annotations

import pandas as pd
import pyarrow.parquet as pq
import streamlit as st

from socialml import words
from socialml.schema import KINDS
from socialml.store import ImportInfo
from socialml.ui import parts

SHOWN = 1_000  # rejects on the page; the CSV has all


def sentence(info: ImportInfo) -> str:
    """The receipt in a sentence."""
    told = info.receipt
    text = (
        f"{words.plural(told['rows_read'], 'row')} read = {words.count(told['rows_accepted'])} accepted"
        f" + {words.count(told['rows_rejected'])} rejected."
    )
    if told.get("rows_already_there"):
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
    frame = pq.read_table(info.rejects).slice(0, SHOWN).to_pandas()
    parts.table(frame, key=f"rejects-{info.id}", height=240)
    if info.receipt["rows_rejected"] > SHOWN:
        st.caption(
            f"Showing {words.count(SHOWN)} of {words.count(info.receipt['rows_rejected'])} rejected rows."
        )
    rejects = info.rejects
    parts.download(
        "Rejected rows as CSV",
        lambda: pq.read_table(rejects),
        f"rejected-{info.id}.csv",
        f"get-rejects-{info.id}",
    )
