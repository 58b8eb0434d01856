"""Recommendations that were shown: found by their headers, typed, checked, and read back from the store."""

from __future__ import annotations

from pathlib import Path

import pytest

from socialml import ingest
from socialml.errors import UserError
from socialml.ingest.guess import guess
from socialml.store import Store

ROWS = (
    "user_id,ts,platform,category,offer,propensity,seconds,likes,comments,shares,purchases,amount,returned,satisfaction\n"
    "0012345678901234567,2025-09-01 20:15:04,Douyin,beauty,coupon,0.25,65.5,1,0,0,1,129.00,1,5\n"
    "C2,2025-09-01 21:00:00,Kuaishou,snacks,,0.0,12,0,0,0,0,,0,\n"
    ",2025-09-01 21:00:00,Kuaishou,snacks,,0.5,12,0,0,0,0,,0,\n"
    "C3,2025-09-02 21:00:00,Douyin,,,0.5,12,0,0,0,0,,0,\n"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "shown.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


def test_they_are_typed_checked_and_nothing_is_lost(file: Path, store: Store) -> None:
    receipt = ingest.ingest_file(store, file, "shop")
    assert receipt["kind"] == "impressions"
    assert (receipt["rows_read"], receipt["rows_accepted"], receipt["rows_rejected"]) == (4, 2, 2)
    assert any("chance of being shown" in str(warning) for warning in receipt["warnings"])
    with store.read() as con:
        rows = store.impressions(con, "shop").order("ts_local").fetchall()
    assert rows[0][0] == "0012345678901234567"
    assert [str(cell) for cell in rows[0][3:]] == [
        "Douyin", "beauty", "coupon", "0.25", "65.5", "1", "0", "0", "1", "129.0000", "1", "5",
    ]  # fmt: skip
    assert rows[1][5] is None  # no offer
    again = ingest.ingest_file(store, file, "shop")
    assert again["rows_already_there"] == 2


def test_a_dataset_without_them_says_how_to_bring_them(store: Store) -> None:
    store.ensure_dataset("shop")
    with store.read() as con, pytest.raises(UserError, match="no table of recommendations"):
        store.impressions(con, "shop")


def test_chinese_headers_and_a_bandit_log() -> None:
    names = ("用户ID", "曝光时间", "推荐类目", "推荐概率", "成交")
    found = guess(names, [["1", "2025-01-01", "美妆", "0.2", "1"]])
    assert found.kind == "impressions"
    assert found.mapping["propensity"] == "推荐概率"
    assert found.mapping["purchases"] == "成交"


def test_events_without_a_chance_stay_events() -> None:
    names = ("user_id", "ts", "action", "category", "seconds")
    assert guess(names, [["u", "2025-01-01", "view", "beauty", "3"]]).kind == "events"
