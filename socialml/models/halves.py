"""Work in two threads, each of which computes on its own.

Two threads inside each product of a small net gain little: they wait for each other hundreds of times a step, and on a
busy machine for long. Two halves of a batch meet once a step; and as what is computed depends on the halves and not on
who computes them, any number of threads gives the same digits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from types import TracebackType
from typing import TypeVar

import torch

from socialml.models import threads

T = TypeVar("T")
R = TypeVar("R")


class Halves:
    """Within it torch computes on one thread, `map` on two where torch had more than one."""

    def __enter__(self) -> Halves:
        self._open = ExitStack()
        many = torch.get_num_threads() > 1
        self._open.enter_context(threads.one_thread())
        # A thread has its own count of threads, which begins with that of the processors.
        pool = ThreadPoolExecutor(2, initializer=torch.set_num_threads, initargs=(1,))
        self._pool = self._open.enter_context(pool) if many else None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def map(self, work: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """Results in the order of the items; the first error is raised."""
        if self._pool is None or len(items) == 1:
            return [work(item) for item in items]
        return list(self._pool.map(work, items))
