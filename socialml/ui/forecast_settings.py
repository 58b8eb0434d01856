"""The choices of the Forecast page."""

from __future__ import annotations

from datetime import date
from typing import Any

import streamlit as st

LOSSES = {
    "auto": "The best on past months",
    "gated": "Absolute, gate for zero",
    "absolute": "Absolute",
    "huber": "Huber on logs",
    "squared": "Squared on logs",
    "poisson": "Poisson",
}
BEFORE_FIRST = {"auto": "The best on past months", "masked": "Leave them out", "zeros": "Count them as empty"}
MODELS = {
    "lstm": "LSTM",
    "boosted": "Boosted trees",
    "value": "Purchase and spend model",
    "blend": "A mix of them",
}


def settings(last: dict[str, Any], months: list[str], as_of: date | None, anomalies: bool) -> dict[str, Any]:
    """The settings of a run; they start from those of the last run. months: past ones, newest first. anomalies:
    whether purchases were looked at for them."""
    with st.expander("Change settings", icon=":material/tune:"):
        left, middle, right = st.columns(3)
        known = last.get("target_month")
        target = left.selectbox(
            "Month to forecast", [None, *months],
            index=[None, *months].index(known) if known in months else 0,
            format_func=lambda month: "The month after the data" if month is None else f"{month}, to check",
            key="set-target-month", persist_state="session",
            help="A past month is forecast as if it were still to come, then compared with what came.",
        )  # fmt: skip
        backtest = middle.number_input(
            "Past months that judge", 1, 12, int(last.get("backtest_months", 3)), key="set-backtest",
            persist_state="session", help="Each is forecast from the months before it. More takes longer.",
        )  # fmt: skip
        window = right.number_input(
            "Months of history it reads", 3, 36, int(last.get("window_months", 12)), key="set-window",
            persist_state="session", help="Twelve see a whole year, with its festivals.",
        )  # fmt: skip
        before_now = [name for name in last.get("models", MODELS) if name in MODELS]
        tried = left.multiselect(
            "What is tried beside the simple rules", list(MODELS), default=before_now,
            format_func=MODELS.__getitem__, key="set-models", persist_state="session",
            help="Whichever was off least in the two months before is taken.",
        )  # fmt: skip
        loss = middle.selectbox(
            "What the network learns to make small (loss)", list(LOSSES),
            index=list(LOSSES).index(last.get("loss", "auto")), format_func=LOSSES.__getitem__,
            key="set-loss", persist_state="session",
            help="Spending is mostly nothing and a few large amounts, so squared errors do badly.",
        )  # fmt: skip
        before = right.selectbox(
            "Months before a customer's first purchase", list(BEFORE_FIRST),
            index=list(BEFORE_FIRST).index(last.get("before_first", "auto")),
            format_func=BEFORE_FIRST.__getitem__, key="set-before", persist_state="session",
            help="Until then nobody knows whether they were a customer who bought nothing, or none yet.",
        )  # fmt: skip
        epochs = left.number_input(
            "Rounds of training at most (epochs)", 1, 200, int(last.get("epochs_most", 20)), key="set-epochs",
            persist_state="session", help="It stops earlier when past months it has not seen get no better.",
        )  # fmt: skip
        dropout = middle.slider(
            "Dropped out in training (%)", 0, 80, round(100 * last.get("dropout", 0.3)), 5, key="set-dropout",
            persist_state="session", help="A share of the network is left out at random, so that it learns no noise.",
        )  # fmt: skip
        flagged = left.toggle(
            "Leave flagged purchases out of the scores", bool(last.get("without_flagged", False)),
            key="set-flagged", persist_state="session", disabled=not anomalies,
            help="Those that the newest run of anomalies flags. The models still learn from them."
            if anomalies else "Find the anomalies first; then what they flag can be left out.",
        )  # fmt: skip
        seed = right.number_input(
            "Seed", 0, 10_000, int(last.get("seed", 0)), key="set-forecast-seed", persist_state="session",
            help="The same seed gives the same forecast.",
        )  # fmt: skip
    return {
        "target_month": target,
        "backtest_months": int(backtest),
        "window_months": int(window),
        "models": list(tried),
        "loss": loss,
        "before_first": before,
        "epochs_most": int(epochs),
        "dropout": dropout / 100,
        "without_flagged": bool(flagged) and anomalies,
        "seed": int(seed),
        "as_of": as_of.isoformat() if as_of else None,
    }
