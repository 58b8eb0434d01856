"""Deep Q-learning over a vector environment (Mnih et al. 2015), double (van Hasselt et al. 2016) and dueling
(Wang et al. 2016), with a target network that follows slowly.

Every step of the environment moves thousands of viewers at once, so that a replay of a few hundred thousand
transitions fills in a second; a few gradient steps follow each.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from socialml.models import action_values
from socialml.models.threads import one_thread
from socialml.models.transitions import Transitions
from socialml.progress import Progress, Report, silent

Floats32 = NDArray[np.float32]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Settings:
    steps: int = 500  # of the environment, each for all viewers at once
    updates: int = 3  # gradient steps a step
    batch: int = 256
    hidden: int = 128
    gamma: float = 0.95  # a viewer is shown about 50 recommendations in 12 weeks
    rate: float = 5e-3  # decays to a twentieth
    polyak: float = 0.01
    replay: int = 200_000  # transitions kept
    first: int = 4_000  # transitions before the first gradient step
    epsilon: tuple[float, float] = (1.0, 0.05)  # from, to, over the first half
    seed: int = 0


@dataclass(frozen=True, eq=False)
class QNetwork:
    """Weights as arrays, so that a server answers without torch. centre, scale: (features,) of observations."""

    weights: list[Floats32]  # (rows, columns) each, as action_values.FLAT or SHARED names them
    centre: Floats32
    scale: Floats32
    unit: float  # of the rewards while training
    curve: dict[str, list[float]]  # step, return
    env_steps: int
    seconds: float

    def values(self, observation: Floats32) -> Floats32:
        """(n, actions) in units of reward."""
        return action_values.values(self.weights, (observation - self.centre) / self.scale)

    def act(self, observation: Floats32) -> Ints:
        return self.values(observation).argmax(axis=1)


def train(env: Any, settings: Settings, report: Report = silent, start: QNetwork | None = None) -> QNetwork:
    """A policy for a gymnasium VectorEnv without autoreset whose environments end together.

    Only what `env.allowed() -> (n, actions) bool`, where there is one, lets through is chosen, explored and hoped
    for. An episode cut off by time (truncated) goes on in the values, one that terminated does not. Where
    `env.otherwise() -> (chance (n,), observation (n, features))` knows what else might have followed the last step,
    goals are means of both.
    start: weights to go on from (warm start). report may raise Cancelled.
    """
    weights, centre, scale, unit, curve, seconds = learn(env, settings, report, start)
    return QNetwork(
        [array[0] for array in weights], centre, scale, unit, curve, settings.steps * env.num_envs, seconds
    )


Learned = tuple[list[Floats32], Floats32, Floats32, float, dict[str, list[float]], float]


def learn(
    env: Any, settings: Settings, report: Report, start: QNetwork | None = None, groups: Ints | None = None
) -> Learned:
    """weights (groups, rows, columns) each, centre, scale, unit, curve, seconds. groups: (n,) a net for each."""
    import torch

    from socialml.models.one_row import Follower, Weights

    began = time.perf_counter()
    rng = np.random.default_rng([settings.seed, 81])
    n, actions = env.num_envs, int(env.single_action_space.n)
    layout = action_values.layout_of(env)
    ruled = getattr(env, "ruled", 0)
    if start is None:
        centre, scale, unit = scales(env, rng, settings.seed, layout)
        many = 1 if groups is None else int(groups.max()) + 1
        first = action_values.new(len(centre) - ruled, actions, layout, settings.hidden, many, rng, ruled > 0)
    else:
        centre, scale, unit = start.centre, start.scale.copy(), start.unit
        scale[len(scale) - ruled :] = unit
        first = [array[None] for array in action_values.times(start.weights, 1 / unit)]
    net = Weights(first, settings.rate)
    target = Follower(net, settings.polyak)
    memory = Transitions(settings.replay, n, len(centre), groups)
    observation, _ = env.reset(seed=settings.seed + 1)
    allowed, otherwise = asked(env, "allowed"), getattr(env, "otherwise", None)
    curve: dict[str, list[float]] = {"step": [], "return": []}
    total = 0.0

    def update(chosen: tuple[Ints, Ints], last: int) -> None:
        s, following = torch.from_numpy(memory.seen[chosen]), torch.from_numpy(memory.following[chosen])
        a = torch.from_numpy(memory.chosen[chosen])[..., None]
        ended = torch.from_numpy(memory.ended[chosen])
        possible = None if memory.possible is None else ~torch.from_numpy(memory.possible[chosen])

        def hoped(x: torch.Tensor, impossible: torch.Tensor | None) -> torch.Tensor:
            """(groups, rows): chosen by one net, valued by the other."""
            found = action_values.values(net.plain, x)
            if impossible is not None:
                found.masked_fill_(impossible, -torch.inf)
            return (
                action_values.values(target.plain, x).gather(2, found.argmax(dim=2, keepdim=True)).squeeze(2)
            )

        with torch.no_grad():
            if last and memory.other is not None:  # in the same pass
                ends = (chosen[0][:, -last:], chosen[1][:, -last:])
                following = torch.cat([following, torch.from_numpy(memory.other[ends])], dim=1)
                possible = None if possible is None else torch.cat([possible, possible[:, -last:]], dim=1)
            next_value, other = hoped(following, possible).tensor_split([a.shape[1]], dim=1)
            if other.shape[1]:
                next_value[:, -last:].lerp_(other, torch.from_numpy(memory.chance[ends]))
            goal = torch.from_numpy(memory.rewards[chosen]) + settings.gamma * (1 - ended) * next_value
        # Squared, not Huber: what follows is a gamble, and Huber would settle near its median. Summed over groups,
        # which do not share weights.
        loss = (action_values.values(net.layers, s).gather(2, a).squeeze(2) - goal).square().mean(dim=1).sum()
        net.step(loss, clip=10.0)
        target.follow()

    with one_thread():
        for step in range(settings.steps):
            share = step / settings.steps
            epsilon = np.interp(share, [0, 0.5], settings.epsilon)
            scaled = (observation - centre) / scale
            with torch.no_grad():
                known = by_group(net.plain, torch.from_numpy(scaled), groups, torch.cat).numpy()
            best = best_of(known, allowed)
            action = np.where(rng.random(n) < epsilon, any_of(allowed, n, actions, rng), best)
            observation, reward, terminated, truncated, _ = env.step(action)
            allowed = asked(env, "allowed")
            memory.add(
                scaled, action, reward / unit, (observation - centre) / scale, terminated, allowed,
                _other(otherwise, centre, scale),
            )  # fmt: skip
            total += float(reward.sum()) / n
            if truncated[0] or terminated[0]:
                curve["step"].append(float(step + 1))
                curve["return"].append(total)
                total = 0.0
                observation, _ = env.reset()
                allowed = asked(env, "allowed")
            net.rate = settings.rate * (1 - 0.95 * share)
            if memory.rows >= min(settings.first, memory.steps * n):
                for _ in range(settings.updates):
                    update(*memory.draw(settings.batch, rng))
            if step % 20 == 0 or step == settings.steps - 1:
                told = f"{curve['return'][-1]:.1f} a viewer" if curve["return"] else "exploring"
                report(Progress(step + 1, settings.steps, f"Training: {told}", shown(curve)))
    weights = action_values.times(net.arrays(), unit)
    scale[len(scale) - ruled :] = 1.0  # what the rule thinks is in units of reward already
    return weights, centre, scale, unit, curve, time.perf_counter() - began


def by_group(weights: list[Any], x: Any, groups: Ints | None, join: Callable[[list[Any]], Any]) -> Any:
    """(n, actions) the values of each row by the net of its group. join: numpy's or torch's concatenate."""
    if groups is None:
        return action_values.values([array[0] for array in weights], x)
    rows = [np.flatnonzero(groups == group) for group in range(len(weights[0]))]
    found = [action_values.values([array[g] for array in weights], x[of]) for g, of in enumerate(rows)]
    return join(found)[np.argsort(np.concatenate(rows))]


def _other(
    otherwise: Callable[[], tuple[Any, Floats32] | None] | None, centre: Floats32, scale: Floats32
) -> tuple[Any, Floats32] | None:
    found = otherwise() if otherwise else None
    return None if found is None else (found[0], (found[1] - centre) / scale)


def asked(env: Any, name: str) -> Any:
    """What a method says that only some environments have; None where there is none."""
    method = getattr(env, name, None)
    return None if method is None else method()


def best_of(values: Floats32, allowed: Flags | None) -> Ints:
    """(n,) the action of the largest value among those allowed."""
    return (values if allowed is None else np.where(allowed, values, -np.inf)).argmax(axis=1)


def any_of(allowed: Flags | None, n: int, actions: int, rng: np.random.Generator) -> Ints:
    """(n,) an action evenly drawn from those allowed."""
    if allowed is None:
        return rng.integers(0, actions, n)
    return best_of(rng.random((n, actions), dtype=np.float32), allowed)


def shown(curve: dict[str, list[float]]) -> dict[str, list[float]] | None:
    """The curve as Progress has it, thinned to a few hundred points; None before the first."""
    count = len(curve["step"])
    every = 1 + count // 300
    points = slice((count - 1) % every, None, every)  # the last is one of them
    return {"step": curve["step"][points], "training": curve["return"][points]} if count else None


def scales(
    env: Any, rng: np.random.Generator, seed: int, layout: action_values.Layout | None = None
) -> tuple[Floats32, Floats32, float]:
    """Mean and spread of observations, one for each block of categories, and the spread of rewards, from one episode
    of even choices. What a rule thinks is scaled as the rewards are."""
    observation, _ = env.reset(seed=seed)
    seen, rewards = [], []
    for _ in range(60):
        seen.append(observation[:: max(1, len(observation) // 200)])
        action = any_of(asked(env, "allowed"), env.num_envs, int(env.single_action_space.n), rng)
        observation, reward, terminated, truncated, _ = env.step(action)
        rewards.append(reward)
        if truncated[0] or terminated[0]:
            break
    rows = np.concatenate(seen)
    centre, spread = rows.mean(axis=0), rows.std(axis=0)
    for block in range(layout.blocks if layout else 0):
        columns = slice(block * layout.categories, (block + 1) * layout.categories)  # type: ignore[union-attr]
        centre[columns], spread[columns] = rows[:, columns].mean(), rows[:, columns].std()
    scale = np.where(spread > 1e-6, spread, 1.0).astype(np.float32)
    unit = float(np.concatenate(rewards).std())
    unit = unit if unit > 1e-9 else 1.0
    by_rule = slice(len(centre) - getattr(env, "ruled", 0), None)
    centre[by_rule], scale[by_rule] = 0.0, unit
    return centre.astype(np.float32), scale, unit
