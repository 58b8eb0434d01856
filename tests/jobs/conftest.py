from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from socialml.jobs import tasks
from socialml.jobs.job import JobState
from socialml.jobs.manager import Manager
from socialml.store import Store

HERE = Path(__file__).parent


def load_toy() -> ModuleType:
    spec = importlib.util.spec_from_file_location("toy", HERE / "toy.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["toy"] = module
    spec.loader.exec_module(module)
    return module


class ToyManager(Manager):
    """A manager whose workers know the toy task."""

    def _command(self, folder: Path) -> list[str]:
        return [self.python, "-c", (HERE / "toy_worker.py").read_text(), str(HERE), str(folder)]


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The toy stands for 'toy' and for 'import'; other names stay as they are."""
    module, real = load_toy(), tasks.load
    monkeypatch.setattr(tasks, "load", lambda name: module if name in ("toy", "import") else real(name))
    return module


@pytest.fixture
def manager(store: Store, toy: ModuleType) -> Iterator[Manager]:
    store.ensure_dataset("shop")
    with ToyManager(store) as opened:
        yield opened


def until(test: Callable[[], bool], timeout: float = 15.0) -> None:
    """Wait for a condition; a test that never sees it fails."""
    deadline = time.monotonic() + timeout
    while not test():
        assert time.monotonic() < deadline, "the condition never came"
        time.sleep(0.005)


@pytest.fixture
def wait_until() -> Callable[..., None]:
    return until


@pytest.fixture
def end(manager: Manager) -> Callable[..., JobState]:
    """Submit a job and wait for its end."""

    def submit_and_wait(task: str = "toy", **config: object) -> JobState:
        state = manager.wait(manager.submit(task, "shop", config), 30)
        assert not state.active, state
        return state

    return submit_and_wait
