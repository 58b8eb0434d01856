"""The embedded DuckDB store: datasets, imports and runs. One process owns a store file."""

from __future__ import annotations

import os
from pathlib import Path

from socialml.store.connection import SCHEMA_VERSION, Interrupt
from socialml.store.datasets import Dataset, ImportInfo
from socialml.store.erasing import Erased, Erasing
from socialml.store.marks import Marks
from socialml.store.rows import Rows
from socialml.store.runs import Run, Runs

ROOT = Path(__file__).resolve().parents[2]  # the project: app.py, sample_data
SAMPLE = "sample"  # the dataset that a new store begins with


def default_path() -> Path:
    """$SOCIALML_STORE, else data/socialml.duckdb under the project."""
    return Path(os.environ.get("SOCIALML_STORE") or ROOT / "data" / "socialml.duckdb")


class Store(Erasing, Rows, Runs, Marks):
    """A store file and the folder beside it (`<file>.d`) with inbox, jobs and artefacts."""


__all__ = [
    "ROOT",
    "SAMPLE",
    "SCHEMA_VERSION",
    "Dataset",
    "Erased",
    "ImportInfo",
    "Interrupt",
    "Run",
    "Store",
    "default_path",
]
