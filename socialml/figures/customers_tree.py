"""Charts of the tree and of what the models rest on. Pure: a Result and a task in, a figure out."""

from __future__ import annotations

from html import escape

import pandas as pd
import plotly.graph_objects as go

from socialml import words
from socialml.analyses.customers import Result
from socialml.figures.theme import BLUE, GREY, HARM, titled, wrap

NODES_MOST = 31  # of a drawn tree: five levels


def of_task(frame: pd.DataFrame, task: str, curve: str | None = None) -> pd.DataFrame:
    if "task" not in frame or not len(frame):
        return frame.iloc[:0]
    own = frame[frame["task"] == task]
    return own[own["curve"] == curve] if curve and "curve" in own else own


def line_of(x: pd.Series, y: pd.Series, name: str) -> go.Figure:
    return go.Figure(go.Scatter(x=x, y=y, mode="lines", line_color=BLUE, name=name, showlegend=False))


def importance(result: Result, task: str) -> go.Figure | None:
    own = of_task(result.importance, task).head(12).iloc[::-1]
    if not len(own):
        return None
    figure = go.Figure(
        go.Bar(
            x=own["importance"],
            y=[wrap(str(label), 28) for label in own["label"]],
            orientation="h",
            marker_color=BLUE,
            error_x={
                "type": "data",
                "symmetric": False,
                "array": own["high"] - own["importance"],
                "arrayminus": own["importance"] - own["low"],
            },
            hovertemplate="%{y}: %{x:.3f}<extra></extra>",
        )
    )
    titled(
        figure,
        f"{own['label'].iloc[-1]} tells most",
        "ROC AUC lost when a column is shuffled. Columns that say the same share it.",
    )
    figure.update_layout(xaxis_title="ROC AUC lost", height=140 + 32 * len(own))
    return figure


def pruning(result: Result, task: str) -> go.Figure | None:
    own = of_task(result.pruning, task)
    if not len(own):
        return None
    own = own.sort_values("leaves")
    figure = line_of(own["leaves"], own["valid_score"], "Trees")
    figure.update_traces(mode="lines+markers")
    chosen = own[own["chosen"].astype(bool)]
    figure.add_scatter(x=chosen["leaves"], y=chosen["valid_score"], mode="markers", name="Chosen",
                       marker={"size": 16, "symbol": "circle-open", "color": HARM, "line": {"width": 3}})  # fmt: skip
    leaves = int(chosen["leaves"].iloc[0]) if len(chosen) else 0
    titled(
        figure,
        f"A tree of {words.plural(leaves, 'leaf', 'leaves')} errs least on the validation part",
        "Lower is better.",
    )
    figure.update_layout(xaxis_title="Leaves", yaxis_title="Brier score, validation part", height=340)
    figure.update_xaxes(type="log")
    return figure


def tree(result: Result, task: str) -> go.Figure | None:
    """The first levels of the tree: questions above, each leaf's chance below; colours by chance."""
    nodes = of_task(result.tree, task)
    if not len(nodes):
        return None
    records = {int(node["node"]): node for node in nodes.to_dict("records")}
    shown: list[int] = [0]
    for number in shown:
        node = records[number]
        if node["left"] >= 0 and len(shown) + 2 <= NODES_MOST and node["depth"] < 4:
            shown += [int(node["left"]), int(node["right"])]
    inside = set(shown)
    ends = [number for number in _in_order(records, inside) if records[number]["left"] not in inside]
    x: dict[int, float] = {number: float(place) for place, number in enumerate(ends)}
    for number in sorted(inside, key=lambda n: -records[n]["depth"]):
        if number not in x:
            x[number] = (x[int(records[number]["left"])] + x[int(records[number]["right"])]) / 2
    # Laid on its side, so that questions are read from left to right and fit a phone.
    figure = go.Figure()
    for number in inside:
        parent = int(records[number]["parent"])
        if parent in inside:
            ends_of = {
                "x": [records[parent]["depth"], records[number]["depth"]],
                "y": [-x[parent], -x[number]],
            }
            line = {"color": GREY, "width": 1}
            figure.add_scatter(**ends_of, mode="lines", line=line, showlegend=False, hoverinfo="skip")
    texts, hovers = [], []
    for number in shown:
        node = records[number]
        told = f"{node['probability']:.0%}"
        rule = ""
        if node["parent"] >= 0:
            above = records[int(node["parent"])]
            rule = above["rule"] if int(above["right"]) == number else above["rule_left"]
        texts.append(
            f"{wrap(rule, 26)}<br><b>{told}</b> of {node['count']:,}"
            if rule
            else f"<b>{told}</b> of {node['count']:,}"
        )
        hovers.append(escape(str(rule)) or "all")
    figure.add_scatter(
        x=[records[n]["depth"] for n in shown],
        y=[-x[n] for n in shown],
        mode="markers+text",
        text=texts,
        hovertext=hovers,
        hoverinfo="text",
        textposition="middle right",
        textfont={"size": 11},
        marker={
            "size": 14,
            "color": [records[n]["probability"] for n in shown],
            "colorscale": [[0, "#E69F00"], [1, BLUE]],
            "cmin": 0,
            "cmax": 1,
            "line": {"width": 1, "color": GREY},
        },
        showlegend=False,
    )
    leaves = int((nodes["left"] < 0).sum())
    note = "Chance and training rows at each step." + (
        "" if len(shown) == len(nodes) else f" The first {len(shown)} of {len(nodes)} steps are drawn."
    )
    first = records[0]
    titled(
        figure,
        f"The tree asks first: {first['label'] or 'nothing'}; {words.plural(leaves, 'leaf', 'leaves')} in all",
        note,
    )
    depth = max(records[n]["depth"] for n in shown)
    figure.update_layout(height=120 + 58 * len(ends))
    figure.update_xaxes(visible=False, range=[-0.1, depth + 1.0])
    figure.update_yaxes(visible=False)
    return figure


def _in_order(records: dict[int, dict], inside: set[int], number: int = 0) -> list[int]:
    """Nodes from the first answer to the last."""
    left, right = int(records[number]["left"]), int(records[number]["right"])
    if left not in inside:
        return [number]
    return [*_in_order(records, inside, left), number, *_in_order(records, inside, right)]
