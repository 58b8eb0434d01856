"""The best plan that a programme finds, with a bound that no plan can pass."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from socialml.environments.booking import started
from socialml.environments.demand import Demand, feasible, score
from socialml.environments.improving import improve
from socialml.environments.market import Flags, Floats, Market
from socialml.environments.programme import Programme

_SWAPS = 5  # after the search, which has left little to gain


@dataclass(frozen=True, eq=False)
class Solved:
    plan: Flags  # (m, phases)
    bound: float  # no plan within the bounds has a higher score
    gap: float  # (bound - score) / bound
    seconds: float


def solve(
    market: Market,
    demand: Demand,
    *,
    booked: Flags | None = None,
    begin: int = 0,
    foretold: Floats | None = None,
    seconds: float = 2.0,
) -> Solved:
    """The best plan found within `seconds` of searching; 0: only the linear programme, rounded and improved. What is
    booked in open phases is one more plan to begin with."""
    began = time.perf_counter()
    books = started(market, demand, booked, begin, foretold)
    programme = Programme(books)
    if not programme.open.any():
        told = score(market, demand, books.plan, foretold)
        return Solved(books.plan, told, 0.0, time.perf_counter() - began)

    def judged(plan: Flags) -> float:
        ok = feasible(market, demand, plan) is None
        return score(market, demand, plan, foretold) if ok else -np.inf

    filled = books.copy()
    filled.fill()
    starts = [programme.rounded(), filled.plan]
    if booked is not None:
        starts.append(booked)
    found = [improve(market, demand, plan, begin=begin, foretold=foretold) for plan in starts]
    plan = max(found, key=judged)
    best, bound = judged(plan), programme.bound
    if seconds > 0:
        complete = programme.narrow(best)
        whole, limit = programme.whole(max(seconds - (time.perf_counter() - began), seconds / 4))
        bound = min(bound, max(best, limit)) if complete else bound
        if whole is not None:
            whole = improve(market, demand, whole, begin=begin, foretold=foretold, swaps=_SWAPS)
            if judged(whole) > best:
                plan, best = whole, judged(whole)
    gap = (bound - score(market, demand, plan, foretold)) / bound if bound > 0 else 0.0
    return Solved(plan, bound, gap, time.perf_counter() - began)
