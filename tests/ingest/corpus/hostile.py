"""Files that are no tables, that want to do harm, and exports of shops as they come."""

from __future__ import annotations

from decimal import Decimal

from tests.ingest.corpus.cases import Case, table

_HEADER = "user_id,ts,action"
_SQL = "x'); DROP TABLE raw; --"
_SCRIPT = "<script>alert(1)</script>"
NO_TABLES = [
    Case(name="empty.csv", content=b"", error="empty_file"),
    Case(name="blank.csv", content=b"\xef\xbb\xbf \n\n", error="empty_file"),
    Case(
        name="page.csv",
        content=b"<!DOCTYPE html><html><body>Log in, please, again</body></html>",
        error="not_a_table",
        says="a web page",
    ),
    Case(
        name="excel-that-is-html.csv",
        content="\n<table><tr><td>订单</td></tr></table>".encode("gbk"),
        error="not_a_table",
    ),
    Case(
        name="picture.csv",
        content=b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)),
        error="not_a_table",
        says="a picture",
    ),
    Case(
        name="photo.csv",
        content=b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(range(256)) * 4,
        error="not_a_table",
    ),
    Case(name="paper.csv", content=b"%PDF-1.7\n1 0 obj, text, more\n", error="not_a_table"),
    Case(name="letter.csv", content=b"Dear all\nsee you soon\n", error="not_enough_columns"),
    Case(
        name="nul-bytes.csv",
        content=table(_HEADER, "1,2024-01-05,view", "2\0,2024-01-05,li\0ke").encode(),
        error="not_a_table",
    ),
    Case(name="archive.csv", content=b"PK\x03\x04" + b"abc" * 20, error="zip_file"),
    Case(name="cut-short.csv.gz", content=b"\x1f\x8b\x08\x00rubbish", error="broken_gzip"),
    Case(name="no-parquet.parquet", content=b"PAR1rubbishPAR1", error="broken_parquet"),
]
HARM = [
    Case(
        name="formulas.csv",
        content=table(
            _HEADER + ",text",
            '1,2024-01-05,comment,"=HYPERLINK(""http://x"")"',
            "2,2024-01-05,comment,@SUM(A1)",
            "=1+1,2024-01-05,comment,-x",
        ).encode(),
        rows=(3, 0),
        cells={"text": ['=HYPERLINK("http://x")', "@SUM(A1)", "-x"], "user_id": ["1", "2", "=1+1"]},
    ),
    Case(
        name="script.csv",
        content=table(f"{_SCRIPT},b", f"{_SCRIPT},x", "y,z").encode(),
        kind="records",
        rows=(2, 0),
        cells={_SCRIPT: [_SCRIPT, "y"]},
    ),
    Case(
        name="sql-in-headers.csv",
        content=table(f'"{_SQL}","a""; DELETE FROM imports",c', "p,q,r", "s,t,u").encode(),
        kind="records",
        rows=(2, 0),
        cells={_SQL: ["p", "s"], 'a"; DELETE FROM imports': ["q", "t"]},
    ),
    Case(
        name="sql-in-cells.csv",
        content=table(_HEADER, f'"{_SQL}",2024-01-05,"vi\'ew"', "2,2024-01-05,view").encode(),
        rows=(2, 0),
        told={"unknown_actions": 1},
        cells={"user_id": [_SQL, "2"], "action": ["vi'ew", "view"]},
    ),
    Case(
        name="..%2F..%2Fetc%2Fpasswd'; DROP.csv",
        content=table(_HEADER, "1,2024-01-05,view").encode(),
        rows=(1, 0),
        cells={"user_id": ["1"]},
    ),
    Case(
        name="markdown.csv",
        content=table("**a**,[b](http://x),c|d", "`x`,y,z", "_p_,q,r").encode(),
        kind="records",
        rows=(2, 0),
        cells={"**a**": ["`x`", "_p_"], "[b](http://x)": ["y", "q"]},
    ),
    Case(
        name="control-characters.csv",
        content=table(
            _HEADER + ",text", "1,2024-01-05,comment,\x1b[31mred", "2,2024-01-05,comment,plain"
        ).encode(),
        rows=(2, 0),
        cells={"text": ["\x1b[31mred", "plain"]},
    ),
]
_DOUYIN = "主订单编号,选购商品,商品ID,商品数量,商品金额,订单提交时间,支付完成时间,订单状态,售后状态"
_AT, _PAID = "2025/4/30 21:05:11", "2025/4/30 21:06"
SHOPS = [
    Case(
        name="douyin-orders.csv",
        content=table(
            _DOUYIN,
            f"6921234567890123456\t,口红,3500000000000000001\t,1,99.00,{_AT},{_PAID},已完成,-",
            f"6921234567890123456\t,面膜,3500000000000000002\t,2,¥198.00,{_AT},{_PAID},已完成,退款成功",
            f"6921234567890123457\t,面膜,3500000000000000002\t,2,198.00,{_AT},,待支付,-",
            f"6921234567890123458\t,面膜,3500000000000000002\t,2,198.00,{_AT},,已关闭,-",
            f"6921234567890123459\t,面膜,3500000000000000002\t,2,198.00,{_AT},{_PAID},已关闭,已全额退款",
            f"6921234567890123460\t,面膜,3500000000000000002\t,2,198.00,{_AT},{_PAID},已关闭,-",
            f"6921234567890123461\t,面膜,3500000000000000002\t,2,198.00,{_AT},{_PAID},已发货,退款中",
            f"6921234567890123462\t,面膜,3500000000000000002\t,1,99.00,{_AT},,已签收,-",
        ).encode("gb18030"),
        encoding="gb18030",
        kind="orders",
        rows=(5, 3),
        reasons={"order not paid": 2, "order cancelled": 1},
        lines=(4, 5, 7),
        told={"no_customer_column": 8, "refunded": 2, "refund_unsettled": 1},
        says="主订单编号",
        cells={
            "order_id": ["6921234567890123456"] * 2
            + ["6921234567890123459", "6921234567890123461", "6921234567890123462"],
            "item_id": ["3500000000000000001"] + ["3500000000000000002"] * 4,
            "action": ["purchase", "refund", "refund", "purchase", "purchase"],
            "amount": [Decimal(99), Decimal(0), Decimal(0), Decimal(198), Decimal(99)],
            "user_id": [None] * 5,
        },
    ),
    Case(
        name="unpaid-only.csv",
        content=table(_DOUYIN, f"1,口红,2,1,99.00,{_AT},,待支付,-").encode(),
        error="all_rejected",
        says="order not paid",
    ),
    Case(
        name="shop-states.csv",
        content=table(
            "buyer,order no,order date,paid,status",
            "a,1,2024-01-05,5,Completed",
            "b,2,2024-01-05,5,awaiting payment",
            "c,3,2024-01-05,5,CANCELLED",
            "d,4,2024-01-05,5,refunded",
        ).encode(),
        kind="orders",
        rows=(2, 2),
        reasons={"order cancelled": 1, "order not paid": 1},
        lines=(3, 4),
        told={"refunded": 1},
        cells={"user_id": ["a", "d"], "amount": [Decimal(5), Decimal(0)]},
    ),
    Case(
        name="cancellations-with-c.csv",
        content=table(
            "CustomerID,InvoiceDate,InvoiceNo,Quantity,UnitPrice",
            "1,2024-01-05,536365,6,2.55",
            "1,2024-01-06,C536365,-6,2.55",
        ).encode(),
        kind="orders",
        rows=(2, 0),
        told={"cancelled": 1, "negative_quantity": 1},
        cells={"amount": [Decimal("15.3"), Decimal("-15.3")]},
    ),
    Case(
        name="click-log.csv",
        content=table(
            "1,2268318,2520377,pv,1511544070",
            "1,2333346,2520771,fav,1511561733",
            "2,2268318,2520377,cart,1511561734",
            "2,2268318,2520377,buy,1511561735",
        ).encode(),
        rows=(4, 0),
        told={"no_header": 1},
        says="column_4 holds words for actions (pv, fav, cart, buy)",
        cells={
            "user_id": ["1", "1", "2", "2"],
            "item_id": ["2268318", "2333346", "2268318", "2268318"],
            "category": ["2520377", "2520771", "2520377", "2520377"],
            "action": ["view", "favourite", "cart", "purchase"],
        },
    ),
    Case(
        name="click-log-with-dates.tsv",
        content=table(
            "2017/11/25 1:21\tu1\ti1\t浏览", "2017/11/25 1:22\tu2\ti1\t收藏", "2017/11/25 1:23\tu2\ti1\t购买"
        ).encode("gbk"),
        encoding="gb18030",
        delimiter="\t",
        rows=(3, 0),
        told={"no_header": 1},
        cells={
            "user_id": ["u1", "u2", "u2"],
            "item_id": ["i1"] * 3,
            "action": ["view", "favourite", "purchase"],
        },
    ),
    Case(
        name="numbers-without-header.csv",
        content=table("1,2,3", "4,5,6").encode(),
        kind="records",
        rows=(2, 0),
        told={"no_header": 1},
        cells={"column_1": [1, 4], "column_3": [3, 6]},
    ),
    Case(
        name="impressions.csv",
        content=table(
            "user_id,ts,category,propensity,seconds", "1,2024-01-05,beauty,0.25,3", "2,2024-01-05,food,1.5,4"
        ).encode(),
        kind="impressions",
        rows=(2, 0),
        told={"propensity_unlikely": 1},
        cells={"propensity": [0.25, 1.5]},
    ),
    Case(
        name="creators.csv",
        content=table(
            "达人ID,平台,粉丝数,互动率,报价", "k1,抖音,12.5万,5%,8000", "k2,快手,30w,4%,免费"
        ).encode(),
        kind="creators",
        rows=(1, 1),
        reasons={"not a number": 1},
        lines=(3,),
        cells={"followers": [125000], "interaction_rate": [0.05]},
    ),
    Case(
        name="any-table.csv",
        content=table("region,month,visits", "north,2024-01,5", "south,2024-02,6").encode(),
        kind="records",
        rows=(2, 0),
        cells={"visits": [5, 6]},
        says="no column for",
    ),
]
CASES = [*NO_TABLES, *HARM, *SHOPS]
