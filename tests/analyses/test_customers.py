from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from socialml import artefacts, sample
from socialml.analyses import _customers_lists as lists
from socialml.analyses import _customers_tasks as tasks
from socialml.analyses import customers
from socialml.errors import Cancelled
from socialml.progress import Progress, silent
from tests.benchmarks import bench_customers as promises

KEYS = {"task", "model", "n_train", "n_valid", "n_test", "accuracy", "precision", "recall", "f1", "roc_auc",
        "average_precision", "brier", "floor"}  # fmt: skip
FAST = ("tree", "logistic")


@pytest.fixture(scope="module")
def shop() -> customers.Inputs:
    return promises.inputs(sample.generate(2_000, seed=2))


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


def test_what_is_known_of_the_last_weeks_only_is_said_and_not_learned_from(result: customers.Result) -> None:
    late, potential = result.notes
    assert late.startswith(
        "Not learned from, as the data knows them for the last weeks only: Seconds watching"
    )
    assert "customers who order at a discount" in potential
    assert result.thresholds["offers"] == "reduced"
    learned = set(result.importance["label"]) | set(result.tree["label"])
    assert not learned & {"Views a month", "Likes a month", "Promotions opened a month"}


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


def test_shuffled_labels_score_a_half(shop: customers.Inputs) -> None:
    frame = shop.rows.read().to_pandas()
    wanted = tasks.of_shop(frame, shop.measured, tasks.thresholds(frame, shop.measured, customers.Config()))
    task = next(task for task in wanted if task.key == "purchase")
    found = promises.shuffled(task, 0)
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
