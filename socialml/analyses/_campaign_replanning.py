"""Planning again while a campaign runs: after what its first phases really brought, and in simulation."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from socialml import artefacts
from socialml.analyses import _campaign_agents as agents
from socialml.analyses import _campaign_answers as answers
from socialml.analyses import _campaign_claim as claim
from socialml.analyses import _campaign_plans as plans
from socialml.analyses import _campaign_tables as tables
from socialml.analyses._campaign_markets import A, B, Markets, packed
from socialml.environments import solver
from socialml.environments.demand import Demand
from socialml.environments.heat import Watch
from socialml.environments.market import Flags, Floats, Market
from socialml.environments.planners import Planner
from socialml.environments.recommended import recommend
from socialml.environments.replanning import replanned
from socialml.evaluation.uplift import interval
from socialml.progress import Progress, Report

if TYPE_CHECKING:
    from socialml.analyses.campaign import Config, Inputs, Result

CAMPAIGNS = 40  # simulated
REPLANNED = ("template", "greedy", "solver", "ddpg")


def fields(inputs: Inputs, config: Config, report: Report) -> dict[str, Any]:
    """The fields of a Result that goes on from a stored one: its markets, its agent and all it was asked, with what
    the first phases really brought. Nothing is learned anew but the heat.

    `replan` holds of (the run), phases_done, realised (by channel), spent, left (yuan), heat (by channel, foretold for
    the next phase), and the fields of Uplift: the new plan against the old one, both with what is known now.
    """
    from socialml.analyses.campaign import Result

    assert inputs.earlier is not None
    report(Progress(0, 1, "Reading the plan so far"))
    earlier = artefacts.read(Result, Path(inputs.earlier))
    markets, demand = Markets.stored(earlier), answers.demand_of(earlier)
    market, begin, old = markets.at(A), config.phases_done, answers.winning(earlier)
    shares, heat = warmed(markets, earlier, old, config)
    actor = agents.load(earlier.net, earlier.net_weights)
    planners = {**plans.QUICK, **agents.planners(actor, earlier.reading)}
    report(Progress(0.3, 1, "Planning the rest"))
    rest: dict[str, Any] = {"booked": old, "begin": begin, "foretold": heat[A]}
    solved = solver.solve(market, demand, seconds=plans.SECONDS, **rest)
    made = plans.all_plans(market, demand, planners, solved.plan, **rest)
    made[plans.STATIC] = old
    winner, _ = recommend(market, demand, made, begin=begin, foretold=heat[A])
    report(Progress(0.8, 1, "Judging"))
    told = claim.effects(markets, made, heat)
    table = claim.plans(markets, demand, made, told, solved.bound, heat)
    spent = float(market.spent(old)[:, :begin].sum())
    kept = {
        field.name: getattr(earlier, field.name)
        for field in dataclasses.fields(Result)
        if field.name not in ("dataset", "currency")
    }
    return kept | {
        "plans": table, "winner": winner, "winner_label": plans.label(winner),
        "versus": claim.versus(told, winner),
        "bound": solved.bound, "ratio_to_bound": float(table.set_index("plan")["ratio_to_bound"][winner]),
        "uplift": claim.claimed(told[claim.BEFORE], told[winner]),
        "cells": tables.cells(markets, made, heat),
        "bookings": tables.bookings(
            markets, made, heat, earlier.offers.read(["creator_id"])["creator_id"].to_pylist(), earlier.market_low,
            earlier.market_high,
        ),
        "plan_bits": np.array([packed(plan) for plan in made.values()]), "heat": heat,
        "replan": {
            "of": config.replan_of, "phases_done": begin, "realised": dict(config.realised), "spent": spent,
            "left": earlier.budget - spent, "shares": shares.tolist(),
            "heat": dict(zip(earlier.channels, heat[B, :, begin].tolist(), strict=True)),
            **claim.claimed(told[plans.STATIC], told[winner]),
        },
    }  # fmt: skip


def warmed(markets: Markets, earlier: Result, plan: Flags, config: Config) -> tuple[Floats, Floats]:
    """(channels, phases over) what each brought as a share of what the mean heat would have brought, nan where
    nothing was booked, and (k, channels, phases) the heat: these shares, and what they foretell of the other phases.

    A channel's result is heat and the chance of its bookings; the fewer there were, the less of it is taken for heat.
    """
    begin, known = (
        config.phases_done,
        np.array(earlier.replan.get("shares", np.zeros((len(markets.channels), 0)))),
    )
    ratio = np.array([config.realised.get(name, 1.0) for name in markets.channels])
    market, count = markets.at(B), len(markets.channels)
    summed = market.summed(plan)[:, :begin]
    expected = earlier.heat[B, :, known.shape[1] : begin]
    shares = np.concatenate([known, ratio[:, None] * expected], axis=1)
    shares = np.where(summed > 0, shares, np.nan)
    squares = np.zeros((count, begin))
    np.add.at(squares, market.channel, plan[:, :begin] * market.value[:, None] ** 2)
    chance = earlier.noise * np.sqrt(squares) / np.where(summed > 0, summed, 1.0)
    heat = np.ones_like(earlier.heat)
    for number in range(len(heat)):
        watch = Watch(markets.at(number))
        for phase in range(begin):
            watch.see(shares[:, phase], chance[:, phase])
        heat[number] = watch.foretold()
    heat[:, :, :begin] = np.nan_to_num(shares, nan=1.0)
    return shares, heat


def simulated(market: Market, demand: Demand, planners: Mapping[str, Planner], seed: int) -> pd.DataFrame:
    """plan, static, replanned: mean effects over campaigns whose heat drifts, the same ones for all; gain of planning
    again after each phase, and what it then has more than the solver's static plan (`ahead`), relative, with their
    intervals over campaigns."""
    found: dict[str, tuple[float, Floats]] = {}
    heats = market.draw_heat(np.random.default_rng([seed, 93]), CAMPAIGNS)
    for name in REPLANNED:
        planner = planners.get(name, _rounded)
        first = planner(market, demand)
        # An effect is linear in the heat, whose mean is 1: of a plan that stays no campaign need be drawn.
        more = [replanned(market, demand, planner, heat, first=first).foreseen for heat in heats]
        found[name] = market.effect(first), np.array(more)
    solved = max(found["solver"][0], 1e-12)
    rows = []
    for name, (static, foreseen) in found.items():
        gains, ahead = foreseen / max(static, 1e-12), (static + foreseen) / solved - 1
        bounds = [
            interval(float(each.mean()), each / np.sqrt(len(each))) for each in (gains, ahead)
        ]  # of the means
        rows.append(
            [
                name,
                static,
                static + float(foreseen.mean()),
                gains.mean(),
                *bounds[0],
                ahead.mean(),
                *bounds[1],
            ]
        )
    columns = ["plan", "static", "replanned", "gain", "low", "high", "ahead", "ahead_low", "ahead_high"]
    return pd.DataFrame(rows, columns=columns)


def _rounded(market: Market, demand: Demand, **more: Any) -> Flags:
    """The solver without its search tree: a campaign of the simulation is planned three times."""
    return solver.solve(market, demand, seconds=0, **more).plan
