"""What a policy would change, with an interval that carries the error of what was learned.

Each draw is a resample of users on which everything that judges was fitted anew (a bootstrap over refits), and
holds both policies with the same users and the same chance, so that they are compared in pairs. What all refits get
wrong alike is no part of their spread and is allowed for beside it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEVEL = 0.95
# A simulator that is refitted errs alike in every refit. In planted worlds simulated uplifts were off by about a
# tenth of their size on average and by more in some (tests/benchmarks/bench_live_promise.py): with this share of each
# counted as its own error, 91 to 98 of 100 intervals hold the truth.
MISFIT = 0.25


@dataclass(frozen=True)
class Uplift:
    """Before and after in the metric's unit; relative and its bounds as shares of before. p_harm: that it falls."""

    before: float
    before_low: float
    before_high: float
    after: float
    after_low: float
    after_high: float
    absolute: float
    absolute_low: float
    absolute_high: float
    relative: float
    low: float
    high: float
    p_harm: float
    better: bool  # one-sided, at half of what lies outside the interval

    def row(self) -> dict[str, Any]:
        return asdict(self)


def interval(value: float, draws: Floats, misfit: float = 0.0) -> tuple[float, float]:
    """Student's, from the spread of the draws (r,) and a share of the value; of no width where neither is any."""
    spread = _spread(value, draws, misfit)
    if spread == 0:
        return value, value
    reach = reach_of(spread, len(draws))
    return value - reach, value + reach


def reach_of(spread: float, draws: int) -> float:
    """Half the width of an interval."""
    from scipy.special import stdtrit  # here, as a server that only shows runs does not need it

    return float(stdtrit(max(draws - 1, 1), (1 + LEVEL) / 2)) * spread


def _spread(value: float, draws: Floats, misfit: float) -> float:
    return float(np.hypot(draws.std(ddof=1), misfit * value)) if len(draws) > 1 else np.inf


def uplift(
    before: float, after: float, draws_before: Floats, draws_after: Floats, misfit: float = MISFIT
) -> Uplift:
    """before, after: from all that was not learned from; draws: (r,) each, in pairs."""
    from scipy.special import stdtr

    change, changes = after - before, draws_after - draws_before
    relative = change / before if before else 0.0
    relatives = np.divide(changes, draws_before, out=np.zeros_like(changes), where=draws_before != 0)
    low, high = interval(relative, relatives, misfit)
    absolute_low, absolute_high = interval(change, changes, misfit)
    spread = _spread(change, changes, misfit)
    harm = float(stdtr(max(len(changes) - 1, 1), -change / spread)) if spread > 0 else float(change < 0)
    return Uplift(
        before, *interval(before, draws_before), after, *interval(after, draws_after), change, absolute_low,
        absolute_high, relative, low, high, harm, bool(low > 0),
    )  # fmt: skip
