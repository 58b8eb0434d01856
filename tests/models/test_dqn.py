"""Q-learning on small worlds whose optimum is known by value iteration."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from socialml.environments.live_shopping import Reward
from socialml.environments.policies import Greedy
from socialml.errors import Cancelled
from socialml.models import dqn
from socialml.progress import Progress
from tests.environments.room import Room, room
from tests.models.small_worlds import GAMMA, HORIZON, SmallWorld, drawn, tiring

QUICK: dict[str, Any] = {
    "steps": 240,
    "batch": 256,
    "hidden": 64,
    "gamma": GAMMA,
    "first": 500,
    "updates": 2,
    "polyak": 0.1,
    "rate": 3e-3,
}


class Alone:
    """One state that pays 1; an episode is one step, which ends the world or only the time."""

    def __init__(self, ends: bool) -> None:
        self.num_envs, self.ends = 32, ends
        self.single_action_space = gym.spaces.Discrete(2)

    def reset(self, *, seed: int | None = None) -> tuple[np.ndarray, dict]:
        return np.ones((32, 1), dtype=np.float32), {}

    def step(self, actions: np.ndarray) -> tuple[Any, ...]:
        over = np.ones(32, dtype=bool)
        return self.reset()[0], np.ones(32), over & self.ends, over & (not self.ends), {}


class Coin(Alone):
    """State 0 always leads to state 1, which pays 10, and says that with chance 0.7 it had led to 2, which pays 0."""

    def reset(self, *, seed: int | None = None) -> tuple[np.ndarray, dict]:
        self.at = np.arange(32) % 3
        return self._observe(self.at), {}

    def step(self, actions: np.ndarray) -> tuple[Any, ...]:
        reward = np.array([0.0, 10.0, 0.0, 0.0])[self.at]
        self.came_from, self.at = self.at, np.where(self.at == 0, 1, 3)
        over = np.zeros(32, dtype=bool)
        if self.at.min() == 3:
            over[:] = True
        return self._observe(self.at), reward, self.came_from > 0, over, {}

    def otherwise(self) -> tuple[np.ndarray, np.ndarray]:
        return np.where(self.came_from == 0, 0.7, 0.0), self._observe(np.where(self.came_from == 0, 2, 3))

    @staticmethod
    def _observe(at: np.ndarray) -> np.ndarray:
        return np.eye(4, dtype=np.float32)[at]


def test_it_finds_the_optimum_of_a_small_world() -> None:
    world = tiring()
    found = dqn.train(world, dqn.Settings(**{**QUICK, "steps": 420, "updates": 3}))
    assert world.share(found) >= 0.99
    greedy = world.worth(world.gain.argmax(axis=1)).mean()
    assert greedy < 0.95 * world.optimum().mean()


def test_only_what_is_allowed_is_chosen_and_hoped_for() -> None:
    world = drawn(20, 4, 0, 64)
    may = np.ones((20, 4), dtype=bool)
    may[np.arange(20), (world.gain + GAMMA * world.next @ world.optimum()).argmax(axis=1)] = False
    held = SmallWorld(world.next, world.gain, 64, may)
    found = dqn.train(held, dqn.Settings(**{**QUICK, "hidden": 32, "updates": 4}))
    assert held.share(found) >= 0.99
    # Were the forbidden hoped for, values would be those of the free world.
    values = np.where(may, found.values(np.eye(20, dtype=np.float32)), -np.inf).max(axis=1).mean()
    assert values == pytest.approx(held.optimum().mean(), rel=0.05)
    assert values < 0.9 * world.optimum().mean()


@pytest.mark.parametrize(("ends", "worth"), [(True, 1.0), (False, 2.0)])
def test_time_that_is_up_does_not_end_what_follows(ends: bool, worth: float) -> None:
    found = dqn.train(
        Alone(ends), dqn.Settings(steps=150, updates=2, batch=32, hidden=8, gamma=0.5, first=32, polyak=0.2)
    )
    assert found.values(np.ones((1, 1), dtype=np.float32)).max() == pytest.approx(worth, abs=0.03)


def test_goals_are_means_of_all_that_might_have_followed() -> None:
    found = dqn.train(
        Coin(False),
        dqn.Settings(steps=300, updates=1, batch=64, hidden=16, gamma=GAMMA, first=64, polyak=0.1),
    )
    values = found.values(np.eye(4, dtype=np.float32)[:3]).max(axis=1)
    assert values == pytest.approx([GAMMA * 0.3 * 10, 10, 0], abs=0.3)


def test_the_same_seed_gives_the_same_policy_and_arrays_answer_as_the_net() -> None:
    settings = dqn.Settings(steps=90, hidden=16, batch=64, gamma=GAMMA, seed=3)
    first, second = (dqn.train(drawn(12, 3, 1, 64), settings) for _ in range(2))
    for one, other in zip(first.weights, second.weights, strict=True):
        assert np.array_equal(one, other)
    assert first.values(np.eye(12, dtype=np.float32)).shape == (12, 3)
    assert first.env_steps == 90 * 64
    assert first.curve["step"] == [HORIZON, 2 * HORIZON]


def test_a_warm_start_goes_on_where_the_other_stopped() -> None:
    world = drawn(30, 3, 2, 64)
    before = dqn.train(world, dqn.Settings(**{**QUICK, "steps": 60}))
    after = dqn.train(world, dqn.Settings(steps=1, gamma=GAMMA), start=before)
    eye = np.eye(30, dtype=np.float32)
    assert after.values(eye) == pytest.approx(before.values(eye), rel=1e-4, abs=1e-4)


def test_it_tells_its_curve_and_can_be_stopped() -> None:
    told: list[Progress] = []

    def stop(progress: Progress) -> None:
        told.append(progress)
        if progress.done > 2 * HORIZON:
            raise Cancelled

    with pytest.raises(Cancelled):
        dqn.train(drawn(12, 3, 1, 64), dqn.Settings(steps=200, batch=32, hidden=8), stop)
    assert told[0].curve is None
    curve = told[-1].curve
    assert curve is not None
    assert list(curve) == ["step", "training"]
    assert curve["step"] == [HORIZON, 2 * HORIZON]
    assert len(dqn.shown({"step": [float(i) for i in range(2_000)], "return": [0.0] * 2_000})["step"]) <= 300  # type: ignore[index]


def test_untrained_it_chooses_as_the_rule_that_it_stands_on() -> None:
    rule = Greedy(Room(bored=1.0), Reward(), 0.5)
    env = room(60, rule=rule)
    found = dqn.train(env, dqn.Settings(steps=3, first=10**6, batch=16))
    seen, _ = env.reset(seed=4)
    thought = rule.values(env.viewers, seen[:, :-6], np.random.default_rng(0))
    here = env.viewers.here
    values = found.values(seen)
    assert (values - values.mean(axis=1, keepdims=True))[here] == pytest.approx(
        (thought - thought.mean(axis=1, keepdims=True))[here], rel=1e-3, abs=1e-3
    )
    again = dqn.train(env, dqn.Settings(steps=3, first=10**6, batch=16), start=found)
    assert again.values(seen) == pytest.approx(values, rel=1e-3, abs=1e-3)
