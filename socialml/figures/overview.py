"""Charts of the Overview. Pure: numbers in, figure out."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from socialml import words
from socialml.features.overview import Overview
from socialml.figures.theme import safe

BLUE, ORANGE, GREY = "#0072B2", "#E69F00", "#999999"


def revenue(data: Overview, currency: str) -> go.Figure:
    """Revenue by month; a month that is not over is drawn light."""
    months = data.months
    full = months[months["complete"]]
    title = "Revenue by month"
    if len(full) >= 13 and full["revenue"].iloc[-13] > 0:
        ratio = full["revenue"].iloc[-1] / full["revenue"].iloc[-13]
        against = f"{ratio:.1f} times that of" if ratio >= 2 else f"{ratio - 1:+.1%} against"
        title = f"Revenue in {full['month'].iloc[-1]:%B %Y} was {against} a year before"
    figure = go.Figure(
        go.Bar(
            x=months["month"],
            y=months["revenue"],
            marker_color=[BLUE if complete else "#9ecae1" for complete in months["complete"]],
            hovertemplate="%{x|%B %Y}: " + words.sign(currency) + "%{y:,.0f}<extra></extra>",
        )
    )
    figure.update_layout(title=title, yaxis_title=f"Revenue, net of refunds ({words.sign(currency).strip()})")
    figure.update_yaxes(rangemode="tozero", tickformat="~s")
    return figure


def conversion(data: Overview) -> go.Figure | None:
    """Share of each month's visitors who bought in that month, with 95% Wilson intervals; None without visits."""
    months = data.months[data.months["visitors"] > 0]
    if months.empty:
        return None
    rate, low, high = wilson(months["converted"], months["visitors"])
    figure = go.Figure(
        go.Scatter(
            x=months["month"],
            y=rate,
            mode="lines+markers",
            line_color=BLUE,
            marker_size=9,
            error_y={"array": high - rate, "arrayminus": rate - low, "thickness": 1.5},
            customdata=months["visitors"],
            hovertemplate="%{x|%B %Y}: %{y:.1%} of %{customdata:,} visitors bought<extra></extra>",
        )
    )
    title = f"{rate.iloc[-1]:.1%} of the visitors of {months['month'].iloc[-1]:%B %Y} bought something"
    figure.update_layout(title=title, yaxis_title="Visitors who bought (%)")
    figure.update_yaxes(rangemode="tozero", tickformat=".0%")
    figure.update_xaxes(tickformat="%b %Y", dtick="M1")
    return figure


def wilson(hits: pd.Series, tries: pd.Series) -> tuple[pd.Series, pd.Series, pd.Series]:
    z, rate = 1.96, hits / tries
    middle = (rate + z**2 / (2 * tries)) / (1 + z**2 / tries)
    half = z / (1 + z**2 / tries) * (rate * (1 - rate) / tries + z**2 / (4 * tries**2)) ** 0.5
    return rate, middle - half, middle + half


def hours(data: Overview) -> go.Figure:
    """Rows and purchases by hour of day, each as a share of its own day."""
    frame = data.hours.set_index("hour").reindex(range(24), fill_value=0)
    figure = go.Figure()
    for column, name, colour in (("rows", "All actions", GREY), ("purchases", "Purchases", BLUE)):
        if frame[column].sum() and not (column == "rows" and frame["rows"].equals(frame["purchases"])):
            figure.add_scatter(
                x=frame.index,
                y=frame[column] / frame[column].sum(),
                name=name,
                mode="lines+markers",
                line_color=colour,
                hovertemplate=f"%{{x}}:00: %{{y:.1%}} of {name.lower()}<extra></extra>",
            )
    counted = "purchases" if frame["purchases"].sum() else "rows"
    figure.update_layout(
        title=f"Most {'purchases' if counted == 'purchases' else 'actions'} come at {frame[counted].idxmax()}:00",
        xaxis_title="Hour of day",
        yaxis_title="Share of the day (%)",
        legend={"orientation": "h", "y": -0.25},
    )
    figure.update_yaxes(rangemode="tozero", tickformat=".0%")
    figure.update_xaxes(dtick=3, range=[-0.5, 23.5])
    return figure


def bars(frame: pd.DataFrame, what: str, currency: str) -> go.Figure | None:
    """Revenue by platform or category, best on top; None where the data has no such column."""
    if frame.empty:
        return None
    shown = frame.sort_values("revenue")
    total = frame["revenue"].sum()
    best = frame.iloc[0]
    figure = go.Figure(
        go.Bar(
            x=shown["revenue"],
            y=[safe(name) for name in shown["name"]],
            orientation="h",
            marker_color=BLUE,
            text=[words.short_money(value, currency) for value in shown["revenue"]],
            textposition="auto",
            hovertemplate="%{y}: " + words.sign(currency) + "%{x:,.0f}<extra></extra>",
        )
    )
    first = safe(best["name"])
    title = f"{first} brings most revenue"
    if total > 0:
        title = f"{first} brings {best['revenue'] / total:.0%} of revenue"
    figure.update_layout(
        title=title, xaxis_title=f"Revenue ({words.sign(currency).strip()})", yaxis_title=what
    )
    figure.update_xaxes(tickformat="~s")
    figure.update_yaxes(type="category")
    return figure


def tail(data: Overview) -> go.Figure | None:
    """Revenue over products from best to worst seller; None where products are unknown."""
    if data.products < 2:
        return None
    top = data.tail[data.tail["product_share"] <= 0.2]["revenue_share"].max()
    figure = go.Figure(
        go.Scatter(
            x=data.tail["product_share"],
            y=data.tail["revenue_share"],
            mode="lines",
            line_color=BLUE,
            fill="tozeroy",
            hovertemplate="The best-selling %{x:.0%} of products bring %{y:.0%} of revenue<extra></extra>",
        )
    )
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": GREY, "dash": "dot"},
        hoverinfo="skip",
        showlegend=False,
    )
    title = f"The long tail of {data.products:,} products"
    if top == top:
        title = f"The best-selling fifth of {data.products:,} products brings {top:.0%} of revenue"
    figure.update_layout(
        title=title,
        xaxis_title="Products, from best to worst seller (%)",
        yaxis_title="Revenue, added up (%)",
        showlegend=False,
    )
    figure.update_xaxes(tickformat=".0%", range=[0, 1])
    figure.update_yaxes(tickformat=".0%", range=[0, 1.02])
    return figure
