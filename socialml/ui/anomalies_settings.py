"""The choices of the Anomalies page."""

from __future__ import annotations

from datetime import date
from typing import Any

import streamlit as st

from socialml.features import series
from socialml.ui import context, state

SHARES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.043, 0.05, 0.1)
_OF_FILES = "Each file is a series"
NOT_KNOWN = "Not known"


def columns(chosen: context.Context) -> dict[str, list[str]] | None:
    """The columns of a table of points; None where the dataset has no such table."""
    if chosen.first is not None or "records" not in state.store().tables(chosen.name):
        return None
    found = _choices(chosen.name, chosen.version)
    return found if found["time"] and found["value"] else None


@st.cache_data(show_spinner=False, max_entries=16)
def _choices(dataset: str, version: str) -> dict[str, list[str]]:
    return series.choices(state.store(), dataset)


def share(run_id: str, default: float) -> float:
    """The share of all rows that is flagged, moved without a new run."""
    options = sorted({*SHARES, default})
    return st.select_slider(
        "How many to flag",
        options,
        default,
        format_func=lambda value: f"{100 * value:g}%",
        key=f"flag-share-{run_id}",
        help="Of all rows, the most surprising first. The default, 1%, is about what a team can look at; more finds"
        " more, and flags more by mistake.",
    )


def settings(
    chosen: context.Context, found: dict[str, list[str]] | None, last: dict[str, Any], as_of: date | None
) -> dict[str, Any]:
    """The settings of a run; they start from those of the last run."""
    wanted: dict[str, Any] = {}
    with st.expander("Change settings", icon=":material/tune:"):
        left, right = st.columns(2)
        if found is not None:
            number = chosen.dataset.id
            value = left.selectbox(
                "What is measured", found["value"], key=f"points-value-{number}",
                index=_place(found["value"], last.get("value")) or 0, help="A column of numbers.",
            )  # fmt: skip
            names = [_OF_FILES, *found["series"]]
            name = right.selectbox(
                "What names the series", names, key=f"points-series-{number}",
                index=_place(names, last.get("series")) or 0,
                help="A column such as shop or channel; without it each imported file is one.",
            )  # fmt: skip
            others = [NOT_KNOWN, *[c for c in found["all"] if c not in (value, name, *found["time"])]]
            label = left.selectbox(
                "Which points are known to be wrong", others, key=f"points-label-{number}",
                index=_place(others, last.get("label")) or 0,
                help="A column with yes and no, or 1 and 0. It only judges; nothing is learned from it.",
            )  # fmt: skip
            only = len(found["value"]) == 1 and value == found["value"][0]
            wanted["value"] = last.get("value") if only else value
            wanted["series"] = None if name == _OF_FILES else name
            wanted["label"] = None if label == NOT_KNOWN else label
        else:
            wanted["as_of"] = as_of.isoformat() if as_of else None
        wanted["seed"] = int(
            left.number_input(
                "Seed", 0, 10_000, int(last.get("seed", 0)), key="set-anomalies-seed",
                help="The same seed gives the same scores.",
            )
        )  # fmt: skip
    return wanted


def _place(options: list[str], wanted: Any) -> int | None:
    return options.index(wanted) if wanted in options else None
