"""A policy played through an environment: in pairs, and within its guardrails."""

from __future__ import annotations

import numpy as np
import pytest

from socialml.environments.guardrails import Guard
from socialml.environments.live_shopping import Reward
from socialml.environments.policies import Greedy, Logged, Policy, Random
from socialml.environments.rollout import play
from tests.environments.room import Room, room


class Always:
    """Rather the higher action, whoever and whenever."""

    name = "always"

    def values(self, viewers, observation, rng):  # type: ignore[no-untyped-def]
        return np.tile(np.arange(6.0), (viewers.n, 1))


@pytest.mark.parametrize("policy", [Random(2), Logged(np.full((300, 6), 1 / 6)), Always()])
def test_a_policy_against_itself_is_exactly_0(policy: Policy) -> None:
    first, second = play(room(), policy, 5), play(room(), policy, 5)
    for name in vars(first):
        assert np.array_equal(getattr(first, name), getattr(second, name)), name
    assert not np.array_equal(first.orders, play(room(), policy, 6).orders)


def test_policies_meet_the_same_chance() -> None:
    """Whether viewers come does not hang on what is shown here, so the same come under every policy; and a policy's
    own draws take nothing from the room's."""
    drawn, fixed = play(room(), Random(2), 5), play(room(), Always(), 5)
    assert np.array_equal(drawn.shown, fixed.shown)
    assert not np.array_equal(drawn.offers, fixed.offers)


def test_each_week_begins_anew_within_the_guardrails() -> None:
    free = play(room(), Always(), 5)
    assert np.array_equal(free.offers, free.shown)
    one = play(room(), Always(), 5, Guard(per_viewer=1))
    assert np.array_equal(one.offers, np.minimum(one.shown, 1))
    tenth = play(room(), Always(), 5, Guard(share=0.1))
    assert np.array_equal(tenth.offers.sum(axis=0), np.floor(0.1 * tenth.shown.sum(axis=0)))


def test_the_rooms_own_limit_holds_without_a_guard() -> None:
    found = play(room(offers_a_week=2), Always(), 5)
    assert np.array_equal(found.offers, np.minimum(found.shown, 2))


def test_a_guard_costs_what_its_offers_were_worth() -> None:
    """Where a coupon pays, the more may be offered the more is earned."""
    whole = Reward(margin=1.0)
    env = room(responder=Room(stays=1.0), expected=True, reward=whole)
    greedy = Greedy(env.responder, whole)
    worth = [play(env, greedy, 5, Guard(share=share)).reward.sum() for share in (0.0, 0.2, 1.0)]
    # Each of 3 x 4 x 300 coupons brings 0.6 x 85 instead of 0.5 x 100.
    assert np.diff(worth) == pytest.approx([720, 2880])
