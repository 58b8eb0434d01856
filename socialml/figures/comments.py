"""Charts of how comments sound. Pure: numbers in, figure out."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from socialml.features.comments import Summary
from socialml.figures.overview import wilson
from socialml.figures.theme import BLUE, HARM, safe


def months(data: Summary) -> go.Figure | None:
    """Shares of praise and of complaints by month with 95% Wilson intervals; None without scored comments."""
    frame = data.months
    if frame.empty:
        return None
    figure = go.Figure()
    for column, name, colour, symbol in (
        ("positive", "Praise", BLUE, "circle"),
        ("negative", "Complaints", HARM, "square"),
    ):
        rate, low, high = wilson(frame[column], frame["comments"])
        figure.add_scatter(
            x=frame["month"],
            y=rate,
            name=name,
            mode="lines+markers",
            line_color=colour,
            marker={"size": 9, "symbol": symbol},
            error_y={"array": high - rate, "arrayminus": rate - low, "thickness": 1.5},
            customdata=frame["comments"],
            hovertemplate=f"%{{x|%B %Y}}: %{{y:.1%}} {name.lower()} of %{{customdata:,}} comments<extra></extra>",
        )
    share = frame["negative"].iloc[-1] / frame["comments"].iloc[-1]
    figure.update_layout(
        title=f"{share:.0%} of the comments of {frame['month'].iloc[-1]:%B %Y} complain",
        yaxis_title="Comments (%)",
        legend={"orientation": "h", "y": -0.25},
    )
    figure.update_yaxes(rangemode="tozero", tickformat=".0%")
    figure.update_xaxes(tickformat="%b %Y", dtick="M1")
    return figure


def categories(data: Summary) -> go.Figure | None:
    """Share of complaints by category with 95% Wilson intervals, most on top; None where no category has enough."""
    if data.categories.empty:
        return None
    frame: pd.DataFrame = data.categories.head(12).iloc[::-1]
    rate, low, high = wilson(frame["negative"], frame["comments"])
    figure = go.Figure(
        go.Bar(
            x=rate,
            y=[safe(name) for name in frame["category"]],
            orientation="h",
            marker_color=HARM,
            error_x={"array": high - rate, "arrayminus": rate - low, "thickness": 1.5},
            customdata=frame["comments"],
            hovertemplate="%{y}: %{x:.1%} of %{customdata:,} comments complain<extra></extra>",
        )
    )
    worst = data.categories.iloc[0]
    figure.update_layout(
        title=f"{safe(worst['category'])}: {worst['negative'] / worst['comments']:.0%} of comments complain",
        xaxis_title="Comments that complain (%)",
        yaxis_title="Category",
    )
    figure.update_xaxes(rangemode="tozero", tickformat=".0%")
    figure.update_yaxes(type="category")
    return figure
