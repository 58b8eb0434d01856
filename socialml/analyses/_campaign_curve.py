"""The response curve: the recommended plan of many budgets, and what it brings."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from socialml.analyses import _campaign_plans as plans
from socialml.analyses._campaign_markets import REFITS, A, B, Markets
from socialml.environments import solver
from socialml.environments.demand import Demand, check, score
from socialml.environments.market import Flags, Floats, Market
from socialml.environments.planners import Planner
from socialml.environments.recommended import recommend
from socialml.errors import UserError
from socialml.evaluation.uplift import interval
from socialml.progress import Progress, Report

POINTS = 50
FROM, TO = 20_000.0, 1_000_000.0  # yuan, where the creators and the bounds allow
NEAR = 0.01  # of the bound: as good as the programme's tree would be for a curve
AROUND = 5.0  # times less and more than the campaign's own budget, at least


def budgets(market: Market, demand: Callable[[float], Demand], own: float) -> Floats:
    """(POINTS,) rising, all with a plan, the campaign's own among them."""
    inside = demand(own).channels[market.channel]
    most = float(market.price[inside].sum()) * len(market.phases)
    low, high = min(FROM, own / AROUND), max(own, min(max(TO, own * AROUND), most))
    tried = np.geomspace(max(low, 1e-2), high, 4 * POINTS)
    can = [budget for budget in tried if possible(market, demand(budget))] or [own]
    found = np.geomspace(min(can[0], own), max(can[-1], own), POINTS)
    found[np.abs(np.log(found / own)).argmin()] = own
    return found


def curve(
    markets: Markets,
    demand: Callable[[float], Demand],
    own: float,
    planners: Mapping[str, Planner],
    report: Report,
) -> tuple[pd.DataFrame, list[Flags], dict[str, Flags], float]:
    """budget; plan (which planner); score_a (on A, less penalties) and bound, on A; effect_winner with effect_low and
    effect_high, template and ddpg, by B; marginal (effect of another yuan, the slope of the bound).

    Then the recommended plans (m, phases), and all plans of the campaign's own budget with their bound."""
    market, rows = markets.at(A), []
    kept: list[Flags] = []
    at_own: dict[str, Flags] = {}
    grid = budgets(market, demand, own)
    for number, budget in enumerate(grid):
        report(Progress(number, len(grid), f"Planning budget {number + 1} of {len(grid)}"))
        asked = demand(float(budget))
        solved = best(market, asked, kept[-1] if kept else None, budget == own)
        made = plans.all_plans(market, asked, planners, solved.plan)
        name, plan = recommend(market, asked, made, [(plans.KEPT, plan) for plan in kept[-1:]])
        kept.append(plan)
        if budget == own:
            at_own, own_bound = made | {name: plan}, solved.bound
        of = markets.effects(plan)
        low, high = interval(float(of[B]), of[REFITS:])
        rows.append(
            {
                "budget": float(budget), "plan": name, "score_a": score(market, asked, plan), "bound": solved.bound,
                "effect_winner": float(of[B]), "effect_low": low, "effect_high": high,
                "template": float(markets.effects(made["template"])[B]),
                "ddpg": float(markets.effects(made["ddpg"])[B]),
            }
        )  # fmt: skip
    table = pd.DataFrame(rows)
    table = table.assign(marginal=np.gradient(np.maximum.accumulate(table["bound"]), table["budget"]))
    return table, kept, at_own, own_bound


def best(market: Market, demand: Demand, start: Flags | None, search: bool) -> solver.Solved:
    """start: the plan of a smaller budget. search: by the programme's tree in any case; else only where what is rounded
    is not near the bound."""
    rounded = solver.solve(market, demand, booked=start, seconds=0)
    if not search and rounded.gap < NEAR:
        return rounded
    return solver.solve(market, demand, booked=rounded.plan, seconds=plans.SECONDS)


def possible(market: Market, demand: Demand) -> bool:
    try:
        check(market, demand)
    except UserError:
        return False
    return True
