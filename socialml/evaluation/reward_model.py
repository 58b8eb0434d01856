"""A model of the reward of a logged decision: what the direct and the doubly robust estimates lean on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FOLDS = 5
PENALTY = 1.0  # of the squared coefficients; a mean over many rows is hurt more by bias than by noise
MOST_CELLS = 300  # of action x position, or action x context, that get a coefficient each


@dataclass(frozen=True, eq=False)
class Log:
    """n decisions that were logged, each a choice among k actions at one of s positions.

    propensity: chance with which the logged action had been chosen; None where nobody wrote it down.
    context: (n, d) what was known before the choice, centred and scaled.
    user: (n,) codes; rows of one user are not independent. None: each row stands alone.
    """

    action: Ints
    position: Ints
    reward: Floats
    propensity: Floats | None
    context: Floats
    n_actions: int
    n_positions: int
    user: Ints | None = None


class RewardModel:
    """A ridge regression of the reward on action, position and context: logistic where rewards are 0 or 1.

    chances: (n, actions) of the policy to be judged, for each decision. Where they differ within a position they are
    a column too: whether the policy would rather have made this choice tells what no slope of an action can.
    """

    def __init__(self, log: Log, chances: Floats) -> None:
        self.log, self.chances = log, chances
        self.logistic = bool(np.isin(log.reward, (0.0, 1.0)).all())
        k, s, d = log.n_actions, log.n_positions, log.context.shape[1]
        self.cells = k * s if s > 1 and k * s <= MOST_CELLS else 0
        self.slopes = (
            k * d if k * d <= MOST_CELLS else 0
        )  # each action may answer to the context in its own way
        _, first = np.unique(log.position, return_index=True)
        by_position = np.zeros((s, k))
        by_position[log.position[first]] = chances[first]
        self.own_rows = not np.array_equal(by_position[log.position], chances)
        self.x = self._design()
        self.beta = self._fit(self.x, log.reward)

    def direct(self) -> tuple[Floats, Floats]:
        """(n,) the reward under the policy, and how far each row moves the mean of these through the
        coefficients, so that their spread is in that of the mean."""
        x, y = self.x, self.log.reward
        beta = self.beta
        mean, slope = self._link(x @ beta)
        hessian = x.T @ (x * slope[:, None]) + self._ridge()
        under, gradient = self._under_policy(beta, np.arange(len(y)))
        inverse = np.linalg.inv(hessian)
        # A row pulls the model towards itself; its error without itself is larger by its leverage (HC3).
        leverage = slope * np.einsum("ij,jk,ik->i", x, inverse, x, optimize=True)
        moved = (x @ (inverse @ gradient)) * (y - mean) / (1 - np.minimum(leverage, 0.9)) * len(y)
        return under, moved - moved.mean()

    def crossed(self, seed: int) -> tuple[Floats, Floats]:
        """(n,) the reward under the policy and for what was logged, from models that saw other rows only;
        where users are known, other users only."""
        x, y = self.x, self.log.reward
        user = np.arange(len(y)) if self.log.user is None else self.log.user
        fold = (np.random.default_rng([seed, 62]).permutation(int(user.max()) + 1) % FOLDS)[user]
        under, fitted = np.empty(len(y)), np.empty(len(y))
        for i in range(FOLDS):
            out = np.flatnonzero(fold == i)
            beta = self._fit(x[fold != i], y[fold != i])
            under[out] = self._under_policy(beta, out)[0]
            fitted[out] = self._link(x[out] @ beta)[0]
        return under, fitted

    def _design(self) -> Floats:
        """(n, p) columns of what was logged."""
        log = self.log
        n, k, s = len(log.action), log.n_actions, log.n_positions
        columns = [np.ones((n, 1)), np.eye(k)[log.action], log.context]
        if s > 1:
            columns.append(np.eye(s)[log.position])
        if self.cells:
            columns.append(np.eye(k * s)[log.action * s + log.position])
        if self.slopes:
            columns.append((np.eye(k)[log.action][:, :, None] * log.context[:, None, :]).reshape(n, -1))
        if self.own_rows:
            columns.append(self.chances[np.arange(n), log.action][:, None])
        return np.concatenate(columns, axis=1)

    def _link(self, eta: Floats) -> tuple[Floats, Floats]:
        """Mean and its slope."""
        if not self.logistic:
            return eta, np.ones_like(eta)
        mean = 1 / (1 + np.exp(-np.clip(eta, -30, 30)))
        return mean, np.maximum(mean * (1 - mean), 1e-9)

    def _fit(self, x: Floats, y: Floats) -> Floats:
        from sklearn.linear_model import LogisticRegression, Ridge  # not in the server

        if not self.logistic:
            ridge = Ridge(alpha=PENALTY).fit(x[:, 1:], y)
            return np.r_[ridge.intercept_, ridge.coef_]
        if y.min() == y.max():  # nothing to tell: always the same reward
            return np.r_[30.0 if y.max() > 0 else -30.0, np.zeros(x.shape[1] - 1)]
        logistic = LogisticRegression(C=1 / PENALTY, solver="newton-cholesky").fit(x[:, 1:], y)
        return np.r_[logistic.intercept_, logistic.coef_[0]]

    def _under_policy(self, beta: Floats, rows: Ints) -> tuple[Floats, Floats]:
        """(rows,) mean reward over the policy's choices, and the gradient (p,) of its mean.

        The columns of `_design` for every action in turn, without building them.
        """
        log = self.log
        position, context = log.position[rows], log.context[rows]
        n, k, s, d = len(rows), log.n_actions, log.n_positions, context.shape[1]
        sizes = [1, k, d, s if s > 1 else 0, self.cells, self.slopes, int(self.own_rows)]
        one, action, shared, place, cell, own, liked = np.split(beta, np.cumsum(sizes)[:-1])
        chosen = self.chances[rows]
        eta = (one[0] + context @ shared)[:, None] + action  # (rows, actions)
        if len(place):
            eta += place[position][:, None]
        if len(cell):
            eta += cell.reshape(k, s)[:, position].T
        if len(own):
            eta += context @ own.reshape(k, d).T
        if len(liked):
            eta += chosen * liked
        mean, slope = self._link(eta)
        pull = chosen * slope / n  # (rows, actions)
        by_position = np.zeros((s, k))
        np.add.at(by_position, position, pull)
        parts = [[pull.sum()], pull.sum(axis=0), pull.sum(axis=1) @ context]
        parts += [by_position.sum(axis=1)] if s > 1 else []
        parts += [by_position.T.ravel()] if self.cells else []
        parts += [(pull.T @ context).ravel()] if self.slopes else []
        parts += [[(pull * chosen).sum()]] if self.own_rows else []
        return (chosen * mean).sum(axis=1), np.concatenate(parts)

    def _ridge(self) -> Floats:
        diagonal = np.full(self.x.shape[1], PENALTY)
        diagonal[0] = 1e-6  # the mean is not shrunk
        return np.diag(diagonal)
