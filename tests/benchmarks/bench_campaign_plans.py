"""Campaign plans in planted worlds: every planner and the trained agent beside the solver, with and without drift.

Plans are made and judged on the generator's own market, so that nothing but the planning differs. Without drift: each
planner's score as a share of the solver's, and the solver's of its bound, over ten budgets. With drift, on the same
campaigns for all: what planning again after each phase gains over the solver's plan that stays as it was; and for the
solver the mean of that gain given what is known at each planning, which chance moves far less.

run() -> dict, and `python -m tests.benchmarks.bench_campaign_plans [worlds [heats]]` prints it. Worlds are kept.
SOCIALML_BENCH_AGENT=0 leaves the agent out.
"""

from __future__ import annotations

import json
import os
import sys
import time
from functools import partial
from typing import Any

import numpy as np

from socialml.analyses import _campaign_agents as agents
from socialml.analyses import _campaign_compute as compute
from socialml.analyses.campaign import Config
from socialml.environments.demand import feasible, free, score
from socialml.environments.planners import PLANNERS, Planner
from socialml.environments.recommended import recommend
from socialml.environments.replanning import replanned
from socialml.environments.solver import solve
from socialml.progress import silent
from socialml.sample.creators import plant
from tests.benchmarks.resume import kept, version

WORLDS, HEATS = 10, 16
BUDGETS = np.geomspace(20_000, 1_000_000, 10)
DRIFTING = (50_000.0, 200_000.0, 800_000.0)
BETWEEN = 1.04  # a new budget lies at most this far above a stored one of the curve, on average
AGENT = os.environ.get("SOCIALML_BENCH_AGENT", "1") != "0"
QUICK = ("template", "proportional", "water_filling", "greedy")


def one(seed: int, heats: int) -> dict[str, Any]:
    began = time.perf_counter()
    market = plant(np.random.default_rng(seed)).market()
    planners: dict[str, Planner] = {name: PLANNERS[name] for name in QUICK}
    if AGENT:
        config = Config(seed=seed)
        actor = compute.train(market, config, silent)
        planners |= agents.planners(actor, config.reading)
    calm, ratios = market.calm(), dict[str, list[float]]()
    for budget in BUDGETS:
        asked = free(calm, float(budget))
        solved = solve(calm, asked)
        best = score(calm, asked, solved.plan)
        stored = solve(calm, free(calm, float(budget) / BETWEEN)).plan
        clock = time.process_time()
        made = {name: planner(calm, asked) for name, planner in planners.items()}
        made["at once"] = recommend(calm, asked, made, [("smaller", stored)])[1]
        answered = time.process_time() - clock
        for name, plan in made.items():
            told = 0.0 if feasible(calm, asked, plan) else score(calm, asked, plan)
            ratios.setdefault(name, []).append(told / best)
        for name, value in (
            ("bound", best / solved.bound),
            ("seconds", solved.seconds),
            ("answer", answered),
        ):
            ratios.setdefault(name, []).append(value)
    drift: dict[str, list[float]] = {}
    for budget in DRIFTING:
        asked = free(market, budget)
        static = solve(market, asked).plan
        first = {name: planner(market, asked) for name, planner in planners.items()} | {"solver": static}
        drawn = market.draw_heat(np.random.default_rng([seed, 1]), heats)
        stays = np.array([score(market, asked, static, heat) for heat in drawn])
        drift.setdefault("static", []).extend(stays / stays.mean())
        for name in ("solver", "greedy", "ddpg_base", "ddpg"):
            if name in first:
                planner = planners.get(name, partial(PLANNERS["solver"], seconds=1.0))
                found = [
                    replanned(market, asked, planner, heat, first=first[name], keep=name == "solver")
                    for heat in drawn
                ]
                again = [
                    score(market, asked, each.plan, heat) for each, heat in zip(found, drawn, strict=True)
                ]
                drift.setdefault(name, []).extend(np.array(again) / stays.mean())
                if name == "solver":
                    unit = market.effect(static)
                    drift.setdefault("foreseen", []).extend(each.foreseen / unit for each in found)
    return {"ratios": ratios, "drift": drift, "seconds": time.perf_counter() - began}


def run(worlds: int = WORLDS, heats: int = HEATS) -> dict[str, Any]:
    code = version(__file__)
    found = [
        kept("campaign_plans", code, f"{seed}-{heats}-{AGENT:d}", partial(one, seed, heats))
        for seed in range(worlds)
    ]
    all_ratios = {name: np.concatenate([row["ratios"][name] for row in found]) for name in found[0]["ratios"]}
    seconds, answer, bound = (all_ratios.pop(name) for name in ("seconds", "answer", "bound"))
    drift = {name: np.concatenate([row["drift"][name] for row in found]) for name in found[0]["drift"]}
    stays, foreseen = drift.pop("static"), drift.pop("foreseen")
    gains = {name: _interval(values - stays) for name, values in drift.items()}
    ratio = {name: float(values.mean() / drift["solver"].mean()) for name, values in drift.items()}
    checks = {
        "at once at least 0.98 of the solver": _mean(all_ratios["at once"]) >= 0.98,
        "planning again beats the static solver": _interval(foreseen)[1] > 0,
    }
    if AGENT:
        checks |= {
            "the agent at least 0.92 of the solver": _mean(all_ratios["ddpg"]) >= 0.92,
            "in each campaign at least 0.87": all_ratios["ddpg"].min() >= 0.87,
            "with drift at least 0.95": ratio["ddpg"] >= 0.95,
        }
    return {
        "share of the solver's score: geometric mean, least": {
            name: [round(_mean(values), 4), round(float(values.min()), 4)]
            for name, values in all_ratios.items()
        },
        "solver's share of its bound: mean, least": [round(float(bound.mean()), 4), round(float(bound.min()), 4)],
        "solver, seconds: mean, most": [round(float(seconds.mean()), 2), round(float(seconds.max()), 2)],
        "all quick plans and the answer, CPU ms: mean, most": [
            round(float(1e3 * answer.mean()), 1), round(float(1e3 * answer.max()), 1)
        ],
        "planned again, gain over the static solver: mean, low, high": gains,
        "the solver's, foreseen: mean, low, high": _interval(foreseen),
        "planned again, share of the solver planning again": {name: round(r, 4) for name, r in ratio.items()},
        **{name: bool(good) for name, good in checks.items()},
        "holds": bool(all(checks.values())),
    }  # fmt: skip


def _mean(ratios: np.ndarray) -> float:
    return float(np.exp(np.log(np.maximum(ratios, 1e-12)).mean()))


def _interval(gains: np.ndarray) -> list[float]:
    reach = 1.96 * gains.std(ddof=1) / np.sqrt(len(gains))
    return [round(float(gains.mean() + side * reach), 4) for side in (0, -1, 1)]


if __name__ == "__main__":
    print(json.dumps(run(*(int(word) for word in sys.argv[1:])), indent=1))
