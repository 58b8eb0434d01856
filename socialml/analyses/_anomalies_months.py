"""Customers' months: net spend against what was expected, in the customer's own spread.

The monthly LSTM of the forecasts learns from some customers' months and tells all; where it is not better than a
simple rule on customers it has not seen, or there is too little to learn from, the rule tells.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from socialml import words
from socialml.analyses import _anomalies_words as told
from socialml.artefacts import Table
from socialml.features import sequences
from socialml.models import anomaly_scores as surprise
from socialml.progress import Progress, Report

if TYPE_CHECKING:
    from socialml.analyses.anomalies import Config, Inputs

Floats = NDArray[np.float64]
LOOK_BACK = 6  # months that the expectation is the mean of
LEAST_MONTHS = 3  # known months before one that is scored
SCORED = 6  # last months that are scored
LEARNERS, EPOCHS = 600, 8  # customers that the LSTM learns from, at most, and how long
LEAST_LEARNERS, LEAST_HISTORY = 60, 9  # customers, months: with less there is no LSTM
KEPT = 5_000  # rows of the table
PRIOR_MONTHS = 2.0  # of the shop's mean month that a customer's expectation leans on


def scored(inputs: Inputs, config: Config, report: Report) -> dict[str, Any]:
    """month_score and months of a Result."""
    if inputs.sequences is None:
        return {"month_score": {"rows": 0, "reason": inputs.months_missing}, "months": None}
    history = sequences.from_table(inputs.sequences.read())
    rule, rows = expected(history.amount, history.known)
    if not rows.any():
        reason = f"A month needs {LEAST_MONTHS} known months before it; this data has {history.m} months."
        return {"month_score": {"rows": 0, "reason": reason}, "months": None}
    usual, net_error, rule_error = rule, None, _error(history.amount, rule, rows)
    if config.epochs != 0 and history.m >= LEAST_HISTORY and history.n >= LEAST_LEARNERS:
        told_by_net, unseen = by_net(history, rows, config, report)
        apart = rows & unseen[:, None]
        rule_error, net_error = (_error(history.amount, made, apart) for made in (rule, told_by_net))
        usual = told_by_net if net_error < rule_error else rule
    user, month = np.nonzero(rows)
    frame = pd.DataFrame(
        {
            "user_id": history.user_id[user],
            "month": pd.to_datetime(np.array(history.months)[month]).astype("datetime64[us]"),
            "amount": history.amount[rows],
            "usual": usual[rows],
            "score": scores(history.amount[rows], usual[rows], rule[rows], user),
        }
    ).sort_values(["score", "user_id"], ascending=[False, True], kind="stable", ignore_index=True)
    flagged = max(1, round(config.share * len(frame)))
    kept = frame.head(KEPT)
    kept = kept.assign(reason=[_reason(row, inputs.currency) for row in kept.itertuples(index=False)])
    about = {
        "rows": len(frame),
        "flagged": flagged,
        "threshold": float(frame["score"].iloc[flagged - 1]),
        "from": str(history.months[int(month.min())]),
        "until": str(history.months[int(month.max())]),
        "model": "rule" if usual is rule else "lstm",
        "mean_errors": {"rule": rule_error, "lstm": net_error},
        "reason": "",
    }
    return {"month_score": about, "months": Table(pa.Table.from_pandas(kept, preserve_index=False))}


def _error(amount: Floats, usual: Floats, rows: NDArray[np.bool_]) -> float:
    return float(np.abs(amount[rows] - usual[rows]).mean()) if rows.any() else 0.0


def by_net(
    history: sequences.Sequences, rows: NDArray[np.bool_], config: Config, report: Report
) -> tuple[Floats, NDArray[np.bool_]]:
    """(n, m) what the LSTM expects of the months in `rows`, each from the months before it, and (n,) the customers
    that it did not learn from."""
    from socialml.models import sequence_net

    epochs = EPOCHS if config.epochs is None else min(config.epochs, EPOCHS)
    order = np.random.default_rng([config.seed, 7]).permutation(history.n)
    chosen = np.sort(order[: min(LEARNERS, history.n * 7 // 10)])
    unseen = np.ones(history.n, dtype=bool)
    unseen[chosen] = False
    settings = sequence_net.Settings(epochs=epochs, seed=config.seed)
    targets = list(range(LEAST_MONTHS, history.m - 2))

    def tell(progress: Progress) -> None:
        report(Progress(0.6 * progress.fraction, 1.0, "Learning customers' months", progress.curve))

    learned = sequence_net.train(
        _of(history, chosen), targets, [history.m - 2, history.m - 1], settings, tell
    )
    out = np.zeros_like(history.amount)
    months = np.flatnonzero(rows.any(axis=0))
    for place, month in enumerate(months):
        report(Progress(0.6 + 0.4 * place / len(months), 1.0, "Scoring customers' months"))
        out[:, month] = learned.predict(history, int(month)).amount
    return out, unseen


def _of(history: sequences.Sequences, users: NDArray[np.int64]) -> sequences.Sequences:
    """Some of the users."""
    cut: dict[str, Any] = {"static": {name: value[users] for name, value in history.static.items()}}
    for field in dataclasses.fields(history):
        value = getattr(history, field.name)
        if isinstance(value, np.ndarray):
            cut[field.name] = value[users]
    return dataclasses.replace(history, **cut)


def expected(amount: Floats, known: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.bool_]]:
    """What each month should bring by the customer's earlier ones, and which months are scored: (n, m) each.

    The mean of the last LOOK_BACK known months, shrunk to the mean of all customers known, times what the whole
    shop's known customers brought in that month over their months before: a December is not everybody's anomaly.
    """
    n, m = amount.shape
    out, rows = np.zeros((n, m)), np.zeros((n, m), dtype=bool)
    for t in range(max(LEAST_MONTHS, m - SCORED), m):
        begin = max(0, t - LOOK_BACK)
        seen = known[:, begin:t]
        count, total = seen.sum(axis=1), (amount[:, begin:t] * seen).sum(axis=1)
        scored_rows = known[:, :t].sum(axis=1) >= LEAST_MONTHS
        if not scored_rows.any():
            continue
        mean = max(float(total.sum() / max(count.sum(), 1)), 0.0)
        usual = np.maximum((total + PRIOR_MONTHS * mean) / (count + PRIOR_MONTHS), 0.0)
        brought = float(usual[scored_rows].sum())
        season = float(amount[scored_rows, t].sum()) / brought if brought > 0 else 1.0
        out[:, t], rows[:, t] = usual * np.clip(season, 0.2, 5.0), scored_rows
    return out, rows


def scores(amount: Floats, usual: Floats, size: Floats, user: NDArray[np.int64]) -> Floats:
    """-ln of the chance of an error so large. (rows,) each; user ascending.

    A month's variance grows with the mean of what comes (size), as of a sum of purchases; how much is the
    customer's own, shrunk to the shop's.
    """
    error = (amount - usual) / np.sqrt(size + 0.05 * max(float(size.mean()), 1e-9))
    spread = surprise.own_spread(error, surprise.Habits.of(np.unique(user, return_inverse=True)[1]))
    return surprise.tail_surprise(np.divide(error, spread, out=np.zeros(len(error)), where=spread > 0))


def _reason(row: Any, currency: str) -> str:
    amount, usual = words.money(round(row.amount), currency), words.money(round(row.usual), currency)
    if row.usual > 0 and row.amount > 0:
        return f"spent {told.times(row.amount / row.usual)} what was expected: {amount} against {usual}"
    return f"{amount} where {usual} was expected"
