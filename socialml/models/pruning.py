"""Cost-complexity pruning of a decision tree from one fit, and leaf shares drawn towards their parents.

scikit-learn fits the tree anew for each alpha. Here the weakest link is found on the arrays of one full
tree (Breiman et al. 1984, section 3.3), so that 30 alphas cost one fit. Leaf shares are shrunk towards those
of the nodes above (Agarwal et al. 2022, 'Hierarchical shrinkage'): a leaf of 20 rows does not say '100%'.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_ALPHAS = 30
SHRINKAGES = (0.0, 10.0, 50.0, 200.0)  # rows' worth of the parent's share


@dataclass(frozen=True, eq=False)
class Tree:
    """A binary tree as arrays over its nodes, parents before children, root 0.

    left, right: children or -1. column, threshold: rows with value <= threshold go left. parent: -1 at the
    root. depth. count: training rows. shares: (nodes, classes). collapse: the alpha from which a node is a
    leaf (inf at leaves: they have nothing to collapse).
    """

    left: Ints
    right: Ints
    parent: Ints
    depth: Ints
    column: Ints
    threshold: Floats
    count: Floats
    shares: Floats
    collapse: Floats

    @classmethod
    def of(cls, fitted: Any) -> Tree:
        """From a fitted scikit-learn tree (its `tree_`), fitted without class weights."""
        left, right = fitted.children_left.astype(np.int64), fitted.children_right.astype(np.int64)
        parent = np.full(len(left), -1, dtype=np.int64)
        inner = np.flatnonzero(left >= 0)
        parent[left[inner]] = inner
        parent[right[inner]] = inner
        depth = np.zeros(len(left), dtype=np.int64)
        for node in range(1, len(left)):
            depth[node] = depth[parent[node]] + 1
        count = fitted.n_node_samples.astype(np.float64)
        risk = fitted.impurity * count / count[0]
        return cls(
            left, right, parent, depth, fitted.feature.astype(np.int64), fitted.threshold.astype(np.float64),
            count, np.array(fitted.value[:, 0, :], dtype=np.float64), weakest_links(left, right, parent, risk),
        )  # fmt: skip

    def leaf_at(self, alpha: float) -> Ints:
        """(nodes,) the node that stands for each node once all links weaker than alpha are cut.

        For a node above the cut: itself.
        """
        stands = np.arange(len(self.left))
        closed = (self.left < 0) | (self.collapse <= alpha)  # a leaf now
        for level in range(1, int(self.depth.max()) + 1):
            nodes = np.flatnonzero(self.depth == level)
            above = stands[self.parent[nodes]]
            cut = closed[above]
            stands[nodes] = np.where(cut, above, nodes)
        return stands

    def leaves_at(self, alpha: float) -> Ints:
        """The nodes that are leaves at alpha, in order."""
        stands = self.leaf_at(alpha)
        own = stands == np.arange(len(stands))
        return np.flatnonzero(own & ((self.left < 0) | (self.collapse <= alpha)))

    def shrunk(self, rows: float) -> Floats:
        """(nodes, classes) shares, each step from parent to child weakened by 1 / (1 + rows / parent's rows)."""
        shares = self.shares.copy()
        if rows == 0:
            return shares
        for level in range(1, int(self.depth.max()) + 1):
            nodes = np.flatnonzero(self.depth == level)
            above = self.parent[nodes]
            step = self.shares[nodes] - self.shares[above]
            shares[nodes] = shares[above] + step / (1 + rows / self.count[above])[:, None]
        return shares


def weakest_links(left: Ints, right: Ints, parent: Ints, risk: Floats) -> Floats:
    """The alpha at which each inner node becomes a leaf.

    risk: impurity times the share of training rows. g(t) = (risk(t) - risk of its leaves) / (leaves - 1).
    """
    nodes = len(left)
    leaves = np.ones(nodes)
    below = risk.astype(np.float64).copy()
    inner = left >= 0
    for node in range(nodes - 1, -1, -1):  # children have higher numbers
        if inner[node]:
            leaves[node] = leaves[left[node]] + leaves[right[node]]
            below[node] = below[left[node]] + below[right[node]]

    def link(node: int) -> float:
        return float((risk[node] - below[node]) / (leaves[node] - 1))

    current = np.full(nodes, np.inf)
    for node in np.flatnonzero(inner).tolist():
        current[node] = link(node)
    heap = [(value, int(node)) for node, value in enumerate(current) if inner[node]]
    heapq.heapify(heap)
    collapse = np.full(nodes, np.inf)
    alpha = 0.0
    while heap:
        value, node = heapq.heappop(heap)
        if value != current[node]:
            continue  # it changed, or went with a node above
        alpha = max(alpha, value)
        stack = [node]
        while stack:  # everything below goes with it
            gone = stack.pop()
            if current[gone] < np.inf:
                current[gone], collapse[gone] = np.inf, alpha
                stack += [int(left[gone]), int(right[gone])]
        fewer, more = leaves[node] - 1, risk[node] - below[node]
        leaves[node], below[node] = 1, risk[node]
        above = int(parent[node])
        while above >= 0:
            leaves[above] -= fewer
            below[above] += more
            current[above] = link(above)
            heapq.heappush(heap, (current[above], above))
            above = int(parent[above])
    return collapse


def spaced(tree: Tree, most: int = MOST_ALPHAS) -> Floats:
    """At most `most` alphas, from the full tree to the root, evenly spaced by the logarithm of the leaves."""
    alphas = np.unique(np.concatenate([[0.0], tree.collapse[np.isfinite(tree.collapse)]]))
    if len(alphas) <= most:
        return alphas
    order = np.sort(tree.collapse[np.isfinite(tree.collapse)])
    leaves = 1 + len(order) - np.searchsorted(order, alphas, side="right")  # left at each alpha
    wanted = np.geomspace(leaves[0], 1, most)
    places = np.unique([int(np.abs(np.log(leaves) - np.log(want)).argmin()) for want in wanted])
    return alphas[places]


@dataclass(frozen=True, eq=False)
class Pruned:
    """The chosen alpha and shrinkage, each node's stand-in leaf and shares, and the path looked at."""

    alpha: float
    shrinkage: float
    stands: Ints
    shares: Floats
    path: pd.DataFrame  # alpha, leaves, depth, valid_score (Brier), chosen


def choose(tree: Tree, leaf_valid: Ints, y_valid: Ints) -> Pruned:
    """The alpha and shrinkage with the lowest Brier score on the validation rows.

    leaf_valid: (rows,) the full tree's leaf of each. Ties: the smaller tree.
    """
    classes = tree.shares.shape[1]
    known, place = np.unique(leaf_valid, return_inverse=True)
    hits = np.bincount(place * classes + y_valid, minlength=len(known) * classes).reshape(-1, classes)
    rows = hits.sum(axis=1, keepdims=True)
    shares = {size: tree.shrunk(size) for size in SHRINKAGES}
    alphas = spaced(tree)
    stands = [tree.leaf_at(alpha) for alpha in alphas]
    brier = np.empty((len(alphas), len(SHRINKAGES)))
    for i, stand in enumerate(stands):
        for j, size in enumerate(SHRINKAGES):
            p = shares[size][stand[known]]
            # sum over rows of sum over classes (p - y)^2, from counts
            total = (rows * p**2 - 2 * hits * p + hits).sum()
            brier[i, j] = total / len(y_valid) / (2 if classes == 2 else 1)
    lowest = brier.min()
    near = np.argwhere(brier <= lowest + 1e-12)
    i, j = (int(place) for place in near[near[:, 0].argmax()])
    ends = [tree.leaves_at(alpha) for alpha in alphas]
    path = pd.DataFrame(
        {
            "alpha": alphas,
            "leaves": [len(leaves) for leaves in ends],
            "depth": [int(tree.depth[leaves].max()) for leaves in ends],
            "valid_score": brier.min(axis=1),
            "chosen": np.arange(len(alphas)) == i,
        }
    )
    size = SHRINKAGES[j]
    return Pruned(float(alphas[i]), size, stands[i], shares[size], path)
