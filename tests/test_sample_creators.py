"""The planted campaigns: the log is what the market says, and planning in it is worth the trouble."""

from __future__ import annotations

import numpy as np
import pytest

from socialml import sample
from socialml.features.placements import History, points, result
from socialml.sample import creators
from socialml.sample.creators import PRICES, CampaignWorld


@pytest.fixture(scope="module")
def world() -> CampaignWorld:
    return creators.plant(np.random.default_rng(3))


@pytest.fixture(scope="module")
def log(world: CampaignWorld) -> History:
    return creators.history(np.random.default_rng(4), world, 200)


def plans(log: History, m: int) -> np.ndarray:
    """(campaigns, m, phases)"""
    booked = np.zeros((len(log.campaigns), m, log.phases), dtype=bool)
    booked[log.campaign, log.creator, log.phase] = True
    assert booked.sum() == log.rows  # nobody twice in a phase
    return booked


@pytest.mark.parametrize("drift", [True, False])
def test_campaigns_bring_on_average_what_the_market_says(drift: bool) -> None:
    world = creators.plant(np.random.default_rng(7), drift=drift)
    log = creators.history(np.random.default_rng(8), world, 200)
    for goal, off in (("effect", 0.0), ("reach", 0.02), ("sales", 0.05)):  # exact for 'effect' only
        market = world.market(goal)
        said = np.array([market.effect(plan) for plan in plans(log, market.m)])
        found = np.bincount(log.campaign, result(log, world.offers, goal))
        ratio = found / said
        assert abs(ratio.mean() - 1) < 3.5 * ratio.std() / np.sqrt(200) + off
        assert ratio.std() < (0.35 if drift else 0.2)


def test_what_comes_later_is_what_lasts(world: CampaignWorld, log: History) -> None:
    channel = world.offers.channel[log.creator]
    for c, lasting in enumerate(world.lasting):
        for phase, left in ((1, lasting), (0, lasting + lasting**2)):
            rows = (channel == c) & (log.phase == phase)
            share = log.later[rows].sum() / log.reads[rows].sum()
            assert share == pytest.approx(left / (1 + left), abs=0.01)
    assert log.later[log.phase == 2].sum() == 0
    assert world.lasting.min() > 0.05
    assert world.lasting.max() < 0.45


def test_the_log_shows_saturation(world: CampaignWorld, log: History) -> None:
    spent = np.bincount(log.campaign, log.price)
    a_yuan = np.bincount(log.campaign, points(log, world.offers)) / spent
    assert a_yuan[spent > 400_000].mean() < 0.6 * a_yuan[spent < 60_000].mean()
    assert spent.min() > 15_000
    assert spent.max() < 1_050_000
    assert np.log(spent).std() > 0.8  # of all sizes


def test_about_half_of_what_a_yuan_brings_is_told_by_the_columns() -> None:
    spread, told = [], []
    for seed in range(6):
        world = creators.plant(np.random.default_rng(seed))
        o = world.offers
        worth = np.log(world.points() / o.price)
        numbers = np.log([o.quality, o.interaction_rate, o.followers, o.price]).T
        groups = [o.tier, len(o.tiers) * (1 + o.category), 100 * (1 + o.channel * 4 + o.content_type)]
        columns = [numbers, *(group[:, None] == np.unique(group) for group in groups)]
        known = np.column_stack(columns).astype(float)
        left = worth - known @ np.linalg.lstsq(known, worth, rcond=None)[0]
        free = o.m - np.linalg.matrix_rank(known)
        spread.append(worth.std())
        told.append(1 - (left @ left / free) / worth.var())
    assert np.mean(spread) == pytest.approx(0.46, abs=0.06)
    assert np.mean(told) == pytest.approx(0.45, abs=0.1)


def test_offers_are_as_promised(world: CampaignWorld) -> None:
    offers = world.offers
    assert len(np.unique(offers.channel * 3 + offers.tier)) == 15
    for tier, (low, high) in enumerate(PRICES):
        assert low <= offers.price[offers.tier == tier].min()
        assert offers.price[offers.tier == tier].max() <= high
    assert ((offers.quality > 0) & (offers.quality < 1)).all()
    assert offers.creator_id == sorted(offers.creator_id)


def test_the_same_seed_gives_the_same_campaigns_for_any_number_of_customers() -> None:
    one, two, other = sample.generate(5, seed=2), sample.generate(9, seed=2), sample.generate(5, seed=3)
    assert one.creators.equals(two.creators)
    assert one.placements.equals(two.placements)
    assert not one.placements.equals(other.placements)
    assert one.truth.campaign.offers.creator_id == one.creators["creator_id"].to_pylist()
    last = max(one.placements["ts"].to_pylist())
    assert last.date() < sample.END


def test_markets_of_other_sizes() -> None:
    world = creators.plant(
        np.random.default_rng(1), 40, channels=("Weibo",), phases=("one", "two"), drift=False, noise=0.0
    )
    log = creators.history(np.random.default_rng(2), world, 30)
    market = world.market()
    assert (market.spread, log.phases, market.capacity.shape) == (0.0, 2, (1, 2))
    said = np.array([market.effect(plan) for plan in plans(log, 40)])
    found = np.bincount(log.campaign, points(log, world.offers))
    assert found == pytest.approx(said, rel=0.02)  # without noise only whole reads and likes are left
