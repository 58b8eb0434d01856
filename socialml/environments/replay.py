"""A log replayed into the state of its viewers: what a response model learns from, and where a log ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from socialml.environments.outcome import Outcome
from socialml.environments.viewers import SOON, WEEK, Means, Viewers
from socialml.features.impressions import ImpressionLog

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Replay:
    """about: (r, columns) the state before each recommendation and its choice, in the order of the log;
    unsure: (r,) the variance of the liking it was foretold from.

    returning: (m, columns) the state of a viewer at the end of a week; came: (m,) whether they came in the next;
    returning_viewer: (m,) whose. end: the viewers after their last recommendation; ask who comes next, then end
    the week.
    """

    about: Floats
    unsure: Floats
    returning: Floats
    came: Floats
    returning_viewer: Ints
    end: Viewers


def means(log: ImpressionLog) -> Means:
    """What all viewers share. Fade is told from the recommendations of one category to one viewer, so that who is
    shown what they like does not look as if repeating it pleased them."""
    talked = log.likes + log.comments + log.shares
    talk = np.nanmean(talked)
    known = np.isfinite(log.seconds)
    y = np.log(np.maximum(np.where(known, log.seconds, 1.0), 1.0))
    cell = log.viewer * len(log.categories) + log.category
    cells = log.n * len(log.categories)
    faded = _lately(log)
    own_y, own_faded = _centred(y, cell, cells, known), _centred(faded, cell, cells, known)
    moved = float(own_faded @ own_faded)
    fade = max(-float(own_faded @ own_y) / moved, 0.0) if moved > 1 else 0.0
    y = y + fade * faded
    knew = np.nan_to_num(_knew(log))
    told = np.column_stack([np.eye(len(log.categories))[log.category], knew])
    columns = np.column_stack([_centred(column, log.viewer, log.n, known) for column in told.T])
    found = np.linalg.solve(
        columns.T @ columns + np.eye(told.shape[1]), columns.T @ _centred(y, log.viewer, log.n, known)
    )
    by_category, by_knowledge = found[:-1].astype(np.float64), float(found[-1])
    by_category -= by_category[log.category[known]].mean() if known.any() else 0.0
    told_of = by_category[log.category] + by_knowledge * knew
    y = y - told_of
    noise, likings = _variances(y, cell, cells, known, log.viewer)
    _, levels = _variances(y, log.viewer, log.n, known)
    shares = (np.bincount(log.category, minlength=len(log.categories)) + 1.0) / (len(y) + len(log.categories))
    orders = np.isfinite(log.purchases)
    here, away, loyalties = _coming(log)
    return Means(
        purchases=float(np.nanmean(log.purchases)),
        like_orders=_likeness(log.purchases, log.viewer, log.n, orders),
        like_talk=_likeness(talked, log.viewer, log.n, np.isfinite(talked)),
        like_bought=_likeness(log.purchases, cell, cells, orders, log.viewer),
        interactions=float(talk) if np.isfinite(talk) else 0.0,
        log_seconds=float(y[known].mean()) if known.any() else 0.0,
        shares=shares, by_knowledge=by_knowledge, unshown=_unshown(log), back_after_here=here,
        back_after_away=away, loyalties=loyalties, by_category=by_category, fade=fade,
        appeal=float((told_of - fade * faded).mean()),
        noise=noise, likings=likings, levels=levels,
    )  # fmt: skip


def _centred(values: Floats, group: Ints, groups: int, known: NDArray[np.bool_]) -> Floats:
    """Less the mean of its group; 0 where it is not known."""
    count = np.maximum(np.bincount(group, known, groups), 1)
    mean = np.bincount(group, np.where(known, values, 0.0), groups) / count
    return np.where(known, values - mean[group], 0.0)


def _variances(
    values: Floats, group: Ints, groups: int, known: NDArray[np.bool_], within: Ints | None = None
) -> tuple[float, float]:
    """Within groups and between their true means, by moments; neither is under a hundredth of the other.

    within: (r,) larger groups, between whose means the groups are compared; none: all are.
    """
    larger = np.zeros(len(values), dtype=np.int64) if within is None else within
    count = np.bincount(group, known, groups)
    inner = _centred(values, group, groups, known)
    some = int((count > 0).sum())
    noise = float(inner @ inner) / max(float(known.sum()) - some, 1.0)
    size = int(larger.max()) + 1 if len(larger) else 1
    outer = _centred(values, larger, size, known)
    whole = float(outer @ outer) - float(inner @ inner)  # between groups, within the larger ones
    totals = np.bincount(larger, known, size)
    squares = np.bincount(larger, np.where(known, count[group], 0.0), size)  # of each group's count, summed
    freedom = some - int((totals > 0).sum())
    counted = float((totals - squares / np.maximum(totals, 1)).sum())
    between = (whole - freedom * noise) / counted if counted > 0 else 0.0
    noise = max(noise, 1e-6)
    return noise, min(max(between, noise / 100), noise * 100)


def _knew(log: ImpressionLog) -> Floats:
    """(r,) log of the chance of each choice over the mean one of its category and offer; nan where not told."""
    action = log.category * len(log.offers) + log.offer
    told = np.isfinite(log.propensity) & (log.propensity > 0)
    logged = np.log(np.where(told, log.propensity, 1.0))
    usual = np.bincount(action, np.where(told, logged, 0.0)) / np.maximum(np.bincount(action, told), 1)
    return np.where(told, logged - usual[action], np.nan)


def _unshown(log: ImpressionLog) -> Floats | None:
    """(c,) mean of `_knew` over what was never shown to a viewer, told from what was: a choice of chance p stands for
    1 / p such viewers, of whom a share of about (1 - p)^rows never saw the category."""
    knew, c = _knew(log), len(log.categories)
    told = np.isfinite(knew)
    if not told.any():
        return None
    chance = np.where(told, log.propensity, 1.0)
    any_offer = np.minimum(chance / np.maximum(_share_of_offer(log), 1e-9), 1.0)
    weight = np.where(told, (1 - any_offer) ** np.bincount(log.viewer)[log.viewer] / any_offer, 0.0)
    found = np.bincount(log.category, weight * np.where(told, knew, 0.0), c)
    return found / np.maximum(np.bincount(log.category, weight, c), 1e-9)


def _share_of_offer(log: ImpressionLog) -> Floats:
    return (np.bincount(log.offer) / len(log.offer))[log.offer]


def _coming(log: ImpressionLog) -> tuple[float, float, float]:
    """Chance to come in a week after one with a visit and after one without, and the variance between viewers of
    their log odds to come beyond these, by moments."""
    present = np.zeros((log.n, log.weeks), dtype=bool)
    present[log.viewer, log.week] = True
    asked = (np.cumsum(present, axis=1) > 0)[:, :-1]
    before, after = present[:, :-1][asked], present[:, 1:][asked]

    def share(rows: NDArray[np.bool_]) -> float:
        return (float(after[rows].sum()) + 0.5) / (float(rows.sum()) + 1)

    here, away = share(before), share(~before)
    usual = np.where(before, here, away)
    of = np.nonzero(asked)[0]
    more = np.bincount(of, after - usual, log.n)
    sure = np.bincount(of, usual * (1 - usual), log.n)
    # A viewer's sum has the variance sure + sure^2 x loyalties.
    loyalties = float((more**2 - sure).sum()) / max(float((sure**2).sum()), 1e-9)
    return here, away, min(max(loyalties, 0.01), 10.0)


def _likeness(
    values: Floats, group: Ints, groups: int, known: NDArray[np.bool_], within: Ints | None = None
) -> float:
    """How many of its values a group's mean must have before it says as much as the mean of all."""
    noise, between = _variances(np.where(known, values, 0.0), group, groups, known, within)
    return noise / between


def _steps(log: ImpressionLog) -> list[list[Ints]]:
    """The rows of each week, one array for each place in the visit: no viewer is twice in one."""
    by_step = np.lexsort((log.viewer, log.place, log.week))
    code = log.week[by_step] * (log.place.max() + 1) + log.place[by_step]
    weeks: list[list[Ints]] = [[] for _ in range(log.weeks)]
    for rows in np.split(by_step, np.flatnonzero(np.diff(code)) + 1):
        weeks[int(log.week[rows[0]])].append(rows)
    return weeks


def _lately(log: ImpressionLog) -> Floats:
    """(r,) how often the category had been shown lately, as Viewers counts it."""
    lately, out = np.zeros((log.n, len(log.categories))), np.empty(len(log.viewer))
    for week in _steps(log):
        for rows in week:
            who, what = log.viewer[rows], log.category[rows]
            out[rows] = lately[who, what]
            lately[who] *= SOON
            lately[who, what] += 1
        lately *= WEEK
    return out


def replay(
    log: ImpressionLog, profile: Floats, of: Means, until: int | None = None,
    look: Callable[[Viewers, Ints], None] | None = None,
) -> Replay:  # fmt: skip
    """profile: (n, p) as Viewers has it. A viewer counts from their first week on.

    look: is shown the viewers of some rows as they are before these, and the rows.
    until: stop after so many weeks; rows after it are left 0, and the viewers' state is the one of that moment.
    """
    if not len(log.viewer):
        raise ValueError("the log is empty")
    viewers = Viewers(of, profile, len(log.categories))
    n, offers = log.n, len(log.offers)
    knew = _knew(log)
    width = (
        viewers.take(np.zeros(1, dtype=np.int64)).about(np.zeros(1, int), np.zeros(1, int), offers).shape[1]
    )
    about, unsure = np.zeros((len(log.viewer), width)), np.zeros(len(log.viewer))
    returning, came, whose = [], [], []
    present = np.zeros((n, log.weeks), dtype=bool)
    present[log.viewer, log.week] = True
    seen = np.cumsum(present, axis=1) > 0
    weeks = log.weeks if until is None else min(until, log.weeks)
    for week, steps in enumerate(_steps(log)[:weeks]):
        for rows in steps:
            who = log.viewer[rows]
            if look is not None:  # before the chance of what comes next is known
                before = viewers.take(who)
                before.here = np.ones(len(who), dtype=bool)
                look(before, rows)
            viewers.knew[who, log.category[rows]] = knew[rows]
            about[rows] = viewers.take(who).about(log.category[rows], log.offer[rows], offers)
            unsure[rows] = viewers.unsure[who, log.category[rows]]
            viewers.here = np.zeros(n, dtype=bool)
            viewers.here[who] = True
            viewers.update(
                _spread(log.category, rows, who, n), _spread(log.offer, rows, who, n), _outcome(log, rows, n),
                logged=True,
            )  # fmt: skip
        if week < weeks - 1:  # whether they come after the last one is not known yet
            known = np.flatnonzero(seen[:, week])
            returning.append(viewers.take(known).about_returning())
            came.append(present[known, week + 1].astype(np.float64))
            whose.append(known)
            viewers.end_week()
    return Replay(
        about, unsure, np.concatenate(returning), np.concatenate(came), np.concatenate(whose), viewers
    )


def _spread(codes: Ints, rows: Ints, who: Ints, n: int) -> Ints:
    out = np.zeros(n, dtype=np.int64)
    out[who] = codes[rows]
    return out


def _outcome(log: ImpressionLog, rows: Ints, n: int) -> Outcome:
    """(n,) each; what is not known counts as nothing, but for seconds, which stay nan."""
    who = log.viewer[rows]

    def column(values: Floats) -> Floats:
        out = np.zeros(n)
        out[who] = values[rows]
        return out

    return Outcome(
        *(column(log.seconds if name == "seconds" else np.nan_to_num(getattr(log, name))) for name in _FIELDS)
    )


_FIELDS = ("purchases", "amount", "seconds", "likes", "comments", "shares")
