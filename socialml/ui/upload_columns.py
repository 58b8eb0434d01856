"""Which column of a file stands for what, and the questions that its values leave open."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from socialml import words
from socialml.ingest import Inspection, task
from socialml.schema import Kind
from socialml.ui import parts, state

_NOT_USED = "– not in the file –"
_QUESTIONS = {
    "date_order": "How are these dates written?",
    "decimal": "How are these numbers written?",
    "money_unit": "What are these amounts in?",
}
_CHOICES = {
    "ymd": "Year, month, day",
    "mdy": "Month first (4/30)",
    "dmy": "Day first (30/4)",
    "point": "Decimal point",
    "comma": "Decimal comma",
    "yuan": "Yuan",
    "fen": "Fen",
}


def mapping(kind: Kind, found: Inspection, mark: str) -> dict[str, str]:
    """{field: header} as the user leaves it; the columns that matter first. mark: ends the widgets' keys."""
    if not kind.columns:
        st.caption("Every column is kept as it is.")
        return {}
    taken = task.recalled(state.store(), found)
    wanted = {name for group in kind.one_of for name in group} | {c.name for c in kind.columns if c.required}
    wanted.add("user_id")  # an order may go without, but whose it is matters to every other page
    shown = [c for c in kind.columns if c.name in wanted or c.name in taken]
    rest = [c for c in kind.columns if c not in shown]
    st.markdown("**Which column is what?**")
    if state.store().mapping(found.shape, found.kind):
        st.caption("Taken from your last file with these columns.")
    options = [_NOT_USED, *found.header]
    chosen = {}
    places = [
        (column, place)
        for group in (shown, rest)
        for column, place in zip(group, _grid(group is rest, len(group)), strict=True)
    ]
    for column, place in places:
        guess = taken.get(column.name, _NOT_USED)
        header = place.selectbox(
            column.label + (" (needed)" if column.required else ""),
            options,
            index=options.index(guess),
            key=f"map-{kind.name}-{column.name}{mark}",
            help=column.help or None,
        )
        if header != _NOT_USED:
            chosen[column.name] = header
    twice = sorted({header for header in chosen.values() if list(chosen.values()).count(header) > 1})
    if twice:
        st.warning(parts.plain(f"Chosen more than once: {words.listed(twice)}."), icon=":material/help:")
    return chosen


def _grid(folded: bool, count: int) -> list[Any]:
    if not count:
        return []
    box = st.expander("More that a file can hold") if folded else st.container()
    columns = box.columns(4)
    return [columns[number % 4] for number in range(count)]


def answers(files: Sequence[Inspection], mark: str) -> dict[str, str | None]:
    """{setting: answer, or None so far}. Asked only where the values themselves do not tell."""
    given: dict[str, str | None] = {}
    for found in files:
        for question in found.questions:
            setting = question["setting"]
            of = f"{found.file}: " if len(files) > 1 else ""
            st.warning(parts.plain(of + question["sentence"]), icon=":material/help:")
            if setting in given:
                continue  # one answer is for all columns
            meanings = {choice["value"]: choice["meaning"] for choice in question["choices"]}
            given[setting] = st.radio(
                _QUESTIONS[setting],
                list(meanings),
                index=None,
                key=f"up-{setting.replace('_', '-')}{mark}",
                format_func=lambda value: f"{_CHOICES[value]}: {meanings[value]}",  # noqa: B023 (used at once)
            )
    return given
