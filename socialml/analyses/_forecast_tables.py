"""The frames of the forecast's Result: scores, coverage, users, segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from socialml.analyses import _forecast_totals as totals
from socialml.analyses._forecast_flow import LEVELS, Candidate, Month
from socialml.analyses._forecast_rules import KINDS, Floats
from socialml.artefacts import Table
from socialml.features.sequences import Sequences

CHAMPION = "champion"
TOGETHER = "all"
NEW = "New and unknown customers"
BLEND_LABEL = "A weighted mix of models (blend)"
_CHAMPION_LABEL = "What was chosen each month"


@dataclass(frozen=True, eq=False)
class Judged:
    """A forecast month and what came."""

    month: Month
    name: str  # YYYY-MM
    came: dict[str, Floats]  # amount, orders: (n,)


def scores(
    seq: Sequences, judged: Sequence[Judged], candidates: Sequence[Candidate], seed: int
) -> pd.DataFrame:
    """model, label, floor, what, month (or all), n, mae, rmse, wape, accuracy, mse_standardised, and the
    difference of its MAE to that of the best simple rule on the same rows with its 95% interval.
    """
    from socialml.evaluation import forecast_scores

    rows: list[dict[str, Any]] = []
    if not judged:
        return pd.DataFrame(columns=SCORE_COLUMNS)
    labels = {candidate.name: (candidate.label, candidate.is_floor) for candidate in candidates}
    labels |= {"blend": (BLEND_LABEL, False), CHAMPION: (_CHAMPION_LABEL, False)}
    shared = [n for n in labels if n == CHAMPION or all(n in item.month.guesses for item in judged)]
    first = min(item.month.t for item in judged)
    for kind in KINDS:
        history = getattr(seq, kind)[:, :first][seq.known[:, :first]]
        centre, spread = float(history.mean()), float(history.std())
        for month in [item.name for item in judged] + [TOGETHER]:
            own = [item for item in judged if month in (item.name, TOGETHER)]
            truth = np.concatenate([item.came[kind][item.month.known] for item in own])
            told = {
                name: np.concatenate([_told(item.month, name, kind)[item.month.known] for item in own])
                for name in shared
            }
            errors = {name: np.abs(values - truth) for name, values in told.items()}
            floors = [name for name in told if labels[name][1]]
            best = min(floors, key=lambda name: float(errors[name].mean()))
            user = np.concatenate([np.flatnonzero(item.month.known) for item in own])
            for name, values in told.items():
                found = forecast_scores.scores(truth, values, centre, spread)
                low, high = (
                    forecast_scores.difference(errors[name], errors[best], user, seed)
                    if name != best and month == TOGETHER
                    else (0.0, 0.0)
                )
                rows.append(
                    {
                        "model": name,
                        "label": labels[name][0],
                        "floor": labels[name][1],
                        "what": kind,
                        "month": month,
                        "n": len(truth),
                        **found,
                        "best_floor": name == best,
                        "difference": found["mae"] - float(errors[best].mean()),
                        "low": low,
                        "high": high,
                    }
                )
    return pd.DataFrame(rows)[SCORE_COLUMNS]


SCORE_COLUMNS = ["model", "label", "floor", "what", "month", "n", "mae", "rmse", "wape", "accuracy",
                 "mse_standardised", "best_floor", "difference", "low", "high"]  # fmt: skip


def _told(month: Month, name: str, kind: str) -> Floats:
    return month.champion(kind) if name == CHAMPION else month.guesses[name].of(kind)


def coverage(
    judged: Sequence[Judged], groups: Sequence[tuple[str, NDArray[np.int64], Sequence[str]]]
) -> pd.DataFrame:
    """by, group, month (or all), level, n, coverage, width: how often what came lay in the champion's interval.

    groups: what they are called, the place of each user in its names (-1: none), the names.
    """
    rows = []
    for month in [*(item.name for item in judged), TOGETHER] if judged else []:
        own = [item for item in judged if month in (item.name, TOGETHER)]
        for level in LEVELS:
            inside, width, who = [], [], []
            for item in own:
                known, truth = item.month.known, item.came["amount"]
                low, high = item.month.low[level], item.month.high[level]
                inside.append(((truth >= low) & (truth <= high))[known])
                width.append((high - low)[known])
                who.append(np.flatnonzero(known))
            hits, wide, users = np.concatenate(inside), np.concatenate(width), np.concatenate(who)
            parts = [("everyone", "Everyone", np.ones(len(users), dtype=bool))]
            for by, place, names in groups:
                parts += [(by, name, place[users] == number) for number, name in enumerate(names)]
            for by, name, mine in parts:
                if mine.any():
                    rows.append(
                        {
                            "by": by,
                            "group": name,
                            "month": month,
                            "level": level,
                            "n": int(mine.sum()),
                            "coverage": float(hits[mine].mean()),
                            "width": float(wide[mine].mean()),
                        }
                    )
    return pd.DataFrame(rows, columns=["by", "group", "month", "level", "n", "coverage", "width"])


def users(seq: Sequences, month: Month, segment: NDArray[np.int64], year: dict[str, Floats]) -> Table:
    """One row for each user known before the month, in the order of user_id. year: of the next 12 months."""
    known = month.known
    lately = np.where(seq.known, seq.amount, np.nan)[:, -12:]
    with np.errstate(invalid="ignore"):
        mean_12 = np.nansum(lately, axis=1) / np.maximum(np.isfinite(lately).sum(axis=1), 1)
    amount = month.champion("amount")
    columns: dict[str, Any] = {
        "amount": amount,
        "amount_low": month.low[0.8],
        "amount_high": month.high[0.8],
        "low_95": month.low[0.95],
        "high_95": month.high[0.95],
        "frequency": month.champion("orders"),
        "last_month": seq.amount[:, -1],
        "mean_12": mean_12,
        "change": amount - mean_12,
        "value_12": year.get("value_12", np.full(seq.n, np.nan)),
        "orders_12": year.get("orders_12", np.full(seq.n, np.nan)),
    }
    favourites = np.asarray(seq.favourites, dtype=object)
    return Table(
        pa.table(
            {
                "user_id": pa.array(seq.user_id[known], pa.string()),
                **{name: _column(values[known]) for name, values in columns.items()},
                "segment": pa.array(segment[known].astype(np.int32)),
                "short_interest": pa.array(favourites[known, 0], pa.string()),
                "long_interest": pa.array(favourites[known, 1], pa.string()),
            }
        )
    )


def _column(values: Floats) -> pa.Array:
    """Rounded; empty where there is no number, or no bound because nothing lies behind."""
    return pa.array(np.round(np.where(np.isfinite(values), values, np.nan), 4), from_pandas=True)


def histories(seq: Sequences, month: Month) -> Table:
    """user_id and the amount, orders and known of each of its months: for one user's chart."""
    known = month.known
    return Table(
        pa.table(
            {
                "user_id": pa.array(seq.user_id[known], pa.string()),
                **{
                    name: pa.FixedSizeListArray.from_arrays(
                        pa.array(np.ravel(getattr(seq, name)[known].astype(np.float64))), seq.m
                    )
                    for name in ("amount", "orders", "known")
                },
            }
        )
    )


def by_segment(
    seq: Sequences, series: Floats, segment: NDArray[np.int64], names: Sequence[str], came: Floats | None
) -> pd.DataFrame:
    """segment, name, users, last, forecast, low, high (80%, nan where too few months), change, actual.

    The shop's forecast is shared out by what each customer spent on average in the last three months, so that
    the parts add up; the last row, of
    segment -1, is what comes from customers new in a month and from sales without a customer.
    """
    before = np.pad(seq.known, ((0, 0), (1, 0)))[:, :-1]
    parts = {number: segment == number for number in range(len(names)) if (segment == number).any()}
    old = {number: np.where(before, seq.amount, 0.0)[mine].sum(axis=0) for number, mine in parts.items()}
    old[-1] = series - np.sum(list(old.values()), axis=0) if old else series
    shares = {t: _shares(seq, series, old[-1], parts, t) for t in range(2, seq.m + 1)}
    told = {t: totals.forecast(series[:t]).value for t in shares}
    rows = []
    for number, values in old.items():
        mine = segment == number
        past = np.array([told[t] * shares[t][number] for t in told])
        spread = totals.Told(float(past[-1]), "", values[2:] - past[:-1], totals.least(values)).interval(0.8)
        last = float(seq.amount[mine, -1].sum() if number >= 0 else values[-1])
        rows.append(
            {
                "segment": number,
                "name": names[number] if number >= 0 else NEW,
                "users": int(mine.sum()) if number >= 0 else 0,
                "last": last,
                "forecast": float(past[-1]),
                "low": spread[0] if spread else None,
                "high": spread[1] if spread else None,
                "change": float(past[-1]) / last - 1 if last > 0 else None,
                "actual": float(came[mine].sum()) if came is not None and number >= 0 else None,
            }
        )
    columns = ["segment", "name", "users", "last", "forecast", "low", "high", "change", "actual"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({name: float for name in columns[3:]})


def _shares(
    seq: Sequences, series: Floats, new: Floats, parts: dict[int, NDArray[np.bool_]], t: int
) -> dict[int, float]:
    """Of the shop's month t: new customers as in the last three months, segments by their customers' own means."""
    lately = slice(max(0, t - 3), t)
    total = series[lately].sum()
    fresh = float(np.clip(new[lately].sum() / total, 0, 1)) if total > 0 else 0.0
    known = seq.known[:, lately]
    mean = np.where(known, seq.amount[:, lately], 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    sizes = {number: max(float(mean[mine].sum()), 0.0) for number, mine in parts.items()}
    whole = sum(sizes.values())
    return {-1: fresh if parts else 1.0} | {
        number: (1 - fresh) * size / whole if whole > 0 else 0.0 for number, size in sizes.items()
    }


def segment_months(seq: Sequences, segment: NDArray[np.int64], names: Sequence[str]) -> pd.DataFrame:
    """segment, month, amount: the history of each segment's total."""
    frames = [
        pd.DataFrame(
            {
                "segment": number,
                "month": [f"{month:%Y-%m}" for month in seq.months],
                "amount": seq.amount[segment == number].sum(axis=0),
            }
        )
        for number in range(len(names))
        if (segment == number).any()
    ]
    return pd.concat(frames) if frames else pd.DataFrame({"segment": [], "month": [], "amount": []})
