"""Draw the users of the sample: kind, traits, dates, demographics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from . import model

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Users:
    """Arrays with one entry a user; days count from the first day of the order history, and may be
    negative."""

    kind: Ints  # index into the kinds in use
    traits: dict[str, Floats]  # rates per 30 days; order_value CNY; discount a share; seconds of one view
    registered: Ints  # day of registration
    until: Ints  # first day on which they buy no more, or the number of days
    gender: Ints
    age: Ints
    region: Ints
    income: Ints  # CNY a month
    device: Ints
    platform: Ints  # 0 Douyin, 1 Kuaishou
    favourites: Ints  # (users, 2) categories


def draw(
    rng: np.random.Generator, count: int, kinds: list[model.Kind], days: int, churn: float, noise: bool
) -> Users:
    """Users in random order, so that an id says nothing about its kind.

    With noise, no kinds: log traits and log tenure come from one Gaussian that has the mean and the
    covariance which the kinds would have given.
    """
    share = model.shares(kinds)
    # Exact shares up to rounding: shares are a property of the population, not one more source of variation.
    edges = np.floor(np.cumsum(share) * count + 0.5).astype(np.int64)
    kind = rng.permutation(np.searchsorted(edges, np.arange(count), side="right").clip(max=len(kinds) - 1))
    means = model.log_means(kinds)
    tenure_mean = np.log([k.tenure[0] for k in kinds])
    tenure_spread = np.array([k.tenure[1] for k in kinds])
    bounds = np.array([k.tenure_bounds for k in kinds])

    base = np.column_stack([means, tenure_mean])
    if noise:
        centre = share @ base
        spread = (base - centre).T @ ((base - centre) * share[:, None])
        own = rng.multivariate_normal(centre, spread, size=count, method="eigh")
        low, high = np.full(count, bounds.min()), np.full(count, bounds.max())
    else:
        own = base[kind]
        low, high = bounds[kind].T

    z = rng.standard_normal((count, len(model.TRAITS)))
    engagement, social = rng.standard_normal((2, count))
    traits: dict[str, Floats] = {}
    for i, name in enumerate(model.TRAITS):
        sd = model.SPREADS[name] * model.SPREAD
        offset, variance = sd * z[:, i], sd**2
        if name in model.BEHAVIOURS or name == "session":
            offset, variance = offset + model.ENGAGEMENT * engagement, variance + model.ENGAGEMENT**2
        if name in model.SOCIAL_ACTIONS:
            offset, variance = offset + model.SOCIAL * social, variance + model.SOCIAL**2
        if name == "discount":
            traits[name] = 1 / (1 + np.exp(-(own[:, i] + offset)))
        elif name in ("order_value", "seconds"):
            traits[name] = np.exp(own[:, i] + offset)
        else:  # counts: minus half the variance keeps the kind's mean rate exact
            traits[name] = np.exp(own[:, i] + offset - variance / 2)

    tenure = np.exp(own[:, -1] + tenure_spread[kind] * rng.standard_normal(count))
    outside = (tenure < low) | (tenure > high)
    tenure[outside] = rng.uniform(low, np.minimum(high, 2 * low + 20))[outside]
    registered = days - np.ceil(tenure).astype(np.int64)
    leave = np.array([k.leave for k in kinds])[kind] * churn
    stay = np.where(
        leave > 0, rng.exponential(1.0, count) * model.DAYS_A_MONTH / np.maximum(leave, 1e-12), 1e9
    )
    # Nobody leaves on the day of registration, nor before the history begins (they would not be in the
    # files).
    until = np.minimum(np.maximum(registered, 0) + 7 + stay, days).astype(np.int64)

    demographic = _demographics(rng, kind, kinds, traits["order_value"])
    return Users(kind=kind, traits=traits, registered=registered, until=until, **demographic)


def _demographics(
    rng: np.random.Generator, kind: Ints, kinds: list[model.Kind], value: Floats
) -> dict[str, Ints]:
    """Gender, age, region, income, device, platform, favourite categories; they hint at the kind, no more."""
    count = len(kind)
    age = np.array([k.age for k in kinds])[kind] + 8.5 * rng.standard_normal(count)
    # Those who spend more on an order earn a little more.
    lift = 0.25 * (np.log(value) - np.log(value).mean()) if count else value
    income = np.array([k.income for k in kinds])[kind] * np.exp(0.40 * rng.standard_normal(count) + lift)
    popularity = np.arange(1, len(model.CATEGORIES) + 1) ** -0.6
    return {
        "gender": (rng.random(count) >= np.array([k.female for k in kinds])[kind]).astype(np.int64),
        "age": np.clip(np.rint(age), 16, 75).astype(np.int64),
        "region": pick(rng, model.REGION_SHARES, count),
        "income": (np.rint(income / 100) * 100).astype(np.int64),
        "device": pick(rng, model.DEVICE_SHARES, count),
        "platform": (rng.random(count) >= np.array([k.douyin for k in kinds])[kind]).astype(np.int64),
        "favourites": pick(rng, popularity, count * 2).reshape(count, 2),
    }


def pick(rng: np.random.Generator, weights: NDArray[np.generic], count: int) -> Ints:
    """Indices drawn with the given weights: (count,)."""
    cumulative = np.cumsum(np.asarray(weights, dtype=float))
    return np.searchsorted(cumulative, rng.random(count) * cumulative[-1], side="right").clip(
        max=len(cumulative) - 1
    )


def texts(ids: Ints) -> list[str]:
    """U0000001 for user 0."""
    return [f"U{i:07d}" for i in (ids + 1).tolist()]
