"""Any table, in any dialect and encoding, comes back cell for cell or is in the rejects."""

from __future__ import annotations

import csv
import gzip
import io
import tempfile
from pathlib import Path

import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from socialml.ingest import Options, Staged, stage
from socialml.ingest.layout import DELIMITERS

SOME = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
HEADER = ["user_id", "ts", "action", "text", "category"]
AWKWARD = [
    "",
    "a,b",
    'say "hi"',
    "two\nlines",
    "x;y|z\tw",
    "'",
    '"',
    "=1+1",
    "007",
    "6900000000000000001",
    "null",
    "1.234,5",
]
# Cells are trimmed, and Latin-1 has no Chinese.
_SHAPED = {"exclude_categories": ["Cs", "Cc", "Zs", "Zl", "Zp", "Cf", "Cn", "Co"]}


def _cells(codec: str) -> st.SearchStrategy[str]:
    text = st.text(st.characters(codec=codec, **_SHAPED), max_size=10)
    awkward = AWKWARD if codec == "latin-1" else [*AWKWARD, "用户", "好,不好"]
    return st.one_of(text, st.sampled_from(awkward)).map(str.strip)


@st.composite
def files(draw: st.DrawFn) -> tuple[list[list[str]], bytes, dict[str, str]]:
    """Rows of events, the file they make, and what a user would say of it."""
    encoding = draw(
        st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030", "latin-1"])
    )
    cell = _cells("latin-1" if encoding == "latin-1" else "gb18030")
    rows = draw(st.lists(st.tuples(cell, cell), min_size=1, max_size=12))
    table = [[f"u{i}", "2024-01-05", "comment", *row] for i, row in enumerate(rows)]
    delimiter = draw(st.sampled_from(DELIMITERS))
    # A cell with a line end needs quotes, and so does a return alone.
    end = draw(st.sampled_from(["\n", "\r\n"]))
    quoting = draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows([HEADER, *table])
    content = buffer.getvalue().encode(encoding)
    if draw(st.booleans()):
        content = gzip.compress(content, compresslevel=1)
    said = {"kind": "events"}
    # Marks and UTF-8 tell themselves; of a few odd characters no guess is sure, so the user says the encoding.
    if encoding not in ("utf-8", "utf-8-sig", "utf-16") or draw(st.booleans()):
        said["encoding"] = encoding
    if draw(st.booleans()):
        said["delimiter"] = delimiter
    return table, content, said


def _stage(content: bytes, options: dict[str, str], folder: str) -> tuple[Staged, list[dict], list[dict]]:
    path = Path(folder) / "a.csv"
    path.write_bytes(content)
    found = stage(path, Path(folder) / "out", Options(**options))
    rejects = pq.read_table(found.rejects).to_pylist() if found.rejects else []
    return found, pq.read_table(found.accepted).to_pylist(), rejects


@SOME
@given(files())
def test_a_table_comes_back_cell_for_cell(file):
    table, content, said = file
    with tempfile.TemporaryDirectory() as folder:
        found, accepted, rejects = _stage(content, said, folder)
    assert found.receipt["rows_read"] == len(table)
    assert rejects == []
    for row, made in zip(table, accepted, strict=True):
        assert [made["user_id"], made["text"] or "", made["category"] or ""] == [row[0], row[3], row[4]]


@SOME
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["2024-01-05", "2024/1/6 9:05", "soon", ""]),
            st.sampled_from(["3", "1,234.50", "¥5", "(7)", "lots", ""]),
            _cells("gb18030"),
            st.sampled_from([0, 0, 0, 1, -1]),
        ),
        max_size=14,
    ),
    delimiter=st.sampled_from(DELIMITERS),
    encoding=st.sampled_from(["utf-8", "utf-16", "gb18030"]),
)
def test_what_is_not_accepted_is_in_the_rejects(rows, delimiter, encoding):
    """Bad values and ragged rows: the rejects hold their cells as the file has them, each on its line."""
    good_dates, good_amounts = {"2024-01-05", "2024/1/6 9:05"}, {"3", "1,234.50", "¥5", "(7)"}
    table = [["u", "2024-01-05", "3", "x"]]
    table += [
        [f"u{i}", date, amount, text][: 4 + min(extra, 0)] + ["more"] * max(extra, 0)
        for i, (date, amount, text, extra) in enumerate(rows)
    ]
    buffer, lines = io.StringIO(newline=""), []
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
    for row in [["user_id", "date", "amount", "category"], *table]:
        lines.append(1 + buffer.getvalue().count("\n"))
        writer.writerow(row)
    with tempfile.TemporaryDirectory() as folder:
        options = {"kind": "orders", "encoding": encoding, "delimiter": delimiter, "decimal": "point"}
        _, accepted, rejects = _stage(buffer.getvalue().encode(encoding), options, folder)
    fine = [row for row in table if len(row) == 4 and row[1] in good_dates and row[2] in good_amounts]
    assert [(made["user_id"], made["category"] or "") for made in accepted] == [
        (row[0], row[3]) for row in fine
    ]
    wrong = [(line, row) for line, row in zip(lines[1:], table, strict=True) if row not in fine]
    told = [
        (reject["line"], next(csv.reader(io.StringIO(reject["row"], newline=""), delimiter=delimiter)))
        for reject in rejects
    ]
    assert told == wrong
