"""The folded settings of each analysis: good defaults, one sentence of help each."""

from __future__ import annotations

from datetime import date
from typing import Any

import streamlit as st

ELBOW_NOTE = (
    "The elbow is drawn because everybody knows it, but it finds a bend in noise too."
    " The ratio rule looks where the gain drops most, and is the better guide."
)
SILHOUETTE_NOTE = (
    "Each line is a customer. Long to the right: deep inside the group. Left of zero: closer to another."
)
SCATTER_NOTE = "Two directions out of many: groups that overlap here may lie apart in the others."

_SCALES = {
    "zscore": "Standard deviations (z-score)",
    "minmax": "From 0 to 1 (min-max)",
    "none": "As they are",
}
_IMPUTES = {
    "median": "The middle value (median)",
    "mean": "The average (mean)",
    "mode": "The most frequent (mode)",
}
_AUTO = "As many as the data suggests"


def segments(last: dict[str, Any], as_of: date | None) -> dict[str, Any]:
    """The settings of a segments run; they start from those of the last run."""
    with st.expander("Change settings", icon=":material/tune:"):
        left, middle, right = st.columns(3)
        options = [_AUTO, *range(2, 11)]
        k = left.selectbox(
            "Number of groups",
            options,
            index=options.index(last.get("k", 5) or _AUTO),
            key="set-k",
            persist_state="session",
            help="Five is what marketers are used to. The data may suggest another number.",
        )
        scale = middle.selectbox(
            "How numbers are made comparable",
            list(_SCALES),
            format_func=_SCALES.__getitem__,
            index=list(_SCALES).index(last.get("scale", "zscore")),
            key="set-scale",
            persist_state="session",
            help="Without it, money would count more than likes only because its numbers are larger.",
        )
        impute = right.selectbox(
            "What fills a gap",
            list(_IMPUTES),
            format_func=_IMPUTES.__getitem__,
            index=list(_IMPUTES).index(last.get("impute", "median")),
            key="set-impute",
            persist_state="session",
            help="Used where a customer has no value, such as the average order of someone who never bought.",
        )
        seed = left.number_input(
            "Seed",
            0,
            10_000,
            int(last.get("seed", 0)),
            key="set-seed",
            persist_state="session",
            help="The same seed gives the same groups. Another one shows whether they depend on chance.",
        )
        clip = middle.checkbox(
            "Clip extreme values",
            last.get("clip_iqr", 3.0) is not None,
            key="set-clip",
            persist_state="session",
            help="Values far outside the middle half (three interquartile ranges) are moved to that bound.",
        )
        logs = right.checkbox(
            "Take logs of skewed numbers",
            last.get("log_skew", 1.0) is not None,
            key="set-log",
            persist_state="session",
            help="So that a few very large spenders do not make a group of their own.",
        )
    return {
        "k": None if k == _AUTO else k,
        "scale": scale,
        "impute": impute,
        "seed": int(seed),
        "clip_iqr": 3.0 if clip else None,
        "log_skew": 1.0 if logs else None,
        "as_of": as_of.isoformat() if as_of else None,
    }
