"""What the columns of an offer tell of the log worth of a creator: ridge regression, and gradient boosting on what
it leaves; each creator is foretold by models that did not see it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor

from socialml.features.placements import Offers

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FOLDS = 4  # of creators
_RIDGE = 1.0  # of standardised columns, in creators
_TREES, _RATE, _LEAVES, _IN_LEAF = 40, 0.08, 6, 12
_WORDS = 30  # of a column at most; the rarer ones are one


class Told:
    """start: (m,) log values by a model of other campaigns, which then stand in for the columns."""

    def __init__(self, offers: Offers, seed: int, start: Floats | None = None) -> None:
        self._seed = seed
        price = _filled(np.log(np.maximum(offers.price, 1.0)), offers.tier)
        self._few = start is not None
        if start is not None:
            self._columns = {"other campaigns": start, "price": price, "tier": _hot(offers.tier)}
        else:
            self._columns = {
                "price": price,
                "followers": _filled(np.log1p(np.maximum(offers.followers, 0)), offers.tier),
                "follower quality": _filled(np.log(np.maximum(offers.quality, 0.01)), offers.tier),
                "interaction rate": _filled(np.log(np.maximum(offers.interaction_rate, 1e-4)), offers.tier),
                "channel": _hot(offers.channel),
                "tier": _hot(offers.tier),
                "content type": _hot(offers.content_type),
                "category": _hot(offers.category),
            }
        self.names = list(self._columns)
        blocks = [block.reshape(offers.m, -1) for block in self._columns.values()]
        self._x = np.hstack(blocks)
        self._block = np.repeat(np.arange(len(blocks)), [block.shape[1] for block in blocks])
        self._fold = np.random.default_rng(seed).permutation(offers.m) % FOLDS
        self._models: list[tuple[Floats, HistGradientBoostingRegressor | None]] = []

    def fit(self, mean: Floats, weight: Floats, trees: bool) -> Floats:
        """(m,) told, from each creator's mean and its precision, 0 where nothing is known."""
        weight = weight / weight.max()
        if self._few:
            self._models = [(_ridge(self._x, mean, weight), None)]
            return self._predict(0, self._x)
        self._models = []
        for fold in range(FOLDS):
            use = np.where(self._fold == fold, 0.0, weight)
            rows = use > 0
            linear = _ridge(self._x, mean, use)
            if trees:
                left = mean - linear[0] - self._x @ linear[1:]
                boosted = HistGradientBoostingRegressor(
                    max_iter=_TREES,
                    learning_rate=_RATE,
                    max_leaf_nodes=_LEAVES,
                    min_samples_leaf=_IN_LEAF,
                    early_stopping=False,
                    random_state=self._seed,
                ).fit(self._x[rows], left[rows], use[rows])
            self._models.append((linear, boosted if trees else None))
        found = np.array([self._predict(fold, self._x) for fold in range(FOLDS)])
        return np.where(weight > 0, found[self._fold, np.arange(len(mean))], found.mean(axis=0))

    def importance(self, least: int = 1000) -> Floats:
        """(columns,) shares of the mean square by which answers move where a column is dealt anew among creators."""
        rng = np.random.default_rng(self._seed)
        some = rng.permutation(len(self._x))[:least]
        x = self._x[some]
        whole = self._predict(0, x)
        moved = []
        for block in range(len(self.names)):
            dealt = x.copy()
            own = self._block == block
            dealt[:, own] = x[rng.permutation(len(x))][:, own]
            moved.append(float(((self._predict(0, dealt) - whole) ** 2).mean()))
        total = sum(moved)
        return np.array(moved) / total if total > 0 else np.zeros(len(moved))

    def _predict(self, model: int, x: Floats) -> Floats:
        linear, trees = self._models[model]
        found: Floats = linear[0] + x @ linear[1:]
        return found if trees is None else found + trees.predict(x)


def _ridge(x: Floats, y: Floats, weight: Floats) -> Floats:
    """(1 + columns,) level and slopes."""
    total = weight.sum()
    centre = weight @ x / total
    z = x - centre
    scale = np.sqrt(weight @ z**2 / total)
    scale = np.where(scale > 1e-9, scale, 1.0)
    z = z / scale
    level = float(weight @ y / total)
    inside = z.T * weight
    slope = np.linalg.solve(inside @ z + _RIDGE * np.eye(x.shape[1]), inside @ (y - level)) / scale
    return np.concatenate([[level - centre @ slope], slope])


def _hot(codes: Ints) -> Floats:
    """(m, words) the most frequent words, each a column of 0 and 1."""
    _, place, count = np.unique(codes, return_inverse=True, return_counts=True)
    order = np.argsort(-count, kind="stable")[:_WORDS]
    return (place[:, None] == order).astype(np.float64)


def _filled(values: Floats, tier: Ints) -> Floats:
    """Unknown: the middle of the tier, or of all, or 0."""
    known = np.isfinite(values)
    if not known.any():
        return np.zeros_like(values)
    out = np.where(known, values, np.median(values[known]))
    for code in np.unique(tier[~known]):
        same = known & (tier == code)
        if same.any():
            out[~known & (tier == code)] = np.median(values[same])
    return out
