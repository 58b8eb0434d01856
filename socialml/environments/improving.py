"""A search that makes any plan better: one booking given back for another, the best such pair first."""

from __future__ import annotations

import numpy as np

from socialml.environments.booking import Books
from socialml.environments.demand import Demand
from socialml.environments.market import Flags, Floats, Ints, Market, concave

_PAIRS = 200_000  # looked at for one swap; where there are more, partners of most effect per yuan
_TRIES = 8  # pairs looked at exactly before the search stops


def improve(
    market: Market,
    demand: Demand,
    plan: Flags,
    *,
    begin: int = 0,
    foretold: Floats | None = None,
    swaps: int = 60,
) -> Flags:
    """Swap bookings while the score rises, at most `swaps` times, and book what still fits. Bounds that hold stay."""
    books = Books(market, demand, booked=plan, begin=begin, foretold=foretold)
    books.fill()
    for _ in range(swaps):
        if not _swap(books):
            break
        books.fill()
    return books.plan


def _swap(books: Books) -> bool:
    """The swap of most gain, if any gains."""
    gains, given, taken = _pairs(books)
    if not gains.size:
        return False
    wanting = books.wanting()
    for best in _top(gains):
        i, j = divmod(int(best), gains.shape[1])
        if gains[i, j] <= 0:
            return False
        old, old_phase = int(given[i, 0]), int(given[i, 1])
        new, new_phase = int(taken[j, 0]), int(taken[j, 1])
        books.add(old, old_phase, -1)
        rise = books.gains()[new, new_phase] - books.gains()[old, old_phase]
        if rise > 1e-9 * abs(gains[i, j]) and books.fits()[new, new_phase]:
            books.add(new, new_phase)
            if not (books.wanting() & ~wanting).any():
                return True
            books.add(new, new_phase, -1)
        books.add(old, old_phase)
    return False


def _top(gains: Floats) -> Ints:
    """Where the highest are, highest first, as places in the flattened array."""
    some = np.argpartition(gains, -min(_TRIES, gains.size), axis=None)[-_TRIES:]
    return some[np.argsort(-gains.flat[some])]


def _pairs(books: Books) -> tuple[Floats, Ints, Ints]:
    """Gain in score (given, taken) of each pair, -inf where the money does not reach; and what is given and taken,
    (.., 2) creator and phase."""
    market = books.market
    price, tier, value, phases = market.price, market.tier, market.value, len(market.phases)
    given = np.argwhere(books.plan & books.open)
    reach = books.left + price[given[:, 0]].max(initial=0)
    taken = np.argwhere(books.open & ~books.plan & (price <= reach)[:, None])
    partners = max(_PAIRS // max(len(given), 1), 100)
    if len(taken) > partners:
        rate = books.brings[tuple(taken.T)] / books.per_yuan[taken[:, 0]]
        taken = taken[np.argpartition(-rate, partners)[:partners]]
    (i, p), (j, q) = given.T, taken.T

    def moved(creator: Ints, phase: Ints, change: Floats) -> Floats:
        """Change of effect when value comes to the cell of a creator."""
        channel = market.channel[creator]
        at, capacity = books.value[channel, phase], market.capacity[channel, phase]
        after, before = (concave(v / capacity, market.bends, market.slopes) for v in (at + change, at))
        return books.weight[channel, phase] * capacity * (after - before)

    gains = moved(i, p, -value[i])[:, None] + books.brings[j, q]
    same_a, same_b = np.nonzero((market.channel[i] * phases + p)[:, None] == market.channel[j] * phases + q)
    gains[same_a, same_b] = moved(i[same_a], p[same_a], value[j[same_b]] - value[i[same_a]])
    # The penalty of a pair, exactly in the tiers and as if apart in the channels.
    out, into = price[i], price[j]
    head, mid, tail = (
        spent - (out * (tier[i] == t))[:, None] + into * (tier[j] == t)
        for t, spent in enumerate(books.by_tier)
    )
    now = np.maximum(np.diff(books.by_tier), 0).sum()
    gains -= books.hierarchy * (np.maximum(mid - head, 0) + np.maximum(tail - mid, 0) - now)
    over = books.by_channel - books.crowded
    if (over + into.max(initial=0) > 0).any():
        less = np.maximum(over[market.channel[i]] - out, 0) - np.maximum(over[market.channel[i]], 0)
        more = np.maximum(over[market.channel[j]] + into, 0) - np.maximum(over[market.channel[j]], 0)
        gains -= books.crowding * (less[:, None] + more)
    gains[into > books.left + out[:, None]] = -np.inf
    if (books.demand.tier_most < 1).any():
        room = (books.most - books.by_tier)[tier[j]] + out[:, None] * (tier[i][:, None] == tier[j])
        gains[into > room] = -np.inf
    return gains, given, taken
