"""How soon the campaign agent learns, beside Stable-Baselines3's DDPG in the same environment with the same decoding.

Both begin from an action of one half: ours without the base that it has in the app, so that all has to be learned.
Each run is one process with one thread, and its clock is the processor's, so that a busy machine changes little; what
evaluations take is left out. A policy's return is that of its best actions in 256 campaigns of the sample's market
that no training saw, over the score that divisible creators would bring. The goal is 95% of the best return that any
run of either side reached. Ours is trained from the start for each of some lengths, and the shortest that reaches the
goal counts; theirs is looked at while it trains. Finished runs are kept in .bench/campaign_training.

run() -> dict, and `python -m tests.benchmarks.bench_campaign_training` prints it. SOCIALML_BENCH_SEEDS and
SOCIALML_BENCH_CAP (seconds a run) make it smaller.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

import numpy as np

from tests.benchmarks import resume
from tests.benchmarks.bench_live_training import PEERS, ROOT, peers, soonest

SEEDS = int(os.environ.get("SOCIALML_BENCH_SEEDS", "3"))
CAP = float(os.environ.get("SOCIALML_BENCH_CAP", "90"))
GOAL, SOONER = 0.95, 2.0
JUDGES, LOOKS = 256, 2.0  # campaigns; seconds of training between two looks at a peer's policy
LENGTHS = (16, 24, 32, 48, 64)  # episodes of ours
OURS: dict[str, Any] = {
    "based": False,
    "noise": 0.4,
    "reach": 4.0,
    "rate": 2e-3,
    "actor_rate": 5e-4,
    "polyak": 0.02,
}
CAMPAIGNS = 256

_COMMON = {
    "buffer_size": 500_000,
    "gamma": 1.0,
    "learning_rate": 1e-3,
    "policy_kwargs": {"net_arch": [64, 64]},
}
# Of the peer, by environments: one gradient step a step as its documentation has it, and more where a step brings more.
PEER: dict[int, list[dict[str, Any]]] = {
    1: [
        {"train_freq": 1, "gradient_steps": 1, "batch_size": 256, "learning_starts": 1_000, "noise": 0.1},
        {"train_freq": 4, "gradient_steps": 2, "batch_size": 256, "learning_starts": 1_000, "noise": 0.1},
    ],
    16: [
        {"train_freq": 1, "gradient_steps": 2, "batch_size": 256, "learning_starts": 2_000, "noise": 0.1},
        {"train_freq": 1, "gradient_steps": 8, "batch_size": 256, "learning_starts": 2_000, "noise": 0.2},
    ],
    64: [
        {"train_freq": 1, "gradient_steps": 4, "batch_size": 256, "learning_starts": 4_000, "noise": 0.1},
        {"train_freq": 1, "gradient_steps": 16, "batch_size": 256, "learning_starts": 4_000, "noise": 0.2},
    ],
    1_024: [
        {"train_freq": 1, "gradient_steps": 8, "batch_size": 512, "learning_starts": 46_000, "noise": 0.1},
        {"train_freq": 1, "gradient_steps": 32, "batch_size": 512, "learning_starts": 46_000, "noise": 0.2},
    ],
}


class Room:
    """The sample's market: environments to train in, and the campaigns that judge."""

    def __init__(self) -> None:
        from socialml.environments import demand
        from socialml.environments.campaign import CampaignEnv
        from socialml.sample.creators import plant

        market = plant(np.random.default_rng(1)).market("effect")

        def again(n: int, rng: np.random.Generator) -> dict[str, Any]:
            return {"demands": demand.random(market, n, rng)}

        def make(n: int, seed: int) -> Any:
            return CampaignEnv(market, again(n, np.random.default_rng([seed, 1]))["demands"])

        self.again, self.make = again, make
        self.judges = make(JUDGES, 99)

    def worth(self, act: Any) -> float:
        from socialml.models import ddpg

        return float(ddpg.returned(self.judges, ddpg.Campaigns(99, None), act).mean())


def ours(room: Room, seed: int) -> dict[str, Any]:
    """reached: (seconds, return) of each length, a whole training each."""
    from socialml.models import ddpg

    env, reached = room.make(CAMPAIGNS, seed), []

    def trained(episodes: int) -> Any:
        settings = ddpg.Settings(**OURS, episodes=episodes, seed=seed)
        return ddpg.train(env, settings, again=lambda rng: room.again(CAMPAIGNS, rng))

    trained(1)  # the first call finds memory and kernels
    for episodes in LENGTHS:
        began = time.process_time()
        found = trained(episodes)
        reached.append((time.process_time() - began, room.worth(found.act)))
    return {"settings": {**OURS, "environments": CAMPAIGNS, "episodes": LENGTHS}, "reached": reached}


def theirs(room: Room, n: int, setting: dict[str, Any], seed: int) -> dict[str, Any]:
    sys.path.insert(0, str(PEERS))
    from stable_baselines3 import DDPG
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.noise import NormalActionNoise

    from socialml.models import ddpg
    from tests.benchmarks.campaign_peer_env import Campaigns

    rng = np.random.default_rng([seed, 2])
    # The same standardised observations as ours.
    scales = ddpg.start_from(
        room.make(CAMPAIGNS, seed), ddpg.Campaigns(seed, None), ddpg.Settings(**OURS), None, rng
    )
    centre, scale = scales[:2]
    more = {name: value for name, value in setting.items() if name != "noise"}
    sd = np.full(1, 2 * setting["noise"])  # of the peer's own scale from -1 to 1
    model = DDPG(
        "MlpPolicy", Campaigns(room.make(n, seed), lambda: room.again(n, rng), centre, scale), seed=seed,
        device="cpu", action_noise=NormalActionNoise(np.zeros(1), sd), **{**_COMMON, **more},
    )  # fmt: skip
    reached: list[tuple[float, float]] = []

    class Watch(BaseCallback):
        began, lost, looked = time.process_time(), 0.0, 0.0

        def _on_step(self) -> bool:
            now = time.process_time()
            spent = now - self.began - self.lost
            if spent < self.looked + LOOKS:
                return True
            self.looked = spent
            act = lambda seen: self.model.predict((seen - centre) / scale, deterministic=True)[0]  # noqa: E731
            reached.append((spent, room.worth(act)))
            self.lost += time.process_time() - now
            return spent < CAP

    model.learn(50_000_000, callback=Watch())
    return {"settings": {**_COMMON, **setting, "environments": n}, "reached": reached}


def piece(kind: str, *words: str) -> dict[str, Any]:
    import torch

    torch.set_num_threads(1)
    room, seed = Room(), int(words[-1])
    return (
        ours(room, seed)
        if kind == "ours"
        else theirs(room, int(words[0]), PEER[int(words[0])][int(words[1])], seed)
    )


def kept(*words: str) -> dict[str, Any]:
    """A run in a process of its own, or what is kept of it."""

    def work() -> dict[str, Any]:
        code = f"print(json.dumps(b.piece(*{words!r})))"
        code = f"import json; from tests.benchmarks import bench_campaign_training as b; {code}"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip
        return dict(json.loads(done.stdout.splitlines()[-1]))

    return resume.kept("campaign_training", resume.version(__file__), f"{'-'.join(words)}-{CAP:g}", work)


def run() -> dict[str, Any]:
    peers()
    seeds = [str(seed) for seed in range(SEEDS)]
    mine = [kept("ours", seed) for seed in seeds]
    # A setting is searched with the first seed; the others only run the one that was best.
    found = {n: [kept("theirs", str(n), str(i), "0") for i in range(len(PEER[n]))] for n in PEER}
    every = [*mine, *(one for tried in found.values() for one in tried)]
    goal = GOAL * max(_best([one]) for one in every)
    took = soonest(mine, goal)
    told: dict[str, Any] = {
        "load": os.getloadavg()[0], "seeds": SEEDS, "cap, seconds": CAP, "goal, return": round(goal, 4),
        "ours": {"seconds": took, "best": _best(mine), **mine[0]["settings"]},
    }  # fmt: skip
    reached: dict[int, float] = {}
    for n, tried in found.items():
        best = min(range(len(tried)), key=lambda i: (soonest([tried[i]], goal) or np.inf, -_best([tried[i]])))
        runs = [tried[best], *(kept("theirs", str(n), str(best), seed) for seed in seeds[1:])]
        seconds = soonest(runs, goal)
        reached[n] = CAP if seconds is None else seconds
        told[f"theirs, {n} environments"] = {
            "seconds": seconds or "not reached", "best": _best(runs), **runs[0]["settings"]
        }  # fmt: skip
    sooner = min(reached.values()) / took if took else None
    told["sooner (at least, where not reached)"] = sooner and round(sooner, 1)
    return {**told, "holds": bool(sooner and sooner >= SOONER)}


def _best(runs: list[dict[str, Any]]) -> float:
    return round(max(worth for one in runs for _, worth in one["reached"]), 4)


if __name__ == "__main__":
    print(json.dumps(run(), indent=1, default=str))
