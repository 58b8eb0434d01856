"""Small worlds by table, whose optimum is found by value iteration."""

from __future__ import annotations

import itertools
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import VectorEnv

GAMMA, HORIZON = 0.9, 40


class SmallWorld(VectorEnv):
    """Moves (states, actions, states) and rewards (states, actions) by table; nothing ends but by time.

    may: (states, actions) what is allowed; choosing something else is an error.
    """

    def __init__(
        self, moves: np.ndarray, gain: np.ndarray, n: int = 256, may: np.ndarray | None = None
    ) -> None:
        self.next, self.gain, self.num_envs, self.may = moves, gain, n, may
        self.states, actions = gain.shape
        self.single_action_space = gym.spaces.Discrete(actions)
        self._cumulative = moves.cumsum(axis=2)

    def allowed(self) -> np.ndarray | None:
        return None if self.may is None else self.may[self.at]

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[np.ndarray, dict]:  # type: ignore[override]
        if seed is not None:
            self._rng = np.random.default_rng(seed)
        self.at, self.time = self._rng.integers(0, self.states, self.num_envs), 0
        return self._observe(), {}

    def step(self, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, dict]:  # type: ignore[override]
        if self.may is not None and not self.may[self.at, actions].all():
            raise ValueError("not allowed")
        reward = self.gain[self.at, actions]
        even = self._rng.random((self.num_envs, 1))
        self.at = (even > self._cumulative[self.at, actions]).sum(axis=1).clip(max=self.states - 1)
        self.time += 1
        over = np.full(self.num_envs, self.time >= HORIZON)
        return self._observe(), reward, np.zeros(self.num_envs, dtype=bool), over, {}

    def _observe(self) -> np.ndarray:
        return np.eye(self.states, dtype=np.float32)[self.at]

    def optimum(self) -> np.ndarray:
        """(states,)"""
        value = np.zeros(self.states)
        gain = self.gain if self.may is None else np.where(self.may, self.gain, -np.inf)
        for _ in range(300):
            value = (gain + GAMMA * self.next @ value).max(axis=1)
        return value

    def worth(self, policy: np.ndarray) -> np.ndarray:
        """(states,) of always choosing policy (states,)."""
        rows = np.arange(self.states)
        return np.linalg.solve(np.eye(self.states) - GAMMA * self.next[rows, policy], self.gain[rows, policy])

    def share(self, learned: Any) -> float:
        """What a learned policy reaches of the optimum."""
        values = learned.values(np.eye(self.states, dtype=np.float32))
        if self.may is not None:
            values = np.where(self.may, values, -np.inf)
        return float(self.worth(values.argmax(axis=1)).mean() / self.optimum().mean())


def drawn(states: int, actions: int, seed: int, n: int = 256) -> SmallWorld:
    """Moves to a few states each, and rewards, by chance."""
    rng = np.random.default_rng(seed)
    moves = rng.dirichlet(np.full(states, 0.02), size=(states, actions))
    return SmallWorld(moves, rng.gamma(1.0, 1.0, (states, actions)), n)


def stairs(states: int, n: int = 256) -> SmallWorld:
    """Ten floors at once: climbing costs and pays on the last stair, which falls back to the first; waiting pays a
    little."""
    each = states // 10
    moves, gain = np.zeros((states, 2, states)), np.zeros((states, 2))
    for state in range(states):
        top = state % each == each - 1
        moves[state, 0, state] = 1
        moves[state, 1, state - each + 1 if top else state + 1] = 0.9
        moves[state, 1, state] += 0.1
        gain[state] = [0.2 + 0.1 * (state // each), 12.0 if top else -0.1]
    return SmallWorld(moves, gain, n)


def tiring(n: int = 256) -> SmallWorld:
    """Three categories with six levels of fatigue: showing one tires of it by two, the others recover by one."""
    levels, categories = 6, 3
    states = list(itertools.product(range(levels), repeat=categories))
    number = {state: i for i, state in enumerate(states)}
    moves, gain = np.zeros((len(states), categories, len(states))), np.zeros((len(states), categories))
    for state, i in number.items():
        for shown in range(categories):
            after = [max(level - 1, 0) for level in state]
            after[shown] = min(state[shown] + 2, levels - 1)
            moves[i, shown, number[tuple(after)]] = 1
            gain[i, shown] = (1.0, 0.8, 0.7)[shown] * 0.6 ** state[shown]
    return SmallWorld(moves, gain, n)
