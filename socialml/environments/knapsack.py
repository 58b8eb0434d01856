"""Which creators to book in a cell for so much money: for every channel and tier a ladder of sets, each worth more
than all that cost less. Phases share it, for they change every creator of a channel alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from socialml.environments.market import Flags, Floats, Ints, Market

POINTS = 96  # of a ladder, the first of which costs nothing
GRID = 1000  # steps of cost in the dynamic programme
FULL = 40  # creators up to which the programme covers all their cost
DEEP = 12  # middling prices that it covers with more; beyond them, the best by value per yuan lose little


@dataclass(frozen=True, eq=False)
class Ladders:
    """cell: channel x tiers + tier."""

    cost: Floats  # (cells, points) yuan, rising; inf after the last
    value: Floats  # (cells, points) rising
    members: list[Ints]  # of each cell, the creators that are worth anything
    sets: list[Flags]  # (points of the cell, its members)
    creators: int

    def chosen(self, cell: int, point: int) -> Flags:
        """(m,) who is booked."""
        out = np.zeros(self.creators, dtype=bool)
        out[self.members[cell][self.sets[cell][point]]] = True
        return out


def ladders(market: Market, most: float = np.inf) -> Ladders:
    """most: yuan above which no set is needed."""
    tiers = len(market.tiers)
    cells = len(market.channels) * tiers
    cost, value = np.full((cells, POINTS), np.inf), np.zeros((cells, POINTS))
    members, sets = [], []
    of = market.channel * tiers + market.tier
    for cell in range(cells):
        found = np.flatnonzero((of == cell) & (market.value > 0))
        ratio = market.value[found] / np.maximum(market.price[found], 1e-9)
        found = found[np.argsort(-ratio, kind="stable")]
        chosen = _ladder(market.price[found], market.value[found], most)
        points = len(chosen)
        cost[cell, :points] = chosen @ market.price[found]
        value[cell, :points] = chosen @ market.value[found]
        value[cell, points:] = value[cell, points - 1]
        members.append(found)
        sets.append(chosen)
    return Ladders(cost, value, members, sets, market.m)


def _ladder(price: Floats, value: Floats, most: float) -> Flags:
    """(points, creators); creators come best value per yuan first, so the free ones, always taken, lead."""
    paid = np.flatnonzero(price > 0)
    found = _programme(price[paid], value[paid], most)
    # The best by value per yuan, as many as may be paid.
    reach = int(np.searchsorted(np.cumsum(price[paid]), most, side="right"))
    cost = np.concatenate([found @ price[paid], np.cumsum(price[paid])[:reach]])
    worth = np.concatenate([found @ value[paid], np.cumsum(value[paid])[:reach]])
    order = np.lexsort((-worth, cost))
    best = np.maximum.accumulate(worth[order])
    rises = worth[order] > np.concatenate([[0.0], best[:-1]])
    order = order[rises & (cost[order] <= most)]
    keep = order[_spaced(cost[order])]
    sets = np.zeros((len(keep) + 1, len(price)), dtype=bool)
    sets[:, price == 0] = True
    for row, index in enumerate(keep, start=1):
        if index < len(found):
            sets[row, paid] = found[index]
        else:
            sets[row, paid[: index - len(found) + 1]] = True
    return sets


def _spaced(cost: Floats) -> Ints:
    """Indices of at most POINTS - 1 costs, even in yuan and in logarithms."""
    if len(cost) < POINTS:
        return np.arange(len(cost))
    half = (POINTS - 1) // 2
    levels = np.concatenate(
        [np.geomspace(cost[0], cost[-1], half), np.linspace(cost[0], cost[-1], half)]
    ) * (1 + 1e-12)  # fmt: skip
    return np.unique(np.searchsorted(cost, levels, side="right") - 1)


def _programme(price: Floats, value: Floats, most: float) -> Flags:
    """(sets, creators) best for each step of cost, prices rounded to steps (0-1 knapsack by dynamic programming)."""
    if not len(price):
        return np.zeros((0, 0), dtype=bool)
    limit = min(most, price.sum())
    if len(price) > FULL:
        limit = min(limit, DEEP * float(np.median(price)))
    pool = _pool(price, value, limit)
    step = limit / GRID
    weight = np.maximum(np.rint(price[pool] / step).astype(int), 1)
    best = np.zeros(GRID + 1)
    taken = np.zeros((len(pool), GRID + 1), dtype=bool)
    for i, (cost, worth) in enumerate(zip(weight, value[pool], strict=True)):
        if cost > GRID:
            continue
        with_it = best[: GRID + 1 - cost] + worth
        taken[i, cost:] = with_it > best[cost:]
        best[cost:] = np.maximum(best[cost:], with_it)
    sets = np.zeros((GRID + 1, len(price)), dtype=bool)
    left = np.arange(GRID + 1)
    for i in reversed(range(len(pool))):
        use = taken[i, left]
        sets[:, pool[i]] = use
        left = left - weight[i] * use
    return sets[np.unique(best, return_index=True)[1]]


def _pool(price: Floats, value: Floats, limit: float) -> Ints:
    """The best by value per yuan to three times the limit, and whoever is worth more than all that are cheaper."""
    first = np.cumsum(price) <= 3 * limit
    order = np.lexsort((-value, price))
    best = np.maximum.accumulate(value[order])
    first[order[value[order] > np.concatenate([[0.0], best[:-1]])]] = True
    return np.flatnonzero(first & (price <= limit * 1.001))
