"""Gradient boosting with absolute loss on the forecaster's monthly inputs, one row a user and target month."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor

from socialml.features.sequences import Sequences
from socialml.models import sequence_inputs
from socialml.models.sequence_inputs import Inputs, Prediction

Floats = NDArray[np.float64]

ROWS = 60_000  # learned from at most
TREES = 80
LEAVES = 15
RATE = 0.1
SHALLOW = 40  # rows in a leaf, at least


class Boosted:
    """One model of the amount, one of the number of orders."""

    def __init__(self, before_first: str = "masked") -> None:
        self._before_first = before_first

    def fit(self, seq: Sequences, targets: Sequence[int], seed: int) -> Boosted:
        """targets: months, counted from 0, each learned from the months before it."""
        whole = seq.until(max(targets) + 1)
        self._scales = sequence_inputs.scales(whole, max(targets), self._before_first)
        inputs = sequence_inputs.build(whole, self._scales, self._before_first)
        user, t = np.nonzero(whole.known[:, np.array(targets) - 1])
        t = np.array(targets)[t]
        if len(user) > ROWS:
            some = np.sort(np.random.default_rng(seed).permutation(len(user))[:ROWS])
            user, t = user[some], t[some]
        x = _rows(inputs, user, t)
        most = self._scales.most
        self._amount = _model(seed).fit(x, np.clip(whole.amount[user, t], -most, most))
        self._orders = _model(seed).fit(x, whole.orders[user, t])
        return self

    def predict(self, seq: Sequences, t: int) -> Prediction:
        """Forecast month t from the months before it; 0 for users not known before it."""
        part = seq.until(t)
        inputs = sequence_inputs.build(part, self._scales, self._before_first)
        user = np.flatnonzero(part.known[:, -1])
        x = _rows(inputs, user, np.full(len(user), t))
        amount, orders = np.zeros(seq.n), np.zeros(seq.n)
        amount[user] = np.maximum(self._amount.predict(x), 0.0)
        orders[user] = np.maximum(self._orders.predict(x), 0.0)
        return Prediction(amount, orders)


def _model(seed: int) -> HistGradientBoostingRegressor:
    return HistGradientBoostingRegressor(
        loss="absolute_error", max_iter=TREES, max_leaf_nodes=LEAVES, learning_rate=RATE,
        min_samples_leaf=SHALLOW, early_stopping=False, random_state=seed,
    )  # fmt: skip


def _rows(inputs: Inputs, user: NDArray[np.int64], t: NDArray[np.int64]) -> NDArray[np.float32]:
    """(rows, features) of the positions before the months t."""
    return np.column_stack(
        [inputs.monthly[user, t - 1], inputs.calendar[t - 1], inputs.month[t - 1], inputs.static[user]]
    )
