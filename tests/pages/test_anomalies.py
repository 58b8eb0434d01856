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
    assert "Which purchases look wrong is not known yet" in text(app)
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
    assert 30 < int(figure(app, "By chance alone").lstrip("≈ ")) < 70
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
    assert "Best at telling wrong from right" in text(app)
    assert "458 of 45,801 purchases are flagged, and 4" in text(app)
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


@pytest.fixture
def metric(tmp_path: Path) -> Path:
    """Ten days of a count by the hour, one of them wild and said so in a column."""
    lines = [
        f"2024-01-{1 + k // 24:02d} {k % 24:02d}:00:00,{100 + k % 24 + (400 if k == 200 else 0)},{int(k == 200)}"
        for k in range(24 * 10)
    ]
    return write(tmp_path, "clicks.csv", "time,count,wrong", *lines)


def test_a_metric_by_the_hour_shows_its_series_and_is_judged_by_a_list(open_app: Open, metric: Path) -> None:
    app = open_app("anomalies")
    ingest_file(state.store(), metric, "metric", kind="records")
    app.run()
    assert "Which points look wrong is not known yet" in text(app)
    config = anomalies.Config(epochs=0, share=0.005, value="count")
    base.run("anomalies", state.store(), "metric", config)
    app.run()
    assert not app.exception, app.exception
    assert "1 of 240 points stands out most." in text(app)
    assert "clicks on 2024-01-09 at 08:00" in text(app)
    for tab in ("What to review?", "Trained how?", "How sure?"):
        opened(app, tab)
    assert not app.error

    listed = "时间,说明\n2024-01-09 08:00,促销\n2024-03-09 08:00,促销\n".encode("gbk")
    app.file_uploader[0].set_value(("促销.csv", listed, "text/csv")).run()
    assert "1 point of your list found; 1 row of it names none." in text(app)
    assert "1 of 240 points is flagged, and 1 of them is really wrong." in text(app)
    assert figure(app, "ROC AUC") == "> 0.999"
    assert "Measured by your list: accuracy 100.00%" in text(app)
    app.button(key="forget-labels").click().run()
    assert "ROC AUC" not in [metric.label for metric in app.metric]
    app.file_uploader[0].set_value(("later.csv", b"time\n2031-01-09 08:00\n", "text/csv")).run()
    assert "No row of later.csv names a point of 'metric'" in text(app)
    assert "The points go from 2024-01-01 00:00:00 to 2024-01-10 23:00:00" in text(app)


def test_a_column_of_labels_judges_a_metric_and_leaves_no_place_for_a_list(
    open_app: Open, metric: Path
) -> None:
    app = open_app("anomalies")
    ingest_file(state.store(), metric, "metric", kind="records")
    app.run()
    base.run("anomalies", state.store(), "metric", anomalies.Config(epochs=0, value="count"))
    app.run()
    app.selectbox(key=f"points-label-{state.store().dataset('metric').id}").set_value("wrong").run()
    assert "it has older settings" in text(app)
    base.run("anomalies", state.store(), "metric", anomalies.Config(epochs=0, value="count", label="wrong"))
    app.run()
    assert not app.warning
    assert "Judged by the column 'wrong'." in opened(app, "How sure?")
    assert "Measured by the column 'wrong'" in text(app)
    assert not app.file_uploader
