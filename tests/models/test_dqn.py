"""Q-learning on small worlds whose optimum is known by value iteration."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import VectorEnv

from socialml.errors import Cancelled
from socialml.models import dqn
from socialml.progress import Progress

GAMMA, HORIZON = 0.9, 40


class SmallWorld(VectorEnv):
    """States in a list, moves and rewards by table; nothing ends but by time."""

    def __init__(self, states: int, actions: int, seed: int, n: int = 256) -> None:
        rng = np.random.default_rng(seed)
        self.next = rng.dirichlet(np.full(states, 0.02), size=(states, actions))
        self.gain = rng.gamma(1.0, 1.0, (states, actions))
        self.num_envs, self.states = n, states
        self.single_action_space = gym.spaces.Discrete(actions)
        self._cumulative = self.next.cumsum(axis=2)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[np.ndarray, dict]:  # type: ignore[override]
        if seed is not None:
            self._rng = np.random.default_rng(seed)
        self.at, self.time = self._rng.integers(0, self.states, self.num_envs), 0
        return self._observe(), {}

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict]:  # type: ignore[override]
        reward = self.gain[self.at, actions]
        even = self._rng.random((self.num_envs, 1))
        self.at = (even > self._cumulative[self.at, actions]).sum(axis=1).clip(max=self.states - 1)
        self.time += 1
        over = np.full(self.num_envs, self.time >= HORIZON)
        return self._observe(), reward, np.zeros(self.num_envs, dtype=bool), over, {}

    def _observe(self) -> np.ndarray:
        return np.eye(self.states, dtype=np.float32)[self.at]

    def optimum(self) -> np.ndarray:
        value = np.zeros(self.states)
        for _ in range(300):
            value = (self.gain + GAMMA * self.next @ value).max(axis=1)
        return value

    def worth(self, policy: np.ndarray) -> np.ndarray:
        rows = np.arange(self.states)
        return np.linalg.solve(np.eye(self.states) - GAMMA * self.next[rows, policy], self.gain[rows, policy])


def test_it_finds_the_optimum_of_a_small_world() -> None:
    world = SmallWorld(60, 4, 0)
    found = dqn.train(world, dqn.Settings(steps=600, gamma=GAMMA))
    policy = found.act(np.eye(60, dtype=np.float32))
    assert world.worth(policy).mean() >= 0.99 * world.optimum().mean()
    even = np.random.default_rng(0).integers(0, 4, 60)
    assert world.worth(even).mean() < 0.8 * world.optimum().mean()


def test_the_same_seed_gives_the_same_policy_and_arrays_answer_as_the_net() -> None:
    settings = dqn.Settings(steps=60, hidden=16, gamma=GAMMA, seed=3)
    first, second = (dqn.train(SmallWorld(12, 3, 1, 64), settings) for _ in range(2))
    for one, other in zip(first.weights, second.weights, strict=True):
        assert np.array_equal(one, other)
    assert first.values(np.eye(12, dtype=np.float32)).shape == (12, 3)
    assert first.env_steps == 60 * 64
    assert first.curve["return"]


def test_a_warm_start_goes_on_where_the_other_stopped() -> None:
    world = SmallWorld(30, 3, 2, 64)
    before = dqn.train(world, dqn.Settings(steps=150, gamma=GAMMA))
    after = dqn.train(world, dqn.Settings(steps=1, updates=0, gamma=GAMMA), start=before)
    eye = np.eye(30, dtype=np.float32)
    assert after.values(eye) == pytest.approx(before.values(eye), rel=1e-4, abs=1e-4)


def test_it_can_be_stopped() -> None:
    def stop(progress: Progress) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        dqn.train(SmallWorld(12, 3, 1, 64), dqn.Settings(steps=100), stop)
