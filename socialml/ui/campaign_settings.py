"""The choices of the Campaign budget page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from socialml import words
from socialml.analyses.campaign import Config
from socialml.figures.campaign import GOALS, TIERS
from socialml.ui import state

READINGS = {"threshold": "By a limit on what money must bring", "share": "By a share of the money left"}


def settings(last: dict[str, Any], channels: Sequence[str], currency: str) -> dict[str, Any]:
    """The settings of a run; they start from those of the last run. channels: of the dataset's creators."""
    default = Config()
    known = {name: last.get(name, getattr(default, name)) for name in Config.__dataclass_fields__}
    with st.expander("Change settings", icon=":material/tune:"):
        st.markdown("**The campaign**")
        left, middle, right = st.columns(3)
        budget = left.number_input(
            f"Budget ({words.sign(currency).strip()})", 1.0, 1e9, float(known["budget"]), step=10_000.0, format="%.0f",
            key="campaign-budget", persist_state="session", help="What all bookings may cost together; never exceeded.",
        )  # fmt: skip
        goal = middle.selectbox(
            "Goal", list(GOALS), index=list(GOALS).index(known["goal"]), key="campaign-goal", persist_state="session",
            format_func={"effect": "Effect (points)", "sales": "Sales", "reach": "Reach (reads)"}.__getitem__,
            help="Effect weighs reads by the quality of the followers and adds likes, comments and shares.",
        )  # fmt: skip
        phases = right.number_input(
            "Phases", 1, 6, int(known["phases"]), key="campaign-phases", persist_state="session",
            help="A creator is booked at most once in each. What one phase brings partly lasts into the next.",
        )  # fmt: skip
        chosen = st.multiselect(
            "Channels", list(channels), [name for name in known["channels"] if name in channels],
            key="campaign-channels", persist_state="session", placeholder="All channels",
            help="Only creators on these are booked. None chosen: all may be.",
        )  # fmt: skip
        least, most = _bounds(known)
        st.markdown("**What is frowned upon** (0: never mind)")
        left, middle, _ = st.columns(3)
        hierarchy = left.number_input(
            "Smaller creators outspend larger ones", 0.0, 10.0, float(known["hierarchy"]), 0.05, format="%g",
            key="campaign-hierarchy", persist_state="session",
            help="Taken off where mid creators get more money than head ones, or tail more than mid: this share of"
            " what the excess usually brings.",
        )  # fmt: skip
        crowding = middle.number_input(
            "Most of the money in one channel", 0.0, 10.0, float(known["crowding"]), 0.05, format="%g",
            key="campaign-crowding", persist_state="session",
            help="Taken off where one channel gets more than 60% of the budget: this share of what the excess usually"
            " brings.",
        )  # fmt: skip
        st.markdown("**How it is trained and judged**")
        left, middle, right = st.columns(3)
        reading = left.selectbox(
            "The learned plan decides", list(READINGS), index=list(READINGS).index(known["reading"]),
            format_func=READINGS.__getitem__, key="campaign-reading", persist_state="session",
            help="Shares of the money left are what was published; the limit was better here.",
        )  # fmt: skip
        steps = middle.number_input(
            "Episodes of training", 20, 20_000, int(known["steps"]), step=20, key="campaign-steps",
            persist_state="session", help="Each plans many simulated campaigns from the first phase to the last.",
        )  # fmt: skip
        refits = right.number_input(
            "Refits", 10, 200, int(known["refits"]), key="campaign-refits", persist_state="session",
            help="How often the judging model is fitted anew, to past campaigns drawn again: this makes the intervals.",
        )  # fmt: skip
        seed = left.number_input(
            "Seed", 0, 10_000, int(known["seed"]), key="campaign-seed", persist_state="session",
            help="The same seed gives the same result.",
        )  # fmt: skip
    return {
        "budget": float(budget), "goal": goal, "channels": list(chosen), "tier_least": least, "tier_most": most,
        "phases": int(phases), "hierarchy": round(float(hierarchy), 6), "crowding": round(float(crowding), 6),
        "reading": reading, "steps": int(steps), "refits": int(refits), "seed": int(seed),
    }  # fmt: skip


def _bounds(known: dict[str, Any]) -> tuple[dict[str, float], dict[str, float]]:
    """Least and most of each tier as shares of the budget; only those that bind."""
    st.markdown("**Shares of the budget by size of creator** (%)")
    least, most = {}, {}
    for place, (tier, called) in zip(st.columns(3), TIERS.items(), strict=True):
        low, high = place.columns(2)
        at_least = low.number_input(
            f"{called}, least", 0, 100, round(100 * known["tier_least"].get(tier, 0.0)), key=f"campaign-least-{tier}",
            persist_state="session", help=f"At least this share goes to {called.lower()} creators, to the nearest"
            " booking.",
        )  # fmt: skip
        at_most = high.number_input(
            f"{called}, most", 0, 100, round(100 * known["tier_most"].get(tier, 1.0)), key=f"campaign-most-{tier}",
            persist_state="session", help=f"Never more than this share goes to {called.lower()} creators.",
        )  # fmt: skip
        if at_least > 0:
            least[tier] = int(at_least) / 100
        if at_most < 100:
            most[tier] = int(at_most) / 100
    return least, most


@st.cache_data(show_spinner=False, max_entries=16)
def channels(dataset: str, version: str) -> list[str]:
    """Those of the dataset's creators."""
    with state.store().read() as con:
        found = state.store().creators(con, dataset).unique("channel").fetchall()
    return sorted(name for (name,) in found if name is not None)
