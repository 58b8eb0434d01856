"""Live-shopping recommendations of the sample: a planted response, and the log of a known policy in it.

Each week a viewer comes or not; who comes is shown SLOTS recommendations, each a category with or without a
coupon. With a[u,c] the viewer's liking of a category, f[u,c] their fatigue with it and m[u] their mood,
    match       = a[u,c] - patience[u] f[u,c]
    P(purchase) = logistic(buys[u] + 0.9 match + coupon (0.25 + lure[u]))
    amount      = order_value[u] x category price x exp(0.35 z) x (1 - 0.15 coupon)
    seconds     = view_seconds[u] exp(0.3 match + 0.35 z)
    P(like), P(comment), P(share) = logistic(talks[u] + 0.6 match - (0, 1.6, 1.9))
    f[u,c]      = 0.75 f[u,.] + 1 where it was shown; halved over a week
    m[u]        = 0.85 m[u] + 0.15 match
    P(comes next week) = logistic(returns[u] + 1.1 m[u]) for who came, 0.35 of that for who stayed away.
The policy that wrote the log knows popularity and two favourites of each viewer, and forgets all else:
    chance = 0.85 softmax(1.1 log popularity + 0.9 favourite) x (0.25 coupon, 0.75 none) + 0.15 even.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from socialml.environments.outcome import Noise, Outcome

from . import model, tables
from .users import Floats, Ints, Users

WEEKS, SLOTS = 12, 4  # of the log; recommendations a visit
MOST_VIEWERS = 20_000  # of a large shop only so many are logged
OFFERS = ("none", "coupon")
DISCOUNT = 0.15  # of the price, with a coupon
SURVEY_SHARE = 0.05  # of the recommendations
KEPT_FATIGUE, KEPT_OVER_A_WEEK = 0.75, 0.5
COUPON = 0.25  # log odds of an order that a coupon adds
EXPLORE = 0.15  # share of the logging policy's choices that are even
COUPONS = 0.25


@dataclass(eq=False)
class Moment:
    """What changes in the planted world."""

    fatigue: Floats  # (n, categories)
    mood: Floats  # (n,)
    here: NDArray[np.bool_]  # (n,) watching this week


@dataclass(frozen=True, eq=False)
class World:
    """The planted viewers; arrays have one entry a viewer."""

    viewer: Ints  # index into the users of the sample
    liking: Floats  # (n, categories)
    patience: Floats
    buys: Floats
    lure: Floats
    order_value: Floats
    view_seconds: Floats
    talks: Floats
    returns: Floats
    policy: Floats  # (n, categories, offers): chance of each choice in the log
    price: Floats  # (categories,) of what is shown, over the viewer's order value
    coupon: float = COUPON  # log odds of an order that a coupon adds, beside lure
    discount: float = DISCOUNT

    def of(self, viewers: Ints) -> World:
        """These viewers only, in this order."""
        own = {f.name: getattr(self, f.name)[viewers] for f in fields(self) if f.name not in _MARKET}
        return replace(self, **own)

    @property
    def n(self) -> int:
        return len(self.viewer)

    def start(self, rng: np.random.Generator) -> Moment:
        n = self.n
        come = rng.random(n) < _logistic(self.returns)
        return Moment(np.zeros(self.liking.shape), np.zeros(n), come)

    def chances(self, moment: Moment, category: Ints, offer: Ints) -> tuple[Floats, Floats]:
        """(n,) match and P(purchase) of a choice for each viewer."""
        rows = np.arange(self.n)
        match = self.liking[rows, category] - self.patience * moment.fatigue[rows, category]
        return match, _logistic(self.buys + 0.9 * match + offer * (self.coupon + self.lure))

    def respond(self, moment: Moment, category: Ints, offer: Ints, noise: Noise) -> Outcome:
        """What follows when each viewer is shown a category (n,) with an offer (n,); changes the moment."""
        here = moment.here
        match, buy = self.chances(moment, category, offer)
        bought = here & (noise.purchase < buy)
        price = self.order_value * self.price[category] * np.exp(model.LINE_NOISE * noise.amount)
        talk = self.talks + 0.6 * match
        outcome = Outcome(
            purchases=bought.astype(np.float64),
            amount=np.where(bought, np.round(price * (1 - self.discount * offer), 2), 0.0),
            seconds=np.where(here, self.view_seconds * np.exp(0.3 * match + 0.35 * noise.seconds), 0.0),
            likes=(here & (noise.like < _logistic(talk))).astype(np.float64),
            comments=(here & (noise.comment < _logistic(talk - 1.6))).astype(np.float64),
            shares=(here & (noise.share < _logistic(talk - 1.9))).astype(np.float64),
        )
        moment.fatigue[here] *= KEPT_FATIGUE
        shown = np.flatnonzero(here)
        moment.fatigue[shown, category[shown]] += 1
        moment.mood = np.where(here, 0.85 * moment.mood + 0.15 * match, moment.mood)
        return outcome

    def next_week(self, moment: Moment, even: Floats) -> NDArray[np.bool_]:
        """Who comes next week: (n,). even: (n,) in 0..1."""
        moment.here = even < self.coming(moment)
        return moment.here

    def coming(self, moment: Moment) -> Floats:
        """(n,) chance to come next week, when this one is over; a week's rest passes."""
        moment.fatigue *= KEPT_OVER_A_WEEK
        return _logistic(self.returns + 1.1 * moment.mood) * np.where(moment.here, 1.0, 0.35)


_MARKET = ("price", "coupon", "discount")  # of a World: not by viewer


class Planted:
    """The planted world as the responder of a LiveShopping: the truth that a simulator's claims are held against.

    moment: at the end of the log. categories: of the world, in the order that the environment's have.
    """

    def __init__(self, world: World, moment: Moment, categories: Ints) -> None:
        self.world, self.categories, self.start = world, categories, moment
        self.begin()

    def begin(self, *_: Any) -> None:
        self.moment = Moment(self.start.fatigue.copy(), self.start.mood.copy(), self.start.here.copy())
        self._begun = False

    def respond(self, viewers: Any, category: Ints, offer: Ints, noise: Noise) -> Outcome:
        self.moment.here = viewers.here
        return self.world.respond(self.moment, self.categories[category], offer, noise)

    def expected_outcome(self, viewers: Any, category: Ints, offer: Ints) -> Outcome:
        world, here, category = self.world, viewers.here, self.categories[category]
        match, buy = world.chances(self.moment, category, offer)
        price = world.order_value * world.price[category] * np.exp(model.LINE_NOISE**2 / 2)
        talk = world.talks + 0.6 * match
        found = [
            buy, buy * price * (1 - world.discount * offer),
            world.view_seconds * np.exp(0.3 * match + 0.35**2 / 2),
            *(_logistic(talk - harder) for harder in (0, 1.6, 1.9)), 3.4 + 0.9 * self.moment.mood,
        ]  # fmt: skip
        return Outcome(*(values * here for values in found))

    def coming(self, viewers: Any) -> Floats:
        """(n,) chance to come next week; of the first week it is settled already."""
        if not self._begun:
            self._begun = True
            return self.moment.here.astype(np.float64)
        return self.world.coming(self.moment)


def plant(rng: np.random.Generator, users: Users, kinds: list[model.Kind]) -> World:
    """Viewers with likings that follow from their kind, favourites and themselves."""
    count, categories = len(users.kind), len(model.CATEGORIES)
    viewer = np.sort(rng.permutation(count)[:MOST_VIEWERS])
    n = len(viewer)
    kind = users.kind[viewer]
    popularity = np.arange(1, categories + 1) ** -0.6
    favourite = np.zeros((n, categories))
    favourite[np.arange(n)[:, None], users.favourites[viewer]] = 1
    by_kind = 0.35 * np.random.default_rng(5).standard_normal(
        (len(kinds), categories)
    )  # a fact of the market
    log_popular = np.log(popularity / popularity.mean())
    liking = (
        0.35 * log_popular + 0.8 * favourite + by_kind[kind] + 0.45 * rng.standard_normal((n, categories))
    )
    liking -= liking.mean()
    score = np.exp(1.1 * log_popular + 0.9 * favourite)
    choice = score / score.sum(axis=1, keepdims=True)
    offers = np.array([1 - COUPONS, COUPONS])
    policy = (1 - EXPLORE) * choice[:, :, None] * offers + EXPLORE / (categories * len(OFFERS))

    def around(mean: float, sd: float) -> Floats:
        return mean + sd * rng.standard_normal(n)

    purchases = users.traits["purchase"][viewer]
    talkative = sum(users.traits[name][viewer] for name in model.SOCIAL_ACTIONS)
    return World(
        viewer=viewer,
        liking=liking,
        patience=np.exp(around(np.log(0.45), 0.3)),
        buys=-2.75 + 0.55 * np.log(purchases / 5) + around(0, 0.25),
        lure=0.9 * users.traits["discount"][viewer] + around(0, 0.1),
        order_value=users.traits["order_value"][viewer],
        view_seconds=users.traits["seconds"][viewer],
        talks=-1.0 + 0.5 * np.log(talkative / 4) + around(0, 0.25),
        returns=around(0.7, 0.5),
        policy=policy,
        price=model.CATEGORY_PRICE,
    )


def log(
    rng: np.random.Generator, world: World, users: Users, ids: pa.Array, start: date, days: int
) -> pa.Table:
    """Every recommendation of the last WEEKS weeks before the end, by time."""
    first_day = days - 7 * WEEKS
    moment = world.start(rng)
    n, rows = world.n, []
    chance = world.policy.reshape(n, -1)
    cumulative = np.cumsum(chance, axis=1)
    cumulative /= cumulative[:, -1:]
    for week in range(WEEKS):
        begin = (first_day + 7 * week + rng.integers(0, 7, n)) * 86_400
        begin = begin + _evening(rng, n)
        shown_this_week = []
        here = moment.here.copy()
        for slot in range(SLOTS):
            choice = (rng.random((n, 1)) > cumulative).sum(axis=1).clip(max=chance.shape[1] - 1)
            category, offer = choice // len(OFFERS), choice % len(OFFERS)
            outcome = world.respond(moment, category, offer, Noise.draw(rng, n))
            asked = rng.random(n) < SURVEY_SHARE
            score = np.clip(np.rint(3.4 + 0.9 * moment.mood + 0.6 * rng.standard_normal(n)), 1, 5)
            shown_this_week.append(
                {
                    "viewer": np.arange(n), "time": begin + 240 * slot + rng.integers(0, 120, n),
                    "category": category, "offer": offer, "propensity": chance[np.arange(n), choice],
                    "seconds": outcome.seconds, "likes": outcome.likes.astype(np.int64),
                    "comments": outcome.comments.astype(np.int64), "shares": outcome.shares.astype(np.int64),
                    "purchases": outcome.purchases.astype(np.int64),
                    "fen": np.rint(100 * outcome.amount).astype(np.int64),
                    "satisfaction": np.where(asked, score, -1).astype(np.int64),
                }
            )  # fmt: skip
        returned = world.next_week(moment, rng.random(n)).astype(np.int64)
        for part in shown_this_week:
            # The last week's return lies after the end of the log: nobody can know it.
            part["returned"] = returned if week < WEEKS - 1 else np.full(n, -1)
            rows.append({name: values[here] for name, values in part.items()})
    table = {name: np.concatenate([part[name] for part in rows]) for name in rows[0]}
    order = np.lexsort((table["viewer"], table["time"]))
    return _table({name: values[order] for name, values in table.items()}, world, users, ids, start), moment


def _table(rows: dict[str, NDArray], world: World, users: Users, ids: pa.Array, start: date) -> pa.Table:
    user = world.viewer[rows["viewer"]]
    return pa.table(
        {
            "user_id": tables.codes(user, ids),
            "ts": tables.moments(start, rows["time"]),
            "platform": tables.codes(users.platform[user], tables.PLATFORMS),
            "category": tables.codes(rows["category"], model.CATEGORIES),
            "offer": tables.codes(rows["offer"], OFFERS),
            "propensity": pa.array(np.round(rows["propensity"], 6)),
            "seconds": pa.array(np.round(rows["seconds"], 1)),
            "likes": pa.array(rows["likes"]),
            "comments": pa.array(rows["comments"]),
            "shares": pa.array(rows["shares"]),
            "purchases": pa.array(rows["purchases"]),
            "amount": tables.money(rows["fen"]),
            "returned": tables.numbers(np.where(rows["returned"] < 0, tables.NONE, rows["returned"])),
            "satisfaction": tables.numbers(
                np.where(rows["satisfaction"] < 0, tables.NONE, rows["satisfaction"])
            ),
        }
    )


def _evening(rng: np.random.Generator, n: int) -> Ints:
    """Second of the day at which a visit begins: live rooms are full from noon to half past eleven."""
    return (12 * 3600 + rng.beta(3, 2, n) * 11.5 * 3600).astype(np.int64)


def _logistic(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))
