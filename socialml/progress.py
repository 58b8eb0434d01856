"""How long work tells how far it is. Imports nothing, so that every layer can report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    done: float  # in any unit, the same as total's
    total: float
    message: str  # a sentence for the user: 'Grouping into 4 segments'

    @property
    def fraction(self) -> float:
        """Between 0 and 1; 0 where the total is unknown."""
        if not self.total > 0:
            return 0.0
        share = self.done / self.total
        return min(max(share, 0.0), 1.0) if share == share else 0.0  # NaN is not equal to itself


# Called often. It may raise Cancelled, which whoever reports lets through.
Report = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """The report of work that nobody watches."""
