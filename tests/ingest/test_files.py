"""Encodings, delimiters, broken rows and files that are no tables."""

from __future__ import annotations

import gzip
from datetime import datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from socialml.errors import UserError
from socialml.ingest import Options, inspect, stage

CHINESE = "用户ID,下单时间,支付金额,商品\n" + "".join(
    f"{6900000000000000000 + i},2024-01-{i + 1:02d} 10:00:00,{i}.50,口红{i}号\n" for i in range(9)
)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gbk", "gb18030"]
)
def test_encodings(write, staged, encoding):
    made = staged(write(CHINESE, encoding=encoding))
    assert made.receipt["encoding"] == {"gbk": "gb18030"}.get(encoding, encoding)
    assert made.receipt["rows_accepted"] == 9
    assert made.column("user_id")[8] == "6900000000000000008"
    assert made.column("item_id")[3] == "口红3号"


def test_latin_1(write, staged):
    text = "name;ville;âge\n" + "André;Besançon;31\nHélène;Orléans;45\nJosé;Málaga;28\n" * 5
    made = staged(write(text, encoding="latin-1"), kind="records")
    assert made.rows[0] == {"name": "André", "ville": "Besançon", "âge": 31}


def test_gbk_that_begins_late(write, staged):
    rows = "".join(f"u{i},2024-01-05,view,plain\n" for i in range(60_000))
    path = write("user_id,ts,action,category\n" + rows + "u,2024-01-06,view,美妆护肤\n", encoding="gbk")
    made = staged(path)
    assert made.receipt["encoding"] == "gb18030"
    assert made.column("category")[-1] == "美妆护肤"


def test_an_encoding_can_be_chosen_and_a_wrong_one_is_refused(write, staged):
    path = write(CHINESE, encoding="gbk")
    assert staged(path, encoding="GBK").receipt["rows_accepted"] == 9
    with pytest.raises(UserError) as error:
        staged(path, encoding="utf-8")
    assert error.value.code == "wrong_encoding"


def test_a_few_broken_characters_are_told(write, staged):
    content = CHINESE.encode() * 1 + "1,2024-01-05 10:00:00,5,坏".encode()[:-1] + b"\n"
    content += CHINESE.split("\n", 1)[1].encode() * 300
    made = staged(write(content))
    assert made.receipt["encoding"] == "utf-8"
    assert made.warned()["undecodable"] >= 1


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(write, staged, delimiter, end):
    rows = ["user_id,ts,action", "1,2024-01-05,view", "2,2024-01-06,like"]
    path = write(end.join(row.replace(",", delimiter) for row in rows))
    made = staged(path)
    assert made.receipt["delimiter"] == delimiter
    assert made.column("user_id") == ["1", "2"]


def test_gzip(write, staged):
    path = write(gzip.compress(CHINESE.encode("gbk")), "file.csv.gz")
    made = staged(path)
    assert made.receipt["rows_accepted"] == 9
    assert inspect(path).compressed


def test_quoted_newlines_and_delimiters(write, staged):
    text = 'user_id,ts,action,text\r\n1,2024-01-05,comment,"one, ""two""\nthree"\r\n2,2024-01-06,comment,\r\n'
    made = staged(write(text))
    assert made.column("text") == ['one, "two"\nthree', None]


def test_a_title_before_the_header(write, staged):
    made = staged(write("Report of January,,\n\nuser_id,ts,action\n1,2024-01-05,view\n2,x,view\n"))
    assert made.column("user_id") == ["1"]
    assert made.rejects[0]["line"] == 5


def test_no_header(write, staged):
    made = staged(write("1,2268318,2520377,pv,1511544070\n1,2333346,2520771,pv,1511561733\n"), kind="records")
    assert list(made.rows[0]) == ["column_1", "column_2", "column_3", "column_4", "column_5"]
    assert made.warned() == {"no_header": 1}
    mapping = {"user_id": "column_1", "item_id": "column_2", "action": "column_4", "ts": "column_5"}
    path = write("1,2268318,2520377,pv,1511544070\n1,2333346,2520771,fav,1511561733\n")
    made = staged(path, kind="events", mapping=mapping)
    assert made.column("ts_utc")[0] == datetime(2017, 11, 24, 17, 21, 10)
    assert made.column("action") == ["view", "favourite"]


def test_ragged_rows_are_rejects_with_their_line(write, staged):
    text = "user_id,ts,action\n1,2024-01-05,view\n2,2024-01-05\n\n3,2024-01-05,view,more\n4,2024-01-05,like,,\n5,2024-01-05,view\n"  # noqa: E501
    made = staged(write(text))
    assert made.column("user_id") == ["1", "4", "5"]
    assert [(r["line"], r["reason"], r["row"]) for r in made.rejects] == [
        (3, "too few cells", "2,2024-01-05"),
        (5, "too many cells", "3,2024-01-05,view,more"),
    ]


def test_a_quote_never_closed_costs_one_row(write, staged):
    rows = "".join(f"{i},2024-01-05,view,fine\n" for i in range(50))
    made = staged(write(f'user_id,ts,action,text\n{rows}x,2024-01-05,view,"open\n{rows}'))
    assert len(made.rows) == 100
    assert [(r["line"], r["reason"]) for r in made.rejects] == [(52, "quote never closed")]


def test_stray_quotes_are_text(write, staged):
    made = staged(write('user_id,ts,action,text\n1,2024-01-05,view,5" screen\n2,2024-01-05,view,"a "b" c"\n'))
    assert made.column("text") == ['5" screen', 'a b" c"']


def test_lines_of_rejects_in_a_large_file(write, staged):
    rows = [f"{i},2024-01-05 10:00:00,view,{i}" for i in range(150_000)]
    for i in (0, 77_777, 149_999):
        rows[i] = f"{i},never,view,{i}"
    made = staged(write("user_id,ts,action,amount\n" + "\n".join(rows)))
    assert [r["line"] for r in made.rejects] == [2, 77_779, 150_001]


def test_ids_stay_text(write, staged):
    text = (
        "user_id,ts,action,item_id\n"
        " 6900000000000000001\t,2024-01-05,view,0012\nnull,2024-01-05,view,\n7,2024-01-05,view,6.9E+18\n"
    )
    made = staged(write(text))
    assert made.column("user_id") == ["6900000000000000001", None, "7"]
    assert made.column("item_id") == ["0012", None, "6.9E+18"]
    assert made.warned() == {"missing_user": 1, "ids_damaged": 1}


def test_parquet(tmp_path, staged):
    path = tmp_path / "orders.parquet"
    table = pa.table(
        {
            "CustomerID": pa.array([17850.0, None, 6900000000000000001.0]),
            "InvoiceDate": pa.array([datetime(2024, 1, 5, 10)] * 3, pa.timestamp("ns")),
            "Quantity": pa.array([3, -1, 2], pa.int32()),
            "UnitPrice": pa.array([0.1, 2.675, 1e-3]),
            "InvoiceNo": pa.array(["a", "b", "c"]).dictionary_encode(),
        }
    )
    pq.write_table(table, path)
    made = staged(path)
    assert made.receipt["delimiter"] is None
    assert made.column("user_id")[:2] == ["17850", None]
    assert made.column("amount") == [Decimal("0.3"), Decimal("-2.675"), Decimal("0.002")]
    assert made.column("ts_utc") == [datetime(2024, 1, 5, 2)] * 3


def test_parquet_with_zones(tmp_path, staged):
    path = tmp_path / "events.parquet"
    moment = pa.array([1704448800_000, 1704448801_000], pa.timestamp("ms", tz="Europe/Paris"))
    pq.write_table(pa.table({"user_id": [1, 2], "ts": moment, "action": ["view", "like"]}), path)
    made = staged(path)
    assert made.column("ts_utc")[0] == datetime(2024, 1, 5, 10)
    assert made.column("ts_local")[0] == datetime(2024, 1, 5, 18)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"  \n\n", "empty_file"),
        (b"\xef\xbb\xbf", "empty_file"),
        (b"user_id,ts,action\n", "header_only"),
        (b"user_id,ts,action", "header_only"),
        (bytes(range(256)) * 20, "not_a_table"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x00\x01" * 50, "not_a_table"),
        (b"<!DOCTYPE html><html><body>Login</body></html>", "not_a_table"),
        (b"%PDF-1.4 text", "not_a_table"),
        (b"PK\x03\x04" + b"abc" * 20, "zip_file"),
        (b"\x1f\x8b\x08\x00rubbish", "broken_gzip"),
        (b"PAR1rubbishPAR1", "broken_parquet"),
        (b"just a letter\nto a friend\n", "not_enough_columns"),
        (b"user_id,ts,action\n1,soon,view\n2,later,view\n", "all_rejected"),
        (b"user_id,ts,amount\n1,2024-01-05,lots\n2,2024-01-05,more\n", "all_rejected"),
        (b"user_id,ts,action\n1,2024-01-05\n2,2024-01-05\n", "all_rejected"),
    ],
)
def test_bad_files(write, tmp_path, content, code):
    path = write(content)
    with pytest.raises(UserError) as error:
        stage(path, tmp_path / "out", Options())
    assert error.value.code == code
    assert error.value.message.endswith(".")
    assert error.value.hint
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file.csv"]


def test_all_rejected_says_why(write, tmp_path):
    with pytest.raises(UserError) as error:
        stage(write("user_id,ts,amount\n1,2024-01-05,lots\n2,2024-01-05,more\n"), tmp_path / "out")
    assert "not a number in the column 'amount' (2 rows, such as 'lots', line 2)" in error.value.message


def test_a_missing_file(tmp_path):
    with pytest.raises(UserError) as error:
        stage(tmp_path / "nothing.csv", tmp_path / "out")
    assert error.value.code == "no_file"


def test_many_columns(write, staged):
    header = ",".join(f"c{i}" for i in range(300))
    made = staged(
        write(f"{header}\n" + ",".join(["x"] * 300) + "\n" + ",".join(["1"] * 300) + "\n"), kind="records"
    )
    assert made.receipt["rows_accepted"] == 2
    assert len(made.rows[0]) == 300


def test_a_record_with_too_many_cells_over_two_lines_is_one_reject(write, staged):
    made = staged(
        write(
            'user_id,ts,amount,category\nu1,2024-01-05,3,a\nu2,2024-01-05,3,"two\nlines",more\nu3,2024-01-05,4,b\n'
        )
    )
    assert made.column("user_id") == ["u1", "u3"]
    assert [(bad["line"], bad["reason"], bad["row"]) for bad in made.rejects] == [
        (3, "too many cells", 'u2,2024-01-05,3,"two\nlines",more')
    ]


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("name", ["shop[1]", "shop*", "sho?1"])
def test_a_name_that_is_a_pattern_means_its_own_file(write, staged, tmp_path, name, form):
    for stem, user in (("shop1", "another file"), (name, "this file")):
        path = write(f"user_id,ts,action\n{user},2024-01-05,view\n", f"{stem}.{form}")
        if form == "parquet":
            pq.write_table(pa.table({"user_id": [user], "ts": ["2024-01-05"], "action": ["view"]}), path)
    assert staged(path).column("user_id") == ["this file"]
