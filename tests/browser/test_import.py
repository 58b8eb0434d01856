"""Files as people have them, from the drop to the receipt."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import App, choose, go, settled, start, stop

RIGHT = [
    [f"{number:04}", f"2024-03-{number:02} 10:00", f"{number}.50", f"商品{number}"] for number in range(1, 13)
]
WRONG = {2: (1, "昨天"), 4: (2, "twelve"), 6: (1, ""), 8: (2, "-"), 10: (1, "2024-13-45")}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A server that is new at first; each test brings a dataset of its own."""
    app = start(tmp_path_factory.mktemp("import") / "shop.duckdb")
    yield app
    stop(app)


def bring(page: Page, *files: Path) -> None:
    """Drop files on the Data page, and wait until they are understood."""
    place = page.locator("input[type=file]")
    if not place.count():
        page.get_by_text("Use my own file").first.click()
    place.set_input_files(list(files))
    expect(page.get_by_text("check what was understood")).to_be_visible(timeout=30_000)
    settled(page)


def take_in(page: Page, said: str) -> None:
    """Press Import, and wait for what the page says of it."""
    page.locator(".st-key-up-import button").click()
    expect(page.get_by_text(said).first).to_be_visible(timeout=60_000)
    settled(page)


def written(rows: list[list[str]], header: list[str]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([header, *rows])
    return out.getvalue()


def test_a_gbk_file_with_chinese_headers(app: App, page: Page, tmp_path: Path) -> None:
    file = tmp_path / "三月订单.csv"
    file.write_bytes(written(RIGHT, ["买家编号", "下单时间", "实付金额", "商品名称"]).encode("gbk"))
    go(page, app, "/data", "Data")
    bring(page, file)
    expect(page.get_by_text("read as GB18030 or GBK (Chinese), columns split by comma")).to_be_visible()
    expect(page.locator(".st-key-map-orders-user_id input")).to_have_value("买家编号")
    take_in(page, "三月订单.csv is in. 12 rows read = 12 accepted + 0 rejected.")
    expect(
        page.get_by_text("'三月订单' holds 12 order lines, from 2024-03-01 to 2024-03-12.")
    ).to_be_visible()


def test_dates_that_can_be_read_in_two_ways_are_asked(app: App, page: Page, tmp_path: Path) -> None:
    file = tmp_path / "ambiguous.csv"
    file.write_text("user_id,order_date,amount\nu1,01/02/2024,5.5\nu2,03/04/2024,6.5\n")
    go(page, app, "/data", "Data")
    bring(page, file)
    expect(page.locator(".st-key-up-import button")).to_be_disabled()
    page.get_by_text("Day first (30/4)").click()
    settled(page)
    take_in(page, "ambiguous.csv is in. 2 rows read = 2 accepted + 0 rejected.")
    expect(
        page.get_by_text("'ambiguous' holds 2 order lines, from 2024-02-01 to 2024-04-03.")
    ).to_be_visible()


def test_five_bad_rows_are_mended_and_come_in(app: App, page: Page, tmp_path: Path) -> None:
    bad = [list(row) for row in RIGHT]
    for number, (place, text) in WRONG.items():
        bad[number - 1][place] = text
    file = tmp_path / "mend me.csv"
    file.write_bytes(written(bad, ["Kunde", "Tag", "Summe", "Ware"]).encode("utf-16"))
    go(page, app, "/data", "Data")
    bring(page, file)
    choose(page, "up-kind", "Orders: One row for each order line, with what was paid. Refunds are negative.")
    for field, header in (("user_id", "Kunde"), ("ts", "Tag"), ("amount", "Summe")):
        choose(page, f"map-orders-{field}", header)
    take_in(page, "12 rows read = 7 accepted + 5 rejected.")
    with page.expect_download() as download:
        page.get_by_role("button", name="Rejected rows as CSV").click()
    rows = list(csv.DictReader(download.value.path().open(encoding="utf-8-sig", newline="")))
    assert [(int(row["rejected_line"]) - 1, row["Kunde"]) for row in rows] == [(n, f"{n:04}") for n in WRONG]
    for row in rows:
        row.update(zip(("Kunde", "Tag", "Summe", "Ware"), RIGHT[int(row["rejected_line"]) - 2], strict=True))
    mended = tmp_path / download.value.suggested_filename
    mended.write_text(written([list(row.values()) for row in rows], list(rows[0])), encoding="utf-8-sig")
    # Nothing is said again: what the file is, its columns and its dataset are known.
    bring(page, mended)
    expect(page.get_by_text("Rows that were rejected before")).to_be_visible()
    expect(page.locator(".st-key-up-into input")).to_have_value("mend me")
    take_in(page, "5 rows read = 5 accepted + 0 rejected.")
    expect(page.get_by_text("'mend me' holds 12 order lines")).to_be_visible()
