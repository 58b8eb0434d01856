"""How long work tells how far it is. Imports nothing, so that every layer can report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    done: float  # in any unit, the same as total's
    total: float
    message: str  # a sentence for the user: 'Grouping into 4 segments'
    # A training so far, whole each time: 'epoch' and one series a line, such as training and validation, all of
    # one length. It is drawn until the next one. A few hundred points at most; who trains longer thins them.
    curve: Mapping[str, Sequence[float]] | None = None

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
