"""k-means for k = 2..10, the two elbows, and how well the segments are found again.

Every fit runs on one thread and several fits run side by side: faster than one fit on all cores when
the machine is busy (threads that wait for each other: 18 s against 1.5 s for 5,000 users), and the
same figures come out whatever the number of cores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from kneed import KneeLocator
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, calinski_harabasz_score, davies_bouldin_score
from threadpoolctl import threadpool_limits

from socialml.errors import UserError
from socialml.models.threads import allowed_threads

USERS_PER_SEGMENT = 10  # fewer make no segment anybody could act on
ELBOW_USERS = 50_000  # the elbow is judged on at most so many users, each k from 10 starts
STABILITY_USERS = 20_000


@dataclass(frozen=True, eq=False)
class Fit:
    """One k-means result.

    centres: (k, features) means of the members, largest segment first.
    labels: (users,) index into centres.
    sse: sum of squared distances to the own centre, in the units of the features.
    """

    k: int
    centres: np.ndarray
    labels: np.ndarray
    sse: float


@dataclass(frozen=True, eq=False)
class Sweep:
    """Fits for several k on the same users, with what each of them scores.

    rows: (users,) which users were used; all of them when there are at most ELBOW_USERS.
    sse: {k: SSE}; k = 1 is the total sum of squares.
    calinski, davies: {k: Calinski-Harabasz (more is better), Davies-Bouldin (less is better)}.
    """

    rows: np.ndarray
    fits: dict[int, Fit]
    sse: dict[int, float]
    calinski: dict[int, float]
    davies: dict[int, float]


def pool() -> ThreadPoolExecutor:
    """Threads whose scikit-learn calls use one core each."""

    def one_core() -> None:
        threadpool_limits(limits=1, user_api="openmp")  # set for this thread only, and it ends with the pool

    return ThreadPoolExecutor(allowed_threads(), initializer=one_core)


def check_users(users: int, k: int) -> None:
    """UserError when there are too few users for k segments."""
    if users < k * USERS_PER_SEGMENT:
        raise UserError(
            "too_few_users",
            f"{k} segments need at least {k * USERS_PER_SEGMENT} users; this dataset has {users:,}.",
            "Import more, or lower k." if users >= 2 * USERS_PER_SEGMENT else "Import more.",
        )


def largest_k(x: np.ndarray, k: int, k_max: int) -> int:
    """How many segments these users can be tried with: at most k_max, and not more than they can fill.

    x: (users, features), scaled. UserError when they cannot even fill k.
    """
    users = len(x)
    check_users(users, k)
    different = distinct_rows(x, k_max)
    if different == 1:
        raise UserError(
            "all_equal",
            f"All {users:,} users have the same values in every feature, so there is nothing to tell apart.",
            "Import behaviour or orders in which users differ.",
        )
    if different < k:
        raise UserError(
            "too_few_different_users",
            f"{k} segments need at least {k} different users; this dataset has {users:,} users with only "
            f"{different} different sets of values.",
            f"Import more, or lower k to {different}." if different >= 2 else "Import more.",
        )
    return max(k, min(k_max, users // USERS_PER_SEGMENT, different))


def distinct_rows(x: np.ndarray, enough: int) -> int:
    """How many different rows there are, counted up to `enough`."""
    found = 0
    for rest in (x[:10_000], x):  # the head nearly always has enough
        found = 0
        while len(rest) and found < enough:
            rest = rest[(rest != rest[0]).any(axis=1)]
            found += 1
        if found >= enough:
            break
    return found


def fit(x: np.ndarray, k: int, *, seed: int, n_init: int = 3, start: np.ndarray | None = None) -> Fit:
    """k-means of all rows, the best of n_init starts; `start` (k, features) is one of them when given.

    One start in six ended in a bad optimum here, so three or more.
    """
    seeds = np.random.default_rng([seed, k]).integers(2**31, size=n_init)

    def one(index: int) -> Fit:
        warm = start is not None and index == 0
        model = KMeans(k, init=start if warm else "k-means++", n_init=1, random_state=int(seeds[index])).fit(
            x
        )
        return _tidy(x, model.labels_, k)

    with pool() as threads:
        fits = list(threads.map(one, range(n_init)))
    return min(fits, key=lambda found: found.sse)


def sweep(
    x: np.ndarray,
    ks: Iterable[int],
    *,
    seed: int,
    n_init: int = 10,
    users: int = ELBOW_USERS,
    on_k: Callable[[int], None] = lambda k: None,
) -> Sweep:
    """Fits for each k on at most `users` rows; `on_k(k)` is told after each. n_init 10: see design.md."""
    rows = draw(len(x), users, seed)
    part = np.ascontiguousarray(x[rows])
    ks = sorted(ks)

    def one(k: int) -> tuple[Fit, float, float]:
        found = best_of(part, k, n_init, np.random.default_rng([seed, k]))
        return (
            found,
            float(calinski_harabasz_score(part, found.labels)),
            float(davies_bouldin_score(part, found.labels)),
        )

    fits: dict[int, Fit] = {}
    calinski: dict[int, float] = {}
    davies: dict[int, float] = {}
    threads = pool()
    try:
        for k, (found, spread, overlap) in zip(ks, threads.map(one, ks), strict=True):
            fits[k], calinski[k], davies[k] = found, spread, overlap
            on_k(k)
    finally:
        threads.shutdown(cancel_futures=True)
    total = float(((part - part.mean(axis=0)) ** 2).sum())
    return Sweep(rows, fits, {1: total} | {k: found.sse for k, found in fits.items()}, calinski, davies)


def predict(x: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The nearest centre of each row, (users,) int8, in blocks so that no large matrix is made."""
    labels = np.empty(len(x), dtype=np.int8)
    half = (centres**2).sum(axis=1) / 2
    for begin in range(0, len(x), 50_000):
        block = x[begin : begin + 50_000]
        labels[begin : begin + 50_000] = (half - block @ centres.T).argmin(axis=1)
    return labels


def ratios(sse: dict[int, float]) -> dict[int, float]:
    """How much more the step to k brought than the step after it: (SSE[k-1]-SSE[k]) / (SSE[k]-SSE[k+1])."""
    floor = max(sse.values()) * 1e-9  # k different rows are split perfectly: the next step brings nothing
    return {
        k: (sse[k - 1] - sse[k]) / max(sse[k] - sse[k + 1], floor)
        for k in sorted(sse)
        if k - 1 in sse and k + 1 in sse
    }


def elbow_by_ratio(sse: dict[int, float]) -> int | None:
    """The k after which the SSE falls least compared with before; None when there are too few k to say."""
    found = ratios(sse)
    return max(found, key=lambda k: found[k]) if found else None


def elbow_by_kneed(sse: dict[int, float]) -> int | None:
    """kneed's knee of the SSE curve for k = 2 and up. A habit, no evidence: it says 5 of noise too."""
    ks = [k for k in sorted(sse) if k > 1]
    if len(ks) < 3:
        return None
    knee = KneeLocator(ks, [sse[k] for k in ks], curve="convex", direction="decreasing").knee
    return None if knee is None else int(knee)


def best_of(x: np.ndarray, k: int, n_init: int, rng: np.random.Generator) -> Fit:
    """k-means of all rows in the calling thread; for many small fits inside `pool`."""
    model = KMeans(k, n_init=n_init, random_state=int(rng.integers(2**31))).fit(x)
    return _tidy(x, model.labels_, k)


def stability(x: np.ndarray, labels: np.ndarray, k: int, *, seed: int, samples: int = 10) -> float:
    """Mean adjusted Rand index between these segments and those refitted on bootstrap samples.

    At most STABILITY_USERS users, drawn with replacement for each refit; compared on the users as they are.
    1: the same segments are found again; 0: no better than chance.
    """
    rows = draw(len(x), STABILITY_USERS, seed + 1)
    part, own = x[rows], labels[rows]

    def one(sample: int) -> float:
        rng = np.random.default_rng([seed, sample])
        again = part[rng.integers(len(part), size=len(part))]
        return float(adjusted_rand_score(own, predict(part, best_of(again, k, 3, rng).centres)))

    with pool() as threads:
        return float(np.mean(list(threads.map(one, range(samples)))))


def draw(users: int, most: int, seed: int) -> np.ndarray:
    """At most `most` of the rows 0..users-1, without repeats, in order."""
    if users <= most:
        return np.arange(users)
    return np.sort(np.random.default_rng([seed, most]).choice(users, most, replace=False))


def _tidy(x: np.ndarray, labels: np.ndarray, k: int) -> Fit:
    """Centres as exact means of the members, largest first, and the SSE around them."""
    counts = np.bincount(labels, minlength=k)
    sums = np.column_stack(
        [np.bincount(labels, weights=column, minlength=k) for column in x.T]
    )  # (k, features)
    centres = sums / np.maximum(counts, 1)[:, None]
    sse = float(np.einsum("ij,ij->", x, x) - (counts[:, None] * centres**2).sum())
    order = np.lexsort((*centres.T[::-1], -counts))
    rank = np.empty(k, dtype=np.int8)
    rank[order] = np.arange(k, dtype=np.int8)
    return Fit(k, centres[order], rank[labels], max(sse, 0.0))
