"""The best forecast of a month that the planted process allows: what no model can beat but by luck.

How often a user buys, and whether they still do, has the posterior of `rate_posterior`. What else tells the kind is
in `kind_evidence`: the day of registration, prices before discount, the share of reduced lines, what was watched and
done, age, gender, income and platform; and here the calendar on the days of the orders. The two favourite categories
have their posterior over all pairs. From all this months are drawn as `orders` draws them: order by order, line by
line, with refunds, those of last month's lines too.

Not used: that those who left watch less.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from socialml.errors import UserError

from . import Sample, _months, kind_evidence, model
from .rate_posterior import Bought, posterior, rates

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BLOCK = 500  # users at a time
REFUND_DAYS = (1.0, 14.0)
TRENDING = float(np.log1p(model.PRICE_TREND))


@dataclass(frozen=True, eq=False)
class Ceiling:
    """Forecasts of one month, (n,) in the order of truth.user_id; nan for who registers in that month or later.

    Amounts are net, in CNY: paid minus refunds dated in the month. The median has the least absolute error. The
    clairvoyant knows the traits, the activity of the month before and whether the user has left by then.
    """

    amount_median: Floats
    amount_mean: Floats
    amount_p10: Floats
    amount_p90: Floats
    orders_median: Floats
    orders_mean: Floats
    clairvoyant_amount_median: Floats
    clairvoyant_orders_median: Floats


@dataclass(frozen=True, eq=False)
class _Seen:
    """Everything observable before the month."""

    bought: Bought
    cumulative: Floats  # (days + 1, kinds) calendar summed up to the end of the month
    end: int  # day after the month; it begins on bought.bounds[-1]
    lines: pd.DataFrame  # user, day, amount; kept, not sent back yet; usual, not an anomaly by its price
    anomalies: float  # share of lines
    price: Floats  # (n, kinds) mean of the log price level, if of that kind
    price_sd: Floats  # (n,) and its spread
    discount: Floats  # (n, kinds) chance that the next line is reduced
    categories: Floats  # (n, categories) chances of the next line


@dataclass(frozen=True, eq=False)
class _State:
    """What is drawn, or known, of each of b users in each of d draws: (b, d)."""

    kind: Ints
    rate: Floats  # orders per 30 days in the month, activity included
    there: NDArray[np.bool_]  # not left before the month
    price: Floats  # log of the price level
    discount: Floats  # share of lines


def forecast(sample: Sample, month: date, draws: int = 200, seed: int = 0) -> Ceiling:
    """The forecast of the month that begins on this day, by this many draws a user, from what came before it.

    UserError no_ceiling without kinds (noise=True), of a thinned sample, and outside the history: its second month
    is the first that can be forecast, the one after its end the last. Of a sample made with a number of orders or
    events of its own, so thinned too, the forecast is wrong.
    """
    seen = _observe(sample, month)
    truth, registered, bounds = sample.truth, seen.bought.registered, seen.bought.bounds
    cut, n, rng = int(bounds[-1]), len(registered), np.random.default_rng(seed)
    place = {name: i for i, name in enumerate(truth.kinds)}
    planted = np.array([place[name] for name in truth.kind.tolist()])
    left = (truth.until < len(truth.calendar)) & (truth.until <= cut)
    rho, sd = model.ACTIVITY_RHO, model.ACTIVITY_SD
    level = rho * (np.log(truth.activity[:, len(bounds) - 2].astype(float)) + sd**2 / 2)
    out = {name: np.full(n, np.nan) for name in Ceiling.__dataclass_fields__}
    pending = _pending(seen)
    known = np.flatnonzero(registered < cut)
    # Users who came together stand together: the months before them take no time.
    known = known[np.argsort(registered[known], kind="stable")]
    for users in np.split(known, range(BLOCK, len(known), BLOCK)):
        drawn = _sampled(seen, users, posterior(seen.bought, users), draws, rng)
        amount, orders = _draw(seen, users, drawn, pending, rng)
        out["amount_p10"][users], out["amount_median"][users], out["amount_p90"][users] = np.quantile(
            amount, (0.1, 0.5, 0.9), axis=1
        )
        out["amount_mean"][users], out["orders_mean"][users] = amount.mean(axis=1), orders.mean(axis=1)
        out["orders_median"][users] = np.median(orders, axis=1)
        # The clairvoyant: the same draws from what was planted.
        shock = sd * np.sqrt(1 - rho**2) * rng.standard_normal((len(users), draws))
        told = _State(
            kind=np.broadcast_to(planted[users, None], shock.shape),
            rate=truth.traits["purchase"][users, None] * np.exp(level[users, None] + shock - sd**2 / 2),
            there=np.broadcast_to(~left[users, None], shock.shape),
            price=np.broadcast_to(np.log(truth.traits["order_value"][users, None]), shock.shape),
            discount=np.broadcast_to(truth.traits["discount"][users, None], shock.shape),
        )
        amount, orders = _draw(seen, users, told, pending, rng)
        out["clairvoyant_amount_median"][users] = np.median(amount, axis=1)
        out["clairvoyant_orders_median"][users] = np.median(orders, axis=1)
    return Ceiling(**out)


def _observe(sample: Sample, month: date) -> _Seen:
    truth, told = sample.truth, sample.truth.parameters
    start, days = _months(date.fromisoformat(told["end"]), told["months"])
    firsts = [start + timedelta(days=day) for day in days]
    if told["noise"] or told["thinned"] or month not in firsts[1:]:
        raise UserError(
            "no_ceiling",
            f"The planted process gives no forecast of {month} here.",
            f"Take a month from {firsts[1]} to {firsts[-1]}, of a sample with kinds and all its rows.",
        )
    t = firsts.index(month)
    after = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    bounds, end = np.array(days[: t + 1]), (after - start).days
    kinds = [model.KINDS[name] for name in truth.kinds]
    cumulative = np.zeros((end + 1, len(kinds)))
    np.cumsum(model.calendar(start, end, kinds), axis=0, out=cumulative[1:])

    n = len(truth.kind)
    table = sample.orders.select(["order_id", "user_id", "ts", "category", "amount", "discount"])
    rows = table.to_pandas().astype({"amount": float, "discount": float})
    rows["day"] = (rows["ts"] - pd.Timestamp(start)).dt.days
    rows = rows[rows["day"] < bounds[t]]
    user_of = pd.Series(np.arange(n), index=truth.user_id.to_pylist())
    rows["user"] = user_of[rows["user_id"].astype(str)].to_numpy()
    back = rows.loc[rows["amount"] < 0, ["order_id", "amount"]].astype({"order_id": str})
    lines = rows[rows["amount"] > 0].astype({"order_id": str, "category": str})
    sent = set(zip(back["order_id"], -back["amount"], strict=True))
    lines["kept"] = [pair not in sent for pair in zip(lines["order_id"], lines["amount"], strict=True)]
    lines["code"] = lines["category"].map({name: i for i, name in enumerate(model.CATEGORIES)})
    full = (lines["amount"] + lines["discount"]) / model.CATEGORY_PRICE[lines["code"]]
    lines["price"] = np.log(full) - TRENDING * lines["day"] / model.DAYS_A_MONTH
    lines["reduced"] = lines["discount"] > 0

    first = lines.drop_duplicates("order_id")
    user, day = first["user"].to_numpy(), first["day"].to_numpy()
    at = np.searchsorted(bounds, day, side="right") - 1
    orders, last = np.zeros((n, t)), np.tile(bounds[:t], (n, 1))
    np.add.at(orders, (user, at), 1)
    np.maximum.at(last, (user, at), day + 1)
    daily = np.log(np.diff(cumulative, axis=0))  # (days, kinds)
    busy = np.zeros((n, len(kinds)))  # of the days of the orders, which promotions make likelier for some
    np.add.at(busy, user, daily[day])
    hazard = np.array([kind.leave for kind in kinds]) * told["churn"] / model.DAYS_A_MONTH
    evidence, price, price_sd, lines["usual"] = kind_evidence.prices(lines, n, kinds)
    told_by, discount = kind_evidence.discounts(lines, n, kinds)
    weight = busy + evidence + told_by + kind_evidence.people(sample.users, kinds)
    log = sample.events.filter(pc.less(sample.events["ts"], pa.scalar(datetime(month.year, month.month, 1))))
    begin = np.maximum(len(truth.calendar) - model.BEHAVIOUR_DAYS, truth.registered)
    months = np.maximum(bounds[t] - begin, 0) / model.DAYS_A_MONTH
    weight += kind_evidence.watching(log, user_of, months, kinds)
    weight += kind_evidence.tenure(truth.registered, len(truth.calendar), kinds)
    bought = Bought(kinds, bounds, cumulative, truth.registered, orders, last, hazard, weight)
    chances = kind_evidence.categories(lines, n)
    return _Seen(bought, cumulative, end, lines, told["anomaly_share"], price, price_sd, discount, chances)


def _sampled(seen: _Seen, users: Ints, weights: Floats, draws: int, rng: np.random.Generator) -> _State:
    """Draws from the posterior, spread evenly: one from each of `draws` equal slices of it."""
    shape = weights.shape[1:]
    flat = np.cumsum(weights.reshape(len(users), -1), axis=1, dtype=np.float64)
    u = (np.arange(draws) + rng.random((len(users), draws))) / draws
    state = np.stack([np.searchsorted(row, at) for row, at in zip(flat, u, strict=True)])
    there = state < flat.shape[1]  # beyond all of them lie those who left
    state = np.minimum(state, flat.shape[1] - 1)
    kind = np.unravel_index(state, shape)[0]
    rows = users[:, None]
    price = seen.price[rows, kind] + seen.price_sd[rows] * rng.standard_normal(u.shape)
    rate = np.exp(rates(seen.bought.kinds)).ravel()[state]
    return _State(kind, rate, there, price, seen.discount[rows, kind])


def _pending(seen: _Seen) -> tuple[Ints, Floats, Floats]:
    """User, amount and chance of each line bought before the month that can come back within it."""
    cut = seen.bought.bounds[-1]
    lines = seen.lines[seen.lines["kept"] & seen.lines["usual"] & (seen.lines["day"] > cut - 15)]
    age = cut - lines["day"].to_numpy() - 0.6  # most orders come in the evening
    soonest, latest = REFUND_DAYS
    ahead = np.clip((latest - np.maximum(age, soonest)) / (latest - soonest), 0, 1)
    chance = model.REFUNDS * ahead / (1 - model.REFUNDS * (1 - ahead))
    return lines["user"].to_numpy(), lines["amount"].to_numpy(), chance


def _draw(
    seen: _Seen, users: Ints, state: _State, pending: tuple[Ints, Floats, Floats], rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Net amount and orders of the month: (b, draws) each."""
    cut, end, bought = int(seen.bought.bounds[-1]), seen.end, seen.bought
    shape = state.rate.shape
    able = np.maximum(np.maximum(bought.registered[users], 0) + 7, cut)[:, None]
    stay = rng.standard_exponential(shape) / np.maximum(bought.hazard[state.kind], 1e-12)
    until = np.minimum(able + stay, end).astype(np.int64)
    w = (seen.cumulative[until, state.kind] - seen.cumulative[cut, state.kind]) / model.DAYS_A_MONTH
    orders = rng.poisson(state.rate * w * state.there)
    lines = orders + rng.binomial(orders, model.SECOND_LINE)
    cell = np.repeat(np.arange(lines.size), lines.ravel())
    count, user = len(cell), cell // shape[1]
    chances = np.cumsum(seen.categories[users], axis=1)
    offset = chances + np.arange(len(users))[:, None]  # one ascending table for all users
    size = chances.shape[1]
    category = np.searchsorted(offset.ravel(), user + rng.random(count)) - user * size
    day = cut + rng.random(count) * (until.ravel()[cell] - cut)
    amount = np.exp(
        state.price.ravel()[cell] + model.LINE_NOISE * rng.standard_normal(count)
        + TRENDING * day / model.DAYS_A_MONTH
    ) * model.CATEGORY_PRICE[np.clip(category, 0, size - 1)]  # fmt: skip
    reduced = rng.random(count) < state.discount.ravel()[cell]
    amount *= 1 - reduced * rng.uniform(*model.DISCOUNT_RANGE, count)
    odd = rng.random(count) < seen.anomalies
    sent = ~odd & (rng.random(count) < model.REFUNDS) & (day + rng.uniform(*REFUND_DAYS, count) < end)
    amount = np.where(odd, amount * rng.uniform(*model.ANOMALY_TIMES, count), amount) * ~sent
    net = np.bincount(cell, weights=amount, minlength=lines.size).astype(float).reshape(len(users), -1)

    place = np.full(len(bought.registered), -1)
    place[users] = np.arange(len(users))
    ours = place[pending[0]] >= 0
    owner, paid, chance = (values[ours] for values in pending)
    line, column = np.nonzero(rng.random((len(owner), shape[1])) < chance[:, None])
    np.add.at(net, (place[owner][line], column), -paid[line])
    return net, orders.astype(float)
