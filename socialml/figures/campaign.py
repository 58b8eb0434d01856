"""Charts of the Campaign budget page: where the money goes and what that brings. Pure: a Result in, a figure out."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from socialml import words
from socialml.analyses.campaign import Result
from socialml.figures.live_policy import around_zero, headroom, relative
from socialml.figures.theme import BLUE, GREY, HARM, titled, wrap

LEARNED = "#E69F00"  # the learned plan where another one is recommended
USUAL = "template"
GOALS = {"effect": "Effect", "sales": "Sales", "reach": "Reads"}
TIERS = {"head": "Head", "mid": "Mid", "tail": "Tail"}
_BLOCKS = 3  # phases beside each other; more would be too narrow on a phone


def names(result: Result) -> dict[str, str]:
    """plan -> what it is called."""
    own = dict(zip(result.plans["plan"], result.plans["label"], strict=True))
    return {"smaller": "Plan of a smaller budget, topped up", **own}


def told(result: Result, value: float, wide: float = 0.0) -> str:
    """An amount of the goal in its unit, with no more digits than an interval so wide supports."""
    digits = 1 if wide < 4 and abs(value) < 100 else 0
    number = f"{abs(value):,.{digits}f}" if wide < 4_000 else words.short(float(f"{abs(value):.3g}"))
    minus = "-" if round(value, digits) < 0 else ""
    if result.goal == "sales":
        return f"{minus}{words.sign(result.currency)}{number}"
    return f"{minus}{number} {'points' if result.goal == 'effect' else 'reads'}"


def matrix(result: Result, cells: pd.DataFrame, title: str, base: pd.DataFrame | None = None) -> go.Figure:
    """Money by channel and tier, a block for each phase. cells, base: channel, phase, tier, budget; with base the
    difference to it, more in blue and less in orange."""
    table = grid(result, cells)
    if base is not None:
        table = table - grid(result, base)
    most = max(float(table.abs().to_numpy().max()), 1e-9)
    columns = min(_BLOCKS, len(result.phases))
    rows = -(-len(result.phases) // columns)
    sums = {phase: float(table[phase].to_numpy().sum()) for phase in result.phases}
    sign = words.sign(result.currency)
    figure = make_subplots(
        rows=rows, cols=columns, shared_yaxes=True, horizontal_spacing=0.02, vertical_spacing=0.28 / rows,
        subplot_titles=[f"{wrap(headed(phase), 14)}<br>{_sum(sums[phase], sign, base is not None)}"
                        for phase in result.phases],
    )  # fmt: skip
    for at, phase in enumerate(result.phases):
        block = table[phase].iloc[::-1]  # plotly draws the first at the bottom
        figure.add_trace(
            go.Heatmap(
                x=[TIERS.get(tier, tier) for tier in block.columns], y=[wrap(str(name), 12) for name in block.index],
                z=block.to_numpy(), zmin=-most, zmax=most, reversescale=True, xgap=2, ygap=2, showscale=False,
                text=[[short(value, base is not None) for value in line] for line in block.to_numpy()],
                texttemplate="%{text}", textfont_size=12,
                hovertemplate=f"%{{y}}, %{{x}}, {wrap(phase, 40)}: {sign}%{{z:,.0f}}<extra></extra>",
            ),
            row=at // columns + 1, col=at % columns + 1,
        )  # fmt: skip
    figure.update_annotations(font_size=13)
    figure.update_xaxes(showgrid=False, fixedrange=True)
    figure.update_yaxes(showgrid=False, fixedrange=True, ticks="")
    headroom(figure, 0.96 if rows > 1 else 0.9)
    unit = sign.strip()
    note = (
        f"{unit} more (blue) or less (orange)"
        if base is not None
        else f"{unit} for each channel and size of creator"
    )
    titled(figure, title, f"{note}, a block for each phase. –: nothing.")
    figure.update_layout(height=90 + rows * (90 + 34 * len(result.channels)))
    return figure


def grid(result: Result, cells: pd.DataFrame) -> pd.DataFrame:
    """Money: a row for each channel, columns (phase, tier), zeros where nothing is spent."""
    columns = pd.MultiIndex.from_product([result.phases, result.tiers])
    table = cells.pivot_table(index="channel", columns=["phase", "tier"], values="budget", aggfunc="sum")
    return table.reindex(index=result.channels, columns=columns).fillna(0.0)


def headed(name: str) -> str:
    """A name as it begins a line: 'Phase 1'."""
    return name[:1].upper() + name[1:]


def short(value: float, signed: bool = False) -> str:
    """A cell: '12k', '1.2k', '850', '–'; with its sign where it is a difference."""
    size = abs(value)
    if size < 0.5:
        return "–"
    number = f"{size / 1e6:.3g}M" if size >= 999_500 else f"{size / 1e3:.0f}k" if size >= 9_950 else (
        f"{size / 1e3:.1f}k" if size >= 999.5 else f"{size:.0f}")  # fmt: skip
    return f"{('+' if value > 0 else '-') if signed else ''}{number}"


def _sum(value: float, sign: str, signed: bool) -> str:
    number = short(value, signed)
    return number if number == "–" else f"{number[0]}{sign}{number[1:]}" if signed else f"{sign}{number}"


def before_after(result: Result) -> go.Figure:
    """Left the usual split and the recommended plan with their intervals, right the relative change with its own: what
    the budget brings, and the money for what the usual split brings."""
    own, cost = result.uplift, result.same_effect
    goal = GOALS[result.goal]
    unit = {"effect": " (points)", "sales": f" ({words.sign(result.currency).strip()})", "reach": ""}[
        result.goal
    ]
    rows = [(f"{goal}{unit} of {_money(result, result.budget)}", "before_after", own)]
    if cost.get("cost") is not None:
        rows.append((f"Money for the usual split's {goal.lower()}", "cost", cost))
    figure = make_subplots(
        rows=len(rows), cols=2, column_widths=[0.58, 0.42], horizontal_spacing=0.06, vertical_spacing=0.24,
        subplot_titles=[text for at, (label, _, _) in enumerate(rows)
                        for text in (wrap(label, 60), "Change (95%)" if at == 0 else "")],
    )  # fmt: skip
    changes = []
    for at, (_, which, row) in enumerate(rows, start=1):
        if which == "cost":
            full = usual_cost(result)
            levels = [("Usual", full, full, full, GREY),
                      ("New", row["cost"], row["low"] * full, row["high"] * full, BLUE)]  # fmt: skip
            change = [row[name] - 1 for name in ("share", "low", "high")]
            say = [_money(result, level[1]) for level in levels]
            good = change[2] < 0
        else:
            wide = max(row["after_high"] - row["after_low"], row["before_high"] - row["before_low"])
            levels = [("Usual", row["before"], row["before_low"], row["before_high"], GREY),
                      ("New", row["after"], row["after_low"], row["after_high"], BLUE)]  # fmt: skip
            change = [row["relative"], row["low"], row["high"]]
            say = [told(result, level[1], wide).split(" ")[0] for level in levels]
            good = change[1] > 0
        changes += change
        for (called, level, low, high, colour), text in reversed(list(zip(levels, say, strict=True))):
            figure.add_bar(
                row=at, col=1, x=[level], y=[f"{called}  {text}"], orientation="h", showlegend=False,
                marker={"color": colour, "opacity": 0.45, "line": {"color": colour, "width": 1}},
                error_x={"type": "data", "symmetric": False, "array": [high - level], "arrayminus": [level - low],
                         "color": colour, "thickness": 2.5},
                hovertemplate=f"{low:,.0f} to {high:,.0f}<extra></extra>",
            )  # fmt: skip
        harm = change[1] > 0 if which == "cost" else change[2] < 0
        figure.add_scatter(
            row=at, col=2, x=[change[0]], y=[0], mode="markers+text", showlegend=False, text=[f"{change[0]:+.0%}"],
            textposition="top center", cliponaxis=False,
            marker={"color": HARM if harm else BLUE if good else GREY, "size": 12,
                    "symbol": "circle" if good or harm else "circle-open"},
            error_x={"type": "data", "symmetric": False, "array": [change[2] - change[0]],
                     "arrayminus": [change[0] - change[1]]},
            hovertemplate=relative(*change) + "<extra></extra>",
        )  # fmt: skip
        figure.update_xaxes(row=at, col=1, visible=False, rangemode="tozero")
        figure.update_yaxes(row=at, col=2, visible=False, range=[-1, 1.6])
        figure.add_vline(x=0, line={"color": GREY, "dash": "dash", "width": 1.5}, row=at, col=2)  # type: ignore[arg-type]
    bounds = around_zero(min(changes), max(changes))
    for at in range(1, len(rows) + 1):
        figure.update_xaxes(
            row=at,
            col=2,
            range=bounds,
            tickformat=".0%",
            nticks=4,
            tickangle=0,
            showticklabels=at == len(rows),
        )
    for note in figure.layout.annotations:
        note.update(xanchor="left", font_size=13, x=0.61 if note.text == "Change (95%)" else 0)
    headroom(figure, 0.92)
    titled(
        figure,
        f"{result.winner_label}: {relative(own['relative'], own['low'], own['high'])} {goal.lower()} against the usual"
        " split",
        "Forecast, by a model that did not make the plan. Whiskers: 95% interval. Hollow: may be chance.",
    )
    figure.update_layout(height=120 + 120 * len(rows), bargap=0.3)
    return figure


def usual_cost(result: Result) -> float:
    """What the usual split really spends of the budget."""
    return float(result.plans.set_index("plan").loc[USUAL, "cost"])


def _money(result: Result, value: float) -> str:
    return words.money(float(f"{value:.3g}"), result.currency)


def ladder(result: Result) -> go.Figure:
    """What each plan brings against the usual split, the simplest at the top."""
    own = result.plans.sort_values("rank", ascending=False)
    figure = go.Figure()
    for kept, name in ((True, "Within all bounds"), (False, "Breaks a bound")):
        part = own[own["feasible"] == kept]
        if not len(part):
            continue
        colours = [
            BLUE if plan == result.winner else LEARNED if plan == "ddpg" else GREY for plan in part["plan"]
        ]
        figure.add_scatter(
            x=part["gain"], y=[_rung(result, *row) for row in zip(part["plan"], part["label"], strict=True)],
            mode="markers", name=name, showlegend=bool((~own["feasible"]).any()),
            marker={"color": colours, "size": 12, "symbol": "circle" if kept else "x"},
            error_x={"type": "data", "symmetric": False, "array": part["gain_high"] - part["gain"],
                     "arrayminus": part["gain"] - part["gain_low"], "color": GREY},
            hovertemplate="%{y}: %{x:+.1%}<extra></extra>",
        )  # fmt: skip
    figure.add_vline(x=0, line={"color": GREY, "dash": "dash", "width": 1.5})
    titled(
        figure,
        f"{result.winner_label} is recommended",
        "Simplest at the top. Whiskers: 95% interval against the usual split (dashed). Forecast.",
    )
    figure.update_xaxes(tickformat="+.0%", nticks=6, title=f"{GOALS[result.goal]} against the usual split")
    figure.update_yaxes(
        categoryorder="array",
        categoryarray=[_rung(result, *row) for row in zip(own["plan"], own["label"], strict=True)],
    )
    figure.update_layout(height=150 + 46 * len(own), legend={"y": 1.02})
    return figure


def _rung(result: Result, plan: str, label: str) -> str:
    text = wrap(label, 18)
    return f"<b>{text}</b>" if plan == result.winner else text
