"""Erase a customer from the dataset, on the Data page."""

from __future__ import annotations

import streamlit as st

from socialml.errors import UserError
from socialml.ui import context, parts, progress, state


def form(chosen: context.Context) -> None:
    told = st.session_state.pop("_erased", None)
    if told:
        st.success(parts.plain(told), icon=":material/check_circle:")
    with st.form("erase-form", clear_on_submit=True, border=False):
        user = st.text_input(
            "To erase a customer, write their id as it stands in your files",
            key="erase-user",
            help="Their rows go, rejected ones too, and the tables of runs that hold them. Run those again after it.",
        ).strip()
        wanted = st.form_submit_button("Erase the customer", key="erase", icon=":material/person_remove:")
    if not wanted:
        return
    if not user:
        st.info("Write an id first.")
        return
    progress.stop_all(chosen.name)  # a run that works now would bring the customer back
    try:
        gone = state.store().erase_user(chosen.name, user)
    except UserError as problem:
        parts.error(problem)
        return
    state.forget()
    st.session_state["_erased"] = (
        f"Customer {user} is erased: {gone.told}. A file that holds them brings them back."
    )
    st.rerun()
