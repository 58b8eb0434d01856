"""One look for every chart: colours safe for colour blindness, fonts and gridlines, light and dark."""

from __future__ import annotations

import html
import re
import textwrap
from functools import cache
from html import escape

import plotly.graph_objects as go

from socialml.words import one_line

# The same segment has the same colour on every page. Okabe and Ito's palette, which stays apart with any
# colour blindness; the eighth and later are grey.
SEGMENT_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
BLUE = SEGMENT_COLOURS[0]  # 'after', and whatever needs no other colour
GREY = "#8A8A8A"  # 'before', floors, random data; readable on white and on black
HARM = "#D55E00"
FONT = '"Source Sans", "Source Sans Pro", "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif'
_JOINED = "\u2060"  # cannot be seen: a word goes on after it
# Below and above the mean: blue to orange over the page's own background, told apart by everybody.
_BELOW, _ABOVE = "#0072B2", "#D55E00"


def segment_colour(segment: int) -> str:
    """The colour of segment 0, 1, 2 ...; never an error, grey when there are too many."""
    return SEGMENT_COLOURS[min(segment, len(SEGMENT_COLOURS) - 1)]


def diverging(dark: bool) -> list[tuple[float, str]]:
    """A colour scale for values around zero; zero is close to the page's background."""
    return [(0.0, _BELOW), (0.5, "#30343C" if dark else "#F4F4F2"), (1.0, _ABOVE)]


@cache
def template(dark: bool) -> go.layout.Template:
    """The plotly template of every chart."""
    ink, quiet, grid = ("#FAFAFA", "#C4C7CE", "#3A3E47") if dark else ("#262730", "#555A64", "#E6E8EC")
    clear = "rgba(0,0,0,0)"
    axis = {
        "gridcolor": grid,
        "gridwidth": 1,
        "zerolinecolor": grid,
        "zerolinewidth": 1,
        "linecolor": grid,
        "tickfont": {"color": quiet, "size": 12},
        "title": {"font": {"color": quiet, "size": 13}, "standoff": 8},
        "automargin": True,
    }
    layout = go.Layout(
        font={"family": FONT, "size": 13, "color": ink},
        title={
            "font": {"size": 16, "color": ink},
            "x": 0,
            "xref": "container",
            "xanchor": "left",
            "pad": {"l": 4, "t": 10},
            "yref": "container",
            "y": 1,
            "yanchor": "top",
        },
        colorway=list(SEGMENT_COLOURS),
        paper_bgcolor=clear,
        plot_bgcolor=clear,
        margin={"l": 8, "r": 12, "t": 56, "b": 8},
        xaxis=axis,
        yaxis=axis,
        legend={
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 0,
            "yanchor": "bottom",
            "yref": "container",
            "title": {"text": ""},
            "font": {"color": ink},
        },
        hoverlabel={"font": {"family": FONT, "size": 13}},
        hovermode="closest",
        colorscale={"diverging": diverging(dark)},
        coloraxis={"colorbar": {"outlinewidth": 0}},
        annotationdefaults={"font": {"color": quiet, "size": 12}},
        bargap=0.25,
    )
    heatmap = go.Heatmap(colorscale=diverging(dark), zmid=0)
    whiskers = go.Bar(error_x_color=ink, error_y_color=ink)
    return go.layout.Template(layout=layout, data={"heatmap": [heatmap], "bar": [whiskers]})


def wrap(text: str, width: int) -> str:
    """Text in short lines, safe as HTML: plotly does not wrap, and a phone is narrow."""
    text, told, end = one_line(text), "", 0
    for line in textwrap.wrap(text, width):
        begin = text.index(line, end)
        told += ("" if not end else "<br>" if begin > end else f"{_JOINED}<br>") + _safe(line)
        end = begin + len(line)
    return told


def unwrapped(text: str | None) -> str:
    """What `wrap` or `safe` was given: plotly's tags are read, its line breaks are spaces again."""
    text = re.sub(r"<[^<>]*>", "", (text or "").replace(f"{_JOINED}<br>", "").replace("<br>", " "))
    return html.unescape(text).replace(f"%{_JOINED}{{", "%{").strip()


def safe(text: str) -> str:
    """Text that may come from a file, where plotly would read tags, and places to fill in."""
    return _safe(one_line(str(text)))


def _safe(text: str) -> str:
    return escape(text, quote=False).replace("%{", f"%{_JOINED}{{")


def titled(figure: go.Figure, title: str, note: str = "") -> None:
    """A sentence over the chart, in as many lines as a phone needs, and the space for it."""
    text, small = wrap(title, 44), wrap(note, 60)
    lines, under = text.count("<br>") + 1, small.count("<br>") + 1 if note else 0
    # plotly hangs a title by its last line: the first needs room above it.
    figure.update_layout(
        title_text=text, title_pad_t=10 + 20 * (lines - 1), margin_t=28 + 21 * lines + 17 * under
    )
    if note:
        figure.update_layout(title_subtitle_text=small)
