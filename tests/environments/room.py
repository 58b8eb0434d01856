"""A live room whose best policy is known: what the tests of policies play in."""

from __future__ import annotations

import numpy as np

from socialml.environments.live_shopping import LiveShopping
from socialml.environments.outcome import Noise, Outcome
from socialml.environments.viewers import Means, Viewers

CATEGORIES, OFFERS = 3, 2


class Room:
    """Viewer i likes category i % 3 and watches it longer. A coupon adds 0.1 to the chance of an order of 100; the
    same again costs `bored` of the chance and, over the week, of coming again."""

    def __init__(self, bored: float = 0.0, stays: float = 0.9) -> None:
        self.bored, self.stays = bored, stays

    def chance(self, viewers: Viewers) -> np.ndarray:
        """(n, categories, offers)"""
        own = viewers.profile[:, :1].astype(int) == np.arange(CATEGORIES)
        plain = 0.2 + 0.3 * own - 0.1 * self.bored * viewers.lately
        return np.clip(plain[:, :, None] + 0.1 * np.arange(OFFERS), 0.0, 1.0)

    def respond(self, viewers: Viewers, category: np.ndarray, offer: np.ndarray, noise: Noise) -> Outcome:
        chance = self.chance(viewers)[np.arange(viewers.n), category, offer]
        seconds = 60.0 * np.exp(2 * (chance - 0.1 * offer) + 0.2 * noise.seconds) * viewers.here
        return self._outcome((viewers.here & (noise.purchase < chance)).astype(float), offer, seconds)

    def expected_outcome(self, viewers: Viewers, category: np.ndarray, offer: np.ndarray) -> Outcome:
        chance = self.chance(viewers)[np.arange(viewers.n), category, offer]
        return self._outcome(chance * viewers.here, offer)

    def expected_all(self, viewers: Viewers) -> Outcome:
        chance = self.chance(viewers).reshape(viewers.n, -1)
        return self._outcome(chance, np.arange(CATEGORIES * OFFERS) % OFFERS)

    def coming(self, viewers: Viewers) -> np.ndarray:
        return np.clip(self.stays - self.bored * viewers.lately.max(axis=1) / 4, 0.0, 1.0)

    @staticmethod
    def _outcome(orders: np.ndarray, offer: np.ndarray, seconds: np.ndarray | float = 0.0) -> Outcome:
        nothing = np.zeros_like(orders)
        more = {name: nothing for name in Outcome.__dataclass_fields__}
        more = {
            **more,
            "purchases": orders,
            "amount": 100 * orders * (1 - 0.15 * offer),
            "seconds": seconds + nothing,
        }
        return Outcome(**more)


def room(n: int = 300, responder: Room | None = None, **more: object) -> LiveShopping:
    start = Viewers(Means(0.3, 0.1, 3.0), (np.arange(n) % 3)[:, None].astype(float), CATEGORIES)
    return LiveShopping(start, responder or Room(), OFFERS, **{"weeks": 3, "slots": 4, **more})  # type: ignore[arg-type]
