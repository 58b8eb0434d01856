"""The campaign, computed: learn from campaigns A, claim on campaigns B."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from socialml.analyses import _campaign_agents as agents
from socialml.analyses import _campaign_claim as claim
from socialml.analyses import _campaign_curve as response
from socialml.analyses import _campaign_inputs as reading
from socialml.analyses import _campaign_plans as plans
from socialml.analyses import _campaign_replanning as replanning
from socialml.analyses import _campaign_tables as tables
from socialml.analyses._campaign_markets import Markets, packed
from socialml.environments.campaign import CampaignEnv
from socialml.environments.demand import Demand, check, remarks
from socialml.environments.demand import random as random_demands
from socialml.environments.market import Market
from socialml.features.placements import History, Offers
from socialml.models import ddpg, effect
from socialml.progress import Progress, Report

if TYPE_CHECKING:
    from socialml.analyses.campaign import Config, Inputs

Ints = NDArray[np.int64]

TRAINED = 512  # campaigns at once
UNITS = {"effect": "points", "reach": "reads"}
# How much of the time each step takes, about.
FITTED, LEARNED, JUDGED, PLANNED = 0.03, 0.5, 0.7, 0.95


def fields(inputs: Inputs, config: Config, report: Report) -> dict[str, Any]:
    """The fields of Result that are computed. UserError where the history carries no claim or no plan can be made."""
    if inputs.earlier is not None:
        return replanning.fields(inputs, config, report)
    offers, history = reading.taken(inputs)
    report(Progress(0, 1, "Learning what each creator brings"))
    check(priced(offers, config.phases), asked(config, offers))
    first, second = halves(len(history.campaigns), config.seed)
    of_a = effect.fit(offers, history.of(first), config.goal, config.seed)
    market = of_a.market(config.phases)
    demand = asked(config, offers)
    scores, predicted = effect.held_out(offers, history, config.goal, config.seed)
    actor = train(market, config, part(report, FITTED, LEARNED))
    planners = {**plans.QUICK, **agents.planners(actor, config.reading)}
    judge, refits = judged(offers, history, second, of_a, config, part(report, LEARNED, JUDGED))
    markets = Markets.of([market, judge.market(config.phases), *refits])
    curve, kept, made, bound = response.curve(
        markets, lambda budget: dataclasses.replace(demand, budget=budget), config.budget, planners,
        part(report, JUDGED, PLANNED),
    )  # fmt: skip
    winner = str(curve.loc[curve["budget"] == config.budget, "plan"].iloc[0])
    report(Progress(PLANNED, 1, "Simulating heat that drifts, and planning again after each phase"))
    effects, heat = claim.effects(markets, made), np.ones_like(markets.suits)
    told = claim.plans(markets, demand, made, effects, bound)
    return {
        **tables.head(config, market, demand), "campaigns_a": len(first), "campaigns_b": len(second),
        "placements": history.rows, "creators": offers.m, "unit": UNITS.get(config.goal, inputs.currency),
        "scores": scores, "predicted": predicted,
        "importances": pd.DataFrame({"column": of_a.columns, "importance": of_a.importance}),
        "plans": told, "winner": winner, "winner_label": plans.label(winner),
        "versus": claim.versus(effects, winner),
        "bound": bound, "ratio_to_bound": float(told.set_index("plan")["ratio_to_bound"][winner]),
        "uplift": claim.claimed(effects[claim.BEFORE], effects[winner]),
        "same_effect": claim.same_effect(markets, kept, made[claim.BEFORE]),
        "cells": tables.cells(markets, made, heat), "bookings": tables.bookings(
            markets, made, heat, offers.creator_id, judge.value_low, judge.value_high
        ),
        "curve": curve, "curve_plans": np.array([packed(plan) for plan in kept]),
        "plan_bits": np.array([packed(plan) for plan in made.values()]),
        "replanning": replanning.simulated(market, demand, planners, config.seed),
        "training": pd.DataFrame(actor.curve),
        "readings": {config.reading: float(told.set_index("plan")["score_a"]["ddpg"] / max(bound, 1e-12))},
        "env_steps": actor.env_steps, "train_seconds": round(actor.seconds, 2), "refits": config.refits,
        "replan": {}, "heat": heat, "noise": judge.noise,
        "notes": [*tables.notes(inputs, config, history), *remarks(market, demand)], "offers": tables.offers(offers),
        **markets.fields(), "market_low": judge.value_low, "market_high": judge.value_high,
        **agents.stored(actor),
    }  # fmt: skip


def halves(campaigns: int, seed: int) -> tuple[Ints, Ints]:
    """A and B, by lot."""
    order = np.random.default_rng([seed, 90]).permutation(campaigns)
    return np.sort(order[: campaigns // 2]), np.sort(order[campaigns // 2 :])


def judged(
    offers: Offers, history: History, second: Ints, of_a: effect.EffectModel, config: Config, report: Report
) -> tuple[effect.EffectModel, list[Market]]:
    """The effect model of campaigns B, and the markets of its refits on resamples of them."""
    judge = effect.fit(offers, history.of(second), config.goal, config.seed, of_a)
    rng, refits = np.random.default_rng([config.seed, 91]), []
    for number in range(config.refits):
        report(Progress(number, config.refits, f"Judging on resample {number + 1} of {config.refits}"))
        picked = rng.choice(second, len(second))
        refits.append(
            effect.fit(offers, history.of(picked), config.goal, config.seed, of_a).market(config.phases)
        )
    return judge, refits


def train(market: Market, config: Config, report: Report) -> ddpg.Actor:
    """The agent, on random budgets and demands with this campaign's penalties."""
    rng = np.random.default_rng([config.seed, 92])
    low, high = (
        min(response.FROM, config.budget / response.AROUND),
        max(response.TO, config.budget * response.AROUND),
    )
    demands = dataclasses.replace(
        random_demands(market, TRAINED, rng, low, high),
        hierarchy=np.full(TRAINED, config.hierarchy), crowding=np.full(TRAINED, config.crowding),
    )  # fmt: skip
    env = CampaignEnv(market, demands, reading=config.reading)
    return ddpg.train(env, ddpg.Settings(episodes=config.steps, seed=config.seed), report)


def asked(config: Config, offers: Offers) -> Demand:
    return plans.demand_of(config, offers.channels, offers.tiers)


def priced(offers: Offers, phases: int) -> Market:
    """The creators with their prices alone: enough to see whether a plan can be made, before anything is learned."""
    c = len(offers.channels)
    price = np.where(np.isfinite(offers.price), offers.price, np.inf)
    return Market(
        channels=offers.channels, phases=[str(p) for p in range(phases)], tiers=offers.tiers, channel=offers.channel,
        tier=offers.tier, price=price, value=np.ones(offers.m), suits=np.ones((c, phases)),
        capacity=np.ones((c, phases)), bends=np.zeros(0), slopes=np.ones(1), lasting=np.zeros(c), keep=0.0, spread=0.0,
    )  # fmt: skip


def part(report: Report, begin: float, end: float) -> Report:
    """A report of a step that takes this part of the whole."""

    def told(progress: Progress) -> None:
        report(Progress(begin + (end - begin) * progress.fraction, 1, progress.message, progress.curve))

    return told
