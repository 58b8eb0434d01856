"""Charts of the Forecast page. Pure: a Result in, a figure out (None where this data has no such figure)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from socialml import words
from socialml.analyses.forecast import Result
from socialml.figures import curve
from socialml.figures.theme import BLUE, GREY, HARM, segment_colour, titled, wrap

MANY = 2.0  # of a change: from here on not told in percent
_WIDE, _NARROW = "rgba(30,136,229,0.28)", "rgba(30,136,229,0.50)"


def month_name(month: str) -> str:
    """'2025-10' -> 'October 2025'"""
    return f"{date.fromisoformat(month + '-01'):%B %Y}"


def months_listed(months: Sequence[str]) -> str:
    """['2025-08', '2025-09'] -> 'August and September 2025'"""
    years = [
        f"{words.listed([month_name(month).split()[0] for month in own])} {year}"
        for year, own in groupby(months, lambda month: month[:4])
    ]
    return words.listed(years)


def total(result: Result) -> go.Figure:
    """Revenue by month, what the same rule would have said before each, and the month to come with its fan."""
    own, told = result.series, result.total
    months = pd.to_datetime(own["month"])
    figure = go.Figure()
    sign = words.sign(result.currency)
    figure.add_scatter(
        x=months[:-1], y=own["revenue"][:-1], mode="lines+markers", name="Revenue", line_color=BLUE,
        hovertemplate="%{x|%B %Y}: " + sign + "%{y:,.0f}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=months[:-1], y=own["forecast"][:-1], mode="markers", name="Forecast a month before",
        marker={"color": GREY, "symbol": "line-ew-open", "size": 12, "line_width": 2},
        hovertemplate="forecast for %{x|%B %Y}: " + sign + "%{y:,.0f}<extra></extra>",
    )  # fmt: skip
    last, next_ = months.iloc[-2], months.iloc[-1]
    from_ = float(own["revenue"].iloc[-2])
    for low, high, colour, name in (
        (told["low_95"], told["high_95"], _WIDE, "95%"),
        (told["low_80"], told["high_80"], _NARROW, "80%"),
    ):
        if low is not None:
            figure.add_scatter(
                x=[last, next_, next_, last], y=[from_, high, low, from_], fill="toself", fillcolor=colour,
                line_width=0, mode="lines", name=f"{name} range", hoverinfo="skip",
            )  # fmt: skip
    figure.add_scatter(
        x=[last, next_], y=[from_, told["forecast"]], mode="lines+markers", name="Forecast",
        line={"color": BLUE, "dash": "dot"}, marker={"size": [0, 11], "symbol": "circle-open"},
        hovertemplate="forecast for %{x|%B %Y}: " + sign + "%{y:,.0f}<extra></extra>",
    )  # fmt: skip
    if told["actual"] is not None:
        figure.add_scatter(
            x=[next_], y=[told["actual"]], mode="markers", name="What came", marker={"color": HARM, "size": 11},
            hovertemplate="came in %{x|%B %Y}: " + sign + "%{y:,.0f}<extra></extra>",
        )  # fmt: skip
    said = words.short_money(told["forecast"], result.currency)
    title = f"{month_name(result.target_month)}: about {said}"
    if told["actual"] is not None:
        title += f" was forecast, {words.short_money(told['actual'], result.currency)} came"
    elif told["change"] is not None and 0.005 <= abs(told["change"]) < MANY:
        grows = "grow" if told["change"] > 0 else "fall"
        title = f"Revenue should {grows} by {abs(told['change']):.0%} in {month_name(result.target_month)}"
    note = f"By {told['rule_label']}: the rule that was off least in the months before."
    if told["low_80"] is not None:
        note += " Darker: where 8 of 10 such months lie."
    titled(figure, title, note)
    figure.update_layout(
        yaxis_title=f"Revenue, net of refunds ({sign.strip()})", height=420, legend={"y": 1.02}
    )
    figure.update_yaxes(rangemode="tozero", exponentformat="B")
    figure.update_xaxes(tickformat="%b<br>%Y")
    return figure


def segments(result: Result) -> go.Figure | None:
    """Each segment's forecast with its range beside its last month."""
    own = result.segments.iloc[::-1]
    if not len(own):
        return None
    names = [wrap(str(name), 22) for name in own["name"]]
    sign, last = words.sign(result.currency), month_name(result.months[-1])
    figure = go.Figure()
    figure.add_bar(
        x=own["forecast"], y=names, orientation="h", name=month_name(result.target_month),
        marker_color=[segment_colour(s) if s >= 0 else GREY for s in own["segment"]],
        error_x={
            "type": "data", "symmetric": False, "array": own["high"] - own["forecast"],
            "arrayminus": own["forecast"] - own["low"],
        },
        hovertemplate="%{y}: " + sign + "%{x:,.0f}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=own["last"], y=names, mode="markers", name=f"{last}, as it came",
        marker={"symbol": "line-ns-open", "size": 18, "color": HARM, "line_width": 3},
        hovertemplate="%{y}, " + last + ": " + sign + "%{x:,.0f}<extra></extra>",
    )  # fmt: skip
    kept = own[own["segment"] >= 0]
    top = kept.loc[kept["forecast"].idxmax()] if len(kept) else own.iloc[0]
    share = top["forecast"] / own["forecast"].sum() if own["forecast"].sum() > 0 else float("nan")
    titled(
        figure,
        f"{top['name']} should bring {words.share(share, 0)} of {month_name(result.target_month)}",
        f"Bars: forecast, whiskers: its 80% range. Orange marks: {last}.",
    )
    figure.update_layout(
        xaxis_title=f"Revenue ({sign.strip()})", height=150 + 46 * len(own), showlegend=False
    )
    figure.update_xaxes(exponentformat="B", rangemode="tozero")
    return figure


def movers(result: Result, users: pd.DataFrame) -> go.Figure | None:
    """users: user_id, change (forecast against the mean of the last 12 months), those who move most."""
    if not len(users):
        return None
    own = users.sort_values("change")
    figure = go.Figure(
        go.Bar(
            x=own["change"], y=[wrap(str(user), 24) for user in own["user_id"]], orientation="h",
            marker_color=[BLUE if change > 0 else HARM for change in own["change"]],
            customdata=own[["mean_12", "amount"]],
            hovertemplate="%{y}: %{customdata[0]:,.0f} a month before, %{customdata[1]:,.0f} forecast<extra></extra>",
        )
    )  # fmt: skip
    sign = words.sign(result.currency).strip()
    first, last = own.iloc[0], own.iloc[-1]
    if first["change"] < 0:
        said = f"{first['user_id']} is expected to fall most, from {_from_to(first, result.currency)}"
    else:
        said = f"{last['user_id']} is expected to grow most, from {_from_to(last, result.currency)}"
    titled(
        figure, said, "Their usual month, the mean of up to 12, against the forecast. Those who move most."
    )
    figure.update_layout(xaxis_title=f"Change in a month ({sign})", height=120 + 24 * len(own))
    figure.update_yaxes(type="category")
    figure.update_xaxes(exponentformat="B")
    return figure


def _from_to(row: pd.Series, currency: str) -> str:
    was, will = (words.money(round(row[name]), currency) for name in ("mean_12", "amount"))
    return f"{was} to {will} a month"


def customer(result: Result, row: dict[str, Any], months: pd.DataFrame) -> go.Figure:
    """One customer's months and what the next one may bring."""
    sign = words.sign(result.currency)
    known = months[months["known"]]
    figure = go.Figure(
        go.Bar(
            x=pd.to_datetime(known["month"]), y=known["amount"], marker_color=BLUE, name="Spent",
            customdata=known["orders"],
            hovertemplate="%{x|%B %Y}: " + sign + "%{y:,.2f} in %{customdata:.0f} orders<extra></extra>",
        )
    )  # fmt: skip
    target = pd.Timestamp(result.target_month)
    for low, high, width, name in (("low_95", "high_95", 5, "95%"), ("amount_low", "amount_high", 12, "80%")):
        figure.add_scatter(
            x=[target, target], y=[row[low], row[high]], mode="lines", name=f"{name} range",
            line={"color": _WIDE if width == 5 else _NARROW, "width": 2 * width},
            hovertemplate=sign + "%{y:,.0f}<extra>" + name + "</extra>",
        )  # fmt: skip
    figure.add_scatter(
        x=[target], y=[row["amount"]], mode="markers", name="Forecast",
        marker={"color": HARM, "size": 11, "symbol": "diamond"},
        hovertemplate="%{x|%B %Y}: " + sign + "%{y:,.2f}<extra>forecast</extra>",
    )  # fmt: skip
    titled(
        figure,
        f"{target:%B %Y}: {words.money(row['amount'], result.currency)}, between"
        f" {words.money(row['amount_low'], result.currency)} and {words.money(row['amount_high'], result.currency)}"
        " in 8 of 10 cases",
    )
    figure.update_layout(
        yaxis_title=f"Spent, net of refunds ({sign.strip()})", height=360, legend={"y": 1.02}
    )
    figure.update_xaxes(tickformat="%b<br>%Y")
    return figure


def models(result: Result, what: str = "amount") -> go.Figure | None:
    """The error of each candidate on the judged months, with the 95% interval of its distance to the best rule."""
    own = result.models[(result.models["month"] == "all") & (result.models["what"] == what)]
    if not len(own):
        return None
    own = own.sort_values("mae", ascending=False)
    names = [wrap(str(label), 30) for label in own["label"]]
    figure = go.Figure()
    for floor, name, colour in ((True, "Simple rules", GREY), (False, "Models", BLUE)):
        part = own["floor"] == floor
        figure.add_bar(
            x=own.loc[part, "mae"], y=[n for n, keep in zip(names, part, strict=True) if keep],
            orientation="h", name=name, marker_color=colour,
            error_x={
                "type": "data", "symmetric": False,
                "array": (own["high"] - own["difference"])[part], "arrayminus": (own["difference"] - own["low"])[part],
            },
            hovertemplate="%{y}: off by %{x:,.2f}<extra></extra>",
        )  # fmt: skip
    best = own.iloc[-1]
    unit = words.sign(result.currency).strip() if what == "amount" else "orders"
    titled(
        figure,
        f"Off least in these months: {best['label']}",
        "Mean error a customer and month. 'What was chosen each month' is what this page would have told. Whiskers: 95%"
        " interval of the difference to the best simple rule.",
    )
    figure.update_layout(
        xaxis_title=f"Mean absolute error ({unit})", height=150 + 32 * len(own), legend={"y": 1.02}
    )
    figure.update_yaxes(categoryorder="array", categoryarray=names)
    figure.update_xaxes(rangemode="tozero")
    return figure


def coverage(result: Result) -> go.Figure | None:
    """How often what came lay in the range that was told, by group."""
    own = result.coverage[(result.coverage["month"] == "all") & (result.coverage["by"] != "like")]
    if not len(own):
        return None
    figure = go.Figure()
    for level, colour, symbol in ((0.8, BLUE, "circle"), (0.95, GREY, "square")):
        part = own[own["level"] == level].iloc[::-1]
        share = part["coverage"]
        error = 1.96 * np.sqrt(share * (1 - share) / part["n"])
        figure.add_scatter(
            x=part["coverage"], y=[wrap(str(name), 24) for name in part["group"]], mode="markers",
            name=f"{level:.0%} range", marker={"color": colour, "size": 11, "symbol": symbol},
            error_x={
                "type": "data", "symmetric": False,
                "array": np.minimum(error, 1 - share), "arrayminus": np.minimum(error, share),
            },
            customdata=part["n"],
            hovertemplate="%{y}: %{x:.1%} of %{customdata:,}<extra></extra>",
        )  # fmt: skip
        figure.add_vline(x=level, line={"color": colour, "dash": "dash", "width": 1.5})
    everyone = own[(own["by"] == "everyone") & (own["level"] == 0.8)]["coverage"].iloc[0]
    titled(
        figure,
        f"The 80% ranges held {words.share(float(everyone), 0)} of what came",
        f"Judged on {months_listed(result.judged_months)}. Dashed: as promised."
        + (" Groups as they were before then." if (own["by"] == "segment").any() else ""),
    )
    groups = own["group"].nunique()
    figure.update_layout(xaxis_title="Inside the range", height=140 + 40 * groups, legend={"y": 1.02})
    figure.update_xaxes(tickformat=".0%")
    figure.update_yaxes(type="category")
    return figure


def training(result: Result, number: int) -> go.Figure | None:
    """The losses of one training of the LSTM, by epoch."""
    own = result.curve[result.curve["training"] == number] if len(result.curve) else result.curve
    if not len(own):
        return None
    lines = {"epoch": own["epoch"], "training": own["train"], "validation": own["valid"]}
    return curve.training({name: values.tolist() for name, values in lines.items() if values.notna().any()})
