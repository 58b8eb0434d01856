"""The largest difference between groups of customers. Needs no scikit-learn: pages call it."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

import pandas as pd

COLUMNS = ("attribute", "metric", "gap", "low", "high", "high_group", "low_group", "groups", "apart")


def gaps(
    table: pd.DataFrame, metrics: tuple[str, ...] = ("selected", "recall", "precision", "roc_auc")
) -> pd.DataFrame:
    """For each attribute and metric of `fairness.by_group` the two groups that differ most: see COLUMNS.

    low, high: 95% interval of the difference from the groups' own intervals (Zou and Donner 2008, MOVER),
    widened for all pairs of groups that were compared (Bonferroni): among 30 regions two always differ.
    apart: the interval does not hold 0. Groups without a score are left out, as is an attribute with fewer
    than two others.
    """
    rows = []
    for attribute, part in table.groupby("attribute", sort=False):
        for metric in metrics:
            if metric not in part or part[metric].notna().sum() < 2:
                continue
            known = part[part[metric].notna()]
            high, low = known.loc[known[metric].idxmax()], known.loc[known[metric].idxmin()]
            gap = float(high[metric] - low[metric])
            pairs = len(known) * (len(known) - 1) / 2
            wider = NormalDist().inv_cdf(1 - 0.025 / pairs) / NormalDist().inv_cdf(0.975)
            down = sqrt(
                (high[metric] - high[f"{metric}_low"]) ** 2 + (low[f"{metric}_high"] - low[metric]) ** 2
            )
            up = sqrt(
                (high[f"{metric}_high"] - high[metric]) ** 2 + (low[metric] - low[f"{metric}_low"]) ** 2
            )
            lowest = max(-1.0, gap - wider * down)
            rows.append(
                (attribute, metric, gap, lowest, min(1.0, gap + wider * up), high["group"], low["group"],
                 len(known), lowest > 0)
            )  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))
