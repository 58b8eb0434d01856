"""What a page shows can be taken along: everywhere, in three formats, and not in one that cannot hold it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

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
