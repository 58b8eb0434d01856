from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import silhouette_samples, silhouette_score

from socialml.models import evidence, kmeans, silhouette


def groups(users: int, *, apart: float = 0.7, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=(4, 8)) * apart)[rng.integers(4, size=users)] + rng.normal(size=(users, 8))
    return x, kmeans.fit(x, 4, seed=seed).labels


def test_exact_equals_scikit_learn() -> None:
    x, labels = groups(1_200)
    found = silhouette.silhouettes(x, {4: labels, 2: labels % 2}, seed=0)
    assert found[4].exact
    assert found[4].mean == pytest.approx(silhouette_score(x, labels), abs=1e-5)
    assert found[2].mean == pytest.approx(silhouette_score(x, labels % 2), abs=1e-5)
    np.testing.assert_allclose(found[4].values, silhouette_samples(x, labels), atol=1e-5)
    assert found[4].low == found[4].mean == found[4].high


def test_a_segment_of_one_counts_nought() -> None:
    x, labels = groups(300)
    labels = np.where(np.arange(300) == 7, 4, labels)
    found = silhouette.silhouettes(x, {5: labels}, seed=0)[5]
    assert found.values[7] == 0
    assert found.mean == pytest.approx(silhouette_score(x, labels), abs=1e-5)


@pytest.mark.parametrize(("queries", "references"), [(500, 1_500), (1_000, 20_000)])
def test_interval_holds_the_exact_value(queries: int, references: int) -> None:
    """Over 40 draws the 95% intervals hold the exact value in 35 or more, from some references or from all.

    300 draws of the first: 95%, 100 of the second: 93%.
    """
    x, labels = groups(6_000)
    exact = silhouette.silhouettes(x, {4: labels}, seed=0, exact_users=6_000)[4].mean
    held = 0
    for seed in range(40):
        found = silhouette.silhouettes(
            x, {4: labels}, seed=seed, queries=queries, references=references, exact_users=0
        )[4]
        assert not found.exact
        assert len(found.values) == queries
        held += found.low <= exact <= found.high
    assert held >= 35


def test_all_k_share_one_draw() -> None:
    x, labels = groups(3_000)
    found = silhouette.silhouettes(
        x, {4: labels, 2: labels // 2}, seed=1, queries=400, references=900, exact_users=0
    )
    np.testing.assert_array_equal(found[4].rows, found[2].rows)


def judged(x: np.ndarray) -> dict:
    swept = kmeans.sweep(x, range(2, 11), seed=0)
    found = silhouette.silhouettes(x, {k: fit.labels for k, fit in swept.fits.items()}, seed=0)
    means = {k: one.mean for k, one in found.items()}
    return evidence.judge(kmeans.elbow_by_ratio(swept.sse), means, evidence.floor(x, swept.fits, seed=0))


def test_planted_groups_are_told_by_their_number() -> None:
    x, _ = groups(1_500, apart=2.0)
    verdict = judged(x)
    assert verdict["label"] == "suggests 4 (ratio, silhouette)"
    assert verdict["kind"] == "other"
    assert verdict["sentence"] == "The data itself suggests 4 groups (ratio, silhouette)."


@pytest.mark.parametrize("shape", ["round", "tilted", "one factor"])
def test_gaussian_noise_has_no_clear_groups(shape: str) -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=(1_500, 8))
    if shape == "tilted":
        x = x @ rng.normal(size=(8, 8))
    if shape == "one factor":
        x = x + 1.5 * rng.normal(size=(1_500, 1))
    verdict = judged((x - x.mean(axis=0)) / x.std(axis=0))
    assert verdict["kind"] == "none"
    assert verdict["sentence"].startswith("No clear groups")


def test_two_rules_that_differ_are_both_named() -> None:
    floor = evidence.Floor({2: 0.1, 4: 0.1, 5: 0.1}, {2: 0.11, 4: 0.11, 5: 0.11})
    assert (
        evidence.judge(5, {2: 0.3, 4: 0.4, 5: 0.35}, floor)["label"] == "suggests 5 (ratio) or 4 (silhouette)"
    )
    assert evidence.judge(5, {2: 0.3, 4: 0.2, 5: 0.105}, floor)["label"] == "suggests 2 (silhouette)"
    assert evidence.judge(None, {2: 0.3}, floor)["k"] == 2
    assert evidence.judge(5, {2: 0.2, 4: 0.2, 5: 0.4}, floor)["kind"] == "five"
