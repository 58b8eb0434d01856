"""A campaign's plan while it is made: what every further booking would add to the score, kept up to date."""

from __future__ import annotations

from copy import copy

import numpy as np

from socialml.environments.demand import Demand, one
from socialml.environments.market import Flags, Floats, Ints, Market, concave

_FAR = 1e12  # capacities
_FREE = 1e-9  # yuan, so that what costs nothing has a gain per yuan and comes first


class Books:
    """Bookings of one campaign. Phases before `begin` are closed: what is booked there stays, is paid, and counts."""

    def __init__(
        self,
        market: Market,
        demand: Demand,
        *,
        booked: Flags | None = None,
        begin: int = 0,
        foretold: Floats | None = None,
    ) -> None:
        """booked: (m, phases) to begin with; foretold: (channels, phases) heat, none: its mean."""
        phases = len(market.phases)
        self.market, self.demand = market, demand
        self.weight: Floats = market.weight() * (1.0 if foretold is None else foretold)
        closed = np.arange(phases) < begin
        self.plan: Flags = np.zeros((market.m, phases), dtype=bool) if booked is None else booked.copy()
        self.open: Flags = demand.channels[market.channel][:, None] & ~closed
        self.value: Floats = market.summed(self.plan)  # (channels, phases)
        by_channel = market.spent(self.plan).sum(axis=1)  # (channels, tiers)
        self.by_channel: Floats = by_channel.sum(axis=1)
        self.by_tier: Floats = by_channel.sum(axis=0)
        self.left = demand.budget - market.cost(self.plan)
        self.least: Floats = demand.tier_least * demand.budget
        self.most: Floats = demand.tier_most * demand.budget
        self.crowded = float(one(demand).crowded()[0])
        rate = market.rate()
        self.hierarchy, self.crowding = rate * demand.hierarchy, rate * demand.crowding
        bends = np.concatenate([[0.0], market.bends, [_FAR]])
        self._curve = bends, concave(bends, market.bends, market.slopes)
        self._paid: list[Floats] = [market.price * (market.tier == tier) for tier in range(len(market.tiers))]
        self.per_yuan: Floats = np.maximum(market.price, _FREE)  # (m,) what a gain is divided by
        self._of: list[Ints] = [
            np.flatnonzero(market.channel == code) for code in range(len(market.channels))
        ]
        self.brings: Floats = np.zeros((market.m, phases))  # in effect, of each booking if it were added
        for code in range(len(market.channels)):
            for phase in range(begin, phases):
                self._look(code, phase)

    def _look(self, channel: int, phase: int) -> None:
        some, capacity, at = (
            self._of[channel],
            self.market.capacity[channel, phase],
            self.value[channel, phase],
        )
        found = np.interp((at + self.market.value[some]) / capacity, *self._curve)
        self.brings[some, phase] = (
            self.weight[channel, phase] * capacity * (found - np.interp(at / capacity, *self._curve))
        )

    def fined(self) -> Floats:
        """(m,) what a booking would add to the penalty."""
        market = self.market
        head, mid, tail = (float(spent) + paid for spent, paid in zip(self.by_tier, self._paid, strict=True))
        order = np.maximum(mid - head, 0) + np.maximum(tail - mid, 0)
        fines = self.hierarchy * (order - np.maximum(np.diff(self.by_tier), 0).sum())
        over = self.by_channel - self.crowded
        if self.crowding and over.max() + market.price.max() > 0:
            crowd = np.maximum(over[market.channel] + market.price, 0) - np.maximum(over, 0)[market.channel]
            fines += self.crowding * crowd
        return fines

    def gains(self) -> Floats:
        """(m, phases) of the score, for what is not booked yet."""
        return self.brings - self.fined()[:, None]

    def wanting(self) -> Flags:
        """(tiers,) whose least is missed although the cheapest booking left would not overshoot it."""
        out: Flags = self.by_tier < self.least
        if out.any():
            market = self.market
            left = self.demand.channels[market.channel] & (market.price > 0) & ~self.plan.all(axis=1)
            for tier in np.flatnonzero(out):
                prices = market.price[left & (market.tier == tier)]
                out[tier] = prices.size > 0 and self.by_tier[tier] + prices.min() <= self.least[tier]
        return out

    def room(self) -> Floats:
        """(tiers,) yuan that a tier may still take, with what other tiers must have set aside."""
        needs = np.where(self.wanting(), self.least - self.by_tier, 0.0)
        return np.minimum(self.most - self.by_tier, self.left - (needs.sum() - needs))

    def fits(self) -> Flags:
        """(m, phases) free, allowed and within every bound."""
        return self.open & ~self.plan & (self.market.price <= self.room()[self.market.tier])[:, None]

    def add(self, creator: int, phase: int, sign: int = 1) -> None:
        market = self.market
        channel, price = market.channel[creator], sign * market.price[creator]
        self.plan[creator, phase] = sign > 0
        self.value[channel, phase] += sign * market.value[creator]
        self.by_channel[channel] += price
        self.by_tier[market.tier[creator]] += price
        self.left -= price
        self._look(channel, phase)

    def copy(self) -> Books:
        other = copy(self)
        for name in ("plan", "value", "by_channel", "by_tier", "brings"):
            setattr(other, name, getattr(self, name).copy())
        return other

    def fill(self, *, forced: bool = False) -> None:
        """Book what adds most per yuan until nothing adds or fits; then what a tier's least still asks for.
        forced: only that."""
        market, per_yuan = self.market, self.per_yuan[:, None]
        while not forced:
            rate = np.where(self.fits(), self.gains() / per_yuan, 0.0)
            best = int(np.argmax(rate))
            if rate.flat[best] <= 0:
                break
            self.add(*divmod(best, rate.shape[1]))
        while (wanting := self.wanting()).any():
            fits = self.fits() & wanting[market.tier][:, None]
            if not fits.any():
                break
            self.add(
                *divmod(int(np.argmax(np.where(fits, self.gains() / per_yuan, -np.inf))), self.plan.shape[1])
            )


def started(
    market: Market,
    demand: Demand,
    booked: Flags | None = None,
    begin: int = 0,
    foretold: Floats | None = None,
) -> Books:
    """With what was booked in the phases before `begin` and nothing after them."""
    if booked is not None:
        booked = booked & (np.arange(booked.shape[1]) < begin)
    return Books(market, demand, booked=booked, begin=begin, foretold=foretold)
