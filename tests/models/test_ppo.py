"""Policy optimisation on small worlds whose optimum is known by value iteration."""

from __future__ import annotations

import numpy as np
import pytest

from socialml.errors import Cancelled
from socialml.models import ppo
from socialml.progress import Progress
from tests.models.small_worlds import GAMMA, HORIZON, SmallWorld, drawn

QUICK = {"steps": 400, "window": 20, "batch": 256, "passes": 4, "hidden": 64, "gamma": GAMMA}


def test_it_comes_near_the_optimum_of_a_small_world() -> None:
    world = drawn(20, 4, 0, 64)
    found = ppo.train(world, ppo.Settings(**QUICK))
    assert world.share(found) >= 0.97
    greedy = world.worth(world.gain.argmax(axis=1)).mean() / world.optimum().mean()
    assert greedy < 0.95  # what pays at once is not enough
    assert found.act(np.eye(20, dtype=np.float32)).shape == (20,)


def test_only_what_is_allowed_is_tried() -> None:
    world = drawn(10, 3, 1, 64)
    may = np.ones((10, 3), dtype=bool)
    may[np.arange(10), world.gain.argmax(axis=1)] = False
    held = SmallWorld(world.next, world.gain, 64, may)  # raises where something else is chosen
    assert held.share(ppo.train(held, ppo.Settings(**QUICK))) >= 0.97


def test_the_same_seed_gives_the_same_policy() -> None:
    settings = ppo.Settings(**{**QUICK, "steps": 80, "seed": 3})
    first, second = (ppo.train(drawn(12, 3, 1, 64), settings) for _ in range(2))
    for one, other in zip(first.weights, second.weights, strict=True):
        assert np.array_equal(one, other)
    assert first.env_steps == 80 * 64
    assert first.curve["step"] == [HORIZON, 2 * HORIZON]


def test_it_can_be_stopped() -> None:
    def stop(progress: Progress) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        ppo.train(drawn(12, 3, 1, 64), ppo.Settings(steps=100), stop)
