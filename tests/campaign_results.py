"""A campaign's Result with known numbers, without training, and its run in a store.

Its creators, markets and plans are a small world that holds together: cells, bookings and the curve are told from the
same plans. What would take refits or training (claims, scores, curves of learning) is made up.
"""

from __future__ import annotations

import shutil
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from socialml import artefacts
from socialml.analyses import _campaign_agents as agents
from socialml.analyses import base
from socialml.analyses import campaign as analysis
from socialml.artefacts import Table
from socialml.environments import demand
from socialml.environments.campaign import CampaignEnv
from socialml.environments.market import TIERS, Market
from socialml.models.ddpg import Actor
from socialml.store import Run, Store

CHANNELS = ["Douyin", "Kuaishou", "WeChat", "Weibo", "Xiaohongshu"]
PHASES = ["phase 1", "phase 2", "phase 3"]
LABELS = {"template": "Usual split", "proportional": "In proportion", "greedy": "Best next booking first",
          "water_filling": "Same marginal effect everywhere", "solver": "Solver",
          "ddpg_base": "Agent before it learned", "ddpg": "Learned agent (DDPG)"}  # fmt: skip
GAINS = {"template": 0.0, "proportional": 0.03, "greedy": 0.17, "water_filling": 0.14, "solver": 0.18,
         "ddpg_base": 0.13, "ddpg": 0.155}  # fmt: skip
_PRICES = {"head": 30_000.0, "mid": 8_000.0, "tail": 1_500.0}
REFITS = 10


def market(creators: int = 90, seed: int = 0) -> Market:
    rng = np.random.default_rng(seed)
    tier = np.repeat([0, 1, 2], [creators // 10, creators // 3, creators - creators // 10 - creators // 3])
    price = np.round(np.array(list(_PRICES.values()))[tier] * rng.lognormal(0, 0.3, creators), 0)
    shape = (len(CHANNELS), len(PHASES))
    return Market(
        channels=CHANNELS, phases=PHASES, tiers=list(TIERS), channel=np.arange(creators) % len(CHANNELS), tier=tier,
        price=price, value=price * rng.lognormal(0, 0.5, creators) / 50, suits=rng.uniform(0.8, 1.2, shape),
        capacity=rng.uniform(300, 600, shape), bends=np.array([1.0, 3.0]), slopes=np.array([1.0, 0.6, 0.25]),
        lasting=np.linspace(0.1, 0.4, len(CHANNELS)), keep=0.6, spread=0.3,
    )  # fmt: skip


def booked(of: Market, budget: float, order: np.ndarray) -> np.ndarray:
    """(m, phases) by this order of bookings (creator x phase, flat), as long as the money lasts."""
    cost = np.repeat(of.price, len(of.phases))[order]
    plan = np.zeros(of.m * len(of.phases), dtype=bool)
    left = budget
    for booking, price in zip(order, cost, strict=True):
        if price <= left:
            plan[booking] = True
            left -= price
    return plan.reshape(of.m, -1)


def result(
    winner: str = "solver", *, gain: float = 0.18, half: float = 0.09, goal: str = "effect", budget: float = 100_000.0,
    gains: dict[str, float] | None = None, **changes: Any,
) -> analysis.Result:  # fmt: skip
    """winner: whose plan is recommended; gain: over the usual split; half: half the width of its interval."""
    gains = GAINS | {winner: gain} | (gains or {})
    plans_of, judge = market(), market(seed=1)
    worth = (plans_of.value[:, None] * plans_of.weight()[plans_of.channel]).ravel()
    best = np.argsort(-worth / np.repeat(plans_of.price, len(PHASES)), kind="stable")
    usual = np.random.default_rng(5).permutation(len(best))
    made = {name: booked(plans_of, budget, usual if name in ("template", "proportional") else best)
            for name in LABELS}  # fmt: skip
    template = 1_000.0
    budgets = np.geomspace(10_000, 1_000_000, 50)
    curve_plans = [booked(plans_of, each, best) for each in budgets]
    many = 2 + REFITS
    refitted = [judge.value * (0.9 + 0.02 * number) for number in range(REFITS)]
    values: dict[str, Any] = {
        "dataset": "sample", "currency": "CNY", "goal": goal, "budget": budget, "reading": "threshold",
        "unit": {"effect": "points", "sales": "CNY", "reach": "reads"}[goal],
        "channels": CHANNELS, "phases": PHASES, "tiers": list(TIERS),
        "demand": {"channels": [True] * len(CHANNELS), "tier_least": [0.0] * 3, "tier_most": [1.0] * 3,
                   "hierarchy": 0.1, "crowding": 0.1, "most_in_one": 0.6},
        "campaigns_a": 30, "campaigns_b": 30, "placements": 2_431, "creators": plans_of.m,
        "scores": pd.DataFrame({"metric": ["R2 of log result", "MAE", "interval coverage"],
                                "model": [0.71, 41.2, 0.79], "floor": [0.48, 66.0, np.nan]}),
        "predicted": _predicted(plans_of), "importances": pd.DataFrame(
            {"column": ["followers", "price", "interaction_rate"], "importance": [0.5, 0.3, 0.1]}),
        "plans": _plans(gains, half, template, made, plans_of), "winner": winner, "winner_label": LABELS[winner],
        "versus": pd.DataFrame([{"plan": name, "difference": (1 + gains[winner]) / (1 + each) - 1,
                                 "low": (1 + gains[winner]) / (1 + each) - 1.01,
                                 "high": (1 + gains[winner]) / (1 + each) - 0.99}
                                for name, each in gains.items() if name != winner]),
        "bound": 1_230.0, "ratio_to_bound": 0.985, "uplift": _uplift(template, gain, half),
        "same_effect": {"cost": 87_000.0, "share": 0.87, "low": 0.79, "high": 0.96},
        "cells": pd.concat([_cells(name, plan, plans_of, judge) for name, plan in made.items()], ignore_index=True),
        "bookings": Table(pa.concat_tables([_bookings(name, plan, plans_of) for name, plan in made.items()])),
        "curve": _curve(budgets, curve_plans, judge, gain), "curve_plans": _packed(curve_plans),
        "plan_bits": _packed(list(made.values())),
        "replanning": pd.DataFrame([{"plan": name, "static": 1_000.0, "replanned": 1_000 * (1 + each), "gain": each,
                                     "low": each - 0.01, "high": each + 0.01, "ahead": each, "ahead_low": each - 0.01,
                                     "ahead_high": each + 0.01}
                                    for name, each in (("solver", 0.034), ("ddpg", 0.028))]),
        "training": pd.DataFrame({"step": [10.0 * i for i in range(1, 31)],
                                  "critic_loss": [0.5 * 0.8**i + 0.01 for i in range(30)],
                                  "actor_loss": [-0.9 - 0.002 * i for i in range(30)],
                                  "return": [0.94 + 0.03 * (1 - 0.8**i) for i in range(30)]}),
        "readings": {"threshold": 0.96, "share": 0.87}, "env_steps": 2_304_000, "train_seconds": 61.0,
        "refits": REFITS, "replan": {}, "noise": 0.5, "heat": np.ones((many, len(CHANNELS), len(PHASES))), "notes": [],
        "offers": Table(pa.table({
            "creator_id": _ids(plans_of.m), "channel": [CHANNELS[i] for i in plans_of.channel],
            "tier": [TIERS[i] for i in plans_of.tier], "followers": plans_of.price * 40,
            "content_type": ["video"] * plans_of.m, "category": ["beauty"] * plans_of.m, "price": plans_of.price,
        })),
        "market_channel": plans_of.channel, "market_tier": plans_of.tier, "market_price": plans_of.price,
        "market_value": np.stack([plans_of.value, judge.value, *refitted]),
        "market_low": judge.value * 0.5, "market_high": judge.value * 1.9,
        "market_suits": np.stack([plans_of.suits] + [judge.suits] * (many - 1)),
        "market_capacity": np.stack([plans_of.capacity] + [judge.capacity] * (many - 1)),
        "market_bends": np.tile(plans_of.bends, (many, 1)), "market_slopes": np.tile(plans_of.slopes, (many, 1)),
        "market_lasting": np.tile(plans_of.lasting, (many, 1)), "market_drift": np.tile([0.6, 0.3], (many, 1)),
        **agents.stored(_actor(plans_of)),
    }  # fmt: skip
    return analysis.Result(**values | changes)


def record(store: Store, done: analysis.Result, config: analysis.Config | None = None) -> Run:
    """The result as a run of its dataset."""
    run_id = store.new_run_id("campaign")
    folder = store.jobs_dir / run_id
    artefacts.write(done, folder / "result")
    try:
        return base.record(
            store, run_id=run_id, name="campaign", dataset=done.dataset,
            config=config or analysis.Config(budget=done.budget, goal=done.goal), version=store.version(done.dataset),
            result=done, folder=folder / "result", seconds=95.0, threads=2,
        )  # fmt: skip
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _ids(creators: int) -> list[str]:
    return [f"K{number:04d}" for number in range(1, creators + 1)]


def _packed(plans: list[np.ndarray]) -> np.ndarray:
    return np.stack([np.packbits(plan.ravel()) for plan in plans])


def _uplift(before: float, gain: float, half: float) -> dict[str, Any]:
    after = before * (1 + gain)
    return {
        "before": before, "before_low": before * 0.9, "before_high": before * 1.1, "after": after,
        "after_low": after * 0.88, "after_high": after * 1.12, "absolute": after - before,
        "absolute_low": before * (gain - half), "absolute_high": before * (gain + half), "relative": gain,
        "low": gain - half, "high": gain + half, "p_harm": float(np.clip(0.5 - gain / (2 * half), 0, 1)),
        "better": gain > half,
    }  # fmt: skip


def _plans(
    gains: dict[str, float], half: float, template: float, made: dict[str, np.ndarray], of: Market
) -> pd.DataFrame:
    rows = []
    for rank, (name, gain) in enumerate(gains.items()):
        effect, spread = template * (1 + gain), half * (name != "template")
        rows.append(
            {"plan": name, "label": LABELS[name], "rank": rank, "effect": effect, "effect_low": effect * 0.9,
             "effect_high": effect * 1.1, "score_a": effect, "cost": of.cost(made[name]), "feasible": True,
             "broken": "", "ratio_to_bound": 0.985 * (1 + gain) / (1 + max(gains.values())), "gain": gain,
             "gain_low": gain - spread, "gain_high": gain + spread,
             "p_harm": float(np.clip(0.5 - gain / (2 * half), 0, 1)), "better": gain > spread}
        )  # fmt: skip
    return pd.DataFrame(rows)


def _cells(name: str, plan: np.ndarray, of: Market, judge: Market) -> pd.DataFrame:
    rows = []
    for c, channel in enumerate(CHANNELS):
        for p, phase in enumerate(PHASES):
            for t, tier in enumerate(TIERS):
                here = (of.channel == c) & (of.tier == t) & plan[:, p]
                rows.append({"plan": name, "channel": channel, "phase": phase, "tier": tier,
                             "budget": float(of.price[here].sum()), "creators": int(here.sum()),
                             "value": float(judge.value[here].sum())})  # fmt: skip
    return pd.DataFrame(rows)


def _bookings(name: str, plan: np.ndarray, of: Market) -> pa.Table:
    who, when = np.nonzero(plan)
    value = of.value[who]
    ids = _ids(of.m)
    return pa.table(
        {"plan": [name] * len(who), "creator_id": [ids[i] for i in who],
         "channel": [CHANNELS[of.channel[i]] for i in who], "tier": [TIERS[of.tier[i]] for i in who],
         "phase": [PHASES[i] for i in when], "price": of.price[who], "value": value, "low": value * 0.5,
         "high": value * 1.9}
    )  # fmt: skip


def _curve(budgets: np.ndarray, plans: list[np.ndarray], judge: Market, gain: float) -> pd.DataFrame:
    effect = np.array([judge.effect(plan) for plan in plans])
    return pd.DataFrame(
        {"budget": budgets, "effect_winner": effect, "effect_low": effect * 0.88, "effect_high": effect * 1.12,
         "template": effect / (1 + gain), "ddpg": effect * 0.98, "score_a": effect * 1.1, "bound": effect * 1.1 * 1.02,
         "marginal": np.gradient(effect, budgets), "plan": ["solver"] * len(budgets)}
    )  # fmt: skip


def _predicted(of: Market) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    rows = np.arange(300) % of.m
    predicted = of.value[rows]
    return pd.DataFrame(
        {"creator_id": [_ids(of.m)[i] for i in rows], "predicted": predicted, "low": predicted * 0.5,
         "high": predicted * 1.9, "real": predicted * rng.lognormal(0, 0.45, 300)}
    )  # fmt: skip


def _actor(of: Market) -> Actor:
    """One that was not trained: it follows its base."""
    env = CampaignEnv(of, demand.one(demand.free(of, 100_000.0)))
    (width,) = env.single_observation_space.shape or ()
    shapes: list[tuple[int, ...]] = [(width, 4), (4,), (4, 4), (4,), (4, 1), (1,)]
    return Actor(
        weights=[np.zeros(shape, np.float32) for shape in shapes], centre=np.zeros(width, np.float32),
        scale=np.ones(width, np.float32), based=True, reach=1.0, curve={}, env_steps=0, seconds=0.0,
    )  # fmt: skip
