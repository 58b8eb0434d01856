"""The four states of each page, and wrong kinds of data."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from socialml import sample
from socialml.ingest.task import ingest_file
from socialml.ui import state
from tests.pages.conftest import Open


def text(app: AppTest) -> str:
    parts = [*app.title, *app.markdown, *app.info, *app.warning, *app.error, *app.success, *app.caption]
    return "\n".join(str(part.value) for part in parts).replace("\\", "")


def write(folder: Path, name: str, *lines: str) -> Path:
    file = folder / name
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


@pytest.mark.parametrize("page", ["overview", "segments", "customers", "data"])
def test_without_data_a_page_says_what_to_bring(open_app: Open, page: str) -> None:
    app = open_app(page)
    assert "bring a file" in text(app).lower()
    assert "Traceback" not in text(app)


@pytest.mark.parametrize("page", ["overview", "segments", "data"])
def test_with_the_sample_the_answer_stands_under_the_title(open_app: Open, demo: Path, page: str) -> None:
    app = open_app(page, demo)
    answers = {
        "overview": "of 1,000 customers placed",
        "segments": "Your 1,000 customers are shown in five groups.",
        "data": "'sample' holds 1,000 customer records",
    }
    assert answers[page] in text(app)


@pytest.mark.parametrize("page", ["overview", "segments"])
def test_records_alone_are_the_wrong_kind(open_app: Open, tmp_path: Path, page: str) -> None:
    app = open_app(page)
    ingest_file(
        state.store(), write(tmp_path, "r.csv", "colour,size", "red,1", "blue,2"), "cases", kind="records"
    )
    app.run()
    assert "needs orders or behaviour events" in text(app)


PAGES = ["overview", "segments", "customers", "forecast", "anomalies", "live-policy", "data"]


@pytest.mark.parametrize("page", PAGES)
def test_creators_and_bookings_alone_are_of_no_customer(open_app: Open, tmp_path: Path, page: str) -> None:
    app = open_app(page)
    for name in ("creators.csv", "placements.csv"):
        file = tmp_path / name
        file.write_text(sample.templates()[name], encoding="utf-8")
        ingest_file(state.store(), file, "agency")
    app.run()
    assert not app.exception
    needs = "'agency' holds 3 creators and 3 past bookings." if page == "data" else "needs "
    assert needs in text(app)
    if page == "data":
        assert "Find the groups" not in text(app)


def test_segments_run_from_the_button_and_are_shown_when_done(open_app: Open, tmp_path: Path) -> None:
    app = open_app("segments")
    lines = [
        f"u{user},2024-01-{day:02d} 10:00:00,{10 + user * day % 90}"
        for user in range(120)
        for day in range(1, 2 + user % 12)
    ]
    ingest_file(state.store(), write(tmp_path, "o.csv", "user_id,order_date,amount", *lines), "small")
    app.run()
    assert "not made yet" in text(app)
    app.button(key="run-segments").click().run()
    job = state.manager().jobs(dataset="small")[0]
    assert job.active
    assert app.button(key=f"stop-{job.id}")
    assert state.manager().wait(job.id, timeout=60).status == "done"
    app.run()
    assert "Your 120 customers are shown in five groups." in text(app)
    assert not app.warning


def test_a_failed_run_says_why(open_app: Open, tmp_path: Path) -> None:
    app = open_app("segments")
    ingest_file(
        state.store(), write(tmp_path, "o.csv", "user_id,order_date,amount", "u1,2024-01-01,5"), "one"
    )
    app.run()
    app.button(key="run-segments").click().run()
    job = state.manager().jobs(dataset="one")[0]
    assert state.manager().wait(job.id, timeout=60).status == "failed"
    app.run()
    assert "5 segments need at least" in text(app)
    assert "Traceback" not in text(app)


def test_changed_settings_mark_the_run_as_older(open_app: Open, demo: Path) -> None:
    app = open_app("segments", demo)
    assert not app.warning
    app.selectbox(key="set-k").select(7).run()
    assert "older settings" in text(app)
    assert app.button(key="run-segments").label == "Run again"
    app.selectbox(key="set-k").select(5).run()
    assert not app.warning


def test_new_data_marks_the_run_as_older(open_app: Open, demo: Path, tmp_path: Path) -> None:
    app = open_app("segments", demo)
    ingest_file(
        state.store(), write(tmp_path, "o.csv", "user_id,order_date,amount", "u1,2024-01-01,5"), "sample"
    )
    app.run()
    assert "the data has changed since" in text(app)


def test_a_renamed_group_keeps_its_name_everywhere(open_app: Open, demo: Path) -> None:
    app = open_app("segments", demo)
    app.selectbox(key="rename-group").select_index(0)
    app.text_input(key="rename-name").set_value("Our [best] *people*")
    app.button(key="rename-do").click().run()
    assert "Our [best] *people*" in app.sidebar.selectbox[1].options
    assert "**Our [best] *people**" not in text(app).replace("Our [best] *people***", "")
    app.switch_page("pages/overview.py").run()
    app.sidebar.selectbox[1].select("Our [best] *people*").run()
    assert "in Our [best] *people* placed" in text(app)


def test_one_customer_is_explained_and_an_unknown_one_is_said_to_be(open_app: Open, demo: Path) -> None:
    app = open_app("segments", demo)
    app.session_state["segments-tab"] = "Why this customer?"
    app.run()
    app.text_input(key="one-customer").set_value("U0000001").run()
    assert "U0000001** is among" in text(app)
    assert "(all:" in text(app)
    app.text_input(key="one-customer").set_value("<b>nobody</b>").run()
    assert "No customer '<b>nobody</b>'" in text(app)


def test_narrowed_dates_bound_the_overview_and_ask_for_a_new_run(open_app: Open, demo: Path) -> None:
    from datetime import date

    app = open_app("overview", demo)
    before = text(app)
    app.sidebar.date_input[0].set_value((date(2024, 1, 1), date(2024, 3, 31))).run()
    assert text(app) != before
    app.switch_page("pages/segments.py").run()
    assert "older settings" in text(app)


def test_undo_and_delete_ask_before_they_act(open_app: Open, demo: Path) -> None:
    app = open_app("data", demo)
    app.session_state["data-tab"] = "Undo or delete"
    app.run()
    rows = dict(state.store().tables("sample"))
    app.button(key="undo").click().run()
    assert set(rows) - set(state.store().tables("sample")) == {"placements"}
    assert app.button(key="delete").disabled
    app.text_input(key="delete-name").set_value("sample").run()
    app.button(key="delete").click().run()
    assert state.store().datasets() == []
    assert "Bring a file" in text(app)


def test_what_was_changed_before_the_analysis_is_told(open_app: Open, demo: Path) -> None:
    app = open_app("data", demo)
    app.session_state["data-tab"] = "What was changed?"
    app.run()
    assert "filled" in text(app)
    assert "clipped" in text(app)


def test_a_job_under_way_is_shown_to_a_new_session_too(open_app: Open, demo: Path) -> None:
    app = open_app("segments", demo)
    job = state.manager().submit("segments", "sample", {"k": 4}, label="Segments")
    deadline = time.monotonic() + 30
    while state.manager().state(job).active and time.monotonic() < deadline:
        other = open_app("segments", demo)
        if any(button.key == f"stop-{job}" for button in other.button):
            break
    else:
        pytest.fail("no page showed the running job")
    state.manager().cancel(job)
    assert state.manager().wait(job, timeout=20).status == "cancelled"
    app.run()
    assert len(state.store().runs(dataset="sample", analysis="segments")) == 1


TABS = {
    "overview": ("Who buys?", "When?", "Where?", "What?", "What do they say?", "What changed?"),
    "segments": (
        "Who are they?",
        "How many groups?",
        "How distinct?",
        "Where do they lie?",
        "Why this customer?",
    ),
    "data": ("What came in?", "What was changed?", "How do the rows look?", "Undo or delete"),
}


@pytest.mark.parametrize("page", TABS)
def test_every_tab_opens(open_app: Open, demo: Path, page: str) -> None:
    app = open_app(page, demo)
    for tab in TABS[page]:
        app.query_params[f"{page}-tab"] = tab
        app.session_state[f"{page}-tab"] = tab
        app.run()
        assert not app.exception, (tab, app.exception)
        assert not app.error, tab
        drawn = [each.label for each in app.tabs if each.children]
        assert drawn == [tab], "only the open tab is drawn"


def test_a_link_to_a_dataset_that_is_gone_says_so(open_app: Open, demo: Path) -> None:
    app = open_app("segments", demo)
    assert not app.sidebar.warning
    app.query_params["dataset"] = "gone"
    app.run()
    assert "not here" in app.sidebar.warning[0].value
