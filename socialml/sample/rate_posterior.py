"""The posterior of each user's kind, purchase rate and activity, and of whether they have left, from their orders.

Orders of user u in month m, of kind k, are Poisson with the mean
    lambda = theta x exp(s - sd^2 / 2) x w,     w = calendar of k over the days of the month as a customer / 30
with log theta normal within the kind and s the AR(1) of the activity. theta and s lie on grids (s by Rouwenhorst
1995, whose chain has the AR(1)'s own mean, variance and correlation), and the posterior of (k, theta, s) follows
month by month, a hidden Markov model: weights times exp(-lambda) lambda^orders, then one step of the chain. Beside it
runs the weight of those who have left. Someone who left on a day d of month m after their last order there weighs
    lambda^orders exp(-lambda up to d) x hazard x exp(-hazard x days until d),
summed over d in closed form with the calendar taken as even from the last order on; their later months are silent
for certain, so each later order sets the weight to nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import model

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RATES = np.linspace(-3, 3, 21)  # of the log rate within a kind, in standard deviations
LEVELS = 9  # states of the activity


@dataclass(frozen=True, eq=False)
class Bought:
    """Orders of n users over t months. Days count from the first day of the history."""

    kinds: list[model.Kind]
    bounds: Ints  # (t + 1,) first day of each month, and the day after the last
    cumulative: Floats  # (days + 1, kinds) calendar summed up
    registered: Ints  # (n,)
    orders: Floats  # (n, t)
    last: Ints  # (n, t) first day after the last order in the month; the month's first where there is none
    hazard: Floats  # (kinds,) of leaving, a day
    kind: Floats  # (n, kinds) log weight before the counts of orders


def chain() -> tuple[Floats, Floats, Floats]:
    """States (LEVELS,), first weights (LEVELS,) and steps (LEVELS, LEVELS) of Rouwenhorst's chain."""
    p = (1 + model.ACTIVITY_RHO) / 2
    step = np.array([[p, 1 - p], [1 - p, p]])
    for size in range(3, LEVELS + 1):
        grown = np.zeros((size, size))
        grown[:-1, :-1] += p * step
        grown[:-1, 1:] += (1 - p) * step
        grown[1:, :-1] += (1 - p) * step
        grown[1:, 1:] += p * step
        grown[1:-1] /= 2
        step = grown
    first = np.array([math.comb(LEVELS - 1, i) for i in range(LEVELS)]) / 2.0 ** (LEVELS - 1)
    return np.linspace(-1, 1, LEVELS) * model.ACTIVITY_SD * math.sqrt(LEVELS - 1), first, step


def rates(kinds: list[model.Kind]) -> Floats:
    """(kinds, RATES, LEVELS) log orders per 30 days of an even calendar."""
    sd = model.SPREADS["purchase"] * model.SPREAD
    theta = np.log([kind.purchases for kind in kinds])[:, None] - sd**2 / 2 + sd * RATES
    return theta[:, :, None] + chain()[0] - model.ACTIVITY_SD**2 / 2


def posterior(bought: Bought, users: Ints) -> Floats:
    """(b, kinds, RATES, LEVELS) posterior of these users before the month; what lacks to 1 have left."""
    _, first, step = chain()
    step = step.astype(np.float32)
    log_rate = rates(bought.kinds)[None].astype(np.float32)
    rate = np.exp(log_rate)
    hazard = bought.hazard[None, :, None, None]
    able = np.maximum(bought.registered[users], 0) + 7  # nobody leaves before
    kind = bought.kind[users]
    kind = np.exp(kind - kind.max(axis=1, keepdims=True))
    prior = np.exp(-(RATES**2) / 2)
    there = (kind[:, :, None, None] * (prior / prior.sum())[:, None] * first).astype(np.float32)
    left = np.zeros(len(users))
    wide = (slice(None), slice(None), None, None)
    for m in range(len(bought.bounds) - 1):
        begin, end = bought.bounds[m], bought.bounds[m + 1]
        since = np.clip(bought.registered[users], begin, end)
        count = bought.orders[users, m]
        last = np.maximum(bought.last[users, m], since)
        start = np.clip(able, begin, end)
        from_day = np.maximum(last, start)
        if not (since < end).any():
            continue
        w = (bought.cumulative[end] - bought.cumulative[since]) / model.DAYS_A_MONTH  # (b, kinds)
        # The largest chance that any rate gives to the count: keeps what follows within single precision.
        most = count * np.log(np.maximum(count, 1) / np.maximum(w.min(axis=1), 1e-9)) - count
        base = (count[:, None, None, None] * log_rate - most[:, None, None, None]).astype(np.float32)
        ended = np.zeros(len(users))
        silent = np.flatnonzero((bought.orders[users, m + 1 :].sum(axis=1) == 0) & (from_day < end))
        if len(silent):
            before = (bought.cumulative[last] - bought.cumulative[since])[silent] / model.DAYS_A_MONTH
            a_day = (w[silent] - before) / np.maximum(end - last[silent], 1)[:, None]
            waited = (from_day - last)[silent, None]
            slow = (before + a_day * waited).astype(np.float32)[wide]
            pace = (hazard + a_day[wide] * rate).astype(np.float32)
            days = (end - from_day)[silent, None, None, None].astype(np.float32)
            survived = hazard * (from_day - start)[silent, None, None, None]
            chance = np.exp(base[silent] - slow * rate - survived.astype(np.float32))
            chance *= hazard.astype(np.float32) * -np.expm1(-pace * days) / pace
            ended[silent] = (there[silent] * chance).sum(axis=(1, 2, 3))
        base -= w.astype(np.float32)[wide] * rate
        base -= (hazard * (end - start)[:, None, None, None]).astype(np.float32)
        there *= np.exp(base)
        left = np.where(count > 0, 0, left) + ended  # who has left orders nothing
        total = there.sum(axis=(1, 2, 3)) + left
        there /= total[:, None, None, None].astype(np.float32)
        left /= total
        there = there @ step
    return there
