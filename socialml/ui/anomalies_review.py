"""The review queue: the most surprising rows of a day, each marked as really wrong or as a false alarm."""

from __future__ import annotations

from typing import Any, BinaryIO

import pandas as pd
import streamlit as st

from socialml import words
from socialml.analyses import _anomalies_judge as judge
from socialml.analyses import anomalies as analysis
from socialml.errors import UserError
from socialml.ui import parts, state
from socialml.ui.anomalies_state import Known
from socialml.ui.anomalies_words import share_of, things

WRONG, FALSE = "Really wrong", "False alarm"


def queue(dataset: str, result: analysis.Result, facts: Known, threshold: float) -> None:
    frame = result.queue
    days = [day.date() for day in frame["day"].unique()]
    left, middle, right = st.columns([2, 1, 1], vertical_alignment="bottom")
    day = left.selectbox(
        "Day",
        days,
        key=f"queue-day-{dataset}",
        help="The last days in the data, newest first.",
        format_func=str,
    )
    most = int(
        middle.number_input(
            "How many a day", 1, 100, 20, key="queue-size", persist_state="session",
            help="As many as you can look at in a day.",
        )
    )  # fmt: skip
    shown = frame[frame["day"].dt.date == day].head(most)
    shown = shown.assign(reason=analysis.reasons(result, shown), mark=facts.wrong_of(shown["key"]))
    right.metric("Marked", f"{int(shown['mark'].notna().sum())} of {len(shown)}", height="content")
    st.markdown(parts.plain(precision(result, facts, most)))
    with st.container(border=True, key="queue", gap="small"):
        for row in shown.itertuples(index=False):
            _row(dataset, result, row, threshold)
    done = len(facts.marks)
    if done:
        st.caption(
            f"{words.plural(done, 'mark')} kept with this dataset, also through a new import. The next run learns from"
            " them once there are 20 of each kind."
        )


def precision(result: analysis.Result, facts: Known, most: int) -> str:
    """What a queue of so many a day is worth, by labels or marks."""
    frame = result.queue.groupby("day", sort=False).head(most)
    days, of = frame["day"].nunique(), things(result)
    ranked = judge.ranking(frame["key"].to_numpy(), frame["score"].to_numpy(), facts.labels, facts.marks)
    told = judge.rates(ranked, len(frame)).precision
    queue = f"the top {words.count(most)} of each of the last {words.plural(days, 'day')}"
    if told is None:
        return f"How many of {queue} are really wrong is not known yet: mark some."
    if ranked.basis == "labels":
        return f"Of {queue}, {share_of(told)} are really wrong, by your list."
    known = judge.rates(ranked, len(frame)).looked_at
    return f"Of the {words.plural(known, of)} you marked in {queue}, {share_of(told, 0)} are really wrong."


def _row(dataset: str, result: analysis.Result, row: Any, threshold: float) -> None:
    key = f"mark-{int(row.key)}"
    st.session_state[key] = {True: WRONG, False: FALSE}.get(row.mark) if row.mark is not None else None
    text, choice = st.columns([3, 2], vertical_alignment="center")
    flag = ":orange-badge[flagged] " if row.score >= threshold else ""
    if result.kind == "shop":
        what = f"**{parts.plain(words.money(row.amount, result.currency))}** by {parts.plain(row.user_id)}"
        order = f" · order {parts.plain(row.order_id)}" if isinstance(row.order_id, str) else ""
    else:
        what, order = f"**{parts.plain(f'{row.value:,.4g}')}** in {parts.plain(row.series)}", ""
    text.markdown(f"{flag}{what} at {row.ts:%H:%M}{order}  \n:small[{parts.plain(row.reason)}]")
    choice.segmented_control(
        "Mark", [WRONG, FALSE], key=key, label_visibility="collapsed", on_change=_keep,
        args=(dataset, int(row.key)),
    )  # fmt: skip


def _keep(dataset: str, key: int) -> None:
    """Keep the mark that was just chosen; choosing it again takes it back."""
    chosen = st.session_state.get(f"mark-{key}")
    state.store().mark(dataset, [key], None if chosen is None else chosen == WRONG)


def labels(dataset: str, result: analysis.Result, facts: Known) -> None:
    """A list of all that is wrong, where somebody knows it: it judges, and nothing learns from it."""
    if result.kind != "shop":
        return
    with st.expander("I have a list of all wrong purchases", icon=":material/fact_check:"):
        st.caption(
            "A CSV with order_id, and amount where an order has several lines. All other purchases then count as"
            " right. The list only judges the scores; nothing is learned from it."
        )
        uploads = st.session_state.setdefault("_label-uploads", 0)
        file = st.file_uploader("The list", type=["csv"], key=f"labels-file-{uploads}")
        if file is not None:
            try:
                told = _take(dataset, file)
            except UserError as error:
                parts.error(error)
            else:
                st.session_state["_label-uploads"] = uploads + 1  # an empty uploader again
                st.session_state["_labels-told"] = told
                st.rerun()
        if told := st.session_state.pop("_labels-told", None):
            st.success(told)
        if facts.labels is not None and st.button("Forget the list", key="forget-labels"):
            state.store().set_labels(dataset, None)
            st.rerun()


def _take(dataset: str, file: BinaryIO) -> str:
    """Keep the list as the dataset's labels; what was found of it. UserError for a file that is no such list."""
    try:
        wanted = pd.read_csv(file, dtype=str, encoding="utf-8-sig")
    except ValueError as error:
        raise UserError(
            "unreadable_labels", "This file cannot be read as a table.", "Save it as CSV in UTF-8."
        ) from error
    found, missed = analysis.match_labels(state.store(), dataset, wanted)
    state.store().set_labels(dataset, found)
    more = f"; {words.plural(missed, 'row')} of it name none." if missed else "."
    return f"{words.plural(len(found), 'purchase')} of your list found{more}"
