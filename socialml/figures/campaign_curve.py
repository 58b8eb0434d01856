"""Charts of the Campaign budget page: what more or less money brings. Pure: a Result in, a figure out."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from socialml import words
from socialml.analyses.campaign import Result
from socialml.figures.campaign import GOALS, LEARNED, names, told
from socialml.figures.theme import BLUE, GREY, titled

_AHEAD = 4.0  # times the budget that are drawn: further out a curve hides what is near


def response(result: Result, budget: float | None = None) -> go.Figure:
    """Above what each budget brings, with its interval, the usual split, the learned plan and the bound; below what the
    next money brings. budget: where the reader looks, beside the run's own."""
    own = result.curve.sort_values("budget")
    until = max(_AHEAD * result.budget, 1.3 * (budget or 0.0))
    own = own[(own["budget"] <= until) | (own["budget"].rank() <= 3)]
    # The bound is known on the forecasts that made the plans: drawn as far above the plan as it is there.
    own = own.assign(most=own["effect_winner"] * own["bound"] / own["score_a"].where(own["score_a"] > 0))
    sign, money = words.sign(result.currency), own["budget"].to_numpy()
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.08, row_heights=[0.68, 0.32])
    x = money.tolist()
    figure.add_scatter(
        row=1, col=1, x=x + x[::-1], y=[*own["effect_high"], *own["effect_low"].iloc[::-1]], fill="toself",
        fillcolor="rgba(0,114,178,0.18)", line_width=0, mode="lines", hoverinfo="skip", showlegend=False,
    )  # fmt: skip
    lines = [("effect_winner", "Recommended", BLUE, "solid"), ("template", "Usual split", GREY, "dash"),
             ("ddpg", names(result).get("ddpg", "Learned agent (DDPG)"), LEARNED, "dot"),
             ("most", "At most possible (bound)", GREY, "dashdot")]  # fmt: skip
    for column, name, colour, dash in lines:
        if not own[column].notna().any():
            continue
        figure.add_scatter(
            row=1, col=1, x=x, y=own[column], mode="lines", name=name,
            line={"color": colour, "dash": dash, "width": 1.5 if column == "most" else 2.5},
            customdata=[told(result, value) for value in own[column]],
            hovertemplate=f"{sign}%{{x:,.0f}}: %{{customdata}}<extra>{name}</extra>",
        )  # fmt: skip
    here = point(result, result.budget)
    figure.add_scatter(
        row=1, col=1, x=[result.budget], y=[here], mode="markers", name="This run", showlegend=False,
        marker={"color": BLUE, "size": 13, "line": {"color": "white", "width": 2}},
        hovertemplate=f"This run, {sign}%{{x:,.0f}}: {told(result, here)}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        row=2, col=1, x=x, y=own["marginal"] * 1_000, mode="lines", showlegend=False,
        line={"color": BLUE, "width": 2.5},
        hovertemplate=f"at {sign}%{{x:,.0f}}: %{{y:.3~g}} from the next {sign}1,000<extra></extra>",
    )  # fmt: skip
    for at, dash in ((result.budget, "solid"), (budget, "dot")):
        if at is not None:
            figure.add_vline(x=at, line={"color": GREY, "width": 1, "dash": dash})
    double = (
        point(result, 2 * result.budget) / here - 1 if here > 0 and 2 * result.budget <= money[-1] else None
    )
    titled(
        figure,
        "What more or less money would bring" if double is None
        else f"Twice the money would bring {double:.0%} more",
        "Band: 95% interval. The dot is this run's budget. Forecast.",
    )  # fmt: skip
    figure.update_xaxes(tickprefix=sign, tickformat="~s", nticks=6, rangemode="tozero")
    figure.update_xaxes(title="Budget", row=2, col=1)
    unit = "" if result.goal == "reach" else f" ({sign.strip() if result.goal == 'sales' else 'points'})"
    figure.update_yaxes(title=f"{GOALS[result.goal]}{unit}", rangemode="tozero", row=1, col=1)
    figure.update_yaxes(title=f"Per {sign}1,000 more", rangemode="tozero", nticks=4, row=2, col=1)
    figure.update_layout(height=520, legend={"y": 1.02})
    return figure


def point(result: Result, budget: float) -> float:
    """What the recommended plan brings at a budget, between those of the curve."""
    own = result.curve.sort_values("budget")
    return float(np.interp(budget, own["budget"], own["effect_winner"]))
