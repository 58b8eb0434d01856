"""From several plans the one to recommend, for any budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from socialml.environments.demand import Demand, feasible, score
from socialml.environments.improving import improve
from socialml.environments.market import Flags, Floats, Market
from socialml.errors import UserError

_SWAPS = 10  # made in a smaller budget's plan: as many as a server that answers at once has time for
_LEVEL = 1e-3  # plans this close in score, relative, count as equal


def recommend(
    market: Market,
    demand: Demand,
    candidates: Mapping[str, Flags],
    smaller: Sequence[tuple[str, Flags]] = (),
    *,
    begin: int = 0,
    foretold: Floats | None = None,
) -> tuple[str, Flags]:
    """The best score among the plans that keep every bound; of those that are level the first, so name the simplest
    first. Its effect is never below the template's (the candidate of that name) nor below that of a smaller budget's
    plan.

    smaller: names and plans that were recommended for smaller budgets; this budget tops them up and swaps in them."""
    pool = list(candidates.items())
    for name, plan in smaller:
        for swaps in (0, _SWAPS):
            pool.append((name, improve(market, demand, plan, begin=begin, foretold=foretold, swaps=swaps)))
    found = [(name, plan) for name, plan in pool if feasible(market, demand, plan) is None]
    if not found:
        raise UserError(
            "no_plan", "No plan keeps the budget and the bounds of the tiers.",
            "Lower the least share of a tier, raise a most, or allow more channels.",
        )  # fmt: skip
    effects = [market.effect(plan, foretold) for _, plan in found]
    kept = [effect for effect, (name, _) in zip(effects, found, strict=True) if name == "template"]
    kept += [market.effect(plan, foretold) for _, plan in smaller]
    floor = min(max(kept, default=0.0), max(effects))
    scores = [
        score(market, demand, plan, foretold) if effect >= floor else float("-inf")
        for effect, (_, plan) in zip(effects, found, strict=True)
    ]
    best = max(scores)
    return found[next(k for k, value in enumerate(scores) if value >= best - _LEVEL * abs(best))]
