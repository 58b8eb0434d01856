"""What stopped a job, in words that help; never a trace."""

from __future__ import annotations

import errno
import signal
from pathlib import Path

import duckdb

from socialml.errors import UserError

INTERNAL = "internal"


def explain(error: BaseException) -> UserError | None:
    """The error as one that the user can act on; None when it is a bug."""
    if isinstance(error, UserError):
        return error
    if isinstance(error, (MemoryError, duckdb.OutOfMemoryException)):
        return UserError(
            "out_of_memory",
            "The machine has too little free memory for this. Nothing was changed.",
            "Close other programs, or use less data, then start it again.",
        )
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return UserError(
            "disk_full",
            "The disk is full. Nothing was changed.",
            "Free some space, or delete a dataset that is no longer needed, then start it again.",
        )
    return None


def bug(log: Path) -> UserError:
    return UserError(
        INTERNAL,
        "This stopped on an error in the program, not in your data. Nothing was changed.",
        f"Start it again; if it stops again, report it with the log of this job: {log}",
    )


def killed(number: int) -> UserError:
    """A worker that a signal ended, which this program did not send."""
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    cause = "; the machine may have run out of memory" if number == signal.SIGKILL else ""
    return UserError(
        "worker_killed",
        f"The process that computed this was ended from outside ({name}){cause}. Nothing was changed.",
        "Close other programs, or use less data, then start it again.",
    )


def server_stopped() -> UserError:
    return UserError("server_stopped", "The server stopped before this had ended.", "Start it again.")
