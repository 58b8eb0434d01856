"""What becomes of events, orders, users and records, and what the receipt says of them."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from socialml.errors import UserError
from socialml.ingest import Options, inspect, stage
from socialml.schema import EVENT_COLUMNS, USER_COLUMNS

EVENTS = (
    "user_id,ts,action,item_id,category,platform,seconds,pages,amount\n"
    "u1,2024-01-05 10:00:00,pv,6900000000000000001,美妆,douyin,12.5,3,\n"
    "007,2024-01-05 11:00:00,buy,00042,服饰,kuaishou,,,99.90\n"
)


def test_events(write, staged):
    made = staged(write(EVENTS))
    assert made.receipt["kind"] == "events"
    assert list(made.rows[0]) == [name for name, _ in EVENT_COLUMNS if name != "import_id"]
    assert made.column("user_id") == ["u1", "007"]
    assert made.column("item_id") == ["6900000000000000001", "00042"]
    assert made.column("action") == ["view", "purchase"]
    assert made.column("kind") == ["events", "events"]
    assert made.rows[0]["ts_local"] == datetime(2024, 1, 5, 10)
    assert made.rows[0]["ts_utc"] == datetime(2024, 1, 5, 2)
    assert made.rows[1]["amount"] == Decimal("99.9")
    assert made.rows[1]["seconds"] is None
    assert made.rows[0]["order_id"] is None
    assert made.receipt["gross_total"] == "99.9"
    assert made.receipt["first_time"] == "2024-01-05 10:00:00"


def test_accepted_types(write, tmp_path):
    found = stage(write(EVENTS), tmp_path / "o")
    types = {field.name: str(field.type) for field in pq.read_schema(found.accepted)}
    assert types["ts_utc"] == types["ts_local"] == "timestamp[us]"
    assert types["amount"] == types["discount"] == "decimal128(18, 4)"
    assert types["pages"] == "int64"
    assert types["seconds"] == "double"
    assert types["order_id"] == "string"
    assert json.loads((tmp_path / "o" / "receipt.json").read_text(encoding="utf-8")) == found.receipt


def test_orders_amounts_and_refunds(write, staged):
    text = "CustomerID,InvoiceDate,InvoiceNo,Quantity,UnitPrice\n"
    text += (
        "1,2024-01-05 10:00:00,536365,6,2.55\n2,2024-01-05 10:00:00,C536366,-1,4.25\n,2024-01-06"
        " 10:00:00,536367,1,0\n"
    )
    made = staged(write(text))
    assert made.receipt["kind"] == "orders"
    assert made.column("amount") == [Decimal("15.3"), Decimal("-4.25"), Decimal(0)]
    assert made.column("action") == ["purchase", "refund", "purchase"]
    assert made.column("user_id") == ["1", "2", None]
    assert made.receipt["gross_total"] == "11.05"
    assert made.warned() == {
        "missing_user": 1,
        "cancelled": 1,
        "negative_quantity": 1,
        "price_not_positive": 1,
    }


def test_amount_column_comes_before_quantity_times_price(write, staged):
    text = "user,date,qty,unit price,amount\n1,2024-01-05,2,3,5\n1,2024-01-06,2,3,\n"
    assert staged(write(text)).column("amount") == [Decimal(5), Decimal(6)]


def test_order_without_amount_is_rejected(write, staged):
    made = staged(write("user,date,amount\n1,2024-01-05,5\n1,2024-01-06,\n"))
    assert [(r["line"], r["column"], r["reason"]) for r in made.rejects] == [(3, "amount", "missing")]


def test_users(write, staged):
    text = "用户ID,性别,年龄,省份,月收入,注册时间,满意度\n1,女,25,广东,8000,2023-05-01,5\n2,男,200,北京,,2023/5/2,7\n"
    made = staged(write(text))
    assert made.receipt["kind"] == "users"
    assert list(made.rows[0]) == [name for name, _ in USER_COLUMNS if name != "import_id"]
    assert made.column("age") == [25, 200]
    assert made.column("registered_local") == [datetime(2023, 5, 1), datetime(2023, 5, 2)]
    assert made.column("registered_utc")[0] == datetime(2023, 4, 30, 16)
    assert made.warned() == {"age_unlikely": 1, "satisfaction_unlikely": 1}


def test_records_types(write, staged):
    text = (
        "n,x,flag,when,code,big,gone,,\n1,1.5,TRUE,2024-01-05,007,12345678901234567890,,,\n-2,NA,false,2024/2/6"
        " 10:00,8,2,,,\n"
    )
    made = staged(write(text))
    assert made.receipt["kind"] == "records"
    assert made.rows == [
        {
            "n": 1,
            "x": 1.5,
            "flag": True,
            "when": datetime(2024, 1, 5),
            "code": "007",
            "big": "12345678901234567890",
            "gone": None,
        },
        {
            "n": -2,
            "x": None,
            "flag": False,
            "when": datetime(2024, 2, 6, 10),
            "code": "8",
            "big": "2",
            "gone": None,
        },
    ]
    assert made.warned() == {"empty_columns": 2}


def test_records_keep_odd_and_repeated_names(write, staged):
    made = staged(write(' a ,A,"x""y; DROP TABLE raw",<b>\np,q,r,s\nt,u,v,w\n'), kind="records")
    assert list(made.rows[0]) == ["a", "A_2", 'x"y; DROP TABLE raw', "<b>"]
    assert list(made.rows[1].values()) == ["t", "u", "v", "w"]


def test_warnings_of_events(write, staged):
    text = "user_id,ts,action,amount\n1,2030-01-01,view,\n1,2024-01-01,dance,1.00005\n1,2024-01-01,dance,1.00005\n"
    made = staged(write(text))
    assert made.warned() == {
        "future_dates": 1,
        "unknown_actions": 2,
        "decimals_rounded": 2,
        "exact_duplicates": 1,
    }
    assert made.column("amount")[1:] == [Decimal(1), Decimal(1)]
    told = {warning["code"]: warning for warning in made.receipt["warnings"]}
    assert told["unknown_actions"]["examples"] == ["dance"]
    assert told["future_dates"]["sentence"].startswith("1 row is ")


def test_rejects_name_line_column_value_and_row(write, staged):
    text = 'user_id,ts,action,amount,text\n1,2024-01-05,view,1,"a\nb"\n2,soon,view,1,"x,""y"""\n3,2024-01-05,buy,abc,\n4,2024-01-05,,1,\n'  # noqa: E501
    made = staged(write(text))
    assert made.rejects == [
        {
            "line": 4,
            "column": "ts",
            "value": "soon",
            "reason": "not a date or time",
            "row": '2,soon,view,1,"x,""y"""',
        },
        {
            "line": 5,
            "column": "amount",
            "value": "abc",
            "reason": "not a number",
            "row": "3,2024-01-05,buy,abc,",
        },
        {"line": 6, "column": "action", "value": None, "reason": "missing", "row": "4,2024-01-05,,1,"},
    ]
    assert made.column("text") == ["a\nb"]


def test_mapping_override(write, staged):
    text = "who,when,did,what\n1,2024-01-05,view,i1\n"
    path = write(text)
    with pytest.raises(UserError) as error:
        staged(path, kind="events")
    assert error.value.code == "missing_columns"
    assert "who, when, did, what" in error.value.hint
    mapping = {"user_id": "who", "ts": "when", "action": "did"}
    made = staged(path, kind="events", mapping=mapping)
    assert made.receipt["mapping"] == mapping
    assert made.receipt["unmapped"] == ["what"]


@pytest.mark.parametrize(
    ("mapping", "code"),
    [
        ({"user_id": "who", "ts": "when", "action": "nothing"}, "unknown_header"),
        ({"user_id": "who", "ts": "when", "action": "did", "mood": "what"}, "unknown_field"),
        ({"user_id": "who", "ts": "when", "action": "when"}, "header_used_twice"),
    ],
)
def test_wrong_mappings(write, staged, mapping, code):
    with pytest.raises(UserError) as error:
        staged(write("who,when,did,what\n1,2024-01-05,view,i1\n"), kind="events", mapping=mapping)
    assert error.value.code == code
    assert error.value.hint


def test_inspection(write):
    found = inspect(write(EVENTS))
    assert (found.kind, found.encoding, found.delimiter_name) == ("events", "utf-8", "comma")
    assert found.mapping["user_id"] == "user_id"
    assert "'action'" in found.reason
    assert found.sample[0][0] == "u1"
    assert found.missing == found.questions == found.unmapped == []
    assert json.loads(json.dumps(found.as_dict(), ensure_ascii=False))["shape"] == found.shape


def test_remembered_mapping_is_offered(write):
    path = write(EVENTS)
    remembered = {"user_id": "item_id", "ts": "ts", "action": "action"}
    assert inspect(path, remembered=remembered).mapping == remembered
    assert not inspect(path, remembered={"user_id": "elsewhere"}).remembered


def test_shape_ignores_case_and_spaces(write):
    other = write(EVENTS.replace("user_id,ts", " User ID ,TS"), "b.csv")
    assert inspect(write(EVENTS)).shape == inspect(other).shape


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("用户ID,下单时间,支付金额", "orders"),
        ("买家昵称,付款时间,实付金额(元)", "orders"),
        ("用户ID,时间,行为类型", "events"),
        ("a,b,c", "records"),
    ],
)
def test_chinese_headers(write, header, kind):
    assert inspect(write(f"{header}\nx,2024-01-05,1\n")).kind == kind


def test_options_are_checked(write, tmp_path):
    for options, code in (
        (Options(date_order="ydm"), "bad_date_order"),
        (Options(timezone="Mars"), "bad_timezone"),
        (Options(kind="people"), "bad_kind"),
        (Options(encoding="klingon"), "bad_encoding_name"),
    ):
        with pytest.raises(UserError) as error:
            stage(write(EVENTS), tmp_path / "o", options)
        assert error.value.code == code
        assert not (tmp_path / "o").exists()
