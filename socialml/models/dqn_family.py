"""A family of deep Q-networks, one for each segment of viewers, that share what they remember.

Each is trained as models/dqn.py does, on batches of mostly its own viewers' transitions and some of everybody's,
so that a small segment is not left to its few. All nets take a gradient step at once, as one batched product.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from socialml.models.dqn import Settings, by_group, learn
from socialml.progress import Report, silent

Floats32 = NDArray[np.float32]
Ints = NDArray[np.int64]

LEAST = 96  # rows of a net's batch


@dataclass(frozen=True, eq=False)
class Family:
    """Weights as QNetwork has them, with the groups in front. groups of viewers are numbered from 0."""

    weights: list[Floats32]  # (groups, rows, columns) each
    centre: Floats32
    scale: Floats32
    unit: float
    curve: dict[str, list[float]]  # step, return
    env_steps: int
    seconds: float

    def values(self, observation: Floats32, groups: Ints) -> Floats32:
        """(n, actions) in units of reward. groups: (n,) whose net each row asks."""
        known = len(self.weights[0])
        if len(groups) and not 0 <= groups.min() <= groups.max() < known:
            raise ValueError(f"groups go from 0 to {known - 1}; asked for {groups.min()} to {groups.max()}")
        scaled = (observation - self.centre) / self.scale
        return by_group(self.weights, scaled, groups, np.concatenate)


def train(env: Any, groups: Ints, settings: Settings, report: Report = silent) -> Family:
    """groups: (n,) the segment of each of the environment's viewers, from 0. settings.batch is cut among the nets.

    The environment is one for models/dqn.train.
    """
    many = int(groups.max()) + 1
    each = replace(settings, batch=max(settings.batch // many, min(LEAST, settings.batch)))
    weights, centre, scale, unit, curve, seconds = learn(env, each, report, groups=groups)
    return Family(weights, centre, scale, unit, curve, settings.steps * env.num_envs, seconds)
