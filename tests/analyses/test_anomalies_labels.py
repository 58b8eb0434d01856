"""Lists of what is known to be wrong: which rows they name, and what is said of those that name none."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from socialml.analyses import anomalies
from socialml.errors import UserError
from socialml.ingest.task import ingest_file
from socialml.store import Store
from tests.support import add, order


def clock(k: int, seconds: str = "01") -> str:
    return f"2024-01-{1 + k // 24:02d} {k % 24:02d}:00:{seconds}"


@pytest.fixture(scope="module")
def metric(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Two series of 60 hours, each from a file of its own, on the hour and a second."""
    folder = tmp_path_factory.mktemp("metric")
    with Store(folder / "s.duckdb") as store:
        for name, step in (("east", 1), ("west", 2)):
            file = folder / f"{name}.csv"
            file.write_text("\n".join(["time,clicks", *(f"{clock(k)},{k * step}.5" for k in range(60))]))
            ingest_file(store, file, "metric", kind="records")
        yield store


def matched(
    store: Store, folder: Path, text: str, dataset: str = "metric", encoding: str = "utf-8", **config: Any
) -> anomalies.Matched:
    file = folder / "list.csv"
    file.write_bytes(text.encode(encoding))
    return anomalies.match_labels(store, dataset, file, anomalies.Config(**config))


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (f"time,series\n{clock(3)},east\n{clock(9)},west\n", "utf-8"),
        (
            f"timestamp,file\n{clock(3)[:16]},east.csv\n{clock(9)[:16]},west.csv\n",
            "utf-8",
        ),  # as a spreadsheet writes
        (f"店;时间\neast;{clock(3)}\nwest;{clock(9)}\n", "gbk"),  # a column is known by what it holds
        (
            f"time,series,wrong\n{clock(3)},east,1\n{clock(4)},east,0\n{clock(5)},west,No\n{clock(9)},west,yes\n",
            "utf-8",
        ),
    ],
)
def test_a_list_names_points_by_time_and_series(
    metric: Store, tmp_path: Path, text: str, encoding: str
) -> None:
    found = matched(metric, tmp_path, text, encoding=encoding)
    assert (found.rows, found.missed, found.shared_by) == (2, 0, 0)
    metric.set_labels("metric", found.keys)
    taken = anomalies.prepare(metric, "metric", anomalies.Config())
    rows = taken.rows.read().to_pandas()
    named = rows[rows["key"].isin(taken.labels)]  # type: ignore[arg-type]
    assert list(zip(named["series"], named["value"], strict=True)) == [("east", 3.5), ("west", 18.5)]


def test_a_time_without_a_series_counts_in_each_and_it_is_said(metric: Store, tmp_path: Path) -> None:
    found = matched(metric, tmp_path, f"time\n{clock(3)}\n2031-01-01 00:00\n")
    assert (len(found.keys), found.rows, found.missed, found.shared_by) == (2, 2, 1, 2)


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("when exactly,series\n2024-01-01 03:00:01,east\n", "no_column", "Name it 'time'"),
        ("time,series\n2024-01-01 03:00:01,north\n", "no_such_series", "The series are east, west."),
        ("time\n2031-01-01 03:00:01\n", "no_label_found", "from 2024-01-01 00:00:01 to 2024-01-03 11:00:01"),
        ("time\nnever\n", "no_label_found", "clock of Asia/Shanghai"),
        ("time,wrong\n2024-01-01 03:00:01,no\n", "none_wrong", "Write 1 or yes"),
    ],
)
def test_a_list_that_names_no_point_says_what_to_mend(
    metric: Store, tmp_path: Path, text: str, code: str, words: str
) -> None:
    with pytest.raises(UserError) as caught:
        matched(metric, tmp_path, text)
    assert caught.value.code == code
    assert words in caught.value.hint


def test_a_column_of_labels_comes_before_a_list(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "m.csv"
    file.write_text("\n".join(["time,clicks,wrong", *(f"{clock(k)},{k}.5,{int(k == 7)}" for k in range(60))]))
    ingest_file(store, file, "metric", kind="records")
    store.set_labels(
        "metric", matched(store, tmp_path, f"time\n{clock(3)}\n{clock(4)}\n", value="clicks").keys
    )
    by_list = anomalies.prepare(store, "metric", anomalies.Config(value="clicks"))
    by_column = anomalies.prepare(store, "metric", anomalies.Config(label="wrong"))
    assert [len(inputs.labels) for inputs in (by_list, by_column)] == [2, 1]  # type: ignore[arg-type]


def test_a_list_of_other_series_says_nothing_of_these(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "m.csv"
    file.write_text("\n".join(["time,shop,clicks", *(f"{clock(k)},east,{k}.5" for k in range(60))]))
    ingest_file(store, file, "metric", kind="records")
    store.set_labels("metric", matched(store, tmp_path, f"time\n{clock(3)}\n", series="shop").keys)
    by_shop, by_file = (
        anomalies.prepare(store, "metric", anomalies.Config(series=name)).labels for name in ("shop", None)
    )
    assert by_shop is not None
    assert len(by_shop) == 1
    assert by_file is None


def test_a_list_names_the_lines_of_orders_by_number_and_amount(shop: Store, tmp_path: Path) -> None:
    lines = [order("u1", 1, 10), order("u1", 1, 1234.5), order("u2", 2, 7)]
    for line, number in zip(lines, ("A1", "A1", "A2"), strict=True):
        line["order_id"] = number
    add(shop, lines)
    found = matched(shop, tmp_path, '订单号,金额\nA1,"￥1,234.50"\nA2,\nA2,seven\nB9,7\n', "shop", "gbk")
    assert (len(found.keys), found.rows, found.missed) == (2, 4, 2)
    assert len(matched(shop, tmp_path, "order_id\nA1\n", "shop").keys) == 2  # every line of the order
