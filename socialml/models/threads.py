"""How many threads there are to compute with, and small nets on one of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


def allowed_threads() -> int:
    """The threads to compute with: OMP_NUM_THREADS where it is set, else the cores this process may use."""
    limit = os.environ.get("OMP_NUM_THREADS", "")
    if limit.isdigit() and int(limit) > 0:
        return int(limit)
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1


@contextmanager
def one_thread() -> Iterator[None]:
    """For small nets: a second thread hardly helps them, waits for busy cores, and changes the last digits."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
