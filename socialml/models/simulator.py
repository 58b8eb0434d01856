"""A room of viewers who answer as a fitted response says.

What the log tells of a viewer is not certain, and a policy goes on learning it while it is played. So the likings
that answer are drawn once, from what the log leaves open; what a policy sees are its beliefs about them. Were the
beliefs to answer themselves, each lucky order would make the next one likelier, and a policy that chooses by
beliefs would look better week by week.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from socialml.environments.outcome import Noise, Outcome
from socialml.environments.viewers import Viewers
from socialml.models.response import Response, logistic

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Places of what changes from moment to moment, among Viewers.of_categories and Viewers.of_viewers.
LATELY, APPEAL = 0, 1
MOMENT = (3, 4, 5, 6)  # mood, suited, log since, slot


class Simulator:
    """A responder for LiveShopping. It keeps what is hidden of one episode.

    start: the same viewers as the environment's, with what the log tells of them by the simulator's own reckoning
    (its Means); none: by the environment's.
    """

    def __init__(self, response: Response, start: Viewers | None = None) -> None:
        self.response, self.start = response, start
        self.hidden: Viewers | None = None
        self._found: Floats | None = None  # predictors of the choices that are being answered

    def begin(self, viewers: Viewers, rng: np.random.Generator) -> None:
        """A new episode of these viewers."""
        hidden = (self.start or viewers).copy()
        hidden.level, hidden.liking = hidden.drawn_tastes(rng)
        self.hidden, self._found = hidden, None
        # All that does not change within the episode, once: (n, c, 7) and (n, offers, 7).
        category, offer, by_category, alone, offered, base = self.response.parts(viewers.categories)
        of_categories, of_viewers = hidden.of_categories(), hidden.of_viewers()
        of_categories[:, :, LATELY] = 0
        of_categories[:, :, APPEAL] = hidden.tastes()
        of_viewers[:, list(MOMENT)] = 0
        self._fixed = base + category + of_categories @ by_category + (of_viewers @ alone)[:, None]
        self._offered = np.zeros((viewers.n, len(offer) + 1, self._fixed.shape[2]))
        self._offered[:, 1:] = offer + (hidden.of_offers() @ offered)[:, None]
        self._fade = by_category[LATELY] - hidden.means.fade * by_category[APPEAL]
        self._moment = alone[list(MOMENT)]
        # The response was fitted on beliefs, which spread less than likings do: a chance is curved in its log odds, so
        # that it holds what this spread adds on average, and likings that are drawn would add it again.
        self._added = 0.5 * by_category[APPEAL, :4] ** 2 * self.response.unsure

    def respond(self, viewers: Viewers, category: Ints, offer: Ints, noise: Noise) -> Outcome:
        """What follows when each viewer is shown this; 0 for who is not here. The moment moves on."""
        hidden = self._hidden(viewers)
        found = self._predictors(hidden, category, offer)
        self._found = None
        even = np.column_stack([noise.purchase, noise.like, noise.comment, noise.share])
        hits = ((even < logistic(found[:, :4])) & viewers.here[:, None]).astype(np.float64)
        spread = self.response.spread
        seconds = np.exp(np.minimum(found[:, 4] + spread[0] * noise.seconds, 20)) * viewers.here
        amount = np.exp(np.minimum(found[:, 5] + spread[1] * noise.amount, 20)) * hits[:, 0]
        outcome = Outcome(
            hits[:, 0], amount, seconds, hits[:, 1], hits[:, 2], hits[:, 3], found[:, 6] * viewers.here
        )
        hidden.update(category, offer, outcome, learn=False)
        return outcome

    def expected_outcome(self, viewers: Viewers, category: Ints, offer: Ints) -> Outcome:
        """The mean of what `respond` will give to the same choices, which must come next."""
        self._found = self._predictors(self._hidden(viewers), category, offer)
        found = self.response.means(self._found)
        return Outcome(*(getattr(found, name) * viewers.here for name in Outcome.__dataclass_fields__))

    def coming(self, viewers: Viewers) -> Floats:
        """(n,) chance to come within the next 7 days. The week ends."""
        hidden = self._hidden(viewers)
        chance = self.response.coming(hidden)
        hidden.end_week(learn=False)
        return chance

    def _hidden(self, viewers: Viewers) -> Viewers:
        if self.hidden is None or self.hidden.n != viewers.n:
            raise ValueError("the episode has not begun")
        self.hidden.here = viewers.here
        return self.hidden

    def _predictors(self, hidden: Viewers, category: Ints, offer: Ints) -> Floats:
        """(n, 7)"""
        if self._found is not None:
            return self._found
        rows = np.arange(hidden.n)
        lately = hidden.lately[rows, category][:, None]
        moment = np.column_stack([hidden.mood, hidden.suited(), np.log1p(hidden.since), hidden.slot])
        found = self._fixed[rows, category] + self._offered[rows, offer] + moment @ self._moment
        found += lately * self._fade
        found[:, :4] -= self._added * (1 - 2 * logistic(found[:, :4]))
        return found
