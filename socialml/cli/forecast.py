"""python -m socialml forecast"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from socialml import words
from socialml.cli import command, dataset_option, exported, out_options
from socialml.store import Store


@command()
@dataset_option
@click.option(
    "--target-month", help="YYYY-MM; the month after the data if not given. A past month is scored."
)
@out_options("each customer's forecast")
def forecast(
    store: Store, dataset: str, target_month: str | None, out: Path | None, form: str | None, seed: int
) -> tuple[dict[str, Any], str]:
    """Forecast what each customer spends next month, and what the shop takes."""
    from socialml.analyses import forecast as analysis

    config = analysis.Config.from_json({"target_month": target_month, "seed": seed})
    run = exported("forecast", store, dataset, config, out, analysis.export, form)
    told, currency = run.metrics, store.dataset(dataset).currency
    total = told["total"]
    lines = [
        f"{told['target_month']}: about {words.money(round(total['forecast']), currency)} in all"
        f" ({total['rule_label']})"
        + (
            f", 80%: {words.money(round(total['low_80']), currency)} to"
            f" {words.money(round(total['high_80']), currency)}."
            if total["low_80"] is not None
            else "; too few months for an interval."
        )
    ]
    ranked = sorted(told["models"].items(), key=lambda item: item[1]["amount"]["mae"])
    for name, scores in ranked:
        mark = "  chosen" if name == told["champion"] else ""
        wape = scores["amount"]["wape"]
        lines.append(
            f"{scores['label']}: off by {words.money(scores['amount']['mae'], currency)} a customer and month"
            f" (WAPE {words.MISSING if wape is None else f'{wape:.3f}'}){mark}"
        )
    if told["interval"]["coverage"] is not None:
        lines.append(
            f"80% intervals held {told['interval']['coverage']:.1%} in {', '.join(told['judged_months'])}."
        )
    lines += _year(told["year"], currency)
    lines += told["notes"] + [f"Not tried: {why}" for why in dict.fromkeys(told["skipped"].values())]
    return {"run_id": run.run_id, **told}, "\n".join([*lines, f"Run {run.run_id}"])


def _year(year: dict[str, Any], currency: str) -> list[str]:
    """How the models told the last 12 months from what was before them."""
    if not year["models"]:
        return list(year["skipped"].values())
    lines = [f"12 months ahead, {year['first']} to {year['last']}, {year['customers']:,} customers:"]
    for scores in sorted(year["models"].values(), key=lambda scores: scores["amount"]["mae"]):
        own = scores["amount"]
        all_of_it = words.MISSING if own["total"] is None else f"{own['total']:.0%}"
        lines.append(
            f"  {scores['label']}: off by {words.money(own['mae'], currency)} a customer;"
            f" {all_of_it} of what came in all"
        )
    return lines + [f"  {why}" for why in year["skipped"].values()]
