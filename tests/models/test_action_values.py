"""The forward pass is the same in torch and numpy, and the shared net treats categories alike."""

from __future__ import annotations

import numpy as np
import pytest

from socialml.models import action_values
from socialml.models.action_values import FLAT, SHARED, Layout

LAYOUT = Layout(categories=3, offers=2, blocks=2)
WIDTH, ACTIONS = 10, 6


@pytest.mark.parametrize("layout", [None, LAYOUT])
def test_torch_numpy_and_groups_agree(layout: Layout | None) -> None:
    import torch

    rng = np.random.default_rng(0)
    weights = action_values.new(WIDTH, ACTIONS, layout, 32, 2, rng)
    assert len(weights) == len(FLAT if layout is None else SHARED)
    x = rng.normal(size=(2, 5, WIDTH)).astype(np.float32)
    found = action_values.values(weights, x)
    assert found.shape == (2, 5, ACTIONS)
    assert found[1] == pytest.approx(action_values.values([w[1] for w in weights], x[1]), rel=1e-5, abs=1e-6)
    tensors = [torch.from_numpy(w) for w in weights]
    assert action_values.values(tensors, torch.from_numpy(x)).numpy() == pytest.approx(
        found, rel=1e-4, abs=1e-5
    )
    assert action_values.values(action_values.times(weights, 3.0), x) == pytest.approx(
        3 * found, rel=1e-4, abs=1e-5
    )


def test_categories_that_swap_all_they_have_swap_their_advantages() -> None:
    rng = np.random.default_rng(1)
    weights = [w[0] for w in action_values.new(WIDTH, ACTIONS, LAYOUT, 32, 1, rng)]
    x = rng.normal(size=(4, WIDTH)).astype(np.float32)
    order = np.array([2, 0, 1])
    swapped = x.copy()
    for block in range(LAYOUT.blocks):
        swapped[:, block * 3 : block * 3 + 3] = x[:, block * 3 : block * 3 + 3][:, order]
    named = dict(zip(SHARED, weights, strict=True))
    moved = [w[order] if name in ("category", "offer b") else w for name, w in named.items()]
    before = action_values.parts(weights, x)[1].reshape(4, 3, 2)
    after = action_values.parts(moved, swapped)[1].reshape(4, 3, 2)
    assert after == pytest.approx(before[:, order], rel=1e-4, abs=1e-5)
    assert not np.allclose(before, before[:, order], atol=1e-3)


@pytest.mark.parametrize("layout", [None, LAYOUT])
def test_what_a_rule_thinks_comes_first_and_advantages_are_added(layout: Layout | None) -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(5, WIDTH)).astype(np.float32)
    rule = rng.normal(size=(5, ACTIONS)).astype(np.float32)
    rule -= rule.mean(axis=1, keepdims=True)
    seen = np.concatenate([x, rule], axis=1)
    new = [w[0] for w in action_values.new(WIDTH, ACTIONS, layout, 32, 1, rng, ruled=True)]
    value, advantage = action_values.parts(new, seen)
    assert advantage == pytest.approx(rule)
    assert value.std() > 0
    learned = [*new[:-1], new[-1] + rng.normal(size=new[-1].shape).astype(np.float32)]
    alone = action_values.values(learned, x)
    assert action_values.values(learned, seen) == pytest.approx(alone + rule, abs=1e-5)
    half = action_values.values(action_values.leaned(learned, 0.5), x)
    assert half - value == pytest.approx((alone - value) / 2, abs=1e-5)
