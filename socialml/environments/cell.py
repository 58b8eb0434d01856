"""One cell of a campaign's walk: what may be spent there, and the set of creators that an action means."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from socialml.environments.demand import Demands
from socialml.environments.knapsack import Ladders, ladders
from socialml.environments.market import Flags, Floats, Ints, Market, within
from socialml.environments.thresholds import Curves, curves

NONE = -1  # the point of a ladder where not even the free creators are booked


@dataclass(frozen=True, eq=False)
class Tables:
    """What follows from a market alone."""

    ladders: Ladders
    curves: Curves
    everyone: Floats  # (channels, tiers) yuan of a ladder's last set
    cheapest: Floats  # (channels, tiers) inf where nobody has a price

    def first(self, demands: Demands) -> Floats:
        """(n, tiers) price of the tier's cheapest creator that is allowed: a least below it binds nobody."""
        return np.where(demands.channels[:, :, None], self.cheapest, np.inf).min(axis=1)


@lru_cache(maxsize=16)
def tables(market: Market, most: float) -> Tables:
    """most: yuan, the largest budget."""
    made = ladders(market, most)
    shape = len(market.channels), len(market.tiers)
    everyone = np.where(np.isfinite(made.cost), made.cost, 0).max(axis=1)
    cheapest = np.where(made.cost > 0, made.cost, np.inf).min(axis=1)
    return Tables(made, curves(market), everyone.reshape(shape), cheapest.reshape(shape))


@dataclass(frozen=True, eq=False)
class Room:
    """What n campaigns may spend in a cell."""

    open: Flags  # (n,) the channel is allowed
    last: Flags  # (n,) and no creator of a later cell can be paid
    available: Floats  # (n,) yuan
    least: Floats  # (n,) yuan that the tier's least needs here


def room(
    tables: Tables, demands: Demands, by_tier: Floats, left: Floats, channel: int, tier: int, ahead: Ints
) -> Room:
    """by_tier: (n, tiers) yuan spent; left: (n,) of the budget; ahead: (channels, tiers) how often each cell is still
    to come after this one."""
    budget = demands.budget
    need = np.maximum(demands.tier_least * budget[:, None] - by_tier, 0)
    need = np.where(need >= tables.first(demands), need, 0)
    payable = demands.channels[:, :, None] & (tables.cheapest <= left[:, None, None])
    later = (payable * (ahead * tables.everyone)).sum(axis=1)  # (n, tiers)
    others = np.minimum(need, later)
    others[:, tier] = 0
    most = demands.tier_most[:, tier] * budget - by_tier[:, tier]
    available = np.maximum(np.minimum(left - others.sum(axis=1), most), 0)
    least = within(_short(tables, demands, need[:, tier], tier, ahead[:, tier]), 0, available)
    allowed: Flags = demands.channels[:, channel]
    return Room(allowed, allowed & ~(later > 0).any(axis=1), available, least)


def _short(tables: Tables, demands: Demands, need: Floats, tier: int, ahead: Ints) -> Floats:
    """(n,) yuan of a tier's need that later cells cannot spend: in each of them, the dearest set within the need."""
    short = need
    cost = tables.ladders.cost[tier :: tables.cheapest.shape[1]]
    for channel in np.flatnonzero(ahead):
        most = cost[channel, np.searchsorted(cost[channel], need, side="right") - 1]
        short = short - most * ahead[channel] * demands.channels[:, channel]
    return short


@dataclass(frozen=True, eq=False)
class Choice:
    """The sets that n campaigns may book in a cell: those within what is available, and from the tier's least on as
    far as that is possible."""

    room: Room
    cost: Floats  # (points,)
    value: Floats  # (points,)
    worth: Floats  # (n, points) effect that each would add, with the heat foretold
    may: Flags  # (n, points)

    def by_threshold(self, tau: Floats) -> Ints:
        """(n,) points of most gain less tau x cost; the cheapest of equal ones."""
        net = np.where(self.may, self.worth - tau[:, None] * self.cost, -np.inf)
        return np.where(self.room.open, net.argmax(axis=1), NONE)

    def by_share(self, share: Floats) -> Ints:
        """(n,) points whose cost is nearest to this share of what is available."""
        away = np.abs(self.cost - (share * self.room.available)[:, None])
        return np.where(self.room.open, np.where(self.may, away, np.inf).argmin(axis=1), NONE)

    def paid(self, point: Ints) -> Floats:
        return self.cost[point] * (point != NONE)

    def gained(self, point: Ints) -> Floats:
        return self.value[point] * (point != NONE)

    def steps(self, point: Ints) -> tuple[Floats, Floats, Floats]:
        """(n,) each: worth of a yuan in the best larger set beyond this point, what that one costs more, and worth of
        a yuan in what the best smaller set would give up; 0, 0 and inf where there is none."""
        rows, here = np.arange(len(point)), np.maximum(point, 0)
        dearer = self.cost - self.paid(point)[:, None]
        better = self.worth - (self.worth[rows, here] * (point != NONE))[:, None]
        rate = better / np.where(dearer == 0, 1.0, dearer)
        larger = np.where(self.may & (dearer > 0), rate, 0.0)
        best = larger.argmax(axis=1)
        up = larger[rows, best]
        down = np.where(self.may & (dearer < 0), rate, np.inf).min(axis=1)
        return up, np.where(up > 0, dearer[rows, best], 0.0), down

    def rate(self, share: Floats | float) -> Floats:
        """(n,) worth of a yuan where this share of what is available is spent; 0 where that buys nothing."""
        point = np.searchsorted(self.cost, share * self.room.available, side="right") - 1
        found = self.worth[np.arange(len(point)), point] / np.maximum(self.cost[point], 1e-9)
        return np.where(point > 0, found, 0.0)


def choice(room: Room, cost: Floats, value: Floats, worth: Floats) -> Choice:
    most = np.searchsorted(cost, room.available * (1 + 1e-12), side="right") - 1
    least = np.minimum(np.searchsorted(cost, room.least), most)
    point = np.arange(len(cost))
    return Choice(room, cost, value, worth, (point >= least[:, None]) & (point <= most[:, None]))
