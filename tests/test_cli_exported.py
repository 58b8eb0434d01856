"""A command that writes a file beside its answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from socialml import cli
from socialml.analyses.forecast import Config
from socialml.errors import UserError
from socialml.store import Store


@pytest.mark.parametrize("before", [None, "last month's list"])
def test_work_that_fails_leaves_the_file_as_it_was(store: Store, tmp_path: Path, before: str | None) -> None:
    out = tmp_path / "list.csv"
    if before is not None:
        out.write_text(before, encoding="utf-8")
    with pytest.raises(UserError, match="no dataset"):
        cli.exported("forecast", store, "nowhere", Config(), out, lambda result: result)
    assert (out.read_text(encoding="utf-8") if out.exists() else None) == before
