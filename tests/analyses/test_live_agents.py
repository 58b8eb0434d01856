"""How far the learned policy leaves its rule."""

from __future__ import annotations

import numpy as np
import pytest

from socialml.analyses import _live_agents as agents
from socialml.analyses.live_policy import Config
from socialml.environments.live_shopping import Reward
from socialml.environments.policies import Greedy, Policy
from socialml.environments.rollout import play
from socialml.errors import UserError
from socialml.models import dqn
from socialml.progress import silent
from tests.environments.room import Room, room


def test_what_was_learned_wrong_is_left_out_and_what_is_right_is_kept() -> None:
    responder = Room()
    blind = Greedy(Room(), Reward(margin=1.0, offer_cost=100.0))  # thinks coupons, which pay, too dear
    plain = room(60, responder, expected=True, reward=Reward(margin=1.0))
    env = room(60, responder, expected=True, reward=Reward(margin=1.0), rule=blind)
    found = dqn.train(env, dqn.Settings(steps=3, first=10**6, batch=16))
    nobody = np.zeros(60, dtype=np.int64)

    def worth(policy: Policy) -> float:
        return float(play(plain, policy, 3).reward.sum())

    rule = worth(blind)
    for sign in (1.0, -1.0):
        weights = [*found.weights[:-1], found.weights[-1] + np.array([0, 300 * sign], np.float32)]
        net = dqn.QNetwork(weights, found.centre, found.scale, found.unit, {}, 0, 0.0)
        leaned = agents._leaned(agents.Trained("dqn", net), env, nobody, seed=0)
        kept = np.abs(leaned.network.weights[-1]).max() > 0
        now = worth(agents.maker(leaned, nobody, "dqn", blind)(np.arange(60)))
        assert kept == (sign > 0)
        assert now > rule if kept else now == rule


def test_a_network_for_another_log_is_not_gone_on_from() -> None:
    one = dqn.train(room(30), dqn.Settings(steps=2, first=10**6, batch=16))
    kept = agents.stored(one)
    env = room(30, rule=Greedy(Room(), Reward()))
    every = np.arange(30)
    with pytest.raises(UserError, match="numbers of a viewer"):
        agents.train(
            Config(start_from="live_policy-1"), (env, every), 0 * every, kept["net"].to_dict("records"),
            kept["net_weights"], False, silent,
        )  # fmt: skip
