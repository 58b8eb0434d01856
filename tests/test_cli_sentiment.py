"""python -m socialml sentiment"""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from socialml.features.comments import TONE
from tests.test_cli import call


@pytest.fixture
def store(demo: Path, tmp_path: Path) -> Path:
    shutil.copytree(demo, tmp_path / "store")
    return tmp_path / "store" / "shop.duckdb"


def test_comments_of_the_sample_are_read_told_and_written(store: Path, tmp_path: Path) -> None:
    out = tmp_path / "comments.csv"
    found = call("sentiment", "--dataset", "sample", "--out", str(out), store=store)
    assert found["run_id"].startswith("sentiment-")
    assert found["comments"] == found["positive"] + found["neutral"] + found["negative"] == found["scored"]
    assert 0.15 < found["languages"]["en"] / found["comments"] < 0.25  # one in five is planted English
    with out.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == found["comments"]
    assert {row["tone"] for row in rows} == {"-1", "0", "1"}
    answer = call("features", "--dataset", "sample", "--out", str(tmp_path / "f.parquet"), store=store)
    assert answer["columns"][-2:] == list(TONE)


def test_without_comments_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text("user_id,order_date,amount\nu1,2024-01-01,5\n")
    call("ingest", str(tmp_path / "o.csv"), "--dataset", "plain", store=tmp_path / "s.duckdb")
    problem = call("sentiment", "--dataset", "plain", store=tmp_path / "s.duckdb", code=2)
    assert problem["error"]["code"] == "no_comments"
