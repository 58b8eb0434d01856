"""Policies for live rooms, from the simplest up: what each thinks of every choice for every viewer.

A policy's choice is the largest of its values that is allowed. One that draws its choices adds Gumbel noise to
their log chances, which makes the largest of them such a draw (Gumbel 1954), whatever is masked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from socialml.environments.live_shopping import LiveShopping, Reward, Rule, ruled
from socialml.environments.outcome import Outcome
from socialml.environments.rollout import Policy, play
from socialml.environments.viewers import Viewers
from socialml.features.impressions import ImpressionLog

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Ints = NDArray[np.int64]

__all__ = [
    "Greedy", "Learned", "LinUCB", "Logged", "Policy", "Popular", "Random", "best_penalty", "logged_chances",
]  # fmt: skip

PENALTIES = (0.0, 0.25, 0.5, 1.0, 1.5)  # of a viewer's mean reward, for each time shown lately
_PRIOR = 20.0  # recommendations that a category's rate is shrunk by
_LEAST_AGAIN = 100  # rows of a choice that its viewer was shown more than once
_STEADY = 0.05  # relative spread of one choice's chance from row to row
_LEAST_CHANCE = 1e-12  # never 0, so that something is left whatever is masked


class Expecting(Protocol):
    """Whatever foretells what follows each choice, from what can be seen of the viewers: a fitted response."""

    def expected_all(self, viewers: Viewers) -> Outcome:
        """(n, actions) each, for viewers who are here."""
        ...


@dataclass(frozen=True, eq=False)
class Random:
    offers: int
    name: str = "random"

    def values(self, viewers: Viewers, observation: Floats32, rng: np.random.Generator) -> Floats:
        return rng.random((viewers.n, viewers.categories * self.offers))


class Popular:
    """The category with the most orders a recommendation, to everybody and without an offer."""

    name = "popular"

    def __init__(self, log: ImpressionLog) -> None:
        known = np.isfinite(log.purchases)
        shown = np.bincount(log.category[known], minlength=len(log.categories))
        orders = np.bincount(log.category[known], log.purchases[known], len(log.categories))
        mean = orders.sum() / max(shown.sum(), 1)
        rate = (orders + _PRIOR * mean) / (shown + _PRIOR)
        offered = np.arange(len(log.offers)) > 0
        self.rate = (rate[:, None] - offered * (1 + rate.max())).ravel()  # any category before any offer

    def values(self, viewers: Viewers, observation: Floats32, rng: np.random.Generator) -> Floats:
        return np.broadcast_to(self.rate, (viewers.n, len(self.rate)))


class Logged:
    """Draws from chances (n, actions), one row for each viewer of the environment."""

    name = "logged"

    def __init__(self, chances: Floats) -> None:
        self.log_chances = np.log(np.maximum(chances, _LEAST_CHANCE))

    def values(self, viewers: Viewers, observation: Floats32, rng: np.random.Generator) -> Floats:
        return self.log_chances + rng.gumbel(size=self.log_chances.shape)


@dataclass(frozen=True, eq=False)
class Greedy:
    """The most reward expected at once, less a penalty on what was shown lately.

    penalty: for each time shown lately (fading), in mean rewards of that viewer. reward: one, or one for each of
    `weeks`.
    """

    response: Expecting
    reward: Reward | Callable[[int], Reward]
    penalty: float = 0.0
    weeks: int = 12
    name: str = "greedy"

    def values(self, viewers: Viewers, observation: Floats32, rng: np.random.Generator) -> Floats:
        expected = self.response.expected_all(viewers)
        actions = expected.purchases.shape[1]
        offers = actions // viewers.categories
        rule = self.reward
        if not isinstance(rule, Reward):
            rule = rule(min(round(float(observation[0, -2]) * self.weeks), self.weeks - 1))
        found = rule.of(expected, np.arange(actions) % offers, viewers.here[:, None])
        if self.penalty == 0:
            return found
        unit = np.abs(found).mean(axis=1, keepdims=True)
        return found - self.penalty * unit * np.repeat(viewers.lately, offers, axis=1)


class LinUCB:
    """Ridge regression of the reward at once, and what is not sure yet counts for it (Li et al. 2010, shared model).

    about: (r, columns) of Viewers.about; reward: (r,). width: standard deviations of the mean that are added.
    """

    name = "linucb"

    def __init__(
        self, about: Floats, reward: Floats, offers: int, width: float = 1.0, ridge: float = 1.0
    ) -> None:
        spread = about.std(axis=0)
        self.offers, self.width = offers, width
        self.centre, self.scale = about.mean(axis=0), np.where(spread > 1e-9, spread, 1.0)
        x = (about - self.centre) / self.scale
        inverse = np.linalg.inv(x.T @ x + ridge * np.eye(x.shape[1]))
        self.mean = float(reward.mean())
        self.slopes = inverse @ (x.T @ (reward - self.mean))
        noise = float((reward - self.mean - x @ self.slopes).std())
        # Rows of the root give the standard deviation of the fitted mean as a length.
        self.root = noise * np.linalg.cholesky(inverse)

    def values(self, viewers: Viewers, observation: Floats32, rng: np.random.Generator) -> Floats:
        a, b = self._parts(viewers, np.column_stack([self.slopes, self.root]))
        mean = self.mean + a[:, :, None, 0] + b[:, None, :, 0]
        a, b = a[:, :, 1:], b[:, :, 1:]  # the squared length of every sum, without building the sums
        squared = (a**2).sum(axis=2)[:, :, None] + 2 * a @ b.transpose(0, 2, 1) + (b**2).sum(axis=2)[:, None]
        return (mean + self.width * np.sqrt(np.maximum(squared, 0))).reshape(viewers.n, -1)

    def _parts(self, viewers: Viewers, weights: Floats) -> tuple[Floats, Floats]:
        """(n, categories, k) and (n, offers, k), whose sums are the standardised columns of each choice times
        weights (columns, k): Viewers.about is what a category, an offer and the viewer say, side by side."""
        slopes = weights / self.scale[:, None]
        of = (viewers.of_categories(), viewers.of_viewers(), viewers.of_offers())
        sizes = [viewers.categories, self.offers - 1, of[0].shape[2], of[1].shape[1]]
        category, offer, in_category, in_viewer, offered = np.split(slopes, np.cumsum(sizes))
        common = of[1] @ in_viewer - self.centre @ slopes  # (n, k)
        a = common[:, None] + category + of[0] @ in_category
        b = np.concatenate(
            [np.zeros((viewers.n, 1, weights.shape[1])), (of[2] @ offered)[:, None] + offer], axis=1
        )
        return a, b


@dataclass(frozen=True, eq=False)
class Learned:
    """A trained network: anything with values(observation), and with groups (n,) values(observation, groups).

    rule: that of the environment it was trained in.
    """

    network: Any
    groups: Ints | None = None
    name: str = "dqn"
    rule: Rule | None = None

    def values(self, viewers: Viewers, observation: Floats32, rng: np.random.Generator) -> Floats:
        seen = ruled(observation, viewers, self.rule)
        return self.network.values(seen) if self.groups is None else self.network.values(seen, self.groups)


def logged_chances(log: ImpressionLog) -> Floats:
    """(n, actions) what the log tells of the policy that wrote it.

    Each viewer's shares of categories times their shares of offers, each drawn towards those of all viewers as much
    as the viewers are alike. Where the log has the chance of each choice and a viewer's does not change from row to
    row, these chances, and the shares only for what the viewer was never shown.
    """
    category = _shrunk(log.viewer, log.category, log.n, len(log.categories))
    offer = _shrunk(log.viewer, log.offer, log.n, len(log.offers))
    chances = (category[:, :, None] * offer[:, None, :]).reshape(log.n, -1)
    told = _told(log, chances.shape)
    if told is None:
        return chances
    left = np.maximum(1 - told.sum(axis=1, keepdims=True), 0)
    others = np.where(told > 0, 0.0, chances)
    whole = told + left * others / np.maximum(others.sum(axis=1, keepdims=True), _LEAST_CHANCE)
    return whole / whole.sum(axis=1, keepdims=True)


def _told(log: ImpressionLog, shape: tuple[int, ...]) -> Floats | None:
    """(n, actions) the logged chance of what each viewer was shown, else 0; None where it is not known or varies."""
    chance = log.propensity
    if not ((chance > 0) & (chance <= 1)).all():
        return None
    cell = log.viewer * shape[1] + log.category * len(log.offers) + log.offer
    cells = shape[0] * shape[1]
    shown = np.bincount(cell, minlength=cells)
    sums = np.bincount(cell, np.log(chance), cells)
    again = np.flatnonzero(shown[cell] > 1)
    off = np.log(chance[again]) - (sums / np.maximum(shown, 1))[cell[again]]
    if len(again) < _LEAST_AGAIN or float(off.std()) > _STEADY:
        return None
    return np.where(shown > 0, np.exp(sums / np.maximum(shown, 1)), 0.0).reshape(shape)


def _shrunk(viewer: Ints, chosen: Ints, n: int, k: int) -> Floats:
    """(n, k) mean shares under a Dirichlet around the shares of all, its concentration by likelihood."""
    counts = np.bincount(viewer * k + chosen, minlength=n * k).reshape(n, k)
    mean = (counts.sum(axis=0) + 0.5) / (counts.sum() + 0.5 * k)
    if k == 1:
        return np.ones((n, 1))
    size = _concentration(counts, mean)
    return (counts + size * mean) / (counts.sum(axis=1, keepdims=True) + size)


def _concentration(counts: Ints, mean: Floats) -> float:
    """Of the Dirichlet-multinomial with this mean, where the likelihood is largest."""
    from scipy.optimize import minimize_scalar
    from scipy.special import gammaln

    # Viewers with one count alike bring one term alike, so that each is computed once.
    cells = [np.unique(column, return_counts=True) for column in counts.T]
    totals, viewers = np.unique(counts.sum(axis=1), return_counts=True)

    def unlikely(log_size: float) -> float:
        size = np.exp(log_size)
        found = viewers @ (gammaln(size) - gammaln(size + totals))
        for share, (values, times) in zip(size * mean, cells, strict=True):
            found += times @ (gammaln(share + values) - gammaln(share))
        return -float(found)

    return float(np.exp(minimize_scalar(unlikely, bounds=(-3.0, 10.0), method="bounded").x))


def best_penalty(
    env: LiveShopping, response: Expecting, reward: Reward | Callable[[int], Reward], seed: int
) -> float:
    """The one of PENALTIES with which a greedy policy earns most in the environment, all with the same chance."""
    earned = [
        play(env, Greedy(response, reward, penalty, env.weeks), seed).reward.sum() for penalty in PENALTIES
    ]
    return PENALTIES[int(np.argmax(earned))]
