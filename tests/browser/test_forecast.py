"""A forecast in a real Chromium: watch it train, stop it, run it again, read it, take it away."""

from __future__ import annotations

import csv
import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import App, go, settled

pytestmark = pytest.mark.browser


def number(page: Page, label: str, value: int) -> None:
    box = page.get_by_role("spinbutton", name=label)
    box.fill(str(value))
    box.press("Enter")
    settled(page)


def choose(page: Page, key: str, option: str) -> None:
    page.locator(f".st-key-{key} input").first.click()
    page.get_by_role("option", name=option, exact=True).click()
    settled(page)


def test_watch_stop_run_again_and_read(own_app: App, page: Page) -> None:
    go(page, own_app, "/forecast", "Forecast")
    expect(page.get_by_text("The next month is not forecast yet.")).to_be_visible()
    page.get_by_text("Change settings").click()
    number(page, "Past months that judge", 1)
    number(page, "Rounds of training at most (epochs)", 2)
    # No search for the best of each: it would take most of the time.
    choose(page, "set-loss", "Absolute error, with a gate for months without a purchase")
    choose(page, "set-before", "Leave them out")
    page.locator(".st-key-run-forecast button").click()
    job = page.locator(".st-key-job-forecast")
    expect(job.locator(".js-plotly-plot .scatterlayer").first).to_be_attached(
        timeout=120_000
    )  # the live curve
    job.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Cancelled; nothing was changed")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("The next month is not forecast yet.")).to_be_visible()

    page.locator(".st-key-run-forecast button").click()
    expect(page.get_by_role("heading", name=re.compile("October 2025 should bring about"))).to_be_visible(
        timeout=240_000
    )
    settled(page)
    expect(page.locator(".st-key-total .js-plotly-plot")).to_contain_text("80% range")
    page.get_by_role("tab", name="One customer").click()
    box = page.get_by_role("textbox", name="Customer number")
    box.fill("U0000001")
    box.press("Enter")
    expect(page.get_by_text("orders are expected in October 2025")).to_be_visible()
    page.get_by_role("tab", name="How was it trained?").click()
    expect(page.locator(".st-key-training .js-plotly-plot")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export each customer's forecast").click()
    rows = list(csv.DictReader(download.value.path().open(encoding="utf-8-sig", newline="")))
    assert len(rows) == 1000
    assert list(rows[0])[:5] == ["user_id", "amount", "amount_low", "amount_high", "frequency"]
    assert not re.search(r"\bnan\b|None", str(rows))
