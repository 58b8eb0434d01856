"""The tables of the Campaign budget page."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from socialml import published, words
from socialml.analyses import campaign as analysis
from socialml.figures import campaign as figures
from socialml.figures.live_policy import between, relative
from socialml.ui import campaign_words as said
from socialml.ui import parts


def claims(result: analysis.Result) -> None:
    """Before and after, the published column beside it."""
    own, same = result.uplift, result.same_effect
    goal = said.MORE[result.goal]
    wide = max(own["after_high"] - own["after_low"], own["before_high"] - own["before_low"])
    printed = {figure.metric: figure for figure in published.figures("campaign budget (DDPG)")}
    effect, cost = printed["propagation effect"], printed["cost"]

    def level(which: str) -> str:
        return _interval(result, own[which], own[f"{which}_low"], own[f"{which}_high"], wide)

    rows = [
        {
            "": f"{goal.capitalize()} for {said.amount(result, result.budget)}",
            "Usual split": level("before"), "New": level("after"),
            "Change": relative(own["relative"], own["low"], own["high"]),
            "Published": f"{effect.note} {effect.value:+.0f}%".capitalize(),
        }
    ]  # fmt: skip
    if same.get("cost") is not None:
        full = figures.usual_cost(result)
        change = [same[name] - 1 for name in ("share", "low", "high")]
        rows.append(
            {
                "": f"Money for the usual split's {goal}",
                "Usual split": said.amount(result, full),
                "New": f"{said.amount(result, same['cost'])} ({said.amount(result, full * same['low'])} to"
                f" {said.amount(result, full * same['high'])})",
                "Change": relative(*change), "Published": f"{cost.note.split(';')[0]} {cost.value:+.0f}%".capitalize(),
            }
        )  # fmt: skip
    parts.table(
        pd.DataFrame(rows),
        "campaign-claims",
        note=f"Forecast; in brackets the 95% interval. Published: what {effect.source} tells of DDPG against its former"
        " way of planning (the same effect for 92,000 of 100,000 yuan), measured on other data and without intervals."
        " It says nothing about your creators.",
    )


def _interval(result: analysis.Result, value: float, low: float, high: float, wide: float) -> str:
    """'1,180 points (1,038 to 1,322)'"""
    return f"{figures.told(result, value, wide)} ({said.bare(result, low, wide)} to {said.bare(result, high, wide)})"


def plans(result: analysis.Result) -> None:
    own = result.plans.sort_values("rank")
    versus = result.versus.set_index("plan")
    shown = pd.DataFrame(
        {
            "": [f"{label} (recommended)" if plan == result.winner else label
                 for plan, label in zip(own["plan"], own["label"], strict=True)],
            "Against the usual split": [
                words.MISSING if plan == figures.USUAL else relative(*row)
                for plan, row in zip(own["plan"], own[["gain", "gain_low", "gain_high"]].to_numpy(), strict=True)
            ],
            "The recommended is better by": [
                words.MISSING if plan == result.winner or plan not in versus.index
                else relative(*versus.loc[plan, ["difference", "low", "high"]]) for plan in own["plan"]
            ],
            said.MORE[result.goal].capitalize(): [
                _interval(result, value, low, high, high - low)
                for value, low, high in own[["effect", "effect_low", "effect_high"]].to_numpy()
            ],
            "Of the possible": [said.of_bound(value) for value in own["ratio_to_bound"]],
            "Cost": [words.money(round(value), result.currency) for value in own["cost"]],
            "Keeps all bounds": ["yes" if kept else f"no: {broken}"
                                 for kept, broken in zip(own["feasible"], own["broken"], strict=True)],
        }
    )  # fmt: skip
    parts.table(
        shown,
        "campaign-plans",
        note="From simple to learned. Recommended is the best of them on the forecasts the plans were made with, the"
        " simplest where two are level. The columns but 'Of the possible' are told by a second model, from other"
        " past campaigns.",
    )


def matrix(result: analysis.Result, cells: pd.DataFrame, key: str) -> None:
    """The numbers of a matrix: money, with sums."""
    table = figures.grid(result, cells)
    flat = pd.DataFrame({"Channel": table.index})
    for phase in result.phases:
        for tier in result.tiers:
            flat[f"{figures.headed(phase)}, {figures.TIERS.get(tier, tier).lower()}"] = table[
                (phase, tier)
            ].to_numpy()
    flat["In all"] = table.sum(axis=1).to_numpy()
    sums = flat.drop(columns="Channel").sum()
    flat = pd.concat([flat, pd.DataFrame([{"Channel": "In all", **sums}])], ignore_index=True)
    money = st.column_config.NumberColumn(format=f"{words.sign(result.currency)}%,.0f")
    with st.expander("The numbers"):
        parts.table(flat.round(2), key, column_config={name: money for name in flat.columns[1:]})


def bookings(result: analysis.Result, plan: str) -> None:
    """Whom to book when, for what, and what each should bring."""
    own = result.bookings.read().to_pandas()
    own = own[own["plan"] == plan]
    order = {name: at for at, name in enumerate(result.phases)}
    own = own.assign(at=own["phase"].map(order)).sort_values(["at", "price"], ascending=[True, False])
    unit = {"effect": "points", "sales": words.sign(result.currency).strip(), "reach": "reads"}[result.goal]
    shown = pd.DataFrame(
        {
            "Creator": own["creator_id"].astype(str), "Phase": own["phase"].map(figures.headed),
            "Channel": own["channel"],
            "Size": own["tier"].map(figures.TIERS).fillna(own["tier"]), "Price": own["price"],
            f"Expected ({unit})": own["value"].map(_three), "from": own["low"].map(_three),
            "to": own["high"].map(_three),
        }
    )  # fmt: skip
    parts.table(
        shown, f"campaign-bookings-{plan}",
        column_config={
            "Price": st.column_config.NumberColumn(format=f"{words.sign(result.currency)}%,.0f"),
            **{name: st.column_config.NumberColumn(format="localized") for name in shown.columns[5:]},
        },
        note=f"{words.plural(own['creator_id'].nunique(), 'creator')} in {words.plural(len(own), 'booking')} for"
        f" {parts.plain(words.money(round(float(own['price'].sum())), result.currency))}. Expected: its part of"
        " what the plan brings until the campaign ends, with the 80% interval of one booking.",
    )  # fmt: skip


def _three(value: float) -> float:
    """Three digits: an interval this wide supports no more."""
    return float(f"{value:.3g}") if np.isfinite(value) else value


def scores(result: analysis.Result) -> None:
    def told(metric: str, value: float) -> str:
        if not np.isfinite(value):
            return words.MISSING
        if metric in ("interval coverage", "WAPE of campaigns"):
            return words.share(value, 0)
        return (
            f"{value:.2f}"
            if metric.startswith("R2")
            else f"{value:,.3g}"
            if value < 1_000
            else f"{value:,.0f}"
        )

    own = result.scores
    shown = pd.DataFrame(
        {
            "": [_SCORES.get(metric, metric) for metric in own["metric"]],
            "Model": [told(*row) for row in zip(own["metric"], own["model"], strict=True)],
            "Floor": [told(*row) for row in zip(own["metric"], own["floor"], strict=True)],
        }
    )
    parts.table(
        shown,
        "campaign-scores",
        note="On past campaigns that the model has not seen. Floor: what creators of this channel and size usually"
        " bring for their price.",
    )


_SCORES = {
    "R2 of log result": "Share of the differences foretold (R² of the log result)",
    "MAE": "Off by, on average (MAE)",
    "WAPE of campaigns": "Whole campaigns off by (WAPE)",
    "interval coverage": "Results inside their 80% interval",
}


def replanning(result: analysis.Result) -> pd.DataFrame:
    own = result.replanning
    return pd.DataFrame(
        {
            "Plan": own["plan"].map(figures.names(result)).fillna(own["plan"]),
            "Kept": [figures.told(result, value) for value in own["static"]],
            "Planned anew": [figures.told(result, value) for value in own["replanned"]],
            "Gain": [f"{gain:+.1%} ({between(low, high)})"
                     for gain, low, high in own[["gain", "low", "high"]].to_numpy()],
            "Against the solver's plan kept": [
                f"{gain:+.1%} ({between(low, high)})"
                for gain, low, high in own[["ahead", "ahead_low", "ahead_high"]].to_numpy()
            ],
        }
    )  # fmt: skip
