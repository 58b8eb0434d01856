"""Why a user is in its segment: the two features in which it is most like the segment and unlike the rest.

The choice is kept as two small numbers a user; sentences are made in bulk when somebody asks for them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

SHOWN = 2  # features in a reason


def choose(z: np.ndarray, known: np.ndarray, labels: np.ndarray, k: int) -> np.ndarray:
    """(users, 2) int8 feature columns, the most telling first.

    z: (users, features) standardised; known: (users, features) False where the plain value is missing;
    labels: (users,). A feature tells more, the further the user lies on the segment's side of the middle
    between the segment's mean and that of all other users, times the distance of the two means.
    """
    users, features = z.shape
    sums = np.column_stack(
        [np.bincount(labels, weights=column, minlength=k) for column in z.T]
    )  # (k, features)
    counts = np.bincount(labels, minlength=k)[:, None]
    own = sums / np.maximum(counts, 1)
    rest = (sums.sum(axis=0) - sums) / np.maximum(users - counts, 1)
    picked = np.zeros((users, min(SHOWN, features)), dtype=np.int8)
    for begin in range(0, users, 100_000):
        block = slice(begin, begin + 100_000)
        group = labels[block]
        told = (z[block] - (own + rest)[group] / 2) * (own - rest)[group]
        told[~known[block]] = -np.inf
        for place in range(picked.shape[1]):
            best = told.argmax(axis=1)
            picked[block, place] = best
            told[np.arange(len(best)), best] = -np.inf
    return picked


def sentences(
    picked: np.ndarray,
    values: np.ndarray,
    labels: list[str],
    typical: np.ndarray,
    say: Callable[[int, float], str],
) -> pa.Array:
    """(users,) text such as 'Orders a month 15 (all: 4), likes a month 3 (all: 12)'.

    picked: (users, 2) from `choose`; values: (users, 2) the plain values there; typical: (features,) the mean
    of all users; say(feature, value): a value in words. Text is made once for each different rounded value.
    """
    parts = []
    for place in range(picked.shape[1]):
        text = np.empty(len(picked), dtype=object)
        for feature in np.unique(picked[:, place]):
            rows = np.flatnonzero(picked[:, place] == feature)
            label = labels[feature] if place == 0 else labels[feature][0].lower() + labels[feature][1:]
            different, which = np.unique(readable(values[rows, place]), return_inverse=True)
            end = f" (all: {say(feature, float(typical[feature]))})"
            words = [f"{label} {say(feature, float(value))}{end}" for value in different]
            text[rows] = np.array(words, dtype=object)[which]
        parts.append(text)
    joined = parts[0] if len(parts) == 1 else parts[0] + ", " + parts[1]
    return pa.array(joined, type=pa.string())


def readable(values: np.ndarray) -> np.ndarray:
    """Rounded for reading: two significant digits under 100, whole numbers above."""
    with np.errstate(divide="ignore", invalid="ignore"):
        digits = np.clip(1 - np.floor(np.log10(np.abs(values))), 0, 4)
    power = 10.0 ** np.where(np.isfinite(digits), digits, 0)
    return np.round(values * power) / power
