"""The choices of the Live policy page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import streamlit as st

from socialml import words
from socialml.analyses.live_policy import Config
from socialml.store import Run

AGENTS = {
    "dqn": "Deep Q-learning (DQN)",
    "ppo": "Policy gradient (PPO)",
    "dqn_by_segment": "A DQN for each segment",
}
# field -> label, least, most, step, help: what an outcome is worth in the policy's eyes
_WEIGHTS = {
    "margin": ("Margin (% of the full price)", 0.0, 100.0, 1.0,
               "What is kept of the full price of an order. What an offer takes off comes out of it."),
    "no_order": ("Cost of no order", 0.0, 100.0, 0.1, "Taken off for each recommendation that sells nothing."),
    "offer_cost": ("Cost of an offer shown", 0.0, 100.0, 0.1, "Beside its discount: for each offer, used or not."),
    "interaction": ("Worth of an interaction", 0.0, 100.0, 0.1, "Of each like, comment and share."),
    "coming_back": ("Worth of coming back", 0.0, 1_000.0, 0.5,
                    "Of each viewer who comes again within 7 days: this is what makes it think ahead."),
}  # fmt: skip
LATER = ("margin", "no_order", "offer_cost", "interaction", "coming_back")
LABELS = {
    "agent": "What learns", "weeks": "Weeks", **{name: what[0] for name, what in _WEIGHTS.items()},
    "later": "Weights in the last week", "offers_a_week": "Offers a viewer a week, at most",
    "offer_share": "Recommendations with an offer, at most", "refits": "Refits", "steps": "Steps of training",
    "augment": "Made-up viewers added to the log", "start_from": "Goes on from",
    "as_of": "Last day of the log", "seed": "Seed",
}  # fmt: skip
_FRESH = "Anew"


def settings(last: dict[str, Any], runs: Sequence[Run], as_of: date | None, currency: str) -> dict[str, Any]:
    """The settings of a run; they start from those of the last run. runs: those whose weights can be gone on from."""
    default = Config()
    known = {name: last.get(name, getattr(default, name)) for name in LABELS}
    with st.expander("Change settings", icon=":material/tune:"):
        st.markdown("**The policy**")
        left, middle, right = st.columns(3)
        agent = left.selectbox(
            "What learns", list(AGENTS), index=list(AGENTS).index(known["agent"]), format_func=AGENTS.__getitem__,
            key="live-agent", persist_state="session",
            help="All are judged on the same ladder. One for each segment helps where groups differ much.",
        )  # fmt: skip
        weeks = middle.number_input(
            "Weeks", 1, 26, int(known["weeks"]), key="live-weeks", persist_state="session",
            help="How far it thinks ahead, and over how many weeks it is compared with today's policy.",
        )  # fmt: skip
        start_from = _start(right, runs, agent, known["start_from"])
        st.markdown(f"**What counts** (in {words.sign(currency).strip()}; the policy earns the sum)")
        weights = _weights(known, "")
        later = _later(known, weights)
        st.markdown("**What it must keep to**")
        guards = _guards(known)
        st.markdown("**How it is trained and judged**")
        left, middle, right = st.columns(3)
        steps = left.number_input(
            "Steps of training", 50, 20_000, int(known["steps"]), step=50, key="live-steps",
            persist_state="session", help="Each moves all simulated viewers by one recommendation.",
        )  # fmt: skip
        refits = middle.number_input(
            "Refits", 10, 200, int(known["refits"]), key="live-refits", persist_state="session",
            help="How often the simulator is fitted anew, to viewers drawn again: this makes the intervals.",
        )  # fmt: skip
        seed = right.number_input(
            "Seed", 0, 10_000, int(known["seed"]), key="live-seed", persist_state="session",
            help="The same seed gives the same result.",
        )  # fmt: skip
        augment = st.toggle(
            "Add made-up viewers to the log", bool(known["augment"]), key="live-augment", persist_state="session",
            help="Viewers mixed from real ones (augmentation). What this changed is told under 'How was it trained?'.",
        )  # fmt: skip
    return {
        "agent": agent, "weeks": int(weeks), **weights, "later": later, **guards, "refits": int(refits),
        "steps": int(steps), "augment": bool(augment), "start_from": start_from,
        "as_of": as_of.isoformat() if as_of else None, "seed": int(seed),
    }  # fmt: skip


def _start(place: Any, runs: Sequence[Run], agent: str, last: str | None) -> str | None:
    """An earlier run whose weights are gone on from; only a single DQN can."""
    options = {run.run_id: f"{run.created_at:%Y-%m-%d %H:%M}, {run.run_id[-6:]}"
               for run in runs if run.config.get("agent", "dqn") == agent == "dqn"}  # fmt: skip
    chosen = place.selectbox(
        "Start", [_FRESH, *options], index=[_FRESH, *options].index(last) if last in options else 0,
        format_func=lambda name: options.get(name, _FRESH), key=f"live-start-{agent}", persist_state="session",
        disabled=not options, help="Anew, or from what an earlier run of one DQN has learned (transfer).",
    )  # fmt: skip
    return None if chosen == _FRESH else chosen


def _weights(known: dict[str, Any], suffix: str) -> dict[str, float]:
    places = [*st.columns(3), *st.columns(3)]  # on a phone a row at a time
    out = {}
    for at, (name, (label, least, most, step, help_)) in enumerate(_WEIGHTS.items()):
        scale = 100.0 if name == "margin" else 1.0
        value = places[at].number_input(
            label, least, most, round(scale * float(known[name]), 6), step, key=f"live-{name}{suffix}",
            persist_state="session", help=help_, format="%g",
        )  # fmt: skip
        out[name] = round(float(value) / scale, 6)
    return out


def _later(known: dict[str, Any], weights: dict[str, float]) -> dict[str, float]:
    """Other weights in the last week; empty where they stay."""
    changes = st.toggle(
        "These change over the weeks", bool(known["later"]), key="live-changes", persist_state="session",
        help="Such as interactions at first and margin later: they move evenly to what is set here (dynamic reward).",
    )  # fmt: skip
    if not changes:
        return {}
    st.caption("In the last week:")
    return _weights({**weights, **known["later"]}, "-later")


def _guards(known: dict[str, Any]) -> dict[str, Any]:
    left, middle, _ = st.columns(3)
    a_week = left.number_input(
        "Offers a viewer a week, at most", 0, 20, known["offers_a_week"], key="live-offers-a-week",
        persist_state="session", placeholder="No limit", help="Kept exactly, by every policy but today's.",
    )  # fmt: skip
    share = known["offer_share"]
    percent = middle.number_input(
        "Share with an offer, at most (%)", 0, 100, None if share is None else round(100 * share),
        key="live-offer-share", persist_state="session", placeholder="No limit",
        help="Of each week's recommendations. Where more are wanted, those viewers get one whom it moves most.",
    )  # fmt: skip
    return {
        "offers_a_week": None if a_week is None else int(a_week),
        "offer_share": None if percent is None else int(percent) / 100,
    }


def said(name: str, value: Any) -> str:
    """A setting as people read it."""
    if name == "agent":
        return AGENTS.get(value, str(value))
    if name == "margin":
        return words.share(value, 0)
    if name == "offer_share" and value is not None:
        return words.share(value, 0)
    if name == "later":
        parts = [f"{LABELS[key].lower()}: {said(key, weight)}" for key, weight in (value or {}).items()]
        return "; ".join(parts) or "as at first"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return {"start_from": "nothing", "as_of": "the last complete day"}.get(name, "no limit")
    return f"{value:g}" if isinstance(value, float) else str(value)
