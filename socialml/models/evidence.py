"""Are there groups at all? Two rules for their number, and random data of the same spread as the floor.

Any data can be cut into k pieces, and pieces of structureless data have a silhouette above zero. So the
silhouettes stand beside those of Gaussian draws with the same covariance, cut in the same way (the idea
of the gap statistic: Tibshirani, Walther and Hastie 2001, with a covariance-matched reference).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from socialml.models import kmeans
from socialml.models.silhouette import silhouettes

DRAWS = 8  # of random data
DRAW_USERS = 2_000
# How far above random data a silhouette must lie. Uniform, Gaussian and factor data stayed within 0.005;
# five groups 0.8 standard deviations apart in each of 12 features had 0.05.
MARGIN = 0.02


@dataclass(frozen=True, eq=False)
class Floor:
    """Silhouettes of random data with the same covariance: {k: mean over draws}, {k: highest draw}."""

    mean: dict[int, float]
    high: dict[int, float]


def floor(
    x: np.ndarray, ks: Iterable[int], *, seed: int, draws: int = DRAWS, users: int = DRAW_USERS
) -> Floor:
    """Cut `draws` Gaussian data sets with the covariance of x (users, features) into each k."""
    ks = list(ks)
    rows = min(len(x), users)
    values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(x, rowvar=False)))
    shape = vectors * np.sqrt(np.maximum(values, 0))  # (features, features), shape @ shape.T = covariance

    def one(draw: int) -> dict[int, float]:
        rng = np.random.default_rng([seed, 11, draw])
        random = rng.standard_normal((rows, x.shape[1])) @ shape.T
        labels = {k: kmeans.best_of(random, k, 1, rng).labels for k in ks}
        return {k: found.mean for k, found in silhouettes(random, labels, seed=seed).items()}

    with kmeans.pool() as threads:
        found = list(threads.map(one, range(draws)))
    return Floor(
        {k: float(np.mean([draw[k] for draw in found])) for k in ks},
        {k: float(np.max([draw[k] for draw in found])) for k in ks},
    )


def judge(k_elbow: int | None, means: dict[int, float], random: Floor) -> dict[str, Any]:
    """What the data itself says about the number of groups.

    k_elbow: the ratio rule's answer; means: {k: mean silhouette}.
    Returns kind ('five', 'other' or 'none'), k (the suggested number, the ratio rule's where the two
    differ, or None), ratio and silhouette (each rule's k if it beats random data, else None), label (short)
    and sentence.
    """
    best = max(means, key=lambda k: means[k])

    def clear(k: int | None) -> bool:
        return k is not None and means[k] > max(random.high[k], random.mean[k] + MARGIN)

    ratio = k_elbow if clear(k_elbow) else None
    peak = best if clear(best) else None
    if ratio is None and peak is None:
        return {
            "kind": "none",
            "k": None,
            "ratio": None,
            "silhouette": None,
            "label": "no clear groups",
            "sentence": f"No clear groups: random data with the same spread looks as distinct "
            f"(silhouette {means[best]:.2f} here, {random.mean[best]:.2f} there).",
        }
    if ratio == peak:
        label = f"suggests {ratio} (ratio, silhouette)"
        sentence = f"The data itself suggests {ratio} groups (ratio, silhouette)."
    elif ratio is not None and peak is not None:
        label = f"suggests {ratio} (ratio) or {peak} (silhouette)"
        sentence = f"The data itself suggests {ratio} groups (ratio) or {peak} (silhouette)."
    else:
        rule = "ratio" if ratio is not None else "silhouette"
        label = f"suggests {ratio or peak} ({rule})"
        sentence = f"The data itself suggests {ratio or peak} groups ({rule})."
    suggested = ratio or peak
    kind = "five" if ratio == peak == 5 else "other"
    return {
        "kind": kind,
        "k": suggested,
        "ratio": ratio,
        "silhouette": peak,
        "label": label,
        "sentence": sentence,
    }
