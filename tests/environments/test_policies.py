"""Policies: each against the best there is in a room where that is known, and what a log tells of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest

from socialml.environments.live_shopping import Reward
from socialml.environments.policies import (
    Greedy,
    Learned,
    LinUCB,
    Logged,
    Popular,
    Random,
    best_penalty,
    logged_chances,
)
from socialml.environments.rollout import play
from socialml.features.impressions import ImpressionLog
from tests.environments.room import CATEGORIES, OFFERS, Room, room

RNG = np.random.default_rng(0)


def log_of(viewer: np.ndarray, category: np.ndarray, offer: np.ndarray, **more: np.ndarray) -> ImpressionLog:
    rows, n = len(viewer), int(viewer.max()) + 1
    names = ("seconds", "likes", "comments", "shares", "purchases", "amount")
    outcomes = {name: np.zeros(rows) for name in names}
    unknown = {name: np.full(rows, np.nan) for name in ("propensity", "satisfaction")}
    return ImpressionLog(
        user_id=[f"u{i}" for i in range(n)], categories=[f"c{i}" for i in range(int(category.max()) + 1)],
        offers=["none", "coupon"], until=datetime(2025, 10, 1), weeks=2, viewer=viewer,
        week=np.zeros(rows, dtype=int), place=np.arange(rows), category=category, offer=offer,
        **{**outcomes, **unknown, **more},
    )  # fmt: skip


def planted(n: int = 400, each: int = 30, seed: int = 1) -> tuple[ImpressionLog, np.ndarray]:
    """A log of a known policy: five categories and a coupon or none, to each viewer with their own chances."""
    rng = np.random.default_rng(seed)
    category = rng.dirichlet(8 * np.array([0.4, 0.3, 0.15, 0.1, 0.05]), n)
    offer = rng.beta(2, 6, n)
    chances = (category[:, :, None] * np.stack([1 - offer, offer], axis=1)[:, None]).reshape(n, -1)
    viewer = np.repeat(np.arange(n), each)
    action = (rng.random((n * each, 1)) > chances[viewer].cumsum(axis=1)).sum(axis=1).clip(max=9)
    log = log_of(viewer, *np.divmod(action, 2), propensity=chances[viewer, action])
    return log, chances


def far(found: np.ndarray, chances: np.ndarray) -> float:
    """Mean total variation."""
    return float(np.abs(found - chances).sum(axis=1).mean() / 2)


def test_greedy_chooses_the_best_of_all() -> None:
    env = room(30)
    observation, _ = env.reset(seed=1)
    # A margin at which a coupon pays, and one at which it does not.
    for margin, offer in ((1.0, 1), (0.35, 0)):
        values = Greedy(env.responder, Reward(margin=margin)).values(env.viewers, observation, RNG)
        assert values.argmax(axis=1).tolist() == [2 * (i % 3) + offer for i in range(30)]
        for action in range(6):
            category, given = np.full(30, action // 2), np.full(30, action % 2)
            once = env.responder.expected_outcome(env.viewers, category, given)
            reward = Reward(margin=margin).of(once, given, env.viewers.here)
            here = env.viewers.here
            assert values[here, action] == pytest.approx(reward[here])


def test_greedy_follows_a_reward_that_changes() -> None:
    env = room(30, weeks=4)
    greedy = Greedy(env.responder, lambda week: Reward(margin=1.0 if week >= 2 else 0.35), weeks=4)
    totals = play(env, greedy, 1)
    assert totals.offers.sum(axis=0)[:2].sum() == 0
    assert np.array_equal(totals.offers[:, 2:], totals.shown[:, 2:])


def test_a_penalty_helps_where_fatigue_is_planted_and_only_there() -> None:
    reward = Reward(margin=1.0)
    for bored in (0.0, 1.0):
        responder = Room(bored=bored)
        env = room(responder=responder, weeks=8, expected=True, reward=reward)
        penalty = best_penalty(env, responder, reward, 3)
        plain = play(env, Greedy(responder, reward, 0.0, 8), 4).reward.sum()
        rested = play(env, Greedy(responder, reward, penalty, 8), 4).reward.sum()
        if bored:
            assert penalty > 0
            assert rested > 1.1 * plain
        else:
            assert penalty == 0


def test_popular_is_the_most_ordered_category_for_what_it_was_shown() -> None:
    category = np.repeat([0, 1, 2], [500, 200, 2])
    orders = np.zeros(702)
    orders[:60] = orders[500:540] = 1  # 12% and 20%
    orders[700] = 1  # and one lucky order of two
    log = log_of(np.arange(702) % 5, category, np.zeros(702, dtype=int), purchases=orders)
    env = room(6)
    observation, _ = env.reset(seed=0)
    values = Popular(log).values(env.viewers, observation, RNG)
    assert (values.argmax(axis=1) == 1 * OFFERS).all()
    # Any category without an offer comes before any with one.
    assert values[:, ::2].min() > values[:, 1::2].max()


def test_draws_follow_the_chances_also_under_a_mask() -> None:
    chances = np.array([[0.5, 0.0, 0.2, 0.2, 0.1, 0.0]])
    env = room(20_000)
    observation, _ = env.reset(seed=0)
    policy = Logged(np.repeat(chances, 20_000, axis=0))
    values = policy.values(env.viewers, observation, np.random.default_rng(1))
    assert np.bincount(values.argmax(axis=1), minlength=6) / 20_000 == pytest.approx(chances[0], abs=0.012)
    values[:, 0] = -np.inf
    assert np.bincount(values.argmax(axis=1), minlength=6) / 20_000 == pytest.approx(
        [0, 0, 0.4, 0.4, 0.2, 0], abs=0.015
    )
    even = Random(OFFERS).values(env.viewers, observation, np.random.default_rng(1)).argmax(axis=1)
    assert np.bincount(even) / 20_000 == pytest.approx(1 / 6, abs=0.012)


def test_a_log_tells_the_chances_of_its_choices() -> None:
    """By counts nearer than what all viewers share and than each viewer's bare counts; by logged chances nearly."""
    log, chances = planted()
    counts = np.bincount(log.viewer * 10 + 2 * log.category + log.offer, minlength=4000).reshape(400, 10)
    by_counts = logged_chances(replace(log, propensity=np.full(len(log.viewer), np.nan)))
    assert by_counts.sum(axis=1) == pytest.approx(1)
    assert far(by_counts, chances) < 0.8 * far(counts / 30, chances)
    assert far(by_counts, chances) < 0.6 * far(
        np.broadcast_to(counts.sum(axis=0) / 12_000, (400, 10)), chances
    )
    told = logged_chances(log)
    assert told.sum(axis=1) == pytest.approx(1)
    assert far(told, chances) < 0.03
    shown = counts > 0
    assert told[shown] == pytest.approx(chances[shown])


def test_chances_that_change_from_row_to_row_are_not_a_viewers_own() -> None:
    log, _ = planted()
    moving = log.propensity * np.random.default_rng(2).uniform(0.3, 1, len(log.viewer))
    unknown = replace(log, propensity=np.full(len(log.viewer), np.nan))
    assert np.array_equal(logged_chances(replace(log, propensity=moving)), logged_chances(unknown))


def test_viewers_who_are_alike_are_taken_to_be_alike() -> None:
    rng = np.random.default_rng(3)
    category = (rng.random(12_000) > 0.6).astype(int) + (rng.random(12_000) > 0.9)
    log = log_of(np.repeat(np.arange(400), 30), category.astype(int), (rng.random(12_000) < 0.25).astype(int))
    chances = logged_chances(log)
    assert chances.std(axis=0).max() < 0.01
    assert chances.mean(axis=0).reshape(3, 2).sum(axis=0) == pytest.approx([0.75, 0.25], abs=0.02)


def learned_from_chance(env, steps: int = 60):  # type: ignore[no-untyped-def]
    """about and the reward at once of even choices."""
    rng, about, rewards = np.random.default_rng(8), [], []
    env.reset(seed=2)
    for _ in range(steps):
        action = rng.integers(0, CATEGORIES * OFFERS, env.num_envs)
        about.append(env.viewers.about(*np.divmod(action, OFFERS), OFFERS))
        rewards.append(env.step(action)[1])
    return np.concatenate(about), np.concatenate(rewards)


def test_linucb_finds_the_best_of_a_linear_reward() -> None:
    env = room(responder=Room(stays=1.0), weeks=13, slots=5, reward=Reward(margin=1.0, coming_back=0.0))
    about, reward = learned_from_chance(env)
    policy = LinUCB(about, reward, OFFERS)
    # Of viewers who were watched for 60 recommendations; the observation is not what it reads.
    values = policy.values(env.viewers, np.zeros((300, 1), dtype=np.float32), RNG)
    # Row by row: the ridge line, and the length of each row under the root of its covariance.
    x = (env.viewers.about(np.full(300, 2), np.full(300, 1), OFFERS) - policy.centre) / policy.scale
    line = policy.mean + x @ policy.slopes + np.linalg.norm(x @ policy.root, axis=1)
    assert values[:, 2 * OFFERS + 1] == pytest.approx(line)
    assert (values.argmax(axis=1) // OFFERS == np.arange(300) % CATEGORIES).mean() > 0.95


def test_linucb_counts_what_is_not_sure() -> None:
    """Of two categories that earned the same, the one that was tried less."""
    env = room(4)
    env.reset(seed=0)
    category = np.repeat([0, 1, 2], [400, 40, 400])
    alike = env.viewers.take(np.zeros(840, dtype=int))
    about = alike.about(category, np.zeros(840, dtype=int), OFFERS)
    reward = np.where(category == 2, 0.0, 1.0) + 0.1 * np.random.default_rng(0).standard_normal(840)
    observation = env.reset(seed=0)[0]
    cautious, curious = (
        LinUCB(about, reward, OFFERS, width=width).values(env.viewers, observation, RNG)
        for width in (0.0, 3.0)
    )
    added = curious - cautious
    assert added[0, 2] > 2 * added[0, 0]
    assert curious[0].argmax() in (2, 3)


def test_a_network_is_asked_with_its_groups() -> None:
    class Net:
        def values(self, observation, groups=None):  # type: ignore[no-untyped-def]
            shift = 0 if groups is None else groups[:, None]
            return observation[:, :1] + np.arange(6) + shift

    env = room(4)
    observation, _ = env.reset(seed=0)
    alone = Learned(Net()).values(env.viewers, observation, RNG)
    grouped = Learned(Net(), np.array([0, 1, 0, 2]), "dqn_by_segment").values(env.viewers, observation, RNG)
    assert (grouped - alone)[:, 0].tolist() == [0, 1, 0, 2]


def test_a_rule_stands_at_the_end_of_what_is_seen() -> None:
    rule = Greedy(Room(), Reward(), 0.5)
    plain, env = room(30), room(30, rule=rule)
    observation, _ = plain.reset(seed=0)
    seen, _ = env.reset(seed=0)
    assert env.observation_space.shape == seen.shape == (30, observation.shape[1] + 6)
    for _ in range(4):  # a week, so that some did not come and others might not have come
        found = rule.values(env.viewers, observation, RNG)
        around = (found - found.mean(axis=1, keepdims=True)) * env.viewers.here[:, None]
        assert seen[:, -6:] == pytest.approx(around, rel=1e-5, abs=1e-5)
        action = found.argmax(axis=1)
        observation, seen = plain.step(action)[0], env.step(action)[0]
    here = env.viewers.here
    other = env.otherwise()
    assert other is not None
    assert 0 < here.sum() < 30
    assert (seen[:, -6:].any(axis=1) == here).all()
    assert (other[1][:, -6:].any(axis=1) == ~here).all()


def test_a_network_that_stands_on_a_rule_is_shown_what_it_thinks() -> None:
    class Net:
        def values(self, observation):  # type: ignore[no-untyped-def]
            return observation

    rule = Greedy(Room(), Reward(), 0.5)
    plain, env = room(8), room(8, rule=rule)
    observation, _ = plain.reset(seed=1)
    assert (Learned(Net(), rule=rule).values(plain.viewers, observation, RNG) == env.reset(seed=1)[0]).all()
