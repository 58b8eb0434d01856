"""Charts of the Segments page. Pure: a Result in, a figure out.

`names` are the user's own names for segments {number: name}; the others keep the run's.
"""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from socialml import words
from socialml.analyses.segments import Result
from socialml.figures import labels
from socialml.figures.labels import Names
from socialml.figures.theme import BLUE, GREY, safe, segment_colour, titled, wrap

_SYMBOLS = (
    "circle",
    "square",
    "diamond",
    "triangle-up",
    "cross",
    "x",
    "star",
    "hexagon",
)  # not by colour alone


def elbow(result: Result) -> go.Figure:
    """What is left within the groups for each number of groups, with both rules' answers."""
    tried = result.by_k
    figure = go.Figure(
        go.Scatter(
            x=tried["k"],
            y=tried["sse"],
            mode="lines+markers",
            line_color=BLUE,
            marker_size=8,
            customdata=tried["sse"] / result.sse_total,
            hovertemplate="%{x} groups: %{y:,.0f}, %{customdata:.0%} of one group's<extra></extra>",
            showlegend=False,
        )
    )
    sse = dict(zip(tried["k"], tried["sse"], strict=True))
    for k, name, symbol, size in (
        (result.k_kneed, "Bend of the curve (kneed)", "circle-open", 20),
        (result.k_elbow, "Ratio rule", "diamond-open", 14),
    ):
        if k in sse:
            figure.add_scatter(
                x=[k],
                y=[sse[k]],
                mode="markers",
                name=f"{name}: {k}",
                marker={
                    "symbol": symbol,
                    "size": size,
                    "line": {"width": 2},
                    "color": GREY if size == 20 else "#D55E00",
                },
                hovertemplate=f"{name}: {k}<extra></extra>",
            )
    title = "The curve falls evenly: no number of groups stands out"
    if result.verdict["kind"] != "none" and result.k_elbow:
        title = f"More than {words.spelled(result.k_elbow)} groups bring little"
    note = f"Judged on {labels.of(result.n_elbow, result.n_users)}. A bend is found in noise too."
    titled(figure, title, note)
    figure.update_layout(
        xaxis_title="Number of groups (k)", yaxis_title="Spread within groups (SSE)", height=400
    )
    figure.update_xaxes(dtick=1)
    figure.update_yaxes(rangemode="tozero", tickformat="~s")
    return figure


def silhouette_by_k(result: Result) -> go.Figure:
    """How distinct the groups are for each number of them, with 95% intervals, beside random data."""
    tried = result.by_k
    chosen = tried["k"] == result.k
    exact = bool(tried["exact"].all())
    figure = go.Figure(
        go.Scatter(
            x=tried["k"],
            y=tried["random"],
            mode="lines+markers",
            name="Random data of the same spread",
            line={"color": GREY, "dash": "dot"},
            marker={"size": 5, "color": GREY},
            hovertemplate="%{x} groups in random data: %{y:.3f}<extra></extra>",
        )
    )
    figure.add_scatter(
        x=tried["k"],
        y=tried["silhouette"],
        mode="lines+markers",
        name="Your customers" if exact else "Your customers (95% interval)",
        line_color=BLUE,
        marker={"size": np.where(chosen, 13, 8), "color": BLUE},
        error_y={
            "array": tried["high"] - tried["silhouette"],
            "arrayminus": tried["silhouette"] - tried["low"],
            "thickness": 1.5,
            "width": 5,
            "visible": not exact,
        },
        customdata=tried[["low", "high"]],
        hovertemplate="%{x} groups: %{y:.3f} (%{customdata[0]:.3f} to %{customdata[1]:.3f})<extra></extra>",
    )
    best = tried.set_index("k").loc[result.k_silhouette, "silhouette"]
    title = f"Groups are most distinct with {words.spelled(result.k_silhouette)} (silhouette {best:.2f})"
    if result.verdict["kind"] == "none":
        title = "Random data looks as distinct: no clear groups"
    pairs = "All pairs of customers compared." if exact else "Estimated from a sample of pairs."
    titled(figure, title, f"1: far apart, 0: overlapping. {pairs} Large dot: the {result.k} groups shown.")
    figure.update_layout(
        xaxis_title="Number of groups (k)", yaxis_title="How distinct (silhouette)", height=400
    )
    figure.update_xaxes(dtick=1)
    figure.update_yaxes(rangemode="tozero", tickformat=".2f")
    return figure


def silhouette_plot(result: Result, names: Names = None) -> go.Figure:
    """One band a segment: each customer's own silhouette, from high to low."""
    points = result.silhouette_points
    called = labels.called(result, names, 14)
    gap = max(1, len(points) // 60)
    figure, begin, middles = go.Figure(), 0, []
    for segment in result.segments["id"]:
        values = points.loc[points["segment"] == segment, "value"].to_numpy()
        # From the bottom up, so that the first segment is on top.
        figure.add_scatter(
            x=values,
            y=-(begin + np.arange(len(values))),
            mode="lines",
            fill="tozerox",
            name=called[segment],
            line={"color": segment_colour(segment), "width": 1},
            showlegend=False,
            hovertemplate=f"{called[segment]}: %{{x:.2f}}<extra></extra>",
        )
        middles.append(-(begin + len(values) / 2))
        begin += len(values) + gap
    mean = float(result.by_k.set_index("k").loc[result.k, "silhouette"])
    figure.add_vline(x=mean, line={"color": GREY, "dash": "dash", "width": 1.5})
    figure.add_annotation(
        x=mean, y=1, yref="paper", yanchor="bottom", text=f"mean {mean:.2f}", showarrow=False
    )
    wrong = float((points["value"] < 0).mean())
    title = f"{wrong:.0%} of customers lie nearer to another group"
    titled(
        figure, title, f"Drawn for {labels.of(len(points), result.n_users)}, each band as thick as its group."
    )
    figure.update_layout(
        xaxis_title="How well a customer fits its group (silhouette)", height=max(320, 120 + 60 * result.k)
    )
    figure.update_yaxes(tickvals=middles, ticktext=[called[s] for s in result.segments["id"]], showgrid=False)
    figure.update_xaxes(tickformat=".1f", zeroline=True)
    return figure


def sizes(result: Result, names: Names = None) -> go.Figure:
    """Customers in each segment, with the published share beside it where the name is a published one."""
    table = result.segments.iloc[::-1]
    called = labels.called(result, names, 16)
    bars = [called[segment] for segment in table["id"]]
    figure = go.Figure(
        go.Bar(
            x=table["share"],
            y=bars,
            orientation="h",
            marker_color=[segment_colour(s) for s in table["id"]],
            text=[
                f"{count:,} ({share:.1%})"
                for count, share in zip(table["users"], table["share"], strict=True)
            ],
            textposition="auto",
            insidetextanchor="start",
            name="Measured",
            showlegend=False,
            customdata=table["users"],
            hovertemplate="%{y}: %{customdata:,} customers, %{x:.1%}<extra></extra>",
        )
    )
    if table["published_share"].notna().any():
        figure.add_scatter(
            x=table["published_share"],
            y=bars,
            mode="markers",
            name="Published (Li 2024, other data)",
            marker={"symbol": "line-ns", "size": 20, "color": GREY, "line": {"width": 3, "color": GREY}},
            hovertemplate="Published, on other data: %{x:.1%}<extra></extra>",
        )
    top = result.segments.loc[result.segments["users"].idxmax()]
    name = labels.name(result, names, int(top["id"]))
    titled(figure, f"{name}: the largest group, {top['share']:.0%} of customers")
    figure.update_layout(xaxis_title="Share of customers (%)", height=max(300, 120 + 48 * result.k))
    figure.update_xaxes(tickformat=".0%", rangemode="tozero")
    figure.update_yaxes(type="category")
    return figure


def scatter(result: Result, names: Names = None) -> go.Figure:
    """Customers on the two directions in which they differ most."""
    points = result.scatter
    figure = go.Figure()
    for segment in result.segments["id"]:
        own = points[points["segment"] == segment]
        figure.add_scattergl(
            x=own["x"],
            y=own["y"],
            mode="markers",
            name=safe(labels.name(result, names, segment)),
            marker={
                "size": 5,
                "opacity": 0.6,
                "color": segment_colour(segment),
                "symbol": _SYMBOLS[segment % len(_SYMBOLS)],
            },
            hovertemplate="%{fullData.name}<extra></extra>",
        )
    first, second = result.explained
    titled(
        figure,
        f"Two directions hold {first + second:.0%} of the differences",
        f"Showing {labels.of(len(points), result.n_users)} (principal components).",
    )
    figure.update_layout(
        xaxis_title=f"First direction ({first:.0%} of the differences)",
        yaxis_title=f"Second direction ({second:.0%})",
        height=460,
        legend={"itemsizing": "constant"},
    )
    return figure


def profile_heatmap(result: Result, names: Names = None) -> go.Figure:
    """Each segment's mean of each feature: the number in plain units, the colour in standard deviations."""
    profile = result.profile
    features = [feature["name"] for feature in result.features]
    rows = [wrap(feature["label"], 17) for feature in result.features]
    segments = list(result.segments["id"])
    called = labels.called(result, names, 9)
    z = profile.pivot(index="feature", columns="segment", values="z").loc[features, segments]
    means = profile.pivot(index="feature", columns="segment", values="mean").loc[features, segments]
    units = [feature["unit"] for feature in result.features]
    text = [
        [labels.short(value, unit, result.currency) for value in row]
        for row, unit in zip(means.to_numpy(), units, strict=True)
    ]
    bound = max(1.0, float(np.nanmax(np.abs(z.to_numpy()))))
    figure = go.Figure(
        go.Heatmap(
            x=[called[segment] for segment in segments],
            y=rows,
            z=z.to_numpy(),
            text=text,
            texttemplate="%{text}",
            zmin=-bound,
            zmax=bound,
            zmid=0,
            xgap=2,
            ygap=2,
            textfont={"size": 11},
            colorbar={
                "orientation": "h",
                "y": -0.02,
                "yanchor": "top",
                "thickness": 10,
                "len": 0.9,
                "title": {
                    "text": "Standard deviations from the mean of all",
                    "side": "bottom",
                    "font": {"size": 12},
                },
            },
            hovertemplate="%{x}, %{y}: %{text}, %{z:+.1f} standard deviations<extra></extra>",
        )
    )
    row, column = np.unravel_index(int(np.nanargmax(z.to_numpy())), z.shape)
    feature = result.features[int(row)]["label"]
    name = labels.name(result, names, segments[int(column)])
    titled(
        figure,
        f"{name} stand out most: {feature[0].lower()}{feature[1:]}",
        "Number: the group's mean. Colour: against all customers.",
    )
    figure.update_layout(
        height=220 + 36 * len(features), margin_t=figure.layout.margin.t + 56
    )  # names on top
    figure.update_yaxes(
        autorange="reversed", showgrid=False, tickfont={"size": 11}, type="category", ticks=""
    )
    figure.update_xaxes(
        side="top", showgrid=False, tickfont={"size": 10}, tickangle=0, type="category", ticks=""
    )
    return figure
