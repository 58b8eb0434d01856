"""A column of any table from the others, and tables that are odd, small or wrong."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from socialml.analyses import customers
from socialml.artefacts import Table
from socialml.errors import UserError
from socialml.progress import silent


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


Change = Callable[[pd.DataFrame], pd.DataFrame]


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (lambda f: f.assign(bought="yes"), "one_class", "'bought' is 'yes' in every row"),
        (lambda f: f.assign(bought=None), "one_class", "'bought' is empty"),
        (
            lambda f: f.assign(bought=np.where(np.arange(len(f)) < 3, "yes", "no")),
            "small_class",
            "'yes' in only 3 rows",
        ),
        (lambda f: f.assign(bought=[f"c{i}" for i in range(len(f))]), "id_target", "900 different values"),
        (lambda f: f.assign(bought=np.arange(len(f))), "id_target", "a different whole number"),
        (lambda f: f.assign(bought=np.arange(len(f)) % 97), "many_classes", "97 different values"),
        (lambda f: f.assign(bought=f["habit 0"]), "many_classes", "900 different values"),
        (
            lambda f: f.assign(bought=pd.date_range("2024-01-01", periods=len(f)).astype(str)),
            "many_classes",
            "900 different values",
        ),
        (lambda f: f.rename(columns={"bought": "sold"}), "no_column", "no column 'bought'"),
        (lambda f: f.head(60), "too_few_rows", "only 9 rows"),
        (lambda f: f[["bought"]].assign(same=1), "no_columns", "same: it is 1 in every row"),
        (lambda f: f[["bought"]].assign(code=[f"x{i}" for i in range(len(f))]), "no_columns", "No column"),
    ],
)
def test_what_cannot_be_learned_is_refused_in_a_sentence(change: Change, code: str, words: str) -> None:
    with pytest.raises(UserError) as caught:
        told(change(records()))
    assert (caught.value.code, words in caught.value.message) == (code, True), caught.value.message
    assert caught.value.hint


def noted(change: Change, words: str) -> customers.Result:
    """The result of a changed table of which one note says these words; it still learns."""
    done = told(change(records().drop(columns="paid")))
    assert done.tasks[0]["roc_auc"] > 0.6
    assert sum(words in note for note in done.notes) == 1, done.notes
    return done


def test_columns_that_say_nothing_are_left_out_by_name() -> None:
    noted(lambda f: f.assign(same=1), "same was left out: it is 1 in every row.")
    noted(lambda f: f.assign(empty=None), "empty was left out: it is empty.")
    noted(lambda f: f.assign(code=[f"x{i}" for i in range(len(f))]), "because they name the row: code.")


def test_five_thousand_categories_count_as_a_few_and_others() -> None:
    frame = records(8_000).drop(columns="paid")
    frame["many"] = [f"level {i}" for i in np.random.default_rng(0).permutation(8_000) % 5_000]
    done = told(frame)
    assert done.tasks[0]["roc_auc"] > 0.6
    (note,) = done.notes
    assert note.startswith("many has 4,149 different values")  # in the training part
    assert note.endswith("the rest count as 'other'.")
    assert set(done.importance["label"]) <= {"many", "kind", *(f"habit {k}" for k in range(6))}


@pytest.mark.parametrize("as_text", [False, True])
def test_dates_become_days_that_a_rule_can_ask_for(as_text: bool) -> None:
    rng = np.random.default_rng(4)
    days = rng.integers(0, 365, 900)
    frame = records().drop(columns="paid")
    when = pd.Series(pd.Timestamp("2024-01-01") + pd.to_timedelta(days, unit="D"))
    # Who came after July bought; a second date only orders the rows.
    frame["came"] = when.dt.strftime("%Y-%m-%d") if as_text else when
    frame["bought"] = np.where((days > 200) ^ (rng.random(900) < 0.1), "yes", "no")
    if not as_text:
        frame.insert(
            0, "logged", pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.permutation(900), unit="h")
        )
    done = told(frame, known=["came"])
    assert done.tasks[0]["roc_auc"] > 0.8
    root = done.tree[done.tree["node"] == 0].iloc[0]
    assert (root["column"], root["rule"][:15]) == ("came", "came after 2024")
    assert any("dates count as days" in note for note in done.notes)
    assert any("judged on the last 15 in 100 by 'logged'" in note for note in done.notes) is not as_text


def test_rows_without_a_target_are_left_out_and_the_others_keep_their_numbers() -> None:
    frame = records().drop(columns="paid")
    frame.loc[frame.index % 3 == 0, "bought"] = None
    done = told(frame)
    assert "300 rows without a value of 'bought' were left out." in done.notes
    listed = done.customers.read().to_pandas().set_index("row")
    assert done.tasks[0]["n_train"] + done.tasks[0]["n_valid"] + done.tasks[0]["n_test"] == 600
    own = frame.loc[listed.index - 1]
    assert (own["bought"].to_numpy() == listed["actual"].to_numpy()).all()
    np.testing.assert_array_equal(own["habit 1"], listed["habit 1"])


def test_a_few_valued_target_of_numbers_is_told_as_classes() -> None:
    frame = records().drop(columns="paid")
    level = np.clip(np.round(frame[[f"habit {k}" for k in range(6)]].sum(axis=1) / 3), -1, 1) + 2
    done = told(frame.assign(bought=level))
    (task,) = done.tasks
    assert task["classes"] == ["1", "2", "3"]
    assert task["roc_auc"] > 0.75
    assert done.confusion["rows"].sum() == task["n_test"]
