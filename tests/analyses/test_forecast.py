from __future__ import annotations

import itertools
import json
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pytest

from socialml import artefacts, sample
from socialml.analyses import base, forecast
from socialml.errors import Cancelled, UserError
from socialml.features import sequences
from socialml.ingest.task import ingest_file
from socialml.progress import Progress, silent
from socialml.store import Store
from tests.forecasts import inputs
from tests.support import add

SMALL = forecast.Config(backtest_months=1, epochs_most=2, loss="gated", before_first="masked")
RULES = forecast.Config(models=())
KEYS = {"target_month", "users", "champion", "models", "interval"}


@pytest.fixture(scope="module")
def shop() -> forecast.Inputs:
    return inputs(250)


@pytest.fixture(scope="module")
def told() -> list[Progress]:
    return []


@pytest.fixture(scope="module")
def result(shop: forecast.Inputs, told: list[Progress]) -> forecast.Result:
    return forecast.compute(shop, SMALL, told.append)


def test_the_metrics_have_the_keys_of_the_command_line(result: forecast.Result) -> None:
    metrics = json.loads(json.dumps(result.metrics(), allow_nan=False))
    assert metrics.keys() >= KEYS
    assert {"last", "mean_6", "lstm", "boosted", "value", "blend", "champion"} <= metrics["models"].keys()
    for scores in metrics["models"].values():
        for what in ("amount", "frequency"):
            assert scores[what].keys() >= {"wape", "mae", "mse_standardised", "accuracy"}
            assert scores[what]["accuracy"] == pytest.approx(1 - scores[what]["wape"])
    assert metrics["interval"]["nominal"] == 0.8
    assert 0.6 < metrics["interval"]["coverage"] <= 1


def test_the_training_is_told_as_it_goes(result: forecast.Result, told: list[Progress]) -> None:
    curves = [progress.curve for progress in told if progress.curve]
    assert curves
    assert list(curves[0]) == ["epoch", "training", "validation"]
    assert len(result.curve["training"].unique()) == 4  # two months, each chosen and then refitted
    assert any("LSTM network: epoch 1" in progress.message for progress in told)
    fractions = [progress.fraction for progress in told]
    assert fractions[-1] == 1
    # The last candidate of the first month: a rule takes no time, so that the bar does not run ahead with them.
    rules = [progress.fraction for progress in told if "Median of all months" in progress.message]
    assert rules[0] < 0.05
    assert any("The last 12 months: LSTM" in progress.message for progress in told)
    assert all(a <= b for a, b in itertools.pairwise(fractions))


def test_the_same_seed_gives_the_same_result_also_from_disk(
    shop: forecast.Inputs, result: forecast.Result, tmp_path: Path
) -> None:
    artefacts.write(shop, tmp_path / "i")
    again = forecast.compute(artefacts.read(forecast.Inputs, tmp_path / "i"), SMALL, silent)
    assert again.metrics() == result.metrics()
    assert forecast.export(again).equals(forecast.export(result))
    artefacts.write(result, tmp_path / "r")
    read = artefacts.read(forecast.Result, tmp_path / "r")
    assert read.metrics() == result.metrics()
    assert read.net_weights.shape == (sum(int(np.prod(item["shape"])) for item in read.net_shapes),)


def test_everybody_known_has_a_forecast_inside_its_ranges(result: forecast.Result) -> None:
    table = forecast.export(result).to_pandas()
    assert list(table)[:5] == ["user_id", "amount", "amount_low", "amount_high", "frequency"]
    assert len(table) == result.n_users
    assert (table["low_95"] <= table["amount_low"] + 1e-6).mean() > 0.9
    assert (table["amount_low"] <= table["amount"] + 1e-4).all() or (
        table["amount_high"] >= table["amount"]
    ).all()
    assert np.isfinite(table.select_dtypes("number")).all().all()
    row, months = forecast.one(result, table["user_id"].iloc[0]) or ({}, None)
    assert row["amount"] == table["amount"].iloc[0]
    assert months is not None
    assert list(months["month"]) == result.months
    assert forecast.one(result, "nobody") is None


def test_it_can_be_cancelled_in_the_middle_of_a_training(shop: forecast.Inputs) -> None:
    def stop(progress: Progress) -> None:
        if "epoch 1" in progress.message:
            raise Cancelled

    with pytest.raises(Cancelled):
        forecast.compute(shop, SMALL, stop)


def test_a_past_month_is_scored_and_nothing_of_it_is_seen(tmp_path: Path) -> None:
    shop = sample.generate(150, seed=3, months=14)
    sample.write(shop, tmp_path)
    later = tmp_path / "later.csv"
    lines = (tmp_path / "orders.csv").read_text(encoding="utf-8-sig").splitlines()
    at = lines[0].split(",").index("ts")
    money = lines[0].split(",").index("amount")
    changed = []
    for line in lines[1:]:
        cells = line.split(",")
        if cells[at] >= "2025-08":
            cells[money] = "9999"
        changed.append(",".join(cells))
    later.write_text("\n".join([lines[0], *changed]) + "\n", encoding="utf-8")
    config = forecast.Config(models=(), target_month="2025-08")
    with Store(tmp_path / "a.duckdb") as store:
        ingest_file(store, tmp_path / "orders.csv", "as it was", kind="orders")
        ingest_file(store, later, "changed later", kind="orders")
        was = forecast.run(store, "as it was", config)
        now = forecast.run(store, "changed later", config)
    assert was.judged_months == ["2025-08"]
    assert forecast.export(was).equals(forecast.export(now))
    first, second = was.metrics(), now.metrics()
    assert first["models"]["last"]["amount"]["mae"] < second["models"]["last"]["amount"]["mae"]
    assert first["champion"] == second["champion"]
    assert was.total["actual"] is not None


def test_a_month_too_far_is_refused(one_customer: Store) -> None:
    with pytest.raises(UserError) as caught:
        base.run("forecast", one_customer, "shop", forecast.Config(target_month="2024-06"))
    assert caught.value.code == "month_too_far"


@pytest.fixture
def one_customer(store: Store) -> Store:
    store.ensure_dataset("shop")
    add(store, [bought("u1", datetime(2023, month, 5, 12), 10.0 * month) for month in range(1, 5)])
    return store


def bought(user: str, when: datetime, amount: float) -> dict:
    return {
        "kind": "orders",
        "user_id": user,
        "ts_utc": when,
        "ts_local": when,
        "action": "purchase",
        "amount": amount,
    }


def test_one_customer_with_few_months_gets_a_simple_rule_that_says_why(one_customer: Store) -> None:
    result = forecast.run(one_customer, "shop", forecast.Config(as_of=date(2023, 4, 30)))
    assert result.n_users == 1
    assert result.champion["amount"]["is_floor"]
    assert "only 1 of them" in result.warnings[0]
    assert "needs 6 months" in result.skipped["lstm"]
    json.dumps(result.metrics(), allow_nan=False)


@pytest.mark.parametrize(("months", "said"), [((1, 2), "there is 1 before"), ((1,), "begins on 2023-01-05")])
def test_less_than_two_whole_months_are_refused_in_a_sentence(
    store: Store, months: tuple[int, ...], said: str
) -> None:
    store.ensure_dataset("shop")
    add(store, [bought("u1", datetime(2023, month, 5, 12), 10.0) for month in months])
    with pytest.raises(UserError, match=said) as caught:
        base.run("forecast", store, "shop", RULES)
    assert caught.value.code == "short_history"
    assert caught.value.hint


def test_a_gap_of_a_year_is_said_and_huge_amounts_are_survived(store: Store) -> None:
    store.ensure_dataset("shop")
    rows = [
        bought(f"u{user}", datetime(year, month, 3, 12), 1e12 if user == 0 else 20.0 + user)
        for user in range(30)
        for year, month in ((2021, 1), (2021, 2), (2021, 3), (2022, 5), (2022, 6), (2022, 7), (2022, 8))
    ]
    add(store, rows)
    result = forecast.run(
        store, "shop", forecast.Config(as_of=date(2022, 8, 31), epochs_most=2, backtest_months=1)
    )
    assert any("nobody bought anything" in warning for warning in result.warnings)
    assert any("every figure hangs on them" in warning for warning in result.warnings)
    assert result.metrics()["notes"][0] in result.warnings
    json.dumps(result.metrics(), allow_nan=False)
    assert np.isfinite(forecast.export(result)["amount"].to_numpy()).all()


def test_segments_add_up_to_the_total(shop: forecast.Inputs) -> None:
    import dataclasses

    import pyarrow as pa

    ids = sequences.from_table(shop.sequences.read()).user_id
    table = pa.table({"user_id": pa.array(ids, pa.string()), "segment": np.arange(len(ids)) % 3})
    own = dataclasses.replace(shop, segments=artefacts.Table(table), segment_names=["a", "b", "c"])
    found = forecast.compute(own, RULES, silent)
    assert found.segments["forecast"].sum() == pytest.approx(found.total["forecast"], rel=1e-6)
    assert list(found.segments["name"])[:3] == ["a", "b", "c"]
