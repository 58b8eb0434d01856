"""Orders of the sample: purchases, refunds and planted anomalies, one row an order line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from . import model, points
from .users import Floats, Ints, Users


@dataclass(frozen=True, eq=False)
class Orders:
    """Arrays with one entry an order line, by time. Money in fen (1/100 CNY), negative for refunds."""

    user: Ints
    time: Ints  # seconds since the start of the history
    order: Ints  # number of the order; a refund carries that of the purchase
    item: Ints
    category: Ints
    quantity: Ints
    amount: Ints
    discount: Ints
    device: Ints
    anomaly: NDArray[np.bool_]
    usual: Ints  # what the amount would have been; differs from amount for anomalies only


@dataclass(frozen=True, eq=False)
class Plan:
    """The planted process of purchases."""

    bounds: Ints  # (months + 1,) first day of each month
    cumulative: Floats  # (days + 1, kinds) calendar multipliers summed
    activity: NDArray[np.float32]  # (users, months) mean 1, slowly changing
    exposure: Floats  # (users,) active months of 30 days, weighted by the calendar
    expected: NDArray[np.float32]  # (users, months) expected orders


def plan(
    rng: np.random.Generator, users: Users, kinds: list[model.Kind], start: date, month_starts: list[int]
) -> Plan:
    """Expected orders of each user in each month: rate x activity x calendar over the active days."""
    bounds = np.array(month_starts, dtype=np.int64)
    days, months, count = int(bounds[-1]), len(bounds) - 1, len(users.kind)
    cumulative = np.zeros((days + 1, len(kinds)))
    np.cumsum(model.calendar(start, days, kinds), axis=0, out=cumulative[1:])

    activity = np.empty((count, months), dtype=np.float32)
    expected = np.empty((count, months), dtype=np.float32)
    exposure = np.zeros(count)
    sd, rho = model.ACTIVITY_SD, model.ACTIVITY_RHO
    level = sd * rng.standard_normal(count)
    for m in range(months):
        if m:
            level = rho * level + sd * np.sqrt(1 - rho**2) * rng.standard_normal(count)
        first = np.clip(users.registered, bounds[m], bounds[m + 1])
        until = np.clip(users.until, first, bounds[m + 1])
        weight = (cumulative[until, users.kind] - cumulative[first, users.kind]) / model.DAYS_A_MONTH
        exposure += weight
        activity[:, m] = np.exp(level - sd**2 / 2)
        expected[:, m] = users.traits["purchase"] * weight * activity[:, m]
    return Plan(bounds=bounds, cumulative=cumulative, activity=activity, exposure=exposure, expected=expected)


def draw(
    rng: np.random.Generator, users: Users, plan: Plan, total: int | None, anomaly_share: float
) -> Orders:
    """All order lines; exactly `total` of them (refunds and second lines counted) where it is given."""
    refunds = None if total is None else round(total * model.REFUNDS / (1 + model.REFUNDS))
    lines = None if total is None or refunds is None else total - refunds
    # Each order gives 1 + SECOND_LINE lines; with an exact total one order for each wanted line is enough.
    cell = points.cells(rng, plan.expected, lines)
    months = plan.expected.shape[1]
    user, month = cell // months, cell % months
    first = np.clip(users.registered[user], plan.bounds[month], plan.bounds[month + 1])
    until = np.clip(users.until[user], first, plan.bounds[month + 1])
    day = points.days_between(rng, plan.cumulative, users.kind[user], first, until)
    time = day * points.DAY + points.seconds_of_day(rng, len(user))

    by_time = np.argsort(time, kind="stable")
    user, time = user[by_time], time[by_time]
    order = np.arange(len(user))
    if lines is None:
        again = np.flatnonzero(rng.random(len(user)) < model.SECOND_LINE)
    else:  # every second line takes the place of one order
        count = round(lines * model.SECOND_LINE / (1 + model.SECOND_LINE))
        kept = np.sort(rng.permutation(lines)[count:])
        user, time, order = user[kept], time[kept], np.arange(len(kept))
        again = (
            np.sort(rng.choice(len(kept), size=count, replace=False))
            if count
            else np.zeros(0, dtype=np.int64)
        )
    place = np.sort(np.concatenate([order, again]))
    user, time = user[place], time[place]
    return _prices(rng, users, user, time, place, refunds, anomaly_share, int(plan.bounds[-1]))


def _prices(
    rng: np.random.Generator, users: Users, user: Ints, time: Ints, order: Ints, refunds: int | None,
    anomaly_share: float, days: int,
) -> Orders:  # fmt: skip
    count = len(user)
    item, category = points.items(rng, users.favourites[user])
    level = users.traits["order_value"][user] * (1 + model.PRICE_TREND) ** (
        time / points.DAY / model.DAYS_A_MONTH
    )
    # A quarter of the lines are of two pieces, at a little over half the price each.
    quantity = 1 + (rng.random(count) < 0.25).astype(np.int64)
    category_price = model.CATEGORY_PRICE[category]
    full = level * category_price * np.exp(model.LINE_NOISE * rng.standard_normal(count))
    full = np.maximum(np.rint(full * 100), 100).astype(np.int64)
    reduced = rng.random(count) < users.traits["discount"][user]
    discount = np.where(reduced, np.rint(full * rng.uniform(*model.DISCOUNT_RANGE, count)), 0).astype(
        np.int64
    )
    usual = full - discount

    own = users.device[user]
    foreign = rng.random(count) < model.OTHER_DEVICE
    other = (own + rng.integers(1, len(model.DEVICES), count)) % len(model.DEVICES)

    # Anomalies: too much, at night, from a device that is not the user's.
    anomaly = np.zeros(count, dtype=bool)
    anomaly[rng.choice(count, size=round(anomaly_share * count), replace=False)] = True
    times = np.where(anomaly, rng.uniform(*model.ANOMALY_TIMES, count), 1.0)
    amount = np.where(anomaly, np.rint(usual * times), usual).astype(np.int64)
    night = anomaly & (rng.random(count) < 0.8)
    time = np.where(
        night, time // points.DAY * points.DAY + rng.integers(points.HOUR, 5 * points.HOUR, count), time
    )
    device = np.where(foreign | (anomaly & (rng.random(count) < 0.8)), other, own)

    lines = Orders(
        user=user, time=time, order=order, item=item, category=category, quantity=quantity, amount=amount,
        discount=discount, device=device, anomaly=anomaly, usual=usual,
    )  # fmt: skip
    return _sorted(_with_refunds(rng, lines, refunds, days))


def _with_refunds(rng: np.random.Generator, lines: Orders, refunds: int | None, days: int) -> Orders:
    """Send some lines back, 1 to 14 days later, never after the end of the history and never an anomaly."""
    later = lines.time + rng.integers(points.DAY, 14 * points.DAY, len(lines.user))
    allowed = np.flatnonzero((later < days * points.DAY) & ~lines.anomaly)
    if refunds is None:
        back = allowed[rng.random(len(allowed)) < model.REFUNDS]
    else:
        back = rng.choice(allowed, size=min(refunds, len(allowed)), replace=False)

    def add(values: Ints, extra: Ints) -> Ints:
        return np.concatenate([values, extra])

    return Orders(
        user=add(lines.user, lines.user[back]),
        time=add(lines.time, later[back]),
        order=add(lines.order, lines.order[back]),
        item=add(lines.item, lines.item[back]),
        category=add(lines.category, lines.category[back]),
        quantity=add(lines.quantity, -lines.quantity[back]),
        amount=add(lines.amount, -lines.amount[back]),
        discount=add(lines.discount, np.zeros(len(back), dtype=np.int64)),
        device=add(lines.device, lines.device[back]),
        anomaly=np.concatenate([lines.anomaly, np.zeros(len(back), dtype=bool)]),
        usual=add(lines.usual, -lines.amount[back]),
    )


def _sorted(lines: Orders) -> Orders:
    by_time = np.lexsort((lines.order, lines.time))
    return Orders(**{name: getattr(lines, name)[by_time] for name in Orders.__dataclass_fields__})
