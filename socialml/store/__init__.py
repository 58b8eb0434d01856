"""The embedded DuckDB store: datasets, imports and runs. One process owns a store file."""

from __future__ import annotations

from socialml.store.connection import SCHEMA_VERSION, Interrupt
from socialml.store.datasets import Dataset, ImportInfo
from socialml.store.rows import Rows
from socialml.store.runs import Run, Runs


class Store(Rows, Runs):
    """A store file and the folder beside it (`<file>.d`) with inbox, jobs and artefacts."""


__all__ = ["SCHEMA_VERSION", "Dataset", "ImportInfo", "Interrupt", "Run", "Store"]
