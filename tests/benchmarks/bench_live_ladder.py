"""The live policy's ladder on the sample: in the simulator and in the planted world, and who beats whom in pairs.

With fatigue planted, the learned policy must beat the best choice at once with an interval above 0 and be level with
the same rule that gives a rest: judged in the planted world, on the same viewers with the same chance. There stands
beside them what knows every taste: the best choice at once, with the rest that suits it best.

run() -> dict, and `python -m tests.benchmarks.bench_live_ladder [viewers [seeds]]` prints it. Worlds are kept.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from socialml import sample
from socialml.analyses import _live_agents as agents
from socialml.analyses import _live_claim as claim
from socialml.analyses import _live_compute as steps
from socialml.analyses import _live_inputs as reading
from socialml.analyses import _live_truth as truth
from socialml.analyses import live_policy as analysis
from socialml.environments import policies
from socialml.environments.live_shopping import Reward
from socialml.environments.replay import means, replay
from socialml.environments.rollout import play
from socialml.evaluation.uplift import MISFIT, interval
from socialml.ingest.task import ingest_file
from socialml.progress import silent
from socialml.store import Store
from tests.benchmarks.resume import kept, version

USERS, SEEDS, REFITS = 4_000, 3, 30


def one(users: int, seed: int) -> dict[str, Any]:
    began = time.perf_counter()
    shop = sample.generate(users, seed=seed, months=6)
    with tempfile.TemporaryDirectory() as folder:
        sample.write(shop, Path(folder))
        with Store(Path(folder) / "shop.duckdb") as store:
            ingest_file(store, Path(folder) / "impressions.csv", "shop")
            inputs = analysis.prepare(store, "shop", analysis.Config(seed=seed))
        log, profile = reading.log_of(inputs), reading.profile(inputs)
    config, reward = analysis.Config(seed=seed), Reward()
    order = np.random.default_rng([seed, 90]).permutation(log.n)
    first, second = np.sort(order[: log.n // 2]), np.sort(order[log.n // 2 :])
    of = means(log.of(first))
    a, b = (steps.half(log, profile, rows, of) for rows in (first, second))
    rules = claim.Rules(offers=len(log.offers), weeks=config.weeks, slots=4, reward=reward)
    groups = np.zeros(log.n, dtype=np.int64)
    rule = steps.rested(a, rules, seed)
    env = steps.environment(a, rules, seed, steps.TRAINED, rule)
    trained = agents.train(config, env, groups[first], [], np.zeros(0, np.float32), False, silent)
    makers = steps.makers_of(a, rules, rule, policies.logged_chances(log), config, trained, groups)
    draws = claim.draw(
        claim.Judges(b.log, b.profile, b.replayed.end), steps.of_rows(makers, second), rules, REFITS, seed
    )
    pairs = {}
    for other in ("greedy", "penalty", claim.BEFORE):
        mine, mines = draws.metric("value", "dqn")
        theirs, all_theirs = draws.metric("value", other)
        low, high = interval(mine - theirs, mines - all_theirs, MISFIT)
        pairs[f"dqn less {other}"] = [round(value, 2) for value in (mine - theirs, low, high)]
    return {
        **pairs, "simulated value": {name: round(draws.metric("value", name)[0], 2) for name in makers},
        "planted value": _planted(shop, log, profile, of, makers, rules, seed),
        "training, seconds": round(trained.network.seconds, 1), "seconds": round(time.perf_counter() - began, 1),
    }  # fmt: skip


def _planted(
    shop: sample.Sample,
    log: Any,
    profile: Any,
    of: Any,
    makers: dict[str, claim.Maker],
    rules: claim.Rules,
    seed: int,
) -> dict[str, Any]:
    room = truth.planted(shop, log, replay(log, profile, of).end, rules)

    def worth(policy: policies.Policy) -> np.ndarray:
        """(n,) of each viewer."""
        return np.mean(
            [play(room, policy, seed + i).reward.sum(axis=1) for i in range(truth.EPISODES)], axis=0
        )

    each = {name: worth(maker(np.arange(log.n))) for name, maker in makers.items()}
    each["knows every taste"] = truth.best(room, rules, worth, np.mean)
    found: dict[str, Any] = {name: round(float(value.mean()), 2) for name, value in each.items()}
    for other in ("greedy", "penalty"):  # the same viewers with the same chance
        apart = each["dqn"] - each[other]
        reach = 1.96 * apart.std(ddof=1) / np.sqrt(log.n)
        found[f"dqn less {other}"] = [round(float(apart.mean() + side * reach), 2) for side in (0, -1, 1)]
    return found


def run(users: int = USERS, seeds: int = SEEDS) -> dict[str, Any]:
    code = version(__file__)
    found = {
        f"seed {seed}": kept("live_ladder", code, f"{users}-{seed}", partial(one, users, seed))
        for seed in range(seeds)
    }
    beats = all(row["planted value"]["dqn less greedy"][1] > 0 for row in found.values())
    level = all(row["planted value"]["dqn less penalty"][2] >= 0 for row in found.values())
    return {
        **found,
        "beats the best choice at once": beats,
        "level with a rest": level,
        "holds": beats and level,
    }


if __name__ == "__main__":
    print(json.dumps(run(*(int(word) for word in sys.argv[1:])), indent=1))
