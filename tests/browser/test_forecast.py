"""A forecast in a real Chromium: watch it train, stop it, run it again, read it, take it away."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import App, choose, go, settled, unclipped

pytestmark = pytest.mark.browser
SCREENSHOTS = Path(__file__).resolve().parents[2] / "screenshots"
STARTED, TRAINED = 60_000, 120_000  # milliseconds to wait at most


def number(page: Page, key: str, value: int) -> None:
    box = page.locator(f".st-key-{key} input")
    box.fill(str(value))
    box.press("Enter")
    settled(page)


def test_watch_stop_run_again_and_read(own_app: App, page: Page) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    go(page, own_app, "/forecast", "Forecast")
    expect(page.get_by_text("The next month is not forecast yet.")).to_be_visible()
    page.get_by_text("Change settings").click()
    number(page, "set-backtest", 1)
    # Neither trees nor a search for the best of each: they would take most of the time.
    page.get_by_role("button", name="Remove Boosted trees").click()
    settled(page)
    choose(page, "set-loss", "Absolute, gate for zero")
    choose(page, "set-before", "Leave them out")
    number(page, "set-epochs", 200)
    page.locator(".st-key-run-forecast button").click()
    job = page.locator(".st-key-job-forecast")
    drawn = job.locator(".js-plotly-plot .scatterlayer .trace")
    expect(drawn).to_have_count(2, timeout=STARTED)  # training and validation, live
    expect(job.get_by_text(re.compile(r"After [2-9]\d* epochs"))).to_be_visible(timeout=STARTED)
    job.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Cancelled; nothing was changed")).to_be_visible()
    expect(page.get_by_text("The next month is not forecast yet.")).to_be_visible()

    number(page, "set-epochs", 2)
    page.locator(".st-key-run-forecast button").click()
    expect(page.get_by_role("heading", name=re.compile("October 2025 should bring about"))).to_be_visible(
        timeout=TRAINED
    )
    settled(page)
    expect(page.locator(".st-key-total .js-plotly-plot")).to_contain_text("80% range")
    page.get_by_role("tab", name="One customer").click()
    box = page.get_by_role("textbox", name="Customer number")
    box.fill("U0000001")
    box.press("Enter")
    expect(page.get_by_text("orders are expected in October 2025")).to_be_visible()
    page.get_by_role("tab", name="How good is it?").click()
    expect(page.get_by_text(re.compile("12 months ahead '.+' is off least"))).to_be_visible()
    page.get_by_role("tab", name="How was it trained?").click()
    expect(page.locator(".st-key-training .js-plotly-plot")).to_be_visible()
    settled(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export each customer's forecast").click()
        page.get_by_role("button", name="CSV", exact=True).click()
    with download.value.path().open(encoding="utf-8-sig", newline="") as source:
        rows = list(csv.DictReader(source))
    assert len(rows) == 1000
    assert list(rows[0])[:5] == ["user_id", "amount", "amount_low", "amount_high", "frequency"]
    assert all(float(row["amount_low"]) <= float(row["amount"]) <= float(row["amount_high"]) for row in rows)
    assert not re.search(r"\bnan\b|None", str(rows))

    unclipped(page, "forecast", 1280, SCREENSHOTS)
    page.set_viewport_size({"width": 390, "height": 900})
    page.emulate_media(color_scheme="dark")
    page.reload()
    settled(page)
    unclipped(page, "forecast", 390, SCREENSHOTS, "dark")
    assert not errors
