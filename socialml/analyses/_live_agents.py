"""The learned policy: trained, put into a run's arrays, and brought back without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from socialml.environments.live_shopping import LiveShopping
from socialml.environments.policies import Learned, Policy
from socialml.progress import Report

if TYPE_CHECKING:
    from socialml.analyses._live_claim import Maker
    from socialml.analyses.live_policy import Config

Floats32 = NDArray[np.float32]
Ints = NDArray[np.int64]

SCALES = ("centre", "scale", "unit")  # stored beside the weights


@dataclass(frozen=True, eq=False)
class Trained:
    agent: str
    network: Any  # QNetwork, or what ppo and dqn_family give


def train(
    config: Config, at: tuple[LiveShopping, Ints], segments: Ints, earlier: Sequence[dict[str, Any]],
    weights: Floats32, augment: bool, report: Report,
) -> Trained:  # fmt: skip
    """at: the environment, and the rows of its viewers in A. segments: (n of A,) codes. earlier, weights: of the
    network to go on from, as `load` takes them; empty for none."""
    env, rows = at
    if augment:
        env = _crossed(env, segments[rows], config.seed)
    start: Any = load(config.agent, earlier, weights) if earlier else None
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
    return Trained(config.agent, network)


def _crossed(env: LiveShopping, groups: Ints, seed: int) -> LiveShopping:
    """The same with half of its viewers made up: the tastes of one, the rest of another of the same segment."""
    rng = np.random.default_rng([seed, 93])
    start = env.start.copy()
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
        setattr(start, name, getattr(env.start, name)[other].copy())
    return LiveShopping(
        start, env.responder, env.offers, weeks=env.weeks, slots=env.slots, reward=env.reward, expected=env.expected,
        offers_a_week=env.offers_a_week,
    )  # fmt: skip


def maker(trained: Trained, segments: Ints, name: str) -> Maker:
    """The policy for rows of those whose segments (n,) these are."""

    def of(rows: Ints) -> Policy:
        if trained.agent != "dqn_by_segment":
            return Learned(trained.network, None, name)
        # A segment that nobody of A is in has no net of its own.
        grouped = np.minimum(segments[rows], len(trained.network.weights[0]) - 1)
        return Learned(trained.network, grouped, name)

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
