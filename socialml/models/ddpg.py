"""Deep deterministic policy gradient (Silver et al. 2014, Lillicrap et al. 2016) over a vector environment of one
action in [0, 1], for short episodes in which one step barely moves the return.

The actor moves the log odds of a base action that the observation brings along, and begins with not moving it:
untrained, it is the base. The critic learns from returns as they came (nothing is bootstrapped, so that no target
network is needed) and knows what the base would have got in the same campaign, which only it is told (an asymmetric
critic, Pinto et al. 2018). In the action it is a parabola that opens downwards (Gu et al. 2016), so that a small
effect is not lost in what the state explains. The actor waits for it and is averaged over its last updates.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from socialml.models.threads import one_thread
from socialml.progress import Progress, Report, silent

Floats32 = NDArray[np.float32]
Floats = NDArray[np.float64]
Again = Callable[[np.random.Generator], dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Settings:
    episodes: int = 50  # each of all environments at once
    warm: int = 4  # episodes before the actor moves
    kept: int = 10  # last episodes that are learned from
    sets: int = 25  # of campaigns that episodes take in turn, for each of which the base is played once
    updates: int = 60  # gradient steps of the critic an episode; of the actor half as many
    batch: int = 1_024
    hidden: int = 64
    based: bool = True  # the last feature is the action to begin with; else 1/2 is
    noise: float = 0.1  # of an action, in log odds; falls to a third
    reach: float = 0.3  # the farthest from the base, in log odds
    rate: float = 2e-3  # of the critic; decays to a twentieth
    actor_rate: float = 2.5e-4
    polyak: float = 0.005
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Actor:
    """Weights as arrays, so that a server answers without torch. centre, scale: (features,) of observations."""

    weights: list[Floats32]  # of three layers, rows then offsets
    centre: Floats32
    scale: Floats32
    based: bool
    reach: float
    curve: dict[str, list[float]]  # step, return, critic_loss, actor_loss: one an episode
    env_steps: int
    seconds: float

    def act(self, observation: Floats32) -> Floats32:
        """(n, 1) in [0, 1]."""
        x = (observation - self.centre) / self.scale
        for rows, offsets in zip(self.weights[:-2:2], self.weights[1:-2:2], strict=True):
            x = np.maximum(x @ rows + offsets, 0)
        moved = self.reach * np.tanh(x @ self.weights[-2] + self.weights[-1])
        return shifted(base_of(observation, self.based), moved.astype(np.float32))


def base_of(observation: Floats32, based: bool) -> Floats32:
    """(n, 1) the action of an untrained actor."""
    return observation[:, -1:] if based else np.full((len(observation), 1), 0.5, np.float32)


def shifted(base: Floats32, by: Floats32) -> Floats32:
    """base with its log odds moved; 0 and 1 stay."""
    odds = np.exp(np.clip(by, -30, 30))
    found: Floats32 = (base * odds / (1 - base + base * odds)).astype(np.float32)
    return found


@dataclass(eq=False)
class Campaigns:
    """What env.reset is told; the same ones are played more than once."""

    seed: int
    options: dict[str, Any] | None
    base: Floats | None = None  # (n,) return of the base


@dataclass(eq=False)
class _Episode:
    steps: int  # of all environments together
    seen: Floats32  # (rows, features) scaled
    moved: Floats32  # (rows, 1) log odds
    ahead: Floats32  # (rows, 1) return of the base less what was collected so far
    returns: Floats32  # (rows, 1) from here on


def train(
    env: Any,
    settings: Settings,
    report: Report = silent,
    start: Actor | None = None,
    again: Again | None = None,
) -> Actor:
    """An actor for a gymnasium VectorEnv without autoreset whose environments end together; nothing is discounted.

    The last feature of an observation is the base action. Where `env.open` (n,) bool says that an action changes
    nothing now, the step is not learned from. again: options of env.reset, for other campaigns than the environment's
    own. The same seed and options must reset to the same campaigns. The actor returned is the best of the last ones
    and the base, in campaigns set aside.
    start: an actor to go on from. report may raise Cancelled.
    """
    import torch

    from socialml.models.one_row import Follower, Weights

    began = time.perf_counter()
    rng = np.random.default_rng([settings.seed, 83])
    judging, *sets = [
        Campaigns(settings.seed + i, again(rng) if again else None) for i in range(settings.sets + 1)
    ]
    untrained = (lambda seen: base_of(seen, settings.based)) if start is None else start.act
    centre, scale, unit = start_from(env, judging, settings, start, rng)
    width = len(centre)
    first = start.weights if start else new(rng, width, settings.hidden, 1, 0.0)
    actor = Weights(first, settings.actor_rate)
    critic = Weights(new(rng, width + 1, settings.hidden, 3), settings.rate)
    slow = Follower(actor, settings.polyak)
    curve: dict[str, list[float]] = {"step": [], "return": [], "critic_loss": [], "actor_loss": []}
    memory: list[_Episode] = []

    def forward(weights: list[Any], x: Any) -> Any:
        for rows, offsets in zip(weights[:-2:2], weights[1:-2:2], strict=True):
            x = torch.relu(torch.addmm(offsets, x, rows))
        return torch.addmm(weights[-1], x, weights[-2])

    def moves(x: Any) -> Any:
        """(n, 1) log odds from the base."""
        return settings.reach * torch.tanh(forward(actor.layers, x))

    def told(x: Any, ahead: Any, move: Any) -> tuple[Any, Any]:
        """(n, 1) each: what is expected from here on, and what part of it the action makes."""
        value, slope, bend = forward(critic.layers, torch.cat([x, ahead], dim=1)).split(1, dim=1)
        size = move / settings.reach
        made = (slope - torch.nn.functional.softplus(bend) * size) * size
        return ahead + value + made, made

    def choose(x: Floats32) -> Floats32:
        with torch.no_grad():
            found: Floats32 = moves(torch.from_numpy(x)).numpy()
        return found

    def learned(moving: bool) -> tuple[float, float]:
        """Mean losses of the critic and the actor over the updates of an episode."""
        seen, moved, ahead, returns = (
            torch.from_numpy(np.concatenate([getattr(episode, name) for episode in memory]))
            for name in ("seen", "moved", "ahead", "returns")
        )
        losses, gains = [], []
        for update in range(settings.updates):
            rows = torch.from_numpy(rng.integers(0, len(seen), settings.batch))
            x, known = seen[rows], ahead[rows]
            loss = (told(x, known, moved[rows])[0] - returns[rows]).square().mean()
            critic.step(loss)
            losses.append(float(loss.detach()))
            if not moving or update % 2:
                continue
            lost = -told(x, known, moves(x))[1].mean()
            actor.step(lost)
            slow.follow()
            gains.append(float(lost.detach()))
        return float(np.mean(losses)), float(np.mean(gains)) if gains else 0.0

    def now() -> Actor:
        return Actor(slow.arrays(), centre, scale, settings.based, settings.reach, curve, 0, 0.0)

    with one_thread():
        best, best_worth, steps = now(), returned(env, judging, now().act).mean(), 0
        for episode in range(settings.episodes):
            share = episode / settings.episodes
            for of, rate in ((critic, settings.rate), (actor, settings.actor_rate)):
                of.rate = rate * (1 - 0.95 * share)
            campaigns = sets[episode % settings.sets]
            if campaigns.base is None:
                campaigns.base = returned(env, campaigns, untrained)
            noise = np.float32(settings.noise * (1 - 2 / 3 * share))
            played, reached = play(env, campaigns, choose, centre, scale, unit, noise, settings.based, rng)
            memory = [*memory, played][-settings.kept :]
            critic_loss, actor_loss = learned(episode >= settings.warm)
            steps += played.steps
            for name, value in zip(curve, (episode + 1, reached, critic_loss, actor_loss), strict=True):
                curve[name].append(float(value))
            if episode >= settings.warm and (episode % 10 == 9 or episode == settings.episodes - 1):
                worth = returned(env, judging, now().act).mean()
                if worth > best_worth:
                    best, best_worth = now(), worth
            told_ = f"Training: return {reached:.3f}"
            report(Progress(episode + 1, settings.episodes, told_, {k: list(v) for k, v in curve.items()}))
    return Actor(
        best.weights, centre, scale, settings.based, settings.reach, curve, steps, time.perf_counter() - began
    )


def play(
    env: Any, campaigns: Campaigns, choose: Callable[[Floats32], Floats32], centre: Floats32, scale: Floats32,
    unit: float, noise: np.float32, based: bool, rng: np.random.Generator,
) -> tuple[_Episode, float]:  # fmt: skip
    """An explored episode, and its mean return."""
    observation, _ = env.reset(seed=campaigns.seed, options=campaigns.options)
    n = len(observation)
    seen, moved, rewards, useful = [], [], [], []
    while True:
        x = (observation - centre) / scale
        move = choose(x) + noise * rng.standard_normal((n, 1), dtype=np.float32)
        useful.append(np.array(getattr(env, "open", np.ones(n, dtype=bool))))
        observation, reward, terminated, truncated, _ = env.step(shifted(base_of(observation, based), move))
        seen.append(x)
        moved.append(move)
        rewards.append(reward)
        if terminated[0] or truncated[0]:
            break
    gained = np.array(rewards)  # (steps, n)
    before = np.cumsum(gained, axis=0) - gained
    total = gained.sum(axis=0)
    took = np.concatenate(useful)
    ahead, returns = ((whole - before).reshape(-1, 1)[took] / unit for whole in (campaigns.base, total))
    episode = _Episode(
        gained.size,
        np.concatenate(seen)[took],
        np.concatenate(moved)[took],
        ahead.astype(np.float32),
        returns.astype(np.float32),
    )
    return episode, float(total.mean())


def returned(env: Any, campaigns: Campaigns, act: Callable[[Floats32], Floats32]) -> Floats:
    """(n,) returns of an episode without exploring."""
    observation, _ = env.reset(seed=campaigns.seed, options=campaigns.options)
    total = np.zeros(len(observation))
    while True:
        observation, reward, terminated, truncated, _ = env.step(act(observation))
        total += reward
        if terminated[0] or truncated[0]:
            return total


def new(rng: np.random.Generator, width: int, hidden: int, outputs: int, last: float = 0.1) -> list[Floats32]:
    """Weights of three layers (He et al. 2015), the last one small."""
    weights: list[Floats32] = []
    for rows, columns, size in ((width, hidden, 1.0), (hidden, hidden, 1.0), (hidden, outputs, last)):
        drawn = size * np.sqrt(2 / rows) * rng.standard_normal((rows, columns))
        weights += [drawn.astype(np.float32), np.zeros(columns, np.float32)]
    return weights


def start_from(
    env: Any, campaigns: Campaigns, settings: Settings, start: Actor | None, rng: np.random.Generator
) -> tuple[Floats32, Floats32, float]:
    """Mean and spread of observations, and what exploring does to a return (the unit of rewards), from two episodes."""

    def noisy(observation: Floats32) -> Floats32:
        seen.append(observation)
        drawn = np.float32(settings.noise) * rng.standard_normal((len(observation), 1), dtype=np.float32)
        return shifted(base_of(observation, settings.based), drawn)

    seen: list[Floats32] = []
    explored = returned(env, campaigns, noisy)
    plain = returned(env, campaigns, lambda observation: base_of(observation, settings.based))
    rows = np.concatenate(seen)
    spread, unit = rows.std(axis=0), float((explored - plain).std())
    if start is not None:
        return start.centre, start.scale, unit if unit > 1e-9 else 1.0
    return (
        rows.mean(axis=0).astype(np.float32),
        np.where(spread > 1e-6, spread, 1.0).astype(np.float32),
        unit if unit > 1e-9 else 1.0,
    )
