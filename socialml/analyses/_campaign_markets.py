"""The markets of a run side by side: of A, of B, and of every refit on a resample of B."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from socialml.environments.market import Market

if TYPE_CHECKING:
    from socialml.analyses.campaign import Result

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

A, B, REFITS = 0, 1, 2  # where each stands; the refits from there on
_EACH = ("value", "suits", "capacity", "bends", "slopes", "lasting")
_SAME = ("channel", "tier", "price")


@dataclass(frozen=True, eq=False)
class Markets:
    """k markets of the same m creators. Arrays as in Market, with the market first where it differs."""

    channels: list[str]
    phases: list[str]
    tiers: list[str]
    channel: Ints  # (m,) and so below
    tier: Ints
    price: Floats
    value: Floats  # (k, m)
    suits: Floats  # (k, channels, phases)
    capacity: Floats
    bends: Floats  # (k, bends)
    slopes: Floats
    lasting: Floats  # (k, channels)
    drift: Floats  # (k, 2) keep and spread

    @classmethod
    def of(cls, markets: Sequence[Market]) -> Markets:
        first = markets[0]
        each: dict[str, Any] = {
            name: np.stack([getattr(market, name) for market in markets]) for name in _EACH
        }
        return cls(
            channels=first.channels, phases=first.phases, tiers=first.tiers,
            **{name: getattr(first, name) for name in _SAME}, **each,
            drift=np.array([[market.keep, market.spread] for market in markets]),
        )  # fmt: skip

    @classmethod
    def stored(cls, result: Result) -> Markets:
        return cls(
            channels=result.channels, phases=result.phases, tiers=result.tiers,
            **{name: getattr(result, f"market_{name}") for name in (*_SAME, *_EACH, "drift")},
        )  # fmt: skip

    def fields(self) -> dict[str, Any]:
        """The fields of Result that hold them."""
        return {f"market_{name}": getattr(self, name) for name in (*_SAME, *_EACH, "drift")}

    def at(self, number: int) -> Market:
        return Market(
            channels=self.channels, phases=self.phases, tiers=self.tiers,
            **{name: getattr(self, name) for name in _SAME},
            **{name: getattr(self, name)[number] for name in _EACH},
            keep=float(self.drift[number, 0]), spread=float(self.drift[number, 1]),
        )  # fmt: skip

    def effects(self, plan: Flags, heat: Floats | None = None) -> Floats:
        """(k,) Market.effect of each. heat: (channels, phases), or one of each market in front."""
        c, p = self.suits.shape[1:]
        summed = np.zeros((len(self.value), c, p))
        for channel in range(c):
            own = np.flatnonzero((self.channel == channel) & plan.any(axis=1))
            summed[:, channel] = self.value[:, own] @ plan[own]
        at = summed / self.capacity
        found = self.slopes[:, 0, None, None] * at
        for bend in range(self.bends.shape[1]):
            drop = self.slopes[:, bend] - self.slopes[:, bend + 1]
            found -= drop[:, None, None] * np.maximum(at - self.bends[:, bend, None, None], 0)
        found *= self.capacity * self.weight
        return (found if heat is None else found * heat).sum(axis=(1, 2))

    @cached_property
    def weight(self) -> Floats:
        """(k, channels, phases) Market.weight of each."""
        return np.stack([self.at(number).weight() for number in range(len(self.value))])


def by_cell(market: Market, plan: Flags) -> tuple[Floats, Floats, Ints]:
    """(channels, phases, tiers) each: yuan, effect, creators. What a channel and phase bring is told to their tiers in
    proportion to what is booked there."""
    shape = (len(market.channels), len(market.tiers), len(market.phases))
    value, count = np.zeros(shape), np.zeros(shape, dtype=np.int64)
    np.add.at(value, (market.channel, market.tier), plan * market.value[:, None])
    np.add.at(count, (market.channel, market.tier), plan)
    summed = market.summed(plan)
    brought = market.weight() * market.saturated(summed)
    each = brought / np.where(summed > 0, summed, 1.0)
    return market.spent(plan), (value * each[:, None]).swapaxes(1, 2), count.swapaxes(1, 2)


def packed(plan: Flags) -> NDArray[np.uint8]:
    return np.packbits(plan.ravel())


def unpacked(bits: NDArray[np.uint8], m: int, phases: int) -> Flags:
    return np.unpackbits(bits, count=m * phases).reshape(m, phases).astype(bool)
