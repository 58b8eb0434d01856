"""Charts of the Customers page. Pure: a Result and a task in, a figure out (None where there is none)."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from socialml import words
from socialml.analyses.customers import Result
from socialml.figures.customers_curves import calibration, gain, lift, positives, precision_recall, roc
from socialml.figures.customers_tree import NODES_MOST, importance, line_of, of_task, pruning, tree
from socialml.figures.theme import BLUE, GREY, HARM, safe, titled, wrap

__all__ = [
    "NODES_MOST", "calibration", "confusion", "enough", "fairness", "gain", "importance", "lift", "models", "of_task",
    "positives", "precision_recall", "precursors", "profit", "pruning", "roc", "tree", "units",
]  # fmt: skip

BASE_LEAST = 10  # of those a score of a group is taken over
GROUPS_MOST = 12  # of an attribute; the table has all


def units(result: Result) -> str:
    return "rows" if result.kind == "records" else "customers"


def models(result: Result, task: str) -> go.Figure:
    """The share of pairs that each model and simple rule ranks rightly (ROC AUC), with its interval."""
    own = of_task(result.scores, task)
    own = own[own["metric"] == "roc_auc"].sort_values("value")
    figure = go.Figure()
    for floor, name, colour in ((False, "Models", BLUE), (True, "Simple rules", GREY)):
        part = own[own["floor"] == floor]
        figure.add_scatter(
            x=part["value"],
            y=[wrap(label, 24) for label in part["label"]],
            mode="markers",
            name=name,
            marker={"color": colour, "size": 11, "symbol": "square" if floor else "circle"},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": part["high"] - part["value"],
                "arrayminus": part["value"] - part["low"],
            },
            hovertemplate="%{y}: %{x:.1%}<extra></extra>",
        )
    chosen, rules = own[own["chosen"]], own[own["floor"]]
    said = (
        f"{chosen['label'].iloc[0]} ranks {chosen['value'].iloc[0]:.0%} of pairs rightly"
        if len(chosen)
        else ""
    )
    beside = f", the best simple rule {rules['value'].max():.0%}" if len(rules) else ""
    titled(
        figure,
        f"{said}{beside}",
        "Test part, 95% intervals. The model was chosen before, on the validation part.",
    )
    figure.update_layout(
        xaxis_title="Pairs ranked rightly<br>(ROC AUC; 50% is chance)",
        height=140 + 34 * len(own),
        legend={"y": 1.02},
    )
    figure.update_xaxes(tickformat=".0%", nticks=6)
    figure.update_yaxes(categoryorder="array", categoryarray=[wrap(t, 24) for t in own["label"]])
    return figure


def confusion(result: Result, task: str) -> go.Figure:
    own = of_task(result.confusion, task)
    table = own.pivot_table(index="actual", columns="predicted", values="rows", sort=False)
    shares = table.div(table.sum(axis=1).replace(0, 1), axis=0)
    text = [
        [f"{int(n):,}<br>{s:.0%}" for n, s in zip(a, b, strict=True)]
        for a, b in zip(table.to_numpy(), shares.to_numpy(), strict=True)
    ]
    figure = go.Figure(
        go.Heatmap(
            z=shares.to_numpy(),
            x=[safe(name) for name in table.columns],
            y=[safe(name) for name in table.index],
            text=text,
            texttemplate="%{text}",
            # Opaque, so that white numbers are read on a light page and on a dark one.
            colorscale=[[0, "#6B7785"], [1, BLUE]],
            textfont={"color": "#FFFFFF", "size": 14},
            zmin=0,
            zmax=1,
            showscale=False,
            xgap=2,
            ygap=2,
            hovertemplate="was %{y}, told %{x}: %{text}<extra></extra>",
        )
    )
    right = sum(table.loc[name, name] for name in table.index) / max(table.to_numpy().sum(), 1)
    titled(figure, f"{right:.0%} are told rightly", "Test part. Each row adds up to 100%.")
    figure.update_layout(xaxis_title="Told", yaxis_title="Was", height=max(300, 140 + 70 * len(table)))
    figure.update_yaxes(autorange="reversed", type="category", showgrid=False)
    figure.update_xaxes(type="category", showgrid=False)
    return figure


def profit(result: Result, task: str, value: float, cost: float, threshold: float) -> go.Figure | None:
    """What contacting everybody from a chance on earns for each 1,000 customers, against all and none."""
    own = of_task(result.curves, task, "gain")
    if not len(own):
        return None
    earned = 1000 * (own["hits"] * value - own["n"] * cost) / max(float(own["n"].iloc[-1]), 1)
    figure = line_of(own["threshold"], earned, "From this chance on")
    # Downwards from a chance of 1: what is contacted stays the same until the next chance that somebody has.
    figure.update_traces(line_shape="hv", hovertemplate="from %{x:.0%} on: %{y:,.0f}<extra></extra>")
    for level, label, dash in ((float(earned.iloc[-1]), "contact all", "dash"), (0.0, "contact none", "dot")):
        figure.add_hline(
            y=level,
            line={"color": GREY, "dash": dash},
            annotation_text=label,
            annotation_position="bottom left" if level > 0 else "top left",
        )
    figure.add_vline(x=threshold, line={"color": HARM, "width": 2})
    best = int(earned.to_numpy().argmax())
    titled(
        figure,
        f"Most is earned from a chance of {own['threshold'].iloc[best]:.0%} on:"
        f" {words.money(round(float(earned.iloc[best])), result.currency)} for each 1,000 {units(result)}",
        "Measured on the test part. Upright line: the chance chosen above.",
    )
    figure.update_layout(
        xaxis_title="Contacted from this chance on",
        yaxis_title=f"Earned for each 1,000 {units(result)} ({words.sign(result.currency).strip()})",
        height=360,
    )
    figure.update_xaxes(tickformat=".0%", range=[0, 1], nticks=6)
    figure.update_yaxes(tickformat=",")
    return figure


def enough(groups: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The rows of `evaluation.fairness` whose score is taken over enough: 'found' of three buyers says nothing."""
    if not {metric, "positives", "selected"} <= set(groups):
        return groups.iloc[:0]  # no group is large enough for any score
    positives = groups["positives"].astype(float)
    base = {
        "recall": positives,
        "precision": (groups["n"] * groups["selected"]).round(),
        "roc_auc": positives.combine(groups["n"] - positives, min),
    }.get(metric, groups["n"])
    return groups[groups[metric].notna() & (base >= BASE_LEAST)]


def fairness(result: Result, task: str, attribute: str, metric: str, label: str) -> go.Figure | None:
    """One score of `evaluation.fairness` for the largest groups; label names it on the axis."""
    own = of_task(result.fairness, task)
    if not len(own) or metric not in own:
        return None
    known = enough(own[own["attribute"] == attribute], metric)
    if not len(known):
        return None
    own = known.nlargest(GROUPS_MOST, "n").iloc[::-1]
    figure = go.Figure(
        go.Scatter(
            x=own[metric],
            y=[safe(group) for group in own["group"]],
            mode="markers",
            marker={"size": 10, "color": BLUE},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": own[f"{metric}_high"] - own[metric],
                "arrayminus": own[metric] - own[f"{metric}_low"],
            },
            customdata=own["n"],
            hovertemplate="%{y}: %{x:.0%} (%{customdata:,} customers)<extra></extra>",
        )
    )
    shown = "" if len(own) == len(known) else f" The {len(own)} largest of {len(known)} groups."
    titled(figure, f"By {attribute}", f"Test part, 95% intervals; largest group on top.{shown}")
    figure.update_layout(xaxis_title=label, height=110 + 30 * len(own))
    low, high = float(own[f"{metric}_low"].min()), float(own[f"{metric}_high"].max())
    low = max(0.0, min(low, high - 0.1))  # so that a point of a percent does not look like a gulf
    figure.update_xaxes(tickformat=".0%", nticks=6, range=[low - 0.005, high + 0.005])
    figure.update_yaxes(type="category")
    return figure


def precursors(result: Result) -> go.Figure | None:
    """How leavers differed before they left, each bar with both means."""
    own = result.precursors.head(8).iloc[::-1]
    if not len(own):
        return None

    def told(value: float, name: str) -> str:
        return words.measured(value, result.feature_labels.get(name, ""), result.currency)

    both = [
        f"{told(row.leaves, row.feature)}, others {told(row.stays, row.feature)}" for row in own.itertuples()
    ]
    figure = go.Figure(
        go.Bar(
            x=own["difference"],
            y=[
                f"{wrap(str(name), 28)}<br><i>{text}</i>"
                for name, text in zip(own["feature"], both, strict=True)
            ],
            orientation="h",
            marker_color=[HARM if value > 0 else BLUE for value in own["difference"]],
            customdata=both,
            hovertemplate="%{customdata}<extra></extra>",
        )
    )
    titled(
        figure,
        f"Before they leave, leavers differ most in: {own['feature'].iloc[-1]} ({both[-1]})",
        "Means of leavers and of others, on the test part.",
    )
    figure.update_layout(
        xaxis_title="Lower or higher than others<br>(standard deviations)", height=130 + 48 * len(own)
    )
    return figure
