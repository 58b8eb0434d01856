"""The champion, the totals and the groups, on toys with known answers."""

from __future__ import annotations

import numpy as np
import pytest

from socialml.analyses import _forecast_totals as totals
from socialml.analyses._forecast_rules import choose, like
from socialml.analyses.forecast import Config
from socialml.errors import UserError

USER = np.arange(400)


def test_a_model_that_is_better_by_more_than_noise_is_the_champion() -> None:
    rng = np.random.default_rng(0)
    floor = rng.gamma(2, 10, 400)
    found = choose({"last": floor, "mean": floor + 1, "lstm": floor * 0.8}, {"last", "mean"}, USER)
    assert (found.name, found.floor) == ("lstm", "last")
    assert found.gain == pytest.approx(0.2)


def test_among_noise_the_simple_rule_stays() -> None:
    rng = np.random.default_rng(1)
    floor = rng.gamma(2, 10, 400)
    noise = rng.normal(0, 10, 400)
    luck = floor + noise - noise.mean() - 0.05  # a little better by chance
    assert choose({"last": floor, "lstm": luck}, {"last"}, USER).name == "last"


def test_without_validation_rows_the_first_rule_is_taken() -> None:
    found = choose({"last": np.zeros(0), "lstm": np.zeros(0)}, {"last"}, np.zeros(0, dtype=np.int64))
    assert found.name == "last"


@pytest.mark.parametrize(
    ("series", "rule", "value"),
    [
        (np.full(10, 7.0), None, 7.0),
        (np.tile([1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], 3), "seasonal", 1.0),
        (np.array([5.0, 5.0]), None, 5.0),
    ],
)
def test_a_series_with_a_known_next_value(series: np.ndarray, rule: str | None, value: float) -> None:
    told = totals.forecast(series)
    assert told.value == pytest.approx(value)
    assert rule is None or told.rule.startswith(rule)


def test_ranges_need_enough_months() -> None:
    few = totals.summary(totals.forecast(np.arange(1.0, 11)), np.arange(1.0, 11))
    assert few["low_95"] is None
    assert few["rough"]
    many = totals.summary(totals.forecast(np.arange(1.0, 31)), np.arange(1.0, 31))
    assert many["low_95"] <= many["low_80"] <= many["forecast"] <= many["high_80"] <= many["high_95"]


def test_ranges_hold_what_they_promise() -> None:
    """On 300 noisy series the 80% range holds about 80% of what comes."""
    rng = np.random.default_rng(0)
    held = []
    for _ in range(300):
        series = 100 + 10 * rng.normal(size=26)
        low, high = totals.forecast(series[:-1]).interval(0.8) or (0, 0)
        held.append(low <= series[-1] <= high)
    assert 0.72 <= np.mean(held) <= 0.9


def test_customers_like_them() -> None:
    orders = np.zeros((4, 12))
    orders[1, 3] = 1  # long ago
    orders[2, -1] = 1
    orders[3] = 3
    assert like(orders).tolist() == [0, 1, 3, 5]


@pytest.mark.parametrize(
    "bad",
    [{"target_month": "2025-13"}, {"epochs_most": 0}, {"loss": "mean"}, {"models": ["tree"]}, {"dropout": "a"},
     {"seed": -1}, {"colour": 1}],
)  # fmt: skip
def test_bad_settings_are_refused(bad: dict) -> None:
    with pytest.raises(UserError) as caught:
        Config.from_json(bad)
    assert caught.value.code == "bad_config"
    assert caught.value.hint
