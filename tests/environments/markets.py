"""Small markets for the tests of campaign planning, drawn at any size in the sample's proportions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from socialml.environments.demand import Demand
from socialml.environments.market import TIERS, Market
from socialml.sample.creators import CHANNELS, PRICES


def drawn(
    rng: np.random.Generator, creators: int, channels: int, phases: int, *, spread: float = 0.0
) -> Market:
    """Unlike the sample's a channel may lack a tier."""
    tier = rng.choice(3, creators, p=[0.15, 0.35, 0.5])
    low, high = np.array(PRICES, dtype=float)[tier].T
    price = np.round(np.exp(rng.uniform(np.log(low), np.log(high))))
    return Market(
        channels=list(CHANNELS[:channels]),
        phases=[f"phase {k + 1}" for k in range(phases)],
        tiers=list(TIERS),
        channel=rng.integers(0, channels, creators),
        tier=tier,
        price=price,
        value=price * 0.05 * np.exp(0.5 * rng.standard_normal(creators)),
        suits=np.exp(0.2 * rng.standard_normal((channels, phases))),
        capacity=1_500 * np.exp(0.4 * rng.standard_normal((channels, phases))),
        bends=np.array([0.5, 1.0, 2.0, 4.0]),
        slopes=np.array([1.0, 0.7, 0.45, 0.25, 0.1]),
        lasting=rng.uniform(0.1, 0.4, channels),
        keep=0.6,
        spread=spread,
    )


def with_demand(demand: Demand, **changes: Any) -> Demand:
    return replace(demand, **changes)
