"""What a campaign's bookings bring: creators in cells of channel x phase x tier, and what saturates, lasts and drifts.

With S the summed value of what is booked in a channel and phase, the effect there is
    heat x suits x capacity x f(S / capacity),    f concave, piecewise linear, of slope 1 at the start,
and the share `lasting` of it comes again in each phase after it. Heat is exp(h - var(h) / 2) with
    h[p + 1] = keep h[p] + spread e,    h before the first phase 0,
so that its mean is 1 as seen before the campaign, and what one phase shows tells something of the next.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

TIERS = ("head", "mid", "tail")


@dataclass(frozen=True, eq=False)
class Market:
    """m creators on c channels over some phases. A plan is (m, phases) bool: who is booked when."""

    channels: list[str]
    phases: list[str]
    tiers: list[str]  # largest first
    channel: Ints  # (m,) codes
    tier: Ints  # (m,)
    price: Floats  # (m,) yuan a booking
    value: Floats  # (m,) of one booking where nothing is saturated, in units of the goal
    suits: Floats  # (channels, phases) what the phase does to a channel
    capacity: Floats  # (channels, phases) value at which the first bend would be at 1
    bends: Floats  # (k - 1,) rising, in capacities
    slopes: Floats  # (k,) falling; the first is 1
    lasting: Floats  # (channels,) share of an effect that comes again in the phase after
    keep: float  # of the log heat from phase to phase
    spread: float  # of the log heat's steps; 0: no drift

    @property
    def m(self) -> int:
        return len(self.price)

    def weight(self) -> Floats:
        """(channels, phases) what an effect in this phase brings until the campaign ends, with the phase's suit."""
        left = len(self.phases) - np.arange(len(self.phases))
        share = self.lasting[:, None]
        series = np.where(share < 1, (1 - share**left) / np.maximum(1 - share, 1e-12), left)
        return self.suits * series

    def saturated(self, value: Floats) -> Floats:
        """What summed values (..., channels, phases) bring before heat and weight."""
        return self.capacity * concave(value / self.capacity, self.bends, self.slopes)

    def summed(self, plan: Flags) -> Floats:
        """(channels, phases) value of what is booked."""
        out = np.zeros((len(self.channels), len(self.phases)))
        np.add.at(out, self.channel, plan * self.value[:, None])
        return out

    def effect(self, plan: Flags, heat: Floats | None = None) -> float:
        """In units of the goal, over the whole campaign. heat: (channels, phases); none: its mean, 1."""
        found = self.weight() * self.saturated(self.summed(plan))
        return float((found if heat is None else found * heat).sum())

    def cost(self, plan: Flags) -> float:
        return float(self.price @ plan.sum(axis=1))

    def spent(self, plan: Flags) -> Floats:
        """(channels, phases, tiers) yuan."""
        out = np.zeros((len(self.channels), len(self.tiers), len(self.phases)))
        np.add.at(out, (self.channel, self.tier), plan * self.price[:, None])
        return out.swapaxes(1, 2)

    def variance(self) -> Floats:
        """(phases,) of the log heat as seen before the campaign."""
        steps = np.arange(len(self.phases))
        return self.spread**2 * np.cumsum(self.keep ** (2 * steps))

    def draw_heat(self, rng: np.random.Generator, campaigns: int) -> Floats:
        """(campaigns, channels, phases)"""
        log = np.zeros((campaigns, len(self.channels), len(self.phases)))
        before: Floats = np.zeros(log.shape[:2])
        for phase in range(len(self.phases)):
            before = self.keep * before + self.spread * rng.standard_normal(before.shape)
            log[:, :, phase] = before
        return np.exp(log - self.variance() / 2)

    def foretold(self, seen: Floats, phase: int) -> Floats:
        """(..., phases) the mean of the heat of every phase after `phase`, given the log heat h seen there (...);
        1 up to it."""
        ahead = np.arange(len(self.phases)) - phase
        kept = np.where(ahead > 0, self.keep ** np.maximum(ahead, 0), 0.0)
        return np.exp(np.asarray(seen)[..., None] * kept - kept**2 * self.variance()[phase] / 2)

    def rate(self) -> float:
        """The middle value of a yuan over the creators that cost something and bring something."""
        return self._rate

    @cached_property
    def _rate(self) -> float:
        paid = (self.price > 0) & (self.value > 0)
        return float(np.median(self.value[paid] / self.price[paid])) if paid.any() else 1.0

    def calm(self) -> Market:
        """The same without drift."""
        return replace(self, spread=0.0)


def concave(at: Floats, bends: Floats, slopes: Floats) -> Floats:
    """f(at) for at >= 0: from 0, with the next slope after each bend."""
    out = slopes[0] * at
    for bend, before, after in zip(bends, slopes[:-1], slopes[1:], strict=True):
        out = out - (before - after) * np.maximum(at - bend, 0)
    return out


def within(x: Any, low: Any, high: Any) -> Any:
    """numpy's clip without its detours, which take longer than the work where few campaigns are asked."""
    return np.minimum(np.maximum(x, low), high)
