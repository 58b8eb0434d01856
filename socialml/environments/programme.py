"""The plan as a programme: which creators in which phases.

Saturation is concave and piecewise linear, carry-over linear, the penalties convex and piecewise linear: with bookings
in [0, 1] it is a linear programme, with bookings in {0, 1} a mixed one. Both go to HiGHS (scipy.optimize).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from scipy import optimize, sparse

from socialml.environments.booking import Books
from socialml.environments.demand import CENT
from socialml.environments.market import Flags, Floats, Ints

_MOST_BOOKINGS = 2_000  # whole numbers that are searched for
_NODES = 200  # of the search tree: a number, so that the same question has the same answer
_GAP = 2e-3  # where the search may stop


class Programme:
    """maximise effect - penalty. Columns: n bookings, pieces of the saturation of each channel and open phase, by how
    much mid outspends head and tail mid, and each channel what is over the crowd. Money is in budgets and the score in
    what a budget brings at the market's rate, so that all numbers are near 1."""

    def __init__(self, books: Books) -> None:
        market, demand = books.market, books.demand
        self.books = books
        self.shape = (len(market.channels), len(market.phases))
        self.money = demand.budget
        self.worth = (market.rate() or 1.0) * demand.budget
        limit: Floats = np.minimum(books.left, books.most)[market.tier] + CENT * self.money
        fits = np.asarray(market.price <= limit)
        self.open: Flags = books.open & fits[:, None]  # what a plan within the bounds may hold
        self.creator, self.phase = self._candidates()
        self.sure: Flags = np.zeros(self.n, dtype=bool)  # (n,) in any plan that is better than the one known
        phases_open = np.asarray(books.open.any(axis=0))
        self.cells = np.argwhere(phases_open & demand.channels[:, None])  # (cells, 2)
        width = np.diff(np.append(0.0, market.bends), append=np.inf)
        channel, phase = self.cells.T
        self.width: Floats = market.capacity[channel, phase, None] * width / self.worth  # (cells, pieces)
        self.slope: Floats = books.weight[channel, phase, None] * market.slopes
        self.crowded: Ints = np.flatnonzero(demand.channels & np.isfinite(books.crowded))
        self.limit = np.concatenate(
            [
                [books.left],
                books.most - books.by_tier,
                books.by_tier - least_of_any(books),
                books.by_tier[:-1] - books.by_tier[1:],
                books.crowded - books.by_channel[self.crowded],
            ]
        )  # fmt: skip
        self.limit = self.limit / self.money
        self.limit[: 1 + len(market.tiers)] += CENT  # what `feasible` lets pass
        self.fine = np.full(len(market.tiers) - 1, books.hierarchy) * self.money / self.worth
        self.fine_crowd = np.full(len(self.crowded), books.crowding) * self.money / self.worth
        self.fixed = float((books.weight * market.saturated(books.value)).sum())  # of closed phases

    @property
    def n(self) -> int:
        return len(self.creator)

    def _candidates(self) -> tuple[Ints, Ints]:
        """Bookings worth a column. In a channel and tier a yuan is best spent in order of value per yuan, so the linear
        programme never needs those after which the whole budget would be gone."""
        books, market = self.books, self.books.market
        some = np.flatnonzero(self.open.any(axis=1))
        rate = (market.value / books.per_yuan)[some]
        order = some[np.lexsort((-rate, market.tier[some], market.channel[some]))]
        group = (market.channel * len(market.tiers) + market.tier)[order]
        before = np.cumsum(market.price[order]) - market.price[order]
        before = before - before[np.searchsorted(group, group)]
        useful = before <= np.minimum(books.left, books.most)[market.tier[order]] + CENT * self.money
        keep = np.zeros(market.m, dtype=bool)
        keep[order[useful]] = True
        creator, phase = np.nonzero(self.open & keep[:, None])
        return creator, phase

    def _matrix(self) -> sparse.csr_array:
        market, n = self.books.market, self.n
        cells, pieces = self.width.shape
        tiers, crowds = len(market.tiers), len(self.crowded)
        price, tier, channel = (
            market.price[self.creator] / self.money, market.tier[self.creator], market.channel[self.creator],
        )  # fmt: skip
        cell_of = np.full(self.shape, -1)
        cell_of[tuple(self.cells.T)] = np.arange(cells)
        crowd_of = np.full(self.shape[0], -1)
        crowd_of[self.crowded] = np.arange(crowds)
        column = np.arange(n)
        budget, most, least, order, crowd = np.cumsum([0, 1, tiers, tiers, tiers - 1])
        link = crowd + crowds
        y, u = n, n + cells * pieces
        z = u + tiers - 1
        inside, not_last, not_first = crowd_of[channel] >= 0, tier < tiers - 1, tier > 0
        blocks = [
            (np.full(n, budget), column, price),
            (most + tier, column, price),
            (least + tier, column, -price),
            (order + tier[not_first] - 1, column[not_first], price[not_first]),
            (order + tier[not_last], column[not_last], -price[not_last]),
            (order + np.arange(tiers - 1), u + np.arange(tiers - 1), -np.ones(tiers - 1)),
            (crowd + crowd_of[channel[inside]], column[inside], price[inside]),
            (crowd + np.arange(crowds), z + np.arange(crowds), -np.ones(crowds)),
            (link + cell_of[channel, self.phase], column, -market.value[self.creator] / self.worth),
            (
                link + np.repeat(np.arange(cells), pieces),
                y + np.arange(cells * pieces),
                np.ones(cells * pieces),
            ),
        ]
        row, col, data = (np.concatenate(part) for part in zip(*blocks, strict=True))
        return sparse.csr_array((data, (row, col)), shape=(link + cells, z + crowds))

    def _pieces(self) -> tuple[Floats, Floats, Floats]:
        """What to minimise, right-hand sides, and upper ends of the columns."""
        cost = np.concatenate([np.zeros(self.n), -self.slope.ravel(), self.fine, self.fine_crowd])
        ends = np.concatenate(
            [np.ones(self.n), self.width.ravel(), np.full(len(self.fine) + len(self.fine_crowd), np.inf)]
        )
        return cost, np.concatenate([self.limit, np.zeros(len(self.cells))]), ends

    def rounded(self) -> Flags:
        """A plan (m, phases) of the linear programme's whole bookings and what still adds to them; sets the bound."""
        cost, right, ends = self._pieces()
        multipliers, chosen = np.zeros(len(right)), np.zeros(self.n, dtype=bool)
        found = optimize.linprog(
            cost, A_ub=self._matrix(), b_ub=right, bounds=np.stack([np.zeros_like(ends), ends], axis=1)
        )
        if found.x is not None:  # else no fractions of bookings keep the bounds
            multipliers, chosen = -found.ineqlin.marginals, found.x[: self.n] > 1 - 1e-6
        self._judge(multipliers)
        return self._booked(chosen)

    def _judge(self, multipliers: Floats) -> None:
        """bound: of the score, and worth_it: (m, phases) what a booking adds to it or, below 0, would take from it.

        Lagrange's duality over all creators, true for any multipliers >= 0; of the best ones it is the optimum of the
        linear programme."""
        market = self.books.market
        tiers = len(market.tiers)
        held = np.maximum(multipliers[: len(self.limit)], 0)
        link = np.maximum(multipliers[len(self.limit) :], self.slope[:, -1])
        held[1 + 2 * tiers : 3 * tiers] = np.minimum(held[1 + 2 * tiers : 3 * tiers], self.fine)
        held[3 * tiers :] = np.minimum(held[3 * tiers :], self.fine_crowd)
        most, least, order = np.split(held[1 : 3 * tiers], [tiers, 2 * tiers])
        per_tier = held[0] + most - least + np.append(0.0, order) - np.append(order, 0.0)
        crowd = np.zeros(self.shape[0])
        crowd[self.crowded] = held[3 * tiers :]
        a_yuan = per_tier[market.tier] + crowd[market.channel]
        a_value = np.zeros(self.shape)
        a_value[tuple(self.cells.T)] = link
        a_value = a_value[market.channel] * (market.value / self.worth)[:, None]
        self.worth_it = (a_value - (a_yuan * market.price / self.money)[:, None]) * self.worth
        over = np.maximum(self.slope - link[:, None], 0)
        pieces = np.where(over > 0, over * np.where(over > 0, self.width, 0), 0).sum()
        bookings = np.maximum(self.worth_it, 0)[self.open].sum()
        self.bound = self.fixed + float(self.worth * (held @ self.limit + pieces) + bookings) * (1 + 1e-12)

    def narrow(self, score: float) -> bool:
        """Leave out bookings that no plan better than `score` holds; whether all others are columns now, or only those
        that are worth most."""
        creator, phase = np.nonzero(self.open & (self.bound + self.worth_it > score))
        some = np.arange(len(creator))
        if len(creator) > _MOST_BOOKINGS:
            some = np.argpartition(-self.worth_it[creator, phase], _MOST_BOOKINGS)[:_MOST_BOOKINGS]
        self.creator, self.phase = creator[some], phase[some]
        self.sure = (self.bound - self.worth_it < score)[self.creator, self.phase]
        return len(some) == len(creator)

    def whole(self, seconds: float) -> tuple[Flags | None, float]:
        """(m, phases) the best plan that the search finds in time, if any; and a bound of every plan over the columns
        left."""
        cost, right, ends = self._pieces()
        kinds = np.zeros(len(cost))
        kinds[: self.n] = 1
        low = np.zeros(len(cost))
        low[: self.n] = self.sure
        with _hushed():
            found = optimize.milp(
                cost,
                constraints=optimize.LinearConstraint(self._matrix(), ub=right),
                bounds=optimize.Bounds(low, ends),
                integrality=kinds,
                options={"time_limit": seconds, "mip_rel_gap": _GAP, "node_limit": _NODES},
            )
        limit = np.inf
        if found.mip_dual_bound is not None:
            dual = float(found.mip_dual_bound)
            limit = self.fixed + self.worth * (abs(dual) * 1e-6 - dual)
        return None if found.x is None else self._booked(found.x[: self.n] > 0.5), limit

    def _booked(self, chosen: Flags) -> Flags:
        """In order of value per yuan as far as every bound holds exactly, then what still adds."""
        books = self.books.copy()
        market = books.market
        rate = market.value / books.per_yuan
        picked = np.flatnonzero(chosen)
        for column in picked[np.argsort(-rate[self.creator[picked]])]:
            creator = int(self.creator[column])
            price, tier = market.price[creator], market.tier[creator]
            if price <= books.left and books.by_tier[tier] + price <= books.most[tier]:
                books.add(creator, int(self.phase[column]))
        books.fill()
        return books.plan


def least_of_any(books: Books) -> Floats:
    """(tiers,) yuan below which no plan within the bounds goes. A least is kept when the cheapest booking left would
    overshoot it: with the k cheapest creators in every phase, the next one's price may be missing."""
    market, out = books.market, np.zeros(len(books.least))
    inside = books.demand.channels[market.channel] & (market.price > 0)
    for tier in np.flatnonzero(books.least > 0):
        price = np.sort(market.price[inside & (market.tier == tier)])
        spent = len(market.phases) * np.append(0.0, np.cumsum(price))
        missing = np.append(books.least[tier] - price, books.least[tier])
        out[tier] = max(0.0, np.maximum(spent, missing).min() - CENT * books.demand.budget)
    return out


@contextmanager
def _hushed() -> Iterator[None]:
    """HiGHS prints a line of its own to the process's standard output, where a command's JSON or a worker's progress
    goes; nothing is written there meanwhile."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
