"""The curve of a training, live or kept in a run: any series by epoch, episode or step."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from socialml.figures.theme import BLUE, GREY, titled

_COLOURS = (BLUE, "#E69F00", "#009E73", GREY)


def training(curve: Mapping[str, Sequence[float]], unit: str = "Loss") -> go.Figure | None:
    """curve: the first series is the horizontal axis, each other a line; None before its first point."""
    (axis, steps), *lines = curve.items()
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
    best = min((value for value in values if math.isfinite(value)), default=math.nan)
    titled(
        figure,
        f"After {len(steps)} {axis}{'s' * (len(steps) != 1)}: {name} {values[-1]:.3g}, best {best:.3g}",
    )
    figure.update_layout(xaxis_title=axis.capitalize(), yaxis_title=unit, height=280, legend={"y": 1.02})
    figure.update_xaxes(rangemode="tozero", tickformat="d")
    return figure
