"""The sentences of the Customers page, from results whose numbers are known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from socialml.ui import customer_words as said


def result(p: np.ndarray, y: np.ndarray) -> Any:
    """The part of a Result that the threshold reads: a gain curve over these test rows."""
    order = np.argsort(-p, kind="stable")
    n, hits = np.arange(len(p) + 1), np.concatenate([[0], np.cumsum(y[order])])
    curve = pd.DataFrame(
        {
            "task": "target",
            "curve": "gain",
            "threshold": np.concatenate([[1.01], p[order]]),
            "n": n,
            "hits": hits,
        }
    )
    return SimpleNamespace(
        curves=curve, kind="records", currency="CNY", tasks=[{"task": "target", "classes": ["no", "yes"]}]
    )


def test_what_a_threshold_earns_is_sales_less_contacts() -> None:
    p = np.array([0.9, 0.8, 0.3, 0.1])
    y = np.array([1, 0, 1, 0])
    of = said.earned(result(p, y), "target", 10.0, 1.0, 0.5)
    assert (of.contacted, of.reached) == (0.5, 0.5)
    assert of.earned == pytest.approx(1000 * (10 - 2) / 4)
    assert of.of_all == pytest.approx(1000 * (20 - 4) / 4)
    assert of.gain == pytest.approx(of.earned - of.of_all)
    everybody = said.earned(result(p, y), "target", 10.0, 1.0, 0.0)
    assert (everybody.gain, everybody.low, everybody.high) == (0.0, 0.0, 0.0)
    nobody = said.earned(result(p, y), "target", 10.0, 1.0, 1.0)
    assert (nobody.contacted, nobody.earned) == (0.0, 0.0)


def test_the_interval_of_the_gain_holds_the_truth() -> None:
    """400 rows whose chances are true: contacting from 30% on at a cost of 3 for a value of 10."""
    rng = np.random.default_rng(2)
    grid = np.linspace(0.005, 0.995, 400)
    truth = 1000 * np.where(grid < 0.3, 3 - 10 * grid, 0).mean()
    inside = 0
    for _ in range(300):
        p = rng.choice(grid, 400)
        of = said.earned(result(p, (rng.random(400) < p).astype(int)), "target", 10.0, 3.0, 0.3)
        inside += of.low <= truth <= of.high
    assert 0.91 <= inside / 300 <= 0.99


@pytest.mark.parametrize(
    ("value", "cost", "least", "text"),
    [
        (10.0, 5.0, 0.5, "The list brings"),
        (100.0, 1.0, 0.5, "Contacting all brings"),
        (10.0, 1.0, 0.0, "contact 100% of the rows"),
    ],
)
def test_the_sentence_says_which_earns_more(value: float, cost: float, least: float, text: str) -> None:
    p = np.repeat([0.9, 0.2], 500)
    y = np.tile(np.repeat([1, 0], [9, 1]), 50).tolist() + np.tile(np.repeat([1, 0], [1, 4]), 100).tolist()
    made = result(p, np.array(y))
    of = said.earned(made, "target", value, cost, least)
    assert text in said.earning(of, round(100 * least), None, made, "target")


def test_no_clear_difference_is_called_none() -> None:
    p, y = np.repeat([0.9, 0.2], 10), np.array([1] * 10 + [1, 0] * 5)
    made = result(p, y)
    of = said.earned(made, "target", 10.0, 5.0, 0.5)
    assert of.low < 0 < of.high
    assert "no clear difference" in said.earning(of, 50, None, made, "target")


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.937, "94 in 100"), (0.998, "more than 99 in 100"), (1.0, "100 in 100"), (0.001, "fewer than 1 in 100"),
     (0.0, "0 in 100"), (None, "– in 100")],
)  # fmt: skip
def test_what_is_not_all_is_not_said_to_be(value: float | None, text: str) -> None:
    assert said.in_100(value) == text


def test_groups_too_small_are_said_to_be() -> None:
    row = {
        "attribute": "gender", "group": "f", "n": 200, "positives": 90, "selected": 0.4,
        "recall": 0.5, "recall_low": 0.4, "recall_high": 0.6,
    }  # fmt: skip
    assert said.fair(pd.DataFrame([row]), "recall") == "Too few customers in each group to say anything."
    other = {**row, "group": "m", "recall": 0.9, "recall_low": 0.85, "recall_high": 0.94}
    told = said.fair(pd.DataFrame([row, other]), "recall")
    assert told.startswith(
        "Groups differ. Found: 90% for m, 50% for f (by gender), a difference of 40 points ("
    )
    few = {**other, "positives": 9}
    assert said.fair(pd.DataFrame([row, few]), "recall") == "Too few customers in each group to say anything."
    close = {**row, "group": "m", "recall": 0.55, "recall_low": 0.45, "recall_high": 0.65}
    assert said.fair(pd.DataFrame([row, close]), "recall").startswith("No group stands apart.")
