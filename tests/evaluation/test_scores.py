"""Scores against scikit-learn's, their intervals against the truth, and the curves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from socialml.evaluation import fairness
from socialml.evaluation.curves import curves
from socialml.evaluation.gaps import gaps
from socialml.evaluation.scores import NAMES, auc, confusion, scores, wilson


def drawn(rows: int, seed: int, ties: bool = False) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    z = rng.normal(size=rows)
    p = 1 / (1 + np.exp(1.5 - z))
    y = (rng.random(rows) < p).astype(np.int64)
    return y, p.round(1) if ties else p


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("rows", [300, 9_000])
def test_two_classes_are_scored_as_scikit_learn_does(rows: int, ties: bool) -> None:
    y, p = drawn(rows, 0, ties)
    found = scores(y, p, threshold=0.25)
    called = p >= 0.25
    expected = {
        "accuracy": metrics.accuracy_score(y, called),
        "precision": metrics.precision_score(y, called),
        "recall": metrics.recall_score(y, called),
        "f1": metrics.f1_score(y, called),
        "roc_auc": metrics.roc_auc_score(y, p),
        "average_precision": metrics.average_precision_score(y, p),
        "brier": metrics.brier_score_loss(y, p),
    }
    assert tuple(found) == NAMES
    for name, value in expected.items():
        assert found[name].value == pytest.approx(value, abs=1e-12), name
        assert found[name].low < value < found[name].high, name
    assert scores(y, np.column_stack([1 - p, p]), threshold=0.25) == found


def test_three_classes_are_scored_as_scikit_learn_does() -> None:
    rng = np.random.default_rng(1)
    p = rng.dirichlet([1, 1, 2], 3_000)
    y = (rng.random(3_000)[:, None] > p.cumsum(axis=1)).sum(axis=1)
    found = scores(y, p)
    called = p.argmax(axis=1)
    assert found["accuracy"].value == pytest.approx(metrics.accuracy_score(y, called))
    for name, score in (
        ("precision", metrics.precision_score), ("recall", metrics.recall_score), ("f1", metrics.f1_score),
    ):  # fmt: skip
        assert found[name].value == pytest.approx(score(y, called, average="macro"))
    assert found["roc_auc"].value == pytest.approx(metrics.roc_auc_score(y, p, multi_class="ovr"))
    assert found["average_precision"].value == pytest.approx(metrics.average_precision_score(np.eye(3)[y], p))
    for score in found.values():
        assert score.low < score.value < score.high


def test_delong_is_the_plain_formula() -> None:
    y, p = drawn(200, 3, ties=True)
    up, down = p[y == 1], p[y == 0]
    psi = (up[:, None] > down) + 0.5 * (up[:, None] == down)  # (positives, negatives)
    error = np.sqrt(psi.mean(axis=1).var(ddof=1) / len(up) + psi.mean(axis=0).var(ddof=1) / len(down))
    value = psi.mean()
    logit, half = np.log(value / (1 - value)), 1.959964 * error / (value * (1 - value))
    found = auc(y, p)
    assert found.value == pytest.approx(value)
    assert found.low == pytest.approx(1 / (1 + np.exp(half - logit)))
    assert found.high == pytest.approx(1 / (1 + np.exp(-half - logit)))


@pytest.mark.parametrize("rows", [250, 1_000])
def test_intervals_hold_the_truth_as_often_as_they_say(rows: int) -> None:
    y, p = drawn(400_000, 9)
    truth = {name: score.value for name, score in scores(y, p, threshold=0.3, resamples=2).items()}
    held = dict.fromkeys(NAMES, 0)
    worlds = 120
    for world in range(worlds):
        found = scores(*drawn(rows, 1_000 + world), threshold=0.3, seed=world)
        for name in NAMES:
            held[name] += found[name].low <= truth[name] <= found[name].high
    for name, times in held.items():
        assert times / worlds >= 0.88, (name, held)


def test_shuffled_outcomes_score_one_half() -> None:
    inside = 0
    for seed in range(40):
        y, p = drawn(1_000, seed)
        found = scores(np.random.default_rng(seed).permutation(y), p)["roc_auc"]
        inside += found.low <= 0.5 <= found.high
    assert inside >= 34


def test_a_perfect_score_of_few_rows_is_not_certain() -> None:
    y = np.array([0] * 8 + [1] * 5)
    found = scores(y, y * 0.8 + 0.1)
    assert found["roc_auc"].value == 1
    assert found["roc_auc"].low < 0.7
    assert found["recall"].low < 0.7
    assert found["accuracy"].low < 0.9


def test_one_class_or_no_rows_is_not_a_score_of_zero() -> None:
    found = scores([0, 0, 0], [0.1, 0.2, 0.3])
    assert np.isnan(found["roc_auc"].value)
    assert np.isnan(found["recall"].value)
    assert found["accuracy"].value == 1
    assert np.isnan(scores([], np.empty(0))["accuracy"].value)


def test_curves_end_where_they_must_and_profit_can_be_read_off() -> None:
    y, p = drawn(5_000, 4)
    found = curves(y, p)
    roc, gain = found["roc"], found["gain"]
    assert len(roc) <= 401
    assert roc.iloc[0][["fpr", "tpr"]].tolist() == [0, 0]
    assert roc.iloc[-1][["fpr", "tpr"]].tolist() == [1, 1]
    area = float(np.trapezoid(roc["tpr"], roc["fpr"]))
    assert area == pytest.approx(metrics.roc_auc_score(y, p), abs=2e-3)
    assert gain.iloc[-1]["hits"] == y.sum()
    assert gain.iloc[-1]["lift"] == pytest.approx(1)
    row = gain.iloc[100]
    assert row["hits"] == y[p >= row["threshold"]].sum()
    assert row["n"] == (p >= row["threshold"]).sum()
    bins = found["calibration"]
    assert bins["n"].sum() == 5_000
    assert ((bins["low"] <= bins["predicted"]) & (bins["predicted"] <= bins["high"])).mean() >= 0.7


def test_confusion_counts() -> None:
    table = confusion([0, 0, 1, 1, 1], [0, 1, 1, 1, 0], ["no", "yes"])
    assert table.loc["yes", "yes"] == 2
    assert table.to_numpy().tolist() == [[1, 1], [1, 2]]


def test_wilson() -> None:
    low, high = wilson(0, 10)
    assert low == 0
    assert high == pytest.approx(0.2775, abs=1e-3)


def test_groups_are_scored_apart_and_small_ones_not_at_all() -> None:
    y, p = drawn(2_000, 5)
    gender = np.array(["f", "m"] * 990 + [None] * 20, dtype=object)
    found = fairness.by_group(y, p, pd.DataFrame({"gender": gender}), 0.3)
    found = found.set_index("group")
    assert found["n"].tolist() == [990, 990, 20]
    part = gender == "f"
    called = p[part] >= 0.3
    row = found.loc["f"]
    assert row["recall"] == pytest.approx(metrics.recall_score(y[part], called))
    assert row["precision"] == pytest.approx(metrics.precision_score(y[part], called))
    assert row["accuracy"] == pytest.approx(metrics.accuracy_score(y[part], called))
    assert row["selected"] == pytest.approx(called.mean())
    assert row["roc_auc"] == pytest.approx(metrics.roc_auc_score(y[part], p[part]))
    for name in ("recall", "precision", "accuracy", "selected", "false_positive_rate", "roc_auc", "f1"):
        assert row[f"{name}_low"] < row[name] < row[f"{name}_high"], name
    assert "Only 20 customers" in found.loc["unknown", "note"]
    assert np.isnan(found.loc["unknown", "recall"])


def test_a_gap_is_called_one_only_where_chance_hardly_makes_it() -> None:
    y, p = drawn(4_000, 6)
    same = pd.DataFrame({"g": np.where(np.arange(4_000) % 2, "a", "b")})
    table = gaps(fairness.by_group(y, p, same, 0.3))
    assert not table["apart"].any()
    other = pd.DataFrame({"g": np.where(p > 0.25, "high", "low")})
    table = gaps(fairness.by_group(y, p, other, 0.3)).set_index("metric")
    assert table.loc["selected", "apart"]
    assert table.loc["selected", "high_group"] == "high"
