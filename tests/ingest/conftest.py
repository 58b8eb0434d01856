from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from socialml.ingest import Options, Staged, stage

NOW = datetime(2025, 6, 1, 12)
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write text (in an encoding) or bytes to a file of its own."""

    def put(content: str | bytes, name: str = "file.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    return put


class Import:
    """A staged file with its rows as dicts."""

    def __init__(self, staged: Staged) -> None:
        self.receipt = staged.receipt
        self.rows: list[dict[str, Any]] = pq.read_table(staged.accepted).to_pylist()
        self.rejects: list[dict[str, Any]] = (
            pq.read_table(staged.rejects).to_pylist() if staged.rejects else []
        )
        assert self.receipt["rows_read"] == len(self.rows) + len(self.rejects)
        assert self.receipt["rows_accepted"] == len(self.rows)
        assert sum(self.receipt["reasons"].values()) == len(self.rejects) == self.receipt["rows_rejected"]

    def column(self, name: str) -> list[Any]:
        return [row[name] for row in self.rows]

    def warned(self) -> dict[str, int]:
        return {warning["code"]: warning["count"] for warning in self.receipt["warnings"]}


@pytest.fixture
def staged(tmp_path: Path) -> Callable[..., Import]:
    def run(path: Path, **options: Any) -> Import:
        out = tmp_path / f"out-{len(list(tmp_path.iterdir()))}"
        made = Import(stage(path, out, Options(**options), now=NOW))
        assert {p.name for p in out.iterdir()} <= {"accepted.parquet", "rejects.parquet", "receipt.json"}
        return made

    return run
