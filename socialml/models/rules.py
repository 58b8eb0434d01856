"""One short rule a segment: at most three conditions on plain features, found by a beam search.

A condition is 'at least' or 'under' a rounded value. Every score is that of the rounded rule on all users;
a missing value meets no condition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

SEARCH_USERS = 20_000  # the search looks at so many users at most; scores are of all
CUTS = 24  # candidate values for each feature, at its quantiles
BEAM = 30  # rules kept from one length to the next
WORTH = 0.01  # a further condition must add so much F1, else the shorter rule stays
MOST = 3  # conditions


@dataclass(frozen=True)
class Condition:
    feature: str
    at_least: bool  # else under
    value: float

    def met(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """(users,) whether each user meets it."""
        column = columns[self.feature]
        with np.errstate(invalid="ignore"):
            return column >= self.value if self.at_least else column < self.value


@dataclass(frozen=True)
class Rule:
    conditions: tuple[Condition, ...]
    precision: float  # share of those who meet it that belong to the segment
    recall: float  # share of the segment that meets it
    f1: float

    def met(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        return np.logical_and.reduce([condition.met(columns) for condition in self.conditions])

    def text(self, labels: Mapping[str, str], say: Callable[[str, float], str]) -> str:
        """'Orders a month at least 9.5 and likes a month under 12'; say(feature, value) adds the unit."""
        parts = []
        for condition in self.conditions:
            words = "at least" if condition.at_least else "under"
            parts.append(f"{labels[condition.feature]} {words} {say(condition.feature, condition.value)}")
        return " and ".join([parts[0], *(part[0].lower() + part[1:] for part in parts[1:])])


def find(columns: Mapping[str, np.ndarray], labels: np.ndarray, k: int, *, seed: int) -> list[Rule]:
    """The best rule for each segment 0..k-1 by F1.

    columns: {feature: (users,) plain values, NaN where missing}; labels: (users,).
    """
    users = len(labels)
    rows = np.arange(users)
    if users > SEARCH_USERS:
        rows = np.sort(np.random.default_rng([seed, 13]).choice(users, SEARCH_USERS, replace=False))
    part = {name: column[rows] for name, column in columns.items()}
    conditions = [condition for name, column in part.items() for condition in _conditions(name, column)]
    if not conditions:
        return [Rule((), 0.0, 0.0, 0.0)] * k
    met = np.column_stack([condition.met(part) for condition in conditions]).astype(
        np.float32
    )  # (users, conditions)
    rules = []
    for segment in range(k):
        chosen = _search(met, (labels[rows] == segment).astype(np.float32))
        rules.append(_scored(tuple(conditions[index] for index in chosen), columns, labels == segment))
    return rules


def fidelity(rules: list[Rule], columns: Mapping[str, np.ndarray], labels: np.ndarray) -> float:
    """The share of users who meet the rule of their own segment and of no other."""
    met = np.column_stack([rule.met(columns) for rule in rules])  # (users, segments)
    alone = met.sum(axis=1) == 1
    return float((alone & met[np.arange(len(labels)), labels]).mean())


def rounded(value: float) -> float:
    """Two significant digits, and half steps where the first is 1: 9.53 -> 9.5, 1234 -> 1250."""
    if value == 0 or not np.isfinite(value):
        return 0.0
    size = 10.0 ** np.floor(np.log10(abs(value)))
    step = size / 20 if abs(value) < 2 * size else size / 10
    return float(round(round(value / step) * step, 10))


def _conditions(name: str, column: np.ndarray) -> list[Condition]:
    """Candidate conditions at rounded quantiles; a whole number is cut at whole numbers."""
    known = column[np.isfinite(column)]
    if not len(known):
        return []
    cuts = np.quantile(known, np.linspace(0.02, 0.98, CUTS))
    if np.all(known == np.round(known)):
        values = {float(np.ceil(rounded(cut))) for cut in cuts}
    else:
        values = {rounded(cut) for cut in cuts}
    low = known.min()
    return [Condition(name, side, value) for value in sorted(values) if value > low for side in (True, False)]


def _search(met: np.ndarray, inside: np.ndarray) -> tuple[int, ...]:
    """Indices of the conditions of the best conjunction; the best 30 of a length meet every other.

    met: (users, conditions) 0 or 1; inside: (users,) 0 or 1.
    """
    members = inside.sum()
    beam: list[tuple[int, ...]] = [()]
    held = np.ones((1, len(met)), dtype=np.float32)  # (beam, users) who meets each rule so far
    best: tuple[int, ...] = ()
    best_f1 = 0.0
    for _ in range(MOST):
        hits = (held * inside) @ met  # (beam, conditions) members who meet both
        f1 = 2 * hits / np.maximum(held @ met + members, 1)
        order = np.argsort(-f1, axis=None, kind="stable")
        following: dict[frozenset[int], tuple[int, ...]] = {}
        for flat in order[: BEAM * 4]:
            row, column = divmod(int(flat), met.shape[1])
            if column not in beam[row]:
                following.setdefault(frozenset((*beam[row], column)), (*beam[row], column))
            if len(following) == BEAM:
                break
        if not following:
            break
        beam = list(following.values())
        held = np.stack([met[:, list(rule)].min(axis=1) for rule in beam])
        top = beam[0]
        score = 2 * float(held[0] @ inside) / max(float(held[0].sum() + members), 1)
        if score > best_f1 + (WORTH if best else 0):
            best, best_f1 = top, score
    return best or beam[0]


def _scored(conditions: tuple[Condition, ...], columns: Mapping[str, np.ndarray], inside: np.ndarray) -> Rule:
    met = Rule(conditions, 0, 0, 0).met(columns)
    hits, found, members = int((met & inside).sum()), int(met.sum()), int(inside.sum())
    precision, recall = hits / max(found, 1), hits / max(members, 1)
    return Rule(conditions, precision, recall, 2 * hits / max(found + members, 1))
