"""What a learner remembers of a vector environment: the newest steps, each of all viewers at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats32 = NDArray[np.float32]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]

OWN = 0.7  # of a group's batch comes from its own viewers, the rest from everybody


class Transitions:
    """Steps are overwritten once `rows` of all viewers' are held.

    Of some steps the environment knows what else might have followed, and its chance (`otherwise`): a batch ends with
    as many of these as there are, and a goal that counts both does not have the noise of the draw between them.
    """

    def __init__(self, rows: int, n: int, width: int, groups: Ints | None = None) -> None:
        self.steps, self.n = max(rows // n, 2), n
        shape = (self.steps, n)
        self.seen, self.following = (
            np.empty((*shape, width), np.float32),
            np.empty((*shape, width), np.float32),
        )
        self.chosen, self.rewards = np.empty(shape, np.int64), np.empty(shape, np.float32)
        self.ended = np.empty(shape, np.float32)
        self.possible: Flags | None = None  # (steps, n, actions) in the state that follows
        self.other: Floats32 | None = None  # (steps, n, features) what else might have followed
        self.chance = np.zeros(shape, np.float32)  # and its chance
        self.known = np.zeros(self.steps, dtype=bool)  # of which steps
        self.filled = self._at = 0
        self.members = [np.arange(n)]
        if groups is not None:
            each = [np.flatnonzero(groups == group) for group in range(int(groups.max()) + 1)]
            self.members = [rows if len(rows) else np.arange(n) for rows in each]

    @property
    def rows(self) -> int:
        return self.filled * self.n

    def add(
        self, seen: Floats32, chosen: Ints, rewards: Any, following: Floats32, ended: Flags, possible: Flags | None,
        otherwise: tuple[Floats32, Floats32] | None,
    ) -> None:  # fmt: skip
        """One step of all viewers. otherwise: the chance (n,) of another next observation (n, features)."""
        at = self._at
        self.seen[at], self.following[at], self.chosen[at] = seen, following, chosen
        self.rewards[at], self.ended[at], self.known[at] = rewards, ended, otherwise is not None
        if possible is not None:
            if self.possible is None:
                self.possible = np.empty((self.steps, *possible.shape), bool)
            self.possible[at] = possible
        if otherwise is not None:
            if self.other is None:
                self.other = np.empty_like(self.seen)
            self.chance[at], self.other[at] = otherwise
        self._at, self.filled = (at + 1) % self.steps, min(self.filled + 1, self.steps)

    def draw(self, batch: int, rng: np.random.Generator) -> tuple[tuple[Ints, Ints], int]:
        """(step, viewer), each (groups, batch), and how many of the last columns are known otherwise."""
        known = self.known[: self.filled]
        plain, ends = np.flatnonzero(~known), np.flatnonzero(known)
        last = round(batch * len(ends) / self.filled)
        groups = len(self.members)
        step = np.empty((groups, batch), np.int64)
        if last < batch:
            step[:, : batch - last] = plain[rng.integers(0, len(plain), (groups, batch - last))]
        if last:
            step[:, batch - last :] = ends[rng.integers(0, len(ends), (groups, last))]
        viewer = rng.integers(0, self.n, (groups, batch))
        if groups > 1:
            own = rng.random((groups, batch)) < OWN
            for group, members in enumerate(self.members):
                viewer[group, own[group]] = members[rng.integers(0, len(members), int(own[group].sum()))]
        return (step, viewer), last
