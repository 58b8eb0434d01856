"""Charts of the Live policy page: whether to believe it. Pure: a Result in, a figure out."""

from __future__ import annotations

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from socialml import words
from socialml.analyses.live_policy import Result
from socialml.figures import curve
from socialml.figures.live_policy import around_zero, headroom, names
from socialml.figures.theme import BLUE, GREY, SEGMENT_COLOURS, titled, wrap

CHECKED = {
    "conversion": "Orders a recommendation",
    "interactions": "Interactions a recommendation",
    "revenue": "Revenue a recommendation",
    "visits": "Visits a viewer",
}
ESTIMATORS = {
    "ips": "Weighed by chance (IPS)",
    "snips": "Weighed, normalised (SNIPS)",
    "dm": "Modelled (direct method)",
    "dr": "Both (doubly robust)",
}
_SYMBOLS = ("circle", "square", "diamond", "triangle-up")


def errors(result: Result) -> go.Figure | None:
    """How far the simulator is off for today's policy, in all and by segment, on viewers it has not seen."""
    own = result.certificate[result.certificate["by"].isin(["all", "segment"])]
    if not len(own):
        return None
    order = [wrap(str(name), 20) for name in own["name"].drop_duplicates()][::-1]
    figure = go.Figure()
    for metric, colour, symbol in zip(CHECKED, SEGMENT_COLOURS, _SYMBOLS, strict=False):
        part = own[own["metric"] == metric]
        figure.add_scatter(
            x=part["error"], y=[wrap(str(name), 20) for name in part["name"]], mode="markers",
            name=CHECKED[metric], marker={"color": colour, "size": 11, "symbol": symbol},
            customdata=part["impressions"],
            hovertemplate="%{y}: %{x:+.1%} in %{customdata:,} recommendations<extra>" + metric + "</extra>",
        )  # fmt: skip
    figure.add_vline(x=0, line={"color": GREY, "dash": "dash", "width": 1.5})
    whole = own[own["by"] == "all"]["error"].abs().max()
    titled(
        figure,
        f"Over all viewers it has not seen, the simulator is off by {words.share(float(whole), 0)} at most",
        "Today's policy replayed: simulated against real. Zero is exact.",
    )
    figure.update_xaxes(tickformat=".0%", range=around_zero(own["error"].min(), own["error"].max()))
    figure.update_yaxes(categoryorder="array", categoryarray=order)
    figure.update_layout(
        height=150 + 40 * len(order), legend={"y": 1.02}, xaxis_title="Simulated against real"
    )
    return figure


def weeks(result: Result) -> go.Figure | None:
    """Real and simulated metrics of today's policy, week by week."""
    own = result.certificate[result.certificate["by"] == "week"]
    if not len(own):
        return None
    figure = make_subplots(
        rows=len(CHECKED), cols=1, vertical_spacing=0.09, subplot_titles=list(CHECKED.values())
    )
    for at, metric in enumerate(CHECKED, start=1):
        part = own[own["metric"] == metric]
        for column, colour, dash in (("real", GREY, "solid"), ("simulated", BLUE, "dash")):
            figure.add_scatter(
                row=at, col=1, x=part["name"].astype(int), y=part[column], mode="lines+markers",
                name=column.capitalize(), showlegend=at == 1, line={"color": colour, "dash": dash, "width": 2},
                hovertemplate="week %{x}: %{y:.3~g}<extra>" + column + "</extra>",
            )  # fmt: skip
        figure.update_yaxes(
            rangemode="tozero", nticks=4, tickformat=".0%" if metric == "conversion" else "~g", row=at, col=1
        )
        figure.update_xaxes(
            showticklabels=at == len(CHECKED), dtick=1 if len(part) <= 13 else None, row=at, col=1
        )
    figure.update_xaxes(title="Week of the log", row=len(CHECKED), col=1)
    figure.update_annotations(x=0, xanchor="left", font_size=13)
    headroom(figure, 0.93)
    titled(figure, "Simulated and real, week by week", "Today's policy, viewers the simulator has not seen.")
    figure.update_layout(height=640, legend={"y": 1.05})
    return figure


def off_policy(result: Result) -> go.Figure | None:
    """What the log alone says of each policy, by four estimators; dashed: what today's policy earned."""
    own = result.off_policy
    if not len(own):
        return None
    called = names(result)
    policies = list(dict.fromkeys(own["policy"]))
    figure = go.Figure()
    present = [name for name in ESTIMATORS if (own["estimator"] == name).any()]
    for at, name in enumerate(present):
        part = own[own["estimator"] == name]
        shift = 0.2 * (len(present) - 1) / 2 - 0.2 * at
        figure.add_scatter(
            x=part["value"], y=[len(policies) - policies.index(policy) + shift for policy in part["policy"]],
            mode="markers", name=ESTIMATORS[name],
            marker={"color": SEGMENT_COLOURS[at], "size": 10, "symbol": _SYMBOLS[at]},
            error_x={"type": "data", "symmetric": False, "array": part["high"] - part["value"],
                     "arrayminus": part["value"] - part["low"]},
            hovertemplate=words.sign(result.currency) + "%{x:.2f}<extra>" + ESTIMATORS[name] + "</extra>",
        )  # fmt: skip
    figure.add_vline(x=float(own["logged"].iloc[0]), line={"color": GREY, "dash": "dash", "width": 1.5})
    titled(
        figure,
        "What the log alone says, without the simulator",
        "Worth of one recommendation at once, with 95% intervals. Dashed: what today's policy earned.",
    )
    figure.update_yaxes(
        tickvals=[len(policies) - i for i in range(len(policies))],
        ticktext=[wrap(called.get(policy, policy), 18) for policy in policies],
    )
    sign = words.sign(result.currency).strip()
    figure.update_layout(
        height=170 + 62 * len(policies), legend={"y": 1.02}, xaxis_title=f"Worth of a recommendation ({sign})"
    )
    return figure


def training(result: Result) -> go.Figure | None:
    """The return a viewer while the policy learned."""
    return curve.training(
        {"step": result.curve["step"].tolist(), "training": result.curve["return"].tolist()}
    )
