"""The median that the net tells against one found by drawing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from socialml.models import sequence_loss


@pytest.mark.parametrize("nothing", [0.05, 0.3, 0.45])
def test_the_forecast_is_the_median_of_nothing_and_a_lognormal(nothing: float) -> None:
    rng = np.random.default_rng(0)
    logit = float(np.log((1 - nothing) / nothing))
    out = torch.tensor([[0.4, 0.0, logit, 0.2]])
    spread = float(sequence_loss._spread(out))
    drawn = 50 * np.exp(0.4 + spread * rng.standard_normal(400_000)) * (rng.random(400_000) >= nothing)
    money, orders = sequence_loss.told(out, torch.tensor([50.0]), torch.tensor([3.0]), 1.0, "gated")
    assert float(money) == pytest.approx(np.median(drawn), rel=0.02)
    assert float(orders) == pytest.approx(3, rel=1e-3)
    assert bool(sequence_loss.gate(out))


def test_the_gate_closes_above_one_half() -> None:
    out = torch.tensor([[0.0, 0.0, 0.01, 0.0], [0.0, 0.0, -0.01, 0.0]])
    assert sequence_loss.gate(out).tolist() == [True, False]


@pytest.mark.parametrize("kind", sequence_loss.LOSSES)
def test_a_net_that_says_nothing_tells_the_level(kind: str) -> None:
    out = torch.zeros(1, sequence_loss.OUTPUTS)
    out[0, 2] = 50.0  # surely something
    money, orders = sequence_loss.told(out, torch.tensor([80.0]), torch.tensor([2.0]), 10.0, kind)
    assert float(money) == pytest.approx(80, rel=1e-3)
    assert float(orders) == pytest.approx(2, rel=1e-3)
