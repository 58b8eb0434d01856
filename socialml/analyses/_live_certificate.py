"""The certificate of a simulator: what it says of viewers it was not fitted on, against what they did."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from socialml.environments.live_shopping import LiveShopping
from socialml.environments.policies import Logged
from socialml.environments.replay import replay
from socialml.environments.rollout import play
from socialml.environments.viewers import Means
from socialml.features.impressions import ImpressionLog
from socialml.models.response import Response
from socialml.models.simulator import Simulator

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

METRICS = ("conversion", "interactions", "revenue", "visits")  # the first three of a recommendation
WORDS = {"conversion": "orders", "interactions": "interactions", "revenue": "revenue", "visits": "visits"}
MOST_ERROR = 0.10  # beside what chance alone explains
MOST_CHANCE = 0.15  # relative standard error of what was real: more, and nothing can be told
LEAST_WEEKS = 4  # of a log: half of it is replayed
SEEDS = 3


def certificate(
    log: ImpressionLog, profile: Floats, of: Means, fitted: Response, chances: Floats, slots: int,
    segments: Ints, names: list[str], seed: int,
) -> tuple[pd.DataFrame, str]:  # fmt: skip
    """by, name, metric, real, simulated, error, impressions; and why it is red, '' where it is green.

    The logging policy is simulated from the state in the middle of the log to its end.
    """
    empty = pd.DataFrame(columns=["by", "name", "metric", "real", "simulated", "error", "impressions"])
    if log.weeks < LEAST_WEEKS:
        return empty, f"The log holds {log.weeks} weeks; to check the simulator takes {LEAST_WEEKS}."
    middle = log.weeks // 2
    start = replay(log, profile, of, until=middle).end
    late = log.week >= middle
    real = _real(log, late, middle)
    simulated = _simulated(start, fitted, chances, log, middle, slots, seed)
    seen = start.total > 0  # who came later only is not in what is simulated
    real, simulated = real[seen], simulated[seen]
    rows = [*_compare(real, simulated, "all", "All viewers")]
    for code, name in enumerate(names):
        mine = segments[seen] == code
        if mine.any():
            rows += _compare(real[mine], simulated[mine], "segment", name)
    for week in range(log.weeks - middle):
        rows += _compare(
            real[:, :, week : week + 1], simulated[:, :, week : week + 1], "week", str(middle + week + 1)
        )
    table = pd.DataFrame(rows)
    return table.drop(columns="chance"), _red(table[table["by"] == "all"])


def _real(log: ImpressionLog, late: NDArray[np.bool_], middle: int) -> Floats:
    """(n, parts, weeks): shown, orders, interactions, amount, came."""
    n, weeks = log.n, log.weeks - middle
    cell = log.viewer[late] * weeks + log.week[late] - middle

    def summed(values: Floats) -> Floats:
        return np.bincount(cell, np.nan_to_num(values[late]), n * weeks).astype(np.float64).reshape(n, weeks)

    shown = summed(np.ones(len(log.viewer)))
    talked = summed(log.likes) + summed(log.comments) + summed(log.shares)
    return np.stack([shown, summed(log.purchases), talked, summed(log.amount), shown > 0], axis=1)


def _simulated(
    start: Any, fitted: Response, chances: Floats, log: ImpressionLog, middle: int, slots: int, seed: int
) -> Floats:
    found = []
    env = LiveShopping(
        start, Simulator(fitted), len(log.offers), weeks=log.weeks - middle, slots=slots, expected=True
    )
    for again in range(SEEDS):
        t = play(env, Logged(chances), seed + again)
        found.append(np.stack([t.shown, t.orders, t.interactions, t.amount, t.shown > 0], axis=1))
    return np.mean(found, axis=0)


def _compare(real: Floats, simulated: Floats, by: str, name: str) -> list[dict[str, Any]]:
    a, b = real.sum(axis=2), simulated.sum(axis=2)  # (n, parts)
    rows = []
    for metric, part, over in (
        ("conversion", 1, 0),
        ("interactions", 2, 0),
        ("revenue", 3, 0),
        ("visits", 4, None),
    ):
        base, mock = (a[:, over].sum(), b[:, over].sum()) if over is not None else (len(a), len(b))
        if base <= 0 or mock <= 0 or a[:, part].sum() <= 0:
            continue
        was, said = a[:, part].sum() / base, b[:, part].sum() / mock
        off = a[:, part] - was * (a[:, over] if over is not None else 1)
        rows.append(
            {"by": by, "name": name, "metric": metric, "real": was, "simulated": said, "error": said / was - 1,
             "impressions": int(a[:, 0].sum()), "chance": float(np.sqrt((off**2).sum()) / base / was)}
        )  # fmt: skip
    return rows


def _red(overall: pd.DataFrame) -> str:
    if set(overall["metric"]) < set(METRICS) - {"interactions"}:
        return "Viewers who were not learned from bought nothing in the second half of the log."
    for row in overall.to_dict("records"):
        what = WORDS[row["metric"]]
        if row["metric"] != "interactions" and row["chance"] > MOST_CHANCE:
            return (
                f"The {what} of viewers who were not learned from are too few to check the simulator: chance alone"
                f" moves them by {row['chance']:.0%}."
            )
        if abs(row["error"]) > max(MOST_ERROR, 2 * row["chance"]):
            way = "high" if row["error"] > 0 else "low"
            return (
                f"The simulated {what} of viewers who were not learned from are {abs(row['error']):.0%} too {way};"
                f" at most {MOST_ERROR:.0%} is allowed."
            )
    return ""
