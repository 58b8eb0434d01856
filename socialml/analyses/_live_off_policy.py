"""What the log alone says of the policies: estimates that lean on the chances of its choices, not on a simulator.

They judge single recommendations, in the situations that today's policy brought about; what a policy changes about
later visits is not in them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from socialml.analyses._live_claim import Maker
from socialml.environments.live_shopping import Reward
from socialml.environments.outcome import Outcome
from socialml.environments.replay import replay
from socialml.environments.viewers import Means, Viewers
from socialml.evaluation import off_policy
from socialml.evaluation.reward_model import Log
from socialml.features.impressions import ImpressionLog

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_VIEWERS = 3_000
COLUMNS = ["policy", "estimator", "value", "low", "high", "logged"]


def rewards(log: ImpressionLog, reward: Reward | Callable[[int], Reward]) -> Floats:
    """(r,) what each logged recommendation was worth at once, by the weights of the first week."""
    rule = reward if isinstance(reward, Reward) else reward(0)
    columns = (log.purchases, log.amount, log.seconds, log.likes, log.comments, log.shares)
    outcome = Outcome(*(np.nan_to_num(values) for values in columns))
    return rule.of(outcome, log.offer, np.ones(len(log.viewer), dtype=bool))


def estimate(
    log: ImpressionLog, profile: Floats, of: Means, makers: Mapping[str, Maker],
    reward: Reward | Callable[[int], Reward], slots: int, labels: Mapping[str, str],
) -> tuple[pd.DataFrame, str]:  # fmt: skip
    """COLUMNS, of each policy, and a sentence: why there is none, or how much the log is worth."""
    if not makers:
        return pd.DataFrame(columns=COLUMNS), "Today's policy needs no estimate: it made the log."
    if log.n > MOST_VIEWERS:
        kept = np.linspace(0, log.n - 1, MOST_VIEWERS).astype(np.int64)
    else:
        kept = np.arange(log.n)
    part = log.of(kept)
    if not ((part.propensity > 0) & (part.propensity <= 1)).all():
        return (
            pd.DataFrame(columns=COLUMNS),
            "The log does not tell with what chance each recommendation was chosen (above 0 and at most 1), so that it"
            " cannot judge another policy by itself.",
        )
    actions = len(log.categories) * len(log.offers)
    chosen = {name: np.zeros((len(part.viewer), actions)) for name in makers}
    context: list[Floats] = [np.zeros((0, 0))]
    rng = np.random.default_rng(0)

    def look(viewers: Viewers, rows: Ints) -> None:
        if not context[0].size:
            context[0] = np.zeros((len(part.viewer), viewers.of_viewers().shape[1]))
        context[0][rows] = viewers.of_viewers()
        time = np.column_stack([part.week[rows] / log.weeks, np.minimum(part.place[rows] / slots, 1)])
        observation = np.concatenate([viewers.features(), time.astype(np.float32)], axis=1)
        for name, maker in makers.items():
            values = maker(kept[part.viewer[rows]]).values(viewers, observation, rng)
            chosen[name][rows, values.argmax(axis=1)] = 1.0

    replay(part, profile[kept], of, look=look)
    spread = context[0].std(axis=0)
    logged = Log(
        action=part.category * len(log.offers) + part.offer, position=np.zeros(len(part.viewer), dtype=np.int64),
        reward=rewards(part, reward), propensity=part.propensity,
        context=(context[0] - context[0].mean(axis=0)) / np.where(spread > 1e-9, spread, 1.0),
        n_actions=actions, n_positions=1, user=part.viewer,
    )  # fmt: skip
    rows, notes = [], []
    for name in makers:
        found = off_policy.evaluate_rows(logged, chosen[name])
        if found.refused or found.logged is None:
            notes.append(found.refused)
            continue
        for estimator, value in found.estimates.items():
            rows.append({"policy": name, "estimator": estimator, "value": value.value, "low": value.low,
                         "high": value.high, "logged": found.logged.value})  # fmt: skip
        if found.effective_sample_size:
            notes.append(
                f"For '{labels[name]}' the {found.n:,} recommendations are worth"
                f" {found.effective_sample_size:,.0f} of its own (effective sample size)."
            )
    return pd.DataFrame(rows, columns=COLUMNS), " ".join(dict.fromkeys(notes))
