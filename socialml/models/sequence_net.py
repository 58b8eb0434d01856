"""The forecaster: two LSTM layers that tell each user's next month from the months before (Li 2024, section 4).

The net is causal, so that one pass over a window of months gives a loss at every month whose next one is a
training target. A user's window begins with the first month they are known in, so that nothing needs a mask but
the ends of shorter windows in a batch. What it says are multiples of the user's own running levels. The forecasts
come from an average of the weights over the last steps, which is the steadier.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn

from socialml.features.sequences import Sequences
from socialml.models import sequence_inputs, sequence_loss
from socialml.models.halves import Halves
from socialml.models.sequence_inputs import Inputs, Prediction, Scales
from socialml.models.sequence_layers import Net
from socialml.models.sequence_loss import Truth
from socialml.models.sequence_windows import Tensors, Windows
from socialml.progress import Progress, Report

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PREDICT_ROWS = 1_024
VALID_USERS = 4_000
HALVED = 128  # users of a batch, from which on two threads learn from a half each
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
        with Halves() as halves:
            amount, orders = _forecast(net, tensors, t, self.settings, halves)
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
    tensors = Tensors(inputs, scales.unit)
    with Halves() as halves, torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        net = _net(inputs, settings)
        if start:
            net.load_state_dict({name: torch.from_numpy(value) for name, value in start.weights.items()})
        return _fit(net, tensors, whole, scales, list(targets), list(valid), settings, report, halves)


def _net(inputs: Inputs, settings: Settings) -> Net:
    return Net(
        inputs.monthly.shape[2],
        inputs.static.shape[1],
        units=settings.units,
        static_units=settings.static_units,
        dropout=settings.dropout,
        brief=settings.brief,
    )


def _fit(
    net: Net, tensors: Tensors, seq: Sequences, scales: Scales, targets: list[int], valid: list[int],
    settings: Settings, report: Report, halves: Halves,
) -> Trained:  # fmt: skip
    windows = Windows(tensors.inputs, seq, targets, settings.window_months, settings.batch)
    true = sequence_loss.truth(seq, tensors.inputs, scales, windows.counts)
    rng = np.random.default_rng(settings.seed)
    average = copy.deepcopy(net).requires_grad_(False)
    weights, mean = _flat(net).requires_grad_(), _flat(average)
    optimiser = torch.optim.AdamW([weights], lr=settings.rate, weight_decay=settings.decay, fused=True)
    dice = [torch.Generator().manual_seed(2 * settings.seed + i) for i in range(2)]
    positions = max(float(windows.counts.sum()) / max(len(windows.users), 1), 1.0)
    positions = min(positions, settings.window_months)
    step, steps = 0, settings.epochs * max(-(-len(windows.users) // windows.batch), 1)

    def learn(part: tuple[Ints, Ints, torch.Generator, int, float]) -> tuple[torch.Tensor, float, int]:
        users, begin, own, length, size = part
        cut, at = tensors.cut(users, begin, length)
        total, count = sequence_loss.loss(net(*cut, own), true, at, settings.loss, settings.likelihood)
        gradients = torch.autograd.grad(total / size, list(net.parameters()))
        return nn.utils.parameters_to_vector(gradients), float(total.detach()), count

    curve: dict[str, list[float]] = {"epoch": [], "train": [], "valid": []}
    best, best_epoch, slow = np.inf, 0, 1.0
    kept = copy.deepcopy(net.state_dict())
    for epoch in range(1, settings.epochs + 1):
        summed, counted = 0.0, 0
        for users, begin, length in windows.epoch(rng):
            parts = 2 if len(users) >= HALVED else 1
            size, split = len(users) * positions, (np.array_split(users, parts), np.array_split(begin, parts))
            learned = halves.map(learn, [(*part, length, size) for part in zip(*split, dice, strict=False)])
            weights.grad = torch.stack([gradient for gradient, _, _ in learned]).sum(dim=0)
            nn.utils.clip_grad_norm_(weights, 1.0)
            for group in optimiser.param_groups:
                group["lr"] = slow * settings.rate * (0.05 + 0.95 * 0.5 * (1 + np.cos(np.pi * step / steps)))
            optimiser.step()
            step += 1
            share = min(settings.average, step / (step + 9.0))
            mean.lerp_(weights.detach(), 1 - share)
            summed += sum(total for _, total, _ in learned)
            counted += sum(count for _, _, count in learned)
        error = _error(average, tensors, seq, valid, settings, true, halves) if valid else np.nan
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
    net: Net,
    tensors: Tensors,
    seq: Sequences,
    valid: list[int],
    settings: Settings,
    true: Truth,
    halves: Halves,
) -> float:
    """Absolute error of amount and of orders over their scale, added, over users known before each month, at most
    about VALID_USERS of them: enough to see when to stop."""
    found = []
    for t in valid:
        users = np.flatnonzero(seq.known[:, t - 1])
        users = users[:: max(1, len(users) // VALID_USERS)]
        amount, orders = (values[users] for values in _forecast(net, tensors, t, settings, halves, users))
        error = np.abs(amount - seq.amount[users, t]) / true.scale
        found.append(error + np.abs(orders - seq.orders[users, t]) / true.orders_scale)
    return float(np.mean(np.concatenate(found))) if found and sum(map(len, found)) else np.nan


def _forecast(
    net: Net, tensors: Tensors, t: int, settings: Settings, halves: Halves, users: Ints | None = None
) -> tuple[Floats, Floats]:
    """(n,), (n,) amount and orders of month t; 0 for users whose sequence has not begun, or who are not asked for."""
    inputs = tensors.inputs
    asked = np.arange(len(inputs.begin)) if users is None else users
    there = asked[inputs.begin[asked] < t]
    begin = np.maximum(inputs.begin, t - settings.window_months)[there]
    amount, orders = np.zeros(len(inputs.begin)), np.zeros(len(inputs.begin))
    by_length = np.argsort(begin, kind="stable")

    def tell(rows: Ints) -> None:
        who, first = there[rows], begin[rows]
        with torch.inference_mode():
            out = net(*tensors.cut(who, first, int(t - first.min()))[0])
            out = out[torch.from_numpy(t - 1 - first), torch.arange(len(rows))].double()
            level = torch.from_numpy(inputs.level[who, t - 1])
            orders_level = torch.from_numpy(inputs.orders_level[who, t - 1])
            money, bought = sequence_loss.told(out, level, orders_level, tensors.unit, settings.loss)
            if settings.loss == "gated":
                some = sequence_loss.gate(out)
                money, bought = torch.where(some, money, 0.0), torch.where(some, bought, 0.0)
        amount[who] = money.numpy()
        orders[who] = bought.numpy()

    halves.map(tell, [by_length[i : i + PREDICT_ROWS] for i in range(0, len(there), PREDICT_ROWS)])
    return np.maximum(amount, 0.0), np.maximum(orders, 0.0)


def _flat(net: Net) -> torch.Tensor:
    """All weights in one row, of which the net's own become parts: a step is then one operation and not fifteen."""
    flat = nn.utils.parameters_to_vector(net.parameters()).detach()
    nn.utils.vector_to_parameters(flat, net.parameters())
    return flat
