"""A net for each segment: it learns what one net cannot tell apart, also of few viewers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from socialml.models import dqn, dqn_family
from tests.models.small_worlds import GAMMA, SmallWorld, drawn

QUICK: dict[str, Any] = {
    "steps": 200,
    "batch": 384,
    "hidden": 32,
    "gamma": GAMMA,
    "first": 500,
    "polyak": 0.1,
    "rate": 3e-3,
    "updates": 3,
}
STATES = 12


class TwoKinds(SmallWorld):
    """The first viewers live in one world, the others where the rewards are the other way round; nobody sees which."""

    def __init__(self, n: int, first: int) -> None:
        one = drawn(STATES, 3, 0)
        super().__init__(one.next, one.gain, n)
        self.kind = (np.arange(n) >= first).astype(int)
        self.each = [one, SmallWorld(one.next, one.gain.max() - one.gain)]

    def step(self, actions: np.ndarray) -> tuple[Any, ...]:
        at = self.at.copy()
        observation, _, terminated, truncated, more = super().step(actions)
        gain = np.stack([world.gain for world in self.each])[self.kind, at, actions]
        return observation, gain, terminated, truncated, more


class Asked:
    """One group's answers."""

    def __init__(self, family: dqn_family.Family, group: int) -> None:
        self.family, self.group = family, group

    def values(self, observation: np.ndarray) -> np.ndarray:
        return self.family.values(observation, np.full(len(observation), self.group))


def test_each_segment_has_its_own_policy() -> None:
    env = TwoKinds(128, 96)
    family = dqn_family.train(env, env.kind, dqn.Settings(**QUICK))
    shares = [world.share(Asked(family, group)) for group, world in enumerate(env.each)]
    assert min(shares) >= 0.97
    single = dqn.train(env, dqn.Settings(**QUICK))
    assert min(world.share(single) for world in env.each) < min(shares) - 0.03


def test_rows_of_mixed_groups_are_answered_in_their_order() -> None:
    env = TwoKinds(32, 16)
    family = dqn_family.train(env, env.kind, dqn.Settings(**{**QUICK, "steps": 40, "first": 100}))
    eye, mixed = np.eye(STATES, dtype=np.float32), np.arange(STATES) % 2
    expected = np.where(mixed[:, None] == 0, Asked(family, 0).values(eye), Asked(family, 1).values(eye))
    assert family.values(eye, mixed) == pytest.approx(expected, rel=1e-5)
    assert not np.allclose(Asked(family, 0).values(eye), Asked(family, 1).values(eye))
    with pytest.raises(ValueError, match="from 0 to 1; asked for 0 to 2"):
        family.values(eye, np.arange(STATES) % 3)


def test_one_group_learns_as_one_net_does() -> None:
    settings = dqn.Settings(**{**QUICK, "steps": 60})
    alone = dqn.train(drawn(STATES, 3, 1, 64), settings)
    family = dqn_family.train(drawn(STATES, 3, 1, 64), np.zeros(64, dtype=np.int64), settings)
    for one, other in zip(alone.weights, family.weights, strict=True):
        assert np.array_equal(one, other[0])
