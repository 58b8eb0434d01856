from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from socialml.store import Store

ROOT = Path(__file__).resolve().parents[1]


# Files whose tests are few and long: begun last, they would keep one core waiting for the other.
FIRST = ("test_readme.py", "test_customers_real.py", "test_cli.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in FIRST)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "shop.duckdb") as opened:
        yield opened


@pytest.fixture
def shop(store: Store) -> Store:
    """A store with an empty dataset 'shop'."""
    store.ensure_dataset("shop")
    return store


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store as `make run` leaves it, to be copied; made once for all processes of a test run."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    folder = root / "demo-store"
    with (root / "demo-store.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            half = root / "demo-store-half"
            half.mkdir()
            env = {**os.environ, "SOCIALML_STORE": str(half / "shop.duckdb")}
            subprocess.run(
                [sys.executable, "-m", "socialml", "demo"], cwd=ROOT, env=env, check=True, capture_output=True
            )
            half.rename(folder)
    return folder


@pytest.fixture
def real_data() -> Path:
    """The folder of whole public data sets; tests that need it are skipped by name without it."""
    folder = os.environ.get("SOCIALML_REAL_DATA")
    if not folder:
        pytest.skip("SOCIALML_REAL_DATA is not set")
    return Path(folder)
