from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from socialml import artefacts
from socialml.artefacts import Table


@dataclass(frozen=True, eq=False)
class Everything:
    frame: pd.DataFrame
    table: Table
    maybe: Table | None
    array: np.ndarray
    day: date | None
    moment: datetime
    scores: dict[int, float]
    words: tuple[str, ...]
    nothing: str | None


def make(**changes: object) -> Everything:
    values: dict = {
        "frame": pd.DataFrame({"a": [1, 2], "b": ["客户", None]}),
        "table": Table(pa.table({"x": [1.5, None]})),
        "maybe": None,
        "array": np.arange(6.0).reshape(2, 3),
        "day": date(2024, 2, 29),
        "moment": datetime(2024, 1, 1, 2, 3, 4),
        "scores": {2: 0.5, 3: float("nan")},
        "words": ("a", "b"),
        "nothing": None,
    }
    return Everything(**{**values, **changes})


def test_everything_comes_back_as_it_was(tmp_path: Path) -> None:
    artefacts.write(make(), tmp_path / "run")
    back = artefacts.read(Everything, tmp_path / "run")
    pd.testing.assert_frame_equal(back.frame, make().frame)
    assert back.table.path == tmp_path / "run" / "table.parquet"
    assert back.table.read().to_pydict() == {"x": [1.5, None]}
    assert back.table.rows == 2
    assert back.maybe is None
    np.testing.assert_array_equal(back.array, make().array)
    assert (back.day, back.moment, back.words, back.nothing) == (make().day, make().moment, ("a", "b"), None)
    assert back.scores[2] == 0.5
    assert np.isnan(back.scores[3])


def test_what_cannot_be_stored_plainly_is_refused_and_no_folder_appears(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="array"):
        artefacts.write(make(array=np.array([object()])), tmp_path / "run")
    with pytest.raises(TypeError, match="nothing"):
        artefacts.write(make(nothing=object()), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_nothing_in_a_folder_is_ever_unpickled(tmp_path: Path) -> None:
    artefacts.write(make(), tmp_path / "run")
    np.savez(tmp_path / "run" / "array.npz", value=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        artefacts.read(Everything, tmp_path / "run")


def test_a_table_on_disk_reads_only_the_columns_asked_for(tmp_path: Path) -> None:
    Table(pa.table({"a": [1], "b": [2]})).save(tmp_path / "t.parquet")
    table = Table(tmp_path / "t.parquet")
    assert table.columns == ["a", "b"]
    assert table.read(["b"]).to_pydict() == {"b": [2]}


def test_what_an_earlier_version_wrote_is_known_before_it_is_read(tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Earlier:
        frame: pd.DataFrame
        day: date | None

    artefacts.write(make(), tmp_path / "now")
    artefacts.write(Earlier(make().frame, None), tmp_path / "then")
    assert artefacts.readable(Everything, tmp_path / "now")
    assert artefacts.readable(Earlier, tmp_path / "now")
    assert not artefacts.readable(Everything, tmp_path / "then")
    assert not artefacts.readable(Everything, tmp_path / "gone")
