"""Charts of the Anomalies page. Pure: a Result and a threshold in, a figure out (None where there is none)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from socialml import words
from socialml.analyses import _anomalies_judge as judge
from socialml.analyses.anomalies import Result, top
from socialml.figures.theme import BLUE, GREY, HARM, safe, titled, wrap

DRAWN = 1_500  # flagged rows drawn at most
POINTS = 3_000  # of a series
SHARES = np.round(np.concatenate([np.arange(1, 10) / 1000, np.arange(10, 101, 5) / 1000]), 4)


def amounts(result: Result, threshold: float, flagged: int) -> go.Figure:
    """What was paid against what was expected, flagged ones set apart by colour and shape."""
    rest = result.cloud[result.cloud["score"] < threshold]
    odd = top(result, min(flagged, DRAWN))
    sign = words.sign(result.currency).strip()
    figure = go.Figure()
    _against(figure, rest, rest["user_id"], sign, flagged=False)
    _against(figure, odd, odd["user_id"] + ": " + odd["reason"], sign, flagged=True)
    above = float((odd["amount"] > odd["usual"]).mean()) if len(odd) else 0.0
    titled(
        figure,
        f"{words.share(above, 0)} of the flagged cost more than expected of their customer",
        f"Showing {words.count(len(odd))} of {words.plural(flagged, 'flagged purchase')}, and a sample of"
        f" {words.count(len(rest))} others. Equal distances are equal multiples.",
    )
    axis = {"type": "log", "tickformat": ",.0f", "dtick": "D2"}
    figure.update_layout(
        xaxis={**axis, "title": f"Expected ({sign})"}, yaxis={**axis, "title": f"Paid ({sign})"}, height=440,
        legend={"y": 1.02},
    )  # fmt: skip
    _diagonal(figure, pd.concat([rest["usual"], odd["usual"]]))
    return figure


def _against(figure: go.Figure, rows: pd.DataFrame, told: pd.Series, sign: str, *, flagged: bool) -> None:
    """Points of what came (amount) over what was expected (usual). told: what the pointer is shown of each."""
    cross = {"color": HARM, "size": 8, "symbol": "x-thin", "line": {"color": HARM, "width": 2}}
    figure.add_scattergl(
        x=rows["usual"], y=rows["amount"], mode="markers", name="Flagged" if flagged else "Not flagged",
        marker=cross if flagged else {"color": GREY, "size": 5, "opacity": 0.45}, customdata=told.map(safe),
        hovertemplate=f"{sign}%{{y:,.0f}}, expected {sign}%{{x:,.0f}}<br>%{{customdata}}<extra></extra>",
    )  # fmt: skip


def _diagonal(figure: go.Figure, usual: pd.Series) -> None:
    ends = [float(usual.min()), float(usual.max())] if len(usual) else [1.0, 10.0]
    figure.add_scatter(
        x=ends, y=ends, mode="lines", name="As expected", hoverinfo="skip",
        line={"color": GREY, "dash": "dash", "width": 1.5},
    )  # fmt: skip


def points(result: Result, series: str, threshold: float) -> go.Figure | None:
    """One series with what was expected, flagged points set apart."""
    frame = result.scores.read(["series", "ts", "value", "usual", "score"]).to_pandas()
    frame = frame[frame["series"] == series].sort_values("ts")
    if not len(frame):
        return None
    odd = frame[frame["score"] >= threshold]
    drawn = frame
    if len(frame) > POINTS:  # the extremes of each stretch, so that no peak is lost
        stretch = np.arange(len(frame)) * (POINTS // 2) // len(frame)
        grouped = frame.groupby(stretch)["value"]
        drawn = frame.loc[np.union1d(grouped.idxmin(), grouped.idxmax())].sort_values("ts")
    figure = go.Figure()
    figure.add_scatter(
        x=drawn["ts"], y=drawn["value"], mode="lines", name="Measured", line={"color": BLUE, "width": 1.4},
        hovertemplate="%{x|%Y-%m-%d %H:%M}: %{y:,.4g}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=drawn["ts"], y=drawn["usual"], mode="lines", name="Expected",
        line={"color": GREY, "width": 1.4, "dash": "dot"}, hovertemplate="expected %{y:,.4g}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=odd["ts"].head(DRAWN), y=odd["value"].head(DRAWN), mode="markers", name="Flagged",
        marker={"color": HARM, "size": 10, "symbol": "x-thin", "line": {"color": HARM, "width": 2.5}},
        hovertemplate="%{x|%Y-%m-%d %H:%M}: %{y:,.4g}<extra>flagged</extra>",
    )  # fmt: skip
    note = f"{words.plural(len(frame), 'point')}."
    if len(drawn) < len(frame):
        note = f"Showing {words.count(len(drawn))} of {note} The peak and the dip of each stretch are kept."
    note += " Draw a frame to look closer, click twice to go back."
    titled(
        figure,
        f"{words.plural(len(odd), 'point')} of {series} {'is' if len(odd) == 1 else 'are'} flagged",
        note,
    )
    figure.update_layout(yaxis_title=safe(result.measured), height=420, legend={"y": 1.02})
    return figure


def tail(ranked: judge.Ranking, threshold: float, chance: pd.DataFrame, of: str = "purchase") -> go.Figure:
    """How many rows have at least each score, and how many chance alone would give.

    chance: as in Result; of: what a row is.
    """
    high = float(min(ranked.score[0], np.quantile(ranked.score, 0.9999) * 1.2)) if ranked.rows else 1.0
    grid = np.linspace(0.0, max(high, 1e-6), 80)
    count = np.searchsorted(-ranked.score, -grid, side="right")
    figure = go.Figure()
    figure.add_scatter(
        x=grid, y=np.maximum(count, 0.5), mode="lines", name="As scored", line={"color": BLUE, "width": 2},
        hovertemplate="score %{x:.1f} and above: %{y:,.0f}<extra></extra>",
    )  # fmt: skip
    flagged = ranked.flagged(threshold)
    title = f"{words.plural(flagged, of)} right of the line"
    if len(chance):
        honest = np.array([judge.by_chance(chance, ranked.rows, score) for score in grid])
        by_chance = judge.by_chance(chance, ranked.rows, threshold)
        seen = honest >= 0.5
        figure.add_scatter(
            x=grid[seen], y=honest[seen], mode="lines", name="By chance alone",
            line={"color": GREY, "width": 2, "dash": "dash"},
            hovertemplate="score %{x:.1f} and above: %{y:,.0f} by chance<extra></extra>",
        )  # fmt: skip
        expected = f"about {words.count(by_chance)}" if by_chance >= 1 else "none"
        title += f"; chance alone would put {expected} there"
    figure.add_vline(x=threshold, line={"color": HARM, "width": 2})
    titled(figure, title, "Each line of the grid is ten times as many.")
    least = f"{of.capitalize()}s with at least this score"
    figure.update_layout(
        xaxis_title="Score (how surprising)", yaxis={"type": "log", "title": least, "tickformat": ",.0f", "dtick": 1},
        height=340, legend={"y": 1.02},
    )  # fmt: skip
    return figure


def sweep(ranked: judge.Ranking, flagged: int) -> go.Figure | None:
    """Precision, recall and false-positive rate by the share that is flagged; None without labels."""
    if ranked.basis != "labels":
        return None
    shares = np.unique(np.append(SHARES, flagged / ranked.rows))
    rates = [judge.rates(ranked, max(1, round(share * ranked.rows))) for share in shares]
    figure = go.Figure()
    for name, label, colour, dash in (
        ("recall", "Found", BLUE, "solid"),
        ("precision", "Right among the flagged", "#009E73", "dash"),
        ("false_positive_rate", "Flagged by mistake", HARM, "dot"),
    ):
        values = [getattr(rate, name) for rate in rates]
        figure.add_scatter(
            x=shares, y=[value.value if value else None for value in values], mode="lines", name=label,
            line={"color": colour, "width": 2, "dash": dash},
            hovertemplate=f"{label}: %{{y:.1%}} at %{{x:.1%}}<extra></extra>",
        )  # fmt: skip
    figure.add_vline(x=flagged / ranked.rows, line={"color": GREY, "width": 1.5})
    titled(
        figure,
        "The more are flagged, the more are found, and the more by mistake",
        "By what is known to be wrong. The grey line is the setting.",
    )
    figure.update_layout(
        xaxis={"title": "Flagged (share of all)", "tickformat": ".0%"},
        yaxis={"title": "Share", "tickformat": ".0%", "rangemode": "tozero"}, height=340, legend={"y": 1.02},
    )  # fmt: skip
    return figure


def compared(frame: pd.DataFrame) -> go.Figure | None:
    """ROC AUC of each score with its interval. frame: judge.compared."""
    own = frame.dropna(subset=["roc_auc"]).sort_values("roc_auc") if len(frame) else frame
    if not len(own):
        return None
    simple = own["name"].isin(["rule", "plain", "forest"])
    own = own.assign(called=[wrap(name, 26) for name in judge.called(own)])
    figure = go.Figure()
    for floor, name, colour in ((False, "Ours", BLUE), (True, "Beside them", GREY)):
        part = own[simple == floor]
        figure.add_scatter(
            x=part["roc_auc"],
            y=part["called"],
            mode="markers",
            name=name,
            marker={"color": colour, "size": 11, "symbol": "circle" if floor else "square"},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": part["high"] - part["roc_auc"],
                "arrayminus": part["roc_auc"] - part["low"],
            },
            hovertemplate="%{x:.4f}<extra></extra>",
        )
    best, rest = own.iloc[-1], own.iloc[:-1]
    sure = (rest["high"] < best["low"]).all()
    first = judge.called(own)[-1]
    first = first[0].lower() + first[1:]
    titled(
        figure,
        f"Best at telling wrong from right: {first}{'' if sure else ', but not beyond doubt'}",
        "Area under the ROC curve, 95% intervals. By what is known to be wrong.",
    )
    figure.update_layout(
        xaxis_title="ROC AUC (0.5 is chance)", height=130 + 36 * len(own), legend={"y": 1.02}
    )
    figure.update_yaxes(categoryorder="array", categoryarray=own["called"])
    return figure


def months(result: Result) -> go.Figure | None:
    """Customers' months: what came against what was expected, the flagged ones set apart."""
    if result.months is None:
        return None
    frame = result.months.read().to_pandas()
    flagged, rows = result.month_score["flagged"], result.month_score["rows"]
    odd, rest = frame.head(flagged).head(DRAWN), frame.iloc[flagged:]
    rest = rest.iloc[:: max(1, len(rest) // DRAWN)]
    sign = words.sign(result.currency).strip()
    figure = go.Figure()
    for part, is_odd in ((rest, False), (odd, True)):
        told = part["user_id"] + " in " + part["month"].dt.strftime("%Y-%m")
        _against(figure, part, told, sign, flagged=is_odd)
    _diagonal(figure, frame["usual"])
    titled(
        figure,
        f"{words.plural(flagged, 'month')} of {words.count(rows)} stand out",
        f"Net spend of a customer in a month. Showing {words.count(len(odd))} flagged and"
        f" {words.count(len(rest))} others.",
    )
    figure.update_layout(
        xaxis={"title": f"Expected ({sign})", "tickformat": ",.0f"},
        yaxis={"title": f"Spent, less refunds ({sign})", "tickformat": ",.0f"}, height=400, legend={"y": 1.02},
    )  # fmt: skip
    return figure
