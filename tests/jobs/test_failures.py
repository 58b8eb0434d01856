from __future__ import annotations

import errno
import signal
from pathlib import Path

import duckdb
import pytest

from socialml.errors import UserError
from socialml.jobs import failures

OWN = UserError("too_few", "Too few.", "Import more.")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OWN, "too_few"),
        (MemoryError(), "out_of_memory"),
        (duckdb.OutOfMemoryException("2 GB of 2 GB used"), "out_of_memory"),
        (OSError(errno.ENOSPC, "No space left on device"), "disk_full"),
        (OSError(errno.EACCES, "Permission denied"), None),
        (ZeroDivisionError(), None),
    ],
)
def test_what_a_user_can_mend_is_told_from_bugs(error: BaseException, code: str | None) -> None:
    explained = failures.explain(error)
    assert (explained.code if explained else None) == code
    if explained:
        assert explained.hint


def test_signals_have_their_names() -> None:
    assert "SIGKILL" in failures.killed(signal.SIGKILL).message
    assert "memory" in failures.killed(signal.SIGKILL).message
    assert "SIGSEGV" in failures.killed(signal.SIGSEGV).message
    assert "memory" not in failures.killed(signal.SIGSEGV).message
    assert "signal 63" in failures.killed(63).message


def test_a_bug_tells_where_its_details_are() -> None:
    assert "/x/job.log" in failures.bug(Path("/x/job.log")).hint
