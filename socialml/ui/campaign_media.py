"""The media plan: one page to print or send, a file that needs nothing else. Whatever comes from a file is escaped."""

from __future__ import annotations

from html import escape

import pandas as pd

from socialml import words
from socialml.analyses import campaign as analysis
from socialml.figures import campaign as figures
from socialml.store import Run
from socialml.ui import campaign_words as said

_FIGURE = {"effect": "Expected points", "sales": "Expected sales", "reach": "Expected reads"}
_STYLE = """
@page { size: A4; margin: 14mm; }
* { box-sizing: border-box; }
body { font: 13px/1.45 "Source Sans 3", "Source Sans Pro", "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif;
  color: #262730; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.05rem; margin: 1.4rem 0 .4rem; }
.answer { font-size: 1.1rem; margin: .3rem 0 1rem; } .small { color: #555a64; font-size: .85em; }
.figures { display: flex; flex-wrap: wrap; gap: .6rem; } .figures div { border: 1px solid #d5d8de; border-radius: .4rem;
  padding: .4rem .7rem; min-width: 8rem; flex: 1; } .figures b { display: block; font-size: 1.25rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #e6e8ec; padding: .22rem .45rem; text-align: right; white-space: nowrap; }
th { font-weight: 600; } th:first-child, td:first-child, .text { text-align: left; }
tr.sum td { font-weight: 600; border-top: 2px solid #262730; } tr { break-inside: avoid; }
thead { display: table-header-group; }
@media print { body { margin: 0; max-width: none; padding: 0; font-size: 10.5px; } .wide { overflow: visible; } }
"""


def document(run: Run, result: analysis.Result) -> str:
    """The recommended plan as a whole HTML page."""
    title = f"Media plan: {result.dataset}, {words.money(result.budget, result.currency)}"
    figures_ = "".join(
        f"<div>{escape(figure.label)}<b>{escape(figure.value)}</b><span class=small>{escape(figure.interval)}</span>"
        "</div>"
        for figure in said.key_figures(result)[:4]
    )
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title><style>{_STYLE}</style></head><body>
<h1>{escape(title)}</h1>
<p class="answer">{escape(said.answer(result))}</p>
<div class="figures">{figures_}</div>
<h2>Money by channel, phase and size of creator</h2>
<div class="wide">{_matrix(result)}</div>
<h2>Whom to book</h2>
<div class="wide">{_bookings(result)}</div>
<p class="small">Forecasts from {words.plural(result.campaigns_a + result.campaigns_b, "past campaign")} with
{words.plural(result.placements, "booking")}; intervals 95%, of one booking 80%. {escape(said.MEASURED[result.goal])}
What is expected of a booking is its part of what the plan brings.
Made {run.created_at:%Y-%m-%d %H:%M} UTC, run {escape(run.run_id)}.</p>
</body></html>
"""


def _matrix(result: analysis.Result) -> str:
    own = result.cells[result.cells["plan"] == result.winner]
    table = figures.grid(result, own)
    groups = "".join(
        f'<th colspan="{len(result.tiers)}">{escape(figures.headed(phase))}</th>' for phase in result.phases
    )
    tiers = "".join(
        f"<th>{escape(figures.TIERS.get(tier, tier))}</th>" for _ in result.phases for tier in result.tiers
    )
    lines = [_line(result, str(name), row) for name, row in table.iterrows()]
    return (
        f"<table><thead><tr><th></th>{groups}<th></th></tr><tr><th>Channel</th>{tiers}<th>In all</th></tr></thead>"
        f"<tbody>{''.join(lines)}{_line(result, 'In all', table.sum(), ' class=sum')}</tbody></table>"
    )


def _line(result: analysis.Result, name: str, row: pd.Series, more: str = "") -> str:
    cells = "".join(f"<td>{_money(result, value)}</td>" for value in (*row.to_numpy(), row.sum()))
    return f"<tr{more}><td>{escape(name)}</td>{cells}</tr>"


def _money(result: analysis.Result, value: float) -> str:
    return escape(words.money(round(float(value)), result.currency)) if value else words.MISSING


def _bookings(result: analysis.Result) -> str:
    own = result.bookings.read().to_pandas()
    own = own[own["plan"] == result.winner]
    order = {name: at for at, name in enumerate(result.phases)}
    own = own.assign(at=own["phase"].map(order)).sort_values(["at", "price"], ascending=[True, False])
    rows = [
        f"<tr><td>{escape(str(row['creator_id']))}</td><td class=text>{escape(figures.headed(row['phase']))}</td>"
        f"<td class=text>{escape(row['channel'])}</td>"
        f"<td class=text>{escape(figures.TIERS.get(row['tier'], row['tier']))}</td>"
        f"<td>{_money(result, row['price'])}</td><td>{_result(result, row['value'])}</td>"
        f"<td>{_result(result, row['low'])} to {_result(result, row['high'])}</td></tr>"
        for row in own.to_dict("records")
    ]
    return (
        "<table><thead><tr><th>Creator</th><th class=text>Phase</th><th class=text>Channel</th><th class=text>Size</th>"
        f"<th>Price</th><th>{_FIGURE[result.goal]}</th><th>80% interval</th></tr></thead>"
        f"<tbody>{''.join(rows)}<tr class=sum><td>{words.plural(said.booked(result), 'creator')}</td><td></td><td></td>"
        f"<td></td><td>{_money(result, float(own['price'].sum()))}</td><td></td><td></td></tr></tbody></table>"
    )


def _result(result: analysis.Result, value: float) -> str:
    return escape(said.bare(result, float(f"{value:.3g}"), 4.0))
