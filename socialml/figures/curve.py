"""The curve of a training, live or kept in a run: any series by epoch, episode or step."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from socialml.figures.campaign_training import learning
from socialml.figures.theme import BLUE, GREY, titled

_COLOURS = (BLUE, "#E69F00", "#009E73", GREY)


def training(curve: Mapping[str, Sequence[float]]) -> go.Figure | None:
    """curve: the first series is the horizontal axis, each other a line; None before its first point.

    By 'step' they are what a policy earns a viewer, where more is better; by anything else losses. A critic's has a
    figure of its own.
    """
    if "critic_loss" in curve:
        return learning(curve)
    (axis, steps), *every = curve.items()
    lines = [(name, values) for name, values in every if any(map(math.isfinite, values))]
    if not len(steps) or not lines:
        return None
    figure = go.Figure()
    for (name, values), colour in zip(lines, _COLOURS, strict=False):
        figure.add_scatter(
            x=list(steps),
            y=[value if math.isfinite(value) else None for value in values],
            mode="lines+markers",
            name=name.capitalize(),
            line={"color": colour, "width": 2},
            marker_size=6,
            hovertemplate=f"{axis} %{{x}}: %{{y:.4g}}<extra>{name}</extra>",
        )
    name, values = lines[-1]
    earned = axis == "step"
    best = (max if earned else min)((value for value in values if math.isfinite(value)), default=math.nan)
    if earned:
        title = f"After {steps[-1]:,.0f} steps: {values[-1]:.3g} earned a viewer, best {best:.3g}"
    else:
        title = (
            f"After {len(steps)} {axis}{'s' * (len(steps) != 1)}: {name} {values[-1]:.3g}, best {best:.3g}"
        )
    titled(figure, title)
    figure.update_layout(
        xaxis_title="Step of training" if earned else axis.capitalize(),
        yaxis_title="Earned a viewer" if earned else "Loss", height=280, legend={"y": 1.02},
    )  # fmt: skip
    figure.update_xaxes(rangemode="tozero", tickformat="d")
    if max(steps) <= 6:
        figure.update_xaxes(dtick=1)  # halves would be written as whole numbers, twice
    drawn = [value for _, line in lines for value in line if math.isfinite(value)]
    if drawn and max(drawn) - min(drawn) < 0.02 * max(map(abs, drawn)):
        room = 0.1 * max(map(abs, drawn))  # else the axis has six digits for next to no difference
        figure.update_yaxes(range=[min(drawn) - room, max(drawn) + room])
    return figure
