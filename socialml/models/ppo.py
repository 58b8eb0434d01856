"""Proximal policy optimisation over a vector environment (Schulman et al. 2017), with advantages over several steps
(generalised advantage estimation, Schulman et al. 2016).

The policy is the softmax of the advantages of a net as models/action_values.py has it; its value is the critic.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from socialml.models import action_values
from socialml.models.dqn import asked, scales, shown
from socialml.models.threads import one_thread
from socialml.progress import Progress, Report, silent

Floats32 = NDArray[np.float32]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Settings:
    steps: int = 500  # of the environment, each for all viewers at once
    window: int = 24  # steps between updates: half of 12 weeks of 4 recommendations
    passes: int = 2  # over the window
    batch: int = 2_048
    hidden: int = 128
    gamma: float = 0.95
    trace: float = 0.9  # lambda of the advantages
    clip: float = 0.2
    entropy: float = 0.01  # falls to nothing
    critic: float = 0.1  # weight of its loss, small for a trunk that may be shared
    rate: float = 3e-3  # decays to a twentieth
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Policy:
    """Weights as arrays, so that a server answers without torch. centre, scale: (features,) of observations."""

    weights: list[Floats32]  # (rows, columns) each, as action_values.FLAT or SHARED names them
    centre: Floats32
    scale: Floats32
    unit: float  # of the rewards while training
    curve: dict[str, list[float]]  # step, return
    env_steps: int
    seconds: float

    def values(self, observation: Floats32) -> Floats32:
        """(n, actions) log odds, up to a constant of each row."""
        return action_values.parts(self.weights, (observation - self.centre) / self.scale)[1]

    def act(self, observation: Floats32) -> Ints:
        """The likeliest action."""
        return self.values(observation).argmax(axis=1)


def train(env: Any, settings: Settings, report: Report = silent) -> Policy:
    """A policy for a gymnasium VectorEnv without autoreset whose environments end together, as models/dqn.train.

    `env.allowed()` masks the log odds. report may raise Cancelled.
    """
    import torch

    from socialml.models.one_row import Weights

    began = time.perf_counter()
    rng = np.random.default_rng([settings.seed, 82])
    n, actions = env.num_envs, int(env.single_action_space.n)
    layout = action_values.layout_of(env)
    centre, scale, unit = scales(env, rng, settings.seed, layout)
    ruled = getattr(env, "ruled", 0)
    first = action_values.new(len(centre) - ruled, actions, layout, settings.hidden, 1, rng)
    # Small log odds at first, so that every action is tried (Andrychowicz et al. 2021).
    first[-2], first[-1] = first[-2] * np.float32(0.01), first[-1] * np.float32(0.01)
    net = Weights([array[0] for array in first], settings.rate, eps=1e-5)
    observation, _ = env.reset(seed=settings.seed + 1)
    allowed = asked(env, "allowed")
    window, shape = settings.window, (settings.window, n)
    seen = np.empty((*shape, len(centre)), np.float32)
    chosen, chance = np.empty(shape, np.int64), np.empty(shape, np.float32)
    rewards, value, after = (np.empty(shape, np.float32) for _ in range(3))
    goes_on, unbroken = np.empty(shape, np.float32), np.empty(shape, np.float32)
    masks: list[Flags | None] = [None] * window
    curve: dict[str, list[float]] = {"step": [], "return": []}
    total = 0.0

    def told(x: Any, mask: Any) -> tuple[Any, Any]:
        """(rows,) values and (rows, actions) log chances."""
        state, odds = action_values.parts(net.layers, x)
        if mask is not None:
            odds = odds.masked_fill(~mask, -torch.inf)
        return state.squeeze(1), odds.log_softmax(dim=1)

    def update(share: float) -> None:
        advantage, follows = np.empty(shape, np.float32), np.zeros(n, np.float32)
        for i in reversed(range(window)):
            error = rewards[i] + settings.gamma * goes_on[i] * after[i] - value[i]
            follows = error + settings.gamma * settings.trace * unbroken[i] * follows
            advantage[i] = follows
        gain = torch.from_numpy(advantage).flatten()
        goal = gain + torch.from_numpy(value).flatten()
        gain = (gain - gain.mean()) / (gain.std() + 1e-8)
        x, a = torch.from_numpy(seen).flatten(0, 1), torch.from_numpy(chosen).flatten()
        before = torch.from_numpy(chance).flatten()
        mask = None if masks[0] is None else torch.from_numpy(np.concatenate(masks))  # type: ignore[arg-type]
        for _ in range(settings.passes):
            for rows in torch.from_numpy(rng.permutation(len(x))).split(settings.batch):
                state, log_chances = told(x[rows], None if mask is None else mask[rows])
                ratio = (log_chances.gather(1, a[rows, None]).squeeze(1) - before[rows]).exp()
                kept = ratio.clamp(1 - settings.clip, 1 + settings.clip)
                surrogate = torch.minimum(ratio * gain[rows], kept * gain[rows]).mean()
                chances = log_chances.exp()
                # A masked action has chance 0 and log chance -inf; its entropy is 0.
                entropy = -(chances * log_chances.masked_fill(chances == 0, 0.0)).sum(dim=1).mean()
                miss = (state - goal[rows]).square().mean()
                loss = -surrogate - settings.entropy * (1 - share) * entropy + settings.critic * miss
                net.step(loss, clip=0.5)

    with one_thread():
        for step in range(settings.steps):
            share, i = step / settings.steps, step % window
            scaled = (observation - centre) / scale
            with torch.no_grad():
                mask = None if allowed is None else torch.from_numpy(allowed)
                state, log_chances = told(torch.from_numpy(scaled), mask)
            drawn = (log_chances.numpy() + rng.gumbel(size=(n, actions))).argmax(axis=1)
            seen[i], chosen[i], value[i], masks[i] = scaled, drawn, state.numpy(), allowed
            chance[i] = log_chances.numpy()[np.arange(n), drawn]
            observation, reward, terminated, truncated, _ = env.step(drawn)
            rewards[i], goes_on[i] = reward / unit, ~terminated
            over = bool(truncated[0] or terminated[0])
            unbroken[i] = 0.0 if over else 1.0
            with torch.no_grad():
                after[i] = told(torch.from_numpy((observation - centre) / scale), None)[0].numpy()
            allowed = asked(env, "allowed")
            total += float(reward.sum()) / n
            if over:
                curve["step"].append(float(step + 1))
                curve["return"].append(total)
                total = 0.0
                observation, _ = env.reset()
                allowed = asked(env, "allowed")
            net.rate = settings.rate * (1 - 0.95 * share)
            if i == window - 1:
                update(share)
            if step % 20 == 0 or step == settings.steps - 1:
                so_far = f"{curve['return'][-1]:.1f} a viewer" if curve["return"] else "exploring"
                report(Progress(step + 1, settings.steps, f"Training: {so_far}", shown(curve)))
    weights = net.arrays()
    return Policy(weights, centre, scale, unit, curve, settings.steps * n, time.perf_counter() - began)
