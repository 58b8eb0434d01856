"""What can be seen of live-room viewers: the state that policies and response models read.

It follows from what was shown and what came of it, so that a log replays into it, a simulator writes on in it,
and the planted world of the sample is judged by the very same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from socialml.environments.outcome import Outcome

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Cells = slice | tuple[Ints, Ints]  # all, or a viewer and a category each

SOON = 0.7  # what is left of 'shown lately' after one more recommendation
WEEK = 0.5  # and after seven days
LATELY, FOR_LONG = 0.7, 0.9  # of the means over the last recommendations
OF_CATEGORIES, OF_VIEWERS, OF_OFFERS = 4, 7, 2  # columns of what a response model reads, beside the profile
PRIOR = 4.0  # recommendations that shares of a viewer's own are shrunk by
BLOCKS = 4  # of (n, categories), with which the features begin


@dataclass(frozen=True, eq=False)
class Means:
    """Of all recommendations in the log; what a viewer who was never seen is taken for.

    Log seconds are a viewer's own level + the category + their liking of it - fade x lately + noise: how long
    somebody watches tells what they like, and tells it in every recommendation, where orders are rare.
    """

    purchases: float
    interactions: float
    log_seconds: float
    by_category: Floats | None = None  # (c,) of log seconds; None: all alike
    appeal: float = 0.0  # mean of what is foretold over the viewer's level
    fade: float = 0.0  # log seconds lost for each recommendation of the same lately
    noise: float = 0.12  # variances of log seconds: of one recommendation,
    likings: float = 0.03  # of likings between viewers,
    levels: float = 0.25  # of levels between viewers
    shares: Floats | None = None  # (c,) of the log's recommendations
    by_knowledge: float = 0.0  # log seconds for each unit of Viewers.own_habit
    unshown: Floats | None = (
        None  # (c,) Viewers.knew of what was never shown, where the log tells its chances
    )
    like_orders: float = 12.0  # recommendations that a viewer's own rate of orders is shrunk by,
    like_talk: float = 4.0  # their interactions,
    like_bought: float = 12.0  # and their orders in one category
    back_after_here: float = 0.6  # chance to come in a week after one with a visit,
    back_after_away: float = 0.3  # and after one without
    loyalties: float = 0.5  # variance between viewers of the log odds to come


@dataclass(eq=False)
class Viewers:
    """n viewers and c categories. profile: (n, p) what is known of each beside the log, about 0 to 1."""

    means: Means
    profile: Floats
    categories: int
    lately: Floats = field(init=False)  # (n, c) how often shown, fading
    shown: Floats = field(init=False)  # (n, c) how often shown
    heard: Floats = field(init=False)  # (n, c) how often it was measured how long they watched
    heard_sum: Floats = field(
        init=False
    )  # (n, c) log seconds of these beyond what was foretold of the category
    liking: Floats = field(init=False)  # (n, c) of log seconds, beside what was to be expected of the viewer
    unsure: Floats = field(init=False)  # (n, c) its variance
    bought: Floats = field(init=False)  # (n, c) orders beyond those of the viewer's own rate
    habit: Floats = field(init=False)  # (n, c) how often shown in the log
    knew: Floats = field(init=False)  # (n, c) log of the log's chance of it over the usual one; nan: not told
    total: Floats = field(init=False)  # (n,) recommendations
    orders: Floats = field(init=False)
    couponed: Floats = field(init=False)  # recommendations with an offer, and orders by them
    coupon_orders: Floats = field(init=False)
    talked: Floats = field(init=False)  # interactions
    level: Floats = field(init=False)  # log seconds of a category like any other
    level_unsure: Floats = field(init=False)  # its variance
    mood: Floats = field(init=False)  # mean of late log seconds above those foretold
    recent: Floats = field(init=False)  # (n, c) share of the last recommendations
    recent_long: Floats = field(init=False)  # (n, c) the same of more of them
    bored: Floats = field(init=False)  # mean of 'shown lately' of what was shown lately
    bored_long: Floats = field(init=False)
    since: Floats = field(init=False)  # recommendations since the last order
    slot: Floats = field(init=False)  # recommendations in this week
    weeks: Floats = field(init=False)  # since they were first seen
    came_more: Floats = field(init=False)  # weeks in which they came beyond what is usual
    came_sure: Floats = field(init=False)  # variance of those by chance alone
    last_here: Flags = field(init=False)  # came in the week before this one
    here: Flags = field(init=False)  # watching now

    def __post_init__(self) -> None:
        n, c = len(self.profile), self.categories
        for name in _BY_CATEGORY:
            setattr(self, name, np.zeros((n, c)))
        for name in _ALONE:
            setattr(self, name, np.zeros(n))
        self.knew += np.nan
        self.unsure += self.means.likings
        self.level += self.means.log_seconds
        self.level_unsure += self.means.levels
        self.since += 1 / max(self.means.purchases, 1e-3)  # nobody knows: as usual
        self.here = np.ones(n, dtype=bool)
        self.last_here = np.zeros(n, dtype=bool)

    @property
    def n(self) -> int:
        return len(self.profile)

    def copy(self) -> Viewers:
        return self.take(np.arange(self.n))

    def take(self, rows: Ints) -> Viewers:
        """The viewers of these rows; a row may come more than once."""
        other = Viewers(self.means, self.profile[rows], self.categories)
        for name in (*_BY_CATEGORY, *_ALONE, "here", "last_here"):
            setattr(other, name, getattr(self, name)[rows].copy())
        return other

    def update(
        self, category: Ints, offer: Ints, outcome: Outcome, *, logged: bool = False, learn: bool = True
    ) -> None:
        """One more recommendation to everybody who is here. category, offer: (n,), offer 0 is none.

        logged: it stands in the log. A new policy that repeats a category does not make it a habit.
        learn: what is held of the viewers changes, not only their moment.
        """
        rows = np.flatnonzero(self.here)
        c, given = category[rows], offer[rows] > 0
        orders = outcome.purchases[rows]
        foretold = self.tastes((rows, c)) - self.means.fade * self.lately[rows, c]
        seconds = outcome.seconds[rows]
        told = np.isfinite(seconds)  # nan: nobody measured how long
        surprise = np.log(np.maximum(np.where(told, seconds, 1.0), 1.0)) - self.level[rows] - foretold
        surprise = np.where(told, surprise, 0.0)
        if learn:
            self._learn(rows, c, given, orders, np.where(told, surprise, np.nan), outcome.interactions[rows])
            self.habit[rows, c] += logged
        for keep, recent, bored in (
            (LATELY, self.recent, self.bored), (FOR_LONG, self.recent_long, self.bored_long)
        ):  # fmt: skip
            recent[rows] *= keep
            recent[rows, c] += 1 - keep
            bored[rows] = keep * bored[rows] + (1 - keep) * self.lately[rows, c]
        self.mood[rows] = FOR_LONG * self.mood[rows] + (1 - FOR_LONG) * surprise
        self.lately[rows] *= SOON
        self.lately[rows, c] += 1
        self.since[rows] = np.where(orders > 0, 0, self.since[rows] + 1)
        self.slot[rows] += 1

    def _learn(
        self, rows: Ints, c: Ints, given: Flags, orders: Floats, surprise: Floats, talked: Floats
    ) -> None:
        told = np.isfinite(surprise)
        heard = np.where(told, surprise, 0.0) + self.level[rows] + self.liking[rows, c]
        self.heard[rows, c] += told
        self.heard_sum[rows, c] += told * heard
        self._believe(rows)
        self.bought[rows, c] += orders - self.own_rate()[rows]
        self.shown[rows, c] += 1
        self.total[rows] += 1
        self.orders[rows] += orders
        self.couponed[rows] += given
        self.coupon_orders[rows] += orders * given
        self.talked[rows] += talked

    def _believe(self, rows: Ints) -> None:
        """Level and likings given all that was heard, exactly: likings are independent once the level is known."""
        of, heard, total = self.means, self.heard[rows], self.heard_sum[rows]
        whole = of.likings * heard + of.noise
        precision = 1 / of.levels + (heard / whole).sum(axis=1)
        level = (of.log_seconds / of.levels + (total / whole).sum(axis=1)) / precision
        share = of.likings * heard / whole
        self.level[rows], self.level_unsure[rows] = level, 1 / precision
        self.liking[rows] = of.likings * (total - heard * level[:, None]) / whole
        self.unsure[rows] = of.likings * (1 - share) + share**2 / precision[:, None]

    def drawn_tastes(self, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Level (n,) and likings (n, c) as they may be, from what was heard."""
        of = self.means
        level = self.level + np.sqrt(self.level_unsure) * rng.standard_normal(self.n)
        whole = of.likings * self.heard + of.noise
        middle = of.likings * (self.heard_sum - self.heard * level[:, None]) / whole
        return level, middle + np.sqrt(of.likings * of.noise / whole) * rng.standard_normal(middle.shape)

    def end_week(self, learn: bool = True) -> None:
        """Seven days pass until the next visit, if there is one. Who was never seen is not yet counted."""
        here = self.slot > 0
        if learn:
            # Whether they came, against what is usual after a week like their last one.
            usual = np.where(self.last_here, self.means.back_after_here, self.means.back_after_away)
            counted = self.weeks > 0
            self.came_more += counted * (here - usual)
            self.came_sure += counted * usual * (1 - usual)
            self.weeks += self.total > 0
        self.last_here = here
        self.lately *= WEEK
        self.slot[:] = 0.0

    def appeal(self) -> Floats:
        """(n, c) log seconds that each category is foretold to be watched beyond the viewer's level."""
        return self.tastes() - self.means.fade * self.lately

    def tastes(self, cells: Cells = slice(None)) -> Floats:
        """(n, c), or of these cells, the same of a category not shown lately."""
        of, found = self.means, self.liking[cells]
        if of.by_category is not None:
            found = found + (of.by_category[cells[1]] if isinstance(cells, tuple) else of.by_category)
        return found + of.by_knowledge * self.own_habit(cells) if of.by_knowledge else found

    def suited(self, long: bool = False) -> Floats:
        """(n,) appeal of what was shown lately beyond the usual, by all that is held of the viewer now."""
        recent, bored = (self.recent_long, self.bored_long) if long else (self.recent, self.bored)
        appeal = (recent * self.tastes()).sum(axis=1) - self.means.fade * bored
        # Against the usual, so that who has seen little, where the mean begins, is not taken for well served.
        return appeal - self.means.appeal * recent.sum(axis=1)

    def own_rate(self) -> Floats:
        """(n,) orders a recommendation, shrunk to the mean."""
        own, like = self.means.purchases, self.means.like_orders
        return (self.orders + like * own) / (self.total + like)

    def own_bought(self) -> Floats:
        """(n, c) orders a recommendation of this category beyond the viewer's own rate, shrunk to none."""
        return self.bought / (self.shown + self.means.like_bought)

    def own_habit(self, cells: Cells = slice(None)) -> Floats:
        """(n, c), or of these cells, what the policy of the log knew of a viewer: log of its chance to show this over
        the usual one. It shows people what they like, so that without it repeating something would look harmless."""
        knew, usual = self.knew[cells], self.means.shares
        if usual is None:
            return np.zeros_like(knew)
        rows: Any
        column: Any
        rows, column = cells if isinstance(cells, tuple) else (slice(None), slice(None))
        if self.means.unshown is not None:
            return np.where(np.isfinite(knew), knew, self.means.unshown[column])
        shown = self.habit.sum(axis=1)[rows]
        shown = shown if isinstance(cells, tuple) else shown[:, None]
        own = (self.habit[cells] + PRIOR * usual[column]) / (shown + PRIOR)
        return np.where(np.isfinite(knew), knew, np.log(own / usual[column]))

    def features(self) -> NDArray[np.float32]:
        """(n, FEATURES(c, p)) what a policy sees: of each category, of the viewer, of the moment."""
        by_category = [self.lately, self.tastes(), 5 * self.own_bought(), self.own_habit()]
        alone = np.column_stack(
            [
                10 * self.own_rate(), self.level / 4, self.own_talk(), self.mood, self.suited(), self.suited(long=True),
                np.log1p(self.since) / 3, self.slot / 4, self.here,
            ]
        )  # fmt: skip
        return np.concatenate([*by_category, alone, self.profile], axis=1).astype(np.float32)

    def own_talk(self) -> Floats:
        """(n,) interactions a recommendation, shrunk to the mean."""
        like = self.means.like_talk
        return (self.talked + like * self.means.interactions) / (self.total + like)

    def of_categories(self) -> Floats:
        """(n, c, columns) what a response model reads of showing each category.

        A square of 'lately' would be told by the few rows of a log that repeat a category again and again, and a policy
        that does so would live off its noise.
        """
        return np.stack([self.lately, self.appeal(), self.own_habit(), self.own_bought()], axis=2)

    def of_viewers(self) -> Floats:
        """(n, columns) what it reads of the viewer, whatever is shown."""
        alone = [
            self.rate_log_odds(), self.level, self.own_talk(), self.mood, self.suited(), np.log1p(self.since), self.slot
        ]  # fmt: skip
        return np.concatenate([np.column_stack(alone), self.profile], axis=1)

    def of_offers(self) -> Floats:
        """(n, columns) what it reads of the viewer where something is offered."""
        by_coupon = (self.coupon_orders + 0.5) / (self.couponed + 0.5 / max(self.means.purchases, 1e-3))
        return np.concatenate([np.column_stack([self.rate_log_odds(), by_coupon]), self.profile], axis=1)

    def rate_log_odds(self) -> Floats:
        rate = self.own_rate()
        return np.log(rate / (1 - np.minimum(rate, 0.95)))

    def about(self, category: Ints, offer: Ints, offers: int) -> Floats:
        """(n, columns) what a response model reads of showing each viewer this category with this offer: which
        category, which offer, of_categories, of_viewers, of_offers."""
        rows = np.arange(self.n)
        return np.concatenate(
            [
                np.eye(self.categories)[category], np.eye(offers)[offer][:, 1:], self.of_categories()[rows, category],
                self.of_viewers(), (offer > 0)[:, None] * self.of_offers(),
            ],
            axis=1,
        )  # fmt: skip

    def about_returning(self) -> Floats:
        """(n, columns) what the chance of coming back within 7 days is read from, at the end of a week."""
        here = self.slot > 0
        long = self.suited(long=True)
        alone = [self.mood, self.suited(), long, here * long, self.own_rate(), here, self.loyalty()]
        return np.concatenate([np.column_stack(alone), self.profile], axis=1)

    def loyalty(self) -> Floats:
        """(n,) log odds to come beyond what is usual: one step towards the mode given the weeks that were seen."""
        return self.came_more / (self.came_sure + 1 / self.means.loyalties)


_BY_CATEGORY = (
    "lately",
    "shown",
    "heard",
    "heard_sum",
    "liking",
    "unsure",
    "bought",
    "habit",
    "knew",
    "recent",
    "recent_long",
)
_ALONE = (
    "total", "orders", "couponed", "coupon_orders", "talked", "level", "level_unsure", "mood", "bored", "bored_long",
    "since", "slot", "weeks", "came_more", "came_sure",
)  # fmt: skip
