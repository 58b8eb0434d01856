"""An LSTM that says what the next point of a metric should be, from its own past and the clock.

One net for all series. It corrects the usual value of the hour (its output begins at zero) and sees past values
clipped, so that one wild point does not spoil the next expectation. Each stretch of time is told by a net that
learned from the other stretches only, so that a point does not teach that it is usual.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn

from socialml.models.anomaly_scores import NORMAL_MAD
from socialml.progress import Progress, Report

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Restore = Callable[[Floats, Floats], Floats]  # (base, correction in spreads) -> the metric's unit

WARM, TARGETS = 36, 24  # points that lead in, points that are told: a window
UNITS, BATCH, SCORED = 32, 32, 512
FOLDS = 3  # stretches of time
EPOCHS = 25
WINDOWS_MOST = 2_000  # that are learned from
RATE = 5e-3
BOUND = 3.0  # past values enter up to so many spreads from the hour's usual
DAY, WEEK = 24.0, 168.0  # hours


@dataclass(frozen=True, eq=False)
class Expected:
    usual: Floats  # (n,) what each point should be, in the metric's unit
    z: Floats  # (n,) the error in the series' own robust spread
    curve: (
        pd.DataFrame
    )  # epoch, train, valid: Huber loss in spreads, mean of the stretches; valid: not learned from


class _Net(nn.Module):
    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(inputs, UNITS, batch_first=True)
        self.out = nn.Linear(UNITS + inputs, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(windows, steps, inputs) -> (windows, steps)"""
        state, _ = self.lstm(x)
        return self.out(torch.cat([state, x], dim=2))[..., 0]


def expect(
    series: Ints, hours: Floats, value: Floats, seed: int, report: Report, epochs: int = EPOCHS
) -> Expected:
    """series: (n,) codes, ascending. hours: (n,) since some Monday's midnight, ascending in a series. value: (n,)."""
    begins = np.flatnonzero(np.r_[True, series[1:] != series[:-1]])
    ends = np.r_[begins[1:], len(series)]
    scaled, base = np.empty(len(value)), np.empty(len(value))
    back = []
    for first, end in zip(begins, ends, strict=True):
        rows = slice(first, end)
        base[rows], scaled[rows], restore = _scaled(value[rows], hours[rows])
        back.append(restore)
    curve = pd.DataFrame({"epoch": [], "train": [], "valid": []})
    told = np.zeros(len(value))
    if epochs:
        x = _inputs(scaled, hours, begins)
        told, curve = _folded(x, scaled, begins, ends, seed, epochs, report)
    usual, z = np.empty(len(value)), np.empty(len(value))
    for first, end, restore in zip(begins, ends, back, strict=True):
        rows = slice(first, end)
        usual[rows] = restore(base[rows], told[rows])
        error = scaled[rows] - told[rows]
        spread = NORMAL_MAD * float(np.median(np.abs(error)))
        z[rows] = error / spread if spread > 0 else np.where(np.abs(error) > 1e-12, np.sign(error) * 50, 0.0)
    return Expected(usual, z, curve)


def _scaled(value: Floats, hours: Floats) -> tuple[Floats, Floats, Restore]:
    """The usual value of each hour, and the distance from it in spreads; logs where all values are above zero, so
    that half and double are as far."""
    logs = bool((value > 0).all())
    y = np.log(value) if logs else value
    middle = float(np.median(y))
    hour = np.floor(hours % DAY).astype(np.int64)
    base = np.full(len(y), middle)
    if len(np.unique(hour)) > 1 and len(y) >= 4 * len(np.unique(hour)):
        for h in np.unique(hour):
            mine = hour == h
            # An hour seen seldom leans on all.
            base[mine] = (np.median(y[mine]) * mine.sum() + middle * 3) / (mine.sum() + 3)
    spread = NORMAL_MAD * float(np.median(np.abs(y - base))) or float(np.std(y - base)) or 1.0

    def restore(base: Floats, told: Floats) -> Floats:
        out = base + spread * told
        return np.exp(out) if logs else out

    return base, (y - base) / spread, restore


def _inputs(scaled: Floats, hours: Floats, begins: Ints) -> NDArray[np.float32]:
    """(n, inputs): the value before, the one a day's points before, the gap, and the clock."""
    before = np.maximum(np.arange(len(scaled)) - 1, 0)
    had = np.ones(len(scaled), dtype=bool)
    had[begins] = False
    gap = np.where(had, hours - hours[before], 0.0)
    usual_gap = float(np.median(gap[had])) or 1.0
    tame = np.clip(scaled, -BOUND, BOUND)
    columns = [np.where(had, tame[before], 0.0), had, np.log1p(np.maximum(gap / usual_gap - 1, 0))]
    for period, harmonics in ((DAY, 2), (WEEK, 2)):
        for k in range(1, harmonics + 1):
            angle = 2 * np.pi * k * hours / period
            columns += [np.sin(angle), np.cos(angle)]
    return np.column_stack(columns).astype(np.float32)


def _folded(
    x: NDArray[np.float32], target: Floats, begins: Ints, ends: Ints, seed: int, epochs: int, report: Report
) -> tuple[Floats, pd.DataFrame]:
    """Each stretch told by a net that learned from the others: (n,) and the mean curve."""
    y = np.clip(target, -20, 20).astype(np.float32)
    windows = _windows(begins, ends)
    out, curves = np.zeros(len(target)), []
    for fold in range(FOLDS):
        mine, others = windows[windows[:, 3] == fold], windows[windows[:, 3] != fold]

        def tell(done: list[tuple[float, ...]], fold: int = fold) -> None:
            shown = dict(
                zip(("epoch", "training", "validation"), map(list, zip(*done, strict=True)), strict=True)
            )
            message = f"Learning the metric's habits, stretch {fold + 1} of {FOLDS}"
            report(Progress(fold + len(done) / epochs, FOLDS, message, shown))

        net, losses = _learned(x, y, others, mine, [seed, fold], epochs, tell)
        with torch.no_grad():
            for begin in range(0, len(mine), SCORED):
                rows, told = _batch(mine[begin : begin + SCORED])
                out[rows[told]] = net(torch.from_numpy(x[rows])).numpy()[told]
        curves.append(np.array(losses))
    mean = np.mean(curves, axis=0)
    return out, pd.DataFrame({"epoch": mean[:, 0].astype(int), "train": mean[:, 1], "valid": mean[:, 2]})


def _windows(begins: Ints, ends: Ints) -> Ints:
    """(windows, 4): the first point read, the first told, the point after the last, and the stretch of time.

    A window may lead in with points of the stretch before: they are read and never told, so nothing leaks.
    """
    found = []
    for first, end in zip(begins, ends, strict=True):
        edges = [first + fold * (end - first) // FOLDS for fold in range(FOLDS + 1)]
        for fold in range(FOLDS):
            for start in range(edges[fold], edges[fold + 1], TARGETS):
                until = min(start + TARGETS, edges[fold + 1])
                found.append((max(start - WARM, first), start, until, fold))
    return np.array(found)


def _learned(
    x: NDArray[np.float32], y: NDArray[np.float32], train: Ints, apart: Ints, seed: list[int], epochs: int,
    tell: Callable[[list[tuple[float, ...]]], None],
) -> tuple[_Net, list[tuple[float, ...]]]:  # fmt: skip
    """A net that learned from `train`, and epoch, loss there, loss on `apart` of each epoch."""
    torch.manual_seed(seed[0] * FOLDS + seed[1])
    rng = np.random.default_rng(seed)
    net, loss = _Net(x.shape[1]), nn.HuberLoss()
    optimiser = torch.optim.Adam(net.parameters(), lr=RATE, weight_decay=1e-4)
    watched = rng.permutation(apart)[:SCORED]

    def error(windows: Ints) -> torch.Tensor:
        rows, told = _batch(windows)
        return loss(net(torch.from_numpy(x[rows]))[torch.from_numpy(told)], torch.from_numpy(y[rows[told]]))

    losses: list[tuple[float, ...]] = []
    for epoch in range(1, epochs + 1):
        chosen = rng.permutation(train)[:WINDOWS_MOST]
        total = 0.0
        for begin in range(0, len(chosen), BATCH):
            batch = chosen[begin : begin + BATCH]
            value = error(batch)
            optimiser.zero_grad()
            value.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimiser.step()
            total += value.item() * len(batch)
        with torch.no_grad():
            losses.append((epoch, total / len(chosen), error(watched).item()))
        tell(losses)
    return net, losses


def _batch(windows: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """(windows, steps) rows, the last repeated where a window is short, and which of them are told."""
    rows = windows[:, :1] + np.arange(int((windows[:, 2] - windows[:, 0]).max()))
    told = (rows >= windows[:, 1:2]) & (rows < windows[:, 2:3])
    return np.minimum(rows, windows[:, 2:3] - 1), told
