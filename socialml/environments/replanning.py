"""A campaign that is planned again after each phase, from what the phases before really brought."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from socialml.environments.demand import Demand, score
from socialml.environments.heat import Watch
from socialml.environments.market import Flags, Floats, Market


class Replanned(NamedTuple):
    plan: Flags  # (m, phases)
    effect: float  # what it really has
    foreseen: (
        float  # effect gained by planning again: the mean of each time's gain, given what was known then
    )


def replanned(
    market: Market,
    demand: Demand,
    planner: Callable[..., Flags],
    heat: Floats,
    *,
    error: float = 0.0,
    rng: np.random.Generator | None = None,
    first: Flags | None = None,
    keep: bool = True,
) -> Replanned:
    """A campaign planned again after each phase.

    heat: (channels, phases) as it turns out; error: standard deviation of the log of what one channel shows in a phase,
    drawn from rng; first: the planner's plan before the campaign, where it is known already; keep: what was planned
    before stays where the planner's new plan is foretold to score less. Over campaigns, `foreseen` has the same mean as
    the effect less that of the first plan, as an effect is linear in the heat, and varies far less."""
    watch, plan, foreseen = Watch(market), planner(market, demand) if first is None else first, 0.0
    for phase in range(len(market.phases) - 1):
        booked = np.zeros(heat.shape[0], dtype=bool)
        booked[market.channel[plan[:, phase]]] = True
        noise = error * rng.standard_normal(len(booked)) if rng is not None and error else 0.0
        watch.see(np.where(booked, heat[:, phase] * np.exp(noise), np.nan), error)
        foretold = watch.foretold()
        new = planner(market, demand, booked=plan, begin=phase + 1, foretold=foretold)
        if not keep or score(market, demand, new, foretold) > score(market, demand, plan, foretold):
            foreseen += market.effect(new, foretold) - market.effect(plan, foretold)
            plan = new
    return Replanned(plan, market.effect(plan, heat), foreseen)
