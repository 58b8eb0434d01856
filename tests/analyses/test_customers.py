from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from socialml import artefacts, sample
from socialml.analyses import _customers_lists as lists
from socialml.analyses import customers
from socialml.artefacts import Table
from socialml.errors import Cancelled, UserError
from socialml.progress import Progress, silent
from tests.benchmarks import bench_customers as promises

KEYS = {"task", "model", "n_train", "n_valid", "n_test", "accuracy", "precision", "recall", "f1", "roc_auc",
        "average_precision", "brier", "floor"}  # fmt: skip
FAST = ("tree", "logistic")


@pytest.fixture(scope="module")
def shop() -> customers.Inputs:
    return promises.inputs(sample.generate(3_000, seed=2))


@pytest.fixture(scope="module")
def result(shop: customers.Inputs) -> customers.Result:
    return customers.compute(shop, customers.Config(models=FAST), silent)


def test_the_tasks_have_the_keys_of_the_command_line(result: customers.Result) -> None:
    metrics = json.loads(json.dumps(result.metrics(), allow_nan=False))
    told = {task["task"] for task in metrics["tasks"]} | {item["task"] for item in metrics["skipped"]}
    assert {
        "customer_class",
        "high_value",
        "potential",
        "purchase",
        "purchase_high_value",
        "purchase_potential",
    } < told
    for task in metrics["tasks"]:
        assert task.keys() >= KEYS
        assert task["floor"].keys() == {"best", "majority", "rfm", "months"}
        assert task["roc_auc_low"] <= task["roc_auc"] <= task["roc_auc_high"]


def test_models_beat_the_rfm_sum_and_income_is_no_feature_of_its_own_label(result: customers.Result) -> None:
    tasks = {task["task"]: task for task in result.tasks}
    assert tasks["purchase"]["roc_auc"] > tasks["purchase"]["floor"]["rfm"]["roc_auc"] + 0.05
    own = result.importance.groupby("task")["label"].agg(set)
    for task in ("customer_class", "high_value", "potential"):
        if task in own:
            assert "Monthly income" not in own[task]
    assert not result.tree[result.tree["task"] == "high_value"]["label"].eq("Monthly income").any()


def test_the_model_is_chosen_on_the_validation_part(result: customers.Result) -> None:
    for _, own in result.scores.groupby("task"):
        models = own[~own["floor"]].drop_duplicates("model")
        assert models.loc[models["chosen"], "on_validation"].iloc[0] == models["on_validation"].max()


def test_everybody_is_ranked_with_a_reason(result: customers.Result, shop: customers.Inputs) -> None:
    table = customers.export(result).to_pandas()
    assert shop.now is not None
    assert len(table) == shop.now.rows == result.n_users
    assert table["probability"].is_monotonic_decreasing
    assert table["reason"].str.len().gt(0).all()
    assert set(table["class"]) <= {"other", "potential", "high-value"}
    assert set(table["as_of"]) == {"2025-09-30"}
    half = customers.export(result, least=0.5)
    assert half.num_rows == (table["probability"] >= 0.5).sum()


def test_leaves_agree_with_the_walk_of_one_row(result: customers.Result) -> None:
    from socialml.models import treeview

    nodes = result.tree[result.tree["task"] == "purchase"].dropna(axis="columns", how="all")
    whole = result.customers.read().slice(0, 40).to_pandas()
    for place, row in enumerate(whole.to_dict("records")):
        assert treeview.walk(nodes, row)[-1] == whole["leaf"].iloc[place]
    found = customers.reason(result, whole["user_id"].iloc[0])
    assert found is not None
    assert "training rows like this" in found[1][-1]
    assert customers.reason(result, "nobody") is None


def test_it_comes_back_from_disk_and_again_the_same(
    result: customers.Result, shop: customers.Inputs, tmp_path: Path
) -> None:
    artefacts.write(result, tmp_path / "r")
    again = artefacts.read(customers.Result, tmp_path / "r")
    assert again.metrics() == result.metrics()
    artefacts.write(shop, tmp_path / "i")
    read = artefacts.read(customers.Inputs, tmp_path / "i")
    once_more = customers.compute(read, customers.Config(models=FAST), silent)
    assert _scores(once_more) == _scores(result)


def _scores(result: customers.Result) -> list[tuple]:
    return [(task["task"], task["model"], task["roc_auc"], task["brier"]) for task in result.tasks]


def test_it_can_be_cancelled(shop: customers.Inputs) -> None:
    def stop(progress: Progress) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        customers.compute(shop, customers.Config(models=FAST), stop)


def test_shuffled_labels_score_a_half() -> None:
    found = promises.shuffled(0, 1_500)
    assert found["roc_auc_low"] <= 0.5 <= found["roc_auc_high"]


def test_the_ceiling_is_above_the_model_and_below_the_clairvoyant(result: customers.Result) -> None:
    world = sample.generate(3_000, seed=2)
    ids = pd.Series(world.truth.user_id.to_pylist())
    p, all_known = promises.ceiling(world, ids), promises.clairvoyant(world, ids)
    assert ((p >= 0) & (p <= 1)).all()
    assert abs(p.mean() - all_known.mean()) < 0.02


def test_rules_between_categories_are_counted_right() -> None:
    has = [("a", "x"), ("a", "y"), ("b", "x"), ("b", "y"), ("c", "x"), ("d", "z"), ("e", "z")]
    table = pa.table({"user_id": [u for u, _ in has], "category": [c for _, c in has]})
    found = lists.rules(table).set_index(["if_bought", "then"])
    assert found.loc[("y", "x"), "confidence"] == pytest.approx(1.0)
    assert found.loc[("x", "y"), "confidence"] == pytest.approx(2 / 3)
    assert found.loc[("y", "x"), "lift"] == pytest.approx(1 / (3 / 5))
    offers = lists.next_category(table, lists.rules(table)).set_index("user_id")["next_category"]
    assert offers["c"] == "y"
    assert offers["d"] is None or pd.isna(offers["d"])


def records(rows: int = 900, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    habits = rng.normal(0, 1, (rows, 6))  # each tells a little, so that none is asked about
    bought = rng.random(rows) < 1 / (1 + np.exp(-0.7 * habits.sum(axis=1)))
    frame = pd.DataFrame({"bought": np.where(bought, "yes", "no"), "kind": rng.choice(["new", "old"], rows)})
    frame = frame.assign(**{f"habit {k}": habits[:, k] for k in range(6)})
    return frame.assign(paid=np.where(bought, rng.uniform(10, 50, rows), 0.0))


def told(frame: pd.DataFrame, **settings: object) -> customers.Result:
    inputs = customers.Inputs("r", "CNY", "records", None, [], [], Table(pa.Table.from_pandas(frame)))
    config = customers.Config.from_json(
        {"target": "bought", "models": ["tree", "logistic"], "folds": 0, **settings}
    )
    return customers.compute(inputs, config, silent)


def test_a_column_that_gives_the_answer_away_is_asked_about_and_both_results_are_told() -> None:
    asked = told(records())
    assert [question["column"] for question in asked.questions] == ["paid"]
    with_, without = asked.tasks
    assert with_["roc_auc"] > 0.98
    assert 0.6 < without["roc_auc"] < 0.95
    assert without["label"] == "bought without paid"
    dropped = told(records(), drop=["paid"])
    assert not dropped.questions
    assert len(dropped.tasks) == 1
    assert not told(records(), known=["paid"]).questions


def test_cross_validation_stands_beside_the_split() -> None:
    done = told(records().drop(columns="paid"), folds=3)
    means = done.folds[done.folds["fold"] == -1]
    assert len(means) == 1
    assert 0.6 < means["roc_auc"].iloc[0] < 0.95


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda f: f.assign(bought="yes"), "one_class"),
        (lambda f: f.assign(bought=np.where(np.arange(len(f)) < 3, "yes", "no")), "small_class"),
        (lambda f: f.assign(bought=[f"c{i}" for i in range(len(f))]), "id_target"),
        (lambda f: f.assign(bought=np.arange(len(f)) % 97), "many_classes"),
        (lambda f: f.rename(columns={"bought": "sold"}), "no_column"),
        (lambda f: f.head(40), "small_class"),
    ],
)
def test_bad_targets_are_refused_in_a_sentence(change, code: str) -> None:
    with pytest.raises(UserError) as caught:
        told(change(records()))
    assert caught.value.code in (code, "too_few_rows")
    assert caught.value.hint


def test_odd_columns_are_survived() -> None:
    frame = records().drop(columns="paid")
    frame["constant"] = 1
    frame["when"] = pd.date_range("2024-01-01", periods=len(frame), freq="h")
    frame["code"] = [f"x{i}" for i in range(len(frame))]
    frame["many"] = [f"level {i % 300}" for i in range(len(frame))]
    done = told(frame)
    assert done.tasks[0]["roc_auc"] > 0.6
    assert any("code" in note for note in done.notes)
