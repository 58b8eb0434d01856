"""Encodings, dialects and the shapes of rows."""

from __future__ import annotations

import codecs
import gzip

from tests.ingest.corpus.cases import Case, table

HEADER = "user_id,ts,action"
A, B = "1,2024-01-05,view", "2,2024-01-06,like"
PLAIN = table(HEADER, A, B)
CHINESE = table(
    "用户ID,行为时间,行为类型,商品类目",
    "6900000000000000001,2024-01-05 10:00:00,浏览,美妆护肤",
    "6900000000000000002,2024/1/6 9:05,加购,服饰内衣",
    "6900000000000000003,2024-01-07 10:00:00,购买,食品饮料",
)
_IDS = {
    "user_id": ["6900000000000000001", "6900000000000000002", "6900000000000000003"],
    "action": ["view", "cart", "purchase"],
    "category": ["美妆护肤", "服饰内衣", "食品饮料"],
}
_TWO = {"user_id": ["1", "2"], "action": ["view", "like"]}


def _encoded(name: str, encoding: str, found: str | None = None, mark: bytes = b"") -> Case:
    return Case(
        name=name,
        content=mark + CHINESE.encode(encoding),
        encoding=found or encoding,
        rows=(3, 0),
        cells=_IDS,
    )


def _split(name: str, delimiter: str, end: str = "\n", last: bool = True) -> Case:
    text = table(HEADER, A, B, end=end).replace(",", delimiter)
    return Case(
        name=name,
        content=(text if last else text.removesuffix(end)).encode(),
        delimiter=delimiter,
        rows=(2, 0),
        cells=_TWO,
    )


ENCODINGS = [
    _encoded("utf8.csv", "utf-8"),
    _encoded("utf8-mark.csv", "utf-8-sig"),
    _encoded("utf16-mark.csv", "utf-16"),
    _encoded("utf16-big-mark.csv", "utf-16-be", "utf-16", codecs.BOM_UTF16_BE),
    _encoded("utf16-little.csv", "utf-16-le"),
    _encoded("utf16-big.csv", "utf-16-be"),
    _encoded("gb18030.csv", "gb18030"),
    _encoded("gbk.csv", "gbk", "gb18030"),
    Case(
        name="gb18030-four-bytes.csv",
        content=table(HEADER + ",category", A + ",美妆㐀", B + ",服饰").encode("gb18030"),
        encoding="gb18030",
        rows=(2, 0),
        cells={"category": ["美妆㐀", "服饰"]},
    ),
    Case(
        name="latin1.csv",
        content=table(
            "name;ville;âge", *["André;Besançon;31", "Hélène;Orléans;45", "José;Málaga;28"] * 5
        ).encode("latin-1"),
        options={"kind": "records", "encoding": "latin-1"},
        kind="records",
        encoding="iso8859-1",
        delimiter=";",
        rows=(15, 0),
        told={"exact_duplicates": 12},
        cells={"ville": ["Besançon", "Orléans", "Málaga"] * 5},
    ),
    Case(
        name="gbk.csv.gz",
        content=gzip.compress(CHINESE.encode("gbk"), mtime=0),
        encoding="gb18030",
        rows=(3, 0),
        cells=_IDS,
    ),
    Case(
        name="said-to-be-utf8.csv",
        content=CHINESE.encode("gbk"),
        options={"encoding": "utf-8"},
        error="wrong_encoding",
    ),
    Case(
        name="no-such-encoding.csv",
        content=PLAIN.encode(),
        options={"encoding": "klingon"},
        error="bad_encoding_name",
    ),
    Case(
        name="one-broken-byte.csv",
        content=(CHINESE * 1 + "4,2024-01-08,view,坏").encode()[:-1]
        + b"\n"
        + table(*["5,2024-01-08,view,好"] * 2000).encode(),
        rows=(2004, 0),
        told={"undecodable": 1, "exact_duplicates": 1999},
        encoding="utf-8",
    ),
]
DIALECTS = [
    _split("tab.tsv", "\t"),
    _split("semicolon.csv", ";"),
    _split("pipe.txt", "|"),
    _split("windows-lines.csv", ",", "\r\n"),
    _split("old-mac-lines.csv", ",", "\r"),
    _split("no-last-line-end.csv", ",", last=False),
    Case(name="mixed-lines.csv", content=f"{HEADER}\r\n{A}\n{B}\r".encode(), rows=(2, 0), cells=_TWO),
    Case(
        name="blank-lines.csv", content=f"\n\n{HEADER}\n\n{A}\n\n\n{B}\n\n".encode(), rows=(2, 0), cells=_TWO
    ),
    Case(
        name="quoted-newlines.csv",
        content=table(HEADER + ",text", A + ',"one, ""two""\nthree"', B + ",", end="\r\n").encode(),
        rows=(2, 0),
        cells={"text": ['one, "two"\nthree', None]},
    ),
    Case(
        name="all-quoted.csv",
        content=table('"user_id","ts","action"', '"1","2024-01-05","view"').encode(),
        rows=(1, 0),
    ),
    Case(
        name="title-first.csv", content=("Report of January,,\n\n" + PLAIN).encode(), rows=(2, 0), cells=_TWO
    ),
    Case(
        name="delimiters-in-cells.csv",
        content=table(
            HEADER.replace(",", ";") + ";text", "1;2024-01-05;view;a,b|c", "2;2024-01-06;like;d,e"
        ).encode(),
        delimiter=";",
        rows=(2, 0),
        cells={"text": ["a,b|c", "d,e"]},
    ),
    Case(
        name="header-over-two-lines.csv",
        content=table('user_id,ts,action,"comment\ntext"', A + ",x", "2,soon,like,y").encode(),
        options={
            "mapping": {"user_id": "user_id", "ts": "ts", "action": "action", "text": "comment text"},
            "kind": "events",
        },
        rows=(1, 1),
        reasons={"not a date or time": 1},
        cells={"text": ["x"]},
        lines=(4,),
    ),
]
ROWS = [
    Case(
        name="ragged.csv",
        content=table(HEADER, A, "2,2024-01-05", "3,2024-01-05,view,more", "4,2024-01-05,like,,", B).encode(),
        rows=(3, 2),
        reasons={"too few cells": 1, "too many cells": 1},
        lines=(3, 4),
        cells={"user_id": ["1", "4", "2"]},
    ),
    Case(
        name="quote-never-closed.csv",
        content=table(HEADER + ",text", *[A + ",a"] * 3, '9,2024-01-05,view,"open', *[B + ",b"] * 3).encode(),
        rows=(6, 1),
        reasons={"quote never closed": 1},
        told={"exact_duplicates": 4},
        lines=(5,),
        cells={"user_id": ["1"] * 3 + ["2"] * 3},
    ),
    Case(
        name="stray-quotes.csv",
        content=table(HEADER + ",text", A + ',5" screen', B + ',"a "b" c"').encode(),
        rows=(2, 0),
        cells={"text": ['5" screen', 'a b" c"']},
    ),
    Case(name="one-column.csv", content=b"user_id\n1\n2\n", error="not_enough_columns"),
    Case(name="header-only.csv", content=HEADER.encode(), error="header_only"),
    Case(
        name="duplicate-headers.csv",
        content=table("a,A,a,,", "1,x,y,z,", "2,x,y,z,").encode(),
        options={"kind": "records"},
        kind="records",
        rows=(2, 0),
        told={"empty_columns": 1},
        cells={"a": [1, 2], "A_2": ["x", "x"], "a_3": ["y", "y"], "column_4": ["z", "z"]},
    ),
    Case(
        name="empty-columns.csv",
        content=table(HEADER + ",,", A + ",,", B + ",,").encode(),
        rows=(2, 0),
        cells=_TWO,
    ),
    Case(
        name="wide.csv",
        content=table(
            ",".join([HEADER, *(f"c{i}" for i in range(3, 2000))]),
            A + ",x" * 1997,
            "2,soon,like" + ",y" * 1997,
        ).encode(),
        rows=(1, 1),
        reasons={"not a date or time": 1},
        lines=(3,),
        cells={"user_id": ["1"]},
    ),
    Case(
        name="ten-megabyte-cell.csv",
        content=(table(HEADER + ",text", A + "," + "x" * 10_000_000) + B + ",y\n").encode(),
        rows=(2, 0),
        cells={"user_id": ["1", "2"], "text": ["x" * 10_000_000, "y"]},
    ),
    Case(
        name="repeated-rows.csv",
        content=table(HEADER, A, A, B).encode(),
        rows=(3, 0),
        told={"exact_duplicates": 1},
    ),
    Case(
        name="nothing-usable.csv",
        content=table(HEADER, "1,soon,view", "2,later,view").encode(),
        error="all_rejected",
        says="such as 'soon', line 2",
    ),
]
CASES = [*ENCODINGS, *DIALECTS, *ROWS]
