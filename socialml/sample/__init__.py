"""The data generator: a live-shopping shop on Douyin and Kuaishou, with its planted truth.

The model, with the numbers in `model`. User u is of kind k(u), drawn with the shares of Table 1 (Li 2024).

Traits. For each trait a (purchases, order value, discounts, seconds a view, visits, seven behaviours):
    log theta[u,a] = log mean[k(u),a] + 0.9 sd[a] z[u,a] + 0.25 E[u] (behaviour) + 0.45 S[u] (social)
with z, E, S standard normal; counts are less half the variance, so that the mean of a kind is its planted
rate. Discounts use the logit in place of the log. With noise=True there are no kinds: one Gaussian of the
same mean and covariance stands in for log mean[k(u),.] and log tenure.

Purchases. Orders of user u on day d are Poisson with the rate
    theta[u,purchase] / 30 x season[month] x weekday x promotion[k(u),d] x activity[u,month]
from registration until they leave: season and weekday with mean 1, promotion on 6.18, 11.11 and 12.12 and
else 1, log activity an AR(1) (rho 0.8, sd 0.15, activity with mean 1). So orders divided by Truth.exposure
(active months of 30 days, weighted by the calendar) have the mean 14, 2, 6, 5, 3 of Table 1. Each month a
user stops buying for good with the chance leave[k]; they go on watching at 0.6 of their former rates. An
order has a second line in 5% of cases. A line costs
    theta[u,order_value] x category x 1.004^month x exp(0.35 z)
less 8 to 35% with the chance theta[u,discount]; 3.5% are sent back within 14 days. Items are Zipf within
categories; 45% of picks are from two favourites.

Behaviour of the last 60 days. Counts of each action are Poisson(theta x months); they fall into visits
(Poisson, by the same calendar) of at most 25 minutes; a purchase begins a visit too. Hours follow Tang's
figure 5: falling 0 to 6, rising 7 to 16, high from 17.

Comments. Praise, a question or a complaint, with chances by the writer's satisfaction (1 to 5: model.PRAISE,
model.COMPLAINT); complaints are likelier by 0.2 about shoes. One in five is English.

Anomalies. 1% of order lines cost 5 to 15 times what they would have; 80% of these are moved to 1 to 5 o'clock
and 80% come from another device (as 3% of honest ones do).

Recommendations shown in live rooms over the last 12 weeks: see `live`. Their purchases stand beside the orders and
are not among them.

Campaigns: creators who can be booked on five channels, and what past bookings brought: see `creators`. They have
nothing to do with the customers, and there are as many for any number of these.

Above MAX_ROWS expected rows the process is thinned: given its total, a Poisson process is a multinomial.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from socialml.errors import UserError

from . import behaviour, creators, live, model, said, tables
from . import orders as order_lines
from . import users as people
from .blanks import templates as templates
from .creators import CampaignWorld
from .live import Moment, World

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

KINDS = tuple(model.KINDS)
END = date(2025, 10, 1)  # first day after the history; the 90 days before it hold no promotion
MAX_ROWS = 5_000_000  # above this the model is thinned


@dataclass(frozen=True, eq=False)
class Truth:
    """What was planted. Arrays have one entry a user, in the order of the users table."""

    user_id: pa.Array
    kind: NDArray[np.str_]  # empty text with noise=True
    traits: dict[str, Floats]  # per 30 active days; order_value CNY, discount a share, seconds of one view
    registered: Ints  # day of the history, may be negative
    until: Ints  # first day on which the user buys no more, or the length of the history
    exposure: Floats  # active months of 30 days in the history, weighted by season and promotions
    activity: NDArray[np.float32]  # (users, months) planted monthly level, mean 1
    expected: NDArray[np.float32]  # (users, months) expected orders before any thinning
    calendar: Floats  # (days, kinds) multiplier of the purchase rate
    kinds: tuple[str, ...]  # columns of calendar
    anomalies: pa.Table  # order_id, user_id, ts, amount, usual_amount
    live: World  # the viewers' planted response to recommendations
    live_end: Moment  # where the log leaves them
    campaign: CampaignWorld  # what creators bring, by channel and phase
    parameters: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Sample:
    events: pa.Table
    orders: pa.Table
    users: pa.Table
    impressions: pa.Table
    creators: pa.Table
    placements: pa.Table
    truth: Truth

    @property
    def thinned(self) -> bool:
        """Whether the model gave more than MAX_ROWS rows, so that only part of them was drawn."""
        return self.truth.parameters["thinned"]


def generate(
    users: int,
    *,
    seed: int = 0,
    months: int = 24,
    end: date = END,
    kinds: Sequence[str] = KINDS,
    noise: bool = False,
    survey_share: float = 0.15,
    anomaly_share: float = 0.01,
    churn: float = 1.0,
    events: int | None = None,
    orders: int | None = None,
) -> Sample:
    """A shop with this many users. The same arguments give the same tables."""
    _check(users, months, kinds, survey_share, anomaly_share, churn, events, orders)
    rng = np.random.default_rng(seed)
    used = [model.KINDS[name] for name in kinds]
    start, month_starts = _months(end, months)
    drawn = people.draw(rng, users, used, month_starts[-1], churn, noise)
    plan = order_lines.plan(rng, drawn, used, start, month_starts)

    rows = _expected_rows(drawn, plan)
    thinned = rows > MAX_ROWS and (events is None or orders is None)
    if thinned:
        events = users if events is None else events
        orders = users if orders is None else orders

    lines = order_lines.draw(rng, drawn, plan, orders, anomaly_share)
    log = behaviour.draw(rng, drawn, plan, lines, events)
    ids = pa.array(people.texts(np.arange(users)), type=pa.string())
    order_table = tables.orders_table(lines, drawn, ids, start)
    user_table, satisfaction = tables.users_table(rng, drawn, ids, start, survey_share)

    # Generators of their own: what is drawn here changes nothing above.
    log = replace(log, comment=said.comments(np.random.default_rng([seed, 7]), log, satisfaction))
    event_table = tables.events_table(log, lines, drawn, ids, start)
    live_rng = np.random.default_rng([seed, 5])
    world = live.plant(live_rng, drawn, used)
    impressions, moment = live.log(live_rng, world, drawn, ids, start, month_starts[-1])

    campaign_rng = np.random.default_rng([seed, 6])
    campaign = creators.plant(campaign_rng)
    placements = creators.log(campaign_rng, campaign, end=end)

    planted = np.flatnonzero(lines.anomaly)
    anomalies = order_table.select(["order_id", "user_id", "ts", "amount"]).take(planted)
    anomalies = anomalies.append_column("usual_amount", tables.money(lines.usual[planted]))
    parameters = {
        "users": users,
        "seed": seed,
        "months": months,
        "end": end.isoformat(),
        "kinds": list(kinds),
        "noise": noise,
        "survey_share": survey_share,
        "anomaly_share": anomaly_share,
        "churn": churn,
        "events": event_table.num_rows,
        "orders": order_table.num_rows,
        "impressions": impressions.num_rows,
        "creators": campaign.offers.m,
        "placements": placements.num_rows,
        "thinned": bool(thinned),
    }
    names = np.array([""] if noise else kinds)
    truth = Truth(
        user_id=ids,
        kind=names[np.zeros(users, dtype=int) if noise else drawn.kind],
        traits=drawn.traits,
        registered=drawn.registered,
        until=drawn.until,
        exposure=plan.exposure,
        activity=plan.activity,
        expected=plan.expected,
        calendar=np.diff(plan.cumulative, axis=0),
        kinds=tuple(kinds),
        anomalies=anomalies,
        live=world,
        live_end=moment,
        campaign=campaign,
        parameters=parameters,
    )
    return Sample(
        events=event_table,
        orders=order_table,
        users=user_table,
        impressions=impressions,
        creators=tables.creators_table(campaign.offers),
        placements=placements,
        truth=truth,
    )


def write(sample: Sample, out: Path) -> list[dict[str, Any]]:
    """Write the CSV files and truth/; returns file (relative to out), kind and rows of each."""
    out = Path(out)
    (out / "truth").mkdir(parents=True, exist_ok=True)
    written = []
    for kind in ("events", "orders", "users", "impressions", "creators", "placements"):
        rows = tables.write_csv(getattr(sample, kind), out / f"{kind}.csv")
        written.append({"file": f"{kind}.csv", "kind": kind, "rows": rows})
    truth = sample.truth
    kinds = pa.table(
        {
            "user_id": truth.user_id,
            "kind": pa.array(truth.kind.astype(object), type=pa.string()),
            "purchases_per_month": pa.array(np.round(truth.traits["purchase"], 3)),
            "active_months": pa.array(np.round(truth.exposure, 3)),  # weighted by season and promotions
            "left": pa.array(truth.until < len(truth.calendar)),
        }
    )
    planted = tables.worth_table(truth.campaign)
    for name, table in (("users", kinds), ("anomalies", truth.anomalies), ("creators", planted)):
        rows = tables.write_csv(table, out / "truth" / f"{name}.csv")
        written.append({"file": f"truth/{name}.csv", "kind": "truth", "rows": rows})
    tables.write_json(truth.parameters, out / "truth" / "parameters.json")
    return written


def _months(end: date, months: int) -> tuple[date, list[int]]:
    """First day of the history, and the first day of each month counted from it, the end last."""
    firsts = []
    for back in range(months, -1, -1):
        at = end.year * 12 + end.month - 1 - back
        firsts.append(date(at // 12, at % 12 + 1, 1))
    start = firsts[0]
    days = [(first - start).days for first in firsts[:-1]]
    return start, [*days, (end - start).days]


def _expected_rows(drawn: people.Users, plan: order_lines.Plan) -> float:
    """Rows of events and orders that the model would give, to about 1%."""
    days = int(plan.bounds[-1])
    watched = np.minimum(days - drawn.registered, model.BEHAVIOUR_DAYS) / model.DAYS_A_MONTH
    behaviour = sum(float(drawn.traits[name] @ watched) for name in model.BEHAVIOURS)
    by_month = plan.expected.sum(axis=0, dtype=np.float64) * (1 + model.SECOND_LINE)
    return behaviour + float(by_month[-2:].sum()) + float(by_month.sum()) * (1 + model.REFUNDS)


def _check(
    users: int, months: int, kinds: Sequence[str], survey_share: float, anomaly_share: float, churn: float,
    events: int | None, orders: int | None,
) -> None:  # fmt: skip
    def refuse(message: str, hint: str) -> None:
        raise UserError("bad_sample", message, hint)

    if not 1 <= users <= 9_999_999:
        refuse(f"{users} users cannot be generated; 1 to 9,999,999 can.", "Choose another number of users.")
    if not 3 <= months <= 60:
        refuse(
            f"A history of {months} months cannot be generated; 3 to 60 can.",
            "Choose another number of months.",
        )
    unknown = [name for name in kinds if name not in model.KINDS]
    if unknown or not kinds or len(set(kinds)) != len(kinds):
        refuse(f"Kinds {list(kinds)} cannot be used.", f"Name each of {', '.join(KINDS)} at most once.")
    for name, share in (("survey_share", survey_share), ("anomaly_share", anomaly_share)):
        if not 0 <= share <= 1:
            refuse(f"{name} is {share}; it is a share between 0 and 1.", "Choose a share between 0 and 1.")
    if churn < 0 or min(events or 0, orders or 0) < 0:
        refuse("churn, events and orders cannot be negative.", "Choose 0 or more.")
