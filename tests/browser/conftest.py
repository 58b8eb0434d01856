"""The app in a real server and a real Chromium."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class App:
    url: str
    process: subprocess.Popen[bytes]
    store: Path
    log: Path


def start(store: Path, *, demo: Path | None = None, runs: tuple[str, ...] = ()) -> App:
    """A server of its own on a free port; demo: a folder to copy the store from; runs: commands run before."""
    env = {**os.environ, "SOCIALML_STORE": str(store)}
    if demo:
        shutil.copytree(demo, store.parent, dirs_exist_ok=True)
    for command in runs:
        subprocess.run(
            [sys.executable, "-m", "socialml", *command.split()],
            cwd=ROOT,
            env=env,
            check=True,
            capture_output=True,
        )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = store.with_suffix(".log")
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)],
            cwd=ROOT,
            env=env,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{url}/_stcore/health", timeout=1)
            return App(url, process, store, log)
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.1)
    process.kill()
    raise RuntimeError(f"the server did not start: {log.read_text(errors='replace')[-2000:]}")


def stop(app: App) -> None:
    app.process.terminate()
    app.process.wait(20)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    spec = importlib.util.spec_from_file_location("chromium", Path(__file__).with_name("chromium.py"))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    path = module.find()
    assert path, "no Chromium; run tests/browser/chromium.py"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def demo_app(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A server with the sample and its customers, shared by tests that change nothing."""
    runs = ("customers --dataset sample --model tree --model logistic",)
    app = start(tmp_path_factory.mktemp("demo") / "shop.duckdb", demo=demo, runs=runs)
    yield app
    stop(app)


@pytest.fixture
def empty_app(tmp_path: Path) -> Iterator[App]:
    """A server of the test's own, without any data."""
    app = start(tmp_path / "shop.duckdb")
    yield app
    stop(app)


@pytest.fixture
def own_app(demo: Path, tmp_path: Path) -> Iterator[App]:
    """A server of the test's own, with the sample."""
    app = start(tmp_path / "shop.duckdb", demo=demo)
    yield app
    stop(app)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    opened = context.new_page()
    opened.set_default_timeout(30_000)
    yield opened
    context.close()


def settled(page: Page) -> None:
    """Wait until the page's script has ended and what it made is drawn."""
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible(
        timeout=60_000
    )
    expect(page.locator("[data-testid=stSkeleton]")).to_have_count(0, timeout=60_000)


def go(page: Page, app: App, path: str, heading: str) -> None:
    page.goto(app.url + path)
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible(timeout=60_000)
    settled(page)


def choose(page: Page, key: str, option: str) -> None:
    page.locator(f".st-key-{key} [data-baseweb=select], .st-key-{key} input").first.click()
    page.get_by_role("option", name=option, exact=True).click()
    settled(page)


def unclipped(page: Page, name: str, width: int, pictures: Path | None = None, scheme: str = "light") -> None:
    """Every tab: each chart is drawn and within the screen, nothing scrolls sideways, no machine words.

    pictures: a folder for a screenshot of each tab.
    """
    tabs = page.get_by_role("tab")
    for number in range(max(1, tabs.count())):
        if tabs.count():
            tabs.nth(number).click()
            settled(page)
        for chart in page.locator(".js-plotly-plot:visible").all():
            box = chart.bounding_box()
            assert box
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width + 1, f"a chart of {name} is wider than {width}"
            marks = chart.locator(
                ".trace, .heatmaplayer image, canvas, .bars, .scatterlayer path, .gl-canvas"
            ).count()
            assert marks, f"an empty chart on {name}, tab {number}"
        if pictures:
            size = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
            page.set_viewport_size({"width": width, "height": min(int(size) + 40, 6000)})
            pictures.mkdir(exist_ok=True)
            page.screenshot(path=pictures / f"{name}-{number}-{width}-{scheme}.png")
        words = page.locator("[data-testid=stMain]").inner_text()
        assert not re.search(r"\bf_\d+|\bNone\b|\bnan\b|Traceback|undefined|\d\.\d{6}", words), words
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width, f"{name} scrolls sideways: {wide} at {width}"
