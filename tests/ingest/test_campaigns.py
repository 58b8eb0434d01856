"""Creators and past bookings: found by their headers, typed, checked, and read back from the store."""

from __future__ import annotations

from decimal import Decimal

import pytest

from socialml import ingest
from socialml.errors import UserError
from socialml.ingest.guess import guess

CREATORS = (
    "达人ID,平台/渠道,层级,粉丝数,粉丝质量,互动率,内容形式,报价,类目\n"
    '0012345678901234567,抖音,头部,"2,500,000",65%,5%,短视频,￥60000,美妆\n'
    "K2,小红书,腰部,300000,0.7,0.03,图文,8000,美食\n"
    "K3,微博,超级,50000,0.5,,图文,0,\n"
    "K4,微博,,800,80,2,图文,500,\n"
)
PLACEMENTS = (
    "活动ID,达人ID,阶段,合作价格,阅读/播放,点赞,评论,转发,成交额\n"
    "C1,K2,1,7900,120000,3000,200,90,15000.50\n"
    "C1,K3,2,0,2000,10,1,0,\n"
    "C1,K3,0,10,2000,10,1,0,\n"
    "C1,K3,1,-10,2000,10,1,0,\n"
    "C2,K4,1,10,-1,10,1,0,\n"
    "C2,K4,20250601,10,1,10,1,0,\n"
)


def test_chinese_creators_are_read_as_they_mean(write, staged):
    made = staged(write(CREATORS))
    assert made.receipt["kind"] == "creators"
    assert made.receipt["unmapped"] == []
    assert made.column("creator_id") == ["0012345678901234567", "K2", "K3", "K4"]
    assert made.column("tier") == ["head", "mid", None, None]
    assert made.column("followers") == [2_500_000, 300_000, 50_000, 800]
    assert made.column("follower_quality") == [0.65, 0.7, 0.5, 0.8]
    assert made.column("interaction_rate") == [0.05, 0.03, None, 0.02]
    assert made.column("price") == [Decimal(60_000), Decimal(8_000), Decimal(0), Decimal(500)]
    assert made.warned() == {"unknown_tier": 1, "read_as_percent": 1}
    said = {warning["sentence"] for warning in made.receipt["warnings"]}
    assert "1 row has a tier that is not head, mid or tail; their followers tell it." in said
    assert "1 row has a '粉丝质量' without a % sign, read as percent: 65 as 65%." in said


def test_chinese_bookings_and_what_cannot_be_one(write, staged):
    made = staged(write(PLACEMENTS))
    assert made.receipt["kind"] == "placements"
    assert made.receipt["unmapped"] == []
    assert made.column("phase") == [1, 2]
    assert made.column("sales") == [Decimal("15000.5"), None]
    assert [(row["line"], row["column"], row["reason"]) for row in made.rejects] == [
        (4, "阶段", "not a phase from 1 to 100"),
        (5, "合作价格", "below 0"),
        (6, "阅读/播放", "below 0"),
        (7, "阶段", "not a phase from 1 to 100"),
    ]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (["0.3", "0.8", "1.2"], [0.003, 0.008, 0.012]),  # no list of creators has rates of 30% and more
        (["0.03", "0.05", "4"], [0.03, 0.05, 0.04]),
        (["3", "0.5%", "2 %", "", "-"], [0.03, 0.005, 0.02, None, None]),
        (["0.02", "0", "1"], [0.02, 0.0, 1.0]),
    ],
)
def test_rates_are_shares_however_they_are_written(write, staged, written, read):
    text = "creator_id,channel,tier,price,interaction_rate\n"
    made = staged(write(text + "".join(f"K{i},Weibo,mid,1,{cell}\n" for i, cell in enumerate(written))))
    assert made.column("interaction_rate") == pytest.approx(read)


def test_ten_thousands_are_written_as_marketers_do(write, staged):
    text = "creator_id,channel,followers,price\n"
    cells = ["12.5万", "3w", "1.2亿", "120 万", "0.00001万", "万"]
    made = staged(write(text + "".join(f"K{i},微博,{cell},1.5万元\n" for i, cell in enumerate(cells))))
    assert made.column("followers") == [125_000, 30_000, 120_000_000, 1_200_000]
    assert set(made.column("price")) == {Decimal(15_000)}
    assert [row["reason"] for row in made.rejects] == ["not a whole number", "not a number"]


def test_shares_that_cannot_be(write, staged):
    text = "creator_id,channel,tier,price,follower_quality\nA,Weibo,mid,1,0.5\nB,Weibo,mid,1,0.6\n"
    made = staged(
        write(
            text
            + "C,Weibo,mid,1,0.7\nD,Weibo,mid,1,-0.1\nE,Weibo,mid,1,101\nF,Weibo,mid,-1,0.5\nG,Weibo,mid,1,good\n"
        )
    )
    assert made.column("creator_id") == ["A", "B", "C"]
    assert [(row["line"], row["reason"]) for row in made.rejects] == [
        (5, "not between 0 and 100%"), (6, "not between 0 and 100%"), (7, "below 0"), (8, "not a number")
    ]  # fmt: skip


def test_of_a_creator_who_comes_twice_the_last_row_counts(write, store):
    text = "creator_id,channel,tier,price\nA,Weibo,mid,100\nB,Weibo,tail,50\nA,Weibo,mid,120\n"
    receipt = ingest.ingest_file(store, write(text), "shop")
    told = [warning["sentence"] for warning in receipt["warnings"]]
    assert told == ["1 row names a creator who comes again further down; the last row counts."]
    assert (receipt["rows_accepted"], receipt["rows_already_there"]) == (3, 0)

    def prices() -> dict[str, float]:
        with store.read() as con:
            return {row[0]: float(row[-1]) for row in store.creators(con, "shop").fetchall()}

    assert prices() == {"A": 120, "B": 50}
    again = ingest.ingest_file(store, write(text, "again.csv"), "shop")
    assert (again["rows_already_there"], prices()) == (3, {"A": 120, "B": 50})
    for price in (90, 120):  # there and back
        ingest.ingest_file(
            store, write(f"creator_id,channel,tier,price\nA,Weibo,mid,{price}\n", f"{price}.csv"), "shop"
        )
        assert prices() == {"A": price, "B": 50}


def test_a_dataset_without_them_says_how_to_bring_them(store):
    store.ensure_dataset("shop")
    with store.read() as con:
        with pytest.raises(UserError, match="no table of creators"):
            store.creators(con, "shop")
        with pytest.raises(UserError, match="no table of past bookings"):
            store.placements(con, "shop")


def test_headers_of_shops_stay_what_they_were():
    names = ("订单号", "用户ID", "下单时间", "达人ID", "渠道", "单价", "数量")
    assert guess(names, [["1", "u", "2025-01-01", "k", "抖音", "3", "1"]]).kind == "orders"
    names = ("user_id", "ts", "action", "creator_id", "channel")
    assert guess(names, [["u", "2025-01-01", "view", "k", "x"]]).kind == "events"


def test_what_is_missing_is_named(write, staged):
    with pytest.raises(UserError, match=r"Creators need tier .Tier. .or followers"):
        staged(write("creator_id,channel,price\nA,Weibo,1\n"))
    with pytest.raises(UserError, match=r"Past bookings need reads .Reads or plays. .or sales, or likes"):
        staged(write("campaign_id,creator_id,phase,price\nA,K,1,1\n", "p.csv"))
