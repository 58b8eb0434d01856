"""What a stored run answers at once: another budget, and another sum for one cell. Without torch."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from socialml.analyses import _campaign_agents as agents
from socialml.analyses import _campaign_plans as plans
from socialml.analyses._campaign_markets import REFITS, A, B, Markets, unpacked
from socialml.analyses._campaign_tables import cells_of
from socialml.environments import knapsack
from socialml.environments.demand import Demand, check, feasible
from socialml.environments.market import Flags, Market
from socialml.environments.planners import Planner
from socialml.environments.recommended import recommend
from socialml.errors import UserError
from socialml.evaluation.uplift import interval

if TYPE_CHECKING:
    from socialml.analyses.campaign import Result


def answer(result: Result, budget: float) -> dict[str, Any]:
    """The recommended plan for another budget.

    plan (m, phases), planner, label, cost; effect, effect_low, effect_high and template (its effect), all told by B;
    ddpg (the agent's effect, of B) and bound (of A), between the budgets of the curve; cells as Result.cells without
    `plan`; creators booked. UserError where no plan can be made, and under_way of a run that goes on from another.
    """
    if result.replan:
        raise UserError(
            "under_way",
            "This campaign has begun: its budget is given.",
            "Open the run that planned it at first.",
        )
    markets, market, planners = _kept(result)
    demand = demand_of(result, budget)
    check(market, demand)
    if "ddpg" not in _beside(result, budget):  # its walk takes longer than all else together
        planners = plans.QUICK
    found = plans.all_plans(market, demand, planners)
    name, plan = recommend(market, demand, found, _smaller(result, demand.budget))
    told = {
        key: markets.effects(each) for key, each in ({"template": found["template"]} | {name: plan}).items()
    }
    low, high = interval(float(told[name][B]), told[name][REFITS:])
    return {
        "plan": plan, "planner": name, "label": plans.label(name), "cost": market.cost(plan),
        "effect": float(told[name][B]), "effect_low": low, "effect_high": high,
        "template": float(told["template"][B]),
        "ddpg": _between(result, budget, "ddpg"), "bound": _between(result, budget, "bound"),
        "cells": cells_of(markets.at(B), plan, result.heat[B]), "creators": int(plan.any(axis=1).sum()),
    }  # fmt: skip


def what_if(result: Result, cell: tuple[str, str, str], budget: float) -> dict[str, Any]:
    """The recommended plan with another sum for one cell (channel, phase, tier), the rest as it is.

    effect before and after, difference with its interval, all told by B; cost and over: yuan above the budget; broken:
    the bound that it breaks, as a sentence, or ''; plan, cells. UserError no_such_cell, phase_over, bad_budget.
    """
    markets, market, _ = _kept(result)
    channel, phase, tier = _cell(result, cell)
    if not np.isfinite(budget) or budget < 0:
        raise UserError("bad_budget", f"The cell's budget is {budget!r}.", "Give an amount of 0 or more.")
    if phase < int(result.replan.get("phases_done", 0)):
        raise UserError("phase_over", f"{cell[1]} is over.", "Choose a phase that is still to come.")
    before = winning(result)
    after = before.copy()
    inside = (market.channel == channel) & (market.tier == tier)
    after[inside, phase] = best_of_cell(market, inside, budget)
    was, now = markets.effects(before, result.heat), markets.effects(after, result.heat)
    low, high = interval(float(now[B] - was[B]), now[REFITS:] - was[REFITS:])
    cost = market.cost(after)
    return {
        "before": float(was[B]), "after": float(now[B]), "difference": float(now[B] - was[B]), "low": low, "high": high,
        "cost": cost, "over": max(0.0, cost - result.budget), "plan": after,
        "broken": feasible(market, demand_of(result), after) or "",
        "cells": cells_of(markets.at(B), after, result.heat[B]),
    }  # fmt: skip


def demand_of(result: Result, budget: float | None = None) -> Demand:
    """What the run asked of its plan, with another budget."""
    told = result.demand
    return Demand(
        budget=float(result.budget if budget is None else budget),
        channels=np.array(told["channels"], dtype=bool),
        tier_least=np.array(told["tier_least"], dtype=float), tier_most=np.array(told["tier_most"], dtype=float),
        hierarchy=float(told["hierarchy"]), crowding=float(told["crowding"]), most_in_one=float(told["most_in_one"]),
    )  # fmt: skip


def winning(result: Result) -> Flags:
    return plan_of(result, result.winner)


def plan_of(result: Result, name: str) -> Flags:
    """(m, phases) one of `plans`."""
    at = result.plans["plan"].tolist().index(name)
    return unpacked(result.plan_bits[at], len(result.market_price), len(result.phases))


def best_of_cell(market: Market, inside: Flags, budget: float) -> Flags:
    """(creators inside,) the set of most value within the budget. inside: (m,) the creators of one cell."""
    own: dict[str, Any] = {
        name: getattr(market, name)[inside] for name in ("channel", "tier", "price", "value")
    }
    if not inside.any():
        return np.zeros(0, dtype=bool)
    ladder = knapsack.ladders(replace(market, **own), budget)
    cell = int(own["channel"][0]) * len(market.tiers) + int(own["tier"][0])
    return ladder.chosen(cell, int(np.searchsorted(ladder.cost[cell], budget, side="right")) - 1)


@lru_cache(maxsize=4)
def _kept(result: Result) -> tuple[Markets, Market, dict[str, Planner]]:
    """The markets, that of A without drift, and who plans; a market's own tables are kept with it."""
    markets = Markets.stored(result)
    actor = agents.load(result.net, result.net_weights)
    own = agents.planners(actor, result.reading)
    return markets, markets.at(A).calm(), {**plans.QUICK, "ddpg": own["ddpg"]}


def _between(result: Result, budget: float, column: str) -> float:
    """Of the curve, between the two stored budgets beside it, in logarithms."""
    at, found = (np.log(np.maximum(result.curve[name].to_numpy(), 1e-12)) for name in ("budget", column))
    return float(np.exp(np.interp(np.log(budget), at, found)))


def _beside(result: Result, budget: float) -> set[str]:
    """Whose plans were recommended at the stored budgets next to this one."""
    at = int(np.searchsorted(result.curve["budget"].to_numpy(), budget))
    return set(result.curve["plan"].iloc[max(at - 1, 0) : at + 1])


def _smaller(result: Result, budget: float) -> list[tuple[str, Flags]]:
    """The stored plan of the next smaller budget."""
    rows = np.flatnonzero(result.curve["budget"].to_numpy() <= budget)[-1:]
    shape = len(result.market_price), len(result.phases)
    return [(plans.KEPT, unpacked(result.curve_plans[row], *shape)) for row in rows]


def _cell(result: Result, cell: tuple[str, str, str]) -> tuple[int, int, int]:
    at = []
    for name, names, what in zip(
        cell, (result.channels, result.phases, result.tiers), ("channel", "phase", "tier"), strict=True
    ):
        if name not in names:
            raise UserError(
                "no_such_cell", f"There is no {what} '{name}'.", f"Choose from: {', '.join(names)}."
            )
        at.append(names.index(name))
    return at[0], at[1], at[2]
