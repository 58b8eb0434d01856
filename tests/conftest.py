from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from socialml.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "shop.duckdb") as opened:
        yield opened


@pytest.fixture
def shop(store: Store) -> Store:
    """A store with an empty dataset 'shop'."""
    store.ensure_dataset("shop")
    return store


@pytest.fixture
def real_data() -> Path:
    """The folder of whole public data sets; tests that need it are skipped by name without it."""
    folder = os.environ.get("SOCIALML_REAL_DATA")
    if not folder:
        pytest.skip("SOCIALML_REAL_DATA is not set")
    return Path(folder)
