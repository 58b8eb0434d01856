"""A live policy in a real Chromium: watch it learn, stop it, change what counts, compare two, take one away."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from socialml import sample
from socialml.ingest.task import ingest_file
from socialml.store import Store
from tests import live_policies
from tests.browser.conftest import App, go, settled, start, stop, unclipped

pytestmark = pytest.mark.browser
SCREENSHOTS = Path(__file__).resolve().parents[2] / "screenshots"
STARTED, TRAINED = 60_000, 240_000  # milliseconds to wait at most
ANSWER = re.compile("than today's policy|over today's policy|No policy can be ranked")


def number(page: Page, key: str, value: float) -> None:
    box = page.locator(f".st-key-{key} input")
    box.fill(str(value))
    box.press("Enter")
    settled(page)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """A server with the recommendations of a small shop, and one run."""
    file = tmp_path / "store" / "shop.duckdb"
    sample.write(sample.generate(400, seed=3, months=6), tmp_path)
    with Store(file) as store:
        ingest_file(store, tmp_path / "impressions.csv", "sample")
        live_policies.record(store, live_policies.result())
    started = start(file)
    yield started
    stop(started)


def viewers(app: App) -> int:
    with (app.store.parent.parent / "impressions.csv").open(encoding="utf-8-sig", newline="") as source:
        return len({row["user_id"] for row in csv.DictReader(source)})


def test_watch_stop_change_what_counts_compare_and_export(app: App, page: Page) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    go(page, app, "/live-policy", "Live policy")
    expect(page.get_by_text("would bring 12% more revenue than today's policy")).to_be_visible()
    page.get_by_text("Change settings").click()
    number(page, "live-weeks", 4)
    number(page, "live-refits", 10)
    number(page, "live-steps", 20_000)
    expect(page.get_by_text("it has older settings")).to_be_visible()
    page.locator(".st-key-run-live_policy button").click()
    job = page.locator(".st-key-job-live_policy")
    expect(job.locator(".js-plotly-plot .scatterlayer .trace")).to_have_count(1, timeout=STARTED)
    expect(job.get_by_text("earned a viewer, best")).to_be_visible()
    job.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Cancelled; nothing was changed")).to_be_visible()

    number(page, "live-steps", 50)
    number(page, "live-margin", 50)
    number(page, "live-offers-a-week", 1)
    page.locator(".st-key-run-live_policy button").click()
    expect(job).to_be_visible(timeout=STARTED)
    expect(job).to_have_count(0, timeout=TRAINED)
    settled(page)
    expect(page.get_by_role("heading", name=ANSWER)).to_be_visible()
    expect(page.get_by_text("it has older settings")).to_have_count(0)
    page.get_by_role("tab", name="Compare two runs").click()
    settled(page)
    expect(page.locator(".st-key-compare .js-plotly-plot")).to_contain_text("This run")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export each viewer's recommendations").click()
        page.get_by_role("button", name="CSV", exact=True).click()
    with download.value.path().open(encoding="utf-8-sig", newline="") as source:
        rows = list(csv.DictReader(source))
    assert len(rows) == viewers(app)
    assert {"user_id", "first", "second", "third"} <= set(rows[0])
    assert not re.search(r"\bnan\b|None", str(rows))
    page.get_by_role("tab", name="One viewer").click()
    box = page.get_by_role("textbox", name="Viewer number")
    box.fill(rows[-1]["user_id"])
    box.press("Enter")
    expect(page.locator(".st-key-one-viewer-values .js-plotly-plot")).to_contain_text("best")
    settled(page)

    unclipped(page, "live-policy", 1280, SCREENSHOTS)
    page.set_viewport_size({"width": 390, "height": 900})
    page.emulate_media(color_scheme="dark")
    page.reload()
    settled(page)
    unclipped(page, "live-policy", 390, SCREENSHOTS, "dark")
    assert not errors
