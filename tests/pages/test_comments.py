"""The Overview's tab about comments."""

from __future__ import annotations

import re
import time
from pathlib import Path

from streamlit.testing.v1 import AppTest

from socialml.analyses import base, sentiment
from socialml.ingest.task import ingest_file
from socialml.ui import state
from tests.pages.conftest import Open
from tests.pages.test_pages import text, write

TAB = "What do they say?"


def said(app: AppTest) -> AppTest:
    app.session_state["overview-tab"] = TAB
    return app.run()


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


def test_the_sample_says_where_its_customers_complain(open_app: Open, demo: Path) -> None:
    app = said(open_app("overview", demo))
    assert not app.exception
    shown = metrics(app)
    assert shown["Comments read"] == "2,193"
    assert "shoes: " in text(app)  # the category that is planted to displease
    assert "Languages: 82% Chinese" in text(app)
    assert "Irony is not understood" in text(app)
    worst = next(frame.value for frame in app.dataframe if "Complaints, for example" in frame.value)
    assert worst["Category"].iloc[0] == "shoes"
    assert worst["Complaints, for example"].str.len().min() > 0
    whole = shown["Complaints"]
    app.sidebar.selectbox[1].select_index(1).run()
    assert metrics(app)["Complaints"] != whole
    assert not app.exception


def test_comments_wait_for_the_button_and_are_shown_as_text(open_app: Open, tmp_path: Path) -> None:
    app = open_app("overview")
    lines = [
        f"u{i % 7},2024-01-{1 + i % 20:02d} 10:00:00,comment,<img src=x>,awful and bad <script>alert(1)</script>"
        for i in range(40)
    ]
    ingest_file(state.store(), write(tmp_path, "e.csv", "user_id,time,action,category,text", *lines), "shop")
    said(app.run())
    assert "has not been read yet" in text(app)
    app.button(key="run-sentiment").click().run()
    until = time.monotonic() + 60
    while state.store().newest_run("shop", "sentiment") is None and time.monotonic() < until:
        time.sleep(0.2)
    app.run()
    assert metrics(app)["Complaints"] == "100.0%"
    assert not [part for part in app.markdown if re.search(r"(?<!\\)<(img|script)", str(part.value))]
    assert not app.exception


def test_without_texts_it_says_which_file_helps(open_app: Open, tmp_path: Path) -> None:
    app = open_app("overview")
    rows = ("user_id,order_date,amount", "u1,2024-01-01,5", "u2,2024-01-02,6")
    ingest_file(state.store(), write(tmp_path, "o.csv", *rows), "plain")
    said(app.run())
    assert "No row of this dataset carries the text of a comment" in text(app)


def test_texts_in_other_languages_alone_are_said_to_be_unread(open_app: Open, tmp_path: Path) -> None:
    app = open_app("overview")
    rows = ("user_id,time,action,text", "u1,2024-01-01 10:00:00,comment,Ужасное качество")
    ingest_file(state.store(), write(tmp_path, "e.csv", *rows), "far")
    base.run("sentiment", state.store(), "far", sentiment.Config())
    said(app.run())
    assert "only English and Chinese can" in text(app)
