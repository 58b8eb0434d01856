"""Behaviour events of the last 60 days: visits, and what was done in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import model, points
from .orders import Orders, Plan
from .users import Ints, Users

PURCHASE = len(model.BEHAVIOURS)  # code of the action; the others are their place in BEHAVIOURS
NONE = -1  # an empty cell


@dataclass(frozen=True, eq=False)
class Events:
    """Arrays with one entry an event, by time; NONE where the column does not apply."""

    user: Ints
    time: Ints  # seconds since the start of the history
    action: Ints
    item: Ints
    category: Ints
    seconds: Ints
    pages: Ints
    line: Ints  # row in Orders, for purchases
    comment: Ints
    device: Ints


def draw(rng: np.random.Generator, users: Users, plan: Plan, orders: Orders, total: int | None) -> Events:
    """Purchases are those of the order history; with a total, they take at most half of it."""
    days = int(plan.bounds[-1])
    begin = max(days - model.BEHAVIOUR_DAYS, 0)
    bought = np.flatnonzero((orders.time >= begin * points.DAY) & (orders.amount > 0))
    if total is not None and len(bought) > total // 2:
        bought = np.sort(rng.choice(bought, size=total // 2, replace=False))

    first = np.clip(users.registered, begin, days)
    until = np.full(len(first), days)
    # Those who stopped buying still watch, less than before.
    stopped = np.clip(users.until, first, days)
    months = (stopped - first + model.FADE * (days - stopped)) / model.DAYS_A_MONTH
    rates = np.column_stack([users.traits[name] for name in model.BEHAVIOURS])
    cell = points.cells(rng, rates * months[:, None], None if total is None else total - len(bought))
    user, action = cell // len(model.BEHAVIOURS), cell % len(model.BEHAVIOURS)
    time, device = _visits(rng, users, plan, orders, bought, user, first, until, months)

    count = len(user)
    item, category = points.items(rng, users.favourites[user])
    viewed = action == model.BEHAVIOURS.index("view")
    watched = np.rint(users.traits["seconds"][user] * np.exp(0.6 * rng.standard_normal(count)))
    seconds = np.where(viewed, np.clip(watched, 1, 3600), NONE).astype(np.int64)
    pages = np.where(viewed, 1 + rng.poisson(np.clip(watched, 0, 3600) / 40), NONE)
    text = rng.integers(0, 20, count)  # only where comments are; `said` writes them
    comment = np.where(action == model.BEHAVIOURS.index("comment"), text, NONE)

    none = np.full(len(bought), NONE)
    merged = {
        "user": (user, orders.user[bought]),
        "time": (time, orders.time[bought]),
        "action": (action, np.full(len(bought), PURCHASE)),
        "item": (item, orders.item[bought]),
        "category": (category, orders.category[bought]),
        "seconds": (seconds, none),
        "pages": (pages, none),
        "line": (np.full(count, NONE), bought),
        "comment": (comment, none),
        "device": (device, orders.device[bought]),
    }
    columns = {name: np.concatenate(pair) for name, pair in merged.items()}
    by_time = np.argsort(columns["time"], kind="stable")
    return Events(**{name: values[by_time] for name, values in columns.items()})


def _visits(
    rng: np.random.Generator, users: Users, plan: Plan, orders: Orders, bought: Ints, user: Ints, first: Ints,
    until: Ints, months: np.ndarray,
) -> tuple[Ints, Ints]:  # fmt: skip
    """Time and device of each event. Events fall into the visits of their user; purchases happen in visits
    too."""
    count = np.maximum(rng.poisson(users.traits["session"] * months), 1)
    active = np.zeros(len(users.kind), dtype=bool)
    active[user] = True
    count[~active] = 0
    owner = np.repeat(np.arange(len(users.kind)), count)
    offset = np.cumsum(count) - count
    day = points.days_between(rng, plan.cumulative, users.kind[owner], first[owner], until[owner])
    start = day * points.DAY + points.seconds_of_day(rng, len(owner))

    # The user's r-th purchase is made in their r-th visit, up to ten minutes after it began.
    by_user = bought[np.argsort(orders.user[bought], kind="stable")]
    buyer = orders.user[by_user]
    rank = points.ranks(buyer)
    fits = rank < count[buyer]
    lead = rng.integers(60, 600, len(buyer))
    earliest = first[buyer] * points.DAY
    start[(offset[buyer] + rank)[fits]] = np.maximum(orders.time[by_user] - lead, earliest)[fits]

    visit = offset[user] + (rng.random(len(user)) * count[user]).astype(np.int64)
    time = start[visit] + rng.integers(0, 1500, len(user))
    foreign = rng.random(len(owner)) < model.OTHER_DEVICE
    other = (users.device[owner] + rng.integers(1, len(model.DEVICES), len(owner))) % len(model.DEVICES)
    device = np.where(foreign, other, users.device[owner])[visit]
    return np.minimum(time, int(plan.bounds[-1]) * points.DAY - 1), device
