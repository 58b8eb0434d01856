"""What the forecaster's models see of each user at the end of each month, and the tensors' arithmetic.

Position j holds what is known when month j has ended, and the calendar of month j + 1, which is forecast from it.
Nothing after month j enters position j. A user's running values count the months in which they were known.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from socialml.features.sequences import CODED, MEASURED, Sequences

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Ints = NDArray[np.int64]

SPANS = (
    3,
    6,
    12,
)  # months of the running values; the last month itself and the last year are among the inputs
# First and last day of the known shopping festivals, (month, day): 6.18, 11.11 and 12.12.
FESTIVALS = (((6, 16), (6, 18)), ((11, 9), (11, 11)), ((12, 11), (12, 12)))
CODES_MOST = 40  # of one static; rarer ones count as unknown
CALENDAR = 6  # inputs of the month after a position
BOUND = 6.0  # inputs are cut at so many standard deviations
FAR = 20.0  # amounts count in the loss up to so many times the 99.5% point of what users spend in a month
NAMES = (
    "amount", "orders", "promotions", "days_since", "never", "age", "first",
    "mean_3", "mean_6", "mean_12", "median_3", "median_6", "median_12", "mean_all",
    "orders_3", "orders_6", "orders_12", "orders_all", "per_order", "promoted", "silent", "year_ago",
    "level", "to_amount", "to_3", "to_6", "to_12", "to_median_3", "to_median_6", "to_median_12", "to_all",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Prediction:
    amount: Floats  # (n,) the dataset's currency; 0 for users not known before the month
    orders: Floats  # (n,)


@dataclass(frozen=True, eq=False)
class Scales:
    """Learned from training months only, and kept when a training goes on."""

    unit: float  # money: the median of what is spent in a month in which anything is
    most: float  # the loss counts amounts up to this
    orders_most: float
    mean: Floats  # (inputs,) of the monthly inputs
    spread: Floats  # (inputs,)
    static: Floats  # (4,) mean and spread of age and of income, mean first
    codes: Ints  # (4,) how many codes of each of CODED have an input


@dataclass(frozen=True, eq=False)
class Inputs:
    monthly: Singles  # (n, m, inputs) standardised
    static: Singles  # (n, statics)
    calendar: Singles  # (m, 6) of the month after each position
    month: Ints  # (m,) calendar month after each position, January 0
    begin: Ints  # (n,) the first position of each user's sequence; m where they are not known yet
    level: Floats  # (n, m) money: what the net's amount is a multiple of
    orders_level: Floats  # (n, m)


def scales(seq: Sequences, until: int, before_first: str) -> Scales:
    """From the months before `until`, at least one."""
    part = seq.until(until)
    known = _counted(part, before_first)
    spent = np.abs(part.amount[known & (part.amount != 0)])
    unit = float(np.median(spent)) if len(spent) else 1.0
    high = float(np.quantile(np.abs(part.amount[known]), 0.995)) if known.any() else 0.0
    bought = float(np.quantile(part.orders[known], 0.995)) if known.any() else 0.0
    raw = _raw(part, known, unit)[0][known]
    mean = raw.mean(axis=0) if len(raw) else np.zeros(len(NAMES))
    spread = raw.std(axis=0) if len(raw) else np.ones(len(NAMES))
    static = []
    for name in MEASURED:
        values = part.static[name][np.isfinite(part.static[name])]
        static += [values.mean(), values.std() or 1.0] if len(values) else [0.0, 1.0]
    return Scales(
        unit=unit,
        most=FAR * max(high, unit),
        orders_most=FAR * max(bought, 1.0),
        mean=mean,
        spread=np.where(spread > 1e-6, spread, 1.0),
        static=np.array(static),
        codes=np.array([min(len(part.names.get(name, [])), CODES_MOST) for name in CODED]),
    )


def build(seq: Sequences, scale: Scales, before_first: str) -> Inputs:
    """before_first: 'masked', sequences begin with the first known month; 'zeros', with the first of the data."""
    known = _counted(seq, before_first)
    raw, level, orders_level = _raw(seq, known, scale.unit)
    monthly = np.clip((raw - scale.mean) / scale.spread, -BOUND, BOUND)
    monthly[~known] = 0.0
    begin = np.where(known.any(axis=1), known.argmax(axis=1), seq.m)
    after = [*seq.months[1:], _next(seq.months[-1])]
    return Inputs(
        monthly=monthly.astype(np.float32),
        static=_static(seq, scale),
        calendar=np.array(
            [_calendar(now, then) for now, then in zip(seq.months, after, strict=True)], dtype=np.float32
        ),
        month=np.array([month.month - 1 for month in after]),
        begin=begin,
        level=level,
        orders_level=orders_level,
    )


def _counted(seq: Sequences, before_first: str) -> NDArray[np.bool_]:
    return np.ones_like(seq.known) if before_first == "zeros" else seq.known


def _raw(seq: Sequences, known: NDArray[np.bool_], unit: float) -> tuple[Floats, Floats, Floats]:
    """(n, m, inputs) not standardised yet, and the levels of amount and orders."""
    amount = np.where(known, seq.amount, 0.0)
    orders = np.where(known, seq.orders, 0.0)
    count = np.cumsum(known.astype(np.int64), axis=1)
    # Over the month's mean: offers opened are often logged for the last months only, and would else be a jump.
    promotions = np.where(known, seq.promotions, 0.0)
    promotions = promotions * known.sum(axis=0) / np.maximum(promotions.sum(axis=0), 1.0)
    ever = np.cumsum(orders, axis=1)
    means = {span: _mean(amount, known, span) for span in (*SPANS, seq.m)}
    medians = {span: _median(amount, known, span) for span in SPANS}
    bought = {span: _mean(orders, known, span) for span in (*SPANS, seq.m)}
    level = 0.5 * np.maximum(medians[6], 0.0) + 0.5 * np.maximum(means[12], 0.0) + 0.05 * unit
    columns = [
        _log(amount, unit),
        np.log1p(orders),
        np.log1p(promotions),
        np.log1p(np.nan_to_num(np.maximum(seq.days_since, 0.0), nan=0.0)),
        np.isnan(seq.days_since).astype(float),
        np.log(np.maximum(count, 1)),
        (count == 1).astype(float),
        *(_log(means[span], unit) for span in SPANS),
        *(_log(medians[span], unit) for span in SPANS),
        _log(means[seq.m], unit),
        *(np.log1p(bought[span]) for span in (*SPANS, seq.m)),
        _log(np.cumsum(amount, axis=1) / np.maximum(ever, 1.0), unit),
        np.log1p(np.cumsum(promotions, axis=1) / np.maximum(ever, 1.0)),
        _mean((orders == 0).astype(float), known, 6),
        np.broadcast_to(_year_ago(amount, count), amount.shape),
        _log(level, unit),
        *(
            np.cbrt(x / level)
            for x in (amount, *(means[s] for s in SPANS), *(medians[s] for s in SPANS), means[seq.m])
        ),
    ]
    return np.stack(columns, axis=2), level, bought[6] * 0.5 + bought[seq.m] * 0.5 + 0.05


def _log(values: Floats, unit: float) -> Floats:
    return np.sign(values) * np.log1p(np.abs(values) / unit)


def _mean(values: Floats, known: NDArray[np.bool_], span: int) -> Floats:
    """(n, m) mean over the known ones of the last `span` months; 0 where none is."""
    total, count = np.cumsum(values * known, axis=1), np.cumsum(known, axis=1).astype(float)
    total[:, span:], count[:, span:] = (
        total[:, span:] - total[:, :-span],
        count[:, span:] - count[:, :-span],
    )
    return total / np.maximum(count, 1.0)


def _median(values: Floats, known: NDArray[np.bool_], span: int) -> Floats:
    """(n, m) median over the known ones of the last `span` months; 0 where none is."""
    out = np.zeros_like(values)
    rows = np.arange(len(values))
    for j in range(values.shape[1]):
        first = max(0, j + 1 - span)
        part, there = values[:, first : j + 1], known[:, first : j + 1]
        count = there.sum(axis=1)
        ordered = np.sort(np.where(there, part, np.inf), axis=1)
        low = ordered[rows, np.maximum(count - 1, 0) // 2]
        high = ordered[rows, np.minimum(count // 2, ordered.shape[1] - 1)]
        out[:, j] = np.where(count > 0, 0.5 * (low + high), 0.0) if len(values) else 0.0
    return out


def _year_ago(amount: Floats, count: Ints) -> Floats:
    """(m,) log of the mean spend of known users a year before the forecast month over that of the three months
    before then; 0 where the data do not go back so far."""
    people = np.maximum((count > 0).sum(axis=0), 1)
    level = np.maximum(np.clip(amount, 0, None).sum(axis=0) / people, 1e-9)
    out = np.zeros(len(level))
    for j in range(len(level)):
        then = j + 1 - 12
        if then >= 1:
            before = level[max(0, then - 3) : then].mean()
            out[j] = np.clip(np.log(level[then] / before), -2, 2)
    return out


def _static(seq: Sequences, scale: Scales) -> Singles:
    columns = []
    for i, name in enumerate(MEASURED):
        mean, spread = scale.static[2 * i : 2 * i + 2]
        values = (seq.static[name] - mean) / spread
        there = np.isfinite(values)
        columns += [np.clip(np.where(there, values, 0.0), -BOUND, BOUND), there.astype(float)]
    for name, codes in zip(CODED, scale.codes, strict=True):
        columns += [(seq.static[name] == code).astype(float) for code in range(int(codes))]
    return np.column_stack(columns).astype(np.float32)


def _calendar(now: date, then: date) -> list[float]:
    angle = 2 * np.pi * (then.month - 1) / 12
    days = calendar.monthrange(then.year, then.month)[1]
    return [
        np.sin(angle), np.cos(angle), (days - 30.4) / 1.2, _festival(then) / 2, _festival(now) / 2,
        _weekend(then) - 8.7,
    ]  # fmt: skip


def _festival(month: date) -> int:
    return sum(last[1] - first[1] + 1 for first, last in FESTIVALS if first[0] == month.month)


def _weekend(month: date) -> int:
    weekday, days = calendar.monthrange(month.year, month.month)
    return sum((weekday + i) % 7 >= 5 for i in range(days))


def _next(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
