"""The forecaster's layers against torch's own LSTM, and in numbers of 16 bits."""

from __future__ import annotations

import pytest
import torch

from socialml.models.sequence_inputs import CALENDAR
from socialml.models.sequence_layers import WIDTH, Net

MONTHLY, STATIC, LENGTH, USERS = 11, 3, 5, 8


def made(dropout: float = 0.0, brief: bool = False) -> Net:
    torch.manual_seed(0)
    net = Net(MONTHLY, STATIC, units=32, static_units=4, dropout=dropout, brief=brief)
    for parameter in (
        net.out.weight,
        net.month,
        net.shift,
    ):  # zeros at first, which would hide what is before them
        torch.nn.init.normal_(parameter)
    return net


@pytest.fixture(scope="module")
def batch() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    months = torch.eye(12)[torch.randint(0, 12, (LENGTH, USERS))]
    ahead = torch.cat([torch.randn(LENGTH, USERS, CALENDAR), months], dim=2)
    return torch.randn(LENGTH, USERS, MONTHLY), ahead, torch.randn(USERS, STATIC)


def plain(net: Net, monthly: torch.Tensor, ahead: torch.Tensor, static: torch.Tensor) -> torch.Tensor:
    """The same net with an LSTM as wide as its inputs, one user at a time, users first."""
    width = net.lower.input_size - net.spare
    own = [
        value[:, :width] if name == "weight_ih_l0" else value for name, value in net.lower.named_parameters()
    ]
    zero = torch.zeros(1, 1, 32)
    rows = []
    for user in range(USERS):
        months = ahead[:, user, CALENDAR:]
        people = net.static(static[user]).expand(LENGTH, -1)
        x = torch.cat([monthly[:, user], ahead[:, user, :CALENDAR], months @ net.month, people], dim=1)
        state = torch.lstm(x[None], (zero, zero), own, True, 1, 0.0, False, False, True)[0]
        state = net.upper(state.transpose(0, 1))[0].squeeze(1)
        hidden = torch.nn.functional.gelu(net.hidden(torch.cat([state, x], dim=1)))
        rows.append(net.out(hidden) + months @ net.shift)
    return torch.stack(rows, dim=1)


def gradients(net: Net, out: torch.Tensor) -> torch.Tensor:
    return torch.nn.utils.parameters_to_vector(
        torch.autograd.grad(out.square().mean(), list(net.parameters()))
    )


def test_filled_up_inputs_change_neither_forecast_nor_gradient(batch) -> None:
    net = made()
    assert net.spare > 0
    assert net.lower.input_size % WIDTH == 0
    ours, theirs = net(*batch), plain(net, *batch)
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(gradients(net, ours), gradients(net, theirs), rtol=1e-5, atol=1e-5)


def test_numbers_of_16_bits_are_close_and_only_in_training(batch) -> None:
    net, exact = made(brief=True), made()
    if not net.brief:
        pytest.skip("this processor does not multiply numbers of 16 bits")
    assert torch.equal(net(*batch), exact(*batch))
    ours = net(*batch, torch.Generator())
    assert not torch.equal(ours, exact(*batch))
    torch.testing.assert_close(ours, exact(*batch), rtol=0.05, atol=0.05)
    off = gradients(net, ours) - gradients(exact, exact(*batch))
    assert float(off.norm()) < 0.03 * float(gradients(exact, exact(*batch)).norm())


def test_dropout_is_drawn_from_the_generator_and_only_from_it(batch) -> None:
    net = made(dropout=0.5)
    first, again, other = (net(*batch, torch.Generator().manual_seed(seed)) for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(net(*batch), made()(*batch))
