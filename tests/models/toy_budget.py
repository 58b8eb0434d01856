"""A budget of 1 spent over some steps, each paying weight x sqrt(spent): what is best is known."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import VectorEnv

STEPS = 6


class Budget(VectorEnv):
    """The action is the share of what is left. All weights are seen from the start; the base spends evenly.

    The best share is w_t^2 / sum of w^2 from t on, its return sqrt of the sum of all w^2.
    """

    def __init__(self, n: int = 256, spread: float = 0.7) -> None:
        self.num_envs, self.spread = n, spread
        self.single_action_space = gym.spaces.Box(0, 1, (1,), np.float32)
        self.single_observation_space = gym.spaces.Box(-np.inf, np.inf, (4,), np.float32)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[np.ndarray, dict]:  # type: ignore[override]
        if seed is not None:
            self._rng = np.random.default_rng(seed)
        self.weight = np.exp(self.spread * self._rng.standard_normal((self.num_envs, STEPS)))
        self.left, self.at = np.ones(self.num_envs), 0
        return self._observe(), {}

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict]:  # type: ignore[override]
        assert actions.shape == (self.num_envs, 1)
        assert (actions >= 0).all()
        assert (actions <= 1).all()
        spent = actions[:, 0].astype(float) * self.left
        reward = self.weight[:, self.at] * np.sqrt(spent)
        self.left, self.at = self.left - spent, self.at + 1
        over = np.full(self.num_envs, self.at == STEPS)
        return self._observe(), reward, over, np.zeros(self.num_envs, dtype=bool), {}

    def best(self) -> np.ndarray:
        """(n, 1) the best action now."""
        left = self.weight[:, self.at :] ** 2
        return (left[:, 0] / left.sum(axis=1))[:, None]

    def _observe(self) -> np.ndarray:
        here = min(self.at, STEPS - 1)
        ahead = (self.weight[:, here + 1 :] ** 2).sum(axis=1)
        columns = [
            self.left,
            np.log(self.weight[:, here]),
            np.log(ahead + 0.1),
            np.full(self.num_envs, 1 / (STEPS - here)),
        ]
        return np.stack(columns, axis=1).astype(np.float32)
