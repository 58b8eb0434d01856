"""What a person does on the Customers page, in a real Chromium."""

from __future__ import annotations

import csv
import random
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import App, answered, go, settled, unclipped

pytestmark = pytest.mark.browser
TRAINED = 120_000  # milliseconds to wait for models


def visits(folder: Path, rows: int = 600) -> Path:
    """Visits of a shop: those who saw many pages bought, mostly; the device says nothing."""
    rng = random.Random(11)
    file = folder / "visits.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["pages", "device", "bought"])
        for _ in range(rows):
            pages = rng.randint(1, 40)
            bought = rng.random() < (0.8 if pages > 20 else 0.1)
            writer.writerow([pages, rng.choice(["phone", "tablet"]), "yes" if bought else "no"])
    return file


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()
    settled(page)


def slide(page: Page, key: str, to: int) -> None:
    """Move a slider from 0 to 100 as a keyboard does."""
    handle = page.locator(f".st-key-{key} input[type=range]")
    handle.focus()
    with answered(page):
        for press in ["Home", *["PageUp"] * (to // 10), *["ArrowRight"] * (to % 10)]:
            page.keyboard.press(press)
        expect(page.locator(f".st-key-{key} [data-testid=stSliderThumbValue]")).to_have_text(str(to))


def exported(page: Page, button: str) -> list[dict[str, str]]:
    settled(page)  # a click while the page is drawn anew is lost
    with page.expect_download(timeout=60_000) as download:
        page.get_by_role("button", name=button).click()
        page.get_by_role("button", name="CSV", exact=True).click()
    page.get_by_role("button", name=button).click()  # closes what it opened
    with download.value.path().open(encoding="utf-8-sig", newline="") as source:
        return list(csv.DictReader(source))


def test_a_column_of_a_table_from_the_file_to_the_list(empty_app: App, page: Page, tmp_path: Path) -> None:
    go(page, empty_app, "/customers", "Customers")
    expect(page.get_by_text("Bring a file to see it")).to_be_visible()
    page.get_by_role("link", name=re.compile("Use my own file")).click()
    expect(page.get_by_role("heading", name="Data", exact=True)).to_be_visible()
    settled(page)
    page.locator("input[type=file]").set_input_files(visits(tmp_path))
    expect(page.get_by_text("check what was understood")).to_be_visible()
    settled(page)
    page.locator(".st-key-up-import button").click()
    expect(page.get_by_text("visits.csv is in.")).to_be_visible(timeout=60_000)

    page.get_by_test_id("stSidebarNavLink").filter(has_text="Customers").click()
    expect(page.get_by_text("Choose the column that the others should tell.")).to_be_visible()
    settled(page)
    page.get_by_role("combobox", name=re.compile("What should be told")).click()
    page.get_by_role("option", name="bought", exact=True).click()
    expect(page.get_by_text("Nothing is learned about 'bought' yet.")).to_be_visible()
    page.locator(".st-key-run-customers button").click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    expect(page.get_by_text(re.compile(r"Of the rows called 'yes', \d+ in 100"))).to_be_visible(
        timeout=TRAINED
    )
    settled(page)
    expect(
        page.get_by_text("Was this known before the outcome?")
    ).to_be_visible()  # of pages, which gives most

    slide(page, "threshold-target", 0)
    expect(page.get_by_text("From 0% on: contact 100% of the rows")).to_be_visible()
    everybody = exported(page, "Export these rows")
    assert len(everybody) == 90  # the 15% of the rows that are kept for judging
    slide(page, "threshold-target", 60)
    expect(page.get_by_text("From 60% on: contact")).to_be_visible()
    settled(page)
    likely = exported(page, "Export these rows")
    assert 0 < len(likely) < len(everybody)
    assert all(float(row["probability"]) >= 0.6 for row in likely)
    assert sum(row["actual"] == "yes" for row in likely) / len(likely) > 0.6  # planted: 0.8

    tab(page, "Why this row?")
    box = page.get_by_role("textbox", name="Row number")
    box.fill(likely[-1]["row"])
    box.press("Enter")
    expect(page.get_by_text(f"Row {likely[-1]['row']} is called yes")).to_be_visible()
    expect(page.get_by_text(re.compile(r"pages above \d+"))).to_be_visible()
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        unclipped(page, "customers of a table", width)


def test_a_shops_customers_from_the_answer_to_the_list(demo_app: App, page: Page) -> None:
    go(page, demo_app, "/customers", "Customers")
    expect(
        page.get_by_text(re.compile(r"Contact these [\d,]+ of 1,000 customers: about \d+ in 100"))
    ).to_be_visible()
    slide(page, "threshold-purchase", 0)
    expect(page.get_by_text("contact 1,000 customers and reach 100 in 100 buyers")).to_be_visible()
    assert len(exported(page, "Export this list")) == 1_000
    slide(page, "threshold-purchase", 95)
    expect(page.get_by_text("From 95% on: contact")).to_be_visible()
    settled(page)
    expect(page.get_by_text(re.compile("Contacting all brings .* more"))).to_be_visible()
    listed = exported(page, "Export this list")
    assert 0 < len(listed) < 1_000
    assert all(float(row["probability"]) >= 0.95 for row in listed)
    assert all(row["reason"] and row["as_of"] == "2025-09-30" for row in listed)
    expect(page.get_by_text(f"{len(listed):,} customers of 1,000")).to_be_visible()

    tab(page, "Why this customer?")
    box = page.get_by_role("textbox", name="Customer number")
    box.fill(listed[-1]["user_id"])
    box.press("Enter")
    expect(
        page.get_by_text(f"{listed[-1]['user_id']} will buy in October 2025 with a chance of")
    ).to_be_visible()
    expect(page.get_by_text("training rows like this")).to_be_visible()
    tab(page, "How well?")
    expect(page.get_by_text("measured on other data")).to_be_visible()
    page.get_by_text("ROC, precision-recall, calibration and lift curves").click()
    expect(page.locator(".st-key-roc .js-plotly-plot")).to_be_visible()
    expect(page.locator(".st-key-lift .js-plotly-plot")).to_be_visible()
    settled(page)
    # By keyboard: after the long page below, a click scrolls, and scrolling closes the list.
    question = page.get_by_role("combobox", name=re.compile("Question"))
    question.focus()
    question.press("ArrowDown")
    page.get_by_role("option", name="Will be a high-value customer", exact=True).click()
    settled(page)
    expect(
        page.get_by_text(re.compile("customers are called: about .* will be high-value in October"))
    ).to_be_visible()
