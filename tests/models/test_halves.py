"""Two threads give what one gives, in order, and hand on what goes wrong."""

from __future__ import annotations

import threading

import pytest
import torch

from socialml.models.halves import Halves


@pytest.fixture(params=[1, 2])
def count(request: pytest.FixtureRequest):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def test_each_thread_computes_on_its_own_and_the_count_comes_back(count: int) -> None:
    meet = threading.Barrier(count, timeout=10)  # both at work at once, or it breaks

    def work(item: int) -> tuple[int, int, str]:
        if count == 2:
            meet.wait()
        return item, torch.get_num_threads(), threading.current_thread().name

    with Halves() as halves:
        done = halves.map(work, [5, 3])
    assert [(item, own) for item, own, _ in done] == [(5, 1), (3, 1)]
    assert len({name for *_, name in done}) == count
    assert torch.get_num_threads() == count


def test_an_error_in_a_half_is_raised_and_the_count_comes_back(count: int) -> None:
    def work(item: int) -> int:
        if item == 2:
            raise ValueError("the second half")
        return item

    with pytest.raises(ValueError, match="the second half"), Halves() as halves:
        halves.map(work, [1, 2])
    assert torch.get_num_threads() == count
