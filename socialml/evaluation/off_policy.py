"""What another policy would have earned, from a log alone (contextual bandit, one decision a row).

Importance weighting and doubly robust estimates: Dudik, Langford and Li 2011, Swaminathan and Joachims 2015.
Each estimate is a mean of one value a row (or of sums over the rows of one user), so its interval follows from
the spread of these; rare rewards make them skewed, which Hall 1992 ('On the removal of skewness by
transformation') takes out. A log without enough overlap is refused, not estimated.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from socialml.evaluation.reward_model import Log, RewardModel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

Z95 = 1.959964
LEAST_ROWS = 500  # fewer say nothing about rare rewards
LEAST_EFFECTIVE = 100.0
MOST_UNSEEN = 0.05  # of the policy's choices, on actions that the log never tried
MOST_ONE_ROW = 0.10  # of all weight on a single row
MOST_MISFIT = 0.25  # of the mean weight, beside the reach of chance


@dataclass(frozen=True)
class Estimate:
    value: float
    low: float
    high: float
    se: float


@dataclass(frozen=True)
class Evaluation:
    """estimates: ips, snips, dm, dr; empty where the log does not carry them. refused: why, or ''."""

    n: int
    effective_sample_size: float | None
    unseen: float  # share of the policy's choices that the log never tried
    mean_weight: float | None  # about 1 where the propensities are right
    logged: Estimate | None  # what the logging policy earned a decision
    estimates: dict[str, Estimate]
    difference: dict[str, Estimate]  # policy minus logging policy, on the same rows
    refused: str = ""
    warnings: list[str] = field(default_factory=list)


def shares(log: Log) -> Floats:
    """(positions, actions): how often the log chose each action at each position."""
    counts = np.zeros((log.n_positions, log.n_actions))
    np.add.at(counts, (log.position, log.action), 1)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


def uniform(log: Log) -> Floats:
    """(positions, actions): every action that the log tried at a position, equally often."""
    tried = shares(log) > 0
    return tried / np.maximum(tried.sum(axis=1, keepdims=True), 1)


def evaluate(log: Log, policy: Floats, seed: int = 0, unknown: float = 0.0) -> Evaluation:
    """What the policy would have earned on the log's decisions.

    policy: (positions, actions), each row sums to 1, less what it gives to actions that the log does not know
    at all: `unknown`, the mean of that over the decisions.
    ValueError where a propensity is not in (0, 1]; what reads a file tells the user which row.
    """
    return evaluate_rows(log, policy[log.position], seed, unknown)


def evaluate_rows(log: Log, chances: Floats, seed: int = 0, unknown: float = 0.0) -> Evaluation:
    """As `evaluate`, of a policy that looks at more than the position.

    chances: (n, actions) of each decision, from what was known before it.
    """
    n = len(log.reward)
    unseen = unknown + float((chances * (shares(log) == 0)[log.position]).sum() / max(n, 1))
    logged = _mean(log.reward, log.user) if n >= 2 else None
    if log.propensity is None:
        return _without_propensities(log, chances, unseen, logged)
    if not ((log.propensity > 0) & (log.propensity <= 1)).all():
        raise ValueError("propensities are above 0 and at most 1")
    weight = chances[np.arange(n), log.action] / log.propensity
    total, squares = weight.sum(), (weight**2).sum()
    effective = float(total**2 / squares) if squares > 0 else 0.0
    mean_weight = float(weight.mean()) if n else 0.0
    refused = _refusal(log, weight, unseen, effective)
    if refused:
        return Evaluation(n, effective, unseen, mean_weight, logged, {}, {}, refused)
    warnings = _warnings(log, weight, unseen)
    model = RewardModel(log, chances)
    direct, spread = model.direct()
    cross_direct, cross_fitted = model.crossed(seed)
    ips = weight * log.reward
    snips = float(ips.sum() / total)
    dr = cross_direct + weight * (log.reward - cross_fitted)
    values = {
        "ips": ips,
        # The delta method: a ratio of sums moves as this mean does.
        "snips": snips + weight * (log.reward - snips) / mean_weight,
        "dm": direct + spread,
        "dr": dr,
    }
    estimates = {name: _mean(value, log.user) for name, value in values.items()}
    difference = {name: _mean(value - log.reward, log.user) for name, value in values.items()}
    return Evaluation(n, effective, unseen, mean_weight, logged, estimates, difference, warnings=warnings)


def _refusal(log: Log, weight: Floats, unseen: float, effective: float) -> str:
    n = len(weight)
    if n < LEAST_ROWS:
        return f"The log has {n} decisions; under {LEAST_ROWS} nothing can be said about rare rewards."
    if log.n_actions < 2:
        return "The log knows one action only: there is nothing to choose between."
    if unseen > MOST_UNSEEN:
        return f"{unseen:.0%} of the policy's choices were never tried in the log; at most {MOST_UNSEEN:.0%} may be."
    if effective < LEAST_EFFECTIVE:
        return (
            f"The policy differs so much from what was logged that the {n:,} decisions count as {effective:.0f};"
            f" at least {LEAST_EFFECTIVE:.0f} are needed."
        )
    if _misfit(weight, unseen) > MOST_MISFIT:
        return (
            f"The weights have a mean of {weight.mean():.2f} where {1 - unseen:.2f} is due: the propensities are not"
            " those of the policy that made this log, or the action is only a part of what was chosen."
        )
    if weight.max() > MOST_ONE_ROW * weight.sum():
        return "A single decision would carry over a tenth of the estimate: its propensity is too small."
    return ""


def _misfit(weight: Floats, unseen: float) -> float:
    """How far the mean weight is from where it must be; 0 within the reach of chance."""
    off = abs(float(weight.mean()) - (1 - unseen))
    return off if off > 4 * float(weight.std(ddof=1)) / np.sqrt(len(weight)) + 1e-9 else 0.0


def _warnings(log: Log, weight: Floats, unseen: float) -> list[str]:
    told = []
    rewarded = int(np.count_nonzero(log.reward))
    if rewarded < 30:
        told.append(f"Only {rewarded} decisions have a reward: the intervals are rough.")
    if unseen > 0:
        told.append(
            f"{unseen:.1%} of the policy's choices were never tried in the log and count as earning nothing."
        )
    if _misfit(weight, unseen) > 0:
        told.append(
            f"The weights have a mean of {weight.mean():.2f} where {1 - unseen:.2f} is due: the propensities may not be"
            " quite those of the policy that made this log."
        )
    return told


def _without_propensities(log: Log, chances: Floats, unseen: float, logged: Estimate | None) -> Evaluation:
    n = len(log.reward)
    refused = ""
    if n < LEAST_ROWS or log.n_actions < 2 or unseen > MOST_UNSEEN:
        refused = _refusal(log, np.ones(max(n, 1)), unseen, float(n))
    if refused:
        return Evaluation(n, None, unseen, None, logged, {}, {}, refused)
    direct, spread = RewardModel(log, chances).direct()
    told = [
        "The log has no propensities, so only a model of the reward can speak (dm); it is right only where that"
        " model is. Log the chance of each choice from now on, or name its column."
    ]
    return Evaluation(
        n, None, unseen, None, logged, {"dm": _mean(direct + spread, log.user)}, {}, warnings=told
    )


def _mean(values: Floats, user: Ints | None) -> Estimate:
    """The mean of one value a row with its 95% interval; rows of one user count as one draw."""
    n = len(values)
    value = float(values.mean())
    centred = values - value
    if user is not None:
        centred = np.bincount(user, weights=centred).astype(np.float64)
    draws = len(centred)
    if draws < 2:
        return Estimate(value, -np.inf, np.inf, np.inf)
    # Sums over users add up to 0, so that their spread is that of the whole sum.
    se = float(np.sqrt((centred**2).sum() * draws / (draws - 1)) / n)
    if se <= 1e-15 * max(1.0, abs(value)):
        return Estimate(value, value, value, 0.0)
    skewness = float((centred**3).mean() / (centred**2).mean() ** 1.5)
    low, high = _hall(skewness / np.sqrt(draws))
    return Estimate(value, value - se * high, value - se * low, se)


def _hall(a: float) -> tuple[float, float]:
    """Quantiles (2.5%, 97.5%) of a studentised mean with skewness/sqrt(n) = a: the inverse of Hall's g.

    g(t) = t + a t^2/3 + a^2 t^3/27 + a/6 is normal to the second order.
    """
    if abs(a) < 1e-9:
        return -Z95, Z95
    low, high = (3 / a * (np.cbrt(1 + a * (z - a / 6)) - 1) for z in (-Z95, Z95))
    return float(low), float(high)
