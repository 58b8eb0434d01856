"""What a policy may not do, whatever it thinks of it: kept exactly, at every moment of every week."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@dataclass(eq=False)
class Guard:
    """per_viewer: most offers that one viewer gets in a week. share: most of the week's recommendations so far that
    carry an offer. None: no limit."""

    per_viewer: int | None = None
    share: float | None = None
    given: Ints = field(init=False)  # (n,) offers in this week
    shown: int = field(init=False, default=0)  # recommendations in this week, to all

    def reset(self, n: int) -> None:
        self.given, self.shown = np.zeros(n, dtype=np.int64), 0

    def begin_week(self) -> None:
        self.reset(len(self.given))

    def allowed(self, n_categories: int, offers: int) -> NDArray[np.bool_] | None:
        """(n, actions) as far as the limit of each viewer goes; None where that is everything."""
        if self.per_viewer is None:
            return None
        may = (self.given < self.per_viewer)[:, None] | (np.arange(offers) == 0)
        return np.tile(may, (1, n_categories))

    def choose(self, values: NDArray[np.floating], here: NDArray[np.bool_], offers: int) -> Ints:
        """(n,) the largest of what is allowed, noted as shown to who is here.

        Where more viewers would get an offer than the share has left, those get one to whom it adds most.
        values: (n, actions).
        """
        allowed = self.allowed(values.shape[1] // offers, offers)
        free = values if allowed is None else np.where(allowed, values, -np.inf)
        chosen = free.argmax(axis=1)
        self.shown += int(here.sum())
        wants = np.flatnonzero(here & (chosen % offers > 0))
        if self.share is not None:
            left = max(int(np.floor(self.share * self.shown + 1e-9)) - int(self.given.sum()), 0)
            if len(wants) > left:
                plain = values[:, ::offers]
                gain = free[wants, chosen[wants]] - plain[wants].max(axis=1)
                refused = wants[np.argsort(-gain, kind="stable")[left:]]
                chosen[refused] = plain[refused].argmax(axis=1) * offers
                wants = np.setdiff1d(wants, refused)
        self.given[wants] += 1
        return chosen
