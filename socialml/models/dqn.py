"""Deep Q-learning over a vector environment (Mnih et al. 2015), double (van Hasselt et al. 2016) and dueling
(Wang et al. 2016), with a target network that follows slowly.

Every step of the environment moves thousands of viewers at once, so a replay of a few hundred thousand
transitions fills in a second; two gradient steps follow each.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from socialml.progress import Progress, Report, silent

Floats32 = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Settings:
    steps: int = 1_500  # of the environment, each for all viewers at once
    updates: int = 2  # gradient steps a step
    batch: int = 512
    hidden: int = 128
    gamma: float = 0.95  # a viewer is shown about 50 recommendations in 12 weeks
    rate: float = 1e-3  # decays to a tenth
    polyak: float = 0.01
    replay: int = 200_000  # transitions kept
    epsilon: tuple[float, float] = (1.0, 0.05)  # from, to, over the first half
    seed: int = 0


@dataclass(frozen=True, eq=False)
class QNetwork:
    """Weights as arrays, so that a server answers without torch. centre, scale: (features,) of observations."""

    weights: list[Floats32]  # w1, b1, w2, b2, value w, value b, advantage w, advantage b
    centre: Floats32
    scale: Floats32
    unit: float  # of the rewards while training
    curve: dict[str, list[float]]  # step, return
    env_steps: int
    seconds: float

    def values(self, observation: Floats32) -> Floats32:
        """(n, actions) in units of reward."""
        w1, b1, w2, b2, wv, bv, wa, ba = self.weights
        x = (observation - self.centre) / self.scale
        x = np.maximum(x @ w1.T + b1, 0)
        x = np.maximum(x @ w2.T + b2, 0)
        advantage = x @ wa.T + ba
        return (x @ wv.T + bv) + advantage - advantage.mean(axis=1, keepdims=True)

    def act(self, observation: Floats32) -> NDArray[np.int64]:
        return self.values(observation).argmax(axis=1)


def train(env: Any, settings: Settings, report: Report = silent, start: QNetwork | None = None) -> QNetwork:
    """A policy for a gymnasium VectorEnv without autoreset whose environments end together.

    start: weights to go on from (warm start). report may raise Cancelled.
    """
    import torch

    torch.manual_seed(settings.seed)
    rng = np.random.default_rng([settings.seed, 81])
    n, actions = env.num_envs, int(env.single_action_space.n)
    observation, _ = env.reset(seed=settings.seed)
    width = observation.shape[1]
    if start is None:
        centre, scale, unit = _scales(env, actions, rng, settings.seed)
    else:
        centre, scale, unit = start.centre, start.scale, start.unit
    observation, _ = env.reset(seed=settings.seed + 1)

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = torch.nn.Linear(width, settings.hidden)
            self.second = torch.nn.Linear(settings.hidden, settings.hidden)
            self.value = torch.nn.Linear(settings.hidden, 1)
            self.advantage = torch.nn.Linear(settings.hidden, actions)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = torch.relu(self.second(torch.relu(self.first(x))))  # (rows, features) -> (rows, hidden)
            advantage = self.advantage(x)
            return self.value(x) + advantage - advantage.mean(dim=1, keepdim=True)

    net, target = Net(), Net()
    if start is not None:
        with torch.no_grad():
            for i, (parameter, values) in enumerate(zip(net.parameters(), start.weights, strict=True)):
                parameter.copy_(torch.from_numpy(values / np.float32(unit) if i >= 4 else values))
    target.load_state_dict(net.state_dict())
    optimiser = torch.optim.Adam(net.parameters(), lr=settings.rate)
    size = max(settings.replay // n, 2) * n
    seen, following = np.empty((size, width), np.float32), np.empty((size, width), np.float32)
    chosen, rewards, ended = np.empty(size, np.int64), np.empty(size, np.float32), np.empty(size, np.float32)
    curve: dict[str, list[float]] = {"step": [], "return": []}
    filled = at = 0
    total, began = 0.0, time.perf_counter()
    for step in range(settings.steps):
        done_share = step / settings.steps
        epsilon = np.interp(done_share, [0, 0.5], settings.epsilon)
        scaled = (observation - centre) / scale
        with torch.no_grad():
            action = net(torch.from_numpy(scaled)).argmax(dim=1).numpy()
        explore = rng.random(n) < epsilon
        action = np.where(explore, rng.integers(0, actions, n), action)
        after, reward, terminated, truncated, _ = env.step(action)
        rows = slice(at, at + n)
        seen[rows], following[rows] = scaled, (after - centre) / scale
        chosen[rows], rewards[rows], ended[rows] = action, reward / unit, terminated
        at, filled = (at + n) % size, min(filled + n, size)
        total += float(reward.sum()) / n
        observation = after
        if truncated[0] or terminated[0]:
            curve["step"].append(float(step + 1))
            curve["return"].append(total)
            total = 0.0
            observation, _ = env.reset()
        for group in optimiser.param_groups:
            group["lr"] = settings.rate * (1 - 0.9 * done_share)
        for _ in range(settings.updates):
            pick = rng.integers(0, filled, settings.batch)
            s, s2 = torch.from_numpy(seen[pick]), torch.from_numpy(following[pick])
            a = torch.from_numpy(chosen[pick])[:, None]
            with torch.no_grad():
                best = net(s2).argmax(dim=1, keepdim=True)  # chosen by one net, valued by the other
                goal = torch.from_numpy(rewards[pick]) + settings.gamma * (
                    1 - torch.from_numpy(ended[pick])
                ) * target(s2).gather(1, best).squeeze(1)
            # Squared, not Huber: what follows is a gamble, and Huber would settle near its median.
            loss = torch.nn.functional.mse_loss(net(s).gather(1, a).squeeze(1), goal)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 10.0)
            optimiser.step()
            with torch.no_grad():
                for slow, fast in zip(target.parameters(), net.parameters(), strict=True):
                    slow.lerp_(fast, settings.polyak)
        if step % 20 == 0 or step == settings.steps - 1:
            told = f"{curve['return'][-1]:.1f} a viewer" if curve["return"] else "exploring"
            report(Progress(step + 1, settings.steps, f"Training: {told}"))
    weights = [parameter.detach().numpy().copy() for parameter in net.parameters()]
    # The last layers are linear, so that their scaling brings the values back to units of reward.
    weights = [*weights[:4], *(weight * np.float32(unit) for weight in weights[4:])]
    return QNetwork(weights, centre, scale, unit, curve, settings.steps * n, time.perf_counter() - began)


def _scales(env: Any, actions: int, rng: np.random.Generator, seed: int) -> tuple[Floats32, Floats32, float]:
    """Mean and spread of observations and of rewards, from one episode of even choices."""
    observation, _ = env.reset(seed=seed)
    seen, rewards = [], []
    for _ in range(60):
        seen.append(observation[:: max(1, len(observation) // 200)])
        observation, reward, terminated, truncated, _ = env.step(rng.integers(0, actions, env.num_envs))
        rewards.append(reward)
        if truncated[0] or terminated[0]:
            break
    rows = np.concatenate(seen)
    spread = rows.std(axis=0)
    scale = np.where(spread > 1e-6, spread, 1.0).astype(np.float32)
    return rows.mean(axis=0).astype(np.float32), scale, float(max(np.concatenate(rewards).std(), 1e-9))
