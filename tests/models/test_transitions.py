"""What is remembered: the newest steps, drawn evenly, a group's own more often, and those with two outcomes last."""

from __future__ import annotations

import numpy as np
import pytest

from socialml.models.transitions import OWN, Transitions

N = 10


def filled(steps: int, every: int = 4, groups: np.ndarray | None = None) -> Transitions:
    """Step i saw i; each `every`th step might have led elsewhere with chance 0.25."""
    memory = Transitions(8 * N, N, 1, groups)
    for i in range(steps):
        seen = np.full((N, 1), i, dtype=np.float32)
        other = (np.full(N, 0.25), -seen) if i % every == 0 else None
        memory.add(seen, np.arange(N), np.full(N, i), seen + 1, np.zeros(N, dtype=bool), None, other)
    return memory


def test_the_newest_steps_are_kept_and_drawn_evenly() -> None:
    memory = filled(11)
    assert memory.rows == 8 * N
    (step, viewer), last = memory.draw(4_000, np.random.default_rng(0))
    steps, counts = np.unique(memory.seen[step, viewer], return_counts=True)
    assert steps.tolist() == list(range(3, 11))
    assert counts.min() > 400
    assert np.array_equal(memory.chosen[step, viewer], viewer)
    # Steps 4 and 8 of eight are known otherwise, and stand at the end.
    assert last == 1_000
    assert set(memory.seen[step[0, -last:], viewer[0, -last:], 0]) == {4, 8}
    assert not memory.known[step[0, :-last]].any()
    assert memory.other is not None
    assert memory.other[step[0, -1], viewer[0, -1]] == -memory.seen[step[0, -1], viewer[0, -1]]


def test_a_group_draws_mostly_its_own() -> None:
    groups = np.array([0] * 8 + [2] * 2)  # nobody is in 1, which draws from everybody
    (_, viewer), _ = filled(6, groups=groups).draw(4_000, np.random.default_rng(0))
    own = (groups[viewer[2]] == 2).mean()
    assert own == pytest.approx(OWN + (1 - OWN) * 0.2, abs=0.03)
    assert (groups[viewer[1]] == 2).mean() == pytest.approx(0.2, abs=0.03)
