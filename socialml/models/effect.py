"""What each creator would bring: the log of a booking's result as the worth of the creator and what the campaign
around it did to it.

    log result = told by the offer's columns + own + suit + saturation(S) + log heat + what lasts + noise

`own` is shrunk to what the columns tell (empirical Bayes). The parts are fitted in turn, each on what the others
leave; those of the campaign are in `effect_market`. Values are means of results, not of their logs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from socialml.environments.market import Market
from socialml.errors import UserError
from socialml.features import placements
from socialml.features.placements import History, Offers
from socialml.models import effect_market, effect_scores
from socialml.models.effect_columns import Told
from socialml.models.effect_market import Bend

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_CAMPAIGNS, LEAST_ROWS = 8, 150
CAMPAIGN_FOLDS = 4  # of campaigns held out
_OUTER, _INNER = 3, 4  # the columns anew; the other parts between them
_WILD = 50  # times what is foretold: not counted further
_Z80 = 1.2815515655446004  # 80% of a normal lie within so many sd


@dataclass(frozen=True, eq=False)
class EffectModel:
    """Of m creators on c channels, from campaigns of p phases. Words, arrays and numbers only: a run can hold it."""

    channels: list[str]
    tiers: list[str]
    channel: Ints  # (m,)
    tier: Ints  # (m,)
    price: Floats  # (m,)
    value: Floats  # (m,) mean of one booking where nothing is saturated, in units of the goal
    value_low: Floats  # (m,) 80% of such bookings lie between
    value_high: Floats
    unsure: Floats  # (m,) variance of the log value
    bookings: Ints  # (m,) learned from
    suits: Floats  # (c, p)
    capacity: Floats  # (c, p)
    shape: Floats  # (2,) of what saturates: effect_market.slopes
    lasting: Floats  # (c,)
    keep: float
    spread: float
    noise: float  # sd of the log of a row, besides its creator's worth and its campaign
    columns: list[str]
    importance: Floats  # (columns,) shares of what the columns tell

    def market(self, phases: int) -> Market:
        """All creators; phases past those of the history are as its last."""
        places = np.minimum(np.arange(phases), self.suits.shape[1] - 1)
        return Market(
            channels=self.channels,
            phases=[f"phase {p + 1}" for p in range(phases)],
            tiers=self.tiers,
            channel=self.channel,
            tier=self.tier,
            price=self.price,
            value=self.value,
            suits=self.suits[:, places],
            capacity=self.capacity[:, places],
            bends=effect_market.BENDS.copy(),
            slopes=effect_market.slopes(self.shape),
            lasting=self.lasting,
            keep=self.keep,
            spread=self.spread,
        )

    def foretell(self, history: History) -> tuple[Floats, Floats]:
        """(r,) the mean result of each booking beside the others of its campaign, and the variance of its log."""
        market = self.market(history.phases)
        c, p = market.capacity.shape
        cell = (history.campaign * c + self.channel[history.creator]) * p + history.phase
        value = self.value[history.creator]
        summed = np.bincount(cell, value, len(history.campaigns) * c * p).astype(np.float64)
        summed = summed.reshape(-1, c, p)
        kept = np.divide(market.saturated(summed), summed, out=np.ones(summed.shape), where=summed > 0)
        mean = value * (market.weight() * kept).ravel()[cell]
        return mean, self.noise**2 + self.unsure[history.creator] + market.variance()[history.phase]


def fit(
    offers: Offers, history: History, goal: str, seed: int, start: EffectModel | None = None
) -> EffectModel:
    """goal: 'effect', 'sales' or 'reach'.

    start: a model of other campaigns. Its values then stand in for the columns, through a regression on them. So
    creators chosen because `start` likes them are not drawn towards all others, which a model of the columns alone
    would do: what it claims of a plan made with `start` is neither start's optimism nor shrunk away.

    Raises UserError small_history, no_outcome.
    """
    return _fit(offers, history, _enough(offers, history, goal), seed, start)


def _enough(offers: Offers, history: History, goal: str) -> Floats:
    """(r,) results, nan where unknown."""
    found = placements.result(history, offers, goal)
    use = found > 0
    campaigns = len(np.unique(history.campaign[use]))
    if campaigns < LEAST_CAMPAIGNS or use.sum() < LEAST_ROWS:
        raise UserError(
            "small_history",
            f"What creators bring is learned from {LEAST_CAMPAIGNS} past campaigns with {LEAST_ROWS} bookings or"
            f" more that brought something; this history has {campaigns} with {use.sum():,}.",
            "Import more past campaigns.",
        )
    return found


def _fit(
    offers: Offers, history: History, found: Floats, seed: int, start: EffectModel | None = None
) -> EffectModel:
    use = found >= 0
    m, c, p = offers.m, len(offers.channels), history.phases
    lasting = effect_market.lasting(offers, history)
    creator, phase, result = history.creator[use], history.phase[use], found[use]
    least = effect_scores.least(result)
    y = (
        np.log(np.maximum(result, least))
        + np.log(1 - effect_market.later_share(lasting, p))[offers.channel[creator], phase]
    )
    # Bookings whose result is not known saturate too.
    groups = effect_market.group(history.campaign, offers.channel[history.creator], history.phase, c, p)
    of, g = groups.of[use], len(groups.channel)
    count = np.bincount(creator, minlength=m).astype(np.float64)
    booked = count > 0
    columns = Told(offers, seed, None if start is None else np.log(start.value) - start.unsure / 2)
    spans = np.ones(m) if start is None else start.unsure / start.unsure.mean()
    noise: float = max(float(np.var(y)) / 4, 1e-4)
    tau = noise
    bend: Bend | None = None
    spread, keep = 0.0, 0.0
    freed = np.sqrt(g / max(g - 1.5 * c * p, g / 4))  # suits and capacities took of the heat
    around = np.zeros(len(y))  # what the campaign did, by row
    for outer in range(_OUTER):
        mean = _sums(creator, y - around, m) / np.maximum(count, 1)
        weight = np.where(booked, 1 / (tau * spans + noise / np.maximum(count, 1)), 0.0)
        told = columns.fit(mean, weight, trees=outer == _OUTER - 1)  # the campaigns hardly depend on them
        for _ in range(_INNER):
            mean = _sums(creator, y - around, m) / np.maximum(count, 1)
            own, unsure, tau = _own(mean - told, count, noise, tau, spans)
            # Each row beside what the creator's other rows say: its own luck would look like more to saturate.
            beside, doubt = _beside(y - around - told[creator], creator, count, noise, tau * spans)
            worth = np.exp(told + own + (unsure + noise) / 2)[history.creator]
            worth[use] = np.exp(told[creator] + beside + (doubt + noise) / 2)
            summed = _sums(groups.of, worth, g)
            precision = _sums(of, 1 / (noise + doubt), g)
            seen = _sums(of, (y - told[creator] - beside) / (noise + doubt), g) / np.maximum(precision, 1e-12)
            bend = bend or effect_market.start(summed, c, p)
            bend = bend.fitted(groups, seen, precision / (1 + precision * (spread**2 + 1e-3)), summed)
            offset = bend.offset(groups, summed)
            keep, spread, warm, warm_unsure = groups.heat((seen - offset) * freed, precision)
            around = (offset + warm)[of]
            error = y - (told + own)[creator] - around
            # Of the rows' freedom, what creators, heat, suits and capacities took.
            taken = (count @ unsure + np.bincount(of, minlength=g) @ warm_unsure) / noise + 2 * c * p
            noise = max(float(error @ error) / max(len(y) - float(taken), len(y) / 10), 1e-4)
    assert bend is not None
    heat = spread**2 * np.cumsum(keep ** (2 * np.arange(p)))
    suits = np.exp(bend.suit + heat / 2)
    level = suits.mean(axis=1)  # goes into the values, so that a channel's suits average 1
    value = np.exp(told + own + (unsure + noise) / 2) * level[offers.channel]
    around_it = unsure + noise + heat.mean()
    middle = np.log(value) - around_it / 2
    model = EffectModel(
        channels=list(offers.channels),
        tiers=list(offers.tiers),
        channel=offers.channel,
        tier=offers.tier,
        price=offers.price,
        value=value,
        value_low=np.exp(middle - _Z80 * np.sqrt(around_it)),
        value_high=np.exp(middle + _Z80 * np.sqrt(around_it)),
        unsure=unsure,
        bookings=count.astype(np.int64),
        suits=suits / level[:, None],
        capacity=np.exp(bend.capacity) * level[:, None],
        shape=bend.shape,
        lasting=lasting,
        keep=keep,
        spread=spread,
        noise=float(np.sqrt(noise)),
        columns=columns.names,
        importance=columns.importance(),
    )
    # Logs need not be normal: in all, what is told of these bookings is what they brought, but for a wild row.
    told_of = model.foretell(history)[0][use]
    scale = float(np.clip(np.minimum(result, _WILD * told_of).sum() / told_of.sum(), 0.5, 2.0))
    scaled: dict[str, Any] = {
        name: getattr(model, name) * scale for name in ("value", "value_low", "value_high", "capacity")
    }
    return replace(model, **scaled)


def _sums(of: Ints, found: Floats, sets: int) -> Floats:
    return np.bincount(of, found, sets).astype(np.float64)


def _own(
    found: Floats, count: Floats, noise: float, tau: float, spans: Floats
) -> tuple[Floats, Floats, float]:
    """Each creator's own part (m,) and the variance that is left of it (m,); and tau: it was tau x spans."""
    booked = count > 0
    error, span, square = noise / count[booked], spans[booked], found[booked] ** 2
    for _ in range(5):
        weight = 1 / (tau * span + error) ** 2
        tau = max(float((weight * span) @ (square - error) / (weight @ span**2)), 1e-4)
    before = tau * spans
    shrink = before * count / (before * count + noise)
    return shrink * found, before * (1 - shrink), tau


def _beside(
    found: Floats, creator: Ints, count: Floats, noise: float, before: Floats
) -> tuple[Floats, Floats]:
    """What the other rows (r,) of each row's creator say of its own part, and the variance that is left of it."""
    rest = np.bincount(creator, found, len(count))[creator] - found
    own = before[creator]
    spare = own * (count[creator] - 1) + noise
    return own * rest / spare, own * noise / spare


def held_out(offers: Offers, history: History, goal: str, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores and rows of bookings foretold by models of other campaigns (a quarter is held out at a time).

    Scores: metric, model, floor; the floor is the tier's and channel's mean result of a yuan. Rows: campaign_id,
    creator_id, predicted, low, high (80%), real.

    Raises UserError small_history, no_outcome.
    """
    _enough(offers, history, goal)
    fold = np.random.default_rng(seed).permutation(len(history.campaigns)) % CAMPAIGN_FOLDS
    parts = []
    for one in range(CAMPAIGN_FOLDS):
        inside, outside = np.flatnonzero(fold != one), np.flatnonzero(fold == one)
        learned, judged = history.of(inside), history.of(outside)
        model = _fit(offers, learned, placements.result(learned, offers, goal), seed)
        mean, variance = model.foretell(judged)
        middle, reach = mean * np.exp(-variance / 2), np.exp(_Z80 * np.sqrt(variance))
        parts.append(
            pd.DataFrame(
                {
                    "campaign_id": np.array(judged.campaigns)[judged.campaign],
                    "creator_id": np.array(offers.creator_id)[judged.creator],
                    "predicted": mean,
                    "low": middle / reach,
                    "high": middle * reach,
                    "real": placements.result(judged, offers, goal),
                    "floor": effect_scores.floor(
                        offers, learned, placements.result(learned, offers, goal), judged
                    ),
                }
            )
        )
    rows = pd.concat(parts, ignore_index=True)
    rows = rows[np.isfinite(rows["real"])]
    return effect_scores.scores(rows), rows.drop(columns="floor")
