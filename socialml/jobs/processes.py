"""Worker processes: start one in its own group, stop the group, recognise one of an earlier server."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import socialml

GRACE_SECONDS = 2.0  # between asking a worker to stop and making it
_ROOT = Path(socialml.__file__).resolve().parent.parent
_THREAD_LIMITS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


def start(command: Sequence[str], *, threads: int, scratch: Path, log: BinaryIO) -> subprocess.Popen[bytes]:
    """Start a worker that leads its own process group, with pipes to its stdin and from its stdout.

    The worker ends when its stdin does, that is, also when this process is killed.
    scratch: a folder for its temporary files. log: where its stderr goes.
    """
    environment = {
        **os.environ,
        **{name: str(threads) for name in _THREAD_LIMITS},
        "TMPDIR": str(scratch),
        "PYTHONFAULTHANDLER": "1",  # a crash in a library leaves a trace in the log
    }
    return subprocess.Popen(
        command,
        cwd=_ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        start_new_session=True,
    )


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the worker's group to end, and kill what is left of it a little later. Returns at once."""
    _signal(process, signal.SIGTERM)
    timer = threading.Timer(GRACE_SECONDS, _signal, (process, signal.SIGKILL))
    timer.daemon = True
    timer.start()


def finish(process: subprocess.Popen[bytes]) -> int:
    """Wait for the worker, kill what it started and left behind, and return its exit code (-N: signal N)."""
    with contextlib.suppress(AttributeError, ChildProcessError):  # no waitid on macOS before Python 3.13
        # Not reaped yet, so its group's number cannot belong to anyone else.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        _signal(process, signal.SIGKILL)
    code = process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe:
            with contextlib.suppress(OSError):
                pipe.close()
    return code


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    if process.returncode is None:  # its number may be another's once it is reaped
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)


def identity(pid: int) -> tuple[str, str] | None:
    """When the process started and its command line; None when there is none, or only a zombie."""
    try:
        # After the name in brackets, which may hold spaces: field 1 is the state, field 20 the start time.
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return (stat[19], command) if stat[0] not in "ZX" else None
    except (OSError, IndexError):
        if Path("/proc/self/stat").exists():
            return None
    try:
        shown = subprocess.run(
            ["ps", "-o", "lstart=", "-o", "command=", "-p", str(pid)],
            capture_output=True,
            text=True,
            timeout=5,
            env={**os.environ, "LC_ALL": "C"},
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
    return (shown[:24], shown[24:]) if shown else None  # 'Sun Nov 22 00:17:42 2026'


def kill_leftover(pid: int, started: str, command_part: str, timeout: float = 2.0) -> bool:
    """Kill a worker of an earlier server, if the process with its number is still that worker."""
    found = identity(pid)
    if found is None or found[0] != started or command_part not in found[1]:
        return False
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    deadline = time.monotonic() + timeout
    while identity(pid) is not None and time.monotonic() < deadline:
        time.sleep(0.02)
    return True
