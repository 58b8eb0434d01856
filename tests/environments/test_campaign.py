"""The campaign's environment: its accounts, its bounds, its base against every plan of a small market."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from socialml.environments.campaign import READINGS, CampaignEnv, Reading, walk
from socialml.environments.demand import feasible, free, many, one, random, score
from socialml.environments.heat import Watch
from socialml.environments.market import Market
from tests.environments.markets import drawn

MARKET = drawn(np.random.default_rng(11), 120, 3, 3, spread=0.3)


def campaigns(n: int = 60, market: Market = MARKET, **more: Any) -> CampaignEnv:
    return CampaignEnv(market, random(market, n, np.random.default_rng(2)), **more)


def play(env: CampaignEnv, action: float | str, seed: int = 5, **options: Any) -> np.ndarray:
    """(n,) returns. action: one for all, 'base' or 'random'."""
    observation, _ = env.reset(seed=seed, options=options)
    rng, total = np.random.default_rng(seed), np.zeros(env.num_envs)
    truncated = np.zeros(env.num_envs, dtype=bool)
    for _ in env.cells:
        assert not truncated.any()
        drawn_ = rng.random(env.num_envs)
        actions = {"base": env.base(), "random": drawn_}.get(str(action), np.full(env.num_envs, action))
        observation, reward, terminated, truncated, _ = env.step(actions[:, None])
        assert observation[0].shape == env.single_observation_space.shape
        assert observation.dtype == np.float32
        assert np.isfinite(observation).all()
        assert not terminated.any()
        total += reward
    assert truncated.all()
    return total


def plans(env: CampaignEnv) -> list[np.ndarray]:
    return [env.plan(i) for i in range(env.num_envs)]


@pytest.mark.parametrize("reading", READINGS)
def test_the_return_is_the_score_of_the_plan(reading: Reading) -> None:
    env = campaigns(reading=reading, expected=False)
    returns = play(env, "random")
    for i, plan in enumerate(plans(env)):
        found = score(MARKET, env.demands.of(i), plan, env.heat[i])
        assert returns[i] * env.scale[i] == pytest.approx(found, rel=1e-6, abs=1e-6)
        assert env.left[i] == pytest.approx(env.demands.budget[i] - MARKET.cost(plan))
    assert env.observation_space.contains(env.reset()[0])
    assert env.action_space.contains(env.base()[:, None].astype(np.float32))
    play(env, "random")
    with pytest.raises(RuntimeError, match="reset"):
        env.step(np.zeros((60, 1)))


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("action", ["random", "base", 0.0, 1.0])
def test_no_bound_is_broken_whatever_is_done(reading: Reading, action: float | str) -> None:
    env = campaigns(200, reading=reading)
    asked = env.demands
    play(env, action)
    assert (env.left >= 0).all()
    assert [feasible(MARKET, asked.of(i), plan) for i, plan in enumerate(plans(env))] == [None] * 200


def test_expected_rewards_have_the_mean_of_drawn_ones() -> None:
    demand = many([free(MARKET, 200_000.0)] * 2000)
    drawn_ = play(CampaignEnv(MARKET, demand, expected=False), "base")
    expected = play(CampaignEnv(MARKET, demand), "base")
    difference = drawn_ - expected
    assert abs(difference.mean()) < 3 * difference.std() / np.sqrt(2000)
    assert expected.std() < 0.5 * drawn_.std()


def test_the_same_seed_is_the_same_campaign() -> None:
    env = campaigns(noise=0.2)
    first = play(env, "base")
    assert (play(env, "base") == first).all()
    assert (play(env, "base", seed=6) != first).any()


def test_both_readings_of_the_base_are_one_plan() -> None:
    by_threshold, by_share = (campaigns(reading=reading) for reading in READINGS)
    assert play(by_threshold, "base") == pytest.approx(play(by_share, "base"))


def test_a_higher_threshold_books_less_and_a_higher_share_more() -> None:
    demand = many([free(MARKET, budget) for budget in (50_000.0, 300_000.0, 1_000_000.0)])
    env = CampaignEnv(MARKET, demand, drift=False)
    left = [(play(env, action), env.left)[1] for action in (0.0, 0.4, 0.6, 0.7, 1.0)]
    assert (np.diff(left, axis=0) >= -0.02 * env.demands.budget).all()  # of what whole creators leave
    assert (np.diff(left, axis=0)[1:, -1] > 0.1 * env.demands.budget[-1]).all()
    assert (left[0] < 0.03 * env.demands.budget).all()
    assert (left[-1] == env.demands.budget).all()
    shares = CampaignEnv(MARKET, demand, drift=False, reading="share")
    play(shares, 0.0)
    assert (shares.left == shares.demands.budget).all()
    play(shares, 1.0)
    assert (shares.left < 0.2 * shares.demands.budget).all()


def test_the_base_is_near_the_best_of_all_plans() -> None:
    codes = (np.arange(2**16)[:, None] >> np.arange(16)) & 1
    every = codes.reshape(-1, 8, 2).astype(float)
    ratios = []
    for seed in range(6):
        market = drawn(np.random.default_rng(seed), 8, 2, 2)
        price = np.clip(market.price, 2_000, 6_000)  # none is most of a budget
        value = market.value * price / market.price
        market = replace(market, tier=np.maximum(market.tier, 1), price=price, value=value)
        cost = every.sum(axis=2) @ market.price
        onto = (market.channel == np.arange(2)[:, None]) * market.value
        summed = (onto @ every.transpose(1, 0, 2).reshape(8, -1)).reshape(2, -1, 2).swapaxes(0, 1)
        effect = (market.weight() * market.saturated(summed)).sum(axis=(1, 2))
        for share in (0.3, 0.5, 0.8):
            demand = replace(free(market, share * 2 * market.price.sum()), hierarchy=0.0, crowding=0.0)
            best = effect[cost <= demand.budget].max()
            ratios.append(score(market, demand, walk(market, demand)) / best)
    assert max(ratios) <= 1 + 1e-9
    assert min(ratios) > 0.75
    assert np.exp(np.log(ratios).mean()) > 0.95


def test_penalties_move_the_base() -> None:
    market, demand = MARKET.calm(), free(MARKET, 400_000.0)
    strict = replace(demand, hierarchy=1.0, crowding=1.0, most_in_one=0.4)
    careless, careful = walk(market, demand), walk(market, strict)
    assert score(market, strict, careful) > score(market, strict, careless)
    by_channel = market.spent(careful).sum(axis=(1, 2))
    assert by_channel.max() < 0.45 * strict.budget


def test_a_closed_channel_gets_nothing_and_its_actions_change_nothing() -> None:
    demand = replace(free(MARKET, 100_000.0), channels=np.array([True, False, True]))
    env = CampaignEnv(MARKET, one(demand))
    env.reset(seed=0)
    for _, channel, _ in env.cells:
        assert env.open[0] == (channel != 1)
        _, reward, *_ = env.step(np.array([[0.3]]))
        assert reward[0] == 0 or channel != 1
    assert not env.plan(0)[MARKET.channel == 1].any()


def test_the_free_are_always_booked_and_the_too_dear_never() -> None:
    price = MARKET.price.copy()
    price[:3] = 0
    market = replace(MARKET, price=price)
    for reading in READINGS:
        env = CampaignEnv(market, one(free(market, 100.0)), reading=reading)
        assert play(env, 1.0)[0] > 0
        assert (env.plan(0).sum(axis=1) == 3 * (price == 0)).all()
    nothing = CampaignEnv(MARKET, one(free(MARKET, 100.0)))
    assert play(nothing, 0.0)[0] == 0
    assert not nothing.plan(0).any()


def test_what_is_left_in_the_last_cells_is_used() -> None:
    demand = many([free(MARKET, budget) for budget in np.geomspace(30_000, 1_000_000, 12)])
    env = CampaignEnv(MARKET, replace(demand, hierarchy=np.zeros(12), crowding=np.zeros(12)), drift=False)
    play(env, "base")
    assert (env.left < 0.06 * demand.budget).all()
    assert np.median(env.left / demand.budget) < 0.01


def test_campaigns_are_watched_as_one_is() -> None:
    log = np.array([[0.5, -0.4, np.nan], [0.0, 0.3, 0.2]])
    both = Watch(MARKET, 0, log, 0.1).foretold()
    assert both.shape == (2, 3, 3)
    for i in range(2):
        assert both[i] == pytest.approx(Watch(MARKET, 0, log[i], 0.1).foretold())
    assert both[0, 2] == pytest.approx(1)
    exactly = Watch(MARKET, 0, log[1]).foretold()
    assert exactly[:, 1:] == pytest.approx(MARKET.foretold(log[1], 0)[:, 1:])
    env = campaigns(50, noise=0.1)
    play(env, 0.0)
    seen = Watch(MARKET)
    seen.see(env.heat[:, :, 0], 0.1)
    env.reset(options={"heat": env.heat})
    for _ in range(len(MARKET.channels) * len(MARKET.tiers)):
        env.step(np.zeros((50, 1)))
    shown = env.summed[:, :, 0] > 0
    near = np.log(env.foretold / seen.foretold())[shown]
    assert 0 < near.std() < 0.1


def test_a_hot_channel_gets_the_money_of_a_cold_one() -> None:
    booked = np.zeros((MARKET.m, 3), dtype=bool)
    booked[np.argsort(MARKET.price)[:5], 0] = True
    asked = free(MARKET, 300_000.0)
    spent = []
    for seen in ([1.0, -1.0, 0.0], [-1.0, 1.0, 0.0]):
        plan = walk(MARKET, asked, seen=np.array(seen), begin=1, booked=booked)
        assert (plan[:, 0] == booked[:, 0]).all()
        assert MARKET.cost(plan) <= asked.budget
        spent.append(MARKET.spent(plan)[:, 1:].sum(axis=(1, 2)))
    assert spent[0][0] > 1.5 * spent[1][0]
    assert spent[0][1] < spent[1][1] / 1.3


def test_a_plan_made_ahead_does_not_know_the_heat() -> None:
    asked = free(MARKET, 300_000.0)
    ahead = walk(MARKET, asked)
    assert (ahead == walk(MARKET.calm(), asked)).all()
    heat = MARKET.draw_heat(np.random.default_rng(3), 1)[0]
    on_the_way = walk(MARKET, asked, heat=heat)
    assert (on_the_way[:, 0] == ahead[:, 0]).all()
    assert (on_the_way != ahead).any()


def test_other_demands_may_follow() -> None:
    env = campaigns(20)
    play(env, "base", demands=many([free(MARKET, 50_000.0)] * 20))
    assert (env.demands.budget == 50_000).all()
    with pytest.raises(ValueError, match="20 campaigns"):
        env.reset(options={"demands": many([free(MARKET, 50_000.0)])})


def test_a_market_without_a_tier_and_with_one_creator() -> None:
    lonely = drawn(np.random.default_rng(0), 1, 2, 1)
    env = CampaignEnv(lonely, one(free(lonely, lonely.price[0])))
    assert play(env, "base")[0] > 0
    assert env.plan(0).all()


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize(
    "changes",
    [
        {"price": np.zeros(120)},
        {"value": np.zeros(120)},
        {"value": MARKET.value * (np.arange(120) > 90)},
        {"tier": np.full(120, 2)},
        {"bends": np.zeros(0), "slopes": np.ones(1)},
        {"slopes": np.concatenate([MARKET.slopes[:-1], [0.0]])},
        {"lasting": np.ones(3)},
        {"capacity": MARKET.capacity * 1e-6},
        {"spread": 0.0},
    ],
    ids=lambda changes: " ".join(changes),
)
@pytest.mark.filterwarnings("error")
def test_odd_markets_are_walked_within_their_bounds(changes: dict[str, Any], reading: Reading) -> None:
    market = replace(MARKET, **changes)
    env = campaigns(20, market, reading=reading)
    assert np.isfinite(play(env, "random")).all()
    for i in range(5):
        plan = walk(market, env.demands.of(i), reading=reading)
        assert feasible(market, env.demands.of(i), plan) is None
    if not market.value.any():
        assert not plan.any()
