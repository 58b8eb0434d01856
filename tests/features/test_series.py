from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from socialml.errors import UserError
from socialml.features import series
from socialml.ingest.task import ingest_file
from socialml.store import Store


def write(folder: Path, name: str, header: str, lines: list[str]) -> Path:
    file = folder / name
    file.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return file


def hours(rows: int, value: str = "{k}.5", start: int = 0) -> list[str]:
    return [
        f"2024-01-{1 + k // 24:02d} {k % 24:02d}:00:00,{value.format(k=k)}"
        for k in range(start, start + rows)
    ]


def take(store: Store, **choices: Any) -> series.Points:
    with store.read() as con:
        return series.take(store, con, "metric", **choices)


def test_each_file_is_a_series_and_times_that_come_twice_are_one_point(store: Store, tmp_path: Path) -> None:
    twice = hours(60)[3].replace("3.5", "5.5")
    other = [*hours(60, "{k}.25")[:-1], hours(60)[-1]]  # its last row is as in the other file
    for name, lines in (("a.csv", [*hours(60), twice]), ("b.csv", other)):
        ingest_file(store, write(tmp_path, name, "time,clicks", lines), "metric", kind="records")
    found = take(store)
    assert (found.value, found.time, found.repeated, found.empty) == ("clicks", "time", 1, 0)
    assert found.same == 1
    frame = found.table.to_pandas()
    assert frame["series"].unique().tolist() == ["a", "b"]
    assert frame["key"].is_unique
    assert frame["value"][3] == 4.5  # the mean of 3.5 and 5.5
    assert frame.groupby("series")["ts"].is_monotonic_increasing.all()


def test_a_column_names_the_series_and_another_the_wrong_points(store: Store, tmp_path: Path) -> None:
    lines = [f"{line},{name},{int(k == 7)}" for name in ("east", "west") for k, line in enumerate(hours(60))]
    file = write(tmp_path, "m.csv", "time,clicks,shop,wrong", lines)
    ingest_file(store, file, "metric", kind="records")
    found = take(store, value="clicks", series="shop", label="wrong")
    frame = found.table.to_pandas()
    assert frame["series"].value_counts().to_dict() == {"east": 60, "west": 60}
    assert frame["wrong"].astype(bool).sum() == 2
    assert take(store, series="shop", label="wrong").value == "clicks"  # the label is no value


@pytest.mark.parametrize(
    ("header", "lines", "choices", "code"),
    [
        ("time,clicks", hours(10), {}, "short_series"),
        ("name,clicks", [f"x{k},{k}" for k in range(60)], {}, "no_time"),
        ("time,clicks,views", hours(60, "{k},{k}"), {}, "which_value"),
        ("time,name", hours(60, "x{k}"), {}, "which_value"),
        ("time,clicks", hours(60), {"value": "likes"}, "no_column"),
        ("time,clicks,name", hours(60, "{k},x"), {"value": "name"}, "not_a_number"),
        ("time,clicks,name", hours(60, "{k},x{k}"), {"series": "name"}, "short_series"),
    ],
)
def test_what_is_no_series_is_said_in_a_sentence(
    store: Store, tmp_path: Path, header: str, lines: list[str], choices: dict[str, str], code: str
) -> None:
    ingest_file(store, write(tmp_path, "m.csv", header, lines), "metric", kind="records")
    with pytest.raises(UserError) as caught:
        take(store, **choices)
    assert caught.value.code == code
    assert caught.value.hint


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("{k}", "60 different values"),  # a measurement, by mistake
        ("bad", "of every point that it is wrong"),
        ("否", "of no point that it is wrong"),
    ],
)
def test_a_column_that_is_no_label_is_refused(store: Store, tmp_path: Path, word: str, words: str) -> None:
    lines = hours(60, "{k}.5," + word.replace("{k}", "x{k}"))
    ingest_file(store, write(tmp_path, "m.csv", "time,clicks,note", lines), "metric", kind="records")
    with pytest.raises(UserError) as caught:
        take(store, label="note")
    assert caught.value.code == "unclear_label"
    assert words in caught.value.message


def test_a_minute_that_holds_two_points_names_neither() -> None:
    times = ["2024-01-01 10:00:05", "2024-01-01 10:00:45", "2024-01-01 10:01:05"]
    points = pa.table({"key": pa.array([1, 2, 3], pa.uint64()), "series": ["a"] * 3, "ts": stamps(times)})
    wanted = pa.table(
        {"ts": stamps(["2024-01-01 10:00", "2024-01-01 10:01", times[0]]), "series": [None, "a", "a"]}
    )
    with duckdb.connect() as con:
        keys, missed = series.match(con, points, wanted)
    assert keys.tolist() == [1, 3]
    assert missed == 1


def stamps(texts: list[str]) -> pa.Array:
    return pa.array([datetime.fromisoformat(text) for text in texts], pa.timestamp("us"))


def test_a_column_that_looks_like_a_place_to_fill_in_is_a_column(store: Store, tmp_path: Path) -> None:
    """The file's name holds a quote: put into the column's name it would end it."""
    file = tmp_path / 'a" FROM rows_1; DROP TABLE imports; --.csv'
    lines = [
        'time,$file,va"lue',
        *(f"2024-03-{1 + k // 24:02d} {k % 24:02d}:00:00,x{k % 2},{k}" for k in range(120)),
    ]
    file.write_text("\n".join(lines), encoding="utf-8")
    ingest_file(store, file, "points", kind="records")
    with store.read() as con:
        found = series.take(store, con, "points", value='va"lue', series="$file")
    assert store.imports("points")[0].rows == 120
    assert sorted(found.table["series"].unique().to_pylist()) == ["x0", "x1"]
