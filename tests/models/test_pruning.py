"""One tree pruned on its arrays is the tree that scikit-learn prunes by fitting again."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from socialml.models.pruning import MOST_ALPHAS, Tree, choose, spaced


def noisy(seed: int, rows: int = 1_500) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 5))
    return x, (x[:, 0] + x[:, 1] * x[:, 2] + rng.normal(size=rows) > 0).astype(np.int64)


@pytest.mark.parametrize("seed", range(3))
def test_the_same_leaves_as_scikit_learn_at_every_alpha(seed: int) -> None:
    x, y = noisy(seed)
    full = DecisionTreeClassifier(min_samples_leaf=5, random_state=0).fit(x, y)
    tree = Tree.of(full.tree_)
    path = full.cost_complexity_pruning_path(x, y).ccp_alphas
    middles = (path[1:] + path[:-1])[
        :: max(1, len(path) // 12)
    ] / 2  # between two links: rounding cannot decide
    for alpha in middles:
        again = DecisionTreeClassifier(min_samples_leaf=5, random_state=0, ccp_alpha=alpha).fit(x, y)
        assert len(tree.leaves_at(alpha)) == again.get_n_leaves()
        mine = tree.shares[tree.leaf_at(alpha)[full.apply(x)]]
        assert np.allclose(mine, again.predict_proba(x))


def test_at_most_thirty_alphas_from_the_full_tree_to_the_root() -> None:
    x, y = noisy(1, 4_000)
    tree = Tree.of(DecisionTreeClassifier(min_samples_leaf=2, random_state=0).fit(x, y).tree_)
    alphas = spaced(tree)
    assert 10 < len(alphas) <= MOST_ALPHAS
    leaves = [len(tree.leaves_at(alpha)) for alpha in alphas]
    assert leaves == sorted(leaves, reverse=True)
    assert leaves[0] == len(tree.leaves_at(0))  # splits that gain nothing are gone at alpha 0
    assert leaves[-1] == 1


def test_noise_is_pruned_to_the_root_and_a_rule_is_kept() -> None:
    rng = np.random.default_rng(3)
    x, valid = rng.normal(size=(2_000, 4)), rng.normal(size=(1_000, 4))
    noise, noise_valid = rng.integers(0, 2, 2_000), rng.integers(0, 2, 1_000)
    full = DecisionTreeClassifier(min_samples_leaf=5, random_state=0).fit(x, noise)
    found = choose(Tree.of(full.tree_), full.apply(valid), noise_valid)
    assert found.path.loc[found.path["chosen"], "leaves"].item() <= 3
    full = DecisionTreeClassifier(min_samples_leaf=5, random_state=0).fit(x, x[:, 0] > 0.5)
    found = choose(Tree.of(full.tree_), full.apply(valid), (valid[:, 0] > 0.5).astype(np.int64))
    assert found.path.loc[found.path["chosen"], "leaves"].item() == 2


def test_shrunk_shares_stay_between_the_leaf_and_the_root() -> None:
    x, y = noisy(2)
    tree = Tree.of(DecisionTreeClassifier(min_samples_leaf=5, random_state=0).fit(x, y).tree_)
    shrunk = tree.shrunk(50)
    assert np.allclose(shrunk.sum(axis=1), 1)
    assert shrunk.std() < tree.shares.std()
    assert np.array_equal(tree.shrunk(0), tree.shares)
    assert np.allclose(tree.shrunk(1e12), tree.shares[0])
