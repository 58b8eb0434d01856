"""Reviewing what looks wrong, in a real Chromium."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import App, go, settled, start, stop, unclipped

pytestmark = pytest.mark.browser
SCREENSHOTS = Path(__file__).resolve().parents[2] / "screenshots"


@pytest.fixture(scope="module")
def app(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A server with the sample's purchases and a metric scored, without the LSTM for speed."""
    folder = tmp_path_factory.mktemp("anomalies")
    file = folder / "clicks.csv"
    hours = [
        f"2024-01-{1 + k // 24:02d} {k % 24:02d}:00:01,{100 + k % 24 + 400 * (k == 200)}" for k in range(240)
    ]
    file.write_text("\n".join(["time,count", *hours]))
    runs = (
        "anomalies --dataset sample --epochs 0",
        f"ingest {file} --dataset metric --kind records",
        "anomalies --dataset metric --epochs 0",
    )
    started = start(folder / "store" / "shop.duckdb", demo=demo, runs=runs)
    yield started
    stop(started)


def test_mark_move_the_threshold_and_export(app: App, page: Page) -> None:
    go(page, app, "/anomalies", "Anomalies")
    expect(page.get_by_text("458 of 45,801 purchases look wrong.")).to_be_visible()
    expect(page.get_by_text("is not known yet: mark some")).to_be_visible()
    queue = page.locator(".st-key-queue")
    queue.get_by_role("radio", name="Really wrong").first.click()
    expect(page.get_by_text("Of the 1 purchase you marked")).to_be_visible()
    queue.get_by_role("radio", name="False alarm").nth(1).click()
    expect(page.get_by_text("Of the 2 purchases you marked")).to_be_visible()
    expect(page.get_by_text("50% (9 to 91) are really wrong")).to_be_visible()
    settled(page)
    page.reload()
    settled(page)
    expect(page.get_by_text("Of the 2 purchases you marked")).to_be_visible()
    queue.get_by_role("radio", name="False alarm").nth(1).click()  # once more takes it back
    expect(page.get_by_text("Of the 1 purchase you marked")).to_be_visible()
    settled(page)

    page.get_by_role("slider").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("229 of 45,801 purchases look wrong.")).to_be_visible()
    settled(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export the flagged").click()
        page.get_by_role("button", name="CSV", exact=True).click()
    rows = list(csv.DictReader(download.value.path().open(encoding="utf-8-sig", newline="")))
    assert len(rows) == 229
    assert all(row["reason"] and row["flagged"] == "true" for row in rows)


def test_a_list_judges_a_metric_at_once(app: App, page: Page, tmp_path: Path) -> None:
    listed = tmp_path / "list.csv"
    listed.write_bytes("时间\n2024-01-09 08:00\n".encode("gbk"))
    page.set_viewport_size({"width": 390, "height": 900})
    go(page, app, "/anomalies?dataset=metric", "Anomalies")
    expect(page.get_by_text("of 240 points stand out most.")).to_be_visible()
    page.get_by_role("tab", name="How sure?").click()
    page.get_by_text("I have a list of all wrong points").click()
    settled(page)
    page.locator("input[type=file]").set_input_files(listed)
    expect(page.get_by_text("1 point of your list found.")).to_be_visible()
    expect(page.get_by_text("and 1 of them is really wrong.")).to_be_visible()
    settled(page)
    unclipped(page, "a metric", 390)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_nothing_is_clipped_or_empty(app: App, browser: Browser, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    go(page, app, "/anomalies", "Anomalies")
    unclipped(page, "anomalies", width, SCREENSHOTS, scheme)
    assert not errors
    context.close()
