"""python -m socialml live-policy"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from socialml import words
from socialml.cli import command, dataset_option, exported, out_options
from socialml.store import Store

_METRICS = {"conversion": "orders a recommendation", "interactions": "interactions a viewer",
            "revenue": "revenue a viewer", "satisfaction": "satisfaction", "value": "value a viewer"}  # fmt: skip


@command()
@dataset_option
@click.option("--agent", default="dqn", show_default=True, help="dqn, ppo or dqn_by_segment.")
@click.option("--weeks", default=12, show_default=True, help="That the policies are played for.")
@click.option("--refits", default=40, show_default=True, help="Resamples of viewers behind the intervals.")
@click.option("--steps", default=500, show_default=True, help="Of training.")
@click.option("--offers-a-week", type=int, help="Most offers that one viewer gets in a week.")
@click.option("--offer-share", type=float, help="Most share of recommendations that carry an offer.")
@click.option("--start-from", help="A run whose weights the training goes on from.")
@out_options("what to show each viewer next")
def live_policy(
    store: Store, dataset: str, out: Path | None, form: str | None, seed: int, **settings: Any
) -> tuple[dict[str, Any], str]:
    """Learn what to recommend, and claim what it would change, beside the simplest rules."""
    from socialml.analyses import live_policy as analysis

    config = analysis.Config.from_json({**settings, "seed": seed})
    run = exported("live_policy", store, dataset, config, out, analysis.export, form)
    told = run.metrics
    return {"run_id": run.run_id, **told}, "\n".join([*_lines(told), f"Run {run.run_id}"])


def _lines(told: dict[str, Any]) -> list[str]:
    lines = [told["certificate"]]
    if not told["certified"]:
        return [*lines, "No policy is ranked and no uplift claimed."]
    ranked = sorted(told["policies"].items(), key=lambda item: -item[1]["value"])
    for name, row in ranked:
        mark = "  chosen: the simplest that is as good as the best" if name == told["winner"] else ""
        lines.append(
            f"{name}: {row['gain']:+.2f} a viewer ({row['gain_low']:+.2f} to {row['gain_high']:+.2f}){mark}"
        )
    lines.append(f"{told['of']} against today's policy, simulated:")
    for metric, row in told["uplift"].items():
        lines.append(
            f"  {_METRICS[metric]}: {row['relative']:+.1%} ({row['low']:+.1%} to {row['high']:+.1%}), chance of harm"
            f" {words.share(row['p_harm'], 1)}"
        )
    return lines
