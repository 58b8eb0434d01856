"""The layers of the forecaster: two LSTMs over the months, and what they say of the month after each.

Months come first in every tensor: (months l, users b, ...), as the LSTM reads them.
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from socialml.models import sequence_inputs
from socialml.models.sequence_loss import OUTPUTS

WIDTH = 8  # inputs of the LSTM are filled up with zeros to a multiple: 16 bit products of odd widths are slow


class Net(nn.Module):
    def __init__(
        self, monthly: int, static: int, *, units: int, static_units: int, dropout: float, brief: bool
    ) -> None:
        """monthly, static: inputs of each kind; brief: train with numbers of 16 bits where the processor has them."""
        super().__init__()
        self.brief = brief and torch.cpu.get_capabilities().get("avx512_bf16", False)
        # Zeros: a month of the year that was never trained on says nothing. A shift is learned in fewer steps.
        self.month = nn.Parameter(torch.zeros(12, 6))
        self.shift = nn.Parameter(torch.zeros(12, OUTPUTS))
        self.static = nn.Linear(static, static_units)
        inputs = monthly + sequence_inputs.CALENDAR + 6 + static_units
        self.spare = -inputs % WIDTH
        self.lower = nn.LSTM(inputs + self.spare, units)
        self.upper = nn.LSTM(units, units)
        self.dropout = dropout
        self.hidden = nn.Linear(units + inputs, 64)
        self.out = nn.Linear(64, OUTPUTS)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, monthly, ahead, static, dice=None):  # type: ignore[no-untyped-def]
        """(l, b, inputs), (l, b, CALENDAR + 12), (b, statics) -> (l, b, OUTPUTS). dice: a generator, in training."""
        people = self._drop(self.static(static), dice).expand(len(monthly), -1, -1)
        months = ahead[:, :, sequence_inputs.CALENDAR :]
        calendar = ahead[:, :, : sequence_inputs.CALENDAR]
        x = torch.cat([monthly, calendar, months @ self.month, people], dim=2)
        # Twice as fast where the processor multiplies such numbers; weights, sums and forecasts stay 32 bits wide.
        # Without its cache, which all threads share.
        brief = self.brief and dice is not None
        with torch.autocast("cpu", torch.bfloat16, enabled=brief, cache_enabled=False):
            state = self.lower(F.pad(x, (0, self.spare)))[0]  # (l, b, inputs) -> (l, b, units)
            state = self.upper(self._drop(state, dice))[0]
        state = self._drop(state, dice).float()
        out = self.out(F.gelu(self.hidden(torch.cat([state, x], dim=2))))
        return out + months @ self.shift

    def _drop(self, x: torch.Tensor, dice: torch.Generator | None) -> torch.Tensor:
        """The same units for all months of a user (Gal and Ghahramani 2016); drawing them anew for each month would
        cost as much as the LSTM itself. x: (..., b, units)"""
        if dice is None or not self.dropout:
            return x
        kept = torch.rand(x.shape[-2:], generator=dice) >= self.dropout
        return x * (kept / (1 - self.dropout)).to(x.dtype)
