from __future__ import annotations

import os

import pytest

from socialml.models.threads import allowed_threads


@pytest.mark.parametrize(("limit", "wanted"), [("1", 1), ("7", 7), ("", None), ("0", None), ("many", None)])
def test_a_limit_that_is_set_is_kept(monkeypatch: pytest.MonkeyPatch, limit: str, wanted: int | None) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", limit)
    assert allowed_threads() == (wanted or len(os.sched_getaffinity(0)))
