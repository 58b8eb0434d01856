from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from socialml.errors import UserError
from socialml.models import kmeans


def blobs(
    users: int, k: int, *, features: int = 6, apart: float = 2.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(k, features)) * apart
    labels = rng.integers(k, size=users)
    return centres[labels] + rng.normal(size=(users, features)), labels


def test_sweep_finds_planted_groups() -> None:
    for k in (3, 4, 6):
        x, labels = blobs(900, k, seed=k)
        told: list[int] = []
        swept = kmeans.sweep(x, range(2, 11), seed=0, on_k=told.append)
        assert told == list(range(2, 11))
        assert kmeans.elbow_by_ratio(swept.sse) == k
        assert adjusted_rand_score(labels, swept.fits[k].labels) > 0.95
        assert max(swept.calinski, key=lambda n: swept.calinski[n]) == k


def test_sse_is_that_of_scikit_learn_and_falls_with_k() -> None:
    x, _ = blobs(500, 4)
    swept = kmeans.sweep(x, range(2, 6), seed=0)
    assert swept.sse[1] == pytest.approx(KMeans(1).fit(x).inertia_)
    assert swept.sse[4] == pytest.approx(KMeans(4, n_init=10, random_state=0).fit(x).inertia_, rel=1e-6)
    values = [swept.sse[k] for k in sorted(swept.sse)]
    assert values == sorted(values, reverse=True)


def test_ratio_rule_by_hand() -> None:
    sse = {1: 100.0, 2: 60.0, 3: 20.0, 4: 15.0, 5: 11.0}
    assert kmeans.ratios(sse) == pytest.approx({2: 40 / 40, 3: 40 / 5, 4: 5 / 4})
    assert kmeans.elbow_by_ratio(sse) == 3
    assert kmeans.elbow_by_ratio({1: 10.0, 2: 5.0}) is None


def test_k_different_rows_are_the_elbow() -> None:
    x = np.repeat(np.array([[0.0, 0], [5, 0], [0, 5]]), 40, axis=0)
    swept = kmeans.sweep(x, range(2, kmeans.largest_k(x, 2, 10) + 1), seed=0)
    assert list(swept.fits) == [2, 3]
    assert swept.sse[3] == pytest.approx(0, abs=1e-9)


def test_kneed_needs_three_points() -> None:
    assert kmeans.elbow_by_kneed({1: 9.0, 2: 5.0, 3: 4.0}) is None
    assert kmeans.elbow_by_kneed({1: 100, 2: 60, 3: 30, 4: 10, 5: 8, 6: 7, 7: 6.5}) == 4


def test_fit_is_the_same_again_and_largest_first() -> None:
    x, _ = blobs(2_000, 5)
    first, again = kmeans.fit(x, 5, seed=3), kmeans.fit(x, 5, seed=3)
    np.testing.assert_array_equal(first.labels, again.labels)
    assert first.sse == again.sse
    counts = np.bincount(first.labels)
    assert list(counts) == sorted(counts, reverse=True)
    np.testing.assert_allclose(first.centres[0], x[first.labels == 0].mean(axis=0))


def test_predict_gives_the_nearest_centre() -> None:
    x, _ = blobs(1_000, 4)
    centres = x[:4]
    distances = ((x[:, None, :] - centres[None]) ** 2).sum(axis=2)
    np.testing.assert_array_equal(kmeans.predict(x, centres), distances.argmin(axis=1))


def test_stability_tells_groups_from_noise() -> None:
    x, _ = blobs(1_500, 4)
    assert kmeans.stability(x, kmeans.fit(x, 4, seed=0).labels, 4, seed=0) > 0.95
    noise = np.random.default_rng(0).normal(size=(1_500, 6))
    assert kmeans.stability(noise, kmeans.fit(noise, 4, seed=0).labels, 4, seed=0) < 0.7


@pytest.mark.parametrize(
    ("x", "code", "said"),
    [
        (
            np.arange(24.0).reshape(12, 2),
            "too_few_users",
            "5 segments need at least 50 users; this dataset has 12.",
        ),
        (np.ones((80, 3)), "all_equal", "All 80 users have the same values in every feature"),
        (
            np.repeat([[0.0], [1.0], [2.0]], 30, axis=0),
            "too_few_different_users",
            "only 3 different sets of values",
        ),
    ],
)
def test_what_cannot_be_cut_says_why(x: np.ndarray, code: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        kmeans.largest_k(x, 5, 10)
    assert caught.value.code == code
    assert said in caught.value.message
    assert caught.value.hint


def test_one_user_is_told_to_import_more() -> None:
    with pytest.raises(UserError) as caught:
        kmeans.largest_k(np.zeros((1, 3)), 5, 10)
    assert caught.value.hint == "Import more."


def test_few_users_are_tried_with_few_segments() -> None:
    x, _ = blobs(64, 3)
    assert kmeans.largest_k(x, 5, 10) == 6
    assert kmeans.largest_k(np.repeat(np.arange(7.0), 20)[:, None], 5, 10) == 7
