"""Windows of months cut from the sequences of users, in batches of like length."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from socialml.features.sequences import Sequences
from socialml.models.sequence_inputs import Inputs

Ints = NDArray[np.int64]

STEPS = 20  # of an epoch, at least, with batches of 16 users or more


class Tensors:
    """The inputs as tensors, and windows cut from them."""

    def __init__(self, inputs: Inputs, unit: float) -> None:
        self.inputs, self.unit = inputs, unit
        self.months = len(inputs.month)
        self.monthly = torch.from_numpy(inputs.monthly).flatten(0, 1)
        self.static = torch.from_numpy(inputs.static)
        # The month of the year as a row of zeros and a one: the gradient of a product is faster than an index's.
        self.ahead = torch.from_numpy(
            np.column_stack([inputs.calendar, np.eye(12, dtype=np.float32)[inputs.month]])
        )

    def cut(
        self, users: Ints, start: Ints, length: int
    ) -> tuple[tuple[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]:
        """Windows of one length, months first: monthly, calendar and month of the year, static; and the places
        (l, b) of their positions in a row of all users' months."""
        # Shorter windows end with months that no loss counts.
        at = np.minimum(start + np.arange(length)[:, None], self.months - 1)
        place = torch.from_numpy(users * self.months + at)
        monthly = self.monthly.index_select(0, place.flatten()).unflatten(0, place.shape)
        ahead = self.ahead.index_select(0, torch.from_numpy(at).flatten()).unflatten(0, place.shape)
        return (monthly, ahead, self.static.index_select(0, torch.from_numpy(users))), place


class Windows:
    """One window of months for each user and epoch, at a random offset, in batches of like length."""

    def __init__(self, inputs: Inputs, seq: Sequences, targets: list[int], months: int, batch: int) -> None:
        self.window = months
        wanted = np.zeros(seq.m, dtype=bool)
        wanted[np.array(targets) - 1] = True
        self.counts = wanted & seq.known  # (n, m) whether the month after this position is learned from
        some = self.counts.any(axis=1)
        self.users = np.flatnonzero(some)
        self.batch = min(batch, max(len(self.users) // STEPS, 16))
        self.begin = inputs.begin[self.users]
        self.last = seq.m - 1 - self.counts[self.users, ::-1].argmax(axis=1)

    def epoch(self, rng: np.random.Generator) -> list[tuple[Ints, Ints, int]]:
        first_end = np.minimum(self.begin + self.window - 1, self.last)
        end = rng.integers(first_end, self.last + 1)
        begin = np.maximum(self.begin, end - self.window + 1)
        length = end - begin + 1
        order = rng.permutation(len(self.users))
        order = order[np.argsort(length[order], kind="stable")]
        batches = [order[i : i + self.batch] for i in range(0, len(order), self.batch)]
        return [
            (self.users[rows], begin[rows], int(length[rows].max()))
            for rows in (batches[i] for i in rng.permutation(len(batches)))
        ]
