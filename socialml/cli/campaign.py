"""python -m socialml campaign"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from socialml import words
from socialml.cli import command, dataset_option, exported, out_options
from socialml.errors import UserError
from socialml.store import Store


@command()
@dataset_option
@click.option("--budget", type=float, default=100_000.0, show_default=True, help="In the dataset's currency.")
@click.option("--goal", default="effect", show_default=True, help="effect (points), sales or reach.")
@click.option(
    "--channel", "channels", multiple=True, help="That may be booked; again for more. All unless said."
)
@click.option("--least", multiple=True, help="Least share of a tier, such as head=0.3; again for more.")
@click.option("--most", multiple=True, help="Most share of a tier, such as tail=0.2; again for more.")
@click.option("--phases", default=3, show_default=True, help="Of the campaign.")
@click.option("--reading", default="threshold", show_default=True, help="Of the agent's action: or share.")
@click.option(
    "--refits", default=40, show_default=True, help="Resamples of past campaigns behind the intervals."
)
@click.option("--steps", default=60, show_default=True, help="Of training.")
@click.option("--replan-of", help="A run whose first phases are over: plan the rest of its budget.")
@click.option("--phases-done", default=0, help="How many are over.")
@click.option(
    "--realised", multiple=True,
    help="What a channel brought, as a share of what was expected, such as Douyin=1.2; again for more.",
)  # fmt: skip
@out_options("whom to book when")
def campaign(
    store: Store, dataset: str, out: Path | None, form: str | None, seed: int, channels: tuple[str, ...],
    least: tuple[str, ...], most: tuple[str, ...], realised: tuple[str, ...], **settings: Any,
) -> tuple[dict[str, Any], str]:  # fmt: skip
    """Spread a campaign's budget over channels, phases and tiers, and claim what that brings."""
    from socialml.analyses import campaign as analysis

    given = {"tier_least": _numbers("--least", least), "tier_most": _numbers("--most", most),
             "realised": _numbers("--realised", realised)}  # fmt: skip
    config = analysis.Config.from_json({**settings, **given, "channels": list(channels), "seed": seed})
    run = exported("campaign", store, dataset, config, out, analysis.export, form)
    told = run.metrics
    return {"run_id": run.run_id, **told}, "\n".join([*_lines(told), f"Run {run.run_id}"])


def _numbers(option: str, given: tuple[str, ...]) -> dict[str, float]:
    """NAME=NUMBER of each."""
    found = {}
    for text in given:
        name, _, number = text.rpartition("=")
        try:
            found[name] = float(number)
        except ValueError as error:
            raise UserError(
                "bad_config",
                f"{option} is '{text}'; it is a name and a number.",
                "Write it such as head=0.3.",
            ) from error
    return found


def _lines(told: dict[str, Any]) -> list[str]:
    def claim(row: dict[str, Any]) -> str:
        return f"{row['relative']:+.1%} ({row['low']:+.1%} to {row['high']:+.1%})"

    lines = [
        f"{name}: {row['effect']:,.0f} {told['unit']} for {row['cost']:,.0f}, {row['ratio_to_bound']:.1%} of the bound"
        + ("  chosen" if name == told["winner"] else "")
        for name, row in told["plans"].items()
    ]
    lines.append(
        f"Against the usual split: {claim(told['uplift'])}, chance of harm {words.share(told['uplift']['p_harm'], 1)}"
    )
    same = told["cost_for_same_effect"]
    if told["replan"]:
        lines.append(f"Against the plan as it was: {claim(told['replan'])}")
    elif same["cost"] is not None:
        lines.append(
            f"The usual split's effect for {same['cost']:,.0f}, {same['share']:.0%} of its cost"
            f" ({same['low']:.0%} to {same['high']:.0%})"
        )
    return lines
