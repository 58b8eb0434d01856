"""The Anomalies page in its four states, the review, the threshold, a list of wrong orders, and a metric."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from socialml.analyses import anomalies, base
from socialml.ingest.task import ingest_file
from socialml.store import ROOT, Store
from socialml.ui import state
from tests.pages.conftest import Open
from tests.pages.test_pages import text, write

TRUTH = ROOT / "sample_data" / "truth" / "anomalies.csv"


@pytest.fixture(scope="session")
def scored(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's store with a run of anomalies, without the LSTM for speed."""
    folder = tmp_path_factory.mktemp("scored") / "store"
    shutil.copytree(demo, folder)
    with Store(folder / "shop.duckdb") as store:
        base.run("anomalies", store, "sample", anomalies.Config(epochs=0))
    return folder


def opened(app: AppTest, tab: str) -> str:
    app.session_state["anomalies-tab"] = tab
    app.run()
    assert not app.exception, app.exception
    return text(app)


def figure(app: AppTest, label: str) -> str:
    return next(metric.value for metric in app.metric if metric.label == label)


def test_without_data_it_says_what_to_bring(open_app: Open) -> None:
    assert "bring a file" in text(open_app("anomalies")).lower()


def test_a_table_without_times_is_not_enough(open_app: Open, tmp_path: Path) -> None:
    app = open_app("anomalies")
    ingest_file(
        state.store(), write(tmp_path, "r.csv", "colour,size", "red,1", "blue,2"), "cases", kind="records"
    )
    app.run()
    assert "needs orders, or a table with a column of times and one of numbers" in text(app)


def test_before_a_run_it_offers_one_and_shows_it_running(open_app: Open, demo: Path) -> None:
    app = open_app("anomalies", demo)
    assert "Nothing has been compared with what is usual yet" in text(app)
    app.button(key="run-anomalies").click().run()
    job = next(job for job in state.manager().jobs(dataset="sample") if job.task == "anomalies")
    assert job.active
    assert app.button(key=f"stop-{job.id}")
    state.manager().cancel(job.id)
    assert state.manager().wait(job.id, timeout=30).status == "cancelled"


def test_done_every_tab_answers_its_question(open_app: Open, scored: Path) -> None:
    app = open_app("anomalies", scored)
    assert "458 of 45,801 purchases look wrong. The newest:" in text(app)
    assert figure(app, "Really wrong") == "–"
    assert figure(app, "By mistake") == "≤ 1.00%"
    assert "Published (Li 2024, measured on other data): accuracy 95.2%, false-positive rate 4.3%" in text(
        app
    )
    assert "is not known yet: mark some" in text(app)
    assert "458 purchases right of the line; chance alone would put about" in opened(app, "How sure?")
    assert "needs a list of all that is wrong" in text(app)
    assert "against the mean of their months before" in opened(app, "Customers' months")
    assert "stand out" in text(app)
    assert "No LSTM was trained" in opened(app, "Trained how?")
    assert not app.error


def test_a_mark_updates_the_precision_at_once_and_can_be_taken_back(open_app: Open, scored: Path) -> None:
    app = open_app("anomalies", scored)
    first, second = (control for control in app.button_group[:2])
    first.set_value("Really wrong").run()
    assert state.store().marks("sample")["wrong"].tolist() == [True]
    assert "Of the 1 purchase you marked" in text(app)
    assert "100% (21 to 100) are really wrong" in text(app)
    assert figure(app, "Really wrong") == "1 of 1"
    assert figure(app, "By mistake") == "≤ 0.79%"
    assert figure(app, "Marked") == "1 of 20"
    app.button_group(key=second.key).set_value("False alarm").run()
    assert "50% (9 to 91) are really wrong" in text(app)
    app.button_group(key=second.key).set_value(None).run()
    assert len(state.store().marks("sample")) == 1
    assert app.button_group(key=first.key).value == "Really wrong"


def test_the_threshold_moves_what_is_flagged_without_a_run(open_app: Open, scored: Path) -> None:
    app = open_app("anomalies", scored)
    runs = len(state.store().runs(dataset="sample"))
    app.select_slider[0].set_value(0.002).run()
    assert "92 of 45,801 purchases look wrong" in text(app)
    assert figure(app, "Flagged") == "92"
    assert len(state.store().runs(dataset="sample")) == runs
    assert not app.warning


def test_a_list_of_wrong_orders_tells_every_rate_at_once(open_app: Open, scored: Path) -> None:
    app = open_app("anomalies", scored)
    opened(app, "How sure?")
    app.file_uploader[0].set_value(("wrong.csv", TRUTH.read_bytes(), "text/csv")).run()
    assert "458 purchases of your list found." in text(app)
    assert figure(app, "ROC AUC") == "> 0.999"
    assert float(figure(app, "Found").rstrip("%")) > 90
    assert "Measured by your list: accuracy 99." in text(app)
    assert "tells wrong from right best" in text(app)
    app.button(key="forget-labels").click().run()
    assert "Found" not in [metric.label for metric in app.metric]
    app.file_uploader[0].set_value(("wrong.csv", b"number\n1\n", "text/csv")).run()
    assert "has no column 'order_id'" in text(app)
    assert not app.exception


def test_a_changed_seed_marks_the_run_as_older(open_app: Open, scored: Path) -> None:
    app = open_app("anomalies", scored)
    app.number_input(key="set-anomalies-seed").set_value(3).run()
    assert "older settings" in text(app)
    assert app.button(key="run-anomalies").label == "Run again"


def test_a_metric_by_the_hour_shows_its_series(open_app: Open, tmp_path: Path) -> None:
    app = open_app("anomalies")
    lines = [
        f"2024-01-{1 + k // 24:02d} {k % 24:02d}:00:00,{100 + k % 24 + (400 if k == 200 else 0)}"
        for k in range(24 * 10)
    ]
    ingest_file(state.store(), write(tmp_path, "clicks.csv", "time,count", *lines), "metric", kind="records")
    app.run()
    assert "Nothing has been compared" in text(app)
    base.run("anomalies", state.store(), "metric", anomalies.Config(epochs=0, share=0.005))
    app.run()
    assert not app.exception, app.exception
    assert "1 of 240 points looks wrong." in text(app)
    assert "clicks on 2024-01-09 at 08:00" in text(app)
    for tab in ("What to review?", "How sure?", "Trained how?"):
        opened(app, tab)
    assert not app.error
