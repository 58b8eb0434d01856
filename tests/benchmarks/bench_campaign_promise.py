"""The campaign's promise: the true uplift lies in the claimed interval, and so does the cost of the same effect.

100 small planted worlds, and 100 in which a yuan brings the same wherever it goes. In each, the effect model of
campaigns A plans and recommends, and that of B claims, as the analysis does, with fewer refits, fewer budgets on the
curve and an untrained agent; then the same plans are judged by the planted market itself.

run() -> dict, and `python -m tests.benchmarks.bench_campaign_promise [from to]` runs these worlds alone.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import Any

import numpy as np

from socialml.analyses import _campaign_claim as claim
from socialml.analyses import _campaign_compute as steps
from socialml.analyses import _campaign_curve as response
from socialml.analyses import _campaign_plans as plans
from socialml.analyses._campaign_markets import Markets
from socialml.analyses.campaign import Config
from socialml.environments.recommended import recommend
from socialml.models import effect
from socialml.progress import silent
from socialml.sample import creators
from socialml.sample.creators import RATE, CampaignWorld
from tests.benchmarks import campaign_worlds
from tests.benchmarks.resume import kept, version

WORLDS, COVERED, CLAIMED = 100, 90, 6
CREATORS, CAMPAIGNS, REFITS = 150, 60, 12
BUDGETS = (50_000.0, 100_000.0, 200_000.0, 400_000.0)  # one a world, in turn
BELOW = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)  # of it, for the cost of the same effect
LITTLE = 0.02  # a true uplift that is none: prices do not add up to a budget


def levelled(world: CampaignWorld) -> CampaignWorld:
    """Nobody is worth more for a yuan than another, in no phase, and nothing saturates."""
    worth = world.offers.price * RATE / world.points()
    return replace(
        world, outcome=world.outcome * worth[:, None], suits=np.ones_like(world.suits),
        slopes=np.ones_like(world.slopes), lasting=np.zeros_like(world.lasting),
    )  # fmt: skip


def world(seed: int, nothing: bool) -> dict[str, Any]:
    """claimed, low, high, true, better of the recommended plan's uplift; the same of the untrained agent's; and share,
    low, high, true of the cost of the same effect."""
    planted, _ = campaign_worlds.planted(seed, CREATORS, 1)
    if nothing:
        planted = levelled(planted)
    history = creators.history(np.random.default_rng([seed, 8]), planted, CAMPAIGNS)
    config = Config(budget=BUDGETS[seed % len(BUDGETS)], refits=REFITS, seed=seed)
    first, second = steps.halves(CAMPAIGNS, seed)
    of_a = effect.fit(planted.offers, history.of(first), config.goal, seed)
    judge, refits = steps.judged(planted.offers, history, second, of_a, config, silent)
    market, asked = of_a.market(config.phases), steps.asked(config, planted.offers)
    markets, truth = Markets.of([market, judge.market(config.phases), *refits]), planted.market()
    planners = {**plans.QUICK, "ddpg_base": plans.agent(None, config.reading)}
    curve: list[Any] = []
    for share in (*BELOW, 1.0):
        demand = replace(asked, budget=share * config.budget)
        if not response.possible(market, demand):
            continue
        made = plans.all_plans(
            market, demand, planners, response.best(market, demand, curve[-1] if curve else None, False).plan
        )
        name, plan = recommend(market, demand, made, [(plans.KEPT, plan) for plan in curve[-1:]])
        curve.append(plan)
    made[name] = plan
    told = claim.effects(markets, made)
    out: dict[str, Any] = {"winner": name, "budget": config.budget}
    before = truth.effect(made[claim.BEFORE])
    for key, of in (("recommended", name), ("agent", "ddpg_base")):
        row = claim.claimed(told[claim.BEFORE], told[of])
        true = truth.effect(made[of]) / before - 1
        out[key] = [row["relative"], row["low"], row["high"], true, row["better"]]
    same = claim.same_effect(markets, curve, made[claim.BEFORE])
    cost = np.array([truth.cost(plan) for plan in curve])
    effects = np.array([[truth.effect(plan)] for plan in curve])
    needed = claim.least_cost(cost, effects, np.array([before]))[0] / truth.cost(made[claim.BEFORE])
    out["same effect"] = None if same["share"] is None else [same["share"], same["low"], same["high"], needed]
    return out


def one(number: int, nothing: bool) -> dict[str, Any]:
    name = f"{'nothing' if nothing else 'world'}-{number}"
    return kept("campaign_promise", version(__file__), name, lambda: world(number, nothing))


def run(begin: int = 0, end: int = WORLDS) -> dict[str, Any]:
    worlds = [one(number, False) for number in range(begin, end)]
    empty = [one(number, True) for number in range(begin, end)]
    share, out, holds = (end - begin) / WORLDS, {"worlds": end - begin}, []
    for key in ("recommended", "agent"):
        told = np.array([found[key] for found in worlds], dtype=float)
        null = np.array([found[key] for found in empty], dtype=float)
        claimed = int(((null[:, 4] == 1) & (null[:, 3] < LITTLE)).sum())
        out[f"{key}: uplift over the usual split"] = {
            "true uplift inside": _inside(told), "nothing to gain, yet claimed": claimed, **_means(told),
            "better claimed": int(told[:, 4].sum()), "truly better": int((told[:, 3] > 0).sum()),
            "inside where there is nothing to gain": _inside(null),
        }  # fmt: skip
        holds += [_inside(told) >= COVERED * share, claimed <= CLAIMED * share]
    same = np.array([found["same effect"] for found in worlds if found["same effect"]], dtype=float)
    out["cost of the same effect"] = {"told": len(same), "true cost inside": _inside(same), **_means(same)}
    holds.append(_inside(same) >= COVERED / WORLDS * len(same))
    return {**out, "holds": all(holds)}


def _inside(rows: Any) -> int:
    return int(((rows[:, 1] <= rows[:, 3]) & (rows[:, 3] <= rows[:, 2])).sum())


def _means(rows: Any) -> dict[str, float]:
    finite = rows[np.isfinite(rows[:, 3])]
    return {
        "mean claimed": round(float(finite[:, 0].mean()), 4), "mean true": round(float(finite[:, 3].mean()), 4),
        "mean half width": round(float((finite[:, 2] - finite[:, 1]).mean() / 2), 4),
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(run(*(int(word) for word in sys.argv[1:])), indent=1))
