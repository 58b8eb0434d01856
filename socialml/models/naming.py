"""Names for segments: the five archetypes of Li 2024 (Table 1) where they fit, else what stands out.

Everything here works on profiles: the mean of each feature over a segment's users, in standard deviations
from the mean of all users.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.optimize import linear_sum_assignment

LEAST_CONFIDENCE = 0.5  # below it no archetype is named
STANDS_OUT = 0.35  # standard deviations from the mean of all users; less is 'average'


@dataclass(frozen=True, kw_only=True)
class Archetype:
    """A row of Table 1: what its users do more (+) or less (-) than others, and what to do for them."""

    name: str
    needs: tuple[str, ...]  # features without which nobody can be called so
    signature: dict[str, float]  # feature -> weight; those not measured are left out
    strategy: str


# In the order of Table 1, which is also the order of the colours.
ARCHETYPES: tuple[Archetype, ...] = (
    Archetype(
        name="High-Frequency Buyers",
        needs=("purchases_per_month",),
        signature={"purchases_per_month": 2, "monetary": 1, "recency_days": -0.5},
        strategy="Show high-value products and give personal service.",
    ),
    Archetype(
        name="Low-Frequency Browsers",
        needs=("purchases_per_month", "browse_seconds"),
        signature={"browse_seconds": 1, "views": 1, "purchases_per_month": -1},
        strategy="Make the content more appealing and give reasons to buy.",
    ),
    Archetype(
        name="Socially Active Users",
        needs=("likes", "shares", "comments"),
        signature={"likes": 1, "shares": 1, "comments": 1},
        strategy="Ask for posts and reward recommendations to friends.",
    ),
    Archetype(
        name="Price-Sensitive Users",
        needs=("discount_share",),
        signature={"discount_share": 2, "promotions_opened": 1, "average_order": -0.5},
        strategy="Run regular promotions and discounts.",
    ),
    Archetype(
        name="New Users",
        needs=("tenure_days",),
        signature={"tenure_days": -2, "frequency": -0.5},
        strategy="Give a newcomer's discount and personal recommendations.",
    ),
)
BY_NAME = {archetype.name: archetype for archetype in ARCHETYPES}


@dataclass(frozen=True, kw_only=True)
class StandOut:
    """How a feature is said in a name, when high and when low, and what to do then."""

    theme: str  # a name takes no two features of one theme
    high: str
    low: str
    if_high: str
    if_low: str


_MORE = "Give personal service and show products that go with what they bought."
_LESS = "Give a reason to buy again: a reminder with one offer."
_TALK = "Ask for posts and reward recommendations to friends."
_QUIET = "Start with easy things: a poll, a question, a like."
_SHOW = "Turn watching into buying: show the product early and offer a first-order discount."
_REACH = "Bring them back to the streams with reminders of what they liked."
STAND_OUTS: dict[str, StandOut] = {
    "purchases_per_month": StandOut(
        theme="buying", high="Many purchases", low="Few purchases", if_high=_MORE, if_low=_LESS
    ),
    "monetary": StandOut(theme="money", high="High spend", low="Low spend", if_high=_MORE, if_low=_LESS),
    "frequency": StandOut(theme="buying", high="Many orders", low="Few orders", if_high=_MORE, if_low=_LESS),
    "recency_days": StandOut(
        theme="recency",
        high="Long silent",
        low="Bought lately",
        if_high="Win them back: a personal offer with an end date.",
        if_low=_MORE,
    ),
    "average_order": StandOut(
        theme="money",
        high="Large orders",
        low="Small orders",
        if_high=_MORE,
        if_low="Offer sets and free delivery above a minimum.",
    ),
    "discount_share": StandOut(
        theme="price",
        high="Mostly discounts",
        low="Full price",
        if_high="Run regular promotions and discounts.",
        if_low="Save the discounts: show what is new.",
    ),
    "promotions_opened": StandOut(
        theme="price",
        high="Many promotions opened",
        low="Few promotions opened",
        if_high="Run regular promotions and discounts.",
        if_low="Save the coupons: show what is new.",
    ),
    "tenure_days": StandOut(
        theme="time",
        high="Long-standing",
        low="Newcomers",
        if_high="Thank them: early access, a loyalty reward.",
        if_low="Give a newcomer's discount and personal recommendations.",
    ),
    "shares": StandOut(theme="social", high="Many shares", low="Few shares", if_high=_TALK, if_low=_QUIET),
    "comments": StandOut(
        theme="social", high="Many comments", low="Few comments", if_high=_TALK, if_low=_QUIET
    ),
    "likes": StandOut(theme="social", high="Many likes", low="Few likes", if_high=_TALK, if_low=_QUIET),
    "browse_seconds": StandOut(
        theme="watching", high="Long watching", low="Little watching", if_high=_SHOW, if_low=_REACH
    ),
    "views": StandOut(theme="watching", high="Many views", low="Few views", if_high=_SHOW, if_low=_REACH),
    "sessions": StandOut(
        theme="watching", high="Many visits", low="Few visits", if_high=_SHOW, if_low=_REACH
    ),
    "carts": StandOut(
        theme="carts",
        high="Full carts",
        low="Empty carts",
        if_high="Remind them of what is in the cart.",
        if_low=_SHOW,
    ),
    "ad_clicks": StandOut(
        theme="ads",
        high="Many ad clicks",
        low="Few ad clicks",
        if_high="Send ads straight to the product they show.",
        if_low="Spend less on ads here, more on content.",
    ),
    "variety": StandOut(
        theme="choice",
        high="Wide taste",
        low="Narrow taste",
        if_high="Show new categories.",
        if_low="Show more of the category they buy.",
    ),
}
AVERAGE_STRATEGY = "Keep them informed; try offers on a few before all."


@dataclass(frozen=True)
class Match:
    archetype: str
    segment: int
    confidence: float  # 0 to 1


def match(profiles: np.ndarray, features: Sequence[str]) -> list[Match]:
    """One-to-one matching of segments and archetypes, the best sum of fits.

    profiles: (segments, features) standardised means; `features` name its columns. An archetype that needs a
    feature which is not among them takes no part. Matches come in the archetypes' order.
    """
    usable = [archetype for archetype in ARCHETYPES if set(archetype.needs) <= set(features)]
    if not usable:
        return []
    fits = np.column_stack(
        [_fit(profiles, features, archetype) for archetype in usable]
    )  # (segments, archetypes)
    rows, columns = linear_sum_assignment(fits, maximize=True)
    found = [
        Match(usable[column].name, int(row), _confidence(fits, int(row), int(column)))
        for row, column in zip(rows, columns, strict=True)
    ]
    order = [archetype.name for archetype in ARCHETYPES]
    return sorted(found, key=lambda pair: order.index(pair.archetype))


def _fit(profiles: np.ndarray, features: Sequence[str], archetype: Archetype) -> np.ndarray:
    """How far each segment leans the archetype's way, in standard deviations: (segments,)."""
    names = [name for name in archetype.signature if name in features]
    weights = np.array([archetype.signature[name] for name in names])
    return profiles[:, [list(features).index(name) for name in names]] @ weights / np.abs(weights).sum()


def _confidence(fits: np.ndarray, segment: int, archetype: int) -> float:
    """How sure the name is, 0 to 1: a strong fit, times a clear lead over the rivals on both sides.

    Rivals are the other segments for this archetype (a kind cut in two has no lead) and the other archetypes
    for this segment. A lead of 0 counts half, of 1 standard deviation nearly in full.
    """
    fit = max(float(fits[segment, archetype]), 0.0)
    confidence = fit / (fit + 0.25)
    for rivals in (np.delete(fits[:, archetype], segment), np.delete(fits[segment], archetype)):
        if len(rivals):
            confidence /= 1 + np.exp(-4 * (fits[segment, archetype] - rivals.max()))
    return float(confidence)


def stand_out_names(profiles: np.ndarray, features: Sequence[str]) -> list[str]:
    """A different name for each segment from what stands out most: 'Many shares, few purchases'.

    profiles: (segments, features) standardised means. Features without words here are passed over, so that no
    column's name is ever shown.
    """
    known = [index for index, name in enumerate(features) if name in STAND_OUTS]
    taken: set[str] = set()
    names = []
    for profile in profiles:
        order = sorted(known, key=lambda index: -abs(profile[index]))
        strong = [index for index in order if abs(profile[index]) >= STANDS_OUT]
        name = next(
            (name for name in _candidates(profile, strong, order, features) if name not in taken), None
        )
        if name is None:
            name = next(f"Group {number}" for number in range(1, 100) if f"Group {number}" not in taken)
        taken.add(name)
        names.append(name)
    return names


def _candidates(
    profile: np.ndarray, strong: list[int], order: list[int], features: Sequence[str]
) -> list[str]:
    """Names for one segment, the best first: two themes that stand out, then three, then weaker ones."""
    chosen: list[tuple[int, ...]] = [*combinations(strong[:6], 2), *combinations(strong[:6], 3)]
    if not strong:
        found = ["Average customers"]
    else:
        themes = {STAND_OUTS[features[index]].theme for index in strong}
        found = [_word(features[strong[0]], profile[strong[0]])] if len(themes) == 1 else []
    for indices in [*chosen, *combinations(order[:6], 2), *combinations(order[:6], 3)]:
        if len({STAND_OUTS[features[index]].theme for index in indices}) == len(indices):
            found.append(_phrase([_word(features[index], profile[index]) for index in indices]))
    return found


def _word(feature: str, value: float) -> str:
    words = STAND_OUTS[feature]
    return words.high if value > 0 else words.low


def _phrase(words: list[str]) -> str:
    return ", ".join([words[0], *(word[0].lower() + word[1:] for word in words[1:])])


def stand_out_strategy(profile: np.ndarray, features: Sequence[str]) -> str:
    """What to do for a segment without an archetype: by the feature that stands out most."""
    known = [index for index, name in enumerate(features) if name in STAND_OUTS]
    if not known or max(abs(profile[known])) < STANDS_OUT:
        return AVERAGE_STRATEGY
    top = max(known, key=lambda index: abs(profile[index]))
    words = STAND_OUTS[features[top]]
    return words.if_high if profile[top] > 0 else words.if_low
