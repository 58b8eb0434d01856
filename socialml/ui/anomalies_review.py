"""The review queue: the most surprising rows of a day, each marked as really wrong or as a false alarm."""

from __future__ import annotations

from typing import Any

import streamlit as st

from socialml import words
from socialml.analyses import _anomalies_judge as judge
from socialml.analyses import anomalies as analysis
from socialml.ui import parts, state
from socialml.ui.anomalies_state import Known, judged_by
from socialml.ui.anomalies_words import share_of, things

WRONG, FALSE = "Really wrong", "False alarm"


def queue(dataset: str, result: analysis.Result, facts: Known, threshold: float) -> None:
    frame = result.queue
    days = [day.date() for day in frame["day"].unique()]
    of_flagged = frame.loc[frame["score"] >= result.threshold, "day"]
    first = days.index(of_flagged.iloc[0].date()) if len(of_flagged) else 0
    left, middle, right = st.columns([2, 1, 1], vertical_alignment="bottom")
    day = left.selectbox(
        "Day",
        days,
        first,
        key=f"queue-day-{dataset}",
        help="The last days in the data, newest first; it begins with the newest that has a flagged one.",
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
    flagged = int((shown["score"] >= threshold).sum())
    if not flagged:
        told = f"Not one of these {words.count(len(shown))} is flagged: they are the day's most unusual."
    else:
        rest = "" if flagged == len(shown) else " The others are the day's next most unusual."
        verb = "is" if flagged == 1 else "are"
        told = f"{words.count(flagged)} of these {words.count(len(shown))} {verb} flagged.{rest}"
    st.markdown(parts.plain(f"{told} {precision(result, facts, most)}"))
    with st.container(border=True, key="queue", gap="small"):
        for row in shown.itertuples(index=False):
            _row(dataset, result, row, threshold)
    if len(facts.marks):
        told = f"{words.plural(len(facts.marks), 'mark')} kept with this dataset, also through a new import."
        if result.kind == "shop":
            told += " The next run learns from them once there are 20 of each kind."
        st.caption(told)


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
        return f"Of {queue}, {share_of(told)} are really wrong, by {judged_by(facts)}."
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
