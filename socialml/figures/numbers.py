"""The numbers behind any figure, as a table: what is drawn, under the names of its axes."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pyarrow as pa

from socialml.export import table_of
from socialml.figures.theme import unwrapped


def table(figure: go.Figure) -> pa.Table:
    """One row a point: which line or bars it belongs to, where it lies, how far off it could be, what stands on it.

    Whatever is empty all over is left out. Shares are in percent, as their axis shows them.
    """
    frames = [_trace(figure, trace) for trace in figure.data]
    frame = pd.concat([own for own in frames if len(own)], ignore_index=True) if frames else pd.DataFrame()
    frame = frame.loc[:, [frame[name].notna().any() and (frame[name] != "").any() for name in frame]]
    first = [name for name in ("Part", "Shown", "Name") if name in frame]
    return table_of(frame[[*first, *(name for name in frame if name not in first)]])


def _trace(figure: go.Figure, trace: Any) -> pd.DataFrame:
    block = _block(figure, trace)
    name = unwrapped(trace.name) if trace.name else ""
    if trace.hoverinfo == "skip" and trace.text is None:
        return pd.DataFrame()  # a guide for the eye
    x, y = _axis(figure, trace, "x"), _axis(figure, trace, "y")
    if trace.type == "heatmap":
        return _heatmap(trace, "Column" if x == "Name" else x, "Row" if y == "Name" else y, block)
    size = max(len(_values(trace.x)), len(_values(trace.y)))
    columns: dict[str, Any] = {"Part": [block] * size, "Shown": [name] * size}
    drawn = [("x", x, trace.error_x), ("y", y, trace.error_y)]
    for which, axis, error in reversed(drawn) if getattr(trace, "orientation", None) == "h" else drawn:
        values = _ticks(figure, trace, which, _values(trace[which]))
        if len(values) != size:
            continue
        share = _is_share(_layout(figure, trace, which)) and not any(isinstance(one, str) for one in values)
        if share:
            values = [None if one is None else round(100 * float(one), 10) for one in values]
        columns[axis if axis not in columns else f"{axis} "] = values
        if error is not None and error.array is not None and error.visible is not False:
            more = np.asarray(error.array, float)
            less = more if error.arrayminus is None else np.asarray(error.arrayminus, float)
            if share:
                more, less = 100 * more, 100 * less
            middle = np.asarray(values, float)
            columns[f"{axis}: from"], columns[f"{axis}: to"] = middle - less, middle + more
    text = _values(trace.text) if not isinstance(trace.text, str) else []
    if len(text) == size:
        columns["Label"] = [unwrapped(str(one)) for one in text]
    return pd.DataFrame(columns)


def _heatmap(trace: Any, x: str, y: str, block: str) -> pd.DataFrame:
    z = np.asarray(trace.z, dtype=object)
    across, down = [unwrapped(str(one)) for one in trace.x], [unwrapped(str(one)) for one in trace.y]
    shown = np.asarray(trace.text, dtype=object) if trace.text is not None else None
    frame = pd.DataFrame(
        {"Part": block, y: down[i], x: across[j], "Value": z[i, j],
         "Label": "" if shown is None else unwrapped(str(shown[i][j]))}
        for i in range(z.shape[0]) for j in range(z.shape[1])
    )  # fmt: skip
    frame["Value"] = pd.to_numeric(frame["Value"], errors="coerce")
    return frame


def _axis(figure: go.Figure, trace: Any, which: str) -> str:
    """The words on an axis, or on the one that it goes with."""
    axis = _layout(figure, trace, which)
    unit = " (%)" if _is_share(axis) else ""
    if not axis.title.text and axis.matches:
        axis = figure.layout[f"{which}axis{axis.matches[1:]}"]
    if axis.title.text:
        said = unwrapped(axis.title.text)
        return said if "%" in said else said + unit
    first = next((one for one in _values(trace[which]) if one is not None), None)
    if isinstance(first, str):
        return "Name"
    return f"Value{unit}" if isinstance(first, int | float | np.number) else "Date"


def _layout(figure: go.Figure, trace: Any, which: str) -> Any:
    return figure.layout[f"{which}axis{(getattr(trace, f'{which}axis', None) or which)[1:]}"]


def _is_share(axis: Any) -> bool:
    """Drawn in percent from shares of one; '%b %Y' is a date."""
    return str(axis.tickformat or "").endswith("%")


def _block(figure: go.Figure, trace: Any) -> str:
    """The heading of the subplot, where there are several: it lies over the middle, or the left end, of its axis."""
    notes = [note for note in figure.layout.annotations if note.yref == "paper" and note.xref == "paper"]
    axes = {(getattr(one, "xaxis", None) or "x", getattr(one, "yaxis", None) or "y") for one in figure.data}
    if len(axes) < 2 or not notes:
        return ""
    x = figure.layout["xaxis" + (trace.xaxis or "x")[1:]].domain or (0, 1)
    y = figure.layout["yaxis" + (trace.yaxis or "y")[1:]].domain or (0, 1)
    near = [note for note in notes if abs(note.y - y[1]) < 0.02 and x[0] - 0.02 <= note.x <= x[1]]
    return unwrapped(near[0].text) if near else ""


def _ticks(figure: go.Figure, trace: Any, which: str, values: list[Any]) -> list[Any]:
    """Places that stand for words, as those words."""
    axis = _layout(figure, trace, which)
    if axis.type == "log" or axis.tickvals is None or axis.ticktext is None:
        return [unwrapped(one) if isinstance(one, str) else one for one in values]
    known = list(zip(axis.tickvals, axis.ticktext, strict=False))
    near = [min(known, key=lambda tick: abs(tick[0] - one)) for one in values]
    step = min((abs(a[0] - b[0]) for a, b in pairwise(known)), default=1.0)
    if all(abs(tick[0] - one) < step / 2 for tick, one in zip(near, values, strict=True)):
        return [unwrapped(text) for _, text in near]
    return values


def _values(values: Any) -> list[Any]:
    return [] if values is None else [None if one is None else one for one in values]
