"""The planted campaign: creators on five channels, and what booking them in a phase brings.

A booking of creator i in a cell (channel c, phase p) of campaign k brings, up to the end of the campaign,
    outcome[i,o] x heat[k,c,p] x weight[c,p] x f(S / capacity[c,p]) / (S / capacity[c,p]) x row noise
with S the summed points of all that is booked in the cell, f concave and piecewise linear, weight the phase's
suit times 1 + lasting + lasting^2 + ... for the phases left, and heat as in `socialml.environments.market`. So
the points of a campaign have exactly the mean that the Market says; reads and sales take the same multiplier.

The points of creator i are price x RATE x exp(told + hidden), told by the columns (quality, interaction rate,
followers for the price, content on the channel, category) with a spread of about 0.32 and hidden with HIDDEN.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from socialml.environments.market import TIERS, Market, concave
from socialml.features.placements import PER_COMMENT, PER_LIKE, PER_READ, PER_SHARE, History, Offers

from . import tables

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CHANNELS = ("Douyin", "Kuaishou", "WeChat", "Weibo", "Xiaohongshu")
PHASES = ("warm-up", "launch", "follow-up")
CONTENT = ("article", "live room", "pictures", "short video")
CATEGORIES = ("beauty", "fashion", "food", "home", "parenting")
SHARES = (0.17, 0.33, 0.5)  # of the creators: head, mid, tail
FOLLOWERS = ((1e6, 2e7), (1e5, 1e6), (5e3, 1e5))
PRICES = ((40_000, 250_000), (6_000, 30_000), (800, 5_000))
BONUS = (1.0, 1.08, 1.15)  # value of a yuan by tier
RATE = 0.0125  # points a yuan
HIDDEN = 0.34  # sd of the log value of a yuan that no column tells
BITES = 16_000  # yuan at RATE in a channel and phase that are one capacity
BENDS = (0.5, 1.0, 2.0, 4.0)
SLOPES = (1.0, 0.8, 0.6, 0.35, 0.15)
LASTING = {"WeChat": 0.36, "Xiaohongshu": 0.32, "Douyin": 0.2, "Kuaishou": 0.16, "Weibo": 0.12}
KEEP, SPREAD = 0.6, 0.3
NOISE = 0.35  # sd of the log of a row, of all outcomes together; each has a third of it besides
SALES = 110.0  # yuan a point
BUDGETS = (20_000, 1_000_000)
DAYS = 720  # over which the campaigns lie
OUTCOMES = ("reads", "likes", "comments", "shares", "sales")


@dataclass(frozen=True, eq=False)
class CampaignWorld:
    """m creators on c channels over some phases."""

    offers: Offers
    phases: list[str]
    outcome: Floats  # (m, 5) of a booking where nothing is saturated: OUTCOMES
    suits: Floats  # (channels, phases)
    capacity: Floats  # (channels, phases) points
    bends: Floats
    slopes: Floats
    lasting: Floats  # (channels,)
    keep: float
    spread: float
    noise: float

    def points(self) -> Floats:
        """(m,) expected points of one booking where nothing is saturated."""
        each = np.array([PER_LIKE, PER_COMMENT, PER_SHARE])
        return self.offers.quality * self.outcome[:, 0] * PER_READ + self.outcome[:, 1:4] @ each

    def market(self, goal: str = "effect") -> Market:
        """The truth as planners see it: exact for 'effect'.

        Saturation acts on points, so for 'sales' and 'reach' a channel's capacity is translated by what a point
        brings there on average.
        """
        of_points = self.points()
        value = {"effect": of_points, "sales": self.outcome[:, 4], "reach": self.outcome[:, 0]}[goal]
        code, count = self.offers.channel, len(self.offers.channels)
        total = np.bincount(code, of_points, count)
        a_point = np.bincount(code, value, count) / np.where(total > 0, total, 1)
        return Market(
            channels=self.offers.channels,
            phases=self.phases,
            tiers=self.offers.tiers,
            channel=code,
            tier=self.offers.tier,
            price=self.offers.price,
            value=value,
            suits=self.suits,
            capacity=self.capacity * np.where(a_point > 0, a_point, 1)[:, None],
            bends=self.bends,
            slopes=self.slopes,
            lasting=self.lasting,
            keep=self.keep,
            spread=self.spread,
        )


def plant(
    rng: np.random.Generator,
    creators: int = 300,
    *,
    channels: tuple[str, ...] = CHANNELS,
    phases: tuple[str, ...] = PHASES,
    drift: bool = True,
    noise: float = NOISE,
) -> CampaignWorld:
    """A market of its own for each draw. Every channel has creators of every tier where 15 or more are drawn."""
    m, c = creators, len(channels)
    # Exact shares: what is planted is the market, not one more source of variation.
    tier = np.searchsorted(np.cumsum(SHARES), (np.arange(m) + 0.5) / m).clip(max=2)
    order = rng.permutation(m)
    tier, channel = tier[order], (np.arange(m) % c)[order]
    at = rng.random(m)
    followers = _within(FOLLOWERS, tier, at)
    price = _within(PRICES, tier, np.clip(at + 0.22 * rng.standard_normal(m), 0, 1))
    price = np.where(tier == 2, np.rint(price / 50) * 50, np.rint(price / 100) * 100)
    quality = np.round(rng.beta(10, 6.5, m), 3)
    rate = (0.03 * np.exp(0.4 * rng.standard_normal(m))).clip(0.003, 0.2).round(4)
    content, category = rng.integers(0, len(CONTENT), m), rng.integers(0, len(CATEGORIES), m)

    split = rng.dirichlet([24, 4, 2.4], c)  # of the interactions: likes, comments, shares
    a_read = quality * PER_READ + rate * (split @ [PER_LIKE, PER_COMMENT, PER_SHARE])[channel]
    fits = 0.18 * rng.standard_normal((c, len(CONTENT)))
    likes_it = 0.1 * rng.standard_normal(len(CATEGORIES))
    usual = np.log(_within(PRICES, tier, at) / price)  # followers for the price
    told = 0.8 * np.log(a_read / a_read.mean()) + 0.4 * usual + fits[channel, content] + likes_it[category]
    log_value = told - told.mean() + HIDDEN * rng.standard_normal(m)
    points = price * RATE * np.array(BONUS)[tier] * np.exp(log_value - log_value.var() / 2)
    reads = points / a_read
    sells = 0.25 * (content == 1) + 0.2 * rng.standard_normal(len(CATEGORIES))[category]
    sales = points * SALES * np.exp(sells + 0.3 * rng.standard_normal(m) - 0.045)

    capacity = (
        RATE
        * BITES
        * np.exp(0.3 * rng.standard_normal((c, 1)) + 0.12 * rng.standard_normal((c, len(phases))))
    )
    suits = np.exp(0.2 * rng.standard_normal((c, len(phases))))
    lasting = np.array([LASTING.get(name, 0.2) for name in channels]) + rng.uniform(-0.04, 0.04, c)
    offers = Offers(
        creator_id=[f"K{i:05d}" for i in range(1, m + 1)],
        channels=list(channels),
        tiers=list(TIERS),
        content_types=list(CONTENT),
        categories=list(CATEGORIES),
        channel=channel,
        tier=tier,
        content_type=content,
        category=category,
        followers=np.rint(followers),
        quality=quality,
        interaction_rate=rate,
        price=price,
    )
    return CampaignWorld(
        offers=offers,
        phases=list(phases),
        outcome=np.column_stack([reads, (reads * rate)[:, None] * split[channel], sales]),
        suits=suits / suits.mean(),
        capacity=capacity,
        bends=np.array(BENDS),
        slopes=np.array(SLOPES),
        lasting=lasting,
        keep=KEEP,
        spread=SPREAD if drift else 0.0,
        noise=noise,
    )


def history(rng: np.random.Generator, world: CampaignWorld, campaigns: int = 60) -> History:
    """What a house has logged that plans by rules of thumb and by whom it knows: with enough variety to learn from."""
    market, p = world.market(), len(world.phases)
    low, high = np.log(BUDGETS)
    budgets = np.exp(rng.uniform(low, high, campaigns))
    heat = market.draw_heat(rng, campaigns)
    rows = []
    for k, budget in enumerate(budgets):
        plan = _house(rng, market, budget)
        creator, phase = np.nonzero(plan)
        x = market.summed(plan) / market.capacity
        many = np.where(x > 0, concave(x, market.bends, market.slopes) / np.where(x > 0, x, 1), 1.0)
        rows.append(
            (
                np.full(len(creator), k),
                creator,
                phase,
                (heat[k] * market.weight() * many)[market.channel[creator], phase],
            )
        )
    campaign, creator, phase, factor = (np.concatenate(column) for column in zip(*rows, strict=True))
    own = np.column_stack([factor * _unit(rng, world.noise, len(factor))] * len(OUTCOMES))
    mean = world.outcome[creator] * own * _unit(rng, world.noise / 3, own.shape)
    counts = rng.poisson(mean[:, :4]).astype(np.float64)
    series = market.weight() / market.suits
    later = rng.binomial(counts[:, 0].astype(np.int64), (1 - 1 / series)[market.channel[creator], phase])
    paid = np.rint(market.price[creator] * rng.uniform(0.9, 1.04, len(creator)) / 10) * 10
    return History(
        campaigns=[f"C{k:04d}" for k in range(1, campaigns + 1)],
        phases=p,
        campaign=campaign,
        creator=creator,
        phase=phase,
        price=paid,
        reads=counts[:, 0],
        likes=counts[:, 1],
        comments=counts[:, 2],
        shares=counts[:, 3],
        sales=np.round(mean[:, 4], 2),
        later=later.astype(np.float64),
    )


def log(
    rng: np.random.Generator, world: CampaignWorld, campaigns: int = 60, end: date = date(2025, 10, 1)
) -> pa.Table:
    """Placements as a file holds them; a phase is a week, and the last campaign is over at `end`."""
    found = history(rng, world, campaigns)
    lasts = 7 * len(world.phases)
    begins = np.sort(rng.integers(0, DAYS - lasts + 1, campaigns))
    day = begins[found.campaign] + 7 * found.phase + rng.integers(0, 7, found.rows)
    times = day * 86_400 + rng.integers(9 * 3600, 22 * 3600, found.rows)
    return tables.placements_table(found, world.offers, times, end - timedelta(days=DAYS))


def _house(rng: np.random.Generator, market: Market, budget: float) -> NDArray[np.bool_]:
    """(m, phases) a plan of shares by phase, channel and tier, each drawn around a habit, filled by chance."""
    c, p = market.capacity.shape
    used = rng.permutation(c)[: rng.integers(1, c + 1)]
    by_channel = np.zeros(c)
    by_channel[used] = rng.dirichlet(np.full(len(used), 3.0))
    by_phase = rng.dirichlet(8 * np.resize([0.3, 0.45, 0.25], p))
    by_tier = rng.dirichlet([2.5, 1.8, 1.2])
    plan = np.zeros((market.m, p), dtype=bool)
    saved = 0.0  # what a cell could not spend is there for the next
    for phase in range(p):
        for channel in range(c):
            for tier in range(len(market.tiers)):
                if not by_channel[channel]:
                    continue
                left = budget * by_phase[phase] * by_channel[channel] * by_tier[tier] + saved
                there = np.flatnonzero((market.channel == channel) & (market.tier == tier))
                cheapest = market.price[there].min(initial=np.inf)
                for creator in rng.permutation(there):
                    if left < cheapest:
                        break
                    if market.price[creator] <= left:
                        plan[creator, phase] = True
                        left -= market.price[creator]
                saved = left
    return plan


def _within(ranges: tuple[tuple[float, float], ...], tier: Ints, at: Floats) -> Floats:
    """(m,) the place `at` (0 to 1) in the tier's range, on the log scale."""
    low, high = np.log(np.array(ranges))[tier].T
    return np.exp(low + at * (high - low))


def _unit(rng: np.random.Generator, sd: float, shape: int | tuple[int, ...]) -> Floats:
    """Lognormal with mean 1."""
    return np.exp(sd * rng.standard_normal(shape) - sd**2 / 2)
