"""Creators and their past bookings as arrays: what was offered, what was booked in which phase, and what it brought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from socialml import words
from socialml.environments.market import TIERS
from socialml.errors import UserError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Points of a booking: READ a thousand reads of full quality, and a like, two and three for a comment and a share.
PER_READ, PER_LIKE, PER_COMMENT, PER_SHARE = 1 / 1000, 1 / 50, 2 / 50, 3 / 50
UNKNOWN = "unknown"
MOST_CHANNELS = 20

_WORDS = {"content_type": "content_types", "category": "categories"}
_OUTCOMES = ("price", "reads", "likes", "comments", "shares", "sales", "later")
# Where a file does not say the tier: as many followers or more.
_HEAD, _MID = 1_000_000, 100_000


@dataclass(frozen=True, eq=False)
class Offers:
    """m creators, by id. Unknown numbers are nan; unknown words are 'unknown'."""

    creator_id: list[str]  # (m,) sorted
    channels: list[str]
    tiers: list[str]  # head, mid, tail
    content_types: list[str]
    categories: list[str]
    channel: Ints  # (m,) codes, and so below
    tier: Ints
    content_type: Ints
    category: Ints
    followers: Floats
    quality: Floats  # 0 to 1
    interaction_rate: Floats  # a share of the reads
    price: Floats  # of one booking

    @property
    def m(self) -> int:
        return len(self.creator_id)


@dataclass(frozen=True, eq=False)
class History:
    """r bookings of past campaigns, by campaign and phase. Unknown numbers are nan.

    All results are those up to the end of the campaign; `later` is the part of `reads` that came after the
    booking's phase had ended.
    """

    campaigns: list[str]
    phases: int
    campaign: Ints  # (r,) and so below
    creator: Ints  # place among the offers
    phase: Ints  # from 0
    price: Floats  # paid
    reads: Floats
    likes: Floats
    comments: Floats
    shares: Floats
    sales: Floats
    later: Floats

    @property
    def rows(self) -> int:
        return len(self.campaign)

    def of(self, campaigns: Ints) -> History:
        """The rows of these campaigns, renumbered in this order; one that comes twice is two campaigns."""
        count = np.bincount(self.campaign, minlength=len(self.campaigns))
        first = np.cumsum(count) - count
        own = count[campaigns]
        rows = np.repeat(first[campaigns] - (np.cumsum(own) - own), own) + np.arange(own.sum())
        columns: dict[str, Any] = {
            name: getattr(self, name)[rows] for name in ("creator", "phase", *_OUTCOMES)
        }
        return History(
            campaigns=[self.campaigns[i] for i in campaigns],
            phases=self.phases,
            campaign=np.repeat(np.arange(len(campaigns)), own),
            **columns,
        )


def points(history: History, offers: Offers) -> Floats:
    """(r,) follower_quality x reads / 1,000 + (likes + 2 comments + 3 shares) / 50; nan where a part is not known.

    A part that no booking has counts nothing; a creator of unknown quality has the middle one of all.
    """
    known = offers.quality[np.isfinite(offers.quality)]
    quality = np.where(np.isfinite(offers.quality), offers.quality, np.median(known) if len(known) else 1.0)
    parts = (
        (history.reads, PER_READ * quality[history.creator]),
        (history.likes, PER_LIKE),
        (history.comments, PER_COMMENT),
        (history.shares, PER_SHARE),
    )
    logged = [found * each for found, each in parts if np.isfinite(found).any()]
    return np.sum(logged, axis=0) if logged else np.full(history.rows, np.nan)


def result(history: History, offers: Offers, goal: str) -> Floats:
    """(r,) of 'effect' (points), 'sales' (money) or 'reach' (reads); nan where it is not known.

    Raises UserError no_outcome where no booking has it.
    """
    found = {"effect": points, "sales": lambda h, _: h.sales, "reach": lambda h, _: h.reads}[goal](
        history, offers
    )
    if not np.isfinite(found).any():
        needs = {"effect": "reads, likes, comments or shares", "sales": "sales", "reach": "reads"}[goal]
        raise UserError(
            "no_outcome",
            f"No booking of the history has {needs}.",
            "Choose another goal, or import a history with this column.",
        )
    return found


def take(con: duckdb.DuckDBPyConnection, offers: Any, placements: Any) -> tuple[Offers, History, list[str]]:
    """The arrays of two relations with the stored columns, and what was left out or filled, a sentence each.

    Words that differ in case only are one. Raises UserError no_tier, too_many_channels, no_bookings.
    """
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE offered AS SELECT creator_id, {_one_case("channel")} AS channel,
            coalesce(tier, CASE WHEN followers >= {_HEAD} THEN 'head' WHEN followers >= {_MID} THEN 'mid'
                WHEN followers IS NOT NULL THEN 'tail' END) AS tier,
            coalesce({_one_case("content_type")}, '{UNKNOWN}') AS content_type,
            coalesce({_one_case("category")}, '{UNKNOWN}') AS category,
            followers::DOUBLE AS followers, follower_quality::DOUBLE AS quality,
            interaction_rate::DOUBLE AS interaction_rate, price::DOUBLE AS price
        FROM ({offers.sql_query()})
        """
    )
    notes = []
    if gone := _one(con, "SELECT count(*) FROM offered WHERE tier IS NULL"):
        notes.append(f"{words.plural(gone, 'creator')} without tier and followers left out.")
        con.execute("DELETE FROM offered WHERE tier IS NULL")
    if not _one(con, "SELECT count(*) FROM offered"):
        raise UserError(
            "no_tier",
            "No creator has a tier or a number of followers.",
            "Import creators with one of these columns; the tiers are head, mid and tail.",
        )
    found = con.execute("SELECT * FROM offered ORDER BY creator_id").fetchnumpy()
    names = {word: sorted({str(name) for name in found[word]}) for word in ("channel", *_WORDS)}
    if len(names["channel"]) > MOST_CHANNELS:
        raise UserError(
            "too_many_channels",
            f"The column of channels has {len(names['channel']):,} different values, such as"
            f" '{names['channel'][0]}'; {MOST_CHANNELS} are the most.",
            "Import the creators again with the column that says the platform.",
        )
    columns: dict[str, Any] = {word: _codes(found[word], names[word]) for word in ("channel", *_WORDS)}
    columns |= {name: _floats(found[name]) for name in ("followers", "quality", "interaction_rate", "price")}
    made = Offers(
        creator_id=[str(name) for name in found["creator_id"]],
        channels=names["channel"],
        tiers=list(TIERS),
        content_types=names["content_type"],
        categories=names["category"],
        tier=_codes(found["tier"], list(TIERS)),
        **columns,
    )
    con.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE booked AS
        WITH places AS (SELECT creator_id, row_number() OVER (ORDER BY creator_id) - 1 AS creator FROM offered)
        SELECT campaign_id, creator_id, creator, phase - 1 AS phase, price::DOUBLE AS price, reads::DOUBLE AS reads,
            likes::DOUBLE AS likes, comments::DOUBLE AS comments, shares::DOUBLE AS shares, sales::DOUBLE AS sales,
            later_reads::DOUBLE AS later
        FROM ({placements.sql_query()}) LEFT JOIN places USING (creator_id)
        """
    )
    unknown, rows, who = con.execute(
        "SELECT count(*) FILTER (WHERE creator IS NULL), count(*),"
        " count(DISTINCT creator_id) FILTER (WHERE creator IS NULL) FROM booked"
    ).fetchone() or (0, 0, 0)
    if unknown == rows:
        raise UserError(
            "no_bookings",
            f"None of the {rows:,} past bookings is of a creator in the list of creators.",
            "Import both with the same creator ids.",
        )
    if unknown:
        notes.append(
            f"{words.plural(unknown, 'booking')} of {words.plural(who, 'creator')} who are not in the list left out."
        )
        con.execute("DELETE FROM booked WHERE creator IS NULL")
    campaigns = [
        str(row[0]) for row in con.execute("SELECT DISTINCT campaign_id FROM booked ORDER BY 1").fetchall()
    ]
    log = con.execute(
        f"SELECT dense_rank() OVER (ORDER BY campaign_id) - 1 AS campaign, creator, phase, {', '.join(_OUTCOMES)}"
        " FROM booked ORDER BY campaign, phase, creator, price, reads, sales, likes"
    ).fetchnumpy()
    columns = {name: np.asarray(log[name], dtype=np.int64) for name in ("campaign", "creator", "phase")}
    columns |= {name: _floats(log[name]) for name in _OUTCOMES}
    history = History(campaigns=campaigns, phases=int(log["phase"].max()) + 1, **columns)
    return made, history, notes


def _one_case(column: str) -> str:
    """SQL for the spelling of a word that comes first in the alphabet."""
    return f"min({column}) OVER (PARTITION BY lower({column}))"


def _one(con: duckdb.DuckDBPyConnection, query: str) -> int:
    row = con.execute(query).fetchone()
    return int(row[0]) if row else 0


def _codes(words: Any, names: list[str]) -> Ints:
    place = {name: i for i, name in enumerate(names)}
    return np.array([place[str(word)] for word in words], dtype=np.int64)


def _floats(column: Any) -> Floats:
    return np.asarray(np.ma.filled(np.ma.asarray(column).astype(np.float64), np.nan))
