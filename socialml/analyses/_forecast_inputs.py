"""What the forecast reads from the store."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from socialml.analyses import base
from socialml.analyses._forecast_config import first_day
from socialml.artefacts import Table
from socialml.errors import UserError
from socialml.features import overview, sequences, snapshot
from socialml.features.sequences import Sequences
from socialml.store import Store

if TYPE_CHECKING:
    from socialml.analyses.forecast import Config


def read(store: Store, dataset: str, config: Config) -> dict[str, Any]:
    """The fields of Inputs. UserError where there is no month to learn from, or none to forecast."""
    as_of = store.as_of(dataset) if config.as_of is None else _midnight(config.as_of + timedelta(days=1))
    after = _month_of(as_of.date())  # the first month that is not complete
    target = first_day(config.target_month) if config.target_month else after
    if target > after:
        raise UserError(
            "month_too_far",
            f"{target:%Y-%m} cannot be forecast yet: the last whole month of the data is"
            f" {_month_of(after - timedelta(days=1)):%Y-%m}.",
            f"Choose {after:%Y-%m} or an earlier month, or import newer rows.",
        )
    span = store.time_range(dataset)
    if span and span[0].date() >= target:
        raise UserError(
            "short_history",
            f"A forecast needs at least two whole months of purchases; '{dataset}' begins on"
            f" {span[0]:%Y-%m-%d}, and {target:%B %Y} is to be forecast.",
            "Import older orders too.",
        )
    known = _take(store, dataset, target)
    actual = None
    if target < after:  # over already: it is scored, and not seen before
        whole = _take(store, dataset, _next(target))
        actual = Table(
            pa.table(
                {
                    "user_id": pa.array(whole.user_id, pa.string()),
                    "amount": whole.amount[:, -1],
                    "orders": whole.orders[:, -1],
                }
            )
        )
    months = overview.overview(store, dataset, until=_midnight(_next(target) if actual else target)).months
    first_test = known.months[-min(config.backtest_months, known.m)] if actual is None else target
    return {
        "as_of": as_of,
        "target": target,
        "sequences": Table(sequences.to_table(known)),
        "actual": actual,
        "flagged": _flagged(store, dataset) if config.without_flagged else None,
        "months": months[["month", "revenue"]].assign(month=months["month"].dt.strftime("%Y-%m")),
        **_segments(store, dataset, first_test),
    }


def _take(store: Store, dataset: str, until: date) -> Sequences:
    with store.read() as con:
        events = store.events(con, dataset, until=_midnight(until))
        return sequences.take(con, events, store.users(con, dataset), _midnight(until))


def _flagged(store: Store, dataset: str) -> Table:
    """user_id, month (YYYY-MM) and amount of what the newest run of anomalies flags. UserError no_anomalies."""
    run = store.newest_run(dataset, "anomalies")
    result = base.read_result(run) if run else None
    if result is None or result.kind != "shop":
        raise UserError(
            "no_anomalies",
            f"No purchase of '{dataset}' was ever looked at for anomalies, so none can be left out.",
            "Run the anomalies first, or leave all purchases in.",
        )
    rows = result.scores.read(["user_id", "ts", "amount"]).slice(
        0, result.flagged
    )  # the likeliest come first
    month = pc.strftime(rows["ts"], format="%Y-%m")
    return Table(pa.table({"user_id": rows["user_id"], "month": month, "amount": rows["amount"]}))


def _segments(store: Store, dataset: str, first_test: date) -> dict[str, Any]:
    """The segments of the newest run, and the user table from which to make them as of before the first test month."""
    run = store.newest_run(dataset, "segments")
    if run is None:
        return {"segments": None, "segment_names": [], "before": None, "measured": []}
    names = {item["id"]: item["name"] for item in run.metrics["segments"]} | store.segment_names(run.run_id)
    try:
        users = base.read_result(run).users.read(["user_id", "segment"])
    except (OSError, UserError):  # the run's folder was removed by hand, or another version wrote it
        return {"segments": None, "segment_names": [], "before": None, "measured": []}
    before, measured = None, []
    try:
        taken = snapshot.take(store, dataset, _midnight(first_test))
        before, measured = Table(taken.table), list(taken.measured)
    except UserError:
        pass
    return {
        "segments": Table(users),
        "segment_names": [names[number] for number in sorted(names)],
        "before": before,
        "measured": measured,
    }


def labels(seq: Sequences, segments: pa.Table | None) -> np.ndarray:
    """(n,) the segment of each user, -1 where there is none."""
    out = np.full(seq.n, -1)
    if segments is None:
        return out
    ids = segments["user_id"].to_pylist()
    place = {user: number for number, user in enumerate(ids)}
    own = segments["segment"].to_numpy()
    found = np.array([place.get(user, -1) for user in seq.user_id])
    out[found >= 0] = own[found[found >= 0]]
    return out


def _month_of(day: date) -> date:
    return day.replace(day=1)


def _next(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)
