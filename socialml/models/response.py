"""How viewers respond to recommendations, fitted on a log: what the simulator draws from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from socialml.environments.outcome import Noise, Outcome
from socialml.environments.replay import Replay
from socialml.environments.viewers import Viewers
from socialml.features.impressions import ImpressionLog

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PENALTY = 1.0  # of the squared coefficients of standardised columns
CHANCES = ("purchases", "likes", "comments", "shares")  # logistic; a second of one is not told
LOGS = ("seconds", "amount")  # log-normal; amount given an order
_LEAST = 20  # rows of both answers, else the mean alone


@dataclass(frozen=True, eq=False)
class Response:
    """Linear predictors over standardised columns. coefficients: (1 + columns, 6) of CHANCES and LOGS."""

    centre: Floats
    scale: Floats
    coefficients: Floats
    spread: Floats  # (2,) of log seconds and log amount around their predictor
    return_centre: Floats
    return_scale: Floats
    return_coefficients: Floats
    offers: int

    def predictors(self, about: Floats) -> Floats:
        """(n, 6)"""
        return self.coefficients[0] + ((about - self.centre) / self.scale) @ self.coefficients[1:]

    def expected(self, about: Floats) -> dict[str, Floats]:
        """(n,) chance of an order, expected amount, expected interactions, of each row."""
        found = self.predictors(about)
        chances = _logistic(found[:, :4])
        amount = np.exp(np.minimum(found[:, 5] + self.spread[1] ** 2 / 2, 20))
        return {
            "purchases": chances[:, 0],
            "amount": chances[:, 0] * amount,
            "interactions": chances[:, 1:].sum(axis=1),
        }

    def respond(self, viewers: Viewers, category: Ints, offer: Ints, noise: Noise) -> Outcome:
        """What follows when each viewer is shown this; 0 for who is not here."""
        found = self.predictors(viewers.about(category, offer, self.offers))
        even = np.column_stack([noise.purchase, noise.like, noise.comment, noise.share])
        hits = ((even < _logistic(found[:, :4])) & viewers.here[:, None]).astype(np.float64)
        seconds = np.exp(np.minimum(found[:, 4] + self.spread[0] * noise.seconds, 20)) * viewers.here
        amount = np.exp(np.minimum(found[:, 5] + self.spread[1] * noise.amount, 20)) * hits[:, 0]
        return Outcome(hits[:, 0], amount, seconds, hits[:, 1], hits[:, 2], hits[:, 3])

    def expected_outcome(self, viewers: Viewers, category: Ints, offer: Ints) -> Outcome:
        """The mean of what follows: training on it spares the learner the noise of single orders."""
        found = self.predictors(viewers.about(category, offer, self.offers))
        chances = _logistic(found[:, :4]) * viewers.here[:, None]
        amount = chances[:, 0] * np.exp(np.minimum(found[:, 5] + self.spread[1] ** 2 / 2, 20))
        return Outcome(chances[:, 0], amount, np.zeros(viewers.n), *chances[:, 1:].T)

    def coming(self, viewers: Viewers) -> Floats:
        """(n,) chance to come within the next 7 days."""
        about = (viewers.about_returning() - self.return_centre) / self.return_scale
        return _logistic(self.return_coefficients[0] + about @ self.return_coefficients[1:])


def fit(log: ImpressionLog, replayed: Replay, weight: Floats | None = None) -> Response:
    """weight: (n,) how often each viewer counts, for a resample of viewers."""
    rows = np.ones(len(log.viewer)) if weight is None else weight[log.viewer]
    centre, scale, x = _standard(replayed.about, rows)
    coefficients = np.zeros((1 + x.shape[1], 6))
    spread = np.zeros(2)
    for i, name in enumerate(CHANCES):
        y = getattr(log, name)
        coefficients[:, i] = _chance(x, (y > 0).astype(np.float64), rows * np.isfinite(y))
    for i, name in enumerate(LOGS):
        y = getattr(log, name)
        known = np.isfinite(y) & (y > 0)
        coefficients[:, 4 + i], spread[i] = _line(x, np.log(np.where(known, y, 1.0)), rows * known)
    back_rows = np.ones(len(replayed.came)) if weight is None else weight[replayed.returning_viewer]
    back_centre, back_scale, back = _standard(replayed.returning, back_rows)
    return Response(
        centre, scale, coefficients, spread, back_centre, back_scale,
        _chance(back, replayed.came, back_rows), len(log.offers),
    )  # fmt: skip


def _standard(x: Floats, weight: Floats) -> tuple[Floats, Floats, Floats]:
    total = max(weight.sum(), 1e-9)
    centre = weight @ x / total
    scale = np.sqrt(np.maximum(weight @ (x - centre) ** 2 / total, 0))
    scale = np.where(scale > 1e-9, scale, 1.0)
    return centre, scale, (x - centre) / scale


def _chance(x: Floats, y: Floats, weight: Floats) -> Floats:
    from sklearn.linear_model import LogisticRegression  # not in the server

    yes, all_ = float(weight @ y), float(weight.sum())
    if min(yes, all_ - yes) < _LEAST:
        share = (yes + 0.5) / (all_ + 1)
        return np.r_[np.log(share / (1 - share)), np.zeros(x.shape[1])]
    model = LogisticRegression(C=1 / PENALTY, solver="newton-cholesky").fit(x, y, sample_weight=weight)
    return np.r_[model.intercept_, model.coef_[0]]


def _line(x: Floats, y: Floats, weight: Floats) -> tuple[Floats, float]:
    from sklearn.linear_model import Ridge

    total = weight.sum()
    if total < _LEAST:
        mean = float(weight @ y / total) if total else 0.0
        return np.r_[mean, np.zeros(x.shape[1])], 0.0
    model = Ridge(alpha=PENALTY).fit(x, y, sample_weight=weight)
    residual = y - model.predict(x)
    return np.r_[model.intercept_, model.coef_], float(np.sqrt(weight @ residual**2 / total))


def _logistic(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-np.clip(x, -30, 30)))
