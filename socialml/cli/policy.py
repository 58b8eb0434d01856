"""python -m socialml evaluate-policy"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from socialml.cli import command
from socialml.errors import UserError

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_NAMES = {
    "ips": "inverse propensity",
    "snips": "self-normalised",
    "dm": "reward model",
    "dr": "doubly robust",
}


@command(opens_store=False)
@click.option("--log", "log_file", type=_FILE, required=True, help="CSV of decisions, one a row.")
@click.option("--target", required=True, help="Another log whose choices are the policy, or 'uniform'.")
@click.option(
    "--action", multiple=True, help="Column of what was chosen; several where the choice has several parts."
)
@click.option("--reward", help="Column of what followed.")
@click.option("--propensity", help="Column of the chance with which it had been chosen.")
@click.option("--position", help="Column of the place where it was shown, if any.")
@click.option(
    "--context", multiple=True, help="Columns known before the choice; all that are left if none is named."
)
@click.option("--user", help="Column of the customer, if any: rows of one customer count as one draw.")
def evaluate_policy(
    log_file: Path,
    target: str,
    action: tuple[str, ...],
    reward: str | None,
    propensity: str | None,
    position: str | None,
    context: tuple[str, ...],
    user: str | None,
    seed: int,
) -> tuple[dict[str, Any], str]:
    """What another policy would have earned on the decisions of a log, from the log alone."""
    from socialml.evaluation import off_policy
    from socialml.ingest import bandit_log

    given = {"reward": reward, "propensity": propensity, "position": position, "user": user}
    read = bandit_log.read(
        log_file,
        {role: name for role, name in given.items() if name},
        seed,
        action=action,
        context=context or None,
    )
    log, unknown = read.log, 0.0
    if target == "uniform":
        policy = off_policy.uniform(log)
    else:
        if not Path(target).is_file():
            raise UserError(
                "no_file", f"There is no file {target}.", "Name another log, or write: --target uniform"
            )
        policy, unknown = bandit_log.policy_of(Path(target), read)
    found = off_policy.evaluate(log, policy, seed, unknown)
    warnings = [*read.notes, *found.warnings]
    answer: dict[str, Any] = {
        "n": found.n,
        "effective_sample_size": found.effective_sample_size,
        "logged": asdict(found.logged) if found.logged else None,
        "estimates": {
            name: asdict(found.estimates[name]) if name in found.estimates else None for name in _NAMES
        },
        "difference": {name: asdict(value) for name, value in found.difference.items()},
        "refused": found.refused or None,
        "warnings": warnings,
        "columns": read.columns,
        "context": read.context,
    }
    lines = [f"{found.n:,} decisions, {len(read.actions)} actions"]
    if found.effective_sample_size is not None:
        lines[0] += f"; they count as {found.effective_sample_size:,.0f} for this policy"
    if found.logged:
        lines.append(_line("as logged", found.logged))
    lines += [
        _line(label, found.estimates[name]) for name, label in _NAMES.items() if name in found.estimates
    ]
    if found.refused:
        lines.append(f"No estimate. {found.refused}")
    elif "dr" in found.difference:
        change = found.difference["dr"]
        side = (
            "more" if change.low > 0 else "less" if change.high < 0 else "not told apart from what was logged"
        )
        lines.append(_line(f"difference, doubly robust ({side})", change))
    return answer, "\n".join([*lines, *warnings])


def _line(label: str, estimate: Any) -> str:
    return f"{label}: {estimate.value:.5g} ({estimate.low:.5g} to {estimate.high:.5g}) a decision"
