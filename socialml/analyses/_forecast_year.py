"""The next 12 months of each customer, judged: the last 12 as forecast from what was before them, against what came."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from socialml.analyses import _forecast_models as models
from socialml.analyses._forecast_rules import KINDS, Floats, Guess
from socialml.errors import UserError
from socialml.features.sequences import Sequences
from socialml.progress import Report

if TYPE_CHECKING:
    from socialml.analyses.forecast import Config

MONTHS = 12
LEAST = 2 * MONTHS  # months of history: as many to learn from as are held out
COLUMNS = [
    "model",
    "label",
    "floor",
    "what",
    "mae",
    "best_floor",
    "difference",
    "low",
    "high",
    "total",
    "rank",
]
# Twelve times a month's mean is a year's mean; twelve times its median, which the other losses tell, is not.
LOSS = "poisson"


def steps(seq: Sequences, config: Config) -> list[tuple[str, float]]:
    """Name and seconds a thousand customers of what `judge` reports; none where the history is too short."""
    if seq.m < LEAST:
        return []
    return [("value", 0.3), *([("lstm", 4.0)] if "lstm" in config.models else [])]


def judge(
    seq: Sequences, came: dict[str, Floats], config: Config, begin: Callable[[str], Report]
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """A row for each candidate and kind (COLUMNS), and of what: first, last month, customers, skipped (why not told).

    came: amount, orders of the last 12 months, (n, 12). Judged are the customers known before them. difference: of
    the mean absolute error to that of the best simple rule on the same rows, with its 95% interval. total: all that
    was told over all that came; rank: Spearman's correlation; nan where it is not defined.
    """
    if seq.m < LEAST:
        why = f"Judging 12 months ahead needs {LEAST} whole months; here are {seq.m}."
        return pd.DataFrame(columns=COLUMNS), {"skipped": {"all": why}}
    cut = seq.m - MONTHS
    past, known = seq.until(cut), seq.known[:, cut - 1]
    labels, told, skipped = dict(_RULES), _rules(past), {}
    for name, _ in steps(seq, config):
        labels[name] = _LABELS[name]
        try:
            told[name] = _LEARNED[name](past, config, begin(f"The last {MONTHS} months: {labels[name]}"))
        except UserError as error:
            skipped[name] = error.message
    rows = [
        row for kind in KINDS for row in _rows(kind, told, came[kind].sum(axis=1), known, labels, config.seed)
    ]
    span = {"first": f"{seq.months[cut]:%Y-%m}", "last": f"{seq.months[-1]:%Y-%m}"}
    return pd.DataFrame(rows, columns=COLUMNS), {**span, "customers": int(known.sum()), "skipped": skipped}


_RULES = {
    "again": "The 12 months before, again",
    "own_mean": "12 times their mean month",
    "mean": "The same for everyone: the mean",
}


def _rules(past: Sequences) -> dict[str, Guess]:
    known = past.known[:, -MONTHS:]
    own = known.sum(axis=1)
    there = known[:, -1]
    out: dict[str, dict[str, Floats]] = {name: {} for name in _RULES}
    for kind in KINDS:
        sums = np.where(known, getattr(past, kind)[:, -MONTHS:], 0.0).sum(axis=1)
        out["again"][kind] = sums
        out["own_mean"][kind] = MONTHS * sums / np.maximum(own, 1)
        out["mean"][kind] = np.full(past.n, sums[there].mean() if there.any() else 0.0)
    return {name: Guess(**by_kind) for name, by_kind in out.items()}


def _value(past: Sequences, config: Config, report: Report) -> Guess:
    orders, amount = models.Value(past).over(past.m, MONTHS)
    return Guess(amount, orders)


def _lstm(past: Sequences, config: Config, report: Report) -> Guess:
    """12 times the next month, by a training that ends with the last month before the year."""
    # 'auto' is found on months of the year that is judged here, so that it would have seen them.
    before = "masked" if config.before_first == "auto" else config.before_first
    net = models.Network(past, replace(config, loss=LOSS, before_first=before))
    _, month = net.guess(past.m, [past.m - 2, past.m - 1], report)
    return Guess(MONTHS * month.amount, MONTHS * month.orders)


_LABELS = {"value": models.Value.label, "lstm": "LSTM network, 12 times its next month"}
_LEARNED = {"value": _value, "lstm": _lstm}


def _rows(
    kind: str, told: dict[str, Guess], came: Floats, known: np.ndarray, labels: dict[str, str], seed: int
) -> list[dict[str, Any]]:
    from scipy.stats import rankdata

    from socialml.evaluation import forecast_scores

    truth, user = came[known], np.flatnonzero(known)
    guesses = {name: guess.of(kind)[known] for name, guess in told.items()}
    errors = {name: np.abs(values - truth) for name, values in guesses.items()}
    if not len(truth):
        return []
    best = min(_RULES, key=lambda name: float(errors[name].mean()))
    rows = []
    for name, values in guesses.items():
        low, high = (
            forecast_scores.difference(errors[name], errors[best], user, seed) if name != best else (0.0, 0.0)
        )
        varies = np.ptp(values) > 0 and np.ptp(truth) > 0
        rows.append(
            {
                "model": name,
                "label": labels[name],
                "floor": name in _RULES,
                "what": kind,
                "mae": float(errors[name].mean()),
                "best_floor": name == best,
                "difference": float((errors[name] - errors[best]).mean()),
                "low": low,
                "high": high,
                "total": float(values.sum() / truth.sum()) if truth.sum() > 0 else np.nan,
                "rank": float(np.corrcoef(rankdata(values), rankdata(truth))[0, 1]) if varies else np.nan,
            }
        )
    return rows
