"""Creators and bookings as arrays: what is kept, filled and left out."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pytest

from socialml.errors import UserError
from socialml.features.placements import History, Offers, points, result, take
from socialml.sample import creators, tables
from socialml.schema import CREATOR_COLUMNS, PLACEMENT_COLUMNS

OFFERS = ("creator_id", "channel", "tier", "followers", "follower_quality", "price")
BOOKED = (
    "campaign_id", "creator_id", "phase", "price", "reads", "likes", "comments", "shares", "sales", "later_reads",
)  # fmt: skip


def taken(offers: str, bookings: str) -> tuple[Offers, History, list[str]]:
    """Rows as lines of CSV, put where an import would put them."""
    con = duckdb.connect()
    for name, stored, fields, text in (
        ("offers", CREATOR_COLUMNS, OFFERS, offers),
        ("bookings", PLACEMENT_COLUMNS, BOOKED, bookings),
    ):
        con.execute(f"CREATE TABLE {name} ({', '.join(f'{column} {kind}' for column, kind in stored)})")
        for line in text.split():
            cells = [cell or None for cell in line.split(",")]
            con.execute(
                f"INSERT INTO {name} ({', '.join(fields)}) VALUES ({', '.join('?' * len(cells))})", cells
            )
    return take(con, con.table("offers"), con.table("bookings"))


def test_points_are_counted_as_they_are_defined() -> None:
    offers, log, notes = taken(
        "A,Weibo,mid,,0.5,100\n", "C1,A,1,90,2000,100,25,10,5.5,300\nC1,A,2,80,,100,0,0,,\n"
    )
    assert notes == []
    assert points(log, offers) == pytest.approx([0.5 * 2 + 2 + 1 + 0.6, np.nan], nan_ok=True)
    assert result(log, offers, "sales") == pytest.approx([5.5, np.nan], nan_ok=True)
    assert result(log, offers, "reach") == pytest.approx([2000, np.nan], nan_ok=True)
    assert log.later == pytest.approx([300, np.nan], nan_ok=True)


def test_what_no_booking_has_counts_nothing() -> None:
    offers, log, _ = taken(
        "A,Weibo,mid,,,100\nB,Weibo,mid,,0.8,100\n", "C1,A,1,90,1000,,,,,\nC1,B,1,90,1000,,,,,\n"
    )
    assert points(log, offers) == pytest.approx([0.8, 0.8])  # the middle quality stands in
    with pytest.raises(UserError, match="has sales"):
        result(log, offers, "sales")


def test_tiers_by_followers_where_the_file_has_none() -> None:
    rows = (
        "A,Weibo,,1000000,,1\nB,Weibo,,100000,,1\nC,Weibo,,99999,,1\nD,Weibo,tail,9999999,,1\nE,Weibo,,,,1\n"
    )
    offers, _, notes = taken(rows, "C1,A,1,1,1,1,1,1,1,0\n")
    assert offers.creator_id == ["A", "B", "C", "D"]
    assert [offers.tiers[code] for code in offers.tier] == ["head", "mid", "tail", "tail"]
    assert notes == ["1 creator without tier and followers left out."]


def test_bookings_of_strangers_are_counted() -> None:
    rows = "C2,A,1,1,1,1,1,1,1,0\nC1,X,1,1,1,1,1,1,1,0\nC1,X,2,1,1,1,1,1,1,0\nC1,Y,3,1,1,1,1,1,1,0\n"
    offers, log, notes = taken("A,Weibo,mid,,,1\n", rows)
    assert notes == ["3 bookings of 2 creators who are not in the list left out."]
    assert (log.campaigns, log.phases, log.creator.tolist()) == (["C2"], 1, [0])
    assert offers.content_types == ["unknown"]


def test_other_ids_than_in_the_list_are_a_mistake() -> None:
    with pytest.raises(UserError, match="None of the 1 past booking"):
        taken("A,Weibo,mid,,,1\n", "C1,X,1,1,1,1,1,1,1,0\n")


def test_creators_of_no_tier_are_a_mistake() -> None:
    with pytest.raises(UserError, match="tier or a number of followers"):
        taken("A,Weibo,,,,1\n", "C1,A,1,1,1,1,1,1,1,0\n")


def test_words_of_another_case_are_the_same_channel() -> None:
    offers, _, _ = taken("A,weibo,mid,,,1\nB,Weibo,mid,,,1\nC,WeChat,mid,,,1\n", "C1,A,1,1,1,1,1,1,1,0\n")
    assert offers.channels == ["WeChat", "Weibo"]
    assert offers.channel.tolist() == [1, 1, 0]


def test_names_are_no_channels() -> None:
    rows = "".join(f"K{i},name-{i},mid,,,1\n" for i in range(25))
    with pytest.raises(UserError, match="25 different values, such as 'name-0'"):
        taken(rows, "C1,K1,1,1,1,1,1,1,1,0\n")


def test_campaigns_are_drawn_with_their_rows() -> None:
    world = creators.plant(np.random.default_rng(0), 30)
    log = creators.history(np.random.default_rng(1), world, 6)
    drawn = log.of(np.array([4, 1, 4]))
    assert drawn.campaigns == ["C0005", "C0002", "C0005"]
    for new, old in enumerate((4, 1, 4)):
        for name in ("creator", "phase", "price", "reads", "later"):
            mine = getattr(drawn, name)[drawn.campaign == new]
            assert mine.tolist() == getattr(log, name)[log.campaign == old].tolist()
    assert drawn.rows == (log.campaign == 1).sum() + 2 * (log.campaign == 4).sum()


def test_tables_hold_what_the_arrays_do() -> None:
    world = creators.plant(np.random.default_rng(0), 60)
    log = creators.history(np.random.default_rng(1), world, 9)
    files: dict[str, Any] = {
        "offers": tables.creators_table(world.offers),
        "bookings": creators.log(np.random.default_rng(1), world, 9),
    }
    con = duckdb.connect()
    for name, table in files.items():
        con.register(f"{name}_", table)
        con.execute(f"CREATE TABLE {name} AS FROM {name}_")
    offers, found, notes = take(con, con.table("offers"), con.table("bookings"))
    assert notes == []
    assert (offers.creator_id, offers.channels, found.campaigns) == (
        world.offers.creator_id, world.offers.channels, log.campaigns,
    )  # fmt: skip
    for name in ("channel", "tier", "content_type", "category", "followers", "quality", "price"):
        assert getattr(offers, name).tolist() == getattr(world.offers, name).tolist()
    rows = [np.lexsort((history.creator, history.phase, history.campaign)) for history in (log, found)]
    for name in (
        "campaign",
        "creator",
        "phase",
        "price",
        "reads",
        "likes",
        "comments",
        "shares",
        "sales",
        "later",
    ):
        assert getattr(found, name)[rows[1]].tolist() == getattr(log, name)[rows[0]].tolist()
