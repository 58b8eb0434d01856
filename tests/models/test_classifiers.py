"""Each model learns a planted rule, says how sure it is, and why; bad input gets a sentence."""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
import pandas as pd
import pytest

from socialml.errors import Cancelled, UserError
from socialml.models import classifiers, treeview
from socialml.models.classifiers import MODELS, Fitted, best_f1, fit, fit_all
from socialml.models.importances import ranking
from socialml.progress import Progress

ROWS = 4_000


def table(seed: int = 0, rows: int = ROWS) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Cases, outcomes and their true probabilities: orders, channel and recency tell, weekday does not."""
    rng = np.random.default_rng(seed)
    orders = rng.poisson(2, rows).astype(float)
    channel = rng.choice(["video", "live", "search", "shop"], rows, p=[0.4, 0.3, 0.2, 0.1])
    recency = rng.exponential(30, rows)
    drive = 0.8 * orders + 1.5 * (channel == "live") - 0.04 * recency - 3
    p = 1 / (1 + np.exp(-drive))
    seen = pd.Timestamp("2024-06-30") - pd.to_timedelta(recency, unit="D")
    orders[rng.random(rows) < 0.05] = np.nan
    frame = pd.DataFrame(
        {"orders": orders, "channel": channel, "last_seen": seen, "weekday": rng.integers(1, 8, rows)}
    )
    return frame, (rng.random(rows) < p).astype(np.int64), p


def parts(frame: pd.DataFrame, y: np.ndarray) -> tuple[pd.DataFrame, np.ndarray, pd.DataFrame, np.ndarray]:
    cut = len(y) * 4 // 5
    return frame[:cut], y[:cut], frame[cut:], y[cut:]


@cache
def fitted() -> dict[str, Fitted]:
    frame, y, _ = table()
    return fit_all(*parts(frame, y), seed=0)


@pytest.mark.parametrize("name", MODELS)
def test_a_planted_rule_is_learnt(name: str) -> None:
    frame, y, p = table(1)
    model = fitted()[name]
    found = model.proba(frame)
    assert found.shape == (ROWS, 2)
    assert np.allclose(found.sum(axis=1), 1)
    assert ((found >= 0) & (found <= 1)).all()
    ceiling = ranking(np.column_stack([1 - p, p]), y)
    assert ranking(found, y) > ceiling - 0.03
    assert abs(found[:, 1].mean() - y.mean()) < 0.03  # calibrated
    assert ((found[:, 1] - p) ** 2).mean() < 0.012
    assert model.calibration.split(",")[0] in ("sigmoid", "isotonic")
    assert f"{model.threshold:.1%}" in model.balance
    assert model.seconds > 0


@pytest.mark.parametrize("name", MODELS)
def test_the_same_seed_gives_the_same_model_alone_or_beside_others(name: str) -> None:
    frame, y, _ = table()
    alone = fit(name, *parts(frame, y), seed=0)
    assert np.array_equal(alone.proba(frame[:200]), fitted()[name].proba(frame[:200]))


@pytest.mark.parametrize("name", MODELS)
def test_shuffled_outcomes_cannot_be_predicted(name: str) -> None:
    frame, y, _ = table(2)
    noise = np.random.default_rng(5).permutation(y)
    model = fit(name, *parts(frame, noise), seed=0)
    other, outcome, _ = table(3)
    outcome = np.random.default_rng(6).permutation(outcome)
    assert abs(ranking(model.proba(other), outcome) - 0.5) < 0.03


@pytest.mark.parametrize("name", MODELS)
def test_three_classes(name: str) -> None:
    frame, _, p = table(4)
    y = np.digitize(p + np.random.default_rng(0).normal(0, 0.1, ROWS), [0.2, 0.6])
    model = fit(name, *parts(frame, y), seed=0)
    found = model.proba(frame)
    assert found.shape == (ROWS, 3)
    assert np.allclose(found.sum(axis=1), 1)
    assert model.classes == [0, 1, 2]
    assert model.threshold is None
    assert (model.predict(frame) == y).mean() > 0.6


def test_importance_finds_what_tells_and_what_does_not() -> None:
    frame, y, _ = table(1)
    for name in ("boosting", "logistic"):
        found = fitted()[name].importance(frame, y).set_index("column")
        assert found.index[0] == "orders"
        assert found.loc["weekday", "importance"] < 0.005
        assert found.loc["channel", "low"] > 0.01


def test_the_tree_can_be_walked_without_scikit_learn() -> None:
    frame, _, _ = table(1)
    model = fitted()["tree"]
    assert model.tree is not None
    found = model.proba(frame)[:, 1]
    for i in range(150):
        way = treeview.walk(model.tree, frame.iloc[i])
        assert model.tree["probability"][way[-1]] == pytest.approx(found[i], abs=1e-12), i
    leaves = model.tree[model.tree["left"] < 0]
    assert leaves["count"].sum() == model.tree["count"][0]
    assert len(leaves) == model.pruning.loc[model.pruning["chosen"], "leaves"].item()
    assert len(model.pruning) <= 30
    assert model.pruning["valid_score"].idxmin() == model.pruning["chosen"].idxmax()


def test_a_path_reads_as_sentences() -> None:
    frame, _, _ = table(1)
    row = frame[frame["channel"] == "live"].iloc[0]
    told = fitted()["tree"].path(row, ["stays away", "buys"])
    assert len(told) >= 2
    assert "probability" in told[-1]
    assert "'buys'" in told[-1]
    every = " ".join(fitted()["tree"].tree["rule"])
    assert "orders above" in every
    assert "channel is 'live'" in every
    assert "last seen after 2024-" in every
    with pytest.raises(UserError, match="no rules to show"):
        fitted()["svm"].path(row)


def test_calibration_mends_scores_of_another_scale() -> None:
    frame, y, _ = table(7)
    p = fitted()["svm"].proba(frame)[:, 1]  # margins of a model with weighted classes
    for low, high in ((0.0, 0.15), (0.15, 0.4), (0.4, 1.0)):
        inside = (p >= low) & (p < high)
        assert abs(p[inside].mean() - y[inside].mean()) < 0.05


def test_the_threshold_has_the_best_f1() -> None:
    p = np.array([0.9, 0.8, 0.8, 0.4, 0.2])
    y = np.array([1, 1, 1, 0, 0])
    assert best_f1(p, y) == pytest.approx(0.6)
    assert best_f1(p, np.ones(5, dtype=int)) == pytest.approx(0.1)


def test_progress_is_told_and_can_stop_the_work() -> None:
    frame, y, _ = table(0, 600)
    told: list[Progress] = []
    fit_all(*parts(frame, y), seed=0, report=told.append)
    assert told[0].message == "Reading the table"
    assert told[-1].fraction == 1
    assert any("gradient boosting" in step.message for step in told)

    def stop(step: Progress) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        fit_all(*parts(frame, y), seed=0, report=stop)


def test_nothing_warns_and_the_filters_are_left_alone() -> None:
    frame, y, _ = table(0, 800)
    before = list(warnings.filters)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit_all(*parts(frame, y), seed=0)
    assert list(warnings.filters) == before


@pytest.mark.parametrize("name", MODELS)
def test_small_and_odd_tables_train(name: str) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"x": rng.normal(size=120), "gone": [None] * 120, "same": 1, "day": pd.Timestamp("2024-01-01")}
    )
    y = (frame["x"].to_numpy() + rng.normal(size=120) > 0.5).astype(np.int64)
    model = fit(name, *parts(frame, y), seed=0)
    assert set(model.encoder.dropped) == {"gone", "same", "day"}
    assert np.isfinite(model.proba(frame.assign(x=np.nan))).all()


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (np.zeros(100, dtype=int), "same outcome"),
        (np.r_[np.ones(3, dtype=int), np.zeros(97, dtype=int)], "only 3 training rows"),
        (np.r_[np.zeros(40), np.ones(40), np.zeros(20)], "validation rows"),
    ],
)
def test_outcomes_that_cannot_be_learnt_get_a_sentence(y: np.ndarray, words: str) -> None:
    frame = pd.DataFrame({"x": np.arange(100.0) % 17})
    with pytest.raises(UserError) as raised:
        fit("tree", *parts(frame, y), seed=0)
    assert words in raised.value.message
    assert raised.value.hint


def test_an_unknown_model_is_named() -> None:
    frame, y, _ = table(0, 200)
    with pytest.raises(UserError, match="no model 'forest'"):
        classifiers.fit("forest", *parts(frame, y), seed=0)
