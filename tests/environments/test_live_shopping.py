"""Live rooms as a vector environment: its contract, its accounts, and policies compared in pairs."""

from __future__ import annotations

import numpy as np
import pytest

from socialml.environments.live_shopping import LiveShopping, Reward
from socialml.environments.outcome import Noise, Outcome
from socialml.environments.viewers import Means, Viewers


class Room:
    """Viewers who like category 1, take coupons, and always come back."""

    def respond(self, viewers: Viewers, category: np.ndarray, offer: np.ndarray, noise: Noise) -> Outcome:
        bought = (viewers.here & (noise.purchase < self._chance(category, offer))).astype(float)
        nothing = np.zeros(viewers.n)
        return Outcome(
            bought, 100 * bought * (1 - 0.15 * offer), 20.0 * viewers.here, nothing, nothing, nothing
        )

    def expected_outcome(self, viewers: Viewers, category: np.ndarray, offer: np.ndarray) -> Outcome:
        bought = self._chance(category, offer) * viewers.here
        nothing = np.zeros(viewers.n)
        return Outcome(bought, 100 * bought * (1 - 0.15 * offer), nothing, nothing, nothing, nothing)

    def coming(self, viewers: Viewers) -> np.ndarray:
        return np.full(viewers.n, 0.5)

    @staticmethod
    def _chance(category: np.ndarray, offer: np.ndarray) -> np.ndarray:
        return 0.1 + 0.3 * (category == 1) + 0.1 * offer


def room(n: int = 400, **more: object) -> LiveShopping:
    start = Viewers(Means(0.1, 0.1, 3.0), np.zeros((n, 0)), 3)
    return LiveShopping(start, Room(), 2, weeks=3, slots=2, **more)  # type: ignore[arg-type]


def play(env: LiveShopping, action: int, seed: int = 5) -> float:
    env.reset(seed=seed)
    total = 0.0
    for _ in range(6):
        observation, reward, terminated, truncated, _ = env.step(np.full(env.num_envs, action))
        total += reward.sum()
        assert observation.shape == (env.num_envs, *env.single_observation_space.shape)
        assert not terminated.any()
    assert truncated.all()
    return total


def test_it_ends_after_its_weeks_and_its_accounts_add_up() -> None:
    env = room()
    total = play(env, 2)
    assert env.totals.reward.sum() == pytest.approx(total)
    assert env.totals.shown.max() == 2
    assert env.totals.shown.sum() / (3 * 2 * 400) == pytest.approx(0.5, abs=0.06)
    assert env.totals.orders.sum() / env.totals.shown.sum() == pytest.approx(0.4, abs=0.05)
    assert env.totals.offers.sum() == 0
    assert env.totals.amount.sum() == pytest.approx(100 * env.totals.orders.sum())


def test_a_policy_against_itself_is_exactly_0() -> None:
    assert play(room(), 2) == play(room(), 2)
    assert play(room(), 2) != play(room(), 2, seed=6)


def test_who_is_not_there_gets_nothing() -> None:
    env = room()
    env.reset(seed=1)
    away = ~env.viewers.here
    _, reward, *_ = env.step(np.full(env.num_envs, 2))
    assert away.any()
    assert (reward[away] == 0).all()
    assert (env.viewers.total[away] == 0).all()


def test_the_reward_is_margin_less_offers_and_penalties() -> None:
    outcome = Outcome(
        *(np.array(values) for values in ([1.0, 0], [85.0, 0], [9.0, 9], [1.0, 0], [0.0, 0], [1.0, 0]))
    )
    rule = Reward(margin=0.35, no_order=2.0, interaction=0.5)
    here = np.array([True, True])
    # Full price 100, of which 65 is the cost: 85 - 65 + 2 x 0.5; and a penalty of 2.
    assert rule.of(outcome, np.array([1, 0]), here) == pytest.approx([21.0, -2.0])
    assert rule.of(outcome, np.array([0, 0]), here)[0] == pytest.approx(0.35 * 85 + 1)


def test_a_reward_may_change_over_the_weeks() -> None:
    flat = room(reward=Reward(coming_back=0.0))
    late = room(reward=lambda week: Reward(margin=0.35 if week == 2 else 0.0, coming_back=0.0))
    play(flat, 2)
    play(late, 2)
    assert late.totals.reward[:, :2].sum() == pytest.approx(0)
    assert late.totals.reward[:, 2].sum() == pytest.approx(flat.totals.reward[:, 2].sum())


def test_expected_rewards_have_the_mean_of_drawn_ones() -> None:
    drawn, expected = play(room(20_000), 2), play(room(20_000, expected=True), 2)
    assert expected == pytest.approx(drawn, rel=0.02)


def test_others_can_be_played_from_the_same_environment() -> None:
    env = room(50)
    other = env.start.copy()
    other.total[:] = 7
    env.reset(seed=0, options={"start": other})
    assert (env.viewers.total == 7).all()
    env.reset(seed=0)
    assert (env.viewers.total == 0).all()
