"""A policy played through an environment."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from socialml.environments.guardrails import Guard
from socialml.environments.live_shopping import LiveShopping, Totals
from socialml.environments.viewers import Viewers


class Policy(Protocol):
    @property
    def name(self) -> str: ...

    def values(
        self, viewers: Viewers, observation: NDArray[np.float32], rng: np.random.Generator
    ) -> NDArray[np.floating]:
        """(n, actions): the larger, the rather. observation: (n, features) as LiveShopping gives it."""
        ...


def play(env: LiveShopping, policy: Policy, seed: int, guard: Guard | None = None) -> Totals:
    """All weeks from the start. What is chance in the environment does not depend on the policy, so that two
    policies with one seed are compared in pairs; and a policy with itself differs by exactly 0."""
    observation, _ = env.reset(seed=seed)
    rng = np.random.default_rng([seed, 72])
    guard = guard or Guard(env.offers_a_week)
    guard.reset(env.num_envs)
    over = False
    while not over:
        if env.slot == 0:
            guard.begin_week()
        values = policy.values(env.viewers, observation, rng)
        actions = guard.choose(values, env.viewers.here, env.offers)
        observation, _, _, truncated, _ = env.step(actions)
        over = bool(truncated[0])
    return env.totals
