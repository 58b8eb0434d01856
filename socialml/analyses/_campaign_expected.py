"""What phases that are over were expected to bring: what their real results are held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from socialml.analyses._campaign_answers import winning
from socialml.analyses._campaign_markets import B, Markets

if TYPE_CHECKING:
    from socialml.analyses.campaign import Result


def expected(result: Result, begun: int, done: int) -> dict[str, float]:
    """channel -> what the recommended bookings of phases begun to done - 1 should bring by the end of the last of
    these, in the unit of the goal, told by B; channels without such bookings are left out."""
    market = Markets.stored(result).at(B)
    plan = winning(result)
    by_phase = result.heat[B] * market.suits * market.saturated(market.summed(plan))
    # A share of each phase's effect comes again in every later one: those up to the last that is over count.
    later = done - 1 - np.arange(begun, done)
    stays = np.array([[sum(share**k for k in range(n + 1)) for n in later] for share in market.lasting])
    totals = (by_phase[:, begun:done] * stays).sum(axis=1)
    booked = [bool(plan[market.channel == c, begun:done].any()) for c in range(len(market.channels))]
    return {
        name: float(total)
        for name, total, here in zip(market.channels, totals, booked, strict=True)
        if here and total > 0
    }
