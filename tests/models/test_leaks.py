"""What must be asked about is found, and what is merely good is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from socialml.errors import UserError
from socialml.models import leaks
from socialml.models.crossval import cross_validate, stratified

ROWS = 3_000


def table(seed: int = 0) -> tuple[pd.DataFrame, np.ndarray]:
    """Six columns that each tell a little."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(ROWS, 6))
    y = (x.sum(axis=1) + rng.normal(0, 2, ROWS) > 1).astype(np.int64)
    return pd.DataFrame(x, columns=[f"x{k}" for k in range(6)]), y


def test_honest_columns_are_not_asked_about() -> None:
    assert leaks.find(*table()) == []


def test_the_target_in_other_words() -> None:
    frame, y = table()
    frame["refund_reason"] = np.where(y == 1, "late", None)  # only filled afterwards
    frame["total"] = y * 100.0 + np.random.default_rng(0).normal(size=ROWS)
    found = leaks.find(frame, y)
    assert {leak["column"] for leak in found} == {"refund_reason", "total"}
    assert all(leak["kind"] == "perfect" and leak["score"] > 0.98 for leak in found)


def test_a_column_that_gives_most_of_the_score() -> None:
    frame, y = table()
    rng = np.random.default_rng(1)
    frame["page_value"] = np.where(y == 1, rng.exponential(5, ROWS) * (rng.random(ROWS) < 0.75), 0.0)
    found = leaks.find(frame, y)
    assert [leak["column"] for leak in found] == ["page_value"]
    assert found[0]["kind"] == "most"
    assert found[0]["without"] < found[0]["score"] < 0.98
    assert "known before the outcome" in found[0]["why"]


def test_ids_are_named_and_unknown_outcomes_left_out() -> None:
    frame, y = table()
    frame["order"] = [f"A{i}" for i in range(ROWS)]
    y[:50] = -1
    found = leaks.find(frame, y)
    assert [(leak["column"], leak["kind"]) for leak in found] == [("order", "id")]


def test_three_classes() -> None:
    frame, _ = table()
    y = np.digitize(frame.sum(axis=1), [-1, 1])
    frame["grade"] = np.array(["low", "middle", "high"])[y]
    assert [leak["column"] for leak in leaks.find(frame, y)] == ["grade"]


def test_cross_validation_scores_each_row_once() -> None:
    frame, y = table(2)
    found = cross_validate(frame, y, folds=4, names=("logistic", "tree"))
    assert np.bincount(found.fold).tolist() == [ROWS // 4] * 4
    assert found.proba["tree"].shape == (ROWS, 2)
    assert np.allclose(found.proba["tree"].sum(axis=1), 1)
    assert found.roc_auc("logistic") > found.roc_auc("tree") > 0.7
    assert len(found.scores) == 2 * 5
    noise = np.random.default_rng(0).permutation(y)
    assert abs(cross_validate(frame, noise, folds=3, names=("logistic",)).roc_auc("logistic") - 0.5) < 0.04


def test_too_few_rows_for_the_folds() -> None:
    frame, _ = table()
    with pytest.raises(UserError, match="5 folds need 20"):
        cross_validate(frame, np.where(np.arange(ROWS) < 10, 1, 0))


def test_parts_hold_the_same_share_of_each_class() -> None:
    y = np.array([0] * 90 + [1] * 30)
    part = stratified(y, 5, np.random.default_rng(0))
    assert all((y[part == k] == 1).sum() == 6 for k in range(5))
