"""Charts of the Live policy page: what a policy recommends, to whom. Pure: a Result in, a figure out."""

from __future__ import annotations

from typing import Any

import pandas as pd
import plotly.graph_objects as go

from socialml import words
from socialml.analyses.live_policy import Result
from socialml.figures.live_policy import names
from socialml.figures.theme import BLUE, GREY, titled, wrap


def recommends(result: Result, policy: str) -> go.Figure | None:
    """How often a policy recommends each category to each segment, as shares of that segment's recommendations."""
    own = result.recommends[result.recommends["policy"] == policy]
    if not len(own):
        return None
    table = own.pivot_table(
        index="category", columns="segment", values="share", aggfunc="sum", sort=False, fill_value=0.0
    )
    table = table.loc[table.mean(axis=1).sort_values().index]
    figure = go.Figure(_shaded(table, [[f"{share:.0%}" for share in line] for line in table.to_numpy()]))
    category, segment = table.stack().idxmax()
    titled(
        figure,
        f"{names(result)[policy]}: most one-sided for {segment}, who are shown {category}"
        f" {table.loc[category, segment]:.0%} of the time",
        f"Of what each segment is recommended over {result.weeks} weeks. Each column adds up to 100%.",
    )
    figure.update_layout(height=150 + 30 * len(table), xaxis_side="top")
    return figure


def _shaded(table: pd.DataFrame, text: list[list[str]]) -> go.Heatmap:
    """Cells from the page's own background (the least) to blue (the most)."""
    values = table.to_numpy() - min(0.0, float(table.to_numpy().min()))
    most = max(float(values.max()), 1e-9)
    return go.Heatmap(
        x=[wrap(str(name), 10) for name in table.columns], y=[wrap(str(name), 16) for name in table.index], z=values,
        zmin=-most, zmax=most, reversescale=True, xgap=2, ygap=2, text=text, texttemplate="%{text}", showscale=False,
        hovertemplate="%{y}, %{x}: %{text}<extra></extra>",
    )  # fmt: skip


def offers(result: Result, policy: str) -> go.Figure | None:
    """The share of recommendations that carry an offer, by segment, beside today's."""
    given = result.recommends[result.recommends["offer"] != result.offers[0]]
    if not len(given):
        return None
    shares = given.groupby(["policy", "segment"], sort=False)["share"].sum().unstack(0, fill_value=0.0)
    shares = shares.iloc[::-1]
    figure = go.Figure()
    for name in dict.fromkeys((policy, "logged")):
        figure.add_bar(
            x=shares[name], y=[wrap(str(segment), 18) for segment in shares.index], orientation="h",
            name=names(result)[name], marker_color=GREY if name == "logged" else BLUE,
            text=[f"{share:.0%}" for share in shares[name]], textposition="outside", cliponaxis=False,
            hovertemplate="%{y}: %{x:.1%}<extra></extra>",
        )  # fmt: skip
    titled(figure, "How many recommendations carry an offer")
    figure.update_layout(
        height=130 + 44 * len(shares), legend={"y": 1.02, "traceorder": "reversed"}, xaxis_title="Of recommendations"
    )  # fmt: skip
    figure.update_xaxes(tickformat=".0%", rangemode="tozero")
    return figure


def viewer(result: Result, row: dict[str, Any], values: pd.DataFrame) -> go.Figure:
    """What the learned policy holds of each category and offer for one viewer, as what is lost against its best."""
    table = values.pivot_table(index="category", columns="offer", values="value", sort=False)[result.offers]
    lost = table - table.to_numpy().max()
    lost = lost.loc[lost.max(axis=1).sort_values().index]
    money = result.agent != "ppo"
    text = [
        ["best" if cell == 0 else words.money(cell, result.currency) if money else f"{cell:.1f}" for cell in line]
        for line in lost.to_numpy()
    ]  # fmt: skip
    lost.columns = ["Without an offer" if name == "none" else f"With {name}" for name in lost.columns]
    figure = go.Figure(_shaded(lost, text))
    what = "Money less than the best choice, over the coming weeks." if money else "Preference (log chance)."
    titled(figure, f"What the learned policy thinks of each choice for {row['user_id']}", what)
    figure.update_layout(height=140 + 30 * len(lost), xaxis_side="top")
    return figure
