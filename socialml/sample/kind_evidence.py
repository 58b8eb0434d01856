"""What tells the kind of a user before their number of orders: log evidence for each kind, in closed form.

Constants that all kinds share are left out. Beside it: the price level, discounts and categories of the lines to
come. n users, as everywhere in the order of the users table; kinds those in use.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from . import model

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

SHARES = np.linspace(-2.5, 2.5, 11)  # of the discount's logit within a kind, in standard deviations
AGE_SD, INCOME_SD, INCOME_LIFT = 8.5, 0.41, 0.25  # as in `users`; the lift by order value widens income
SECONDS_SD = 0.6  # of the log seconds of one view, as in `behaviour`
ODD = 1.2  # a log price so far above the user's own is an anomaly: the least is log 5 = 1.6


def tenure(registered: Ints, days: int, kinds: list[model.Kind]) -> Floats:
    """(n, kinds) log share of each kind x density of its tenure; see users.draw."""
    out = []
    age = days - registered - 0.5  # days
    for kind, share in zip(kinds, model.shares(kinds), strict=True):
        (median, sd), (low, high) = kind.tenure, kind.tenure_bounds
        ends = (np.log([low, high]) - np.log(median)) / sd
        outside = 1 - np.diff([math.erf(end / math.sqrt(2)) for end in ends])[0] / 2
        width = min(high, 2 * low + 20) - low
        z = (np.log(age) - np.log(median)) / sd
        inside = (age >= low - 1) & (age <= high)
        usual = np.where(inside, np.exp(-(z**2) / 2) / (np.sqrt(2 * np.pi) * sd * age), 0)
        again = np.where((age >= low - 1) & (age <= low + width), outside / width, 0)
        out.append(np.log(share * (usual + again) + 1e-30))
    return np.column_stack(out)


def people(users: pa.Table, kinds: list[model.Kind]) -> Floats:
    """(n, kinds) log chance of age, gender, income and platform; what is unknown says nothing."""
    frame = users.to_pandas()
    income, age = np.log(frame["income"].to_numpy(float)), frame["age"].to_numpy(float)
    female, douyin = (frame["gender"] == "female").to_numpy(), (frame["platform"] == "Douyin").to_numpy()
    prices = np.log([kind.order_value for kind in kinds])
    lifts = INCOME_LIFT * (prices - model.shares(kinds) @ prices)
    out = []
    for kind, lift in zip(kinds, lifts, strict=True):
        out.append(
            np.nan_to_num(-((age - kind.age) ** 2) / (2 * AGE_SD**2))
            + np.nan_to_num(-((income - np.log(kind.income) - lift) ** 2) / (2 * INCOME_SD**2))
            + np.log(np.where(female, kind.female, 1 - kind.female))
            + np.log(np.where(douyin, kind.douyin, 1 - kind.douyin))
        )
    return np.column_stack(out)


def categories(lines: pd.DataFrame, n: int) -> Floats:
    """(n, categories) chances of the next line, over all pairs of favourites."""
    size = len(model.CATEGORIES)
    popular = np.arange(1, size + 1) ** -0.6
    popular /= popular.sum()
    one = np.eye(size)
    both = ((one[:, None] + one[None]) / 2).reshape(-1, size)
    pairs = model.FAVOURITE * both + (1 - model.FAVOURITE) * popular
    counts = np.zeros((n, size))
    np.add.at(counts, (lines["user"].to_numpy(), lines["code"].to_numpy()), 1)
    weight = counts @ np.log(pairs).T + np.log(np.outer(popular, popular)).ravel()
    weight = np.exp(weight - weight.max(axis=1, keepdims=True))
    return (weight / weight.sum(axis=1, keepdims=True)) @ pairs


def prices(lines: pd.DataFrame, n: int, kinds: list[model.Kind]) -> tuple[Floats, Floats, Floats, Flags]:
    """(n, kinds) log evidence; (n, kinds) mean and (n,) spread of the log price level; lines that are no anomalies.

    A line costs level x exp(noise), so that level and lines are normal in logs.
    """
    sd, noise = model.SPREADS["order_value"] * model.SPREAD, model.LINE_NOISE
    user, price = lines["user"].to_numpy(), lines["price"].to_numpy()
    medians = lines.groupby("user")["price"].agg(["median", "size"])
    centre = np.log([kind.order_value for kind in kinds])
    # An anomaly is told by its distance to the user's middle, drawn towards everybody's where lines are few.
    trust = sd**2 / (sd**2 + 1.57 * noise**2 / medians["size"])
    middle = trust * medians["median"] + (1 - trust) * (model.shares(kinds) @ centre)
    usual = price - middle.reindex(user).to_numpy() < ODD
    count = np.bincount(user[usual], minlength=n).astype(float)
    total = np.bincount(user[usual], weights=price[usual], minlength=n)
    mean = total / np.maximum(count, 1)
    spread = sd**2 + noise**2 / np.maximum(count, 1)
    evidence = -((mean[:, None] - centre) ** 2) / (2 * spread[:, None]) * (count > 0)[:, None]
    precision = 1 / sd**2 + count / noise**2
    posterior = (centre / sd**2 + total[:, None] / noise**2) / precision[:, None]
    return evidence, posterior, 1 / np.sqrt(precision), usual


def discounts(lines: pd.DataFrame, n: int, kinds: list[model.Kind]) -> tuple[Floats, Floats]:
    """(n, kinds) log evidence for each kind, and the chance that the next line is reduced."""
    user = lines["user"].to_numpy()
    all_lines = np.bincount(user, minlength=n)[:, None]
    reduced = np.bincount(user, weights=lines["reduced"], minlength=n)[:, None]
    prior = np.exp(-(SHARES**2) / 2)
    evidence, mean = np.empty((2, n, len(kinds)))
    for k, kind in enumerate(kinds):
        logit = np.log(kind.discounted / (1 - kind.discounted))
        share = 1 / (1 + np.exp(-logit - model.SPREADS["discount"] * model.SPREAD * SHARES))
        log = reduced * np.log(share) + (all_lines - reduced) * np.log(1 - share)
        top = log.max(axis=1, keepdims=True)
        weight = np.exp(log - top) * prior
        evidence[:, k] = top[:, 0] + np.log(weight.sum(axis=1) / prior.sum())
        mean[:, k] = weight @ share / weight.sum(axis=1)
    return evidence, mean


def watching(events: pa.Table, user_of: pd.Series, months: Floats, kinds: list[model.Kind]) -> Floats:
    """(n, kinds) log chance of the counts of each action and of the seconds of views, in these months of each user.

    Poisson counts with lognormal rates, integrated over the shared factors and each action's own by Gauss-Hermite.
    Those who left watch less; that is left out, as it is nearly the same for all kinds.
    """
    n, actions = len(user_of), {name: i for i, name in enumerate(model.BEHAVIOURS)}
    frame = events.select(["user_id", "action", "seconds"]).to_pandas()
    frame = frame[frame["action"].isin(list(actions))]
    user = user_of[frame["user_id"].astype(str)].to_numpy()
    action = frame["action"].astype(str).map(actions).to_numpy(int)
    counts = np.zeros((n, len(actions)))
    np.add.at(counts, (user, action), 1)
    node, chance = np.polynomial.hermite_e.hermegauss(5)
    chance = chance / chance.sum()
    engaged, social, own = node[:, None, None], node[:, None], node
    viewed = frame["seconds"].notna().to_numpy()
    seconds = np.bincount(user[viewed], np.log(frame["seconds"].to_numpy(float)[viewed]), minlength=n)
    views = np.bincount(user[viewed], minlength=n)
    out = np.zeros((n, len(kinds)))
    for k, kind in enumerate(kinds):
        log = np.zeros((n, len(node), len(node)))  # engagement, social
        for name, a in actions.items():
            sd = model.SPREADS[name] * model.SPREAD
            together = model.SOCIAL if name in model.SOCIAL_ACTIONS else 0.0
            centre = np.log(kind.rates[a]) - (sd**2 + model.ENGAGEMENT**2 + together**2) / 2
            rate = centre + model.ENGAGEMENT * engaged + together * social + sd * own  # (5, 5 or 1, 5) logs
            if not together:
                rate = rate[:, :1]
            wide = (slice(None), None, None, None)
            each = counts[:, a][wide] * rate - months[wide] * np.exp(rate)
            top = each.max(axis=3, keepdims=True)
            log += top[..., 0] + np.log(np.exp(each - top) @ chance)
        top = log.max(axis=(1, 2))
        out[:, k] = top + np.log(np.einsum("nes,e,s->n", np.exp(log - top[:, None, None]), chance, chance))
        variance = (model.SPREADS["seconds"] * model.SPREAD) ** 2 + SECONDS_SD**2 / np.maximum(views, 1)
        off = seconds / np.maximum(views, 1) - np.log(kind.seconds)
        out[:, k] -= np.where(views > 0, off**2 / (2 * variance), 0)
    return out
