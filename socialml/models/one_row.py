"""The weights of a small net in one row of memory: a step of Adam, a clip and a running mean are an operation each
instead of one for every layer. torch's functional Adam, for its classes import torch's compiler, which takes two
seconds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch.optim.adam import adam

Floats32 = NDArray[np.float32]


class _Row:
    plain: list[torch.Tensor]

    def arrays(self) -> list[Floats32]:
        return [layer.numpy().copy() for layer in self.plain]


class Weights(_Row):
    """arrays: the first values; rate: of Adam (Kingma and Ba 2015), which may be changed. layers: with gradients.
    plain: the same memory without."""

    def __init__(self, arrays: Sequence[Floats32], rate: float, eps: float = 1e-8) -> None:
        self.rate, self.eps = rate, eps
        self.row = torch.from_numpy(np.concatenate([array.ravel() for array in arrays]))
        self._gradient, self._mean, self._square = (torch.zeros_like(self.row) for _ in range(3))
        self._steps = torch.zeros(())
        shapes = [array.shape for array in arrays]
        self.plain = _views(self.row, shapes)
        self.layers = [array.detach().requires_grad_() for array in self.plain]
        for layer, gradient in zip(self.layers, _views(self._gradient, shapes), strict=True):
            layer.grad = gradient

    def step(self, loss: torch.Tensor, clip: float | None = None) -> None:
        """Down the gradient of loss, whose norm is at most clip."""
        self._gradient.zero_()
        loss.backward(inputs=self.layers)  # type: ignore[no-untyped-call]
        if clip is not None:
            self._gradient.mul_((clip / (self._gradient.norm() + 1e-6)).clamp(max=1.0))
        adam(
            [self.row], [self._gradient], [self._mean], [self._square], [], [self._steps], fused=True, amsgrad=False,
            beta1=0.9, beta2=0.999, lr=self.rate, weight_decay=0.0, eps=self.eps, maximize=False,
        )  # fmt: skip


class Follower(_Row):
    """Weights that follow others slowly."""

    def __init__(self, of: Weights, share: float) -> None:
        self._of, self._row, self._share = of, of.row.clone(), share
        self.plain = _views(self._row, [layer.shape for layer in of.plain])

    def follow(self) -> None:
        self._row.lerp_(self._of.row, self._share)


def _views(row: torch.Tensor, shapes: Sequence[Sequence[int]]) -> list[torch.Tensor]:
    sizes = [int(np.prod(shape)) for shape in shapes]
    return [part.view(*shape) for part, shape in zip(row.split(sizes), shapes, strict=True)]
