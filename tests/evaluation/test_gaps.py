from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from socialml.evaluation.gaps import gaps
from socialml.evaluation.scores import wilson


def table(shares: list[float], n: int = 200) -> pd.DataFrame:
    rows = []
    for place, share in enumerate(shares):
        low, high = wilson(share * n, n)
        rows.append(("region", f"g{place}", share, low, high))
    return pd.DataFrame(rows, columns=["attribute", "group", "recall", "recall_low", "recall_high"])


def test_two_groups_have_the_interval_of_newcombe() -> None:
    """Newcombe 1998, table II (a): 56/70 against 48/80, method 10: 0.2000, 0.0524 to 0.3339."""
    rows = []
    for group, hits, n in (("a", 56, 70), ("b", 48, 80)):
        low, high = wilson(hits, n)
        rows.append(("gender", group, hits / n, low, high))
    frame = pd.DataFrame(rows, columns=["attribute", "group", "recall", "recall_low", "recall_high"])
    (row,) = gaps(frame, ("recall",)).to_dict("records")
    assert (row["high_group"], row["low_group"], row["groups"]) == ("a", "b", 2)
    assert row["gap"] == pytest.approx(0.2)
    assert (row["low"], row["high"]) == (pytest.approx(0.0524, abs=2e-4), pytest.approx(0.3339, abs=2e-4))
    assert row["apart"]


def test_among_many_equal_groups_the_two_furthest_are_seldom_called_apart() -> None:
    rng = np.random.default_rng(5)
    called = 0
    for _ in range(200):
        frame = table(list(rng.binomial(200, 0.6, 25) / 200))
        called += bool(gaps(frame, ("recall",))["apart"].iloc[0])
    assert called <= 16  # 5% of 200 is 10; two of 25 whose own intervals part are found in most of them


def test_a_group_that_is_worse_is_found_among_many() -> None:
    found = gaps(table([0.6] * 12 + [0.3]), ("recall",)).iloc[0]
    assert found["apart"]
    assert found["low_group"] == "g12"
    assert found["low"] < 0.3 < found["high"]


def test_nothing_is_said_of_one_group_or_of_groups_without_a_score() -> None:
    frame = table([0.5, 0.6])
    assert gaps(frame.iloc[:1], ("recall",)).empty
    assert gaps(frame.assign(recall=[0.5, np.nan]), ("recall",)).empty
    assert gaps(frame, ("precision",)).empty
