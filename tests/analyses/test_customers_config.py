from __future__ import annotations

from datetime import date

import pytest

from socialml.analyses import base, customers
from socialml.errors import UserError


def test_defaults_survive_the_way_through_json() -> None:
    config = customers.Config(target="a", drop=("b",), as_of=date(2025, 1, 31), folds=0)
    assert customers.Config.from_json(base.config_json(config)) == config
    assert customers.Config.from_json({}) == customers.Config()


@pytest.mark.parametrize(
    "values",
    [
        {"nonsense": 1},
        {"seed": -1},
        {"seed": True},
        {"folds": 1},
        {"churn_days": 3},
        {"models": ["forest"]},
        {"models": []},
        {"models": "tree"},
        {"target": 5},
        {"target": ""},
        {"drop": "a"},
        {"drop": ["a"], "known": ["a"]},
        {"high_income_quantile": 1.5},
        {"high_orders_quantile": "0.5"},
        {"as_of": "yesterday"},
    ],
)
def test_mistakes_are_told(values: dict) -> None:
    with pytest.raises(UserError) as caught:
        customers.Config.from_json(values)
    assert caught.value.code == "bad_config"
    assert caught.value.hint


def test_the_tree_is_always_among_the_models() -> None:
    assert customers.Config.from_json({"models": ["svm"]}).models == ("tree", "svm")
