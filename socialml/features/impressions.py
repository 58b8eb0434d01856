"""The log of recommendations as arrays: who was shown what, in which week, and what followed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from socialml.errors import UserError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NO_OFFER = "none"


@dataclass(frozen=True, eq=False)
class ImpressionLog:
    """r recommendations to n viewers over some weeks, by viewer and time. Unknown outcomes are nan.

    week: 0 is the first; the last whole week of the log ends at `until`. place: how many came before in that
    viewer's week.
    """

    user_id: list[str]  # (n,) sorted
    categories: list[str]
    offers: list[str]  # 'none' first
    until: datetime  # exclusive, local
    weeks: int
    viewer: Ints  # (r,) and so below
    week: Ints
    place: Ints
    category: Ints
    offer: Ints
    propensity: Floats
    seconds: Floats
    likes: Floats
    comments: Floats
    shares: Floats
    purchases: Floats
    amount: Floats
    satisfaction: Floats

    @property
    def n(self) -> int:
        return len(self.user_id)

    def of(self, viewers: Ints) -> ImpressionLog:
        """The rows of these viewers, renumbered in this order; one that comes twice is two viewers."""
        count = np.bincount(self.viewer, minlength=self.n)
        first = np.cumsum(count) - count
        new = np.repeat(np.arange(len(viewers)), count[viewers])
        own = count[viewers]
        rows = np.repeat(first[viewers] - (np.cumsum(own) - own), own) + np.arange(own.sum())
        columns = {name: getattr(self, name)[rows] for name in _COLUMNS if name != "viewer"}
        return ImpressionLog(
            user_id=[self.user_id[i] for i in viewers],
            categories=self.categories,
            offers=self.offers,
            until=self.until,
            weeks=self.weeks,
            viewer=new,
            **columns,
        )


_OUTCOMES = ("propensity", "seconds", "likes", "comments", "shares", "purchases", "amount", "satisfaction")
_COLUMNS = ("viewer", "week", "place", "category", "offer", *_OUTCOMES)


@dataclass(frozen=True, eq=False)
class Facts:
    """What is known of each viewer of a log beside what they were shown: (n,) each."""

    platforms: list[str]
    platform: Ints  # code of the most usual one
    hour: Floats  # mean hour of the day, 0 to 24


def facts(con: duckdb.DuckDBPyConnection) -> Facts:
    """Of the log that was taken last on this connection."""
    rows = con.execute(
        """
        SELECT user_id, coalesce(mode(platform), '') AS platform, avg(date_part('hour', ts_local)) AS hour
        FROM shown GROUP BY 1 ORDER BY 1
        """
    ).fetchnumpy()
    names = np.asarray(rows["platform"], dtype=object)
    platforms = sorted({str(name) for name in names})
    code = np.array([platforms.index(str(name)) for name in names], dtype=np.int64)
    return Facts(platforms, code, np.asarray(rows["hour"], dtype=np.float64))


def take(
    con: duckdb.DuckDBPyConnection, impressions: Any, until: datetime, most_weeks: int = 26
) -> ImpressionLog:
    """The whole weeks of the log before `until`, at most so many. Raises UserError short_log, one_action."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE shown AS SELECT user_id, ts_local, platform, category,"
        f" coalesce(nullif(lower(trim(offer)), ''), '{NO_OFFER}') AS offer,"
        f" {', '.join(f'{name}::DOUBLE AS {name}' for name in _OUTCOMES)}"
        f" FROM ({impressions.sql_query()}) WHERE ts_local < ? AND user_id IS NOT NULL AND category IS NOT NULL",
        [until],
    )
    first, rows = con.execute("SELECT min(ts_local), count(*) FROM shown").fetchone() or (None, 0)
    weeks = min((until - datetime(first.year, first.month, first.day)).days // 7, most_weeks) if first else 0
    if weeks < 2:
        raise UserError(
            "short_log",
            f"The log holds {rows:,} recommendations over {weeks} whole weeks; two weeks are the least.",
            "Import a longer log.",
        )
    start = until - timedelta(days=7 * weeks)
    con.execute("DELETE FROM shown WHERE ts_local < ?", [start])
    users, categories, offers = (
        [row[0] for row in con.execute(f"SELECT DISTINCT {name} FROM shown ORDER BY 1").fetchall()]
        for name in ("user_id", "category", "offer")
    )
    offers = [NO_OFFER, *(name for name in offers if name != NO_OFFER)]
    if len(categories) * len(offers) < 2 or len(categories) < 2:
        raise UserError(
            "one_action",
            f"The log shows one category only ('{categories[0]}'): there is nothing to choose between.",
            "Import a log in which different categories were shown.",
        )
    arrays = con.execute(
        """
        WITH people AS (SELECT user_id, row_number() OVER (ORDER BY user_id) - 1 AS viewer
                        FROM (SELECT DISTINCT user_id FROM shown)),
             things AS (SELECT category, row_number() OVER (ORDER BY category) - 1 AS thing
                        FROM (SELECT DISTINCT category FROM shown)),
             dated AS (SELECT *, date_diff('day', ?::TIMESTAMP, ts_local) // 7 AS week FROM shown)
        SELECT viewer, week, row_number() OVER (PARTITION BY viewer, week ORDER BY ts_local, thing, offer) - 1 AS place,
            thing AS category, list_position(?, offer) - 1 AS offer, """
        + ", ".join(_OUTCOMES)
        + " FROM dated JOIN people USING (user_id) JOIN things USING (category) ORDER BY viewer, week, place",
        [start, offers],
    ).fetchnumpy()
    columns: dict[str, Any] = {
        name: np.ma.filled(arrays[name].astype(np.float64), np.nan)
        if name in _OUTCOMES
        else np.asarray(arrays[name], dtype=np.int64)
        for name in _COLUMNS
    }
    return ImpressionLog(
        user_id=users, categories=categories, offers=offers, until=until, weeks=int(weeks), **columns
    )
