"""What a customer's own rhythm of orders says: whether they still buy here, and will within a month.

Orders fall at each customer's own even rate until they leave for good (Schmittlein, Morrison and Colombo
1987). How rates and leaving are spread among customers is not assumed but learned from all their orders before
the cutoff: a prior on a grid, by maximum likelihood (empirical Bayes; Laird 1978). A customer of few orders
then leans on what others with as few turned out to be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HORIZON_DAYS = 30
RATES = np.geomspace(1 / 500, 2, 28)  # orders a day
LEAVING = np.array([1 / 100, 1 / 300, 1 / 1000, 1 / 4000])  # of those still here, a day
STEPS = 60  # of expectation and maximisation: more would follow the noise
LEARN_MOST = 5_000  # customers, evenly among all in their order
BLOCK = 20_000  # customers at once: 112 cells of the grid each


@dataclass(frozen=True, eq=False)
class Rhythm:
    alive: Floats  # (customers,) chance that they have not left for good
    chance: Floats  # (customers,) chance of an order in the next HORIZON_DAYS


def of(orders: Floats, days: Floats, quiet: Floats) -> Rhythm:
    """Each (customers,): orders since the first day on which they could be seen, that day's own not counted,
    for they are why a customer is seen; days since then; days since the last order, or all where there is none.
    """
    days = np.maximum(days, 1.0)
    quiet = np.minimum(quiet, days)
    alive, chance = np.empty(len(days)), np.empty(len(days))
    if not len(days):
        return Rhythm(alive, chance)
    learned = np.unique(np.linspace(0, len(days) - 1, LEARN_MOST).astype(np.int64))
    prior = spread(_likelihood(orders[learned], days[learned], quiet[learned])[0])
    rate, leave = _grid()
    buys = rate / (rate + leave) * (1 - np.exp(-(rate + leave) * HORIZON_DAYS))  # of those still here
    for begin in range(0, len(days), BLOCK):
        rows = slice(begin, begin + BLOCK)
        weights, here = _likelihood(orders[rows], days[rows], quiet[rows])
        weights *= prior
        weights /= weights.sum(axis=1, keepdims=True)
        weights *= here
        alive[rows], chance[rows] = weights.sum(axis=1), weights @ buys
    return Rhythm(alive, chance)


def spread(likelihood: Floats) -> Floats:
    """(cells,) the share of customers in each cell of the grid, from (customers, cells) likelihoods."""
    prior = np.full(likelihood.shape[1], 1 / likelihood.shape[1])
    for _ in range(STEPS):
        prior = prior * (likelihood.T @ (1 / (likelihood @ prior))) / len(likelihood)
    return prior


def _grid() -> tuple[Floats, Floats]:
    """(cells,) rates and chances to leave of the cells."""
    return np.tile(RATES, len(LEAVING)), np.repeat(LEAVING, len(RATES))


def _likelihood(orders: Floats, days: Floats, quiet: Floats) -> tuple[Floats, Floats]:
    """(customers, cells) likelihoods up to a factor a customer, and the chance to be here still in each cell."""
    rate, leave = _grid()
    pace = rate + leave
    stayed = np.exp(-quiet[:, None] * pace)
    left = leave / pace * (1 - stayed)  # on some day since the last order
    log = orders[:, None] * np.log(rate) - (days - quiet)[:, None] * pace + np.log(stayed + left)
    return np.exp(log - log.max(axis=1, keepdims=True)), stayed / (stayed + left)
