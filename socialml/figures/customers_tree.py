"""Charts of the tree and of what the models rest on. Pure: a Result and a task in, a figure out."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from socialml import words
from socialml.analyses.customers import Result
from socialml.figures.theme import BLUE, GREY, HARM, safe, titled, wrap

NODES_MOST = 15  # of a drawn tree: four levels; more is a wall


def of_task(frame: pd.DataFrame, task: str, curve: str | None = None) -> pd.DataFrame:
    if "task" not in frame or not len(frame):
        return frame.iloc[:0]
    own = frame[frame["task"] == task]
    return own[own["curve"] == curve] if curve and "curve" in own else own


def line_of(x: pd.Series, y: pd.Series, name: str) -> go.Figure:
    return go.Figure(go.Scatter(x=x, y=y, mode="lines", line_color=BLUE, name=name, showlegend=False))


def importance(result: Result, task: str) -> go.Figure | None:
    own = of_task(result.importance, task).head(10).iloc[::-1]
    if not len(own):
        return None
    figure = go.Figure(
        go.Bar(
            x=100 * own["importance"],
            y=[wrap(str(label), 28) for label in own["label"]],
            orientation="h",
            marker_color=BLUE,
            error_x={
                "type": "data",
                "symmetric": False,
                "array": 100 * (own["high"] - own["importance"]),
                "arrayminus": 100 * (own["importance"] - own["low"]),
                "color": GREY,
            },
            hovertemplate="%{y}: %{x:.1f} points<extra></extra>",
        )
    )
    titled(
        figure,
        f"{own['label'].iloc[-1]} tells most",
        "How many more of 100 pairs are ranked wrongly when this column is shuffled, with 95% intervals."
        " Columns that say the same share it.",
    )
    figure.update_layout(xaxis_title="Points of ROC AUC lost", height=140 + 32 * len(own))
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
    ticks = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]
    figure.update_xaxes(type="log", tickvals=ticks, ticktext=[words.count(tick) for tick in ticks])
    return figure


def tree(result: Result, task: str) -> go.Figure | None:
    """The first levels of the tree as an outline: each condition under the one it refines, with its chance.

    An outline is read from top to bottom and needs no more width than a phone has.
    """
    nodes = of_task(result.tree, task)
    if not len(nodes):
        return None
    records = {int(node["node"]): node for node in nodes.to_dict("records")}
    shown: list[int] = [0]
    for number in shown:
        node = records[number]
        if node["left"] >= 0 and len(shown) + 2 <= NODES_MOST:
            shown += [int(node["left"]), int(node["right"])]
    lines = _in_order(records, set(shown))
    names: list[str] = next((item["classes"] for item in result.tasks if item["task"] == task), [])
    texts = {number: _told(result, records, number, names, set(lines)) for number in lines}
    y, down = {}, 0.0
    for number in lines:  # a condition that takes two lines takes more room
        room = 1 + 0.38 * (texts[number].count("<br>") - 1)
        y[number] = -(down + room / 2)
        down += room
    figure = go.Figure()
    for number in lines[1:]:
        above, here = records[int(records[number]["parent"])], records[number]
        figure.add_scatter(
            x=[above["depth"], above["depth"], here["depth"]],
            y=[y[int(above["node"])], y[number], y[number]],
            mode="lines",
            line={"color": GREY, "width": 1},
            showlegend=False,
            hoverinfo="skip",
        )
    figure.add_scatter(
        x=[records[n]["depth"] for n in lines],
        y=[y[n] for n in lines],
        mode="markers+text",
        text=[texts[n] for n in lines],
        textfont={"size": 12},
        hoverinfo="skip",
        textposition="middle right",
        marker={
            "size": 13,
            "color": [records[n]["probability"] for n in lines],
            "colorscale": [[0, "#E69F00"], [1, BLUE]],
            "cmin": 0,
            "cmax": 1,
            "line": {"width": 1, "color": GREY},
        },
        showlegend=False,
        cliponaxis=False,
    )
    leaves = int((nodes["left"] < 0).sum())
    note = "Under each condition the chance among its training rows; orange: unlikely, blue: likely." + (
        ""
        if len(lines) == len(nodes)
        else f" The first {len(lines)} of {len(nodes)} steps; … goes on in the list below."
    )
    first = records[0]
    titled(
        figure,
        f"The tree asks first: {first['label'] or 'nothing'}; {words.plural(leaves, 'leaf', 'leaves')} in all",
        note,
    )
    figure.update_layout(height=40 + 40 * down, margin_l=4, dragmode=False)
    # A step to the right is one part of 18: small enough to leave a phone room for the words.
    figure.update_xaxes(visible=False, range=[-0.4, 17.6], fixedrange=True)
    figure.update_yaxes(visible=False, range=[-down, 0], fixedrange=True)
    return figure


def _told(result: Result, records: dict[int, dict], number: int, names: list[str], shown: set[int]) -> str:
    """The condition that leads to a node and, under it, the chance there; … where more follows."""
    node, rule = records[number], "All training rows"
    if number:
        above = records[int(node["parent"])]
        rule = above["rule"] if int(above["right"]) == number else above["rule_left"]
        rule = words.rules(rule, result.feature_labels, result.currency)
    more = " …" if node["left"] >= 0 and int(node["left"]) not in shown else ""
    answer = "" if len(names) == 2 else f" {safe(names[int(node['prediction'])])}"
    chance = f"<b>{node['probability']:.0%}{answer}</b> of {node['count']:,}{more}"
    return f"  {wrap(rule, 53 - int(node['depth'])).replace('<br>', '<br>  ')}<br>  {chance}"


def _in_order(records: dict[int, dict], inside: set[int], number: int = 0) -> list[int]:
    """Each node before what is under it, the answer 'no' before 'yes'."""
    left, right = int(records[number]["left"]), int(records[number]["right"])
    if left not in inside:
        return [number]
    return [number, *_in_order(records, inside, left), *_in_order(records, inside, right)]
