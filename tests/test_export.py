from __future__ import annotations

import csv
import io
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from socialml import export
from socialml.errors import UserError
from socialml.export import csv_bytes, excel_bytes, file_name, format_of, parquet_bytes, table_of


def rows(table: pa.Table) -> list[list[str]]:
    return list(csv.reader(io.StringIO(csv_bytes(table).decode("utf-8-sig"))))


def sheet(table: pa.Table) -> list[list[Any]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(excel_bytes(table)))
    return book.get_sheet_by_index(0).to_python()


def test_cells_and_headers_that_spreadsheets_would_run_are_quoted() -> None:
    table = pa.table(
        {
            "=cmd": ["=1+1", "+1", "-1", "@x", "\tx", "\nx", "＝1", "客户", None],
            "n": [-1.5, None, 2, 3, 4, 5, 6, 7, float("nan")],
        }
    )
    found = rows(table)
    assert found[0] == ["'=cmd", "n"]
    told = ["'=1+1", "'+1", "'-1", "'@x", "'\tx", "'\nx", "'＝1", "客户", ""]
    assert [row[0] for row in found[1:]] == told
    assert found[1][1] == "-1.5"  # numbers stay numbers
    assert found[-1][1] == ""


@pytest.mark.parametrize("kind", [pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())])
def test_text_of_every_kind_is_quoted(kind: pa.DataType) -> None:
    cells = (
        pa.array(["=1", "a"], pa.string()).cast(kind)
        if pa.types.is_dictionary(kind)
        else pa.array(["=1", "a"], kind)
    )
    assert rows(pa.table({"x": cells}))[1:] == [["'=1"], ["a"]]


def test_excel_is_told_that_it_is_utf8() -> None:
    assert csv_bytes(pa.table({"a": [1]})).startswith(b"\xef\xbb\xbf")


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"])), min_size=1))
def test_no_cell_begins_like_a_formula_and_no_text_is_lost(cells: list[str]) -> None:
    for written, cell in zip(rows(pa.table({"a": cells}))[1:], cells, strict=True):
        text = written[0] if written else ""
        assert text in (cell, "'" + cell)
        assert text[:1] not in ("=", "+", "-", "@")


def test_a_workbook_keeps_text_as_text_and_days_as_days() -> None:
    table = pa.table(
        {
            "客户": ["0012", "1234567890123456789", '=HYPERLINK("http://x")'],
            "link": ["http://x.example", "a\x01b\nc", None],
            "whole": [7, 2**60, None],
            "money": pa.array([Decimal("1.25"), None, Decimal("12345678901234.5678")], pa.decimal128(18, 4)),
            "part": [1.5, float("nan"), float("inf")],
            "day": [date(2024, 2, 29), date(1900, 1, 1), None],
            "time": pa.array([datetime(2024, 1, 2, 3, 4, 5), None, None], pa.timestamp("us")),
            "midnights": pa.array([datetime(2024, 1, 2), datetime(1900, 3, 1), None], pa.timestamp("us")),
            "yes": [True, None, False],
            "kind": pa.array(["a", "b", "a"]).dictionary_encode(),
            "parts": [[1, 2], None, []],
        }
    )
    head, *body = sheet(table)
    assert head == table.column_names
    first, second, third = (dict(zip(head, row, strict=True)) for row in body)
    assert [row["客户"] for row in (first, second, third)] == table["客户"].to_pylist()
    assert [row["link"] for row in (first, second)] == ["http://x.example", "a\x01b\nc"]
    assert (first["whole"], second["whole"], third["whole"]) == (7, str(2**60), "")
    assert (first["money"], third["money"]) == (1.25, "12345678901234.5678")
    assert (first["part"], second["part"], third["part"]) == (1.5, "", "")
    assert (first["day"], second["day"]) == (date(2024, 2, 29), "1900-01-01")
    assert first["time"] == datetime(2024, 1, 2, 3, 4, 5)
    assert (first["midnights"], second["midnights"]) == (date(2024, 1, 2), date(1900, 3, 1))
    assert (first["yes"], second["yes"], third["yes"]) == (True, "", False)
    assert (first["kind"], first["parts"], third["parts"]) == ("a", "[1, 2]", "[]")


def test_a_cell_that_excel_cannot_hold_says_where_it_was_cut() -> None:
    text = sheet(pa.table({"a": ["x" * 40_000]}))[1][0]
    assert len(text) == 32_767
    assert text.endswith("(cut here: a cell of Excel holds no more)")


def test_more_rows_than_a_sheet_holds_are_refused_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "SHEET_ROWS", 2)
    assert len(sheet(pa.table({"a": [1, 2]}))) == 3
    with pytest.raises(UserError, match="holds 2 rows") as told:
        excel_bytes(pa.table({"a": [1, 2, 3]}))
    assert "Parquet" in told.value.hint


def test_blocks_of_rows_follow_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_BLOCK", 3)
    assert [row[0] for row in sheet(pa.table({"a": list(range(8))}))[1:]] == list(range(8))


def test_parquet_comes_back_as_it_was() -> None:
    table = pa.table({"=a": ["=1", None], "客户": [date(2024, 1, 2), None]})
    assert pq.read_table(io.BytesIO(parquet_bytes(table))).equals(table)


def test_a_frame_of_mixed_kinds_and_equal_names_becomes_a_table() -> None:
    frame = pd.DataFrame([[1, "x", 2.5], ["b", None, None]], columns=["a", "a", ""])
    table = table_of(frame)
    assert table.column_names == ["a", "a", ""]
    assert table.column(0).to_pylist() == ["1", "b"]
    assert table.column(2).to_pylist() == [2.5, None]


def test_a_file_is_named_so_that_any_system_takes_it() -> None:
    told = file_name(
        "csv", 'a/../b "; <script>\u202e', "who buys", None, "segments-20260301-1a2b3c", "2026-03-02"
    )
    assert told == "a b script_who buys_segments-20260301-1a2b3c_2026-03-02.csv"
    assert file_name("xlsx", "店铺 1", "客户") == "店铺 1_客户.xlsx"


def test_the_format_is_what_is_asked_for_else_what_the_suffix_says() -> None:
    assert format_of(Path("a.xlsx"), "csv").suffix == "csv"
    assert format_of(Path("a.XLSX"), None).suffix == "xlsx"
    assert format_of(Path("a.txt"), None).suffix == "csv"
    assert format_of(Path("a"), None, "parquet").suffix == "parquet"


def test_days_are_written_without_a_time_and_moments_with_theirs() -> None:
    days = pa.array([datetime(2025, 8, 1), None], pa.timestamp("ns"))
    moments = pa.array([datetime(2025, 8, 1), datetime(2025, 8, 2, 9)], pa.timestamp("us"))
    assert rows(pa.table({"month": days, "time": moments}))[1:] == [
        ["2025-08-01", "2025-08-01 00:00:00"],
        ["", "2025-08-02 09:00:00"],
    ]
