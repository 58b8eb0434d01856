"""Several files or a folder as one dataset, on the command line."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from socialml.errors import UserError
from tests.test_cli import call

FILES = {
    "Orders-02.csv": "user_id,order_date,amount\nu1,2024-02-01,5\nu2,soon,6\n",
    "orders-01.csv": "user_id,order_date,amount\nu1,2024-01-01,5\n",
    "users.csv": "user_id,gender,age\nu1,female,30\n",
    ".hidden.csv": "broken",
    "~$users.xlsx": "broken",
    "notes.docx": "no table",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "export"
    (made / "older").mkdir(parents=True)
    for name, text in FILES.items():
        (made / name).write_text(text)
    (made / "older" / "orders.csv").write_text(FILES["orders-01.csv"])
    return made


def test_a_folder_is_one_dataset_with_a_receipt_for_each_file(folder: Path) -> None:
    store = folder.parent / "s.duckdb"
    told = call("ingest", folder, "--dataset", "shop", store=store)
    assert [(Path(file["file"]).name, file["kind"], file["rows_accepted"]) for file in told["files"]] == [
        ("orders-01.csv", "orders", 1),
        ("Orders-02.csv", "orders", 1),
        ("users.csv", "users", 1),
    ]
    assert [Path(file).name for file in told["left_out"]] == ["notes.docx", "older"]
    assert call("datasets", store=store)["datasets"][0]["tables"] == {"orders": 2, "users": 1}
    # Its rejects are a file that comes in again once it is mended.
    rejects = Path(told["files"][1]["rejects_file"])
    rows = list(csv.DictReader(rejects.open(encoding="utf-8-sig")))
    assert [(row["user_id"], row["amount"], row["rejected_line"]) for row in rows] == [("u2", "6", "3")]
    rejects.write_text(
        rejects.read_text(encoding="utf-8-sig").replace("soon", "2024-02-02"), encoding="utf-8"
    )
    (again,) = call("ingest", rejects, "--dataset", "shop", store=store)["files"]
    assert (again["kind"], again["rows_read"], again["rows_accepted"]) == ("orders", 1, 1)


def test_an_error_in_one_file_names_it_and_brings_none(folder: Path) -> None:
    store = folder.parent / "s.duckdb"
    (folder / "users.csv").write_text("user_id,registered\nu1,01/02/2024\nu2,03/04/2024\n")
    error = call("ingest", folder, "--dataset", "shop", store=store, code=2)["error"]
    assert error["code"] == "date_order_unclear"
    assert "users.csv" in error["message"]
    assert "None of the 3 files" in error["hint"]
    assert call("datasets", store=store)["datasets"] == []


def test_a_folder_without_tables_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "notes.docx").write_text("no table")
    error = call("ingest", tmp_path, "--dataset", "shop", store=tmp_path / "s.duckdb", code=2)["error"]
    assert error["code"] == "empty_folder"


def test_a_delimiter_can_be_said(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("user_id|order_date,amount|note\nu1|2024-01-01,5|x\n")
    error = call(
        "ingest", file, "--dataset", "a", "--kind", "orders", "--delimiter", "|", store=tmp_path / "s", code=2
    )
    assert "order_date,amount" in error["error"]["hint"]


def test_an_error_after_a_file_came_in_brings_none_either(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = folder.parent / "s.duckdb"
    call("ingest", folder / "users.csv", "--dataset", "shop", store=store)
    before = call("datasets", store=store)

    def full_disk(*_: object) -> None:
        raise UserError("disk_full", "No space left on device.")

    monkeypatch.setattr("socialml.cli.data._rejects_file", full_disk)
    call("ingest", folder / "orders-01.csv", "--dataset", "shop", store=store, code=2)
    call("ingest", folder / "orders-01.csv", "--dataset", "new", store=store, code=2)
    assert call("datasets", store=store) == before
