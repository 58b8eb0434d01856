"""The app in a real server and a real Chromium."""

from __future__ import annotations

import importlib.util
import itertools
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakKeyDictionary

import pytest
from playwright.sync_api import Browser, Page, WebSocket, expect, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

ROOT = Path(__file__).resolve().parents[2]
expect.set_options(timeout=20_000)  # two servers and their jobs share two cores
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Of each process its own, none of which the system gives to others.
PORTS = itertools.count(
    20_000 + 2_000 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) + os.getpid() % 1_000
)


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
    port = next(filter(is_free, PORTS))
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


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


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
def demo_app(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A server with the sample and its customers, shared by tests that change nothing."""
    app = start(tmp_path_factory.mktemp("demo") / "shop.duckdb", demo=trained)
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
    watched(opened)
    yield opened
    context.close()


@dataclass
class Traffic:
    """Between a page and its server: how often a run of the script was asked for, and whether one is due."""

    asked: int = 0
    due: bool = False

    def sent(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes) and BackMsg.FromString(frame).WhichOneof("type") == "rerun_script":
            self.asked += 1
            self.due = True

    def received(self, frame: str | bytes) -> None:
        if not isinstance(frame, bytes) or len(frame) > 1_000:  # a chart or a table
            return
        message = ForwardMsg.FromString(frame)
        if message.WhichOneof("type") == "script_finished":
            # Ended early, it runs again at once.
            self.due = message.script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN


_TRAFFIC: WeakKeyDictionary[Page, Traffic] = WeakKeyDictionary()


# Drawn without a graphics card, what moves while a page waits takes more of the processor than the page.
STILL = """document.addEventListener("DOMContentLoaded", () => {
    const style = document.createElement("style")
    style.textContent = "*, ::before, ::after { animation: none !important; transition: none !important }"
    document.head.append(style)
})"""


def watched(page: Page) -> Traffic:
    """The traffic of a page; of a new page before it goes anywhere."""
    if page not in _TRAFFIC:
        page.add_init_script(STILL)
        traffic = _TRAFFIC[page] = Traffic()

        def opened(connection: WebSocket) -> None:
            traffic.due = False
            connection.on("framesent", traffic.sent)
            connection.on("framereceived", traffic.received)

        page.on("websocket", opened)
    return _TRAFFIC[page]


def settled(page: Page) -> None:
    """Wait until the page's script has ended, also the run that a click just asked for, and all is drawn."""
    traffic, deadline = watched(page), time.monotonic() + 60
    while True:
        # The page tells that its script runs when the server does; what was clicked has asked for that by then.
        page.evaluate("new Promise(done => setTimeout(done, 50))")
        expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible(
            timeout=60_000
        )
        expect(page.locator("[data-testid=stSkeleton]")).to_have_count(0, timeout=60_000)
        if not traffic.due:
            return
        assert time.monotonic() < deadline, "the page's script does not end"


@contextmanager
def answered(page: Page) -> Iterator[None]:
    """Wait for the answer to what is done inside, also where the page asks a moment later, as sliders do."""
    traffic, deadline = watched(page), time.monotonic() + 30
    before = traffic.asked
    yield
    while traffic.asked == before:
        assert time.monotonic() < deadline, "the page asked its server for nothing"
        page.wait_for_timeout(20)
    settled(page)


def go(page: Page, app: App, path: str, heading: str) -> None:
    watched(page)
    page.goto(app.url + path)
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible(timeout=60_000)
    settled(page)


def choose(page: Page, key: str, option: str) -> None:
    settled(page)
    wanted, deadline = page.get_by_role("option", name=option, exact=True), time.monotonic() + 30
    while not wanted.is_visible():  # a page that is drawn anew closes its menus: a person clicks again
        assert time.monotonic() < deadline, f"no menu of {key} offers {option}"
        page.locator(f".st-key-{key} [data-baseweb=select], .st-key-{key} input").first.click()
        with suppress(PlaywrightTimeout):
            wanted.wait_for(state="visible", timeout=3_000)
    wanted.click()
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
