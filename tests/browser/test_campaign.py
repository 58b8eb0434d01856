"""A campaign in a real Chromium: plan, compare, enter what phase 1 brought, plan the rest anew, export."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.csv
import pytest
from playwright.sync_api import Page, expect

from socialml.ingest.task import ingest_file
from socialml.sample import creators, tables
from socialml.store import Store
from tests import campaign_results
from tests.browser.conftest import App, answered, choose, go, settled, start, stop, unclipped

pytestmark = pytest.mark.browser
SCREENSHOTS = Path(__file__).resolve().parents[2] / "screenshots"
STARTED, PLANNED = 60_000, 240_000  # milliseconds to wait at most


def number(page: Page, key: str, value: float) -> None:
    box = page.locator(f".st-key-{key} input")
    box.fill(str(value))
    box.press("Enter")
    settled(page)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """A server with 30 creators on two channels, 24 past campaigns, and one run."""
    file = tmp_path / "store" / "shop.duckdb"
    rng = np.random.default_rng(4)
    world = creators.plant(rng, 30, channels=("Douyin", "Weibo"))
    with Store(file) as store:
        for kind, rows in (("creators", tables.creators_table(world.offers)),
                           ("placements", creators.log(rng, world, 24))):  # fmt: skip
            pyarrow.csv.write_csv(rows, tmp_path / f"{kind}.csv")
            ingest_file(store, tmp_path / f"{kind}.csv", "sample", kind=kind)
        campaign_results.record(store, campaign_results.result())
    started = start(file)
    yield started
    stop(started)


def test_plan_compare_enter_results_plan_anew_and_export(app: App, page: Page, tmp_path: Path) -> None:
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    go(page, app, "/campaign", "Campaign budget")
    expect(page.get_by_text("about 18% more effect than the usual split")).to_be_visible()
    unclipped(page, "campaign", 1280, SCREENSHOTS)

    page.set_viewport_size({"width": 1280, "height": 900})
    page.get_by_text("Change settings").click()
    number(page, "campaign-steps", 8)
    number(page, "campaign-refits", 10)
    number(page, "campaign-phases", 2)
    number(page, "campaign-most-head", 0)
    number(page, "campaign-least-head", 30)
    expect(page.get_by_text("it has older settings")).to_be_visible()
    page.locator(".st-key-run-campaign button").click()
    job = page.locator(".st-key-job-campaign")
    expect(page.get_by_text("The least for head, 30%, is above its most, 0%.")).to_be_visible(timeout=STARTED)
    number(page, "campaign-most-head", 60)
    page.locator(".st-key-run-campaign button").click()
    expect(job.get_by_text("earned by a campaign, best")).to_be_visible(timeout=PLANNED)
    expect(job.locator(".js-plotly-plot .scatterlayer .trace")).to_have_count(3)
    expect(job).to_have_count(0, timeout=PLANNED)
    settled(page)
    expect(page.get_by_text("it has older settings")).to_have_count(0)

    choose(page, "campaign-base-" + _winner(page), "Usual split")
    expect(page.get_by_text("Recommended against Usual split: where money moves")).to_be_visible()
    page.get_by_role("tab", name="More money?").click()
    settled(page)
    with answered(page):
        page.get_by_role("slider", name="Another budget").press("ArrowRight")
    expect(page.locator(".st-key-campaign-other-matrix .js-plotly-plot")).to_be_visible()

    page.get_by_role("tab", name="What happened?").click()
    settled(page)
    box = page.locator("[class*=st-key-happened-1-] input").first
    box.fill(str(3 * float(box.input_value())))
    page.locator(".st-key-replan-campaign button").click()
    expect(page.get_by_role("heading", name=re.compile("planned anew after phase 1"))).to_be_visible(
        timeout=PLANNED
    )
    expect(page.get_by_text(re.compile("of what was expected: .* 300%"))).to_be_visible()

    with page.expect_download() as download:
        page.get_by_role("button", name="Export the bookings").click()
        page.get_by_role("button", name="CSV", exact=True).click()
    with download.value.path().open(encoding="utf-8-sig", newline="") as source:
        rows = list(csv.DictReader(source))
    assert {"creator_id", "channel", "phase", "price", "value"} <= set(rows[0])
    assert 0 < sum(float(row["price"]) for row in rows) <= 100_000
    assert sum(float(row["price"]) for row in rows if row["tier"] == "head") <= 60_000
    with page.expect_download() as download:
        page.get_by_role("button", name="Media plan on one page (HTML)").click()
    download.value.save_as(tmp_path / "plan.html")
    plan = page.context.new_page()
    plan.goto(f"file://{tmp_path}/plan.html")
    expect(plan.get_by_role("heading", name="Whom to book")).to_be_visible()
    assert plan.locator("table").last.locator("tbody tr").count() == len(rows) + 1
    plan.close()

    page.set_viewport_size({"width": 390, "height": 900})
    page.emulate_media(color_scheme="dark")
    page.reload()
    settled(page)
    unclipped(page, "campaign-anew", 390, SCREENSHOTS, "dark")
    assert not errors


def _winner(page: Page) -> str:
    """The planner in the key of the choice of what to hold the plan against."""
    classes = page.locator("[class*=st-key-campaign-base-]").first.get_attribute("class") or ""
    found = re.search(r"st-key-campaign-base-(\w+)", classes)
    assert found
    return found[1]
