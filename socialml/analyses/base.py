"""What all analyses share: their names, and the three steps from the store to a recorded run.

An analysis is a module of this package with Config, Inputs, Result, `prepare` and `compute`. `run` carries
it out in this process; the job manager uses the same pieces around a worker process.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import pkgutil
import platform
import shutil
import time
from collections.abc import Mapping
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol, cast

import socialml
from socialml import analyses, artefacts
from socialml.errors import UserError
from socialml.models.threads import allowed_threads
from socialml.progress import Progress, Report, silent
from socialml.store import Run, Store

__all__ = ["Analysis", "Progress", "Report", "load", "names", "read_result", "run", "silent", "snapshot"]

# Their versions can change a result, so every run records them.
_PACKAGES = (
    "duckdb",
    "narwhals",
    "numpy",
    "pandas",
    "pyarrow",
    "scikit-learn",
    "scipy",
    "kneed",
    "torch",
    "vaderSentiment",
    "rjieba",
)
_SNAPSHOT_TRIES = 3


class Analysis(Protocol):
    """The shape of an analysis module."""

    Config: Any  # frozen, keyword-only; from_json(dict) validates every field
    Inputs: Any
    Result: Any  # has metrics() -> dict of JSON values

    def prepare(self, store: Store, dataset: str, config: Any) -> Any: ...
    def compute(self, inputs: Any, config: Any, report: Report) -> Any: ...


def names() -> tuple[str, ...]:
    """The analyses there are: the modules of this package, without base and those that begin with _."""
    found = (module.name for module in pkgutil.iter_modules(analyses.__path__))
    return tuple(sorted(name for name in found if name != "base" and not name.startswith("_")))


def load(name: str) -> Analysis:
    """The module of an analysis. Only names from the whitelist are ever imported."""
    if name not in names():
        raise UserError(
            "unknown_analysis",
            f"There is no analysis called '{name}'.",
            f"Choose one of: {', '.join(names())}.",
        )
    return cast(Analysis, importlib.import_module(f"{analyses.__name__}.{name}"))


def run(name: str, store: Store, dataset: str, config: Any, report: Report | None = None) -> Run:
    """Prepare, compute and record an analysis in this process."""
    analysis, report = load(name), report or silent
    started = time.monotonic()
    inputs, version = snapshot(analysis, store, dataset, config)
    result = analysis.compute(inputs, config, report)
    run_id = store.new_run_id(name)
    folder = store.jobs_dir / run_id  # without a job.json: the next job manager clears it if we are killed
    try:
        artefacts.write(result, folder / "result")
        return record(
            store,
            run_id=run_id,
            name=name,
            dataset=dataset,
            config=config,
            version=version,
            result=result,
            folder=folder / "result",
            seconds=time.monotonic() - started,
            threads=allowed_threads(),
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def snapshot(analysis: Analysis, store: Store, dataset: str, config: Any) -> tuple[Any, str]:
    """The inputs of an analysis and the version of the dataset they were read from.

    `prepare` may use several queries; an import between two of them would mix versions, so a version that
    changed meanwhile means reading again.
    """
    for _ in range(_SNAPSHOT_TRIES):
        version = store.version(dataset)
        inputs = analysis.prepare(store, dataset, config)
        if store.version(dataset) == version:
            return inputs, version
    raise UserError(
        "dataset_changing",
        f"'{dataset}' changed {_SNAPSHOT_TRIES} times while it was being read.",
        "Wait until the imports have ended, then start again.",
    )


def record(
    store: Store,
    *,
    run_id: str,
    name: str,
    dataset: str,
    config: Any,
    version: str,
    result: Any,
    folder: Path,
    seconds: float,
    threads: int,
) -> Run:
    """Save a computed result as a run in one transaction; its artefacts in `folder` move into the store."""
    settings = config_json(config)
    return store.save_run(
        run_id,
        dataset=dataset,
        analysis=name,
        dataset_version=version,
        config=settings,
        seed=int(settings.get("seed") or 0),
        metrics=result.metrics(),
        environment=environment(threads),
        seconds=round(seconds, 3),
        artefacts=folder,
    )


def readable(run: Run) -> bool:
    """Whether this version can read the run's Result; one of another version may lack what is new."""
    return artefacts.readable(load(run.analysis).Result, run.folder)


def read_result(run: Run) -> Any:
    """The Result of a recorded run; its large tables stay on disk. UserError old_run, erased_run."""
    if not readable(run) and run.erased_at:
        raise UserError(
            "erased_run",
            f"Run {run.run_id} held a customer who was erased since ({run.erased_at[:10]}); its files are gone.",
            "Run this analysis again.",
        )
    if not readable(run):
        raise UserError(
            "old_run",
            f"Run {run.run_id} was recorded by another version of SocialML, or its files are gone.",
            "Run this analysis again.",
        )
    return artefacts.read(load(run.analysis).Result, run.folder)


def config_json(config: Any) -> dict[str, Any]:
    """A Config as plain JSON values, which its from_json takes back; dates become ISO text."""
    values: Mapping[str, Any] = dataclasses.asdict(config)
    return json.loads(json.dumps(values, default=_text, ensure_ascii=False))


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)  # a datetime is a date too


def environment(threads: int) -> dict[str, Any]:
    """What a result depends on besides data, config and seed."""
    versions = {"socialml": socialml.__version__, "python": platform.python_version()}
    for package in _PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return {"versions": versions, "threads": threads, "machine": f"{platform.system()} {platform.machine()}"}
