from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from socialml.models import reasons, rules


def shop(users: int = 3_000) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Three segments: many orders; few orders and many likes; the rest."""
    rng = np.random.default_rng(0)
    orders, likes, noise = rng.gamma(2, 3, users), rng.gamma(2, 5, users), rng.normal(size=users)
    labels = np.where(orders >= 9.3, 0, np.where(likes >= 12, 1, 2))
    return {"orders": orders, "likes": likes, "noise": noise}, labels


def say(feature: str, value: float) -> str:
    return f"{value:g}"


def test_planted_rules_are_found_and_said() -> None:
    columns, labels = shop()
    found = rules.find(columns, labels, 3, seed=0)
    assert all(rule.f1 > 0.93 and len(rule.conditions) <= 3 for rule in found)
    assert [condition.feature for condition in found[0].conditions] == ["orders"]
    assert {condition.feature for condition in found[1].conditions} == {"orders", "likes"}
    words = found[2].text({"orders": "Orders a month", "likes": "Likes a month", "noise": "Noise"}, say)
    assert words.count(" and ") == 1
    assert "rders a month under 9" in words
    assert "ikes a month under 12" in words


def test_scores_are_those_of_the_rounded_rule() -> None:
    columns, labels = shop()
    for segment, rule in enumerate(rules.find(columns, labels, 3, seed=0)):
        met, inside = rule.met(columns), labels == segment
        assert rule.f1 == pytest.approx(f1_score(inside, met))
        assert rule.precision == pytest.approx(precision_score(inside, met))
        assert rule.recall == pytest.approx(recall_score(inside, met))
        for condition in rule.conditions:
            assert condition.value == rules.rounded(condition.value)


def test_a_missing_value_meets_no_condition() -> None:
    columns, labels = shop()
    columns["orders"][:500] = np.nan
    rule = rules.find(columns, labels, 3, seed=0)[0]
    assert not rule.met(columns)[:500].any()
    for side in (True, False):
        assert not rules.Condition("orders", side, 3.0).met(columns)[:500].any()


def test_fidelity_counts_users_with_their_own_rule_only() -> None:
    low, high = rules.Condition("a", False, 2.0), rules.Condition("a", True, 1.0)
    pair = [rules.Rule((low,), 1, 1, 1), rules.Rule((high,), 1, 1, 1)]
    columns = {"a": np.array([0.0, 0.5, 1.5, 3.0])}  # the third meets both
    assert rules.fidelity(pair, columns, np.array([0, 0, 0, 1])) == 0.75


@pytest.mark.parametrize(
    ("value", "expected"),
    [(9.53, 9.5), (1234.0, 1250.0), (0.0, 0.0), (-31.7, -32.0), (0.0187, 0.0185), (87.0, 87.0)],
)
def test_rounded(value: float, expected: float) -> None:
    assert rules.rounded(value) == expected


def test_a_whole_number_is_cut_at_whole_numbers() -> None:
    counts = np.random.default_rng(0).poisson(3, 2_000).astype(float)
    rule = rules.find({"orders": counts}, (counts >= 4).astype(int), 2, seed=0)[1]
    assert rule.conditions == (rules.Condition("orders", True, 4.0),)
    assert rule.f1 == 1


def test_no_usable_feature_gives_an_empty_rule() -> None:
    found = rules.find({"a": np.full(100, np.nan)}, np.zeros(100, dtype=int), 1, seed=0)
    assert found[0].conditions == ()
    assert found[0].f1 == 0


def test_reasons_pick_what_sets_the_segment_apart() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], 200)
    z = rng.normal(size=(400, 4)) * 0.1
    z[:200, 2] += 3
    z[:200, 1] -= 2
    known = np.ones_like(z, dtype=bool)
    known[5, 2] = False  # this user has no value there
    picked = reasons.choose(z, known, labels, 2)
    assert (np.delete(picked[:200], 5, axis=0) == [2, 1]).all()
    assert 2 not in picked[5]


def test_reason_sentences() -> None:
    picked, values = np.array([[0, 1], [1, 0]], dtype=np.int8), np.array([[15.2, 3.04], [0.0, np.nan]])
    told = reasons.sentences(
        picked,
        values,
        ["Orders a month", "Likes a month"],
        np.array([4.0, 12.0]),
        lambda feature, value: "–" if np.isnan(value) else f"{value:g}",
    )
    assert told.to_pylist() == [
        "Orders a month 15 (all: 4), likes a month 3 (all: 12)",
        "Likes a month 0 (all: 12), orders a month – (all: 4)",
    ]
