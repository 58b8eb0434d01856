"""What the forecaster's net says in money and orders, and what it is trained to lessen.

'gated' (the best in trials): a month brings nothing with some chance, else a lognormal amount. The forecast is the
median of the two together, zero where the chance of nothing is above one half; the loss is its absolute error, plus
the likelihood, which learns more from each month than absolute errors do (the noise of a median is the larger).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from socialml.features.sequences import Sequences
from socialml.models.sequence_inputs import Floats, Inputs, Scales

LOSSES = ("gated", "absolute", "huber", "squared", "poisson")
OUTPUTS = 4  # of the net: log multiples of the levels of amount and orders, logit of any amount, log spread
TOP = 10.0  # of a log multiple
ONE = 0.5413  # softplus of it is 1


@dataclass(frozen=True, eq=False)
class Truth:
    """What came after each position and the levels there, cut as the loss counts them."""

    values: torch.Tensor  # (n * m, 4) amount, orders, and the levels of both; money over `scale`
    counts: torch.Tensor  # (n * m,) whether the month after the position is learned from
    scale: float  # money: mean absolute amount of the months learned from
    orders_scale: float
    unit: float  # over `scale`


def truth(seq: Sequences, inputs: Inputs, scales: Scales, counts: NDArray[np.bool_]) -> Truth:
    def after(values: Floats, most: float) -> Floats:
        out = np.zeros_like(values)
        out[:, :-1] = np.clip(values[:, 1:], -most, most)
        return out

    amount, orders = after(seq.amount, scales.most), after(seq.orders, scales.orders_most)
    some = counts.any()
    scale = max(float(np.abs(amount[counts]).mean()) if some else 1.0, 1e-3 * scales.unit)
    level = np.minimum(inputs.level, scales.most)
    columns = [amount / scale, orders, level / scale, np.minimum(inputs.orders_level, scales.orders_most)]
    return Truth(
        values=torch.from_numpy(np.stack(columns, axis=-1).astype(np.float32)).flatten(0, 1),
        counts=torch.from_numpy(counts).flatten(),
        scale=scale,
        orders_scale=max(float(orders[counts].mean()) if some else 1.0, 1e-3),
        unit=scales.unit / scale,
    )


def told(
    out: torch.Tensor, level: torch.Tensor, orders_level: torch.Tensor, unit: float, loss: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """Amount and orders of (rows, OUTPUTS) and their levels, before the gate: (rows,), (rows,)."""
    if loss in ("huber", "squared"):
        amount = torch.log1p(level / unit) + out[:, 0]
        orders = torch.log1p(orders_level) + out[:, 1]
        return unit * torch.expm1(amount.clamp(max=80.0)), torch.expm1(orders.clamp(max=80.0))
    if loss == "poisson":
        amount, orders = out[:, 0].clamp(max=TOP), out[:, 1].clamp(max=TOP)
        return level * torch.exp(amount), orders_level * torch.exp(orders)
    orders = orders_level * F.softplus(out[:, 1] + ONE)
    if loss == "absolute":
        return level * F.softplus(out[:, 0] + ONE), orders
    # The median of what is nothing with chance p and else lognormal: its (0.5 - p) / (1 - p) quantile.
    nothing = torch.sigmoid(-out[:, 2])
    quantile = ((0.5 - nothing) / (1 - nothing).clamp(min=0.05)).clamp(0.02, 0.5)
    z = torch.special.ndtri(quantile)
    return level * torch.exp((out[:, 0] + _spread(out) * z).clamp(max=TOP)), orders


def gate(out: torch.Tensor) -> torch.Tensor:
    """(rows,) whether anything will more likely be spent than not."""
    return out[:, 2] > 0


def _spread(out: torch.Tensor) -> torch.Tensor:
    return F.softplus(out[:, 3]) + 0.05


def loss(
    out: torch.Tensor, true: Truth, at: torch.Tensor, kind: str, likelihood: float
) -> tuple[torch.Tensor, int]:
    """Sum over the positions that count, and how many they are. out: (l, b, OUTPUTS) of the positions `at`, (l, b)."""
    at = at.flatten()
    counted = true.counts.index_select(0, at).nonzero().squeeze(1)
    amount, orders, level, orders_level = true.values.index_select(0, at[counted]).unbind(1)
    out = out.flatten(0, 1).index_select(0, counted)
    if kind in ("huber", "squared"):
        error = F.huber_loss if kind == "huber" else F.mse_loss
        logged = torch.sign(amount) * torch.log1p(amount.abs() / true.unit)
        total = error(torch.log1p(level / true.unit) + out[:, 0], logged, reduction="sum")
        total = total + error(torch.log1p(orders_level) + out[:, 1], torch.log1p(orders), reduction="sum")
        return total, len(out)
    money, bought = told(out, level, orders_level, true.unit, kind)
    if kind == "poisson":
        total = (money - amount.clamp(min=0) * torch.log(money + 1e-9)).sum()
        orders_total = (bought - orders * torch.log(bought + 1e-9)).sum()
        return total + orders_total / true.orders_scale, len(out)
    total = (money - amount).abs().sum() + (bought - orders).abs().sum() / true.orders_scale
    if kind == "gated":
        total = total + likelihood * _unlikely(out, amount, level)
    return total, len(out)


def _unlikely(out: torch.Tensor, amount: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
    """Minus the log likelihood of the amounts, but for constants, summed."""
    active = amount > 0
    gated = F.binary_cross_entropy_with_logits(out[:, 2], active.float(), reduction="sum")
    spread = _spread(out)[active]
    z = (torch.log(amount[active] / level[active]) - out[:, 0][active]) / spread
    # Student's t with five degrees of freedom: one wild amount does not widen the spread of the others.
    return gated + (torch.log(spread) + 3 * torch.log1p(z**2 / 5)).sum()
