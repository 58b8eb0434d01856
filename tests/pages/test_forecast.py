"""The Forecast page in its four states."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from socialml.analyses import base, forecast
from socialml.ingest.task import ingest_file
from socialml.store import Store
from socialml.ui import state
from tests.pages.conftest import Open
from tests.pages.test_pages import text, write


@pytest.fixture(scope="module")
def forecasted(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's store with a run of the simple rules, for speed."""
    folder = tmp_path_factory.mktemp("forecasted") / "store"
    shutil.copytree(demo, folder)
    with Store(folder / "shop.duckdb") as store:
        base.run("forecast", store, "sample", forecast.Config(models=(), backtest_months=1))
    return folder


def opened(app: AppTest, tab: str) -> str:
    app.session_state["forecast-tab"] = tab
    app.run()
    assert not app.exception, app.exception
    return text(app)


def test_without_data_it_says_what_to_bring(open_app: Open) -> None:
    assert "bring a file" in text(open_app("forecast")).lower()


def test_users_alone_are_not_enough(open_app: Open, tmp_path: Path) -> None:
    app = open_app("forecast")
    ingest_file(state.store(), write(tmp_path, "u.csv", "user_id,age", "u1,30"), "people", kind="users")
    app.run()
    assert "needs orders or behaviour events" in text(app)


def test_before_a_run_it_offers_one_and_shows_it_running(open_app: Open, demo: Path) -> None:
    app = open_app("forecast", demo)
    assert "not forecast yet" in text(app)
    app.button(key="run-forecast").click().run()
    job = next(job for job in state.manager().jobs(dataset="sample") if job.task == "forecast")
    assert job.active
    assert app.button(key=f"stop-{job.id}")
    state.manager().cancel(job.id)
    assert state.manager().wait(job.id, timeout=30).status == "cancelled"


def test_done_every_tab_answers_its_question(open_app: Open, forecasted: Path) -> None:
    app = open_app("forecast", forecasted)
    assert "October 2025 should bring about ¥" in text(app)
    assert "a simple rule forecasts best" in text(app)
    assert "should bring" in opened(app, "By segment")
    assert "not add up to the shop's total" in opened(app, "Who grows, who falls?")
    opened(app, "One customer")
    app.text_input(key="one-forecast").set_value("U0000001").run()
    assert "orders are expected in October 2025" in text(app)
    app.text_input(key="one-forecast").set_value("<b>nobody</b>").run()
    assert "No customer '<b>nobody</b>'" in text(app)
    good = opened(app, "How good is it?")
    assert "measured on other data" in good
    assert "accuracy is 1 - WAPE" in good
    assert "The 80% ranges held" in good
    assert "12 months ahead '" in good
    assert "customers known then" in good
    assert "No network was trained here" in opened(app, "How was it trained?")
    assert "nan" not in text(app).split()


def test_too_few_months_are_said_before_anything_runs(open_app: Open, tmp_path: Path) -> None:
    app = open_app("forecast")
    lines = ["order_id,user_id,ts,amount", "o1,u1,2024-05-03 12:00:00,10", "o2,u2,2024-05-20 12:00:00,10"]
    ingest_file(state.store(), write(tmp_path, "o.csv", *lines), "short", kind="orders")
    app.run()
    assert "needs two whole months of purchases; this data has no whole month yet" in text(app)
    assert not [button for button in app.button if button.key == "run-forecast"]


def test_other_settings_mark_the_run_as_older(open_app: Open, forecasted: Path) -> None:
    app = open_app("forecast", forecasted)
    app.number_input(key="set-backtest").set_value(2).run()
    assert "older settings" in text(app)
    assert app.button(key="run-forecast").label == "Run again"
