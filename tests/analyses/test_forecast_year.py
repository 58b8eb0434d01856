"""The next 12 months, judged on the last 12."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from socialml.analyses import _forecast_year as year
from socialml.analyses.forecast import Config
from socialml.features.sequences import Sequences
from socialml.progress import Report, silent
from tests.models.toy_sequences import histories

RULES = Config(models=())


def scored(seq: Sequences, config: Config = RULES) -> tuple[pd.DataFrame, dict]:
    came = {kind: getattr(seq, kind)[:, -12:] for kind in ("amount", "orders")}
    frame, told = year.judge(seq, came, config, lambda label: silent)
    return frame.set_index(["what", "model"]), told


def test_rules_are_held_against_what_came() -> None:
    amount = np.repeat(np.array([[10.0], [20.0], [40.0], [30.0]]), 24, axis=1)
    amount[2, 12:] *= 2  # 40 a month for a year, then 80
    frame, told = scored(histories(amount, begin=np.array([0, 0, 0, 9])))
    assert (told["first"], told["last"], told["customers"]) == ("2025-01", "2025-12", 4)
    came = np.array([120, 240, 960, 360])
    for model, guesses in {
        "again": [120, 240, 480, 90],  # the last is known for three months only
        "own_mean": [120, 240, 480, 360],
        "mean": [232.5] * 4,
    }.items():
        row = frame.loc["amount", model]
        assert row["mae"] == pytest.approx(np.abs(np.array(guesses) - came).mean())
        assert row["total"] == pytest.approx(sum(guesses) / came.sum())
    assert frame.loc["amount", "own_mean"]["rank"] == pytest.approx(1)
    assert np.isnan(frame.loc["amount", "mean"]["rank"])
    assert frame.loc["amount"]["best_floor"].to_dict() == {"again": False, "own_mean": True, "mean": False}
    assert frame.loc["amount", "again"]["difference"] == pytest.approx(270 / 4)


def shop(rng: np.random.Generator, n: int = 70) -> Sequences:
    """Customers with a pace of their own over two years."""
    orders = rng.poisson(rng.gamma(1.0, 1.5, n)[:, None], (n, 24)).astype(float)
    return histories(orders * rng.gamma(3, 10, n)[:, None], orders)


def test_models_see_nothing_of_the_year_and_beat_the_mean_where_customers_differ() -> None:
    seq = shop(np.random.default_rng(0))
    late = np.arange(24) >= 12
    other = replace(seq, amount=np.where(late, 7.0, seq.amount), orders=np.where(late, 1.0, seq.orders))
    config = Config(models=("lstm",), epochs_most=2)
    (was, _), (now, told) = scored(seq, config), scored(other, config)
    assert told["skipped"] == {}
    assert set(was.loc["amount"].index) == {"again", "own_mean", "mean", "value", "lstm"}
    for kind in ("amount", "orders"):
        came, changed = (getattr(one, kind)[:, 12:].sum() for one in (seq, other))
        assert (was.loc[kind]["total"] * came).to_numpy() == pytest.approx(now.loc[kind]["total"] * changed)
    mae = was.loc["amount"]["mae"]
    assert mae["value"] < 0.6 * mae["mean"]
    assert mae["lstm"] < 0.8 * mae["mean"]
    assert was.loc["amount"]["rank"]["value"] > 0.8
    assert 0.9 < was.loc["amount"]["total"]["value"] < 1.1


def test_too_short_a_history_and_too_few_customers_are_said() -> None:
    seq = shop(np.random.default_rng(1), 5)
    frame, told = scored(seq.until(23))
    assert not len(frame)
    assert "needs 24 whole months; here are 23" in told["skipped"]["all"]
    assert year.steps(seq.until(23), Config()) == []
    frame, told = scored(seq)
    assert "at least 10 customers" in told["skipped"]["value"]
    assert set(frame.loc["orders"].index) == {"again", "own_mean", "mean"}


def test_nobody_known_a_year_ago_gives_no_rows() -> None:
    seq = histories(np.tile([0.0] * 12 + [5.0] * 12, (30, 1)), begin=np.full(30, 12))
    frame, told = scored(seq)
    assert (len(frame), told["customers"]) == (0, 0)
    assert all(told["skipped"].values())


def test_each_step_is_reported_once() -> None:
    begun: list[str] = []

    def begin(label: str) -> Report:
        begun.append(label)
        return silent

    seq = shop(np.random.default_rng(2), 30)
    came = {kind: getattr(seq, kind)[:, -12:] for kind in ("amount", "orders")}
    year.judge(seq, came, RULES, begin)
    assert len(begun) == len(year.steps(seq, RULES)) == 1
