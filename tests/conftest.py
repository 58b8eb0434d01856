from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from socialml.analyses import base, customers
from socialml.store import Store

ROOT = Path(__file__).resolve().parents[1]


# Files whose tests take longest, those first: one begun last would keep one core waiting for the other.
FIRST = (
    "test_campaign.py",
    "test_readme.py",
    "test_customers.py",
    "test_live_policy.py",
    "test_values.py",
    "test_anomalies.py",
    "test_forecast.py",
    "test_walk.py",
    "test_customers_real.py",
    "test_store_threads.py",
    "test_cli.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {name: place for place, name in enumerate(FIRST)}
    items.sort(key=lambda item: places.get(item.path.name, len(FIRST)))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "shop.duckdb") as opened:
        yield opened


@pytest.fixture
def shop(store: Store) -> Store:
    """A store with an empty dataset 'shop'."""
    store.ensure_dataset("shop")
    return store


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder made by the first that asks, for all processes of a test run; to be copied."""
    root = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    folder = root / name
    with (root / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            half = root / f"{name}-half"
            half.mkdir()
            make(half)
            half.rename(folder)
    return folder


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store as `make run` leaves it."""

    def make(folder: Path) -> None:
        env = {**os.environ, "SOCIALML_STORE": str(folder / "shop.duckdb")}
        subprocess.run(
            [sys.executable, "-m", "socialml", "demo"], cwd=ROOT, env=env, check=True, capture_output=True
        )

    return once(tmp_path_factory, "demo-store", make)


@pytest.fixture(scope="session")
def trained(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a run of customers, of two models for speed."""

    def make(folder: Path) -> None:
        shutil.copytree(demo, folder, dirs_exist_ok=True)
        with Store(folder / "shop.duckdb") as store:
            base.run("customers", store, "sample", customers.Config(models=("tree", "logistic")))

    return once(tmp_path_factory, "trained-store", make)


@pytest.fixture
def real_data() -> Path:
    """The folder of whole public data sets; tests that need it are skipped by name without it."""
    folder = os.environ.get("SOCIALML_REAL_DATA")
    if not folder:
        pytest.skip("SOCIALML_REAL_DATA is not set")
    return Path(folder)
