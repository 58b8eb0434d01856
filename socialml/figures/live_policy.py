"""Charts of the Live policy page: what a policy would change. Pure: a Result in, a figure out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from socialml import words
from socialml.analyses.live_policy import Result
from socialml.figures.theme import BLUE, GREY, HARM, titled, wrap

AGENT = "#E69F00"  # the learned policy where another one is the winner
CLAIMED = ("conversion", "interactions", "revenue", "satisfaction")
_LABELS = {
    "conversion": "Orders a recommendation",
    "interactions": "Interactions a viewer",
    "revenue": "Revenue a viewer",
    "value": "Worth a viewer, by your weights",
}
_SHORT = {"conversion": "Conversion", "interactions": "Interactions", "revenue": "Revenue",
          "satisfaction": "Satisfaction", "value": "Worth"}  # fmt: skip


def label(result: Result, metric: str, short: bool = False) -> str:
    """A metric as people call it; satisfaction says where it comes from."""
    if short:
        return _SHORT[metric]
    if metric == "satisfaction":
        survey = result.satisfaction == "survey"
        return "Satisfaction (survey, 1 to 5)" if survey else "Back within 7 days (stands for satisfaction)"
    return _LABELS[metric]


def width(claim: Mapping[Any, Any]) -> float:
    """Of the wider interval of the two levels of a claim."""
    return max(claim[f"{which}_high"] - claim[f"{which}_low"] for which in ("before", "after"))


def is_share(result: Result, metric: str) -> bool:
    return metric == "conversion" or (metric == "satisfaction" and result.satisfaction != "survey")


def money(value: float, currency: str, wide: float) -> str:
    """An amount with no more digits than an interval so wide supports: '¥218', '-¥0.72'."""
    digits = 0 if wide >= 4 else 1 if wide >= 0.4 else 2
    return f"{'-' if round(value, digits) < 0 else ''}{words.sign(currency)}{abs(value):,.{digits}f}"


def told(result: Result, metric: str, value: float, wide: float = 1.0) -> str:
    """A level of a metric in its unit: '8.7%', '8.4', '¥218'. wide: of the interval it stands in."""
    if is_share(result, metric):
        return words.share(value)
    if metric in ("revenue", "value"):
        return money(value, result.currency, wide)
    return f"{value:.2f}" if metric == "satisfaction" else f"{value:.1f}"


def relative(value: float, low: float, high: float) -> str:
    """A relative change with its interval: '+12% (8 to 16)'."""
    return f"{100 * value:+.{_digits(low, high)}f}% ({between(low, high)})"


def between(low: float, high: float) -> str:
    """An interval of a relative change in percent: '8 to 16'."""
    digits = _digits(low, high)
    return " to ".join(f"{round(100 * bound, digits) + 0.0:.{digits}f}" for bound in (low, high))  # no '-0'


def _digits(low: float, high: float) -> int:
    """One where the interval is narrow, or where a bound would be told as 0 that is not."""
    return 0 if high - low >= 0.04 and min(abs(low), abs(high)) >= 0.005 else 1


def names(result: Result) -> dict[str, str]:
    """policy -> what it is called."""
    return dict(zip(result.ladder["policy"], result.ladder["label"], strict=True))


def colours(result: Result) -> dict[str, str]:
    return {"logged": GREY, result.agent: AGENT, **({result.winner: BLUE} if result.winner else {})} | (
        {"logged": GREY} if result.winner == "logged" else {}
    )


def before_after(result: Result, policy: str) -> go.Figure:
    """Left the two levels of each metric with their intervals, right the relative change with its own."""
    own = result.claims[result.claims["policy"] == policy].set_index("metric").loc[list(CLAIMED)]
    called = names(result)[policy]
    titles = [text for metric in CLAIMED for text in (wrap(label(result, metric), 60), "")]
    titles[1] = "Change (95%)"
    figure = make_subplots(
        rows=len(CLAIMED), cols=2, column_widths=[0.58, 0.42], horizontal_spacing=0.06, vertical_spacing=0.11,
        subplot_titles=titles,
    )  # fmt: skip
    bounds = around_zero(own["low"].min(), own["high"].max())
    for at, (metric, row) in enumerate(own.iterrows(), start=1):
        wide = width(row)
        for which, colour in (("after", BLUE), ("before", GREY)):
            level = row[which]
            figure.add_bar(
                row=at, col=1, x=[level], orientation="h", showlegend=False,
                marker={"color": colour, "opacity": 0.45, "line": {"color": colour, "width": 1}},
                y=[f"{'Today' if which == 'before' else 'New'}  {told(result, str(metric), level, wide)}"],
                error_x={"type": "data", "symmetric": False, "array": [row[f"{which}_high"] - level],
                         "arrayminus": [level - row[f"{which}_low"]], "color": colour, "thickness": 2.5},
                hovertemplate=f"{told(result, str(metric), row[f'{which}_low'], wide)} to"
                f" {told(result, str(metric), row[f'{which}_high'], wide)}<extra></extra>",
            )  # fmt: skip
        harm = row["high"] < 0
        figure.add_scatter(
            row=at, col=2, x=[row["relative"]], y=[0], mode="markers+text", showlegend=False,
            text=[f"{row['relative']:+.0%}"], textposition="top center", cliponaxis=False,
            marker={"color": HARM if harm else BLUE if row["better"] else GREY, "size": 12,
                    "symbol": "circle" if row["better"] or harm else "circle-open"},
            error_x={"type": "data", "symmetric": False, "array": [row["high"] - row["relative"]],
                     "arrayminus": [row["relative"] - row["low"]]},
            hovertemplate=relative(row["relative"], row["low"], row["high"]) + "<extra></extra>",
        )  # fmt: skip
        last = at == len(CLAIMED)
        figure.update_xaxes(row=at, col=1, visible=False, rangemode="tozero")
        figure.update_xaxes(row=at, col=2, range=bounds, tickformat=".0%", nticks=5,
                            showticklabels=last)  # fmt: skip
        figure.update_yaxes(row=at, col=2, visible=False, range=[-1, 1.6])
        figure.add_vline(x=0, line={"color": GREY, "dash": "dash", "width": 1.5}, row=at, col=2)  # type: ignore[arg-type]
    for note in figure.layout.annotations:
        note.update(xanchor="left", font_size=13, x=0.61 if note.text == titles[1] else 0)
    headroom(figure, 0.95)
    gain = own.loc["revenue"]
    titled(
        figure,
        f"{called}: revenue {relative(gain['relative'], gain['low'], gain['high'])} against today's policy",
        f"Simulated, over {result.weeks} weeks, for viewers it did not learn from. Whiskers: 95% interval. Hollow: may"
        " be chance.",
    )
    figure.update_layout(height=470, bargap=0.3)
    return figure


def headroom(figure: go.Figure, kept: float) -> None:
    """Room for the names of the upper subplots, which the page's margin has not. kept: of the height."""
    for axis in figure.select_yaxes():
        axis.domain = [kept * bound for bound in axis.domain]
    for note in figure.layout.annotations:
        note.y *= kept


def around_zero(low: float, high: float) -> list[float]:
    """An axis from low to high with zero and some room in it."""
    low, high = min(0.0, low), max(0.0, high)
    room = 0.12 * max(high - low, 0.01)
    return [low - room, high + room]


def ladder(result: Result) -> go.Figure:
    """What each policy is worth against today's, the simplest at the top; of the sample with the planted truth."""
    own = result.ladder.sort_values("rank", ascending=False)
    rungs = [_rung(result, row) for row in own.to_dict("records")]
    figure = go.Figure()
    for level, name, colour in ((False, "Behind the best", GREY), (True, "As good as the best", BLUE)):
        part = own[own["level"] == level]
        figure.add_scatter(
            x=part["gain"], y=[_rung(result, row) for row in part.to_dict("records")], mode="markers", name=name,
            marker={"color": colour, "size": 12, "symbol": "diamond" if level else "circle"},
            error_x={"type": "data", "symmetric": False, "array": part["gain_high"] - part["gain"],
                     "arrayminus": part["gain"] - part["gain_low"]},
            hovertemplate="%{y}: " + words.sign(result.currency) + "%{x:+,.2f}<extra></extra>",
        )  # fmt: skip
    true = true_gains(result)
    if true:
        called = dict(zip(own["policy"], rungs, strict=True))
        optimum = wrap(str(result.truth["label"].iloc[-1]), 18)
        figure.add_scatter(
            x=list(true.values()), y=[called.get(name, optimum) for name in true], mode="markers",
            name="True in the sample",
            marker={"size": 13, "symbol": "x-thin", "line": {"width": 3, "color": AGENT}},
            hovertemplate="%{y}, in truth: " + words.sign(result.currency) + "%{x:+,.2f}<extra></extra>",
        )  # fmt: skip
        rungs = [optimum, *rungs]
    figure.add_vline(x=0, line={"color": GREY, "dash": "dash", "width": 1.5})
    titled(
        figure,
        f"{result.winner_label} wins: the simplest that is as good as the best",
        "Simplest at the top. Whiskers: 95% interval against today's policy (dashed). Simulated.",
    )
    figure.update_layout(
        xaxis_title=f"Worth a viewer over {result.weeks} weeks, against today ({words.sign(result.currency).strip()})",
        height=160 + 46 * len(rungs), legend={"y": 1.02},
    )  # fmt: skip
    figure.update_yaxes(categoryorder="array", categoryarray=rungs)
    return figure


def true_gains(result: Result) -> dict[str, float]:
    """policy -> what it truly is worth against today's, where the truth is planted; the last knows every taste."""
    if not len(result.truth):
        return {}
    worth = dict(zip(result.truth["policy"], result.truth["value"].astype(float), strict=True))
    return {name: value - worth["logged"] for name, value in worth.items() if name != "logged"}


def _rung(result: Result, row: dict[str, Any]) -> str:
    text = wrap(str(row["label"]), 18)
    return f"<b>{text}</b>" if row["policy"] == result.winner else text


def weekly(result: Result, metric: str) -> go.Figure | None:
    """A metric by week for today's policy, the winner and the learned one; under it the difference to today's."""
    own = result.weekly[result.weekly["metric"] == metric]
    if not len(own):
        return None
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.12, row_heights=[0.5, 0.5])
    tone, called = colours(result), names(result)
    dashes = {"logged": "dash", result.winner: "solid"}
    for policy, part in own.groupby("policy", sort=False):
        colour = tone.get(str(policy), AGENT)
        line = {"color": colour, "dash": dashes.get(str(policy), "dot"), "width": 2.5}
        x = part["week"].tolist()
        hover = f"{called[str(policy)]}, week %{{x}}: %{{customdata}}<extra></extra>"
        figure.add_scatter(
            row=1, col=1, x=x, y=part["value"], mode="lines", name=called[str(policy)], line=line,
            customdata=[told(result, metric, value) for value in part["value"]], hovertemplate=hover,
        )  # fmt: skip
        if policy == "logged":
            continue
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        figure.add_scatter(
            row=2, col=1, x=x + x[::-1], y=[*part["high"], *part["low"][::-1]], fill="toself", showlegend=False,
            fillcolor=f"rgba({red},{green},{blue},0.22)", line_width=0, mode="lines", hoverinfo="skip",
        )  # fmt: skip
        figure.add_scatter(
            row=2, col=1, x=x, y=part["difference"], mode="lines", line=line, showlegend=False,
            customdata=[told(result, metric, value) for value in part["difference"]], hovertemplate=hover,
        )  # fmt: skip
    figure.add_hline(y=0, line={"color": GREY, "dash": "dash", "width": 1.5}, row=2, col=1)  # type: ignore[arg-type]
    titled(
        figure,
        f"{label(result, metric, short=True)} by week",
        "Above: the levels. Below: the difference to today's policy with its 95% interval. Simulated.",
    )
    share = is_share(result, metric)
    form = ".1%" if share else "~g"
    unit = f" ({words.sign(result.currency).strip()})" if metric in ("revenue", "value") else ""
    figure.update_yaxes(title=f"{label(result, metric, short=True)}{unit}", tickformat=form, row=1, col=1)
    figure.update_yaxes(
        title=f"Difference{unit}", tickformat="+.1%" if share else "+~g", row=2, col=1, nticks=5
    )
    figure.update_xaxes(title="Week", dtick=1 if own["week"].max() <= 12 else None, row=2, col=1)
    figure.update_layout(height=460, legend={"y": 1.02})
    return figure


def compare(result: Result, other: Result, called: tuple[str, str], policies: tuple[str, str]) -> go.Figure:
    """The relative change of each metric in two runs. called: the runs; policies: whose claim is shown of each."""
    figure = go.Figure()
    rows = list(CLAIMED)
    ends = []
    for at, (one, name, policy) in enumerate(zip((result, other), called, policies, strict=True)):
        own = one.claims[one.claims["policy"] == policy].set_index("metric").loc[rows]
        ends += [own["low"].min(), own["high"].max()]
        figure.add_scatter(
            x=own["relative"], y=[len(rows) - i + (0.14 if at == 0 else -0.14) for i in range(len(rows))],
            mode="markers", name=name,
            marker={"color": (BLUE, AGENT)[at], "size": 11, "symbol": ("circle", "square")[at]},
            error_x={"type": "data", "symmetric": False, "array": own["high"] - own["relative"],
                     "arrayminus": own["relative"] - own["low"]},
            text=[relative(row.relative, row.low, row.high) for row in own.itertuples()],
            hovertemplate="%{text}<extra>" + name + "</extra>",
        )  # fmt: skip
    figure.add_vline(x=0, line={"color": GREY, "dash": "dash", "width": 1.5})
    titled(
        figure,
        "What each run promises against today's policy",
        "Relative change with its 95% interval. Simulated.",
    )
    figure.update_xaxes(tickformat=".0%", nticks=6, range=around_zero(min(ends), max(ends)))
    figure.update_yaxes(
        tickvals=[len(rows) - i for i in range(len(rows))],
        ticktext=[label(result, m, short=True) for m in rows],
    )
    figure.update_layout(height=380, legend={"y": 1.02}, xaxis_title="Change against today's policy")
    return figure
