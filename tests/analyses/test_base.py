from __future__ import annotations

import sys
from dataclasses import dataclass, field
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from socialml import artefacts
from socialml.analyses import base
from socialml.errors import Cancelled, UserError
from socialml.progress import Progress
from socialml.store import Store


@dataclass(frozen=True, kw_only=True)
class Config:
    k: int = 5
    as_of: date | None = None
    seed: int = 3


@dataclass(frozen=True, eq=False)
class Result:
    table: pd.DataFrame
    array: np.ndarray

    def metrics(self) -> dict[str, Any]:
        return {"rows": len(self.table)}


@dataclass
class Toy:
    """An analysis that counts how often it was prepared, and may change the data meanwhile."""

    store: Store
    changes: int = 0
    prepared: list[str] = field(default_factory=list)
    Config = Config
    Result = Result

    def prepare(self, store: Store, dataset: str, config: Config) -> str:
        self.prepared.append(store.version(dataset))
        if self.changes:
            self.changes -= 1
            with store.write() as con:
                con.execute(
                    "INSERT INTO imports SELECT nextval('import_ids'), dataset_id, 'users', 'f.csv', 0,"
                    " now(), '{}' FROM datasets WHERE name = ?",
                    [dataset],
                )
        return dataset

    def compute(self, inputs: str, config: Config, report: base.Report) -> Result:
        for step in range(3):
            report(Progress(step + 1, 3, f"step {step + 1}"))
        return Result(pd.DataFrame({"n": range(config.k)}), np.arange(config.k))


@pytest.fixture
def toy(store: Store, monkeypatch: pytest.MonkeyPatch) -> Toy:
    store.ensure_dataset("shop")
    made = Toy(store)
    monkeypatch.setattr(base, "load", lambda name: made)
    return made


def test_names_are_the_modules_of_the_package() -> None:
    assert "base" not in base.names()
    assert not [name for name in base.names() if name.startswith("_")]


@pytest.mark.parametrize("name", ["base", "os", "", "..errors", "__init__", "segments.py", "errors"])
def test_other_modules_are_never_loaded(name: str) -> None:
    before = set(sys.modules)
    with pytest.raises(UserError) as raised:
        base.load(name)
    assert raised.value.code == "unknown_analysis"
    assert set(sys.modules) == before


@pytest.mark.parametrize("name", base.names())
def test_every_analysis_has_its_parts(name: str) -> None:
    analysis = base.load(name)
    for part in ("Config", "Inputs", "Result", "prepare", "compute"):
        assert hasattr(analysis, part), f"{name} lacks {part}"
    config = analysis.Config()
    assert analysis.Config.from_json(base.config_json(config)) == config


def test_run_records_what_the_result_depends_on(
    store: Store, toy: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    seen: list[Progress] = []
    run = base.run("toy", store, "shop", Config(k=4, as_of=date(2024, 3, 1)), seen.append)
    assert [progress.message for progress in seen] == ["step 1", "step 2", "step 3"]
    assert store.runs() == [run]
    assert run.config == {"k": 4, "as_of": "2024-03-01", "seed": 3}
    assert (run.seed, run.metrics, run.dataset_version) == (3, {"rows": 4}, store.version("shop"))
    assert run.environment["versions"]["duckdb"]
    assert run.environment["threads"] == 3
    result = base.read_result(run)
    assert result.table["n"].tolist() == result.array.tolist() == [0, 1, 2, 3]
    assert list(store.jobs_dir.iterdir()) == []


def test_a_snapshot_is_of_one_version(store: Store, toy: Toy) -> None:
    toy.changes = 1
    run = base.run("toy", store, "shop", Config())
    assert len(toy.prepared) == 2
    assert run.dataset_version == store.version("shop") == toy.prepared[-1] != toy.prepared[0]


def test_a_dataset_that_never_rests_is_refused(store: Store, toy: Toy) -> None:
    toy.changes = 99
    with pytest.raises(UserError, match="changed 3 times"):
        base.run("toy", store, "shop", Config())


@pytest.mark.parametrize("where", ["report", "metrics"])
def test_nothing_stays_of_a_run_that_stopped(
    store: Store, toy: Toy, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def stop(*_: object) -> dict[str, Any]:
        raise Cancelled

    if where == "metrics":
        monkeypatch.setattr(Result, "metrics", stop)
    with pytest.raises(Cancelled):
        base.run("toy", store, "shop", Config(), stop if where == "report" else None)
    assert store.runs() == []
    assert list(store.runs_dir.iterdir()) == list(store.jobs_dir.iterdir()) == []


def test_settings_as_json() -> None:
    assert base.config_json(Config(as_of=date(2024, 2, 29))) == {"k": 5, "as_of": "2024-02-29", "seed": 3}

    @dataclass(frozen=True)
    class Times:
        at: datetime = datetime(2024, 1, 2, 3, 4)
        months: tuple[int, ...] = (1, 2)

    assert base.config_json(Times()) == {"at": "2024-01-02T03:04:00", "months": [1, 2]}


@pytest.mark.parametrize(
    ("done", "total", "fraction"),
    [(1, 4, 0.25), (5, 4, 1.0), (-1, 4, 0.0), (1, 0, 0.0), (float("nan"), 1, 0.0), (1, float("nan"), 0.0)],
)
def test_fractions_stay_between_nought_and_one(done: float, total: float, fraction: float) -> None:
    assert Progress(done, total, "x").fraction == fraction


def test_a_result_reads_back_through_its_analysis(store: Store, toy: Toy, tmp_path: Any) -> None:
    artefacts.write(Result(pd.DataFrame({"n": [1]}), np.array([2.5])), tmp_path / "r")
    run: Any = SimpleNamespace(analysis="toy", folder=tmp_path / "r")
    assert base.read_result(run).array.tolist() == [2.5]
