"""The claim of a campaign: plans made with what A knows, told by the effect model of B and its refits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from socialml.analyses._campaign_markets import REFITS, A, B, Markets
from socialml.analyses._campaign_plans import label
from socialml.environments.demand import Demand, feasible, score
from socialml.environments.market import Flags, Floats
from socialml.evaluation.uplift import interval, uplift

BEFORE = "template"
# Share of an uplift that all refits get wrong alike. In 100 planted worlds (tests/benchmarks/bench_campaign_promise.py)
# claims were a sixteenth too small on average; without enough of it too many true uplifts lay above their interval.
MISFIT = 0.2


Told = Mapping[str, Floats]  # plan -> its effects (2 + refits,) as Markets.effects gives them


def effects(markets: Markets, made: Mapping[str, Flags], heat: Floats | None = None) -> dict[str, Floats]:
    return {name: markets.effects(plan, heat) for name, plan in made.items()}


def plans(
    markets: Markets,
    demand: Demand,
    made: Mapping[str, Flags],
    told: Told,
    bound: float,
    heat: Floats | None = None,
) -> pd.DataFrame:
    """One row a plan, the simplest first.

    plan, label, rank (0 the simplest); effect with its interval; score_a (less penalties, on A), ratio_to_bound (of
    that); cost, feasible, broken (the bound it breaks, as a sentence); gain over the usual split, relative, with its
    interval; p_harm, better. heat: (2 + refits, channels, phases).
    """
    market, rows = markets.at(A), []
    for rank, (name, plan) in enumerate(made.items()):
        of, broken = told[name], feasible(market, demand, plan)
        low, high = interval(float(of[B]), of[REFITS:])
        gain = claimed(told[BEFORE], of)
        reached = score(market, demand, plan, None if heat is None else heat[A])
        rows.append(
            {
                "plan": name, "label": label(name), "rank": rank, "effect": float(of[B]), "effect_low": low,
                "effect_high": high, "score_a": reached, "ratio_to_bound": reached / bound if bound > 0 else 1.0,
                "cost": market.cost(plan), "feasible": broken is None, "broken": broken or "",
                "gain": gain["relative"], "gain_low": gain["low"], "gain_high": gain["high"],
                "p_harm": gain["p_harm"], "better": gain["better"],
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def claimed(before: Floats, after: Floats) -> dict[str, Any]:
    """The fields of Uplift. before, after: (2 + refits,) effects as Markets.effects gives them."""
    return uplift(float(before[B]), float(after[B]), before[REFITS:], after[REFITS:], MISFIT).row()


def versus(told: Told, winner: str) -> pd.DataFrame:
    """plan, difference, low, high: what the recommended plan has more than each other, relative to that."""
    rows = []
    for name in told:
        if name != winner:
            row = claimed(told[name], told[winner])
            rows.append({"plan": name, "difference": row["relative"], "low": row["low"], "high": row["high"]})
    return pd.DataFrame(rows, columns=["plan", "difference", "low", "high"])


def same_effect(markets: Markets, curve: list[Flags], template: Flags) -> dict[str, float | None]:
    """What the recommended plans need to bring the usual split's effect: cost (yuan), share of the usual split's cost,
    low, high (of the share). All None where no budget of the curve reaches it."""
    cost = np.array([markets.at(A).cost(plan) for plan in curve])
    effects = np.array([markets.effects(plan) for plan in curve])  # (budgets, k)
    needed = least_cost(cost, effects, markets.effects(template))
    full = markets.at(A).cost(template)
    if not np.isfinite(needed[B]) or full <= 0:
        return dict.fromkeys(("cost", "share", "low", "high"))
    draws = np.where(np.isfinite(needed[REFITS:]), needed[REFITS:], cost[-1]) / full
    saved = 1 - needed[B] / full
    low, high = interval(float(saved), 1 - draws, MISFIT)
    return {"cost": float(needed[B]), "share": 1 - float(saved), "low": max(1 - high, 0.0), "high": 1 - low}


def least_cost(cost: Floats, effects: Floats, target: Floats) -> Floats:
    """(k,) what reaches the target (k,), between plans of rising cost (b,) with effects (b, k); inf where none does."""
    best = np.maximum.accumulate(np.vstack([np.zeros(effects.shape[1]), effects]))
    paid = np.concatenate([[0.0], cost])
    out = np.full(effects.shape[1], np.inf)
    for k, aim in enumerate(target):
        reached = np.flatnonzero(best[:, k] >= aim)
        if not reached.size:
            continue
        at = int(reached[0])
        if at == 0:
            out[k] = 0.0
            continue
        before, after = best[at - 1, k], best[at, k]
        share = (aim - before) / (after - before) if after > before else 1.0
        out[k] = paid[at - 1] + share * (paid[at] - paid[at - 1])
    return out
