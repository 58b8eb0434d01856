"""Curves of a yes-or-no question on the test part. Pure: a Result and a task in, a figure out or None."""

from __future__ import annotations

import plotly.graph_objects as go

from socialml.analyses.customers import Result
from socialml.figures.customers_tree import line_of, of_task
from socialml.figures.theme import BLUE, GREY, titled

POSITIVES = {
    "purchase": "buyers",
    "purchase_high_value": "buyers",
    "purchase_potential": "buyers",
    "high_value": "high-value customers",
    "potential": "potential customers",
    "churn": "leavers",
}


def positives(result: Result, task: str) -> str:
    """What those are called whom a yes-or-no question looks for: 'buyers', 'rows with 'yes''."""
    names = next(item["classes"] for item in result.tasks if item["task"] == task)
    return POSITIVES.get(task, f"rows with '{names[-1]}'")


def roc(result: Result, task: str) -> go.Figure | None:
    own = of_task(result.curves, task, "roc")
    if not len(own):
        return None
    figure = line_of(own["fpr"], own["tpr"], "Model")
    _diagonal(figure)
    titled(figure, "How many are found for how many false alarms", "Test part. Dashed: chance.")
    figure.update_layout(
        xaxis_title="False alarms (of the negatives)", yaxis_title="Found (of the positives)", height=380
    )
    return _percent(figure)


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
    return _percent(figure)


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
    return _percent(figure)


def gain(result: Result, task: str) -> go.Figure | None:
    own = of_task(result.curves, task, "gain")
    if not len(own):
        return None
    figure = line_of(own["contacted"], own["captured"], "Model")
    _diagonal(figure)
    at = own.iloc[(own["contacted"] - 0.2).abs().argsort()[:1]].iloc[0]
    titled(
        figure,
        f"The likeliest {at['contacted']:.0%} hold {at['captured']:.0%} of the {positives(result, task)}",
        f"{at['lift']:.2f} times the average (lift). Test part, likeliest first. Dashed: in any order.",
    )
    figure.update_layout(
        xaxis_title="Contacted (of all)", yaxis_title="Reached (of those looked for)", height=300
    )
    return _percent(figure)


def lift(result: Result, task: str) -> go.Figure | None:
    own = of_task(result.curves, task, "gain")
    if not len(own):
        return None
    figure = line_of(own["contacted"], own["lift"], "Model")
    figure.add_hline(y=1, line={"color": GREY, "dash": "dash", "width": 1.5})
    titled(
        figure, f"At the top of the list {own['lift'].iloc[0]:.1f} times as many as on average", "Test part."
    )
    figure.update_layout(xaxis_title="Contacted (of all)", yaxis_title="Times the average (lift)", height=380)
    figure.update_xaxes(tickformat=".0%", nticks=6)
    figure.update_yaxes(rangemode="tozero")
    return figure


def _percent(figure: go.Figure) -> go.Figure:
    """Both axes in percent, few enough ticks for a phone."""
    figure.update_xaxes(tickformat=".0%", nticks=6)
    figure.update_yaxes(tickformat=".0%", nticks=6)
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
