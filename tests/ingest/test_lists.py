"""Short lists: every encoding that an import reads, one column or more, times and amounts as people write them."""

from __future__ import annotations

import gzip
import math
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pytest

from socialml.errors import UserError
from socialml.ingest import lists
from socialml.schema import KINDS


def written(folder: Path, text: str, encoding: str = "utf-8", name: str = "list.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
def test_a_list_reads_the_same_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    text = "订单号;店铺\n\u3000A1 ;甲\n\nA2;\n"
    table = lists.read(written(tmp_path, text, encoding))
    assert table.to_pydict() == {"订单号": ["A1", "A2"], "店铺": ["甲", None]}
    assert lists.column(table, KINDS["orders"].column("order_id")) == "订单号"
    assert lists.column(table, "series") is None


def test_a_list_of_one_column_and_a_short_row_are_read(tmp_path: Path) -> None:
    assert lists.read(written(tmp_path, "\nOrder ID\r\n0012\r\n")).to_pydict() == {"Order ID": ["0012"]}
    packed = tmp_path / "list.csv.gz"
    packed.write_bytes(gzip.compress(b"order_id,amount,why\nA1,5,\nA2,6\nA3,7,x\n"))
    assert lists.read(packed)["why"].to_pylist() == [None, None, "x"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty_file"),
        ("order_id,amount\n", "header_only"),
        ("order_id,amount\nA1,5\nA2,1,234\n", "unreadable_list"),
        ('order_id,amount\nA1,"5\n', "unreadable_list"),
        ("<html><table></table></html>", "not_a_table"),
    ],
)
def test_what_is_no_list_is_said(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(UserError) as caught:
        lists.read(written(tmp_path, text))
    assert caught.value.code == code
    assert "list.csv" in caught.value.message
    assert caught.value.hint


def test_times_are_told_on_the_zones_clock() -> None:
    cells = [
        "2024-01-05 09:00:01",
        "2024/1/5 9:00",
        "2024年1月5日 9:00",
        "2024-01-05T01:00:01Z",
        "soon",
        None,
    ]
    found = lists.times(pa.table({"t": cells}), "t", "Asia/Shanghai").to_pylist()
    exact, minute = datetime(2024, 1, 5, 9, 0, 1), datetime(2024, 1, 5, 9)
    assert found == [exact, minute, minute, exact, None, None]


def test_a_day_that_may_be_a_month_is_asked_and_not_guessed() -> None:
    with pytest.raises(UserError) as caught:
        lists.times(pa.table({"t": ["03/04/2024 10:00"]}), "t", "UTC")
    assert caught.value.code == "date_order_unclear"
    assert "YYYY-MM-DD" in caught.value.hint


def test_amounts_are_read_as_people_write_them() -> None:
    *found, odd, empty = lists.amounts(["12.5", "¥1,234.50", "12元", "(5)", "-3", "five", None])
    assert found == [12.5, 1234.5, 12.0, -5.0, -3.0]
    assert math.isnan(odd)  # type: ignore[arg-type]
    assert empty is None
