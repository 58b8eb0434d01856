"""What follows a recommendation, and the chance behind it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Noise:
    """The chance of one recommendation to each viewer: the same for every policy, so that policies are compared
    in pairs."""

    purchase: Floats  # (n,) even in 0..1, as the next three
    like: Floats
    comment: Floats
    share: Floats
    amount: Floats  # (n,) normal, as the next
    seconds: Floats

    @classmethod
    def draw(cls, rng: np.random.Generator, n: int) -> Noise:
        even, normal = rng.random((4, n)), rng.standard_normal((2, n))
        return cls(*even, *normal)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What followed one recommendation: (n,) each, 0 for viewers who were not there. Amounts in currency units."""

    purchases: Floats
    amount: Floats
    seconds: Floats
    likes: Floats
    comments: Floats
    shares: Floats
    satisfaction: Floats | float = 0.0  # what a survey would say, where a log has answers to learn from

    @property
    def interactions(self) -> Floats:
        return self.likes + self.comments + self.shares
