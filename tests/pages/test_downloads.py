"""What a page shows can be taken along: everywhere, in three formats, and not in one that cannot hold it."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from socialml.evaluation.uplift import uplift
from socialml.ui import customer_tables, downloads, parts

ROOT = Path(__file__).resolve().parents[2]


def test_charts_and_tables_are_drawn_in_one_place_that_offers_their_numbers() -> None:
    calls = re.compile(
        r"\b(st|left|right|place|box)\.(dataframe|data_editor|table|plotly_chart|line_chart|bar_chart)\("
    )
    files = [*(ROOT / "pages").glob("*.py"), *(ROOT / "socialml" / "ui").glob("*.py")]
    assert {file.name for file in files if calls.search(file.read_text(encoding="utf-8"))} == {"parts.py"}


def control(rows: int) -> None:
    import pyarrow as pa
    import streamlit as st

    from socialml.ui import downloads

    st.session_state["_context"] = None
    downloads.control("months", lambda: pa.table({"a": [1]}), rows, "months")


@pytest.mark.parametrize(("rows", "held"), [(1_048_575, True), (1_048_576, False)])
def test_excel_is_offered_as_far_as_a_sheet_goes(rows: int, held: bool) -> None:
    app = AppTest.from_function(control, args=(rows,)).run()
    assert not app.exception
    buttons = {button.label: button.proto.disabled for button in app.get("download_button")}
    assert buttons == {"CSV": False, "Excel": not held, "Parquet": False}
    said = [caption.value for caption in app.caption]
    assert said == ([] if held else ["A sheet of Excel holds 1,048,575 rows; these are 1,048,576."])


def test_a_claim_is_taken_along_in_plain_words_and_percent() -> None:
    draws = np.array([9.0, 10.0, 11.0])
    row = {"Measure": "Revenue a viewer", **uplift(10.0, 12.0, draws, draws + 2).row()}
    (told,) = downloads.claims(pd.DataFrame([row])).to_pylist()
    assert (told["Measure"], told["Before"], told["After"]) == ("Revenue a viewer", 10, 12)
    assert told["Change (%)"] == pytest.approx(20)
    assert told["Change (%): from"] == pytest.approx(100 * row["low"])
    assert not [name for name in told if "_" in name]


def test_a_tree_is_taken_along_as_questions_and_answers() -> None:
    tree = pd.DataFrame(
        {"node": [0, 1], "rule": ["Age above 30", ""], "right": [1, -1], "left": [2, -1], "count": [9, 4],
         "probability": [0.25, 0.5]}
    )  # fmt: skip
    root, leaf = customer_tables.nodes(tree).to_pylist()
    assert root == {
        "Node": 0, "Question": "Age above 30", "If so, go to": 1, "If not, go to": 2, "Learned from (rows)": 9,
        "Chance (%)": 25.0,
    }  # fmt: skip
    assert (leaf["If so, go to"], leaf["If not, go to"]) == (None, None)


def test_a_list_shown_in_part_is_taken_along_whole_under_the_headers_of_the_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken: list[pa.Table] = []
    monkeypatch.setattr(downloads, "control", lambda what, make, *rest: taken.append(make()))
    whole = pd.DataFrame({"chance": [50.0, 40.0]})
    config = {"chance": {"label": "Will buy", "type_config": {"format": "%.1f%%"}}}
    parts.table(whole.head(1), "ranked", column_config=config, whole=lambda: whole, rows=2)
    parts.table(whole.head(1), "as-it-is", column_config=config, whole=lambda: pa.table({"a": [1]}), rows=1)
    assert [table.to_pylist() for table in taken] == [
        [{"Will buy (%)": 50.0}, {"Will buy (%)": 40.0}],
        [{"a": 1}],
    ]
