"""The two readings of the campaign agent's action, trained alike: a share of what may be spent, a threshold on the
marginal effect per yuan. Their plans' scores as shares of the solver's in planted worlds without drift.

"Raw" agents begin from an action of one half and must learn all (the settings of bench_campaign_training); the others
move water-filling's own action, which both readings can say, as the app's do.

run() -> dict, and `python -m tests.benchmarks.bench_campaign_readings [worlds]` prints it. Worlds are kept.
"""

from __future__ import annotations

import json
import sys
import time
from functools import partial
from typing import Any, get_args

import numpy as np

from socialml.analyses import _campaign_plans as plans
from socialml.environments import demand as demands
from socialml.environments.campaign import CampaignEnv, Reading
from socialml.environments.demand import free, score
from socialml.environments.solver import solve
from socialml.models import ddpg
from socialml.sample.creators import plant
from tests.benchmarks.bench_campaign_training import CAMPAIGNS, OURS
from tests.benchmarks.resume import kept, version

WORLDS, EPISODES = 3, 48
BUDGETS = np.geomspace(20_000, 1_000_000, 10)


def one(seed: int, reading: Reading) -> dict[str, Any]:
    """ratios: of each agent, its score over the solver's at each budget; seconds: of training."""
    market = plant(np.random.default_rng(seed)).market().calm()

    def again(rng: np.random.Generator) -> dict[str, Any]:
        return {"demands": demands.random(market, CAMPAIGNS, rng)}

    env = CampaignEnv(market, again(np.random.default_rng([seed, 1]))["demands"], reading=reading)
    acts: dict[str, Any] = {"base": None}
    seconds = {}
    for name, settings in (
        ("on the base", ddpg.Settings(episodes=EPISODES, seed=seed)),
        ("raw", ddpg.Settings(**OURS, episodes=EPISODES, seed=seed)),
    ):
        began = time.process_time()
        acts[name] = ddpg.train(env, settings, again=again).act
        seconds[name] = time.process_time() - began
    ratios: dict[str, list[float]] = {name: [] for name in acts}
    for budget in BUDGETS:
        asked = free(market, float(budget))
        best = score(market, asked, solve(market, asked).plan)
        for name, act in acts.items():
            ratios[name].append(score(market, asked, plans.agent(act, reading)(market, asked)) / best)
    return {"ratios": ratios, "seconds": seconds}


def run(worlds: int = WORLDS) -> dict[str, Any]:
    code, told = version(__file__), {}
    for reading in get_args(Reading):
        found = [
            kept("campaign_readings", code, f"{reading}-{seed}", partial(one, seed, reading))
            for seed in range(worlds)
        ]
        for name in found[0]["ratios"]:
            every = np.concatenate([row["ratios"][name] for row in found])
            mean = float(np.exp(np.log(np.maximum(every, 1e-12)).mean()))
            told[f"{reading}, {name}: geometric mean, least"] = [round(mean, 4), round(float(every.min()), 4)]
    return told


if __name__ == "__main__":
    print(json.dumps(run(*(int(word) for word in sys.argv[1:])), indent=1))
