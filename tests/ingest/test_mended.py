"""Rejected rows, mended in a spreadsheet, end as if the file had been right from the start."""

from __future__ import annotations

import csv
import gzip
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from socialml.errors import UserError
from socialml.export import csv_bytes, excel_bytes
from socialml.ingest import mended, stage, task

HEADER = ["客户", "=时间", "金额", "备注"]
RIGHT = [
    ["001", "2024-01-05", "5", "好"],
    ["6900000000000000001", "2024-01-06", "-7.50", "=1+1"],
    ["003", "2024-01-07", "1234.5", 'a,b;c\t|\n"d"'],
    ["004", "2024-01-08", "8", "'=x"],
    ["005", "2024-01-09", "9", " two  spaces"],
]
WRONG = [
    RIGHT[0],
    ["6900000000000000001", "soon", *RIGHT[1][2:]],
    RIGHT[2],
    [*RIGHT[3][:2], "twelve", "'=x"],
    RIGHT[4],
]
MAPPING = {"user_id": "客户", "ts": "=时间", "amount": "金额"}
MENDS = {"soon": "2024-01-06", "twelve": "8"}


def text(rows: list[list[str]], delimiter: str, *, header: bool = True) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows([HEADER, *rows] if header else rows)
    return out.getvalue()


def as_table(rows: list[list[str]]) -> pa.Table:
    return pa.table({name: [row[i] for row in rows] for i, name in enumerate(HEADER)})


def parquet(rows: list[list[str]]) -> bytes:
    out = io.BytesIO()
    pq.write_table(as_table(rows), out)
    return out.getvalue()


FORMS = {
    "a.csv": lambda rows: text(rows, ",").encode(),
    "gbk.csv": lambda rows: text(rows, ";").encode("gb18030"),
    "excel.txt": lambda rows: text(rows, "\t").encode("utf-16"),
    "a.csv.gz": lambda rows: gzip.compress(text(rows, "|").encode("utf-8-sig")),
    "a.xlsx": lambda rows: excel_bytes(as_table(rows)),
    "a.parquet": parquet,
}


def mend(table: pa.Table) -> pa.Table:
    columns = [
        [MENDS.get(cell, cell) for cell in column.to_pylist()] if pa.types.is_string(column.type) else column
        for column in table.columns
    ]
    return pa.table(columns, names=table.column_names)


@pytest.mark.parametrize("name", [name for name in FORMS if name != "a.csv"])
def test_mended_rows_end_as_if_they_had_been_right(store, write, name):
    wrong = write(FORMS[name](WRONG), name)
    receipt = task.ingest_file(store, wrong, "shop", kind="orders", mapping=MAPPING)
    assert (receipt["rows_accepted"], receipt["rows_rejected"]) == (3, 2)
    last = store.imports("shop")[-1]
    rejected = mended.table(last.rejects, last.receipt)
    assert rejected.column_names == [*HEADER, *mended.EXTRA]
    assert [list(row.values())[:4] for row in rejected.to_pylist()] == [WRONG[1], WRONG[3]]
    assert rejected["rejected_reason"].to_pylist() == ["not a date or time", "not a number"]

    # A spreadsheet keeps what it was given; neither kind nor mapping is said again.
    suffix, write_back = ("csv", csv_bytes) if name in ("gbk.csv", "a.xlsx") else ("xlsx", excel_bytes)
    told = task.ingest_file(store, write(write_back(mend(rejected)), f"mended.{suffix}"), "shop")
    assert (told["kind"], told["mapping"], told["unmapped"]) == ("orders", MAPPING, ["备注"])
    assert (told["rows_read"], told["rows_accepted"], told["rows_already_there"]) == (2, 2, 0)
    assert "mended" in [warning["code"] for warning in told["warnings"]]
    with store.read() as con:
        rows = store.events(con, "shop").project("user_id, ts_local::DATE::VARCHAR, amount").fetchall()
    assert sorted((user, day, float(paid)) for user, day, paid in rows) == [
        (user, day, float(paid)) for user, day, paid, _ in sorted(RIGHT)
    ]


def test_rows_that_are_as_they_were_are_rejected_again(store, write):
    task.ingest_file(store, write(FORMS["a.csv"](WRONG)), "shop", kind="orders", mapping=MAPPING)
    last, before = store.imports("shop")[-1], store.version("shop")
    same = write(csv_bytes(mended.table(last.rejects, last.receipt)), "same.csv")
    with pytest.raises(UserError, match="None of the 2 rows"):
        task.ingest_file(store, same, "shop")
    assert store.version("shop") == before


def test_a_spreadsheet_may_save_it_with_semicolons_and_in_its_own_encoding(store, write):
    task.ingest_file(store, write(FORMS["a.csv"](WRONG)), "shop", kind="orders", mapping=MAPPING)
    last = store.imports("shop")[-1]
    rows = list(
        csv.reader(io.StringIO(csv_bytes(mend(mended.table(last.rejects, last.receipt))).decode("utf-8-sig")))
    )
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows(rows)
    told = task.ingest_file(store, write(out.getvalue(), "m.csv", "gb18030"), "shop")
    assert (told["rows_accepted"], told["mapping"]) == (2, MAPPING)


def test_a_file_without_a_header_keeps_its_place(store, write):
    good, bad = "1,2,3,pv,1511544070", "5,6,7,pv,soon"
    lines = [good, "8,9,10,buy,1511544071", "8,9,11,cart,1511544072", "8,9,12,fav,1511544073", *[good] * 20]
    fields = ("user_id", "item_id", "category", "action", "ts")
    mapping = {field: f"column_{place}" for place, field in enumerate(fields, 1)}
    file = write("\n".join([*lines, bad]) + "\n")
    task.ingest_file(store, file, "shop", kind="events", mapping=mapping)
    last = store.imports("shop")[-1]
    back = csv_bytes(mended.table(last.rejects, last.receipt)).decode("utf-8-sig")
    assert back.splitlines()[0].startswith('"column_1","column_2"')
    told = task.ingest_file(store, write(back.replace("soon", "1511544099"), "m.csv"), "shop")
    assert (told["kind"], told["rows_accepted"], told["mapping"]["ts"]) == ("events", 1, "column_5")


RAGGED = (
    "user_id,ts,action,text\n1,2024-01-05,view,x\n2,2024-01-05,view\n"
    '3,2024-01-05,view,a,b,"c,d"\n4,2024-01-05,view,"open\n'
)


def ragged(store, write) -> list[list[str]]:
    task.ingest_file(store, write(RAGGED), "shop", kind="events")
    last = store.imports("shop")[-1]
    return list(
        csv.reader(io.StringIO(csv_bytes(mended.table(last.rejects, last.receipt)).decode("utf-8-sig")))
    )


def bring(store, write, table):
    out = io.StringIO(newline="")
    csv.writer(out).writerows(table)
    return task.ingest_file(store, write(out.getvalue(), "m.csv"), "shop")


def test_rows_that_did_not_fit_stand_in_the_columns_they_reach(store, write):
    table = ragged(store, write)
    assert table == [
        ["user_id", "ts", "action", "text", mended.MORE, *mended.EXTRA],
        ["2", "2024-01-05", "view", "", "", "3", "", "too few cells"],
        ["3", "2024-01-05", "view", "a", 'b,"c,d"', "4", "", "too many cells"],
        ['4,2024-01-05,view,"open', "", "", "", "", "5", "", "quote never closed"],
    ]


def test_rows_that_did_not_fit_count_as_mended_only_once_they_are(store, write):
    table = ragged(store, write)
    with pytest.raises(UserError, match="None of the 3 rows"):
        bring(store, write, table)  # two of them would be read as they stand, with cells that are not theirs
    table[1][3] = "filled"
    told = bring(store, write, table)
    assert (told["rows_accepted"], told["reasons"]) == (1, {"quote never closed": 1, "too many cells": 1})
    # What is left can be taken out again, and nothing of it is lost.
    last = store.imports("shop")[-1]
    left = mended.table(last.rejects, last.receipt).to_pylist()
    assert [row[mended.MORE] for row in left] == ['b,"c,d"', None]
    table[2][4] = ""
    table[3] = ["4", "2024-01-05", "view", "", "", "5", "", ""]  # the last cell is empty, and meant so
    told = bring(store, write, table[:1] + table[2:])
    assert (told["rows_accepted"], told["rows_rejected"]) == (2, 0)
    with store.read() as con:
        users = store.events(con, "shop").project("user_id").fetchall()
    assert sorted(users) == [("1",), ("2",), ("3",), ("4",)]


def test_records_too(store, write):
    file = write("name,size\na,1\nb\nc,3\n")
    task.ingest_file(store, file, "cases", kind="records")
    last = store.imports("cases")[-1]
    back = csv_bytes(mended.table(last.rejects, last.receipt)).decode("utf-8-sig")
    with pytest.raises(UserError, match="None of the 1 rows"):
        task.ingest_file(store, write(back, "m.csv"), "cases")
    told = task.ingest_file(store, write(back.replace('"b",', '"b","2"'), "m.csv"), "cases")
    assert (told["kind"], told["rows_accepted"], told["header"]) == ("records", 1, ["name", "size"])


AWKWARD = ["'", "''=", "'=1", "=1", "-5", "+", "@a", "\t=", "＝1", '"', "a\nb", "a,b", "007", "null", "'-"]


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    cells=st.lists(
        st.one_of(
            st.sampled_from(AWKWARD),
            st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=8),
        ),
        min_size=1, max_size=12,
    )
)  # fmt: skip
def test_any_text_comes_back_as_it_was(cells, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cells")
    rows = [["u1", "2024-01-05", "comment", "fine"], *(["u", "soon", "comment", cell] for cell in cells)]
    out = io.StringIO(newline="")
    csv.writer(out).writerows([["user_id", "ts", "action", "text"], *rows])
    (folder / "a.csv").write_bytes(out.getvalue().encode())
    found = stage(folder / "a.csv", folder / "out")
    table = mended.table(found.rejects, found.receipt)
    assert [cell or "" for cell in table["text"].to_pylist()] == cells
    moved = pa.table([["2024-01-06"] * len(cells) if name == "ts" else table[name] for name in table.column_names],
                     names=table.column_names)  # fmt: skip
    (folder / "b.csv").write_bytes(csv_bytes(moved))
    again = pq.read_table(stage(folder / "b.csv", folder / "again").accepted)
    assert [cell or "" for cell in again["text"].to_pylist()] == [cell.strip() for cell in cells]
