"""Ids, dates, amounts, and what looks wrong in them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from tests.ingest.corpus.cases import Case, table

_EVENTS, _ORDERS = "user_id,ts,action", "user_id,date,amount"
_DAY = datetime(2024, 1, 25)


def _times(name: str, *times: str, to: list[datetime] | None = None, **more) -> Case:
    content = table(_EVENTS.replace(",", ";"), *[f"1;{time};view" for time in times]).encode()
    if to is not None:
        more = {"rows": (len(times), 0), "cells": {"ts_local": to}} | more
    return Case(name=name, content=content, delimiter=";", **more)


def _amounts(name: str, *cells: str, to: list[str] | None = None, header: str = "amount", **more) -> Case:
    rows = [f"{i}\t2024-01-05\t{cell}" for i, cell in enumerate(cells)]
    content = table(_ORDERS.replace("amount", header).replace(",", "\t"), *rows).encode()
    if to is not None:
        more = {
            "rows": (len(to), len(cells) - len(to)),
            "cells": {"amount": [Decimal(text) for text in to]},
        } | more
    return Case(name=name, content=content, kind="orders", delimiter="\t", **more)


IDS = [
    Case(
        name="ids.csv",
        content=table(
            _EVENTS + ",item_id", "6900000000000000001\t,2024-01-05,view,0012", " 007,2024-01-05,view,x "
        ).encode(),
        rows=(2, 0),
        cells={"user_id": ["6900000000000000001", "007"], "item_id": ["0012", "x"]},
    ),
    Case(
        name="damaged-ids.csv",
        content=table(_EVENTS + ",item_id", "1,2024-01-05,view,6.9E+18").encode(),
        rows=(1, 0),
        told={"ids_damaged": 1},
        cells={"item_id": ["6.9E+18"]},
    ),
    Case(
        name="nobody.csv",
        content=table(_EVENTS, ",2024-01-05,view", "null,2024-01-05,like", "3,2024-01-05,view").encode(),
        rows=(3, 0),
        told={"missing_user": 2},
        cells={"user_id": [None, None, "3"]},
    ),
    Case(
        name="floats-of-pandas.csv",
        content=table(
            _EVENTS, "17850.0,2024-01-05,view", ",2024-01-05,like", "12.0,2024-01-06,view"
        ).encode(),
        rows=(3, 0),
        told={"missing_user": 1},
        cells={"user_id": ["17850", None, "12"]},
    ),
]
DATES = [
    _times("iso.csv", "2024-01-25", "2024-01-25 00:00:00", "2024-01-25T00:00", to=[_DAY] * 3, told={}),
    _times("slashes.csv", "2024/1/25", "2024/01/25 0:00", to=[_DAY] * 2),
    _times("day-first.csv", "25-1-2024", "3-4-2024", to=[_DAY, datetime(2024, 4, 3)]),
    _times("month-first.csv", "1/25/2024 0:00", "3/4/2024 9:05", to=[_DAY, datetime(2024, 3, 4, 9, 5)]),
    _times("epoch-seconds.csv", "1706112000", "1706112001", to=[_DAY, datetime(2024, 1, 25, 0, 0, 1)]),
    _times(
        "epoch-milliseconds.csv",
        "1706112000000",
        "1706112000250",
        to=[_DAY, datetime(2024, 1, 25, 0, 0, 0, 250000)],
    ),
    _times(
        "chinese-dates.csv",
        "2024年1月25日",
        "2024年01月25日 下午3:04",
        to=[_DAY, datetime(2024, 1, 25, 15, 4)],
    ),
    _times("with-zone.csv", "2024-01-24T16:00:00Z", "2024-01-25 01:00:00+09:00", to=[_DAY] * 2, told={}),
    _times(
        "mixed-forms.csv", "2024-01-25", "2024/1/25", "1706112000", "1/25/2024", "25.1.2024", to=[_DAY] * 5
    ),
    _times("unclear-dates.csv", "03-04-2024", "05-06-2024", error="date_order_unclear", says="03-04-2024"),
    _times(
        "unclear-dates-answered.csv",
        "03-04-2024",
        "05-06-2024",
        options={"date_order": "dmy"},
        to=[datetime(2024, 4, 3), datetime(2024, 6, 5)],
    ),
    _times(
        "impossible-dates.csv",
        "2024-01-25",
        "2024-02-30",
        "soon",
        "NULL",
        "0001-01-01",
        rows=(1, 4),
        lines=(3, 4, 5, 6),
        reasons={"not a date or time": 2, "missing": 1, "date before 1900 or after 2199": 1},
    ),
    _times("future.csv", "2024-01-25", "2030-01-01", rows=(2, 0), told={"future_dates": 1}),
]
AMOUNTS = [
    _amounts(
        "signs.csv",
        "¥12",
        "￥1,000.50",
        "$ 5.5",
        "(12.50)",
        "-￥3",
        "12元",
        "CNY 8",
        to=["12", "1000.5", "5.5", "-12.5", "-3", "12", "8"],
    ),
    _amounts("thousands.csv", "1,234", "12,345,678.90", "1,234.5", to=["1234", "12345678.9", "1234.5"]),
    _amounts(
        "decimal-commas.csv",
        "1.234,56",
        "12,5",
        "(€ 1.000,00)",
        "7",
        "1.000",
        to=["1234.56", "12.5", "-1000", "7", "1000"],
        told={"decimal_comma": 1},
    ),
    _amounts(
        "decimal-comma-late.csv", *["3"] * 300, "3,50", to=["3"] * 300 + ["3.5"], told={"decimal_comma": 1}
    ),
    _amounts(
        "french.csv",
        "1 234,56",
        "1\u202f234,50",
        "0,125",
        to=["1234.56", "1234.5", "0.125"],
        told={"decimal_comma": 1},
    ),
    _amounts("point-or-comma.csv", "1.234", "5", error="decimal_unclear", says="such as 1.234"),
    _amounts(
        "point-or-comma-answered.csv",
        "1.234",
        "5",
        options={"decimal": "comma"},
        to=["1234", "5"],
        told={"decimal_comma": 1},
    ),
    _amounts("both-signs.csv", "1,50", "2.50", error="decimal_unclear", says="both"),
    _amounts(
        "a-slip-of-the-comma.csv",
        *[f"{i}.25" for i in range(1, 31)],
        "3,5",
        to=[f"{i}.25" for i in range(1, 31)],
        reasons={"not a number": 1},
        lines=(32,),
    ),
    _amounts("perhaps-fen.csv", "19900", "5990", "12900", error="money_unit_unclear", says="19900"),
    _amounts(
        "fen.csv",
        "19900",
        "5990",
        "12905",
        options={"money_unit": "fen"},
        to=["199", "59.9", "129.05"],
        told={"amounts_in_fen": 1},
    ),
    _amounts(
        "large-yuan.csv",
        "19900",
        "5990",
        "12900",
        options={"money_unit": "yuan"},
        to=["19900", "5990", "12900"],
    ),
    _amounts(
        "yuan-in-header.csv", "19900", "5990", "12900", header="实付金额(元)", to=["19900", "5990", "12900"]
    ),
    _amounts(
        "no-amounts.csv",
        "5",
        "abc",
        "5%",
        "(5",
        "1e30",
        "NULL",
        "",
        "--5",
        to=["5"],
        lines=(3, 4, 5, 6, 7, 8, 9),
        reasons={"not a number": 4, "missing": 2, "too large": 1},
    ),
    _amounts(
        "many-decimals.csv", "1.00005", "0.30000000000000004", to=["1", "0.3"], told={"decimals_rounded": 2}
    ),
    _amounts(
        "far-out.csv",
        *[f"{20 + i % 13}.5" for i in range(60)],
        "99000.5",
        to=[*(f"{20 + i % 13}.5" for i in range(60)), "99000.5"],
        told={"outliers": 1},
    ),
    Case(
        name="unlikely-customers.csv",
        content=table("用户ID,性别,年龄,满意度", "1,女,200,5", "2,男,30,7", "3,男,-1,3").encode(),
        kind="users",
        rows=(3, 0),
        told={"age_unlikely": 2, "satisfaction_unlikely": 1},
        cells={"age": [200, 30, -1]},
    ),
    Case(
        name="negative-quantity.csv",
        content=table(
            "user_id,date,quantity,unit_price", "1,2024-01-05,-2,3.5", "1,2024-01-05,2,3.5"
        ).encode(),
        kind="orders",
        rows=(2, 0),
        told={"negative_quantity": 1},
        cells={"action": ["refund", "purchase"], "amount": [Decimal(-7), Decimal(7)]},
    ),
]
CASES = [*IDS, *DATES, *AMOUNTS]
