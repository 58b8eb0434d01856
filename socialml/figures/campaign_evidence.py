"""Charts of the Campaign budget page: whether to believe it. Pure: a Result in, a figure out."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from socialml import words
from socialml.analyses.campaign import Result
from socialml.figures.campaign import GOALS, LEARNED, names
from socialml.figures.campaign_training import learning
from socialml.figures.live_policy import around_zero
from socialml.figures.theme import BLUE, GREY, safe, titled, wrap


def forecasts(result: Result) -> go.Figure | None:
    """Foretold and real results of bookings held out, on log scales."""
    own = result.predicted
    own = own[(own["predicted"] > 0) & (own["real"] > 0)]
    if "held out" in own:
        own = own[own["held out"].astype(bool)]
    if not len(own):
        return None
    inside = ((own["real"] >= own["low"]) & (own["real"] <= own["high"])).to_numpy()
    figure = go.Figure()
    for kept, name, colour, symbol in ((inside, "Inside the 80% interval", BLUE, "circle"),
                                       (~inside, "Outside", LEARNED, "x")):  # fmt: skip
        part = own[kept]
        figure.add_scattergl(
            x=part["predicted"], y=part["real"], mode="markers", name=name, text=part["creator_id"].map(safe),
            marker={"color": colour, "size": 5, "opacity": 0.55, "symbol": symbol},
            hovertemplate="%{text}: foretold %{x:,.3~g}, real %{y:,.3~g}<extra></extra>",
        )  # fmt: skip
    ends = [float(own[["predicted", "real"]].min().min()), float(own[["predicted", "real"]].max().max())]
    figure.add_scatter(x=ends, y=ends, mode="lines", line={"color": GREY, "dash": "dash"}, hoverinfo="skip",
                       showlegend=False)  # fmt: skip
    titled(
        figure,
        f"{inside.mean():.0%} of {words.count(len(own))} bookings came out inside their 80% interval",
        "Bookings of campaigns the model has not seen. On the dashed line: exactly as foretold. Log scales.",
    )
    unit = {"effect": "points", "sales": words.sign(result.currency).strip(), "reach": "reads"}[result.goal]
    figure.update_xaxes(type="log", title=f"Foretold ({unit})", tickformat="~s", dtick=1)
    figure.update_yaxes(type="log", title=f"Real ({unit})", tickformat="~s", dtick=1)
    figure.update_layout(height=420, legend={"y": 1.02})
    return figure


def importances(result: Result) -> go.Figure | None:
    """What the forecasts rest on: how much worse they are without each column."""
    own = result.importances.sort_values("importance").tail(8)
    own = own[own["importance"] > 0]
    if not len(own):
        return None
    called = [wrap(str(name).replace("_", " ").capitalize(), 18) for name in own["column"]]
    figure = go.Figure(
        go.Bar(x=own["importance"], y=called, orientation="h", marker_color=BLUE,
               hovertemplate="%{y}: %{x:.3~g}<extra></extra>")
    )  # fmt: skip
    titled(figure, f"Forecasts rest most on: {str(own['column'].iloc[-1]).replace('_', ' ')}",
           "How much worse they are without it.")  # fmt: skip
    figure.update_xaxes(title="Importance", rangemode="tozero", tickformat=".2~g")
    figure.update_layout(height=110 + 32 * len(own))
    return figure


def replanning(result: Result) -> go.Figure | None:
    """What planning the rest anew after each phase adds, where channels run hot and cold."""
    own = result.replanning.dropna(subset=["gain"])
    if not len(own):
        return None
    called = [wrap(names(result).get(plan, plan), 18) for plan in own["plan"]][::-1]
    own = own.iloc[::-1]
    figure = go.Figure()
    figure.add_scatter(
        x=own["gain"], y=called, mode="markers", showlegend=False,
        marker={"color": [BLUE if plan == result.winner else LEARNED if plan == "ddpg" else GREY
                          for plan in own["plan"]], "size": 12},
        error_x={"type": "data", "symmetric": False, "array": own["high"] - own["gain"],
                 "arrayminus": own["gain"] - own["low"], "color": GREY},
        hovertemplate="%{y}: %{x:+.1%}<extra></extra>",
    )  # fmt: skip
    figure.add_vline(x=0, line={"color": GREY, "dash": "dash", "width": 1.5})
    best = own.iloc[int(np.argmax(own["gain"].to_numpy()))]
    sure = best["low"] > 0
    titled(
        figure,
        f"Planning anew after each phase brings {best['gain']:+.1%}" if sure
        else "Planning anew after each phase brings nothing for certain",
        "Simulated campaigns in which channels run hot and cold. Against the same plan kept. Whiskers: 95%.",
    )  # fmt: skip
    figure.update_xaxes(tickformat="+.0%" if float(own["gain"].abs().max()) >= 0.05 else "+.1%", nticks=6,
                        range=around_zero(own["low"].min(), own["high"].max()),
                        title=f"{GOALS[result.goal]} gained by planning anew")  # fmt: skip
    figure.update_layout(height=130 + 46 * len(own))
    return figure


def training(result: Result) -> go.Figure | None:
    """Return and losses while the agent learned; None where nothing was trained."""
    own = result.training
    return learning({name: own[name].tolist() for name in own.columns}) if len(own) else None
