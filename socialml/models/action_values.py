"""Nets that value every action, as lists of arrays: one forward pass for training in torch and for answers in numpy.

Flat: two layers, then the value of the state and the advantage of each action (Wang et al. 2016). Shared: where
actions are category x offer and an observation begins with blocks of one number a category, the advantage of every
category comes from one small net that reads its own numbers, the rest of the observation and who it is. What is
learned of one category then holds for all. Each array may begin with a dimension for groups.

An observation may end with one number for each action, what a rule thinks of it: advantages are then those of the
rule and what the net adds to them, at first nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats32 = NDArray[np.float32]

FLAT = ("w1", "b1", "w2", "b2", "value w", "value b", "advantage w", "advantage b")
SHARED = (*FLAT[:6], "own w", "rest w", "category", "middle w", "middle b", "offer w", "offer b")
_LAST = {len(FLAT): (4, 5, 6, 7), len(SHARED): (4, 5, 11, 12)}  # the layers whose scale is that of the values


@dataclass(frozen=True)
class Layout:
    """An observation begins with `blocks` x `categories` numbers; an action is category x offers + offer."""

    categories: int
    offers: int
    blocks: int


def layout_of(env: Any) -> Layout | None:
    """What the environment says of its observations; None: nothing."""
    blocks = getattr(env, "blocks", None)
    return None if blocks is None else Layout(env.viewers.categories, env.offers, blocks)


def new(
    width: int, actions: int, layout: Layout | None, hidden: int, groups: int, rng: np.random.Generator,
    ruled: bool = False,
) -> list[Floats32]:  # fmt: skip
    """Weights drawn as torch.nn.Linear does, the same in each group. width: of an observation without what a rule
    thinks. hidden: of the flat net; the shared one takes half of it for the value and a quarter for the categories.
    ruled: all advantages are 0."""

    def even(rows: int, columns: int, inputs: int) -> Floats32:
        bound = 1 / np.sqrt(inputs)
        one = rng.uniform(-bound, bound, (rows, columns)).astype(np.float32)
        return np.broadcast_to(one, (groups, rows, columns)).copy()

    def linear(outputs: int, inputs: int) -> list[Floats32]:
        return [even(outputs, inputs, inputs), even(1, outputs, inputs)]

    if layout is None:
        weights = [
            *linear(hidden, width), *linear(hidden, hidden), *linear(1, hidden), *linear(actions, hidden)
        ]  # fmt: skip
    else:
        c, k, h, small = layout.categories, layout.blocks, hidden // 2, hidden // 4
        weights = [
            *linear(h, width), *linear(h, h), *linear(1, h),
            even(small, k, width - k * (c - 1)), even(small, width - k * c, width - k * (c - 1)), even(c, small, 16),
            *linear(small, small), even(layout.offers, small, small), np.zeros((groups, c, layout.offers), np.float32),
        ]  # fmt: skip
    if ruled:
        weights[-2:] = [np.zeros_like(array) for array in weights[-2:]]
    return weights


def parts(weights: list[Any], x: Any) -> tuple[Any, Any]:
    """x: (..., n, features), numpy or torch -> the state's value (..., n, 1) and advantages (..., n, actions)."""
    w1, b1, w2, b2, value, value_b = weights[:6]
    x, ruled = x[..., : w1.shape[-1]], x[..., w1.shape[-1] :]
    hidden = _layer(_layer(x, w1, b1), w2, b2)
    if len(weights) == len(FLAT):
        advantage = hidden @ weights[6].mT + weights[7]
    else:
        own, rest, category, middle, middle_b, offer, offer_b = weights[6:]
        *lead, n, _ = x.shape
        (c, small), k = category.shape[-2:], own.shape[-1]
        by_category = x[..., : k * c].reshape(*lead, n, k, c).swapaxes(-1, -2).reshape(*lead, n * c, k)
        each = (by_category @ own.mT).reshape(*lead, n, c, small)
        each += (x[..., k * c :] @ rest.mT)[..., :, None, :]
        each += category[..., None, :, :]
        each = _layer(_rectified(each).reshape(*lead, n * c, small), middle, middle_b) @ offer.mT
        flat_b = offer_b.reshape(*offer_b.shape[:-2], 1, -1)
        advantage = each.reshape(*lead, n, flat_b.shape[-1]) + flat_b
    if ruled.shape[-1]:
        advantage = advantage + ruled
    return hidden @ value.mT + value_b, advantage


def _layer(x: Any, rows: Any, offsets: Any) -> Any:
    found = x @ rows.mT
    found += offsets  # in place, as what follows: most of the time goes into memory
    return _rectified(found)


def _rectified(x: Any) -> Any:
    """In place. A clip would have a slow gradient."""
    return np.maximum(x, 0, out=x) if isinstance(x, np.ndarray) else x.relu_()


def values(weights: list[Any], x: Any) -> Any:
    """(..., n, actions)"""
    value, advantage = parts(weights, x)
    return value + advantage - advantage.mean(axis=-1, keepdims=True)


def leaned(weights: list[Floats32], share: float) -> list[Floats32]:
    """The same net, which adds only this share of its advantages to what a rule thinks."""
    return [*weights[:-2], *(array * np.float32(share) for array in weights[-2:])]


def times(weights: list[Floats32], factor: float) -> list[Floats32]:
    """The same net with its values times factor: the last layers are linear."""
    last = _LAST[len(weights)]
    return [array * np.float32(factor) if i in last else array for i, array in enumerate(weights)]
