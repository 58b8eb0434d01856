"""The campaign environment as Stable-Baselines3 wants a vector of environments, its arrays as they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
from stable_baselines3.common.vec_env import VecEnv


class Campaigns(VecEnv):  # type: ignore[misc]
    """n campaigns, with other demands in each episode, as ours has them."""

    def __init__(self, env: Any, again: Callable[[], dict[str, Any]], centre: Any, scale: Any) -> None:
        self.env, self.again, self.centre, self.scale = env, again, centre, scale
        self.plain: list[dict[str, Any]] = [{}] * env.num_envs  # nobody writes to it
        space = gym.spaces.Box(-np.inf, np.inf, (len(centre),), np.float32)
        super().__init__(env.num_envs, space, env.single_action_space)

    def reset(self) -> Any:
        return self._scaled(self.env.reset(options=self.again())[0])

    def step_async(self, actions: Any) -> None:
        self.actions = actions

    def step_wait(self) -> Any:
        seen, reward, _, over, _ = self.env.step(self.actions)
        seen, told = self._scaled(seen), self.plain
        if over[0]:  # the budget is spent or worth nothing: an end, not a limit of time
            told = [{"terminal_observation": row, "TimeLimit.truncated": False} for row in seen]
            seen = self.reset()
        return seen, reward.astype(np.float32), over, told

    def _scaled(self, seen: Any) -> Any:
        return (seen - self.centre) / self.scale

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
