"""The app without a browser: one rerun at a time, on a store of the test's own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from socialml.ui import state

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def entry_is_app_py(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server forgets once, at its first request, that app.py routes (see context.current); AppTest at each."""
    begin = PagesManager.__init__

    def begin_(self: PagesManager, *args: Any, **more: Any) -> None:
        begin(self, *args, **more)
        PagesManager.uses_pages_directory = False

    monkeypatch.setattr(PagesManager, "__init__", begin_)


Open = Callable[..., AppTest]


@pytest.fixture
def open_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """open_app(page, demo=folder): the app at a page, its store a copy of the demo's or new."""
    opened = False

    def open_(page: str, demo: Path | None = None) -> AppTest:
        nonlocal opened
        if demo and not opened:
            shutil.copytree(demo, tmp_path / "store")
        monkeypatch.setenv("SOCIALML_STORE", str(tmp_path / "store" / "shop.duckdb"))
        opened = True
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        app.switch_page(f"pages/{page}.py").run()
        assert not app.exception, app.exception
        return app

    yield open_
    if opened:
        state.manager().close()
        state.store().close()
        st.cache_resource.clear()
        st.cache_data.clear()
