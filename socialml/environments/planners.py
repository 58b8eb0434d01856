"""Who books which creators when: planners from a fixed template to a programme, all asked the same way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from socialml.environments.booking import Books, started
from socialml.environments.demand import Demand, score
from socialml.environments.market import Flags, Floats, Ints, Market, concave

# The template's shares, a rule of thumb and not a measurement. Phases: half of the money when the campaign opens, less
# before and after. Tiers: a pyramid by money, so that head spends more than mid and mid more than tail. Channels:
# video first, as live-shopping does.
_PHASES = {1: (1.0,), 2: (0.6, 0.4), 3: (0.3, 0.5, 0.2), 4: (0.2, 0.4, 0.25, 0.15)}
_TIERS = (0.5, 0.3, 0.2)
_CHANNELS = {"Douyin": 0.35, "Xiaohongshu": 0.25, "Kuaishou": 0.15, "Weibo": 0.15, "WeChat": 0.1}
_OTHER_CHANNEL = 0.15

# A cell may spend this much of what it has, which the next cell then lacks: to the nearest creator, not down. At 1
# head creators would get a tenth less than their share, at 2 a seventh more.
_OVERDRAWN = 1.5
# Water-filling tries these prices of the hierarchy (head, mid, tail) in shares of its fine: which of its two fines bind
# is known only when the plan is made.
_FINES = ((0, 0, 0), (-1, 1, 0), (-1, 0, 1), (0, -1, 1), (-0.5, 0, 0.5))


class Planner(Protocol):
    def __call__(
        self,
        market: Market,
        demand: Demand,
        *,
        booked: Flags | None = None,
        begin: int = 0,
        foretold: Floats | None = None,
    ) -> Flags:
        """A plan (m, phases) within every bound. Phases before `begin` stay as in `booked` (m, phases) and are paid
        from the budget; foretold: (channels, phases) heat, none: its mean."""


def template(
    market: Market,
    demand: Demand,
    *,
    booked: Flags | None = None,
    begin: int = 0,
    foretold: Floats | None = None,
) -> Flags:
    """Fixed shares by channel, phase and tier; in each cell the creators of most value per yuan."""
    channels = np.array([_CHANNELS.get(name, _OTHER_CHANNEL) for name in market.channels])
    count = len(market.phases)
    phases = np.array(_PHASES.get(count, (1 / count,) * count))
    return _spread(
        started(market, demand, booked, begin, foretold),
        channels[:, None, None] * phases[:, None] * np.array(_TIERS),
    )


def proportional(
    market: Market,
    demand: Demand,
    *,
    booked: Flags | None = None,
    begin: int = 0,
    foretold: Floats | None = None,
) -> Flags:
    """Shares by what the creators of a cell could bring together; in each cell those of most value per yuan."""
    books = started(market, demand, booked, begin, foretold)
    value = np.zeros((len(market.channels), len(market.tiers)))
    np.add.at(value, (market.channel, market.tier), market.value)
    return _spread(books, value[:, None, :] * books.weight[:, :, None])


def greedy(
    market: Market,
    demand: Demand,
    *,
    booked: Flags | None = None,
    begin: int = 0,
    foretold: Floats | None = None,
) -> Flags:
    """One booking after the other, each the one that adds most score per yuan."""
    books = started(market, demand, booked, begin, foretold)
    books.fill()
    return books.plan


def water_filling(
    market: Market,
    demand: Demand,
    *,
    booked: Flags | None = None,
    begin: int = 0,
    foretold: Floats | None = None,
) -> Flags:
    """Every channel and phase is filled to one common effect per yuan: all bookings above it, in its order, as far as
    the money goes."""
    books = started(market, demand, booked, begin, foretold)
    creator, phase, rate = _marginal(books)
    best, most = books.plan, -np.inf
    for fines in _FINES:
        ranked = np.argsort(books.hierarchy * np.array(fines)[market.tier[creator]] - rate, kind="stable")
        plan = _taken(books, creator[ranked], phase[ranked])
        found = score(market, demand, plan, foretold)
        if found > most:
            best, most = plan, found
    books = Books(market, demand, booked=best, begin=begin, foretold=foretold)
    books.fill()
    return books.plan


def solver(
    market: Market,
    demand: Demand,
    *,
    booked: Flags | None = None,
    begin: int = 0,
    foretold: Floats | None = None,
    seconds: float = 2.0,
) -> Flags:
    """The best plan that a mixed integer programme finds in `seconds` of searching."""
    from socialml.environments.solver import solve  # scipy is not needed to answer a new budget

    return solve(market, demand, booked=booked, begin=begin, foretold=foretold, seconds=seconds).plan


PLANNERS: dict[str, Callable[..., Flags]] = {  # simplest first
    "template": template,
    "proportional": proportional,
    "water_filling": water_filling,
    "greedy": greedy,
    "solver": solver,
}


def _spread(books: Books, weights: Floats) -> Flags:
    """Money by weights (channels, phases, tiers) over the cells; what a cell cannot spend goes on to the next."""
    market, demand = books.market, books.demand
    phases_open = np.asarray(books.open.any(axis=0))
    weights = weights * demand.channels[:, None, None] * phases_open[:, None]
    total = weights.sum(axis=(0, 1))
    shares = weights / np.where(total > 0, total, 1) * _bounded(total, demand)
    rate = market.value / books.per_yuan
    tiers = len(market.tiers)
    order = np.argsort(-rate, kind="stable")
    ranked = [
        order[(market.channel[order] == c) & (market.tier[order] == t)]
        for c, t in np.ndindex(weights.shape[0], tiers)
    ]
    for _ in range(8):
        money, before = books.left * shares, books.left
        carried = 0.0
        for phase, channel, tier in np.ndindex(weights.shape[1], weights.shape[0], tiers):
            carried += float(money[channel, phase, tier])
            some = ranked[channel * tiers + tier]
            some = some[books.open[some, phase] & ~books.plan[some, phase]]
            while True:
                within = market.price[some] <= min(_OVERDRAWN * carried, float(books.room()[tier]))
                if not within.any():
                    break
                first = int(np.argmax(within))
                carried -= float(market.price[some[first]])
                books.add(int(some[first]), phase)
                some = some[first + 1 :]
        if books.left == before:
            break
    books.fill(forced=True)
    return books.plan


def _bounded(weights: Floats, demand: Demand) -> Floats:
    """(tiers,) shares in proportion to weights, moved as little as the tiers' bounds ask for."""
    low, high = 0.0, 1e6
    weights = weights / max(weights.sum(), 1e-300)
    if ((demand.tier_least <= weights) & (weights <= demand.tier_most)).all():
        return weights
    for _ in range(60):
        scale = (low + high) / 2
        shares = np.clip(scale * weights, demand.tier_least, demand.tier_most)
        low, high = (scale, high) if shares.sum() < 1 else (low, scale)
    return shares


def _marginal(books: Books) -> tuple[Ints, Ints, Floats]:
    """Creator, phase and effect per yuan of every open booking, when those of its channel and phase with more value
    per yuan are booked before it."""
    market = books.market
    creator, phase = np.nonzero(books.open)
    ratio = market.value[creator] / books.per_yuan[creator]
    cell = market.channel[creator] * len(market.phases) + phase
    order = np.lexsort((-ratio, cell))
    creator, phase, cell = creator[order], phase[order], cell[order]
    value = market.value[creator]
    before = np.cumsum(value) - value
    before = np.maximum(before - before[np.searchsorted(cell, cell)], 0)
    capacity = market.capacity[market.channel[creator], phase]
    gain = capacity * (
        concave((before + value) / capacity, market.bends, market.slopes)
        - concave(before / capacity, market.bends, market.slopes)
    )
    return creator, phase, books.weight[market.channel[creator], phase] * gain / books.per_yuan[creator]


def _taken(books: Books, creator: Ints, phase: Ints) -> Flags:
    """The plan that books in this order whatever fits, with the tiers' least set aside."""
    market, plan = books.market, books.plan.copy()
    prices, tiers = market.price[creator], market.tier[creator]
    left, room = books.left, (books.most - books.by_tier).tolist()
    needs = np.maximum(books.least - books.by_tier, 0).tolist()
    enough = prices.min(initial=np.inf)
    for i, (price, tier) in enumerate(zip(prices.tolist(), tiers.tolist(), strict=True)):
        if price <= room[tier] and price <= left - sum(needs) + needs[tier]:
            plan[creator[i], phase[i]] = True
            left -= price
            room[tier] -= price
            needs[tier] = max(needs[tier] - price, 0.0)
            if left < enough:
                break
    return plan
