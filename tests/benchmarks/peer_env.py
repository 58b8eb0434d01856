"""The live-shopping simulator as Stable-Baselines3 wants a vector of environments, its arrays as they are."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from stable_baselines3.common.vec_env import VecEnv


class Peers(VecEnv):  # type: ignore[misc]
    """n viewers, others in each episode, so that few environments see all of them in time."""

    def __init__(self, room: Any, n: int, seed: int, centre: Any, scale: Any, unit: float) -> None:
        self.env = room.train_in(n, seed)
        self.end, self.rng = room.end, np.random.default_rng([seed, 2])
        self.centre, self.scale, self.unit = centre, scale, unit
        self.plain: list[dict[str, Any]] = [{}] * n  # nobody writes to it
        space = gym.spaces.Box(-np.inf, np.inf, (len(centre),), np.float32)
        self.env.reset(seed=seed)
        super().__init__(n, space, self.env.single_action_space)

    def reset(self) -> Any:
        start = self.end.take(self.rng.integers(0, self.end.n, self.num_envs))
        return (self.env.reset(options={"start": start})[0] - self.centre) / self.scale

    def step_async(self, actions: Any) -> None:
        self.actions = actions

    def step_wait(self) -> Any:
        seen, reward, _, over, _ = self.env.step(self.actions)
        seen, told = (seen - self.centre) / self.scale, self.plain
        if over[0]:
            told = [{"terminal_observation": row, "TimeLimit.truncated": True} for row in seen]
            seen = self.reset()
        return seen, (reward / self.unit).astype(np.float32), over, told

    def close(self) -> None:
        pass

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        return [getattr(self.env, attr_name, None)] * self.num_envs

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        raise NotImplementedError

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **more: Any) -> list[Any]:
        raise NotImplementedError

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        return [False] * self.num_envs
