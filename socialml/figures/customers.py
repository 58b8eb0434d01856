"""Charts of the Customers page. Pure: a Result and a task in, a figure out (None where there is none)."""

from __future__ import annotations

from html import escape

import plotly.graph_objects as go

from socialml import words
from socialml.analyses.customers import Result
from socialml.figures.customers_tree import NODES_MOST, importance, line_of, of_task, pruning, tree
from socialml.figures.theme import BLUE, GREY, HARM, titled, wrap

__all__ = [
    "NODES_MOST", "calibration", "confusion", "fairness", "gain", "importance", "lift", "models",
    "precision_recall", "precursors", "profit", "pruning", "roc", "tree",
]  # fmt: skip


def models(result: Result, task: str) -> go.Figure:
    """ROC AUC of each model and floor with its interval."""
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
            hovertemplate="%{y}: %{x:.3f}<extra></extra>",
        )
    chosen = own[own["chosen"]]
    label = str(chosen["label"].iloc[0]) if len(chosen) else ""
    titled(
        figure,
        f"{label} was chosen on the validation part",
        "Area under the ROC curve, test part, 95% intervals.",
    )
    figure.update_layout(
        xaxis_title="ROC AUC (0.5 is chance)", height=140 + 34 * len(own), legend={"y": 1.02}
    )
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
            x=[escape(str(name)) for name in table.columns],
            y=[escape(str(name)) for name in table.index],
            text=text,
            texttemplate="%{text}",
            colorscale=[[0, "rgba(0,114,178,0.05)"], [1, "rgba(0,114,178,0.75)"]],
            showscale=False,
            xgap=2,
            ygap=2,
            hovertemplate="was %{y}, told %{x}: %{text}<extra></extra>",
        )
    )
    right = sum(table.loc[name, name] for name in table.index) / max(table.to_numpy().sum(), 1)
    titled(figure, f"{right:.0%} are told rightly", "Test part. Each row adds up to 100%.")
    figure.update_layout(xaxis_title="Told", yaxis_title="Was", height=140 + 70 * len(table))
    figure.update_yaxes(autorange="reversed", type="category")
    figure.update_xaxes(type="category")
    return figure


def roc(result: Result, task: str) -> go.Figure | None:
    own = of_task(result.curves, task, "roc")
    if not len(own):
        return None
    figure = line_of(own["fpr"], own["tpr"], "Model")
    _diagonal(figure)
    titled(figure, "How many are found for how many false alarms", "Test part. Dashed: chance.")
    figure.update_layout(
        xaxis_title="False alarms (share of negatives)", yaxis_title="Found (share of positives)", height=380
    )
    return figure


def precision_recall(result: Result, task: str) -> go.Figure | None:
    own = of_task(result.curves, task, "pr")
    if not len(own):
        return None
    figure = line_of(own["recall"], own["precision"], "Model")
    base = next((t["positive_share"] for t in result.tasks if t["task"] == task), None)
    if base is not None:
        figure.add_hline(y=base, line={"color": GREY, "dash": "dash", "width": 1.5})
    titled(figure, "How many of those called are right", "Test part. Dashed: calling everybody.")
    figure.update_layout(
        xaxis_title="Found (recall)", yaxis_title="Right among those called (precision)", height=380
    )
    figure.update_yaxes(rangemode="tozero")
    return figure


def calibration(result: Result, task: str) -> go.Figure | None:
    own = of_task(result.curves, task, "calibration")
    if not len(own):
        return None
    figure = go.Figure(
        go.Scatter(
            x=own["predicted"],
            y=own["observed"],
            mode="lines+markers",
            line_color=BLUE,
            showlegend=False,
            error_y={
                "type": "data",
                "symmetric": False,
                "array": own["high"] - own["observed"],
                "arrayminus": own["observed"] - own["low"],
            },
            customdata=own["n"],
            hovertemplate="told %{x:.0%}, came %{y:.0%} of %{customdata:,}<extra></extra>",
        )
    )
    _diagonal(figure)
    inside = ((own["low"] <= own["predicted"]) & (own["predicted"] <= own["high"])).sum()
    titled(
        figure,
        f"In {inside} of {len(own)} bands the told chance agrees with what came",
        "Test part, 95% intervals. Dashed: as told.",
    )
    figure.update_layout(xaxis_title="Told chance", yaxis_title="What came", height=380)
    return figure


def gain(result: Result, task: str) -> go.Figure | None:
    own = of_task(result.curves, task, "gain")
    if not len(own):
        return None
    figure = line_of(own["contacted"], own["captured"], "Model")
    _diagonal(figure)
    at = own.iloc[(own["contacted"] - 0.2).abs().argsort()[:1]].iloc[0]
    titled(
        figure,
        f"The best {at['contacted']:.0%} hold {at['captured']:.0%} of the positives: lift {at['lift']:.2f}",
        "Test part, likeliest first. Dashed: in any order.",
    )
    figure.update_layout(
        xaxis_title="Contacted (share of all)", yaxis_title="Reached (share of positives)", height=380
    )
    return figure


def lift(result: Result, task: str) -> go.Figure | None:
    own = of_task(result.curves, task, "gain")
    if not len(own):
        return None
    figure = line_of(own["contacted"], own["lift"], "Model")
    figure.add_hline(y=1, line={"color": GREY, "dash": "dash", "width": 1.5})
    titled(
        figure, f"At the top of the list {own['lift'].iloc[0]:.1f} times as many as on average", "Test part."
    )
    figure.update_layout(
        xaxis_title="Contacted (share of all)", yaxis_title="Times the average (lift)", height=340
    )
    figure.update_yaxes(rangemode="tozero")
    return figure


def profit(result: Result, task: str, value: float, cost: float, threshold: float) -> go.Figure | None:
    """What contacting everybody from a probability on earns, against all and none."""
    own = of_task(result.curves, task, "gain")
    if not len(own):
        return None
    earned = own["hits"] * value - own["n"] * cost
    figure = line_of(own["threshold"], earned, "From this chance on")
    everybody = float(earned.iloc[-1])
    figure.add_hline(y=everybody, line={"color": GREY, "dash": "dash"}, annotation_text="all")
    figure.add_hline(y=0, line={"color": GREY, "dash": "dot"}, annotation_text="none")
    figure.add_vline(x=threshold, line={"color": HARM, "width": 2})
    best = int(earned.to_numpy().argmax())
    titled(
        figure,
        f"Most is earned from {own['threshold'].iloc[best]:.0%} on:"
        f" {words.money(round(float(earned.iloc[best])), result.currency)}",
        "Of the test part. Line: the threshold chosen.",
    )
    figure.update_layout(
        xaxis_title="Least chance to be contacted",
        yaxis_title=f"Earned ({words.sign(result.currency).strip()})",
        height=360,
    )
    return figure


def fairness(result: Result, task: str, attribute: str, metric: str = "roc_auc") -> go.Figure | None:
    own = of_task(result.fairness, task)
    if not len(own) or metric not in own:
        return None
    own = own[(own["attribute"] == attribute) & own[metric].notna()].iloc[::-1]
    if not len(own):
        return None
    figure = go.Figure(
        go.Scatter(
            x=own[metric],
            y=[escape(str(group)) for group in own["group"]],
            mode="markers",
            marker={"size": 10, "color": BLUE},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": own[f"{metric}_high"] - own[metric],
                "arrayminus": own[metric] - own[f"{metric}_low"],
            },
            customdata=own["n"],
            hovertemplate="%{y}: %{x:.3f} (%{customdata:,} customers)<extra></extra>",
        )
    )
    overlap = own[f"{metric}_low"].max() <= own[f"{metric}_high"].min()
    titled(
        figure,
        f"By {attribute}: {'no group stands apart' if overlap else 'some groups differ by more than chance'}",
        "Test part, 95% intervals; groups that are too small are left out.",
    )
    figure.update_layout(xaxis_title=metric.replace("_", " "), height=120 + 30 * len(own))
    figure.update_yaxes(type="category")
    return figure


def precursors(result: Result) -> go.Figure | None:
    own = result.precursors.head(10).iloc[::-1]
    if not len(own):
        return None
    figure = go.Figure(
        go.Bar(
            x=own["difference"],
            y=[wrap(str(name), 28) for name in own["feature"]],
            orientation="h",
            marker_color=[HARM if value > 0 else BLUE for value in own["difference"]],
            customdata=own[["leaves", "stays"]],
            hovertemplate="%{y}: %{customdata[0]:.3g} before leaving, else %{customdata[1]:.3g}<extra></extra>",
        )
    )
    titled(
        figure,
        f"Before they leave: {own['feature'].iloc[-1]}",
        "Leavers against stayers, in standard deviations.",
    )
    figure.update_layout(xaxis_title="Difference (standard deviations)", height=140 + 32 * len(own))
    return figure


def _diagonal(figure: go.Figure) -> None:
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": GREY, "dash": "dash", "width": 1.5},
        showlegend=False,
        hoverinfo="skip",
    )
