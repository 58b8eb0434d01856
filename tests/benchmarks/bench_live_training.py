"""How soon the live policy learns, beside Stable-Baselines3's DQN in the same simulator, and how close to the optimum.

Each run is one process with one thread, and its clock is the processor's, so that a busy machine changes little; what
evaluations take is left out. A policy's return is that of its best actions in one fixed episode of 1,024 viewers with
expected rewards. Neither side stands on a rule, as the live policy does: such a start would decide the race. The goal
is 95% of the best return that any run of either side reached. Ours is trained from the
start for each of some lengths, and the shortest that reaches the goal counts; theirs is looked at while it trains.
Finished runs are kept in .bench/live_training.

run() -> dict, and `python -m tests.benchmarks.bench_live_training` prints it. SOCIALML_BENCH_SEEDS and
SOCIALML_BENCH_CAP (seconds a run) make it smaller.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks import resume

ROOT = Path(__file__).resolve().parents[2]
KEPT, PEERS = ROOT / ".bench" / "live_training", ROOT / ".bench" / "peers"
SEEDS = int(os.environ.get("SOCIALML_BENCH_SEEDS", "3"))
CAP = float(os.environ.get("SOCIALML_BENCH_CAP", "240"))
GOAL, SOONER_THAN_FEW, SOONER_THAN_MANY = 0.95, 8.0, 3.0
VIEWERS, JUDGES = 1_024, 1_024
LENGTHS = (20, 30, 40, 50, 75, 100, 200, 400, 800)  # steps of ours
WORLDS = ("drawn", "stairs", "tiring")
LOOKS = 3.0  # seconds of training between two looks at a peer's policy

_COMMON = {"learning_rate": 1e-3, "buffer_size": 200_000, "gamma": 0.95, "max_grad_norm": 10}
# Of the peer, by environments: as its documentation has them for one, and what a first search found for more.
PEER: dict[int, list[dict[str, Any]]] = {
    1: [
        {"train_freq": 4, "gradient_steps": 1, "batch_size": 128, "learning_starts": 1_000, "random": 20_000},
        {
            "train_freq": 1,
            "gradient_steps": 1,
            "batch_size": 256,
            "learning_starts": 1_000,
            "random": 10_000,
            "learning_rate": 3e-4,
        },
    ],
    16: [
        {"train_freq": 1, "gradient_steps": 2, "batch_size": 256, "learning_starts": 2_000, "random": 50_000},
        {
            "train_freq": 1,
            "gradient_steps": 4,
            "batch_size": 512,
            "learning_starts": 2_000,
            "random": 30_000,
            "learning_rate": 3e-4,
        },
    ],
    64: [
        {
            "train_freq": 1,
            "gradient_steps": 2,
            "batch_size": 512,
            "learning_starts": 4_000,
            "random": 100_000,
        },
        {
            "train_freq": 1,
            "gradient_steps": 4,
            "batch_size": 512,
            "learning_starts": 4_000,
            "random": 60_000,
            "learning_rate": 3e-4,
        },
    ],
    1_024: [
        {
            "train_freq": 1,
            "gradient_steps": 2,
            "batch_size": 512,
            "learning_starts": 4_000,
            "random": 500_000,
        },
        {
            "train_freq": 1,
            "gradient_steps": 8,
            "batch_size": 512,
            "learning_starts": 4_000,
            "random": 300_000,
        },
    ],
    2_048: [
        {
            "train_freq": 1,
            "gradient_steps": 2,
            "batch_size": 512,
            "learning_starts": 4_000,
            "random": 1_000_000,
        },
        {
            "train_freq": 1,
            "gradient_steps": 8,
            "batch_size": 512,
            "learning_starts": 4_000,
            "random": 500_000,
        },
    ],
}


class Room:
    """The simulator fitted on the sample's log: environments to train in, and the episode that judges."""

    def __init__(self) -> None:
        from socialml.environments.live_shopping import LiveShopping
        from socialml.environments.replay import means, replay
        from socialml.models import response
        from socialml.models.simulator import Simulator

        log = _log()
        replayed = replay(log, np.zeros((log.n, 0)), means(log))
        self.end, self.response = replayed.end, response.fit(log, replayed)

        def make(rows: Any) -> LiveShopping:
            return LiveShopping(self.end.take(rows), Simulator(self.response), len(log.offers), expected=True)

        self.make = make
        self.judges = make(np.arange(JUDGES) * self.end.n // JUDGES)

    def train_in(self, n: int, seed: int) -> Any:
        return self.make(np.random.default_rng([seed, 1]).integers(0, self.end.n, n))

    def worth(self, act: Any) -> float:
        """Return of a viewer."""
        observation, _ = self.judges.reset(seed=99)
        while True:
            observation, _, _, over, _ = self.judges.step(act(observation))
            if over[0]:
                return float(self.judges.totals.reward.sum() / JUDGES)


def _log() -> Any:
    """The impressions of the sample of 4,000 users."""
    from datetime import datetime

    import duckdb

    from socialml import sample
    from socialml.features import impressions

    connection = duckdb.connect()
    connection.register("frame", sample.generate(4_000, seed=1).impressions)
    return impressions.take(
        connection,
        connection.sql("select * exclude ts, ts as ts_utc, ts as ts_local from frame"),
        datetime(2025, 10, 1),
    )


def ours(room: Room, n: int, seed: int) -> dict[str, Any]:
    """reached: (seconds, return) of each length, a whole training each."""
    from socialml.models import dqn

    env, reached = room.train_in(n, seed), []
    dqn.train(env, dqn.Settings(steps=10, first=n, seed=seed))  # the first call finds memory and kernels
    for steps in LENGTHS:
        began = time.process_time()
        found = dqn.train(env, dqn.Settings(steps=steps, seed=seed))
        reached.append((time.process_time() - began, room.worth(found.act)))
    return {"settings": {**dqn.Settings().__dict__, "viewers": n, "steps": LENGTHS}, "reached": reached}


def theirs(room: Room, n: int, setting: dict[str, Any], seed: int) -> dict[str, Any]:
    sys.path.insert(0, str(PEERS))
    from stable_baselines3 import DQN
    from stable_baselines3.common.callbacks import BaseCallback

    from socialml.models import dqn
    from tests.benchmarks.peer_env import Peers

    # The same standardised observations and rewards as ours.
    centre, scale, unit = dqn.scales(room.train_in(VIEWERS, seed), np.random.default_rng(seed), seed)
    env = Peers(room, n, seed, centre, scale, unit)
    more = {name: value for name, value in setting.items() if name != "random"}
    many = 20_000_000  # more than the cap allows: `random` sets when exploring has fallen to its least
    model = DQN(
        "MlpPolicy", env, seed=seed, device="cpu", policy_kwargs={"net_arch": [128, 128]}, tau=0.01,
        target_update_interval=1, exploration_fraction=setting["random"] / many, exploration_final_eps=0.05,
        **{**_COMMON, **more},
    )  # fmt: skip
    reached: list[tuple[float, float]] = []
    cap = CAP

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
            return spent < cap

    model.learn(many, callback=Watch())
    return {"settings": {**_COMMON, **setting, "environments": n}, "reached": reached}


def worlds(name: str, seed: int) -> dict[str, Any]:
    """Of a small world of about 200 states: share of the optimum, seconds."""
    from socialml.models import dqn
    from tests.models import small_worlds

    make = {"drawn": lambda: small_worlds.drawn(200, 4, seed), "stairs": lambda: small_worlds.stairs(200),
            "tiring": small_worlds.tiring}  # fmt: skip
    world, began = make[name](), time.process_time()
    settings = dqn.Settings(steps=700, gamma=small_worlds.GAMMA, rate=3e-3, polyak=0.1, hidden=64, seed=seed)
    share = world.share(dqn.train(world, settings))
    return {"share": share, "seconds": time.process_time() - began}


def piece(kind: str, *words: str) -> dict[str, Any]:
    import torch

    torch.set_num_threads(1)
    if kind == "world":
        return worlds(words[0], int(words[1]))
    room, n, seed = Room(), int(words[0]), int(words[-1])
    return ours(room, n, seed) if kind == "ours" else theirs(room, n, PEER[n][int(words[1])], seed)


def kept(*words: str) -> dict[str, Any]:
    """A run in a process of its own, or what is kept of it."""
    file = KEPT / f"{'-'.join(words)}-{resume.version(__file__)}-{CAP:g}.json"
    if not file.exists():
        code = f"print('\\n' + json.dumps(b.piece(*{words!r})))"  # DuckDB takes -c for a terminal and prints progress
        code = f"import json; from tests.benchmarks import bench_live_training as b; {code}"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip
        KEPT.mkdir(parents=True, exist_ok=True)
        file.write_text(done.stdout.splitlines()[-1])
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def peers() -> None:
    """The peer's package in a folder of its own; torch and numpy are those that are there."""
    if not PEERS.exists():
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(PEERS),
             "-r", str(Path(__file__).with_name("requirements.txt"))],
            check=True,
        )  # fmt: skip


def soonest(runs: list[dict[str, Any]], goal: float) -> float | None:
    """Median of the seconds in which the runs reached it; None where most did not."""
    each = [next((at for at, worth in run["reached"] if worth >= goal), np.inf) for run in runs]
    middle = statistics.median(each)
    return None if np.isinf(middle) else round(middle, 1)


def run() -> dict[str, Any]:
    peers()
    seeds = [str(seed) for seed in range(SEEDS)]
    mine = [kept("ours", str(VIEWERS), seed) for seed in seeds]
    # A setting is searched with the first seed; the others only run the one that was best.
    found = {n: [kept("theirs", str(n), str(i), "0") for i in range(len(PEER[n]))] for n in PEER}
    every = [*mine, *(one for tried in found.values() for one in tried)]
    goal = GOAL * max(worth for one in every for _, worth in one["reached"])
    told: dict[str, Any] = {
        "load": os.getloadavg()[0], "seeds": SEEDS, "cap, seconds": CAP, "goal, return of a viewer": round(goal, 1)
    }  # fmt: skip
    took = soonest(mine, goal)
    told["ours"] = {"seconds": took, "best": _best(mine), **mine[0]["settings"]}
    reached: dict[int, float] = {}
    for n, tried in found.items():
        best = min(range(len(tried)), key=lambda i: (soonest([tried[i]], goal) or np.inf, -_best([tried[i]])))
        runs = [tried[best], *(kept("theirs", str(n), str(best), seed) for seed in seeds[1:])]
        seconds = soonest(runs, goal)
        reached[n] = CAP if seconds is None else seconds
        told[f"theirs, {n} environments"] = {
            "seconds": seconds or "not reached", "best": _best(runs), "other settings": [
                {"seconds": soonest([one], goal) or "not reached", **one["settings"]} for one in tried
            ], **runs[0]["settings"],
        }  # fmt: skip
    few, many = (min(reached[n] for n in of) for of in ((1, 16, 64), (1_024, 2_048)))
    told["sooner than 1, 16, 64 (at least, where not reached)"] = took and round(few / took, 1)
    told["sooner than 1,024, 2,048 (at least, where not reached)"] = took and round(many / took, 1)
    holds = took is not None and few / took >= SOONER_THAN_FEW and many / took >= SOONER_THAN_MANY
    for name in WORLDS:
        runs = [kept("world", name, seed) for seed in seeds]
        shares, seconds_ = ([one[key] for one in runs] for key in ("share", "seconds"))
        told[f"small world, {name}"] = {
            "least share": round(min(shares), 4),
            "seconds": round(max(seconds_), 1),
        }
        holds &= min(shares) >= 0.99 and max(seconds_) <= 20
    return {**told, "holds": bool(holds)}


def _best(runs: list[dict[str, Any]]) -> float:
    return round(max(worth for one in runs for _, worth in one["reached"]), 1)


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
