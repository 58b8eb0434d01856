"""What a newcomer does, in a real Chromium."""

from __future__ import annotations

import csv
import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from socialml import sample
from tests.browser.conftest import App, choose, go, settled

pytestmark = pytest.mark.browser


def shop_file(folder: Path, users: int = 4_000) -> tuple[Path, int]:
    """An order file as a shop might send it: a header nobody knows, two rows that cannot be read."""
    sample.write(sample.generate(users, seed=5, months=6), folder)
    with (folder / "orders.csv").open(encoding="utf-8-sig", newline="") as source:
        rows = list(csv.DictReader(source))
    file = folder / "my shop.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["Kunde", "下单时间", "支付金额", "Order No", "类目"])
        for row in rows:
            writer.writerow([row["user_id"], row["ts"], row["amount"], row["order_id"], row["category"]])
        writer.writerow(["U1", "yesterday", "12.00", "X1", "beauty"])
        writer.writerow(["U2", "2025-09-01 10:00:00", "twelve", "X2", "beauty"])
    return file, len(rows) + 2


def test_first_open_shows_the_samples_segments_within_15_seconds(demo_app: App, page: Page) -> None:
    started = time.monotonic()
    page.goto(demo_app.url)
    expect(page.get_by_text("Your 1,000 customers are shown in five groups.")).to_be_visible(timeout=15_000)
    expect(page.locator(".js-plotly-plot").first).to_be_visible(timeout=15_000)
    assert time.monotonic() - started < 15
    page.get_by_role("link", name=re.compile("Use my own file")).click()
    expect(page.get_by_role("heading", name="Data", exact=True)).to_be_visible()
    with page.expect_download() as download:
        page.locator(".st-key-template-orders-csv button").click()
    assert download.value.path().read_text(encoding="utf-8-sig").startswith("order")


def test_from_a_file_to_named_groups(own_app: App, page: Page, tmp_path: Path) -> None:
    file, rows = shop_file(tmp_path)
    go(page, own_app, "/data", "Data")
    page.locator("input[type=file]").set_input_files(file)
    # Nobody knows what 'Kunde' is: the file is taken for any table until the user says what it holds.
    expect(page.get_by_text("check what was understood")).to_be_visible()
    choose(page, "up-kind", "Orders: One row for each order line, with what was paid. Refunds are negative.")
    expect(page.get_by_text("No column says who bought")).to_be_visible()
    choose(page, "map-orders-user_id", "Kunde")
    expect(page.get_by_text("No column says who bought")).to_have_count(0)
    page.locator(".st-key-up-import button").click()

    expect(page.get_by_text("my shop.csv is in.")).to_be_visible(timeout=60_000)
    settled(page)
    expect(page.get_by_text(f"{rows:,} rows read = {rows - 2:,} accepted + 2 rejected").first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Rejected rows as CSV").click()
    rejected = download.value.path().read_text(encoding="utf-8-sig")
    assert "yesterday" in rejected
    assert "twelve" in rejected

    page.get_by_role("link", name="Find the groups of these customers").click()
    expect(page.get_by_role("heading", name="Segments", exact=True)).to_be_visible()
    page.locator(".st-key-run-segments button").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.reload()  # the job goes on, and is shown again
    expect(page.get_by_role("progressbar")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Cancelled; nothing was changed")).to_be_visible()
    expect(page.get_by_text("not made yet")).to_be_visible()
    page.locator(".st-key-run-segments button").click()
    expect(page.get_by_text("customers are shown in five groups.")).to_be_visible(timeout=90_000)
    settled(page)

    page.get_by_role("button", name="Rename a group").click()
    page.get_by_role("textbox", name="New name").fill("Our best people")
    page.get_by_role("textbox", name="New name").press("Enter")
    page.get_by_role("button", name="Rename", exact=True).click()
    settled(page)
    expect(page.get_by_text("Our best people").first).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export all customers").click()
        page.get_by_role("button", name="CSV", exact=True).click()
    exported = list(csv.DictReader(download.value.path().open(encoding="utf-8-sig", newline="")))
    assert list(exported[0]) == [
        "user_id",
        "segment",
        "reason",
        "recency",
        "frequency",
        "monetary",
        "as_of",
        "action",
    ]
    assert "Our best people" in {row["segment"] for row in exported}
    assert not re.search(r"\bf_\d|nan|None", str(exported[:50]))


def test_a_link_reopens_the_same_view(own_app: App, page: Page, browser: Browser) -> None:
    go(page, own_app, "/overview", "Overview")
    page.locator("[data-testid=stSidebar] .stSelectbox").nth(1).click()
    page.get_by_role("option", name="New Users", exact=True).click()
    expect(page.get_by_text("in New Users placed")).to_be_visible()
    settled(page)
    link = page.url
    assert "New" in link
    other = browser.new_context().new_page()
    other.goto(link)
    expect(other.get_by_text("in New Users placed")).to_be_visible(timeout=30_000)
    other.context.close()


def test_a_file_that_is_no_table_is_refused_in_a_sentence(own_app: App, page: Page, tmp_path: Path) -> None:
    go(page, own_app, "/data", "Data")
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    page.locator("input[type=file]").set_input_files(empty)
    expect(page.locator("[data-testid=stAlert]").first).to_contain_text("empty")
    page.get_by_role("button", name="Take another file").click()
    expect(page.locator("input[type=file]")).to_be_attached()
