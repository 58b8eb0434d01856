"""Every plan for a demand, made on one market."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from socialml.environments.campaign import Reading, walk
from socialml.environments.demand import Demand
from socialml.environments.market import Flags, Floats, Market
from socialml.environments.planners import PLANNERS, Planner

if TYPE_CHECKING:
    from socialml.analyses.campaign import Config

Act = Callable[[NDArray[np.float32]], NDArray[np.float32]]

# The simplest first: where plans are level, the first of these is recommended.
LABELS = {
    "template": "Usual split", "proportional": "In proportion", "water_filling": "Same marginal effect everywhere",
    "greedy": "Best next booking first", "solver": "Solver", "ddpg_base": "Agent before it learned",
    "ddpg": "Learned agent (DDPG)",
}  # fmt: skip
KEPT = "smaller"  # the plan of a smaller budget, topped up, where that is better
STATIC = "static"  # the plan as it was before the first phases were over
SECONDS = 120.0  # of the solver's search, which ends earlier by what it has looked at: a busy machine changes nothing
QUICK = {name: PLANNERS[name] for name in ("template", "proportional", "water_filling", "greedy")}


def label(name: str) -> str:
    more = {KEPT: "Plan of a smaller budget, topped up", STATIC: "The plan as it was"}
    return (LABELS | more)[name]


def demand_of(config: Config, channels: list[str], tiers: list[str]) -> Demand:
    return Demand(
        budget=config.budget,
        channels=np.array([not config.channels or name in config.channels for name in channels]),
        tier_least=np.array([config.tier_least.get(tier, 0.0) for tier in tiers]),
        tier_most=np.array([config.tier_most.get(tier, 1.0) for tier in tiers]),
        hierarchy=config.hierarchy, crowding=config.crowding,
    )  # fmt: skip


def all_plans(
    market: Market, demand: Demand, planners: Mapping[str, Planner], solved: Flags | None = None, *,
    booked: Flags | None = None, begin: int = 0, foretold: Floats | None = None,
) -> dict[str, Flags]:  # fmt: skip
    """The plan of each, in the order of LABELS. solved: the solver's; booked, begin, foretold: as Planner has them."""
    found = {
        name: planner(market, demand, booked=booked, begin=begin, foretold=foretold)
        for name, planner in planners.items()
    }
    if solved is not None:
        found["solver"] = solved
    return {name: found[name] for name in LABELS if name in found}


def agent(act: Act | None, reading: Reading) -> Planner:
    """What an agent books when it walks the cells; none: the base that agents begin with."""

    def plan(
        market: Market, demand: Demand, *, booked: Flags | None = None, begin: int = 0, foretold: Floats | None = None
    ) -> Flags:  # fmt: skip
        seen = None
        if begin and foretold is not None and market.keep > 0:
            # The log heat of the last phase from which the next one's heat is foretold like this.
            variance = market.variance()[begin - 1]
            seen = np.log(foretold[:, begin]) / market.keep + market.keep * variance / 2
        return walk(market, demand, act, reading, seen=seen, begin=begin, booked=booked)

    return plan
