"""What the Data page asks of a file before it imports it."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import xlsxwriter
from streamlit.testing.v1 import AppTest

from socialml.export import csv_bytes
from socialml.ingest import mended
from socialml.ingest.task import ingest_file
from socialml.jobs.manager import Manager
from socialml.ui import state
from tests.pages.conftest import Open
from tests.pages.test_pages import text

Bring = Callable[..., AppTest]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the page asks the job manager to import, instead of importing it."""
    taken: list[dict[str, Any]] = []

    def submit(self: Manager, task: str, dataset: str, config: dict[str, Any], label: str = "") -> str:
        taken.append(config)
        return "none"

    monkeypatch.setattr(Manager, "submit", submit)
    return taken


@pytest.fixture
def bring(open_app: Open) -> Bring:
    """The Data page after files were dropped. An uploader is no part of what AppTest can drive."""

    def drop(**files: str | bytes) -> AppTest:
        app = open_app("data")
        kept = []
        for name, content in files.items():
            name = name.replace("__", ".")
            path = state.store().inbox / name
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            kept.append({"path": str(path), "name": name})
        app.session_state["_upload"] = kept
        app.run()
        assert not app.exception, app.exception
        return app

    return drop


ASKED = {
    "date-order": ("user_id,order_date,amount\nu1,01/02/2024,5\nu2,03/04/2024,6\n", "dmy", "date_order"),
    "money-unit": ("user_id,order_date,amount\n" + "".join(f"u{i},2024-01-05,{i}9900\n" for i in range(1, 5)), "fen",
                   "money_unit"),
    "decimal": ("user_id;order_date;amount\nu1;2024-01-05;1.234\nu2;2024-01-05;2.345\n", "comma", "decimal"),
}  # fmt: skip


@pytest.mark.parametrize("question", ASKED)
def test_what_the_values_do_not_tell_is_asked(
    bring: Bring, sent: list[dict[str, Any]], question: str
) -> None:
    content, answer, setting = ASKED[question]
    app = bring(shop__csv=content)
    radio = app.radio(key=f"up-{question}")
    assert radio.value is None
    assert app.button(key="up-import").disabled
    radio.set_value(answer).run()
    app.button(key="up-import").click().run()
    assert [(one[setting], one["kind"], one["dataset"]) for one in sent] == [(answer, "orders", "shop")]
    others = {"date_order", "money_unit", "decimal"} - {setting}
    assert not others & set(sent[0])


def workbook(**sheets: list[list[Any]]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for place, row in enumerate(rows):
                sheet.write_row(place, 0, row)
    return out.getvalue()


def test_of_a_workbook_the_sheet_is_asked(bring: Bring, sent: list[dict[str, Any]]) -> None:
    app = bring(
        book__xlsx=workbook(
            orders=[["user_id", "order_date", "amount"], ["u1", "2024-01-05", 5.5]],
            people=[["user_id", "gender", "age"], ["u1", "female", 30]],
        )
    )
    assert "of the sheet 'orders'" in text(app)
    assert not [box for box in app.selectbox if box.key == "up-encoding"]
    app.selectbox(key="up-sheet").select("people").run()
    assert app.selectbox(key="up-kind").value == "users"
    app.button(key="up-import").click().run()
    assert (sent[0]["sheet"], sent[0]["kind"]) == ("people", "users")


def test_the_encoding_that_was_found_is_said_and_can_be_changed(
    bring: Bring, sent: list[dict[str, Any]]
) -> None:
    app = bring(shop__csv="用户,下单时间,金额\n张三,2024-01-05,5.5\n".encode("gb18030"))
    assert "read as GB18030 or GBK (Chinese), columns split by comma" in text(app)
    assert app.selectbox(key="map-orders-user_id").value == "用户"
    app.selectbox(key="up-encoding").select("latin-1").run()
    assert "read as Latin-1" in text(app)
    app.selectbox(key="up-encoding").select("gb18030").run()
    app.button(key="up-import").click().run()
    assert (sent[0]["encoding"], sent[0]["mapping"]["user_id"]) == ("gb18030", "用户")


def test_a_new_dataset_is_asked_its_currency_and_zone_once(bring: Bring, sent: list[dict[str, Any]]) -> None:
    """Several files at once: those with the same columns are settled together, what cannot be read is named."""
    orders = "user_id,order_date,amount\nu{0},2024-0{0}-05,5.5\n"
    app = bring(
        **{"orders-1__csv": orders.format(1), "orders-2__csv": orders.format(2)},
        users__csv="user_id,gender\nu1,female\n",
        broken__csv="",
    )
    assert "broken.csv is empty" in text(app)
    assert app.selectbox(key="up-zone").value == "Asia/Shanghai"
    app.selectbox(key="up-currency").select("EUR").run()
    assert app.button(key="up-import").label == "Import 3 files"
    app.text_input(key="up-name").set_value("all").run()
    app.button(key="up-import").click().run()
    assert [(one["file"], one["kind"]) for one in sent] == [
        ("orders-1.csv", "orders"),
        ("orders-2.csv", "orders"),
        ("users.csv", "users"),
    ]
    assert {(one["dataset"], one["currency"], one["timezone"]) for one in sent} == {
        ("all", "EUR", "Asia/Shanghai")
    }


def test_one_of_several_files_asks_and_holds_up_the_rest(bring: Bring, sent: list[dict[str, Any]]) -> None:
    head = "user_id,order_date,amount\n"
    app = bring(a__csv=f"{head}u1,01/02/2024,5.5\n", b__csv=f"{head}u1,25/02/2024,5.5\n")
    assert app.button(key="up-import").disabled
    assert "a.csv: " in text(app)
    app.radio(key="up-date-order-0").set_value("dmy").run()
    app.button(key="up-import").click().run()
    assert [one.get("date_order") for one in sent] == ["dmy", None]


def test_mended_rows_go_where_they_were_rejected(
    bring: Bring, open_app: Open, sent: list[dict[str, Any]], tmp_path: Path
) -> None:
    app = open_app("data")
    file = tmp_path / "o.csv"
    file.write_text("Kunde,Tag,Summe\nu1,2024-01-05,5.5\nu2,soon,6.5\n")
    mapping = {"user_id": "Kunde", "ts": "Tag", "amount": "Summe"}
    ingest_file(state.store(), file, "shop", kind="orders", mapping=mapping)
    app.run()
    assert "Rejected rows as CSV" in [button.label for button in app.get("download_button")]
    (last,) = state.store().imports("shop")
    table: pa.Table = mended.table(last.rejects, last.receipt)
    app = bring(mended__csv=csv_bytes(table).replace(b"soon", b"2024-01-06"))
    assert "Rows that were rejected before" in text(app)
    assert app.selectbox(key="up-into").value == "shop"
    app.button(key="up-import").click().run()
    assert [(one["kind"], one["mapping"], one["dataset"]) for one in sent] == [("orders", mapping, "shop")]
