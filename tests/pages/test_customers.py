"""The Customers page in its four states, and a table of cases."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
from streamlit.testing.v1 import AppTest

from socialml.analyses import base, customers
from socialml.analyses._customers_tasks import LABELS
from socialml.ingest.task import ingest_file
from socialml.ui import state
from tests.pages.conftest import Open
from tests.pages.test_pages import text, write


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
    answer = app.markdown[0].value.replace("\\", "")
    assert re.match(r"#### Contact these [\d,]+ of 1,000 customers: about \d+ in 100 \(", answer), answer
    assert "will buy in October 2025, as such customers did in September 2025" in answer
    assert "ROC AUC" not in answer
    assert "(ROC AUC)" in text(app) or "; ROC AUC)" in text(app)
    app.slider(key="threshold-purchase").set_value(0).run()
    assert "contact 1,000 customers and reach 100 in 100 buyers" in text(app)
    assert "1,000 customers of 1,000" in text(app)
    app.slider(key="threshold-purchase").set_value(99).run()
    assert "Contacting all brings" in text(
        app
    )  # nine in ten buy: to leave most of them out loses their sales
    app.number_input(key="contact-cost").set_value(1000.0).run()
    assert "The list brings" in text(app)

    assert "tells most" in opened(app, "Why?")
    opened(app, "Why this customer?")
    box = next(box for box in app.text_input if box.label == "Customer number")
    assert f"{box.value}** will buy in October 2025 with a chance of" in text(app)  # the first of the list
    box.set_value("U0000001").run()
    assert "U0000001** will buy" in text(app)
    assert "training rows like this" in text(app)
    next(box for box in app.text_input if box.label == "Customer number").set_value("<b>nobody</b>").run()
    assert "No customer '<b>nobody</b>'" in text(app)
    assert app.warning
    assert "beside the published ones" in opened(app, "How well?")
    assert "measured on other data" in text(app)
    assert not app.warning


def test_table_2_has_its_six_rows_also_where_one_cannot_be_told(open_app: Open, trained: Path) -> None:
    app = open_app("customers", trained)
    opened(app, "How well?")
    table = app.dataframe[0].value.set_index("Question")
    assert set(LABELS.values()) == set(table.index)
    published = table.drop(index=LABELS["churn"])
    assert published["Accuracy, published"].tolist() == [91.7, 93.2, 86.9, 88.9, 92.1, 85.3]
    assert published["F1, published"].tolist() == [90.5, 92.3, 86.1, 86.9, 91.3, 84.5]
    missing = [label for label in table.index if pd.isna(table.loc[label, "Accuracy"])]
    assert all(f"Not told: {label}." in text(app) for label in missing)


def test_every_question_has_an_answer_of_its_own(open_app: Open, trained: Path) -> None:
    app = open_app("customers", trained)
    seen = set()
    box = next(box for box in app.selectbox if box.label == "Question")
    for index in range(len(box.options)):
        next(box for box in app.selectbox if box.label == "Question").select_index(index).run()
        assert not app.exception, app.exception
        answer = app.markdown[0].value
        assert "in 100" in answer
        assert not re.search(r"None|nan|–", answer), answer
        seen.add(answer)
    assert len(seen) == len(box.options) >= 5


def test_groups_are_compared_in_a_sentence_with_an_interval(open_app: Open, trained: Path) -> None:
    app = open_app("customers", trained)
    shown = opened(app, "Fair to all?")
    assert re.search(r"(No group stands apart|Groups differ)\..* points \(-?\d+ to \d+\)", shown), shown
    before = len(app.get("plotly_chart"))
    assert before >= 2  # of gender, age band and region those with 30 customers in a group
    app.session_state["fair-by"] = "precision"
    app.run()
    assert "Right among those called:" in text(app)


def test_who_leaves_says_why_it_cannot_be_told(open_app: Open, trained: Path) -> None:
    """The sample of 1,000 has too few leavers for a score."""
    shown = opened(open_app("customers", trained), "Who leaves?")
    assert "Who is about to leave cannot be told here." in shown or "will more likely than not" in shown
    assert "What is bought together" in shown


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
    assert "- **paid_after**: It alone predicts the target nearly perfectly" in text(app)
    both = next(box for box in app.selectbox if box.label == "Told from the other columns")
    assert both.options[0] == "with all columns"
    assert "without paid_after" in both.options[1]
    assert "Of the rows called 'yes', 100 in 100" in text(app)
    app.slider(key="threshold-target").set_value(0).run()
    assert "90 rows of the 90 judged" in text(app)
    both.select_index(1).run()
    assert "Of the rows called 'yes', 100 in 100" not in text(app)
    assert "rows of the 90 judged" not in text(app)  # they hold the other question's chances
    shown = opened(app, "Why this row?")
    assert "training rows like this" in shown
    next(box for box in app.text_input if box.label == "Row number").set_value("nine").run()
    assert "No row of the test part 'nine'" in text(app)
    app.session_state["customers-tab"] = "How well?"
    app.run()
    assert "published" not in text(app)
    assert not app.error
