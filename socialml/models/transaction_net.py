"""An LSTM that says what a customer's next purchase should cost, from their last twenty.

It corrects the customer's own running level: its output begins at zero, so that it starts as that rule and is kept
only where it forecasts purchases of customers it has not seen better. Past amounts enter clipped and the loss is
Huber's, so that one wild purchase neither teaches it nor spoils the next expectation. It sees neither the hour nor
the device of the purchase to be told: those must not excuse an amount.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn

from socialml.models.anomaly_scores import BOUND, Habits, levels, robust_spread
from socialml.progress import Progress, Report

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WARM, TARGETS = 20, 32  # a window: purchases that only lead in, then those that are told
UNITS, EMBEDDING = 32, 6
BATCH, SCORED = 128, 1024  # windows at a time in training, in scoring
WINDOWS_MOST = 5_000  # windows that are learned from
VALID = 0.15  # of the customers
EPOCHS = 12  # at most
PATIENCE = 2  # epochs without a better validation error
RATE = 4e-3
LEAST_ROWS = 500  # purchases; of fewer the level alone is used
MOST_CATEGORIES = 200


@dataclass(frozen=True, eq=False)
class Lines:
    """Transactions ordered by user and time, (n,) each."""

    habits: Habits
    amount: Floats  # above zero
    day: Floats  # days since the first, with fractions
    weekday: Ints  # Monday 0
    category: Ints  # codes, -1 unknown
    discount: Floats  # share of the full price


@dataclass(frozen=True, eq=False)
class Expected:
    log_amount: Floats  # (n,) natural log of what each should cost
    curve: pd.DataFrame  # epoch, train, valid: Huber loss in the shop's spreads; epoch 0 is the level alone
    used: bool  # the net, not the level alone


class _Net(nn.Module):
    def __init__(self, inputs: int, categories: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(categories + 1, EMBEDDING)
        self.lstm = nn.LSTM(inputs + EMBEDDING, UNITS, batch_first=True)
        self.out = nn.Linear(UNITS + inputs + EMBEDDING, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: torch.Tensor, category: torch.Tensor) -> torch.Tensor:
        """x: (windows, steps, inputs) -> (windows, steps) corrections in the shop's spreads."""
        x = torch.cat([x, self.embedding(category)], dim=2)
        state, _ = self.lstm(x)
        return self.out(torch.cat([state, x], dim=2))[..., 0]


def base(lines: Lines) -> tuple[Floats, float]:
    """(n,) log amounts by category and the user's earlier purchases alone, and the spread of all around them."""
    log = np.log(lines.amount)
    codes = lines.category + 1
    middle = np.median(log)
    # A category of few purchases leans on all of them.
    total, count = np.bincount(codes, log - middle), np.bincount(codes)
    usual = middle + (total / (count + 5))[codes]
    expected = usual + levels(log - usual, lines.habits)
    return expected, robust_spread(log - expected)


def expect(lines: Lines, seed: int, report: Report, epochs: int = EPOCHS) -> Expected:
    """What each purchase should cost by the same customer's earlier ones; nothing later is seen when it is told."""
    start, spread = base(lines)
    if len(start) < LEAST_ROWS or not spread > 0 or not epochs:
        return Expected(start, pd.DataFrame({"epoch": [], "train": [], "valid": []}), False)
    x, category = _inputs(lines, start, spread)
    target = np.clip((np.log(lines.amount) - start) / spread, -20, 20).astype(np.float32)
    windows = _windows(lines.habits)
    torch.manual_seed(seed)
    net = _Net(x.shape[1], int(category.max()))
    curve = _train(net, x, category, target, windows, lines.habits.user, seed, epochs, report)
    best = int(curve["valid"].idxmin())
    out = start.copy()
    if best > 0:
        net.eval()
        with torch.no_grad():
            for begin in range(0, len(windows), SCORED):
                report(Progress(begin, len(windows), "Comparing each purchase with what was expected"))
                rows, told = _batch(windows[begin : begin + SCORED])
                made = net(torch.from_numpy(x[rows]), torch.from_numpy(category[rows])).numpy()
                out[rows[told]] += spread * made[told]
    return Expected(out, curve, best > 0)


def _inputs(lines: Lines, start: Floats, spread: float) -> tuple[NDArray[np.float32], Ints]:
    """(n, inputs) what is known when a purchase is told: the one before it, and its own context."""
    log, place = np.log(lines.amount), lines.habits.place
    before = np.maximum(np.arange(len(log)) - 1, 0)
    had = place > 0
    error = np.clip((log - start) / spread, -BOUND, BOUND)
    angle = 2 * np.pi * lines.weekday / 7
    codes = np.where(lines.category < MOST_CATEGORIES, lines.category, -1) + 1
    x = np.column_stack(
        [
            np.where(had, error[before], 0.0),
            had,
            np.where(had, lines.discount[before], 0.0),
            np.where(had, np.log1p(np.maximum(lines.day - lines.day[before], 0.0)) / 3, 0.0),
            np.log1p(place) / 4,
            (start - np.median(start)) / max(float(start.std()), 1e-9),
            lines.discount,
            lines.day / 365,
            np.sin(angle),
            np.cos(angle),
        ]
    )
    return np.clip(x, -5, 5).astype(np.float32), codes.astype(np.int64)


def _windows(habits: Habits) -> Ints:
    """(windows, 3): the first row read, the first told, and the row after the last; a user's rows only."""
    told = np.flatnonzero(habits.place % TARGETS == 0)
    until = np.minimum(told + TARGETS, habits.first[told] + habits.count[told])
    return np.column_stack([np.maximum(told - WARM, habits.first[told]), told, until])


def _batch(windows: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """(windows, steps) rows, the last ones repeated where a window is short, and which of them are told."""
    steps = int((windows[:, 2] - windows[:, 0]).max())
    rows = windows[:, :1] + np.arange(steps)
    told = (rows >= windows[:, 1:2]) & (rows < windows[:, 2:])
    return np.minimum(rows, windows[:, 2:] - 1), told


def _train(
    net: _Net, x: NDArray[np.float32], category: Ints, target: NDArray[np.float32], windows: Ints, user: Ints,
    seed: int, epochs: int, report: Report,
) -> pd.DataFrame:  # fmt: skip
    """Train in place and leave the weights of the best epoch; the losses of each."""
    rng = np.random.default_rng(seed)
    apart = rng.random(int(user.max()) + 1) < VALID
    order = rng.permutation(len(windows))
    held = apart[user[windows[order, 1]]]
    train, valid = order[~held][:WINDOWS_MOST], order[held][: WINDOWS_MOST // 5]
    if len(valid) < 5 or len(train) < 5:  # too few customers to set some apart: their windows are
        cut = max(1, int(VALID * len(order)))
        train, valid = order[cut:][:WINDOWS_MOST], order[:cut]
    optimiser = torch.optim.Adam(net.parameters(), lr=RATE)
    loss = nn.HuberLoss()

    def told(chosen: Ints) -> Iterator[tuple[torch.Tensor, int]]:
        for begin in range(0, len(chosen), BATCH):
            rows, mine = _batch(windows[chosen[begin : begin + BATCH]])
            made = net(torch.from_numpy(x[rows]), torch.from_numpy(category[rows]))
            keep = torch.from_numpy(mine)
            yield loss(made[keep], torch.from_numpy(target[rows])[keep]), int(mine.sum())

    def measured(chosen: Ints) -> float:
        with torch.no_grad():
            found = [(value.item(), rows) for value, rows in told(chosen)]
        return sum(value * rows for value, rows in found) / max(sum(rows for _, rows in found), 1)

    rows: list[tuple[int, float, float]] = [(0, measured(train), measured(valid))]
    best = {name: value.clone() for name, value in net.state_dict().items()}
    for epoch in range(1, epochs + 1):
        total, count = 0.0, 0
        chosen = rng.permutation(train)
        report(Progress(epoch - 1, epochs, f"Learning customers' habits, round {epoch} of {epochs} at most"))
        for value, told_rows in told(chosen):
            optimiser.zero_grad()
            value.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
            total, count = total + value.item() * told_rows, count + told_rows
        rows.append((epoch, total / count, measured(valid)))
        losses = [valid for _, _, valid in rows]
        curve = {"training": [train for _, train, _ in rows], "validation": losses}
        message = f"Learning customers' habits, round {epoch} of {epochs} at most"
        report(Progress(epoch, epochs, message, {"epoch": list(range(epoch + 1)), **curve}))
        if losses[-1] <= min(losses):
            best = {name: value.clone() for name, value in net.state_dict().items()}
        elif epoch - int(np.argmin(losses)) >= PATIENCE:
            break
    net.load_state_dict(best)
    return pd.DataFrame(rows, columns=["epoch", "train", "valid"])
