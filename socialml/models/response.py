"""How viewers respond to recommendations, fitted on a log: what policies expect and the simulator draws from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from socialml.environments.outcome import Outcome
from socialml.environments.replay import Replay
from socialml.environments.viewers import OF_CATEGORIES, OF_OFFERS, OF_VIEWERS, Viewers
from socialml.features.impressions import ImpressionLog

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PENALTY = 1.0  # of the squared coefficients of standardised columns
CHANCES = ("purchases", "likes", "comments", "shares")  # logistic; a second of one is not told
LOGS = ("seconds", "amount")  # log-normal; amount given an order
LEAST_SURVEYS = 200
_STEPS, _NEAR = 8, 1e-5  # of Newton
_LEAST = 20  # rows of both answers, else the mean alone


@dataclass(frozen=True, eq=False)
class Response:
    """Linear predictors over standardised columns. coefficients: (1 + columns, 7) of CHANCES, LOGS and the answer
    to a survey."""

    centre: Floats
    scale: Floats
    coefficients: Floats
    spread: Floats  # (2,) of log seconds and log amount around their predictor
    return_centre: Floats
    return_scale: Floats
    return_coefficients: Floats
    offers: int
    surveyed: bool  # enough answers to learn from
    unsure: float  # mean variance of the likings that the rows were foretold from

    def predictors(self, about: Floats) -> Floats:
        """(n, 7)"""
        return self.coefficients[0] + ((about - self.centre) / self.scale) @ self.coefficients[1:]

    def expected(self, about: Floats) -> dict[str, Floats]:
        """(n,) chance of an order, expected amount, expected interactions, of each row."""
        found = self.means(self.predictors(about))
        return {"purchases": found.purchases, "amount": found.amount, "interactions": found.interactions}

    def expected_all(self, viewers: Viewers) -> Outcome:
        """The mean of what would follow each action, for viewers who are here: (n, categories x offers) each.

        The predictors are a sum of what a category, an offer and the viewer say, so that each is asked once.
        """
        c, offers = viewers.categories, self.offers
        category, offer, by_category, alone, offered, base = self.parts(c)
        told = viewers.of_categories()
        plain = (told.reshape(viewers.n * c, -1) @ by_category).reshape(viewers.n, c, 1, -1)
        plain += (viewers.of_viewers() @ alone)[:, None, None]
        plain += (base + category)[:, None]
        found = np.empty((viewers.n, c, offers, plain.shape[3]))
        found[:, :, :1] = plain
        found[:, :, 1:] = plain + (offer + (viewers.of_offers() @ offered)[:, None])[:, None]
        return self.means(found.reshape(viewers.n, c * offers, -1))

    def parts(self, categories: int) -> tuple[Floats, ...]:
        """Coefficients of columns as they are, for each kind of column that Viewers.about puts side by side: category
        (c, 7), offer (offers - 1, 7), of_categories, of_viewers, of_offers; and what is added to all (7,)."""
        slope = self.coefficients[1:] / self.scale[:, None]
        profile = (len(slope) - categories - self.offers + 1 - OF_CATEGORIES - OF_VIEWERS - OF_OFFERS) // 2
        sizes = [categories, self.offers - 1, OF_CATEGORIES, OF_VIEWERS + profile]
        pieces = np.split(slope, np.cumsum(sizes))
        return *pieces, self.coefficients[0] - self.centre @ slope

    def means(self, found: Floats) -> Outcome:
        """(..., 7) predictors -> the mean outcomes, (...) each."""
        chances = logistic(found[..., :4])
        amount = chances[..., 0] * np.exp(np.minimum(found[..., 5] + self.spread[1] ** 2 / 2, 20))
        seconds = np.exp(np.minimum(found[..., 4] + self.spread[0] ** 2 / 2, 20))
        return Outcome(
            chances[..., 0], amount, seconds, chances[..., 1], chances[..., 2], chances[..., 3], found[..., 6]
        )

    def coming(self, viewers: Viewers) -> Floats:
        """(n,) chance to come within the next 7 days, at the end of a week."""
        about = (viewers.about_returning() - self.return_centre) / self.return_scale
        return logistic(self.return_coefficients[0] + about @ self.return_coefficients[1:])


def fit(log: ImpressionLog, replayed: Replay, start: Response | None = None) -> Response:
    """start: of a log much like this one, from which few steps lead to the solution."""
    centre, scale, x = _standard(replayed.about)
    coefficients, spread = np.zeros((1 + x.shape[1], 7)), np.zeros(2)
    for i, name in enumerate(CHANCES):
        y = getattr(log, name)
        told = np.isfinite(y)
        before = None if start is None else start.coefficients[:, i]
        coefficients[:, i] = _chance(
            x[told] if not told.all() else x, (y[told] > 0).astype(np.float64), before
        )
    for i, name in enumerate(LOGS):
        y = getattr(log, name)
        told = np.isfinite(y) & (y > 0)
        coefficients[:, 4 + i], spread[i] = _line(x[told], np.log(y[told]))
    told = np.isfinite(log.satisfaction)
    surveyed = bool(told.sum() >= LEAST_SURVEYS)
    if surveyed:
        coefficients[:, 6], _ = _line(x[told], log.satisfaction[told])
    back_centre, back_scale, back = _standard(replayed.returning)
    before = None if start is None else start.return_coefficients
    return Response(
        centre, scale, coefficients, spread, back_centre, back_scale, _chance(back, replayed.came, before),
        len(log.offers), surveyed, float(replayed.unsure.mean()),
    )  # fmt: skip


def _standard(x: Floats) -> tuple[Floats, Floats, Floats]:
    centre, scale = x.mean(axis=0), x.std(axis=0)
    scale = np.where(scale > 1e-9, scale, 1.0)
    return centre, scale, (x - centre) / scale


def _chance(x: Floats, y: Floats, before: Floats | None) -> Floats:
    """Logistic regression; before: near the solution."""
    yes = float(y.sum())
    if min(yes, len(y) - yes) < _LEAST:
        share = (yes + 0.5) / (len(y) + 1)
        return np.r_[np.log(share / (1 - share)), np.zeros(x.shape[1])]
    if before is not None:
        return _newton(x, y, before)
    from sklearn.linear_model import LogisticRegression  # not in the server

    model = LogisticRegression(C=1 / PENALTY, solver="newton-cholesky").fit(x, y)
    return np.r_[model.intercept_, model.coef_[0]]


def _newton(x: Floats, y: Floats, beta: Floats) -> Floats:
    """The same optimum from a start near it, in two or three steps: a tenth of what a solver's set-up takes."""
    beta = beta.copy()
    penalty = np.r_[0.0, np.full(x.shape[1], PENALTY)]
    hessian = np.empty((len(beta), len(beta)))
    for _ in range(_STEPS):
        chance = logistic(beta[0] + x @ beta[1:])
        off, bend = chance - y, chance * (1 - chance)
        bent = bend[:, None] * x
        hessian[0, 0], hessian[1:, 1:] = bend.sum(), x.T @ bent
        hessian[0, 1:] = hessian[1:, 0] = bent.sum(axis=0)
        step = np.linalg.solve(hessian + np.diag(penalty + 1e-9), np.r_[off.sum(), off @ x] + penalty * beta)
        beta -= step
        if np.abs(step).max() < _NEAR:
            break
    return beta


def _line(x: Floats, y: Floats) -> tuple[Floats, float]:
    from sklearn.linear_model import Ridge

    if len(y) < _LEAST:
        return np.r_[float(y.mean()) if len(y) else 0.0, np.zeros(x.shape[1])], 0.0
    model = Ridge(alpha=PENALTY, solver="cholesky").fit(x, y)
    return np.r_[model.intercept_, model.coef_], float(np.sqrt(((y - model.predict(x)) ** 2).mean()))


def logistic(x: Floats) -> Floats:
    found = np.clip(x, -30, 30)  # from here on in place: most of the time goes into memory
    np.negative(found, out=found)
    np.exp(found, out=found)
    found += 1
    return np.reciprocal(found, out=found)
