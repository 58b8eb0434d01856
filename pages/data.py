"""Data: bring files, read their receipts, see what was changed before the analyses."""

from __future__ import annotations

import streamlit as st

from socialml import words
from socialml.schema import KINDS
from socialml.ui import context, erase, parts, progress, receipts, state, uploads

TITLE = "Data"


def answer(chosen: context.Context) -> str:
    tables = state.store().tables(chosen.name)
    if not tables:
        return f"'{chosen.name}' is empty: add a file, or delete it."
    held = words.listed([words.plural(rows, KINDS[kind].noun) for kind, rows in tables.items()])
    days = f", from {chosen.first} to {chosen.last}" if chosen.first else ""
    return f"'{chosen.name}' holds {held}{days}."


def show(chosen: context.Context) -> None:
    imports = state.store().imports(chosen.name)
    name, files_in = st.session_state.pop("_just_imported", ("", 0))
    fresh = imports[-files_in:] if files_in and name == chosen.name else []
    if fresh:
        came = f"{fresh[0].file} is" if len(fresh) == 1 else f"{len(fresh)} files are"
        st.success(parts.plain(f"{came} in. {receipts.sentence(*fresh)}"), icon=":material/check_circle:")
        if chosen.first is not None:  # else that page has nothing to group by
            st.page_link(
                "pages/segments.py", label="Find the groups of these customers", icon=":material/groups:"
            )
        _campaign({info.kind for info in imports})
    files, changes, look, keep = parts.tabs(
        "data-tab", ["What came in?", "What was changed?", "How do the rows look?", "Undo or delete"]
    )
    if files.open:
        with files:
            for info in reversed(imports):
                receipts.show(
                    info, chosen.currency, expanded=info in fresh and (len(fresh) == 1 or bool(info.rejects))
                )
            if not imports:
                st.info("Nothing is imported into this dataset yet.")
    if changes.open:
        with changes:
            _changes(chosen)
    if look.open:
        with look:
            _rows(chosen)
    if keep.open:
        with keep:
            _undo_and_delete(chosen)


def _campaign(kinds: set[str]) -> None:
    """After an import: on to the plan, or what it still needs."""
    needed = {"creators", "placements"}
    if needed <= kinds:
        st.page_link("pages/campaign.py", label="Plan a campaign's budget", icon=":material/payments:")
    for kind in needed - kinds if needed & kinds else ():
        st.caption(f"To plan a campaign's budget, bring {KINDS[kind].label.lower()} into this dataset too.")


def _changes(chosen: context.Context) -> None:
    """Gaps filled, extremes clipped, skews reduced, before customers are grouped."""
    run = state.newest_run(chosen.name, "segments")
    if run is None and chosen.first is None:
        st.info(
            "Nothing: rows are used as they came in. Customers' rows are prepared before they are grouped."
        )
        return
    if run is None:
        st.info("Shown after the groups are made: what was missing, clipped and rescaled for each feature.")
        st.page_link("pages/segments.py", label="Find the groups", icon=":material/groups:")
        return
    frame = state.result(run).preprocess
    missing, clipped = int(frame["missing"].sum()), int((frame["clipped_low"] + frame["clipped_high"]).sum())
    st.markdown(
        f"**{words.plural(missing, 'gap')} filled, {words.plural(clipped, 'extreme value')} clipped,"
        f" {words.plural(int(frame['logged'].sum()), 'skewed feature')} put on a log scale.**"
    )
    names = {
        "label": "Feature",
        "used": "Used",
        "why_not": "Why not",
        "missing": "Gaps",
        "filled_with": "Filled with",
        "logged": "Log scale",
        "clipped_low": "Clipped below",
        "clipped_high": "Clipped above",
        "low": "Lower bound",
        "high": "Upper bound",
        "scale": "Scale",
    }
    parts.table(
        frame[list(names)].rename(columns=names),
        key="preprocess",
        note=f"Your rows are never changed: this happens to a copy, one row a customer, in run {run.run_id}."
        " Bounds are three interquartile ranges beyond the middle half.",
    )


def _rows(chosen: context.Context) -> None:
    kinds = list(state.store().tables(chosen.name))
    if not kinds:
        return
    kind = st.selectbox("Table", kinds, format_func=lambda name: KINDS[name].label, key="look-kind")
    frame = state.preview(chosen.name, chosen.version, kind)
    rows = state.store().tables(chosen.name)[kind]
    parts.table(
        frame,
        key=f"rows-{kind}",
        height=420,
        note=f"Showing {words.count(len(frame))} of {words.count(rows)} rows; the download has these.",
    )


def _undo_and_delete(chosen: context.Context) -> None:
    imports = state.store().imports(chosen.name)
    if imports:
        last = imports[-1]
        st.markdown(parts.plain(f"The last import is {last.file} with {words.plural(last.rows, 'row')}."))
        if st.button("Undo the last import", key="undo", icon=":material/undo:"):
            progress.stop_all(chosen.name)
            state.store().undo_last_import(chosen.name)
            st.rerun()
    st.divider()
    erase.form(chosen)
    st.divider()
    sure = st.text_input(
        "To delete this dataset with all its runs, write its name", key="delete-name", placeholder=chosen.name
    )
    if st.button("Delete the dataset", key="delete", disabled=sure != chosen.name, icon=":material/delete:"):
        progress.stop_all(chosen.name)
        state.store().delete_dataset(chosen.name)
        st.rerun()


chosen = context.current()
if chosen is None:
    parts.heading(TITLE, "Bring a file of orders or behaviour, and see who your customers are.")
else:
    parts.heading(TITLE, answer(chosen))
with st.expander("Use my own file", expanded=uploads.wanted(chosen), icon=":material/upload_file:"):
    uploads.section(chosen)
if chosen is not None:
    show(chosen)
