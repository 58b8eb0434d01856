"""The live policy's promise: the true uplift lies in the claimed interval, and nothing is claimed where nothing is.

100 small planted worlds, and 100 in which every policy is as good as any other. In each, a policy is learned on users
A and claimed on users B as the analysis does, with fewer refits and a short training; then the same policy is run
in the planted world itself.

run() -> dict, and `python -m tests.benchmarks.bench_live_promise [from to]` runs these worlds alone.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np

from socialml.analyses import _live_agents as agents
from socialml.analyses import _live_claim as claim
from socialml.analyses import _live_compute as steps
from socialml.analyses.live_policy import Config
from socialml.environments import policies
from socialml.environments.live_shopping import LiveShopping, Reward
from socialml.environments.replay import means, replay
from socialml.environments.rollout import play
from socialml.progress import silent
from socialml.sample.live import Planted
from tests.benchmarks import live_worlds
from tests.benchmarks.resume import kept, version

WORLDS, COVERED, CLAIMED = 100, 90, 6
VIEWERS, WEEKS, REFITS, STEPS, TRAINED = 1_200, 10, 12, 120, 512
JUDGED = ("penalty", "dqn")
TRUTHS = 2  # episodes of the planted world


def world(seed: int, nothing: bool) -> dict[str, Any]:
    """policy -> metric -> [claimed, low, high, true, better]"""
    planted = live_worlds.world(seed, VIEWERS, nothing=nothing)
    log, end = live_worlds.log(planted, seed)
    planted = planted.of(np.array([int(user[1:]) for user in log.user_id]))
    profile, reward = np.zeros((log.n, 0)), Reward(offer_discount=planted.discount)
    order = np.random.default_rng([seed, 90]).permutation(log.n)
    first, second = np.sort(order[: log.n // 2]), np.sort(order[log.n // 2 :])
    of = means(log.of(first))
    a, b = (steps.half(log, profile, rows, of) for rows in (first, second))
    rules = claim.Rules(offers=len(log.offers), weeks=WEEKS, slots=live_worlds.SLOTS, reward=reward)
    chances = policies.logged_chances(log)
    config = Config(weeks=WEEKS, steps=STEPS, refits=REFITS, seed=seed)
    groups = np.zeros(log.n, dtype=np.int64)
    rule = steps.rested(a, rules, seed)
    env = steps.environment(a, rules, seed, TRAINED, rule)
    trained = agents.train(config, env, groups[first], [], np.zeros(0, np.float32), False, silent)
    makers = steps.makers_of(a, rules, rule, chances, config, trained, groups)
    makers = {name: makers[name] for name in (claim.BEFORE, *JUDGED)}
    draws = claim.draw(
        claim.Judges(b.log, b.profile, b.replayed.end), steps.of_rows(makers, second), rules, REFITS, seed,
        played=len(second),
    )  # fmt: skip
    start, true = replay(log, profile, of).end, {}
    for name, maker in makers.items():
        room = LiveShopping(
            start, Planted(planted, end, np.arange(len(log.categories))), len(log.offers), weeks=WEEKS,
            slots=live_worlds.SLOTS, reward=reward, expected=True,
        )  # fmt: skip
        policy = maker(np.arange(log.n))
        true[name] = np.mean([claim.sums(play(room, policy, seed + i)) for i in range(TRUTHS)], axis=0)
    out: dict[str, Any] = {name: {} for name in JUDGED}
    for row in claim.claims(draws).to_dict("records"):
        was, now = (
            float(claim.metric_of(row["metric"], true[name], draws.surveyed, None))
            for name in (claim.BEFORE, row["policy"])
        )
        told = [row["relative"], row["low"], row["high"], now / was - 1, row["better"]]
        out[row["policy"]][row["metric"]] = told
    return out


def one(number: int, nothing: bool) -> dict[str, Any]:
    name = f"{'nothing' if nothing else 'world'}-{number}"
    return kept("live_promise", version(__file__), name, lambda: world(number, nothing))


def run(begin: int = 0, end: int = WORLDS) -> dict[str, Any]:
    worlds = [one(number, False) for number in range(begin, end)]
    empty = [one(number, True) for number in range(begin, end)]
    out: dict[str, Any] = {"worlds": end - begin}
    holds = []
    for policy in JUDGED:
        for metric in claim.METRICS:
            told = np.array([found[policy][metric] for found in worlds], dtype=float)
            null = np.array([found[policy][metric] for found in empty], dtype=float)
            covered = int(((told[:, 1] <= told[:, 3]) & (told[:, 3] <= told[:, 2])).sum())
            claimed = int(null[:, 4].sum())
            out[f"{policy}, {metric}"] = {
                "true uplift inside": covered, "nothing to gain, yet claimed": claimed,
                "mean claimed": round(float(told[:, 0].mean()), 4), "mean true": round(float(told[:, 3].mean()), 4),
                "mean half width": round(float((told[:, 2] - told[:, 1]).mean() / 2), 4),
                "better claimed": int(told[:, 4].sum()),
            }  # fmt: skip
            holds += [
                covered >= COVERED / WORLDS * (end - begin),
                claimed <= CLAIMED / WORLDS * (end - begin),
            ]
    return {**out, "holds": all(holds)}


if __name__ == "__main__":
    print(json.dumps(run(*(int(word) for word in sys.argv[1:])), indent=1))
