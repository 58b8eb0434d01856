"""A step in one row is that of torch's own Adam over layers, clipped as its clip_grad_norm_ does."""

import numpy as np
import pytest
import torch

from socialml.models.one_row import Follower, Weights

SHAPES = [(3, 4), (3,), (2, 2, 5)]


def losses(layers: list[torch.Tensor], step: int) -> torch.Tensor:
    goal = torch.full((), float(step))
    return sum(((layer - goal) ** 2).sum() * (i + 1) for i, layer in enumerate(layers))  # type: ignore[return-value]


@pytest.mark.parametrize("clip", [None, 0.5, 1e9])
def test_steps_are_those_of_torchs_adam(clip: float | None) -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=shape).astype(np.float32) for shape in SHAPES]
    ours = Weights(arrays, 0.01)
    theirs = [torch.from_numpy(array.copy()).requires_grad_() for array in arrays]
    adam = torch.optim.Adam(theirs, lr=0.01)
    for step in range(20):
        ours.rate = adam.param_groups[0]["lr"] = 0.01 * (1 - step / 40)
        ours.step(losses(ours.layers, step), clip)
        adam.zero_grad()
        losses(theirs, step).backward()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(theirs, clip)
        adam.step()
    for found, wanted in zip(ours.arrays(), theirs, strict=True):
        np.testing.assert_allclose(found, wanted.detach().numpy(), rtol=1e-5, atol=1e-6)


def test_a_follower_goes_its_share_of_the_way_and_leaves_the_first_arrays_alone() -> None:
    arrays = [np.zeros(shape, np.float32) for shape in SHAPES]
    weights = Weights(arrays, 0.1)
    slow = Follower(weights, 0.25)
    weights.step(losses(weights.layers, 5))
    slow.follow()
    for layer, follower in zip(weights.arrays(), slow.arrays(), strict=True):
        assert (layer > 0).all()
        np.testing.assert_allclose(follower, 0.25 * layer, rtol=1e-6)
    assert all((array == 0).all() for array in arrays)
