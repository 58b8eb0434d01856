"""The five algorithms behind one shape: fitted on a matrix, they give each row a score of any scale.

Scores are (rows,) for two classes and (rows, classes) for more; `calibrate` makes probabilities of them.
No class is weighted, or probabilities would be of other customers than those there are (van den Goorbergh
et al. 2022); only the SVM, which has no probabilities to spoil, weighs its classes.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import ThreadpoolController

from socialml.models.preprocess import Numbers
from socialml.models.pruning import Pruned, Tree, choose

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# scikit-learn's boosting swaps Python's warning filters while it bins: two at once lose them for good.
BOOSTING = threading.Lock()


@dataclass(frozen=True, eq=False)
class Data:
    """What all models learn from: the encoder's matrix, and the same scaled for linear models."""

    train: Floats
    y_train: Ints
    valid: Floats
    y_valid: Ints
    scaler: Numbers
    scaled: Floats  # train
    classes: int


class Estimator(Protocol):
    def score(self, matrix: Floats) -> Floats: ...


@dataclass(frozen=True, eq=False)
class TreeModel:
    """A full tree, and which of its nodes stand as leaves after pruning."""

    full: DecisionTreeClassifier
    tree: Tree
    pruned: Pruned

    def leaf(self, matrix: Floats) -> Ints:
        return self.pruned.stands[self.full.apply(matrix)]

    def score(self, matrix: Floats) -> Floats:
        return log_odds(self.pruned.shares[self.leaf(matrix)])


@dataclass(frozen=True, eq=False)
class LinearModel:
    scaler: Numbers
    coef: Floats  # (1, width) for two classes, else (classes, width)
    intercept: Floats

    def score(self, matrix: Floats) -> Floats:
        found = self.scaler.transform(matrix) @ self.coef.T + self.intercept
        return found[:, 0] if found.shape[1] == 1 else found


@dataclass(frozen=True, eq=False)
class BoostingModel:
    trees: HistGradientBoostingClassifier

    def score(self, matrix: Floats) -> Floats:
        return np.asarray(self.trees.decision_function(matrix), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class LeavesModel:
    """Boosted trees, and a logistic regression on which leaf of each tree a row falls in."""

    trees: HistGradientBoostingClassifier
    values: list[Floats]  # of each tree's leaves, sorted
    linear: LogisticRegression

    def score(self, matrix: Floats) -> Floats:
        return np.asarray(self.linear.decision_function(leaves(self.trees, matrix, self.values)))


@cache
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()  # looking for them takes 5 ms, too long for each call


def one_core() -> AbstractContextManager[Any]:
    """One thread for matrix products and trees: threads that wait for each other take longer (see `kmeans`)."""
    return _libraries().limit(limits=1)


def fit_tree(data: Data, seed: int) -> TreeModel:
    """The full tree has at least 10 rows a leaf (1 in 5,000 of many); the validation part prunes it."""
    least = max(10, len(data.y_train) // 5_000)
    full = DecisionTreeClassifier(
        criterion="entropy", min_samples_leaf=least, max_depth=16, random_state=seed
    ).fit(data.train, data.y_train)
    tree = Tree.of(full.tree_)
    return TreeModel(full, tree, choose(tree, full.apply(data.valid), data.y_valid))


def logistic(data: Data, seed: int) -> Any:
    return LogisticRegression(C=0.1, max_iter=300, tol=1e-4, random_state=seed)


def svm(data: Data, seed: int) -> Any:
    return LinearSVC(C=0.01, dual=False, class_weight="balanced", tol=1e-3, max_iter=1_000, random_state=seed)


def fit_linear(model: Any, data: Data) -> LinearModel:
    model.fit(data.scaled, data.y_train)
    return LinearModel(data.scaler, np.asarray(model.coef_), np.asarray(model.intercept_))


def boosting(data: Data, seed: int) -> HistGradientBoostingClassifier:
    """Stops when the validation part gains no more. Slow steps and small trees: behaviour is mostly noise.

    Many rows bear larger steps and trees: 200,000 x 30 in half the time at the same ROC AUC.
    """
    many = len(data.y_train) >= 100_000
    return HistGradientBoostingClassifier(
        learning_rate=0.12 if many else 0.06, max_iter=400, max_leaf_nodes=31 if many else 15,
        min_samples_leaf=20, l2_regularization=1.0, early_stopping=True, n_iter_no_change=10 if many else 20,
        max_features=0.5, random_state=seed,
    )  # fmt: skip


def fit_boosting(data: Data, seed: int) -> BoostingModel:
    with BOOSTING:
        trees = boosting(data, seed).fit(data.train, data.y_train, X_val=data.valid, y_val=data.y_valid)
    return BoostingModel(trees)


def few_trees(data: Data, seed: int) -> HistGradientBoostingClassifier:
    """Of GBDT+LR: fewer and shallower trees, since each leaf becomes a column."""
    return HistGradientBoostingClassifier(
        learning_rate=0.1, max_iter=60, max_leaf_nodes=12, min_samples_leaf=40, l2_regularization=1.0,
        early_stopping=False, max_features=0.5, random_state=seed,
    )  # fmt: skip


def leaf_logistic(data: Data, seed: int) -> LogisticRegression:
    return LogisticRegression(C=0.02, max_iter=200, tol=1e-3, random_state=seed)


def fit_gbdt_lr(data: Data, seed: int) -> LeavesModel:
    """He et al. 2014: trees learn from one half of the rows, weights of their leaves from the other.

    On the same rows the weights would trust leaves that fit those rows' noise.
    """
    half = np.random.default_rng([seed, 31]).permutation(len(data.y_train)) % 2 == 0
    with BOOSTING:
        trees = few_trees(data, seed).fit(data.train[half], data.y_train[half])
    values = [np.unique(np.round(step, 10)) for step in _steps(trees, data.train)]
    linear = leaf_logistic(data, seed).fit(leaves(trees, data.train[~half], values), data.y_train[~half])
    return LeavesModel(trees, values, linear)


def leaves(trees: HistGradientBoostingClassifier, matrix: Floats, values: list[Floats]) -> csr_matrix:
    """(rows, leaves of all trees) 0/1. A leaf is known by its value: what the tree adds to the raw score."""
    starts = np.concatenate([[0], np.cumsum([len(value) for value in values])])
    places = np.empty((len(matrix), len(values)), dtype=np.int32)
    for tree, step in enumerate(_steps(trees, matrix)):
        nearest = np.searchsorted(values[tree], np.round(step, 10) - 5e-10)
        places[:, tree] = starts[tree] + np.minimum(nearest, len(values[tree]) - 1)
    return csr_matrix(
        (np.ones(places.size), places.ravel(), np.arange(0, places.size + 1, len(values))),
        shape=(len(matrix), int(starts[-1])),
    )


def _steps(trees: HistGradientBoostingClassifier, matrix: Floats) -> Iterator[Floats]:
    """What each tree in turn adds to each row's raw score (one tree a class in each round).

    The first adds the constant that boosting begins with too: its leaves are told apart all the same.
    """
    before: Floats | float = 0.0
    for stage in trees.staged_decision_function(matrix):
        now = np.asarray(stage, dtype=np.float64).reshape(len(matrix), -1).copy()
        yield from (now - before).T
        before = now


def log_odds(shares: Floats) -> Floats:
    """(rows,) log odds of two classes, else (rows, classes) log shares."""
    shares = np.clip(shares, 1e-6, 1 - 1e-6)
    if shares.shape[1] == 2:
        return np.log(shares[:, 1] / shares[:, 0])
    return np.log(shares)
