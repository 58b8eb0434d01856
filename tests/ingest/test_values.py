"""Amounts, numbers and round trips."""

from __future__ import annotations

import csv
import io
import tempfile
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from socialml.ingest import Options, stage

FEW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def orders(*amounts: str) -> str:
    return "user\tdate\tamount\n" + "".join(f"1\t2024-01-05\t{amount}\n" for amount in amounts)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1,234.50", "1234.5"),
        ("¥12", "12"),
        ("￥1,000", "1000"),
        ("$ 5.5", "5.5"),
        ("€7", "7"),
        ("£0.99", "0.99"),
        ("(12.50)", "-12.5"),
        ("($3)", "-3"),
        ("-￥3", "-3"),
        ("￥-3", "-3"),
        ("12元", "12"),
        ("1e3", "1000"),
        ("+4", "4"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1.00005", "1"),
        ("1.00015", "1.0002"),
        ("-1.00025", "-1.0002"),
        ("0.30000000000000004", "0.3"),
        ("99999999999999", "99999999999999"),
        ("CNY 8", "8"),
        ("1e-5", "0"),
    ],
)
def test_amounts(write, staged, text, amount):
    assert staged(write(orders(text))).column("amount") == [Decimal(amount)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("abc", "not a number"),
        ("5%", "not a number"),
        ("(5", "not a number"),
        ("1 2", "not a number"),
        ("nan!", "not a number"),
        ("1e30", "too large"),
        ("100000000000000", "too large"),
        ("NULL", "missing"),
        ("n/a", "missing"),
        ("", "missing"),
        ("1.2.3", "not a number"),
        ("--5", "not a number"),
    ],
)
def test_no_amounts(write, staged, text, reason):
    made = staged(write(orders("1", text)))
    assert [(r["line"], r["reason"]) for r in made.rejects] == [(3, reason)]


def test_numbers(write, staged):
    text = 'user_id,ts,action,seconds,pages\n1,2024-01-05,view,"1,000.5",2.0\n2,2024-01-05,view,inf,1\n3,2024-01-05,view,2,2.5\n4,2024-01-05,view,NaN,\n'  # noqa: E501
    made = staged(write(text))
    assert made.column("seconds") == [1000.5, None]
    assert made.column("pages") == [2, None]
    assert [r["reason"] for r in made.rejects] == ["not a number", "not a whole number"]


@FEW
@given(
    st.lists(
        st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, places=7), min_size=1, max_size=20
    )
)
def test_totals_are_exact(amounts):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.tsv"
        path.write_text(orders(*(format(amount, "f") for amount in amounts)), encoding="utf-8")
        found = stage(path, Path(folder) / "out")
        rounded = [amount.quantize(Decimal("0.0001"), ROUND_HALF_EVEN) for amount in amounts]
        assert pq.read_table(found.accepted)["amount"].to_pylist() == rounded
        assert Decimal(found.receipt["gross_total"]) == sum(rounded)


TEXT = st.text(
    st.characters(codec="gb18030", exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp", "Cf", "Cn", "Co"]),
    max_size=12,
)
CELL = st.one_of(
    TEXT,
    st.sampled_from(["", "a,b", 'say "hi"', "two\nlines", "x;y|z", "007", "6900000000000000001", "用户"]),
)


@FEW
@given(
    rows=st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=15),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]),
    delimiter=st.sampled_from([",", "\t", ";", "|"]),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_any_table_comes_back_cell_for_cell(rows, encoding, delimiter, end, quoting):
    """Written in any dialect and encoding, read as records with one column that keeps all of them text."""
    table = [(f"k{i}", "text", *row) for i, row in enumerate(rows)]
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerow(["key", "always", "one", "two", "three"])
    writer.writerows(table)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(buffer.getvalue().encode(encoding))
        options = Options(kind="records", encoding=encoding, delimiter=delimiter)
        found = stage(path, Path(folder) / "out", options)
        assert found.receipt["rows_accepted"] == len(table)
        assert found.receipt["rows_rejected"] == 0
        for made, row in zip(pq.read_table(found.accepted).to_pylist(), table, strict=True):
            for have, wanted in zip(made.values(), row, strict=True):
                if isinstance(have, str) or have is None:
                    assert (have or "") == wanted
                else:  # a whole column of numbers or truth values
                    assert wanted.lower() in (str(have).lower(), "", "null") or float(wanted) == float(have)


@FEW
@given(
    st.lists(
        st.sampled_from(
            [
                "1,2024-01-05,view",
                "2,soon,view",
                "3,2024-01-05",
                "4,2024-01-05,view,x",
                '5,"2024-01-05",view',
                '6,"open,view',
                "",
                "7,,view",
                '8,2024-01-05,"vi\new"',
                '9,2024-01-05,vi"ew',
                ",2024-01-05,like",
                '"",2024-01-05,',
                " ",
            ]
        ),
        max_size=30,
    )
)
def test_rows_are_conserved(lines):
    """Whatever the rows look like, each is accepted or rejected, and a clean one is never lost."""
    text = "\n".join(["user_id,ts,action", "0,2024-01-05,view", *lines])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_text(text, encoding="utf-8")
        receipt = (found := stage(path, Path(folder) / "out", Options(kind="events"))).receipt
        rejected = pq.read_table(found.rejects).num_rows if found.rejects else 0
        accepted = pq.read_table(found.accepted)["user_id"].to_pylist()
        assert receipt["rows_read"] == receipt["rows_accepted"] + receipt["rows_rejected"]
        assert (len(accepted), rejected) == (receipt["rows_accepted"], receipt["rows_rejected"])
        assert accepted.count("1") == lines.count("1,2024-01-05,view")


def test_patient_cells_among_many_plain_ones(write, staged):
    """A few odd cells change nothing about the others, and keep their places."""
    cells = [f"{i}.25" for i in range(3000)]
    cells[7], cells[1500], cells[2999] = "￥1,000", "twelve", "-"
    made = staged(write(orders(*cells)))
    assert made.column("amount")[7] == Decimal(1000)
    assert made.column("amount")[1499:1501] == [Decimal("1499.25"), Decimal("1501.25")]
    assert [(r["line"], r["value"], r["reason"]) for r in made.rejects] == [
        (1502, "twelve", "not a number"),
        (3001, None, "missing"),
    ]
