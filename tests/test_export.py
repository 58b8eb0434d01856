from __future__ import annotations

import csv
import io

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from socialml.export import csv_bytes


def rows(table: pa.Table) -> list[list[str]]:
    return list(csv.reader(io.StringIO(csv_bytes(table).decode("utf-8-sig"))))


def test_cells_and_headers_that_spreadsheets_would_run_are_quoted() -> None:
    table = pa.table(
        {"=cmd": ["=1+1", "+1", "-1", "@x", "\tx", "客户", None], "n": [-1.5, None, 2, 3, 4, 5, 6]}
    )
    found = rows(table)
    assert found[0] == ["'=cmd", "n"]
    assert [row[0] for row in found[1:]] == ["'=1+1", "'+1", "'-1", "'@x", "'\tx", "客户", ""]
    assert found[1][1] == "-1.5"  # numbers stay numbers


def test_excel_is_told_that_it_is_utf8() -> None:
    assert csv_bytes(pa.table({"a": [1]})).startswith(b"\xef\xbb\xbf")


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"])), min_size=1))
def test_no_cell_begins_like_a_formula_and_no_text_is_lost(cells: list[str]) -> None:
    for written, cell in zip(rows(pa.table({"a": cells}))[1:], cells, strict=True):
        text = written[0] if written else ""
        assert text in (cell, "'" + cell)
        assert text[:1] not in ("=", "+", "-", "@")
