"""Small planted live rooms with all that can differ between shops drawn at random, and the log of a known policy."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from socialml.environments.outcome import Noise
from socialml.features.impressions import ImpressionLog
from socialml.sample.live import Moment, World

SLOTS = 4


def world(seed: int, viewers: int = 1_500, categories: int = 6, nothing: bool = False) -> World:
    """nothing: whatever is shown, the same follows, and nothing is offered: no policy is better than another."""
    rng = np.random.default_rng([seed, 301])

    def around(mean: float, sd: float) -> np.ndarray:
        return mean + sd * rng.standard_normal(viewers)

    popular = -0.5 * np.log(np.arange(1, categories + 1))
    favourite = np.zeros((viewers, categories))
    favourite[np.arange(viewers), rng.integers(0, categories, viewers)] = 1
    liking = rng.uniform(0.2, 0.5) * popular + rng.uniform(0.4, 1.0) * favourite
    liking += rng.uniform(0.3, 0.6) * rng.standard_normal(liking.shape)
    score = np.exp(rng.uniform(0.5, 1.3) * popular + rng.uniform(0.4, 1.2) * favourite)
    offers = np.array([1.0]) if nothing else np.array([0.7, 0.3])
    explore = rng.uniform(0.1, 0.4)
    policy = (1 - explore) * (score / score.sum(axis=1, keepdims=True))[:, :, None] * offers
    price = np.exp(rng.normal(0, 0.25, categories))
    return World(
        viewer=np.arange(viewers),
        liking=np.zeros_like(liking) if nothing else liking - liking.mean(),
        patience=np.zeros(viewers) if nothing else np.exp(around(np.log(rng.uniform(0.2, 0.7)), 0.3)),
        buys=around(rng.uniform(-3, -2), 0.5),
        lure=around(rng.uniform(0, 0.4), 0.1),
        order_value=np.exp(around(4, 0.4)),
        view_seconds=np.exp(around(3.8, 0.5)),
        talks=around(-1, 0.5),
        returns=around(rng.uniform(0.3, 1.0), 0.5),
        policy=policy + explore / (categories * len(offers)),
        price=np.ones(categories) if nothing else price,
    )


def log(planted: World, seed: int, weeks: int = 10) -> tuple[ImpressionLog, Moment]:
    """All that was shown, and the moment after it, with who comes next drawn already."""
    rng = np.random.default_rng([seed, 302])
    moment, n = planted.start(rng), planted.n
    categories, offers = planted.policy.shape[1:]
    chances = planted.policy.reshape(n, -1)
    rows: list[dict[str, np.ndarray]] = []
    for week in range(weeks):
        here = moment.here.copy()
        for slot in range(SLOTS):
            choice = (np.log(chances) + rng.gumbel(size=chances.shape)).argmax(axis=1)
            outcome = planted.respond(moment, choice // offers, choice % offers, Noise.draw(rng, n))
            columns = {
                "viewer": np.arange(n), "week": np.full(n, week), "place": np.full(n, slot),
                "category": choice // offers, "offer": choice % offers,
                "propensity": chances[np.arange(n), choice], "seconds": outcome.seconds, "likes": outcome.likes,
                "comments": outcome.comments, "shares": outcome.shares, "purchases": outcome.purchases,
                "amount": outcome.amount, "satisfaction": np.full(n, np.nan),
            }  # fmt: skip
            rows.append({name: values[here] for name, values in columns.items()})
        planted.next_week(moment, rng.random(n))
    whole = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
    order = np.lexsort((whole["place"], whole["week"], whole["viewer"]))
    seen = np.unique(whole["viewer"])
    found = ImpressionLog(
        user_id=[f"V{i:05d}" for i in range(n)],
        categories=[f"c{i}" for i in range(categories)],
        offers=["none", "coupon"][:offers],
        until=datetime(2025, 10, 1), weeks=weeks,
        **{name: values[order] for name, values in whole.items()},
    )  # fmt: skip
    return found.of(seen), Moment(moment.fatigue[seen], moment.mood[seen], moment.here[seen])
