"""What can be seen of live-room viewers: the state that policies and response models read.

It follows from what was shown and what came of it, so that a log replays into it, a simulator writes on in it,
and the planted world of the sample is judged by the very same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from socialml.environments.outcome import Outcome

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

SOON = 0.7  # what is left of 'shown lately' after one more recommendation
WEEK = 0.5  # and after seven days
LATELY = 0.8  # of the means over the last recommendations
PRIOR = 4.0  # recommendations that a viewer's own rates are shrunk by


@dataclass(frozen=True, eq=False)
class Means:
    """Of all recommendations in the log; what a viewer who was never seen is taken for."""

    purchases: float
    interactions: float
    log_seconds: float


@dataclass(eq=False)
class Viewers:
    """n viewers and c categories. profile: (n, p) what is known of each beside the log, about 0 to 1."""

    means: Means
    profile: Floats
    categories: int
    lately: Floats = field(init=False)  # (n, c) how often shown, fading
    shown: Floats = field(init=False)  # (n, c) how often shown
    watched: Floats = field(init=False)  # (n, c) sum of log seconds above this viewer's mean
    bought: Floats = field(init=False)  # (n, c) orders
    total: Floats = field(init=False)  # (n,) recommendations
    orders: Floats = field(init=False)
    couponed: Floats = field(init=False)  # recommendations with an offer, and orders by them
    coupon_orders: Floats = field(init=False)
    talked: Floats = field(init=False)  # interactions
    log_seconds: Floats = field(init=False)  # summed
    mood: Floats = field(init=False)  # mean of late log seconds above this viewer's own
    suited: Floats = field(init=False)  # mean liking of what was shown lately
    bored: Floats = field(init=False)  # mean of 'shown lately' of what was shown lately
    since: Floats = field(init=False)  # recommendations since the last order
    slot: Floats = field(init=False)  # recommendations in this week
    weeks: Floats = field(init=False)  # since they were first seen
    visits: Floats = field(init=False)  # weeks in which they came
    here: Flags = field(init=False)  # watching now

    def __post_init__(self) -> None:
        n, c = len(self.profile), self.categories
        for name in _BY_CATEGORY:
            setattr(self, name, np.zeros((n, c)))
        for name in _ALONE:
            setattr(self, name, np.zeros(n))
        self.here = np.ones(n, dtype=bool)

    @property
    def n(self) -> int:
        return len(self.profile)

    def copy(self) -> Viewers:
        return self.take(np.arange(self.n))

    def take(self, rows: Ints) -> Viewers:
        """The viewers of these rows; a row may come more than once."""
        other = Viewers(self.means, self.profile[rows], self.categories)
        for name in (*_BY_CATEGORY, *_ALONE, "here"):
            setattr(other, name, getattr(self, name)[rows].copy())
        return other

    def update(self, category: Ints, offer: Ints, outcome: Outcome) -> None:
        """One more recommendation to everybody who is here. category, offer: (n,), offer 0 is none."""
        rows = np.flatnonzero(self.here)
        c, given = category[rows], offer[rows] > 0
        seconds = np.log(np.maximum(outcome.seconds[rows], 1.0))
        above = seconds - self.own_log_seconds()[rows]
        orders = outcome.purchases[rows]
        liked = self.watched[rows, c] / (self.shown[rows, c] + PRIOR)
        self.suited[rows] = LATELY * self.suited[rows] + (1 - LATELY) * liked
        self.bored[rows] = LATELY * self.bored[rows] + (1 - LATELY) * self.lately[rows, c]
        self.lately[rows] *= SOON
        self.lately[rows, c] += 1
        self.shown[rows, c] += 1
        self.watched[rows, c] += above
        self.bought[rows, c] += orders
        self.total[rows] += 1
        self.orders[rows] += orders
        self.couponed[rows] += given
        self.coupon_orders[rows] += orders * given
        self.talked[rows] += outcome.interactions[rows]
        self.log_seconds[rows] += seconds
        self.mood[rows] = LATELY * self.mood[rows] + (1 - LATELY) * above
        self.since[rows] = np.where(orders > 0, 0, self.since[rows] + 1)
        self.slot[rows] += 1

    def end_week(self) -> None:
        """Seven days pass until the next visit, if there is one. Who was never seen is not yet counted."""
        self.weeks += self.total > 0
        self.visits += self.slot > 0
        self.lately *= WEEK
        self.slot[:] = 0.0

    def own_log_seconds(self) -> Floats:
        return (self.log_seconds + PRIOR * self.means.log_seconds) / (self.total + PRIOR)

    def own_rate(self) -> Floats:
        """(n,) orders a recommendation, shrunk to the mean."""
        return (self.orders + 3 * PRIOR * self.means.purchases) / (self.total + 3 * PRIOR)

    def features(self) -> NDArray[np.float32]:
        """(n, FEATURES(c, p)) what a policy sees: of each category, of the viewer, of the moment."""
        liked = self.watched / (self.shown + PRIOR)
        by_category = [self.lately, liked, self.bought / (self.shown + PRIOR)]
        alone = np.column_stack(
            [
                10 * self.own_rate(), self.own_log_seconds() / 4,
                (self.talked + PRIOR * self.means.interactions) / (self.total + PRIOR), self.mood,
                self.suited, self.bored, np.log1p(self.since) / 3, self.slot / 4, self.here,
            ]
        )  # fmt: skip
        return np.concatenate([*by_category, alone, self.profile], axis=1).astype(np.float32)

    def about(self, category: Ints, offer: Ints, offers: int) -> Floats:
        """(n, columns) what a response model reads of showing each viewer this category with this offer."""
        rows = np.arange(self.n)
        given = offer > 0
        rate = np.log(self.own_rate() / (1 - np.minimum(self.own_rate(), 0.95)))
        fade, shown = self.lately[rows, category], self.shown[rows, category]
        liked = self.watched[rows, category] / (shown + PRIOR)
        by_coupon = (self.coupon_orders + 0.5) / (self.couponed + 0.5 / max(self.means.purchases, 1e-3))
        columns = [
            np.eye(self.categories)[category], np.eye(offers)[offer][:, 1:],
            np.column_stack(
                [
                    fade, fade**2, liked, shown / (self.total + PRIOR),
                    self.bought[rows, category] / (shown + PRIOR), rate, self.own_log_seconds(),
                    (self.talked + PRIOR * self.means.interactions) / (self.total + PRIOR), self.mood,
                    np.log1p(self.since), self.slot, given * rate, given * by_coupon,
                ]
            ),
            self.profile, given[:, None] * self.profile,
        ]  # fmt: skip
        return np.concatenate(columns, axis=1)

    def about_returning(self) -> Floats:
        """(n, columns) what the chance of coming back within 7 days is read from, at the end of a week."""
        here = self.slot > 0
        # Bounded, so that a simulation longer than the log does not leave what was learned.
        share = (self.visits + here + 1) / (self.weeks + 1 + 2)
        alone = [
            self.mood, self.suited, self.bored, here * self.mood, here * self.suited, here * self.bored,
            self.own_rate(), here, share, here * share,
        ]  # fmt: skip
        return np.concatenate([np.column_stack(alone), self.profile], axis=1)


_BY_CATEGORY = ("lately", "shown", "watched", "bought")
_ALONE = (
    "total", "orders", "couponed", "coupon_orders", "talked", "log_seconds", "mood", "suited", "bored", "since",
    "slot", "weeks", "visits",
)  # fmt: skip
