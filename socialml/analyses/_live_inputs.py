"""What the live policy reads from the store."""

from __future__ import annotations

import dataclasses
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from socialml.analyses import base
from socialml.artefacts import Table
from socialml.errors import UserError
from socialml.features import impressions
from socialml.features.impressions import ImpressionLog
from socialml.store import Store

if TYPE_CHECKING:
    from socialml.analyses.live_policy import Config, Inputs

Floats = NDArray[np.float64]

EVERYBODY = "All viewers"
NO_SEGMENT = "Without a segment"
MOST_PLATFORMS = 6
_ROWS = [
    field.name for field in dataclasses.fields(ImpressionLog)
    if field.name not in ("user_id", "categories", "offers", "until", "weeks")
]  # fmt: skip


def read(store: Store, dataset: str, config: Config) -> dict[str, Any]:
    """The fields of Inputs. UserError no_impressions, short_log, one_action."""
    with store.read() as con:
        shown = store.impressions(con, dataset)
        if config.as_of is None:
            last = shown.aggregate("max(ts_local)").fetchone()
            until = _end(last[0] if last else None)
        else:
            until = datetime.combine(config.as_of, time()) + timedelta(days=1)
        log = impressions.take(con, shown, until)
        facts = impressions.facts(con)
    segments, names = _segments(store, dataset, log.user_id)
    net, weights = _earlier(store, dataset, config)
    return {
        "until": log.until, "weeks": log.weeks, "categories": log.categories, "offers": log.offers,
        "rows": Table(pa.table({name: getattr(log, name) for name in _ROWS})),
        "viewers": Table(
            pa.table(
                {
                    "user_id": pa.array(log.user_id, pa.string()), "segment": segments,
                    "platform": facts.platform, "hour": facts.hour,
                }
            )
        ),
        "segment_names": names, "platforms": facts.platforms, "start": net, "start_weights": weights,
    }  # fmt: skip


def log_of(inputs: Inputs) -> ImpressionLog:
    rows = inputs.rows.read()
    return ImpressionLog(
        user_id=inputs.viewers.read(["user_id"])["user_id"].to_pylist(),
        categories=list(inputs.categories), offers=list(inputs.offers), until=inputs.until, weeks=inputs.weeks,
        **{name: rows[name].to_numpy() for name in _ROWS},
    )  # fmt: skip


def profile(inputs: Inputs) -> Floats:
    """(n, p) what is known of each viewer beside the log: segment, platform, usual hour."""
    viewers = inputs.viewers.read()
    columns = [(viewers["hour"].to_numpy() / 24 - 0.5)[:, None]]
    for name, count in (("segment", len(inputs.segment_names)), ("platform", len(inputs.platforms))):
        kept = min(count, MOST_PLATFORMS)
        columns.append(np.eye(max(count, 1))[viewers[name].to_numpy()][:, : max(kept - 1, 0)])
    return np.concatenate(columns, axis=1)


def _end(last: datetime | None) -> datetime:
    """The end of the last complete day, as Store.as_of has it for orders."""
    if last is None:
        raise UserError(
            "short_log", "The table of recommendations shown is empty.", "Import one with rows in it."
        )
    day = datetime.combine(last.date(), time())
    return day + timedelta(days=1) if last.hour == 23 or last == day else day


def _segments(store: Store, dataset: str, users: list[str]) -> tuple[NDArray[np.int64], list[str]]:
    """(n,) codes into the names of the newest run of segments; one for all where there is none."""
    run = store.newest_run(dataset, "segments")
    table = None
    if run is not None:
        try:
            table = base.read_result(run).users.read(["user_id", "segment"])
        except (OSError, UserError):  # the run's folder was removed by hand, or another version wrote it
            table = None
    if run is None or table is None:
        return np.zeros(len(users), dtype=np.int64), [EVERYBODY]
    called = {item["id"]: item["name"] for item in run.metrics["segments"]} | store.segment_names(run.run_id)
    numbers = sorted(called)
    of = dict(zip(table["user_id"].to_pylist(), table["segment"].to_pylist(), strict=True))
    codes = np.array([numbers.index(of[user]) if user in of else len(numbers) for user in users])
    names = [called[number] for number in numbers]
    return codes, names if (codes < len(numbers)).all() else [*names, NO_SEGMENT]


def _earlier(store: Store, dataset: str, config: Config) -> tuple[list[dict[str, Any]], NDArray[np.float32]]:
    """The network of the run to go on from: its layers, and all its numbers in one row."""
    if config.start_from is None:
        return [], np.zeros(0, dtype=np.float32)
    run = store.run(config.start_from)
    if run is None or run.analysis != "live_policy":
        raise UserError(
            "no_such_run",
            f"There is no live policy with the number '{config.start_from}'.",
            "Choose one of the runs, or start anew.",
        )
    result = base.read_result(run)
    if result.agent != config.agent:
        raise UserError(
            "other_agent",
            f"Run {run.run_id} learned by '{result.agent}', this one is to learn by '{config.agent}'.",
            "Choose the same kind of policy, or start anew.",
        )
    return result.net.to_dict("records"), result.net_weights
