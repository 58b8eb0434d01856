"""The deterministic policy gradient on a budget whose best spending is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from socialml.errors import Cancelled
from socialml.models import ddpg
from socialml.progress import Progress
from tests.models.toy_budget import STEPS, Budget

QUICK: dict[str, Any] = {
    "episodes": 24,
    "updates": 30,
    "batch": 256,
    "hidden": 32,
    "noise": 0.5,
    "reach": 2.0,
    "rate": 4e-3,
    "actor_rate": 2e-3,
    "polyak": 0.05,
}


@pytest.fixture(scope="module")
def learned() -> ddpg.Actor:
    return ddpg.train(Budget(), ddpg.Settings(**QUICK))


def of_best(act: Any) -> float:
    """Return over that of the best spending, in campaigns that no training saw."""
    env = Budget()
    campaigns = ddpg.Campaigns(99, None)
    best = ddpg.returned(env, campaigns, lambda _: env.best())
    return float(ddpg.returned(env, campaigns, act).mean() / best.mean())


def test_it_learns_what_the_base_does_not_know(learned: ddpg.Actor) -> None:
    assert of_best(lambda seen: seen[:, -1:]) < 0.86
    assert of_best(learned.act) > 0.96


def test_without_a_base_it_starts_from_one_half_and_learns_as_well() -> None:
    found = ddpg.train(Budget(), ddpg.Settings(**{**QUICK, "based": False, "reach": 4.0}))
    assert of_best(lambda seen: np.full((len(seen), 1), 0.5)) < 0.75
    assert of_best(found.act) > 0.94


def test_untrained_it_is_the_base() -> None:
    env = Budget()
    found = ddpg.train(env, ddpg.Settings(**{**QUICK, "episodes": 1}))
    seen, _ = env.reset(seed=3)
    np.testing.assert_array_equal(found.act(seen), seen[:, -1:])


def test_a_base_that_is_best_is_kept() -> None:
    """Nothing moves by chance: where the base cannot be beaten, the actor returned is no worse."""

    class Perfect(Budget):
        def _observe(self) -> np.ndarray:
            seen = super()._observe()
            if self.at < STEPS:
                seen[:, -1:] = self.best()
            return seen

    env = Perfect()
    found = ddpg.train(env, ddpg.Settings(**{**QUICK, "episodes": 6}))
    campaigns = ddpg.Campaigns(99, None)
    best = ddpg.returned(env, campaigns, lambda _: env.best()).mean()
    assert ddpg.returned(env, campaigns, found.act).mean() > 0.995 * best


def test_the_same_seed_gives_the_same_actor() -> None:
    few = ddpg.Settings(**{**QUICK, "episodes": 6})
    one, two = (ddpg.train(Budget(), few) for _ in range(2))
    other = ddpg.train(Budget(), ddpg.Settings(**{**QUICK, "episodes": 6, "seed": 1}))
    assert one.curve == two.curve != other.curve
    for a, b in zip(one.weights, two.weights, strict=True):
        np.testing.assert_array_equal(a, b)


def test_training_goes_on_from_an_actor(learned: ddpg.Actor) -> None:
    found = ddpg.train(Budget(), ddpg.Settings(**{**QUICK, "episodes": 1}), start=learned)
    assert of_best(found.act) == pytest.approx(of_best(learned.act), abs=1e-6)


def test_it_tells_losses_and_returns_while_it_trains_and_can_be_stopped() -> None:
    told: list[Progress] = []

    def report(progress: Progress) -> None:
        told.append(progress)
        if len(told) == 6:
            raise Cancelled

    with pytest.raises(Cancelled):
        ddpg.train(Budget(), ddpg.Settings(**QUICK), report)
    curve = told[-1].curve
    assert curve is not None
    assert set(curve) == {"step", "return", "critic_loss", "actor_loss"}
    assert {len(values) for values in curve.values()} == {6}
    assert told[-1].total == 24
    assert not any(curve["actor_loss"][: ddpg.Settings.warm])
    assert all(curve["actor_loss"][ddpg.Settings.warm :])
    assert 2.5 < curve["return"][-1] < 4.0


def test_other_campaigns_come_from_again_and_the_actor_is_judged_on_some_set_aside() -> None:
    asked = []

    class Spy(Budget):
        def reset(self, *, seed: int | None = None, options: Any = None) -> Any:  # type: ignore[override]
            asked.append((seed, options))
            return super().reset(seed=seed)

    drawn = iter(range(100))
    ddpg.train(
        Spy(), ddpg.Settings(**{**QUICK, "episodes": 5, "sets": 2}), again=lambda rng: {"set": next(drawn)}
    )
    assert {options["set"] for _, options in asked} == {0, 1, 2}
    assert len({(seed, options["set"]) for seed, options in asked}) == 3


def test_steps_that_change_nothing_are_not_learned_from() -> None:
    class Shut(Budget):
        @property
        def open(self) -> np.ndarray:
            return np.arange(self.num_envs) % 4 == 0

    still, one = (lambda x: np.zeros((len(x), 1), np.float32)), np.float32(1)
    campaigns = ddpg.Campaigns(0, None, np.zeros(256))
    found, _ = ddpg.play(Shut(), campaigns, still, one, one, 1.0, one, True, np.random.default_rng(0))
    assert found.steps == STEPS * 256
    assert len(found.seen) == len(found.returns) == STEPS * 64


@pytest.mark.parametrize("by", [-1e4, -20.0, -1.0, 0.0, 1.0, 20.0, 1e4])
def test_an_action_stays_between_0_and_1_and_its_ends_stay(by: float) -> None:
    base = np.array([[0.0], [1e-7], [0.3], [1.0]], np.float32)
    found = ddpg.shifted(base, np.full((4, 1), by, np.float32))
    assert found.dtype == np.float32
    assert (found >= 0).all()
    assert (found <= 1).all()
    assert found[0] == 0
    assert found[-1] == 1
    if by == 0:
        np.testing.assert_array_equal(found, base)
