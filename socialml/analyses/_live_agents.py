"""The learned policy: trained, put into a run's arrays, and brought back without torch."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from socialml.environments.live_shopping import LiveShopping, Rule
from socialml.environments.policies import Learned, Policy
from socialml.environments.rollout import play
from socialml.environments.viewers import Viewers
from socialml.errors import UserError
from socialml.models.action_values import leaned
from socialml.progress import Report

if TYPE_CHECKING:
    from socialml.analyses._live_claim import Maker
    from socialml.analyses.live_policy import Config

Floats32 = NDArray[np.float32]
Ints = NDArray[np.int64]

SCALES = ("centre", "scale", "unit")  # stored beside the weights
# Of what was learned beside the rule: most of what a small log teaches is noise, and part of it may earn more than all.
SHARES = (0.0, 0.25, 0.5, 1.0)


@dataclass(frozen=True, eq=False)
class Trained:
    agent: str
    network: Any  # QNetwork, or what ppo and dqn_family give


def train(
    config: Config, at: tuple[LiveShopping, Ints], segments: Ints, earlier: Sequence[dict[str, Any]],
    weights: Floats32, augment: bool, report: Report,
) -> Trained:  # fmt: skip
    """at: the environment, and the rows of its viewers in A. segments: (n of A,) codes. earlier, weights: of the
    network to go on from, as `load` takes them; empty for none. Where the environment has a rule, the share of what was
    learned that is added to it is chosen there."""
    env, rows = at
    if augment:
        env = _like(env, _crossed(env.start, segments[rows], config.seed), env.rule)
    start: Any = load(config.agent, earlier, weights) if earlier else None
    width = env.observation_space.shape[1]  # type: ignore[index]
    if start is not None and len(start.centre) != width:
        raise UserError(
            "bad_config",
            f"The run {config.start_from} read {len(start.centre)} numbers of a viewer, this log gives {width}.",
            "Start from a run on the same categories and offers, or anew.",
        )
    if config.agent == "ppo":
        from socialml.models import ppo

        network: Any = ppo.train(env, ppo.Settings(steps=config.steps, seed=config.seed), report)
    elif config.agent == "dqn_by_segment":
        from socialml.models import dqn, dqn_family

        settings = dqn.Settings(steps=config.steps, seed=config.seed)
        network = dqn_family.train(env, segments[rows], settings, report)
    else:
        from socialml.models import dqn

        network = dqn.train(env, dqn.Settings(steps=config.steps, seed=config.seed), report, start)
    trained = Trained(config.agent, network)
    return trained if env.rule is None else _leaned(trained, at[0], segments[rows], config.seed)


def _leaned(trained: Trained, env: LiveShopping, segments: Ints, seed: int) -> Trained:
    """With the one of SHARES that earns most in the environment, all with the same chance."""
    began = time.perf_counter()
    room, net = _like(env, env.start, None), trained.network
    tried = [replace(trained, network=replace(net, weights=leaned(net.weights, share))) for share in SHARES]
    every = np.arange(room.num_envs)
    earned = [
        play(room, maker(one, segments, one.agent, env.rule)(every), seed).reward.sum() for one in tried
    ]
    best = tried[int(np.argmax(earned))].network
    return replace(trained, network=replace(best, seconds=net.seconds + time.perf_counter() - began))


def _like(env: LiveShopping, start: Viewers, rule: Rule | None) -> LiveShopping:
    return LiveShopping(
        start, env.responder, env.offers, weeks=env.weeks, slots=env.slots, reward=env.reward, expected=env.expected,
        offers_a_week=env.offers_a_week, rule=rule,
    )  # fmt: skip


def _crossed(viewers: Viewers, groups: Ints, seed: int) -> Viewers:
    """The same with half of them made up: the tastes of one, the rest of another of the same segment."""
    rng = np.random.default_rng([seed, 93])
    start = viewers.copy()
    made = np.flatnonzero(rng.random(start.n) < 0.5)
    other = np.arange(start.n)
    for group in np.unique(groups):
        own = made[groups[made] == group]
        other[own] = rng.permutation(own)
    for name in (
        "heard",
        "heard_sum",
        "liking",
        "unsure",
        "level",
        "level_unsure",
        "bought",
        "shown",
        "habit",
        "knew",
    ):
        setattr(start, name, getattr(viewers, name)[other].copy())
    return start


def maker(trained: Trained, segments: Ints, name: str, rule: Rule | None) -> Maker:
    """The policy for rows of those whose segments (n,) these are. rule: that of the environment it was trained in."""

    def of(rows: Ints) -> Policy:
        if trained.agent != "dqn_by_segment":
            return Learned(trained.network, None, name, rule)
        # A segment that nobody of A is in has no net of its own.
        grouped = np.minimum(segments[rows], len(trained.network.weights[0]) - 1)
        return Learned(trained.network, grouped, name, rule)

    return of


def stored(network: Any) -> dict[str, Any]:
    """net: layer, groups, rows, columns; net_weights: all numbers in one row, in that order."""
    arrays = {f"layer {i}": np.asarray(w, dtype=np.float32) for i, w in enumerate(network.weights)}
    arrays |= {name: np.atleast_1d(np.asarray(getattr(network, name), dtype=np.float32)) for name in SCALES}
    shapes = [(1,) * (3 - array.ndim) + array.shape for array in arrays.values()]
    net = pd.DataFrame(shapes, columns=["groups", "rows", "columns"])
    net.insert(0, "layer", list(arrays))
    net["dimensions"] = [array.ndim for array in arrays.values()]
    return {"net": net, "net_weights": np.concatenate([array.ravel() for array in arrays.values()])}


def load(agent: str, net: Sequence[dict[str, Any]], flat: Floats32) -> Any:
    """The network that `stored` put away; its curve is not in it."""
    sizes = [int(row["groups"] * row["rows"] * row["columns"]) for row in net]
    pieces = np.split(flat, np.cumsum(sizes)[:-1])
    arrays = {}
    for row, piece in zip(net, pieces, strict=True):
        shape = (int(row["groups"]), int(row["rows"]), int(row["columns"]))
        arrays[row["layer"]] = piece.reshape(shape[3 - int(row["dimensions"]) :])
    weights = [array for name, array in arrays.items() if name not in SCALES]
    common: Any = (weights, arrays["centre"], arrays["scale"], float(arrays["unit"][0]), {}, 0, 0.0)
    if agent == "ppo":
        from socialml.models.ppo import Policy as Network

        return Network(*common)
    if agent == "dqn_by_segment":
        from socialml.models.dqn_family import Family

        return Family(*common)
    from socialml.models.dqn import QNetwork

    return QNetwork(*common)


def values(agent: str, network: Any, observation: Floats32, groups: Ints) -> NDArray[np.floating]:
    """(n, actions) what the network thinks of each choice."""
    if agent != "dqn_by_segment":
        return network.values(observation)
    return network.values(observation, np.minimum(groups, len(network.weights[0]) - 1))
