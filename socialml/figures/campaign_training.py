"""The training of an actor and its critic, live or kept in a run. Pure: a curve in, a figure out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from socialml.figures.theme import BLUE, GREY, titled

# key, title of its row, colour; a row each
_ROWS = (
    ("return", "Earned by a campaign (near 1 is good)", BLUE),
    ("critic_loss", "Critic's loss", "#E69F00"),
    ("actor_loss", "Actor's loss", "#009E73"),
)


def learning(curve: Mapping[str, Sequence[float]]) -> go.Figure | None:
    """curve: step, critic_loss, actor_loss, return; nan where there is none yet. None before its first point."""
    steps = list(curve.get("step", ()))
    if not steps:
        return None
    figure = make_subplots(
        rows=3, cols=1, shared_xaxes=True, vertical_spacing=0.1, row_heights=[0.44, 0.28, 0.28],
        subplot_titles=[title for _, title, _ in _ROWS],
    )  # fmt: skip
    for row, (key, title, colour) in enumerate(_ROWS, start=1):
        values = [value if math.isfinite(value) else None for value in curve.get(key, ())]
        figure.add_scatter(
            row=row, col=1, x=steps, y=values, mode="lines+markers", name=title, showlegend=False,
            line={"color": colour, "width": 2}, marker_size=4 if len(steps) < 60 else 0.1,
            hovertemplate="step %{x:,}: %{y:.4g}<extra></extra>",
        )  # fmt: skip
    earned = [value for value in curve.get("return", ()) if math.isfinite(value)]
    titled(
        figure,
        f"After {steps[-1]:,.0f} steps: {earned[-1]:.3f} earned by a campaign, best {max(earned):.3f}"
        if earned else f"After {steps[-1]:,.0f} steps: the critic learns first",
    )  # fmt: skip
    figure.update_annotations(x=0, xanchor="left", font_size=13, font_color=GREY)
    figure.update_yaxes(nticks=4)
    figure.update_xaxes(title="Step of training", tickformat=",d", row=3, col=1)
    figure.update_layout(height=420)
    return figure
