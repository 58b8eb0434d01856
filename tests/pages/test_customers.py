"""The Customers page in its four states, and a table of cases."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from socialml.analyses import base, customers
from socialml.ingest.task import ingest_file
from socialml.store import Store
from socialml.ui import state
from tests.pages.conftest import Open
from tests.pages.test_pages import text, write


@pytest.fixture(scope="session")
def trained(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's store with a run of customers, of two models for speed."""
    import shutil

    folder = tmp_path_factory.mktemp("trained") / "store"
    shutil.copytree(demo, folder)
    with Store(folder / "shop.duckdb") as store:
        base.run("customers", store, "sample", customers.Config(models=("tree", "logistic")))
    return folder


def opened(app: AppTest, tab: str) -> str:
    app.session_state["customers-tab"] = tab
    app.run()
    assert not app.exception, app.exception
    return text(app)


def test_without_data_it_says_what_to_bring(open_app: Open) -> None:
    assert "bring a file" in text(open_app("customers")).lower()


def test_users_alone_are_not_enough(open_app: Open, tmp_path: Path) -> None:
    app = open_app("customers")
    ingest_file(state.store(), write(tmp_path, "u.csv", "user_id,age", "u1,30"), "people", kind="users")
    app.run()
    assert "needs orders, behaviour events or a table of cases" in text(app)


def test_before_a_run_it_offers_one_and_shows_it_running(open_app: Open, demo: Path) -> None:
    app = open_app("customers", demo)
    assert "Nothing is learned about these customers yet" in text(app)
    app.button(key="run-customers").click().run()
    job = next(job for job in state.manager().jobs(dataset="sample") if job.task == "customers")
    assert job.active
    assert app.button(key=f"stop-{job.id}")
    state.manager().cancel(job.id)
    assert state.manager().wait(job.id, timeout=30).status == "cancelled"


def test_done_every_tab_answers_its_question(open_app: Open, trained: Path) -> None:
    app = open_app("customers", trained)
    assert "Will buy next month: told with a ROC AUC of" in text(app)
    assert "Each task in numbers, beside the published ones" in text(app)
    assert "measured on other data" in text(app)
    assert "customers of 1,000" in opened(app, "Whom to contact?").replace("customer of", "customers of")
    before = app.dataframe[0].value["Contacted"].tolist()
    app.slider(key="threshold-purchase").set_value(99).run()
    after = app.dataframe[0].value["Contacted"].tolist()
    assert after[0] < before[0]
    assert after[1:] == before[1:]
    assert "tells most" in opened(app, "Why?")
    opened(app, "Why this customer?")
    app.text_input(key="one-buyer").set_value("U0000001").run()
    assert "will buy next month with a chance of" in text(app)
    assert "training rows like this" in text(app)
    app.text_input(key="one-buyer").set_value("<b>nobody</b>").run()
    assert "No customer '<b>nobody</b>'" in text(app)
    opened(app, "Fair to all?")
    opened(app, "Who leaves?")
    assert not app.warning


def test_other_thresholds_mark_the_run_as_older(open_app: Open, trained: Path) -> None:
    app = open_app("customers", trained)
    app.slider(key="set-orders").set_value(20).run()
    assert "older settings" in text(app)
    assert app.button(key="run-customers").label == "Run again"


def test_a_column_of_a_table_is_chosen_trained_and_asked_about(open_app: Open, tmp_path: Path) -> None:
    app = open_app("customers")
    lines = []
    for i in range(600):
        bought = (i * 7919) % 5 == 0
        lines.append(
            f"{'yes' if bought else 'no'},{(i * 31) % 97},{100 + i % 50 if bought else i % 3},{i % 4}"
        )
    file = write(tmp_path, "r.csv", "bought,pages,paid_after,month", *lines)
    ingest_file(state.store(), file, "visits", kind="records")
    app.run()
    assert "Choose the column" in text(app)
    chooser = next(box for box in app.selectbox if box.label == "What should be told?")
    chooser.select("bought").run()
    with_models = customers.Config(target="bought", models=("tree", "logistic"), folds=0)
    base.run("customers", state.store(), "visits", with_models)
    app.run()
    assert not app.exception, app.exception
    assert "Was paid_after known before the outcome?" in text(app)
    assert "without paid_after" in "".join(
        app.selectbox(key=box.key).options[-1] for box in app.selectbox if box.label == "Task"
    )
    assert not app.error
