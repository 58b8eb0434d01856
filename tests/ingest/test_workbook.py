from __future__ import annotations

import zipfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from socialml.errors import UserError
from socialml.ingest import Options, inspect, stage, workbook


def make(path: Path, sheets: dict[str, list[list[Any]]]) -> Path:
    book = xlsxwriter.Workbook(path)
    formats = {
        datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        date: book.add_format({"num_format": "yyyy-mm-dd"}),
    }
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                if isinstance(value, date):
                    sheet.write_datetime(r, c, value, formats[type(value)])
                elif value is not None:
                    sheet.write(r, c, value)
    book.close()
    return path


ORDERS = [
    ["下单明细"],
    ["买家ID", "订单号", "下单时间", "实付金额"],
    ["0012", "A1", datetime(2025, 1, 2, 3, 4, 5), 12.5],
    [],
    ["0013", "A2", date(2025, 1, 3), "￥1,230.00"],
    [700123, "A3", "2025/1/4 10:00", "lots"],
]


def test_a_sheet_is_read_as_the_text_it_shows(tmp_path, staged):
    made = staged(make(tmp_path / "订单.xlsx", {"说明": [["只读"]], "订单": ORDERS}))
    assert made.column("user_id") == ["0012", "0013"]
    assert [float(amount) for amount in made.column("amount")] == [12.5, 1230.0]
    assert made.column("ts_local") == [datetime(2025, 1, 2, 3, 4, 5), datetime(2025, 1, 3)]
    (bad,) = made.rejects
    assert (bad["line"], bad["column"], bad["value"]) == (6, "实付金额", "lots")  # the row Excel shows
    assert made.receipt["sheet"] == "订单"
    assert made.receipt["kind"] == "orders"


def test_a_sheet_can_be_chosen_and_others_are_told(tmp_path, staged):
    path = make(tmp_path / "b.xlsx", {"May": ORDERS, "June": [*ORDERS[:3], ["9", "B", "2025/6/1 8:00", 3]]})
    assert staged(path).warned()["other_sheets"] == 1
    assert staged(path, sheet="June").column("user_id") == ["0012", "9"]
    seen = inspect(path, sheet="June")
    assert (seen.sheet, seen.sheets, seen.format) == ("June", ["May", "June"], "excel")
    assert seen.kind == "orders"
    with pytest.raises(UserError, match="no sheet 'July'") as error:
        stage(path, tmp_path / "out", Options(sheet="July"))
    assert "'May', 'June'" in error.value.hint


def test_an_id_whose_digits_excel_lost_is_told(tmp_path, staged):
    rows = [
        ["user_id", "ts", "amount"],
        [6921234567890123456, "2025-01-02", 1],
        [123456789012345, "2025-01-02", 1],
    ]
    made = staged(make(tmp_path / "b.xlsx", {"a": rows}))
    assert made.column("user_id") == ["6.92123456789012E+18", "123456789012345"]
    assert made.warned()["ids_damaged"] == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"), (3.0, "3"), (-0.25, "-0.25"), (0.1, "0.1"), (time(8, 30), "08:30:00"),
        (date(2025, 1, 2), "2025-01-02"), ("=1+1", "=1+1"), ("", ""),
    ],
)  # fmt: skip
def test_cells_as_text(value, text):
    assert workbook.text(value) == text


def test_what_is_no_workbook(tmp_path):
    word = tmp_path / "letter.docx"
    with zipfile.ZipFile(word, "w") as parts:
        parts.writestr("word/document.xml", "<x/>")
    hollow = tmp_path / "hollow.xlsx"
    with zipfile.ZipFile(hollow, "w") as parts:
        parts.writestr("xl/workbook.xml", "rubbish")
    empty = make(tmp_path / "empty.xlsx", {"a": []})
    text = tmp_path / "a.csv"
    text.write_text("user_id,ts,amount\n1,2025-01-02,3\n")
    for path, options, code in (
        (word, Options(), "zip_file"),
        (hollow, Options(), "broken_workbook"),
        (empty, Options(), "empty_file"),
        (text, Options(sheet="a"), "not_a_workbook"),
    ):
        with pytest.raises(UserError) as error:
            stage(path, tmp_path / "out", options)
        assert error.value.code == code, path
        assert error.value.hint


def test_a_bomb_is_refused_by_its_stated_size(tmp_path, monkeypatch):
    path = make(tmp_path / "b.xlsx", {"a": ORDERS})
    monkeypatch.setattr(workbook, "MOST", 1_000)
    with pytest.raises(UserError) as error:
        stage(path, tmp_path / "out")
    assert error.value.code == "too_large"
