"""How surprising each transaction is: its amount, its hour and its device, for this customer.

Each surprise is -ln p, where p is the chance of something at least as unusual for this customer. Of honest
purchases each is about exponential with mean 1, so they can be added (Fisher's method, 1932) and weighed. A
row never excuses itself: the customer's own spread, hours and devices are measured without it, and large errors
count there only up to a bound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NORMAL_MAD = 1.4826  # standard deviation of a normal over its median absolute deviation
PRIOR_ROWS = 10.0  # a customer's spread leans on the shop's as on so many purchases
BOUND = 3.0  # an error counts in a customer's spread and level up to so many of the shop's spreads
TRUST = (
    0.3,
    1.0,
    3.0,
    10.0,
    30.0,
    100.0,
    300.0,
)  # purchases' worth of the shop's habits; the likeliest is taken
BLOCK = 200_000  # rows at a time
MOST_KINDS = 50  # devices told apart; rarer ones are one
LEAST_MARKS = 20  # of true and of false alarms, before they change the weights
PARTS = ("amount", "hour", "device")
# Neighbouring hours count too: who buys at 22 may buy at 23.
_NEAR = {-2: 0.1, -1: 0.2, 0: 0.4, 1: 0.2, 2: 0.1}


@dataclass(frozen=True, eq=False)
class Habits:
    """Rows of users in order: where each user's rows begin, and each row's place in them."""

    user: Ints  # (n,) codes 0.. in the order in which they come
    first: Ints  # (n,) index of the user's first row
    place: Ints  # (n,) 0 for the user's first row
    count: Ints  # (n,) rows of the user

    @classmethod
    def of(cls, user: Ints) -> Habits:
        begins = np.flatnonzero(np.r_[True, user[1:] != user[:-1]])
        sizes = np.diff(np.r_[begins, len(user)])
        first = np.repeat(begins, sizes)
        return cls(user, first, np.arange(len(user)) - first, np.repeat(sizes, sizes))


def robust_spread(values: Floats) -> float:
    """A standard deviation that a few wild values do not move: of those off the median, where most are at it."""
    size = np.abs(values - np.median(values)) if len(values) else values
    if not size.any():
        return 0.0
    middle = float(np.median(size))
    return NORMAL_MAD * (middle if middle > 0 else float(np.median(size[size > 0])))


def levels(value: Floats, habits: Habits, trust: float = 1.0) -> Floats:
    """What each row should be by the user's earlier rows alone: their mean, shrunk to the median of all.

    value: (n,) log amounts, the category's mean taken off. Wild values count up to BOUND spreads. (n,)
    """
    middle, spread = float(np.median(value)), robust_spread(value)
    tame = np.clip(value - middle, -BOUND * spread, BOUND * spread)
    total = np.r_[0.0, np.cumsum(tame)]
    before = total[:-1] - total[habits.first]
    return middle + before / (habits.place + trust)


def own_spread(error: Floats, habits: Habits) -> Floats:
    """The user's own spread of errors, each row's measured without it, shrunk to the shop's: (n,)."""
    shop = robust_spread(error)
    tame = np.minimum(error**2, (BOUND * shop) ** 2)
    total = np.bincount(habits.user, tame)[habits.user]
    return np.sqrt((PRIOR_ROWS * shop**2 + total - tame) / (PRIOR_ROWS + habits.count - 1))


def tail_surprise(z: Floats) -> Floats:
    """-ln of the chance of an error at least as large, up or down, under a Student t fitted to the bulk.

    The t's scale and degrees of freedom come from the median and the 90% quantile of |z|, which a few per cent of
    anomalies hardly move. (n,)
    """
    size = np.abs(z)
    middle, high = np.quantile(size, [0.5, 0.9]) if len(z) else (0.0, 0.0)
    if (
        not middle > 0
    ):  # most are just as expected: the chance not to be, times the tail of those that are not
        off, out = size > 0, np.zeros(len(z))
        if off.any():
            out[off] = -np.log(off.mean()) + tail_surprise(z[off])
        return out
    freedom = np.array([3.0, 3.5, 4, 5, 6, 8, 10, 15, 30, 100])
    ratio = stats.t.ppf(0.95, freedom) / stats.t.ppf(0.75, freedom)
    best = float(freedom[np.abs(ratio - high / middle).argmin()])
    scale = middle / stats.t.ppf(0.75, best)
    return -np.log(np.maximum(2 * special.stdtr(best, -size / scale), 1e-300))


def hour_surprise(hour: Ints, habits: Habits) -> Floats:
    """hour: (n,) 0 to 23."""
    near = np.zeros((24, 24))
    for shift, weight in _NEAR.items():
        near[np.arange(24), (np.arange(24) + shift) % 24] = weight
    return _rarity(hour, 24, habits, near)


def kind_surprise(kind: Ints, habits: Habits) -> Floats:
    """kind: (n,) codes of the device; -1 unknown, which surprises nobody."""
    known = kind >= 0
    if not known.any():
        return np.zeros(len(kind))
    counts = np.bincount(kind[known])
    if len(counts) > MOST_KINDS:
        common = np.argsort(-counts, kind="stable")[: MOST_KINDS - 1]
        again = np.full(len(counts), MOST_KINDS - 1)
        again[common] = np.arange(len(common))
        kind = np.where(known, again[kind], -1)
    out = np.zeros(len(kind))
    users = np.unique(habits.user[known], return_inverse=True)[1]
    out[known] = _rarity(kind[known], int(kind.max()) + 1, Habits.of(users), np.eye(int(kind.max()) + 1))
    return out


def _rarity(code: Ints, kinds: int, habits: Habits, near: Floats) -> Floats:
    """-ln of the chance, for this user, of a code at least as rare as the row's own.

    The chances are the user's other rows, spread over near codes, and the shop's shares as so many further rows;
    how many is the likeliest of TRUST. near: (kinds, kinds), rows add up to 1.
    """
    shares = np.bincount(code, minlength=kinds) / max(len(code), 1)
    counts = np.zeros((int(habits.user.max(initial=-1)) + 1, kinds))
    np.add.at(counts, (habits.user, code), 1.0)
    counts = counts @ near
    looked = np.random.default_rng(0).permutation(len(code))[:BLOCK]
    own = counts[habits.user[looked], code[looked]] - near[code[looked], code[looked]]
    others = habits.count[looked] - 1

    def likelihood(trust: float) -> float:
        return float(np.log((own + trust * shares[code[looked]]) / (others + trust)).sum())

    trust = max(TRUST, key=likelihood)
    out = np.empty(len(code))
    for begin in range(0, len(code), BLOCK):
        rows = slice(begin, begin + BLOCK)
        chance = counts[habits.user[rows]] - near[code[rows]] + trust * shares
        chance /= chance.sum(axis=1, keepdims=True)
        mine = chance[np.arange(len(chance)), code[rows]]
        out[rows] = -np.log(np.where(chance <= mine[:, None] * (1 + 1e-9), chance, 0.0).sum(axis=1))
    return np.maximum(out, 0.0)


def combined(surprises: Floats, weights: Floats) -> Floats:
    """(n, parts) surprises and (parts,) weights -> (n,) scores. Equal weights give the plain sum."""
    return surprises @ (weights * (len(weights) / weights.sum()))


def by_chance(surprises: Floats, weights: Floats, scores: Floats, seed: int) -> Floats:
    """The share of rows that would reach each score if nothing were wrong: (scores,).

    That is, if the amount's surprise were exponential, as it is of honest rows, and hour and device surprised as
    often as they do here but not in the same rows. The first part is the amount.
    """
    rng = np.random.default_rng([seed, 3])
    rows = min(len(surprises), 20_000)
    scaled = weights * (len(weights) / weights.sum())
    rest = np.zeros(rows)
    for part, weight in zip(surprises.T[1:], scaled[1:], strict=True):
        rest += weight * rng.permutation(part)[:rows]
    return np.array([np.exp(-np.maximum(score - rest, 0.0) / scaled[0]).mean() for score in scores])


def weights_from_marks(surprises: Floats, wrong: NDArray[np.bool_]) -> Floats | None:
    """Weights of the surprises that tell true from false alarms best; None below LEAST_MARKS of either.

    Logistic regression, ridge towards equal weights, by Newton's method; a weight is at least 0.1. (parts,)
    """
    if min(wrong.sum(), (~wrong).sum()) < LEAST_MARKS:
        return None
    x = np.column_stack([np.minimum(surprises, 20.0), np.ones(len(surprises))])
    start = np.array([*np.full(surprises.shape[1], 0.5), -3.0])
    ridge = np.array([*np.full(surprises.shape[1], 4.0), 1e-6])
    beta = start.copy()
    for _ in range(50):
        p = special.expit(x @ beta)
        slope = x.T @ (wrong - p) - ridge * (beta - start)
        bend = (x * (p * (1 - p))[:, None]).T @ x + np.diag(ridge)
        step = np.linalg.solve(bend, slope)
        beta += np.clip(step, -1.0, 1.0)
        if np.abs(step).max() < 1e-8:
            break
    found = np.maximum(beta[:-1], 0.0)
    return np.maximum(found / max(found.mean(), 1e-12), 0.1)
