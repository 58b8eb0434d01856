"""The shop's total and each segment's: simple rules on the series itself, judged on the months before.

The users' own forecasts do not add up to a total. Each is the middle of what may come, and for most users that is
nothing, while a few large orders make the sum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
YEAR = 12
LEVELS = (0.8, 0.95)
FIRST = 3  # months of history before the first origin that is judged
FEW = 19  # past errors that a 95% interval needs: conformal, ceil(0.95 * (19 + 1)) = 19
JUDGED_MOST = 24  # origins: what was best years ago says little


def _last(x: Floats) -> float:
    return float(x[-1])


def _mean_3(x: Floats) -> float:
    return float(x[-3:].mean())


def _mean_6(x: Floats) -> float:
    return float(x[-6:].mean())


def _trend(x: Floats) -> float:
    """Half of the mean step of the last three months on."""
    return float(x[-1] + 0.5 * (x[-1] - x[-4]) / 3) if len(x) > 3 else _last(x)


def _seasonal(x: Floats) -> float:
    return float(x[-YEAR])


def _seasonal_grown(x: Floats) -> float:
    """The same month a year ago, times the growth of the last three months over theirs."""
    before = x[-YEAR - 3 : -YEAR].sum()
    growth = x[-3:].sum() / before if before > 0 else 1.0
    return float(x[-YEAR] * np.clip(growth, 0.2, 5.0))


# name -> what it is called, the months it needs, the rule
RULES: dict[str, tuple[str, int, Callable[[Floats], float]]] = {
    "last": ("the last month again", 1, _last),
    "mean_3": ("the mean of the last 3 months", 1, _mean_3),
    "mean_6": ("the mean of the last 6 months", 1, _mean_6),
    "trend": ("the last month and half its recent trend", 2, _trend),
    "seasonal": ("the same month a year ago", YEAR, _seasonal),
    "seasonal_grown": ("the same month a year ago, grown as the shop has", YEAR + 3, _seasonal_grown),
}


@dataclass(frozen=True, eq=False)
class Told:
    """One forecast of a series, one month ahead."""

    value: float
    rule: str  # a name of RULES
    errors: Floats  # (origins,) what the same procedure was off by in past months: actual - forecast
    least: float  # a total that no month can fall below: 0 where none ever did

    def interval(self, level: float) -> tuple[float, float] | None:
        """None where too few months lie behind for this level."""
        needed = int(np.ceil(level * (len(self.errors) + 1)))
        if needed > len(self.errors):
            return None
        half = float(np.sort(np.abs(self.errors))[needed - 1])
        return max(self.value - half, min(self.least, self.value)), self.value + half


def forecast(series: Floats) -> Told:
    """The month after `series` (months,), by the rule that was off least in the months before."""
    m = len(series)
    origins = range(max(1, min(FIRST, m - 1), m - JUDGED_MOST), m)
    tried = {
        name: np.array([rule(series[:s]) if s >= least else np.nan for s in origins])
        for name, (_, least, rule) in RULES.items()
    }
    actual = series[list(origins)]
    # Errors of the whole procedure: at each past month the rule that was best until then.
    errors = [actual[k] - tried[_best(tried, actual, k)][k] for k in range(len(origins))]
    rule = _best(tried, actual, len(origins))
    return Told(RULES[rule][2](series), rule, np.array(errors), least(series))


def least(series: Floats) -> float:
    return 0.0 if (series >= 0).all() else -np.inf


def _best(tried: dict[str, Floats], actual: Floats, until: int) -> str:
    """The rule with the least mean absolute error before origin `until`, on the months that it shares with all.

    A seasonal rule is in the choice once it has been judged on six months.
    """
    scores: dict[str, float] = {}
    off = {name: np.abs(values[:until] - actual[:until]) for name, values in tried.items()}
    for name, errors in off.items():
        judged = np.isfinite(errors)
        if judged.sum() < (6 if name.startswith("seasonal") else 1):
            continue
        # Against the mean of three on the same months: rules begin at different ones.
        usual = float(off["mean_3"][judged].mean())
        scores[name] = float(errors[judged].mean()) / usual if usual > 0 else 1.0
    return min(scores, key=scores.__getitem__) if scores else "mean_3"


def summary(told: Told, series: Floats, actual: float | None = None) -> dict[str, Any]:
    """What the page and the command line say of a total."""
    out: dict[str, Any] = {
        "forecast": told.value,
        "rule": told.rule,
        "rule_label": RULES[told.rule][0],
        "months": len(series),
        "past_errors": len(told.errors),
        "rough": len(told.errors) < FEW,
        "last": float(series[-1]),
        "change": told.value / series[-1] - 1 if series[-1] > 0 else None,
        "off": float(np.abs(told.errors).mean()) if len(told.errors) else None,
        "actual": actual,
    }
    for level in LEVELS:
        found = told.interval(level)
        out[f"low_{level:.0%}".rstrip("%")], out[f"high_{level:.0%}".rstrip("%")] = found or (None, None)
    return out
