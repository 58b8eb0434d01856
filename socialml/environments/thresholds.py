"""Water-filling: one price of money for all cells still open, at which the rest of a budget is just spent.

The dual of the campaign's programme with creators divisible: a creator is worth booking where
    weight x heat x slope(S / capacity) x value / price >= tau + what the yuan costs in penalties and bounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from socialml.environments.demand import Demands
from socialml.environments.market import Floats, Ints, Market, within

Floats32 = NDArray[np.float32]
BINS = 256  # of log value per yuan
CAPS = 16  # highest prices for which the curves are kept, for small budgets cannot have large creators
FACTORS = np.exp(
    [-2.5, -1.2, -0.6, -0.25, 0.0, 0.25, 0.6, 1.0, 1.5]
)  # of tau, at which the plan's cost is kept
FLAT = 1e-3  # a slope below which nothing more is booked
HALVINGS = 6  # to within some bins
START = (0.5, *np.geomspace(1.0, 0.06, 11))  # sizes of the steps towards the prices: the first time,
AGAIN = tuple(np.geomspace(0.3, 0.06, 5))  # and from the prices of the phase before


@dataclass(frozen=True, eq=False)
class Curves:
    """What is bought in a cell at a threshold on value per yuan."""

    cost: Floats32  # (caps, channels, tiers, bins + 1) of who has at least the bin's value per yuan
    value: Floats32
    caps: Floats  # (caps,) rising
    ratio: float  # value per yuan at which the first bin begins
    width: float  # of a bin, in logs


def curves(market: Market) -> Curves:
    good = market.value > 0
    paid = good & (market.price > 0)
    ratio = np.log(market.value[paid] / market.price[paid]) if paid.any() else np.zeros(1)
    start, width = float(ratio.min()), float(max(np.ptp(ratio), 1e-3)) / BINS
    prices = market.price[paid] if paid.any() else np.ones(1)
    caps = np.geomspace(prices.min(), prices.max(), CAPS)
    table = np.zeros((CAPS, len(market.channels), len(market.tiers), BINS + 1, 2))
    bins = np.minimum(((ratio - start) / width).astype(int), BINS - 1)
    where = (market.channel[paid], market.tier[paid])
    for row, cap in enumerate(caps):
        inside = prices <= cap * (1 + 1e-9)
        at = (where[0][inside], where[1][inside], bins[inside]) if paid.any() else ([], [], [])
        np.add.at(table[row, ..., 0], at, prices[inside] if paid.any() else [])
        np.add.at(table[row, ..., 1], at, market.value[paid][inside] if paid.any() else [])
    table = np.flip(np.cumsum(np.flip(table, 3), 3), 3)
    free = good & (market.price == 0)
    for channel, tier, value in zip(market.channel[free], market.tier[free], market.value[free], strict=True):
        table[:, channel, tier, :, 1] += value
    cost, value = np.ascontiguousarray(np.moveaxis(table, -1, 0), dtype=np.float32)
    return Curves(cost, value, caps, float(np.exp(start)), width)


@dataclass(frozen=True, eq=False)
class Prices:
    """What a yuan costs: tau, and the multipliers of the penalties and bounds."""

    tau: Floats  # (n,)
    hierarchy: Floats  # (tiers - 1, n)
    above: Floats  # (tiers, n) of the most
    below: Floats  # (tiers, n) of the least
    crowd: Floats  # (channels, n)

    def shift(self) -> Floats:
        """(tiers, channels, n) what a yuan costs more than tau."""
        tier = self.above - self.below
        tier[1:] += self.hierarchy
        tier[:-1] -= self.hierarchy
        return tier[:, None] + self.crowd


@dataclass(frozen=True, eq=False)
class Filling:
    """The plan with divisible creators for the phases from `begin` on."""

    begin: int
    prices: Prices
    shift: Floats  # (tiers, channels, n)
    rest: Floats32  # (factors, cells still open, n) cost of each cell and all after it, at each factor x tau
    after: Floats  # (n, tiers, channels, phases open) value that the plan books in the tiers that follow
    value: Floats  # (n,) effect of the plan, with the heat foretold, less its penalty

    def price(self, cell: int, left: Floats) -> Floats:
        """(n,) tau at which what is left would just be spent on this cell (from the first open) and all after it."""
        return _tau_of(self.prices.tau, self.rest[:, cell], left)


def _tau_of(tau: Floats, rest: Floats32, left: Floats) -> Floats:
    """(n,) tau times the factor at which `rest` (factors, n) is what is left; 0 where even the lowest leaves money."""
    at, part = _between(rest, left)
    logs = np.log(FACTORS)
    found = tau * np.exp(logs[at - 1] + part * (logs[at] - logs[at - 1]))
    return np.where(rest[0] <= left, 0.0, found)


def _between(rest: Floats32, left: Floats) -> tuple[Ints, Floats]:
    """(n,) the upper of the two factors between which `rest` (factors, n) is what is left, and how near it is."""
    at = within((rest > left).sum(axis=0), 1, len(rest) - 1)
    rows = np.arange(len(left))
    high, low = rest[at - 1, rows], rest[at, rows]
    return at, within((high - left) / np.maximum(high - low, 1e-9), 0, 1)


def fill(
    market: Market, made: Curves, demands: Demands, spent: Floats, heat: Floats, begin: int,
    before: Filling | None = None,
) -> Filling:  # fmt: skip
    """spent: (n, channels, tiers) so far; heat: (n, channels, phases) foretold; before: the filling of an earlier
    phase, to start from."""
    n, rate, budget = demands.n, market.rate(), demands.budget
    left = np.maximum(budget - spent.sum(axis=(1, 2)), 1e-9)
    ask = _Ask(market, made, demands, left, heat, begin)
    tiers, channels = len(market.tiers), len(market.channels)
    steps = START if before is None else AGAIN
    prices = before.prices if before is not None else Prices(
        np.full(n, 0.5 * rate), np.zeros((tiers - 1, n)), np.zeros((tiers, n)), np.zeros((tiers, n)),
        np.zeros((channels, n)),
    )  # fmt: skip
    most = np.where(demands.tier_most < 1, demands.tier_most * budget[:, None], np.inf).T
    least, over = demands.tier_least.T * budget, demands.crowded()
    top, top_crowd = demands.hierarchy * rate, demands.crowding * rate
    paid = spent.T  # (tiers, channels, n)
    for size in steps:
        cost, _ = ask.at(prices.tau + prices.shift())
        cost = cost.sum(axis=2)
        total = paid + cost
        by_tier, by_channel = total.sum(axis=1), total.sum(axis=0)
        pull = size * within(4 * (by_tier[1:] - by_tier[:-1]) / left, -1, 1)
        step = size * prices.tau
        off = np.log(np.maximum(cost.sum(axis=(0, 1)) / left, 1e-3))
        prices = Prices(
            within(prices.tau * np.exp(size * within(off, -1, 1)), 1e-4 * rate, 1e3 * rate),
            within(prices.hierarchy + pull * top, 0, top),
            np.maximum(prices.above + step * within(4 * (by_tier - most) / left, -1, 1), 0),
            np.maximum(prices.below + step * within(4 * (least - by_tier) / left, -1, 1), 0),
            within(
                prices.crowd + size * top_crowd * within(4 * (by_channel - over) / left, -1, 1), 0, top_crowd
            ),
        )
    shift = prices.shift()
    costs, values = ask.at(FACTORS[:, None, None, None] * prices.tau + shift)
    cells = costs.transpose(0, 3, 2, 1, 4).reshape(len(FACTORS), -1, n)  # in the order of the walk
    rest = np.flip(np.cumsum(np.flip(cells, 1), 1), 1)
    # A mixture of two plans, since a small change of tau may book a large creator.
    at, part = _between(rest[:, 0], left)

    def mixed(of: NDArray[Any]) -> Floats:
        """(factors, ..., n) -> (n, ...)"""
        low, high = (np.moveaxis(of, -1, 1)[index, np.arange(n)] for index in (at - 1, at))
        share = part.reshape(-1, *(1,) * (of.ndim - 2))
        return low + share * (high - low)

    costing, value = mixed(costs), mixed(values)  # (n, tiers, channels, phases open)
    summed = np.zeros((n, *market.capacity.shape))
    summed[:, :, begin:] = value.sum(axis=1)
    effect = (market.weight() * heat * market.saturated(summed)).sum(axis=(1, 2))
    fine = demands.penalty(spent + costing.sum(axis=3).swapaxes(1, 2), rate)
    after = np.flip(np.cumsum(np.flip(value, 1), 1), 1) - value
    return Filling(begin, prices, shift, rest, after, effect - fine)


class _Ask:
    def __init__(
        self, market: Market, made: Curves, demands: Demands, left: Floats, heat: Floats, begin: int
    ) -> None:
        _, channels, tiers, bins = made.cost.shape
        cells = np.arange(channels * tiers).reshape(channels, tiers).T[:, :, None, None]
        row = np.minimum(np.searchsorted(made.caps, left), len(made.caps) - 1)
        self.first = ((row * channels * tiers + cells) * bins).astype(np.int32)  # where a cell's curve begins
        levels = np.log(np.maximum(market.weight() * heat, 1e-12)[:, :, begin:] * made.ratio) / made.width
        self.levels = levels.transpose(1, 2, 0).astype(np.float32)  # (channels, phases open, n) bins
        self.capacity = market.capacity[:, begin:, None].astype(np.float32)
        self.allowed = demands.channels.T[:, None].astype(np.float32)
        self.made = made
        # Slopes in bins; at each, and down to the next, the value at which it ends.
        self.slopes = (np.log(np.maximum(market.slopes, FLAT)) / made.width).astype(np.float32)
        self.ends = np.append(market.bends, np.inf).astype(np.float32)

    def at(self, theta: Floats) -> tuple[Floats32, Floats32]:
        """Cost and value (..., tiers, channels, phases open, n) of what is worth booking where a yuan costs theta
        (..., tiers, channels, n).

        The slope s at which just so much is booked as has slope s is halved in; at a bend it is any between two
        slopes, and what straddles the bend is booked in part.
        """
        place = (np.log(np.maximum(theta, 1e-12)) / self.made.width).astype(np.float32)
        place = place[..., None, :] - self.levels + 1
        low = np.broadcast_to(self.slopes[-1], (*place.shape[:-4], *place.shape[-3:]))
        high = np.broadcast_to(self.slopes[0], low.shape)
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            full = self._booked(self.made.value, place, middle).sum(axis=-4) >= self._end(middle)
            low, high = np.where(full, low, middle), np.where(full, middle, high)
        less, more = (self._booked(self.made.value, place, slope) for slope in (low, high))
        under, over = less.sum(axis=-4), more.sum(axis=-4)
        part = within((self._end(high) - under) / np.maximum(over - under, np.float32(1e-9)), 0, 1)
        part = np.expand_dims(part, -4) * self.allowed
        least, most = (self._booked(self.made.cost, place, slope) for slope in (low, high))
        return least * self.allowed + part * (most - least), less * self.allowed + part * (more - less)

    def _booked(self, curve: Floats32, place: Floats32, slope: Floats32) -> Floats32:
        up = within(place - np.expand_dims(slope, -4), 0, BINS).astype(np.int32)
        return curve.take(self.first + up)

    def _end(self, slope: Floats32) -> Floats32:
        end = np.full(slope.shape, self.ends[0])
        for found, value in zip(self.slopes[1:-1], self.ends[1:-1], strict=True):
            end = np.where(slope <= found, value, end)
        return end * self.capacity
