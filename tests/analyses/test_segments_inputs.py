"""Segments of data that is small, odd or partly missing, and settings that are wrong."""

from __future__ import annotations

import subprocess
import sys
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from socialml.analyses import segments
from socialml.artefacts import Table
from socialml.errors import UserError
from socialml.features.users import FEATURES
from socialml.progress import silent
from socialml.store import Store
from tests import support


def table_of(users: int, **columns: Any) -> segments.Inputs:
    """A user table by hand; what is not given is not measured."""
    frame = pd.DataFrame({"user_id": [f"u{number:05d}" for number in range(users)]})
    for name in FEATURES:
        frame[name] = columns.get(name, 0.0)
    return segments.Inputs(
        "toy",
        "CNY",
        datetime(2025, 1, 1),
        [n for n in FEATURES if n in columns],
        Table(pa.Table.from_pandas(frame, preserve_index=False)),
    )


@pytest.mark.parametrize(
    ("users", "values", "code"),
    [
        (12, "random", "too_few_users"),
        (1, "random", "too_few_users"),
        (300, "same", "nothing_to_compare"),
        (300, "two", "too_few_different_users"),
    ],
)
def test_data_that_cannot_be_cut_says_why(users: int, values: str, code: str) -> None:
    rng = np.random.default_rng(0)
    column = {"random": rng.random(users), "same": np.ones(users), "two": np.arange(users) % 2.0}[values]
    with pytest.raises(UserError) as caught:
        segments.compute(table_of(users, likes=column, views=column), segments.Config(), silent)
    assert caught.value.code == code
    assert caught.value.message.endswith(".")
    assert caught.value.hint
    assert "likes" not in caught.value.message


def test_few_users_try_few_numbers() -> None:
    rng = np.random.default_rng(0)
    columns = {
        name: rng.random(60) for name in ("likes", "views", "shares", "average_order", "carts", "tenure_days")
    }
    result = segments.compute(table_of(60, **columns), segments.Config(), silent)
    assert list(result.by_k["k"]) == [2, 3, 4, 5, 6]
    assert result.k == 5
    result = segments.compute(
        table_of(24, **columns | {n: c[:24] for n, c in columns.items()}), segments.Config(k=None), silent
    )
    assert result.k == 2
    assert result.k_elbow is None


def test_one_feature_missing_values_and_other_scales() -> None:
    rng = np.random.default_rng(1)
    likes = np.where(rng.random(400) < 0.3, np.nan, rng.gamma(2, 5, 400))
    result = segments.compute(table_of(400, likes=likes), segments.Config(k=3, scale="minmax"), silent)
    assert result.unmeasured == [feature.label for name, feature in FEATURES.items() if name != "likes"]
    assert result.preprocess["missing"].item() == np.isnan(likes).sum()
    assert (result.scatter["y"] == 0).all()
    assert result.metrics()["segments"][0]["purchases_per_month"] is None
    more = {name: rng.random(400) for name in ("views", "shares", "comments", "carts", "tenure_days")}
    result = segments.compute(table_of(400, likes=likes, **more), segments.Config(k=3, pca=2), silent)
    assert result.centres.shape == (3, 2)


def test_orders_only_store_uses_all_it_measures_and_names_nothing_unmeasured(store: Store) -> None:
    store.ensure_dataset("shop", currency="EUR")
    rng = np.random.default_rng(0)
    rows = [
        support.order(f"c{customer}", int(day), float(rng.gamma(2, 30)))
        for customer in range(80)
        for day in rng.integers(1, 28, size=1 + customer % 6)
    ]
    support.add(store, rows)
    read = segments.prepare(store, "shop", segments.Config())
    assert read.currency == "EUR"
    assert read.measured[0] == "recency_days"
    assert "likes" not in read.measured
    result = segments.run(store, "shop", segments.Config(k=4))
    assert result.n_users == 80
    assert "Likes a month" in result.unmeasured
    assert {feature["name"] for feature in result.features if feature["used"]} == set(read.measured)
    assert result.as_of == store.as_of("shop").date() - timedelta(days=1)
    assert store.runs("shop")[0].metrics["k"] == 4


def test_as_of_is_the_last_day_that_counts(store: Store) -> None:
    store.ensure_dataset("shop")
    support.add(store, [support.order("a", 3, 10.0), support.order("b", 20, 10.0)])
    read = segments.prepare(store, "shop", segments.Config(as_of=date(2024, 1, 3)))
    assert read.as_of == datetime(2024, 1, 4)
    assert read.table.read()["user_id"].to_pylist() == ["a"]


def test_config_from_json() -> None:
    assert segments.Config.from_json({}) == segments.Config()
    assert segments.Config.from_json({"k": "auto"}).k is None
    assert segments.Config.from_json(
        {"k": None, "as_of": "2025-09-30", "features": ["likes"]}
    ) == segments.Config(k=None, as_of=date(2025, 9, 30), features=("likes",))


@pytest.mark.parametrize(
    "wrong",
    [
        {"k": 1},
        {"k": 11},
        {"k": "five"},
        {"k": 5.0},
        {"k": True},
        {"k_min": 6},
        {"k_min": 6, "k_max": 4},
        {"seed": -1},
        {"as_of": "yesterday"},
        {"as_of": 7},
        {"impute": "guess"},
        {"scale": None},
        {"pca": 2.5},
        {"pca": -1},
        {"log_skew": "much"},
        {"clip_iqr": 0},
        {"features": []},
        {"features": ["f_03"]},
        {"features": "likes"},
        {"colour": "blue"},
    ],
)
def test_a_wrong_setting_is_refused_with_the_way_out(wrong: dict[str, Any]) -> None:
    with pytest.raises(UserError) as caught:
        segments.Config.from_json(wrong)
    assert caught.value.code == "bad_config"
    assert caught.value.hint


def test_the_server_can_prepare_without_scikit_learn() -> None:
    code = (
        "import sys; from socialml.analyses import segments; segments.Config.from_json({'k': 4, 'pca': 2});"
        "print([m for m in ('sklearn', 'scipy', 'torch', 'kneed') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
