"""The forecaster: two LSTM layers that tell each user's next month from the months before (Li 2024, section 4).

The net is causal, so that one pass over a window of months gives a loss at every month whose next one is a
training target. A user's window begins with the first month they are known in, so that nothing needs a mask but
the ends of shorter windows in a batch. What it says are multiples of the user's own running levels. The forecasts
come from an average of the weights over the last steps, which is the steadier.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from socialml.features.sequences import Sequences
from socialml.models import sequence_inputs, sequence_loss, threads
from socialml.models.sequence_inputs import Inputs, Prediction, Scales
from socialml.models.sequence_loss import OUTPUTS, Truth
from socialml.models.sequence_windows import Tensors, Windows
from socialml.progress import Progress, Report

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PREDICT_ROWS = 4_096
VALID_USERS = 4_000
MANY_USERS = 5_000  # from here on batches are large enough for more than one thread
STUCK, SLOWER = 2, 0.3  # after so many epochs without a better one it goes on from the best, at a lower rate


@dataclass(frozen=True, kw_only=True)
class Settings:
    window_months: int = 12
    epochs: int = 20
    patience: int = 6  # epochs without a better validation error
    batch: int = 256  # users, at most; fewer where an epoch would else have under STEPS steps
    rate: float = 2e-3  # of Adam, at first; it falls to a twentieth by a cosine
    dropout: float = 0.3
    units: int = 128
    static_units: int = 8
    loss: str = "gated"
    before_first: str = "masked"  # or 'zeros'
    average: float = 0.98  # of the weights that forecast: a step's share of their former value
    likelihood: float = 1.0  # its weight beside the absolute error
    decay: float = 0.01  # of the weights, decoupled (AdamW)
    brief: bool = True  # train with numbers of 16 bits in the LSTM, where the processor has them
    seed: int = 0

    def refit(self) -> Settings:
        """Of a training that goes on with the validation months: short and careful."""
        return replace(self, epochs=6, rate=self.rate / 2)


class Net(nn.Module):
    def __init__(self, monthly: int, static: int, settings: Settings) -> None:
        super().__init__()
        self.brief = settings.brief and torch.cpu.get_capabilities().get("avx512_bf16", False)
        # Zeros: a month of the year that was never trained on says nothing. A shift is learned in fewer steps.
        self.month = nn.Parameter(torch.zeros(12, 6))
        self.shift = nn.Parameter(torch.zeros(12, OUTPUTS))
        self.static = nn.Linear(static, settings.static_units)
        inputs = monthly + sequence_inputs.CALENDAR + 6 + settings.static_units
        self.lower = nn.LSTM(inputs, settings.units, batch_first=True)
        self.upper = nn.LSTM(settings.units, settings.units, batch_first=True)
        self.dropout = settings.dropout
        self.hidden = nn.Linear(settings.units + inputs, 64)
        self.out = nn.Linear(64, OUTPUTS)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, monthly, calendar, month, static):  # type: ignore[no-untyped-def]
        """(b, l, inputs), (b, l, calendar), (b, l) month of the year, (b, statics) -> (b, l, OUTPUTS)"""
        people = self._drop(self.static(static)[:, None]).expand(-1, monthly.shape[1], -1)
        months = F.one_hot(month, 12).to(monthly.dtype)  # a product: the gradient of an index is slow
        x = torch.cat([monthly, calendar, months @ self.month, people], dim=2)
        # Twice as fast where the processor multiplies such numbers; weights, sums and forecasts stay 32 bits wide.
        with torch.autocast("cpu", torch.bfloat16, enabled=self.brief and self.training):
            state = self.upper(self._drop(self.lower(x)[0]))[0]  # (b, l, inputs) -> (b, l, units)
            state = self._drop(state).float()
        out = self.out(F.gelu(self.hidden(torch.cat([state, x], dim=2))))
        return out + months @ self.shift

    def _drop(self, x: torch.Tensor) -> torch.Tensor:
        """The same units for all months of a user (Gal and Ghahramani 2016); drawing them anew for each month would
        cost as much as the LSTM itself."""
        if not self.training or not self.dropout:
            return x
        kept = torch.rand(x.shape[0], 1, x.shape[2]) >= self.dropout
        return x * (kept / (1 - self.dropout)).to(x.dtype)


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained net: its weights as arrays, and all that a forecast needs."""

    settings: Settings
    scales: Scales
    weights: dict[str, NDArray[np.float32]]
    curve: (
        pd.DataFrame
    )  # epoch, train (loss a month), valid (errors of amount and orders over their means; nan)
    epochs: int  # that gave the weights

    def predict(self, seq: Sequences, t: int) -> Prediction:
        """Forecast month t from the months before it; t == seq.m is the first after the data."""
        part = seq.until(t)
        inputs = sequence_inputs.build(part, self.scales, self.settings.before_first)
        net = _net(inputs, self.settings)
        net.load_state_dict({name: torch.from_numpy(value) for name, value in self.weights.items()})
        tensors = Tensors(inputs, self.scales.unit)
        amount, orders = _forecast(net, tensors, t, self.settings)
        unknown = ~part.known[:, -1]
        amount[unknown] = orders[unknown] = 0.0
        return Prediction(amount, orders)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Weights and scales under names of their own, for an npz; `load` is the way back."""
        scales = {f"scale.{name}": np.asarray(value) for name, value in vars(self.scales).items()}
        return {**self.weights, **scales, "epochs": np.asarray(self.epochs)}

    @classmethod
    def load(
        cls, arrays: Mapping[str, NDArray[np.generic]], settings: Settings, curve: pd.DataFrame
    ) -> Trained:
        """From what `arrays` gave."""
        scales: dict[str, Any] = {}
        for name in Scales.__dataclass_fields__:
            value = np.asarray(arrays[f"scale.{name}"])
            scales[name] = float(value) if value.ndim == 0 else value
        own = {name for name in arrays if name.startswith("scale.")} | {"epochs"}
        weights = {name: np.asarray(arrays[name], dtype=np.float32) for name in arrays if name not in own}
        return cls(settings, Scales(**scales), weights, curve, int(arrays["epochs"]))


def train(
    seq: Sequences,
    targets: Sequence[int],
    valid: Sequence[int],
    settings: Settings,
    report: Report,
    start: Trained | None = None,
) -> Trained:
    """Learn to forecast the target months, each from the months before it. Months count from 0.

    valid: months, none of them a target, whose error ends the training and picks the weights; without any, the
    last epoch's count. start: go on from there, with its scales; settings say how long and how fast.
    """
    last = max([*targets, *valid])
    whole = seq if last >= seq.m else seq.until(last + 1)
    scales = start.scales if start else sequence_inputs.scales(whole, max(targets), settings.before_first)
    inputs = sequence_inputs.build(whole, scales, settings.before_first)
    few = threads.one_thread() if seq.n < MANY_USERS else nullcontext()
    with few, torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        net = _net(inputs, settings)
        if start:
            net.load_state_dict({name: torch.from_numpy(value) for name, value in start.weights.items()})
        return _fit(
            net, Tensors(inputs, scales.unit), whole, scales, list(targets), list(valid), settings, report
        )


def _net(inputs: Inputs, settings: Settings) -> Net:
    return Net(inputs.monthly.shape[2], inputs.static.shape[1], settings)


def _fit(
    net: Net, tensors: Tensors, seq: Sequences, scales: Scales, targets: list[int], valid: list[int],
    settings: Settings, report: Report,
) -> Trained:  # fmt: skip
    windows = Windows(tensors.inputs, seq, targets, settings.window_months, settings.batch)
    true = sequence_loss.truth(seq, tensors.inputs, scales, windows.counts)
    rng = np.random.default_rng(settings.seed)
    optimiser = torch.optim.AdamW(net.parameters(), lr=settings.rate, weight_decay=settings.decay, fused=True)
    average = copy.deepcopy(net).requires_grad_(False)
    mine: list[torch.Tensor] = list(average.parameters())
    theirs: list[torch.Tensor] = list(net.parameters())
    positions = max(float(windows.counts.sum()) / max(len(windows.users), 1), 1.0)
    positions = min(positions, settings.window_months)
    step, steps = 0, settings.epochs * max(-(-len(windows.users) // windows.batch), 1)
    curve: dict[str, list[float]] = {"epoch": [], "train": [], "valid": []}
    best, best_epoch, slow = np.inf, 0, 1.0
    kept = copy.deepcopy(net.state_dict())
    for epoch in range(1, settings.epochs + 1):
        net.train()
        summed, counted = 0.0, 0
        for users, begin, length in windows.epoch(rng):
            out = net(*tensors.cut(users, begin, length))
            at = begin[:, None] + np.arange(length)
            rows = (torch.from_numpy(users)[:, None], torch.from_numpy(np.minimum(at, seq.m - 1)))
            total, count = sequence_loss.loss(out, true, rows, settings.loss, settings.likelihood)
            optimiser.zero_grad()
            (total / (len(users) * positions)).backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            for group in optimiser.param_groups:
                group["lr"] = slow * settings.rate * (0.05 + 0.95 * 0.5 * (1 + np.cos(np.pi * step / steps)))
            optimiser.step()
            step += 1
            share = min(settings.average, step / (step + 9.0))
            with torch.no_grad():
                torch._foreach_lerp_(mine, theirs, 1 - share)
            summed += float(total.detach())
            counted += count
        error = _error(average, tensors, seq, valid, settings, true) if valid else np.nan
        curve["epoch"].append(float(epoch))
        curve["train"].append(summed / max(counted, 1))
        curve["valid"].append(error)
        told = f"epoch {epoch}, validation error {error:.3f}" if valid else f"epoch {epoch}"
        report(
            Progress(
                epoch,
                settings.epochs,
                told,
                {"epoch": curve["epoch"], "training": curve["train"], "validation": curve["valid"]},
            )
        )
        if not valid or error < best:
            best, best_epoch = error, epoch
            kept = copy.deepcopy(average.state_dict())
        elif epoch - best_epoch >= settings.patience:
            break
        elif (epoch - best_epoch) % STUCK == 0:
            net.load_state_dict(kept)
            slow *= SLOWER
    return Trained(
        settings=settings,
        scales=scales,
        weights={name: value.numpy().copy() for name, value in kept.items()},
        curve=pd.DataFrame(curve),
        epochs=best_epoch,
    )


def _error(
    net: Net, tensors: Tensors, seq: Sequences, valid: list[int], settings: Settings, true: Truth
) -> float:
    """Absolute error of amount and of orders over their scale, added, over users known before each month, at most
    about VALID_USERS of them: enough to see when to stop."""
    found = []
    for t in valid:
        users = np.flatnonzero(seq.known[:, t - 1])
        users = users[:: max(1, len(users) // VALID_USERS)]
        amount, orders = (values[users] for values in _forecast(net, tensors, t, settings, users))
        error = np.abs(amount - seq.amount[users, t]) / true.scale
        found.append(error + np.abs(orders - seq.orders[users, t]) / true.orders_scale)
    return float(np.mean(np.concatenate(found))) if found and sum(map(len, found)) else np.nan


def _forecast(
    net: Net, tensors: Tensors, t: int, settings: Settings, users: Ints | None = None
) -> tuple[Floats, Floats]:
    """(n,), (n,) amount and orders of month t; 0 for users whose sequence has not begun, or who are not asked for."""
    inputs = tensors.inputs
    asked = np.arange(len(inputs.begin)) if users is None else users
    there = asked[inputs.begin[asked] < t]
    begin = np.maximum(inputs.begin, t - settings.window_months)[there]
    amount, orders = np.zeros(len(inputs.begin)), np.zeros(len(inputs.begin))
    by_length = np.argsort(begin, kind="stable")
    net.eval()
    with torch.inference_mode():
        for i in range(0, len(there), PREDICT_ROWS):
            rows = by_length[i : i + PREDICT_ROWS]
            who, first = there[rows], begin[rows]
            out = net(*tensors.cut(who, first, int(t - first.min())))
            out = out[torch.arange(len(rows)), torch.from_numpy(t - 1 - first)].double()
            level = torch.from_numpy(inputs.level[who, t - 1])
            orders_level = torch.from_numpy(inputs.orders_level[who, t - 1])
            money, bought = sequence_loss.told(out, level, orders_level, tensors.unit, settings.loss)
            if settings.loss == "gated":
                some = sequence_loss.gate(out)
                money, bought = torch.where(some, money, 0.0), torch.where(some, bought, 0.0)
            amount[who] = money.numpy()
            orders[who] = bought.numpy()
    return np.maximum(amount, 0.0), np.maximum(orders, 0.0)
