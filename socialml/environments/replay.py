"""A log replayed into the state of its viewers: what a response model learns from, and where a log ends."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from socialml.environments.outcome import Outcome
from socialml.environments.viewers import Means, Viewers
from socialml.features.impressions import ImpressionLog

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Replay:
    """about: (r, columns) the state before each recommendation and its choice, in the order of the log.

    returning: (m, columns) the state of a viewer at the end of a week; came: (m,) whether they came in the next;
    returning_viewer: (m,) whose. end: the viewers after their last recommendation; ask who comes next, then end
    the week.
    """

    about: Floats
    returning: Floats
    came: Floats
    returning_viewer: Ints
    end: Viewers


def means(log: ImpressionLog) -> Means:
    return Means(
        purchases=float(np.nanmean(log.purchases)),
        interactions=float(np.nanmean(log.likes + log.comments + log.shares)),
        log_seconds=float(np.nanmean(np.log(np.maximum(log.seconds, 1.0)))),
    )


def replay(log: ImpressionLog, profile: Floats, of: Means) -> Replay:
    """profile: (n, p) as Viewers has it. A viewer counts from their first week on."""
    viewers = Viewers(of, profile, len(log.categories))
    n, offers = log.n, len(log.offers)
    about: Floats | None = None
    returning, came, whose = [], [], []
    present = np.zeros((n, log.weeks), dtype=bool)
    present[log.viewer, log.week] = True
    seen = np.cumsum(present, axis=1) > 0
    by_step = np.lexsort((log.viewer, log.place, log.week))
    bounds = np.flatnonzero(np.diff(log.week[by_step] * (log.place.max() + 1) + log.place[by_step])) + 1
    steps = np.split(by_step, bounds)
    at = 0
    for week in range(log.weeks):
        while at < len(steps) and log.week[steps[at][0]] == week:
            rows = steps[at]
            who = log.viewer[rows]
            found = viewers.take(who).about(log.category[rows], log.offer[rows], offers)
            if about is None:
                about = np.empty((len(log.viewer), found.shape[1]))
            about[rows] = found
            viewers.here = np.zeros(n, dtype=bool)
            viewers.here[who] = True
            viewers.update(
                _spread(log.category, rows, who, n), _spread(log.offer, rows, who, n), _outcome(log, rows, n)
            )
            at += 1
        if week < log.weeks - 1:  # whether they come after the last one is not known yet
            known = np.flatnonzero(seen[:, week])
            returning.append(viewers.take(known).about_returning())
            came.append(present[known, week + 1].astype(np.float64))
            whose.append(known)
            viewers.end_week()
    if about is None:
        raise ValueError("the log is empty")
    return Replay(about, np.concatenate(returning), np.concatenate(came), np.concatenate(whose), viewers)


def _spread(codes: Ints, rows: Ints, who: Ints, n: int) -> Ints:
    out = np.zeros(n, dtype=np.int64)
    out[who] = codes[rows]
    return out


def _outcome(log: ImpressionLog, rows: Ints, n: int) -> Outcome:
    """(n,) each; what is not known counts as nothing."""
    who = log.viewer[rows]

    def column(values: Floats) -> Floats:
        out = np.zeros(n)
        out[who] = np.nan_to_num(values[rows])
        return out

    return Outcome(*(column(getattr(log, name)) for name in _FIELDS))


_FIELDS = ("purchases", "amount", "seconds", "likes", "comments", "shares")
