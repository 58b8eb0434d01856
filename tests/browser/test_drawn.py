"""Every page, wide and narrow, light and dark: each chart is drawn, and nothing is cut off."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import App, go, settled, unclipped

pytestmark = pytest.mark.browser
SCREENSHOTS = Path(__file__).resolve().parents[2] / "screenshots"


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("path", ["overview", "segments", "customers", "data"])
def test_nothing_is_clipped_or_empty(demo_app: App, browser: Browser, path: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme="light")
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    go(page, demo_app, f"/{path}", path.capitalize())
    expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", "light")
    unclipped(page, path, width, SCREENSHOTS, "light")
    page.emulate_media(color_scheme="dark")
    expect(page.get_by_test_id("stApp")).to_have_css("color-scheme", "dark")
    settled(page)
    unclipped(page, path, width, SCREENSHOTS, "dark")
    assert not errors
    context.close()
