"""How distinct the segments are: the mean silhouette for many k at once, with a 95% interval.

A user's silhouette is (b - a) / max(a, b), where a is the mean distance to the users of the own segment
and b that to the users of the nearest other one (Rousseeuw 1987). Up to EXACT_USERS users it is taken
over all pairs. Above, 2,000 query users are compared with 50,000 reference users; the distances are
worked out once for all k, and summed over segments with one matrix product.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

EXACT_USERS = 5_000
QUERIES = 2_000
REFERENCES = 50_000
GROUPS = 10  # of references, for the jackknife
Z95 = 1.96


@dataclass(frozen=True, eq=False)
class Silhouette:
    """The silhouette of one labelling.

    mean, low, high: of all users, with its 95% interval; low = high = mean when all pairs were used.
    rows: (queries,) the users whose own value is known; values: (queries,) theirs, -1 to 1.
    """

    mean: float
    low: float
    high: float
    exact: bool
    rows: np.ndarray
    values: np.ndarray


def silhouettes(
    x: np.ndarray,
    labellings: dict[int, np.ndarray],
    *,
    seed: int,
    queries: int = QUERIES,
    references: int = REFERENCES,
    exact_users: int = EXACT_USERS,
) -> dict[int, Silhouette]:
    """One Silhouette for each labelling {k: (users,) labels 0..k-1} of the rows of x (users, features).

    The mean weighs each segment's queries by the segment's true size. The interval has two parts: the
    queries' spread within segments, and the references' own noise by a jackknife over ten groups of them
    (without it the interval held the exact value in 86% of draws only).
    """
    users = len(x)
    rng = np.random.default_rng([seed, 7])
    exact = users <= exact_users
    if exact:
        asked = known = np.arange(users)
    elif users >= queries + references:
        drawn = rng.choice(users, queries + references, replace=False)
        asked, known = drawn[:queries], drawn[queries:]
    else:
        known = rng.permutation(users)[:references]
        asked = rng.choice(users, queries, replace=False)
    ks = list(labellings)
    groups = np.array_split(known, 1 if exact else GROUPS)
    sums, counts = zip(*(_sums(x, asked, group, labellings) for group in groups), strict=True)
    total = np.sum(sums, axis=0)  # (queries, columns of all k)
    size = np.sum(counts, axis=0)  # (columns,)
    found: dict[int, Silhouette] = {}
    begin = 0
    for k in ks:
        labels = labellings[k]
        width = int(labels.max()) + 1
        columns = slice(begin, begin + width)
        begin += width
        own = labels[asked]
        share = np.bincount(labels, minlength=width) / users
        itself = np.isin(asked, known)
        values = _values(total[:, columns], size[columns], own, itself)
        mean, spread = _poststratified(values, own, share)
        if not exact:
            finite = 1 - len(known) / users  # all users as references: no noise left from drawing them
            without = [
                _poststratified(
                    _values(
                        (total - part)[:, columns],
                        (size - count)[columns],
                        own,
                        itself & ~np.isin(asked, group),
                    ),
                    own,
                    share,
                )[0]
                for part, count, group in zip(sums, counts, groups, strict=True)
            ]
            noise = (GROUPS - 1) / GROUPS * float(((np.array(without) - np.mean(without)) ** 2).sum())
            spread = spread * (1 - len(asked) / users) + noise * finite
        half = 0.0 if exact else Z95 * float(np.sqrt(spread))
        found[k] = Silhouette(mean, mean - half, mean + half, exact, asked, values)
    return found


def _sums(
    x: np.ndarray, asked: np.ndarray, known: np.ndarray, labellings: dict[int, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Sums of distances from each asked user to the known ones of each segment, all labellings side by side.

    Returns (asked, columns) sums and (columns,) how many known users each column has.
    """
    columns = []
    for labels in labellings.values():
        one_hot = np.zeros((len(known), int(labels.max()) + 1), dtype=np.float32)
        one_hot[np.arange(len(known)), labels[known]] = 1
        columns.append(one_hot)
    members = np.hstack(columns)
    centre = x[known].mean(axis=0)  # distances stay, and float32 keeps its digits
    theirs = (x[known] - centre).astype(np.float32)
    squares = np.einsum("ij,ij->i", theirs, theirs)
    position = np.full(len(x), -1, dtype=np.int32)
    position[known] = np.arange(len(known), dtype=np.int32)
    sums = np.empty((len(asked), members.shape[1]))
    step = max(1, 5_000_000 // max(1, len(known)))  # about 20 MB a block
    for begin in range(0, len(asked), step):
        block = asked[begin : begin + step]
        ours = (x[block] - centre).astype(np.float32)
        distance = squares - 2 * (ours @ theirs.T)
        distance += np.einsum("ij,ij->i", ours, ours)[:, None]
        np.maximum(distance, 0, out=distance)
        np.sqrt(distance, out=distance)
        at = position[block]
        distance[np.flatnonzero(at >= 0), at[at >= 0]] = (
            0  # a user to itself: exactly 0, not a rounding error
        )
        sums[begin : begin + step] = distance @ members
    return sums, members.sum(axis=0, dtype=np.float64)


def _values(sums: np.ndarray, counts: np.ndarray, own: np.ndarray, itself: np.ndarray) -> np.ndarray:
    """Silhouettes of the asked users from (asked, segments) sums; `itself`: is the user a reference too."""
    rows = np.arange(len(own))
    others = np.broadcast_to(counts, sums.shape).astype(float)
    others[rows, own] -= itself  # a user is no neighbour of its own
    with np.errstate(divide="ignore", invalid="ignore"):
        means = np.where(others > 0, sums / others, np.inf)
    inside = means[rows, own]
    means[rows, own] = np.inf
    nearest = means.min(axis=1)
    largest = np.maximum(inside, nearest)
    usable = np.isfinite(largest) & (largest > 0)  # alone in the segment: 0, as in scikit-learn
    return np.where(usable, (nearest - inside) / np.where(usable, largest, 1), 0.0)


def _poststratified(values: np.ndarray, own: np.ndarray, share: np.ndarray) -> tuple[float, float]:
    """The mean with each segment at its true share, and the variance that the queries bring into it."""
    asked = np.bincount(own, minlength=len(share))
    has = asked > 0
    weight = np.where(has, share, 0) / share[has].sum()
    means = np.bincount(own, weights=values, minlength=len(share)) / np.maximum(asked, 1)
    deviations = (values - means[own]) ** 2
    pooled = deviations.mean()
    within = np.bincount(own, weights=deviations, minlength=len(share)) / np.maximum(asked - 1, 1)
    within = np.where(asked > 1, within, pooled)
    return float(weight @ means), float((weight**2 * within / np.maximum(asked, 1))[has].sum())
