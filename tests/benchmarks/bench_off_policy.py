"""Off-policy intervals on 500 synthetic logs whose truth is known, and on the Open Bandit log.

run() -> dict; `holds` is whether the intervals hold the truth in 92 to 98% of the logs.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from socialml.evaluation.off_policy import Log, evaluate

ROWS, ACTIONS, CONTEXT = 4_000, 6, 3
POPULATION = 400_000  # contexts over which the truth is the mean


def synthetic(seed: int) -> tuple[Log, np.ndarray, float]:
    """A log, a policy, and what the policy truly earns a decision.

    Rewards are rare (about 3%) and answer to the context by a logistic curve, not by the linear model that the
    estimates use. The logging policy leans on the context too; the policy to be judged prefers other actions.
    """
    rng = np.random.default_rng([seed, 7])
    base, slope = rng.normal(-3.6, 0.5, ACTIONS), rng.normal(0, 0.5, (ACTIONS, CONTEXT))
    lean = rng.normal(0, 0.5, (ACTIONS, CONTEXT))
    policy = rng.dirichlet(np.full(ACTIONS, 2.0))[None]

    def chance(context: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-(base + context @ slope.T)))

    context = rng.standard_normal((ROWS, CONTEXT))
    score = np.exp(context @ lean.T)
    logging = 0.9 * score / score.sum(axis=1, keepdims=True) + 0.1 / ACTIONS
    action = (rng.random((ROWS, 1)) > logging.cumsum(axis=1)).sum(axis=1).clip(max=ACTIONS - 1)
    rows = np.arange(ROWS)
    reward = (rng.random(ROWS) < chance(context)[rows, action]).astype(float)
    truth = float((chance(rng.standard_normal((POPULATION, CONTEXT))) @ policy[0]).mean())
    log = Log(
        action=action, position=np.zeros(ROWS, dtype=np.int64), reward=reward, propensity=logging[rows, action],
        context=context, n_actions=ACTIONS, n_positions=1,
    )  # fmt: skip
    return log, policy, truth


def run(worlds: int = 500) -> dict[str, Any]:
    hits = {name: 0 for name in ("ips", "snips", "dm", "dr")}
    width = dict.fromkeys(hits, 0.0)
    for seed in range(worlds):
        log, policy, truth = synthetic(seed)
        found = evaluate(log, policy, seed)
        for name in hits:
            estimate = found.estimates[name]
            hits[name] += estimate.low <= truth <= estimate.high
            width[name] += (estimate.high - estimate.low) / truth / worlds
    shares = {name: count / worlds for name, count in hits.items()}
    return {
        "worlds": worlds,
        "rows": ROWS,
        "coverage": shares,
        "width_over_truth": {name: round(value, 3) for name, value in width.items()},
        "open_bandit_men": _open_bandit(),
        "holds": all(0.92 <= shares[name] <= 0.98 for name in hits),
    }


def _open_bandit() -> dict[str, Any] | str:
    folder = Path(os.environ.get("SOCIALML_REAL_DATA", "")) / "open_bandit_men"
    if not folder.is_dir():
        return "not measured: SOCIALML_REAL_DATA is not set"
    from socialml.ingest import bandit_log

    read = bandit_log.read(folder / "random_men.csv.gz")
    policy, unknown = bandit_log.policy_of(folder / "bts_men.csv.gz", read)
    found = evaluate(read.log, policy, unknown=unknown)
    return {name: [e.value, e.se, e.low, e.high] for name, e in found.estimates.items()} | {
        "effective_sample_size": found.effective_sample_size
    }
