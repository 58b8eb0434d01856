from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from socialml import artefacts, sample
from socialml.analyses import _anomalies_judge as judge
from socialml.analyses import _anomalies_months as months
from socialml.analyses import _anomalies_words as said
from socialml.analyses import anomalies
from socialml.artefacts import Table
from socialml.errors import Cancelled, UserError
from socialml.progress import Progress, silent
from tests.benchmarks import bench_anomalies as promises

NO_MARKS = pd.DataFrame({"key": np.zeros(0, np.uint64), "wrong": np.zeros(0, bool)})


@pytest.fixture(scope="module")
def shop() -> anomalies.Inputs:
    return promises.inputs(sample.generate(250, seed=3))


@pytest.fixture(scope="module")
def result(shop: anomalies.Inputs) -> anomalies.Result:
    return anomalies.compute(shop, anomalies.Config(epochs=2), silent)


def test_planted_anomalies_are_told_from_the_rest(result: anomalies.Result) -> None:
    told = result.compared.set_index("name")
    assert told.loc["combined", "roc_auc"] >= 0.98
    assert told.loc["combined", "recall"] >= 0.95  # at the published false-positive rate
    assert told.loc["combined", "roc_auc"] > told.loc["plain", "roc_auc"]
    for one in ("hour", "device"):
        assert 0.7 < told.loc[one, "roc_auc"] < told.loc["combined", "roc_auc"]


def test_metrics_have_the_keys_of_the_command_line(result: anomalies.Result) -> None:
    metrics = json.loads(json.dumps(result.metrics(), allow_nan=False))
    wanted = {
        "rows", "flagged", "accuracy", "false_positive_rate", "recall", "precision", "roc_auc"
    }  # fmt: skip
    assert wanted <= metrics.keys()
    assert metrics["flagged"] == round(0.01 * metrics["rows"])
    assert metrics["precision_low"] < metrics["precision"] < metrics["precision_high"]
    planted = result.labels
    assert planted is not None
    hits = metrics["precision"] * metrics["flagged"]
    assert metrics["recall"] == pytest.approx(hits / len(planted))
    assert metrics["false_positive_rate"] == pytest.approx(
        (metrics["flagged"] - hits) / (metrics["rows"] - len(planted))
    )


def test_every_row_has_a_score_and_flagged_ones_a_reason(
    result: anomalies.Result, shop: anomalies.Inputs
) -> None:
    table = anomalies.export(result).to_pandas()
    assert len(table) == shop.rows.rows == result.n_rows
    assert table["score"].is_monotonic_decreasing
    assert table["flagged"].sum() == result.flagged
    assert table.loc[table["flagged"], "reason"].str.len().gt(0).all()
    assert not table.loc[~table["flagged"], "reason"].any()
    assert anomalies.export(result, flagged_only=True).num_rows == result.flagged
    first = table.iloc[0]
    assert f"{first['amount'] / first['usual']:,.0f}x this customer's usual" in first["reason"]


def test_labels_only_judge(shop: anomalies.Inputs, result: anomalies.Result) -> None:
    blind = anomalies.compute(replace(shop, labels=None), anomalies.Config(epochs=2), silent)
    assert blind.metrics()["recall"] is None
    assert blind.metrics()["roc_auc"] is None
    assert blind.scores.read(["key", "score"]).equals(result.scores.read(["key", "score"]))
    later = anomalies.compare(blind, result.labels)  # type: ignore[arg-type]
    pd.testing.assert_frame_equal(later, result.compared)


def test_it_comes_back_from_disk_and_again_the_same(
    result: anomalies.Result, shop: anomalies.Inputs, tmp_path: Path
) -> None:
    artefacts.write(result, tmp_path / "r")
    again = artefacts.read(anomalies.Result, tmp_path / "r")
    assert again.metrics() == result.metrics()
    assert again.labels.dtype == np.uint64  # type: ignore[union-attr]
    pd.testing.assert_frame_equal(anomalies.top(again, 5), anomalies.top(result, 5))
    for flagged in (1, 40):
        newest = anomalies.newest(again, flagged)
        assert newest["ts"].iloc[0] == anomalies.top(result, flagged)["ts"].max()
    artefacts.write(shop, tmp_path / "i")
    read = artefacts.read(anomalies.Inputs, tmp_path / "i")
    once_more = anomalies.compute(read, anomalies.Config(epochs=2), silent)
    assert once_more.metrics() == result.metrics()


def test_a_later_purchase_does_not_change_what_was_expected_before(shop: anomalies.Inputs) -> None:
    from socialml.analyses import _anomalies_shop as steps
    from socialml.models import transaction_net
    from socialml.models.anomaly_scores import Habits

    table = shop.rows.read()
    user = steps._codes(table["user_id"])
    lines = transaction_net.Lines(
        Habits.of(user), table["amount"].to_numpy().copy(), category=steps._codes(table["category"]),
        discount=table["discount"].to_numpy(), **steps._clock(table["ts"]),
    )  # fmt: skip
    before, _ = transaction_net.base(lines)
    last = int(np.flatnonzero(lines.habits.place == 30)[0])
    lines.amount[last] *= 40
    after, _ = transaction_net.base(lines)
    own = lines.habits.user == user[last]
    earlier = own & (np.arange(len(user)) <= last)
    assert np.abs(after - before)[earlier].max() < 0.01  # the shop's medians alone move
    assert np.abs(after - before)[own & ~earlier].max() > 0.02


def test_in_a_shop_without_anomalies_chance_explains_what_is_flagged() -> None:
    clean = promises.inputs(sample.generate(150, seed=5, anomaly_share=0), months=False, labels=False)
    found = anomalies.compute(clean, anomalies.Config(epochs=0), silent)
    assert found.by_chance is not None
    assert 0.5 < found.by_chance / found.flagged < 2


def test_the_threshold_can_be_a_score(shop: anomalies.Inputs) -> None:
    found = anomalies.compute(
        replace(shop, sequences=None), anomalies.Config(threshold=8.0, epochs=0), silent
    )
    assert (found.scores.read(["score"])["score"].to_numpy() >= 8.0).sum() == found.flagged
    assert found.threshold == 8.0
    assert found.months is None
    assert found.month_score["rows"] == 0


def test_marks_of_a_review_set_the_weights_of_the_next_run(
    shop: anomalies.Inputs, result: anomalies.Result
) -> None:
    shop = replace(shop, sequences=None)
    key, labels = result.scores.read(["key"])["key"].to_numpy(), result.labels
    assert labels is not None
    wrong = np.isin(key, labels)
    marked = np.r_[np.flatnonzero(wrong)[:25], np.flatnonzero(~wrong)[:25]]
    marks = pd.DataFrame({"key": key[marked], "wrong": wrong[marked]})
    config = anomalies.Config(epochs=0)
    learned = anomalies.compute(replace(shop, marks=marks), config, silent)
    assert learned.refitted == 50
    assert len(set(learned.weights.values())) == 3
    assert learned.compared.set_index("name").loc["combined", "roc_auc"] > 0.97
    few = anomalies.compute(replace(shop, marks=marks.iloc[:30]), config, silent)
    assert few.refitted == 0
    assert set(few.weights.values()) == {1.0}


def test_marks_tell_precision_and_bound_the_rest() -> None:
    key, score = np.arange(100, dtype=np.uint64), np.linspace(10, 1, 100)
    nothing = judge.rates(judge.ranking(key, score, None, NO_MARKS), 10)
    assert nothing.basis == "none"
    assert nothing.precision is None
    marks = pd.DataFrame(
        {"key": np.array([0, 1, 2, 3, 50], np.uint64), "wrong": [True, True, True, False, True]}
    )
    ranked = judge.ranking(key, score, None, marks)
    told = judge.rates(ranked, 10)
    assert (told.basis, told.looked_at) == ("marks", 4)
    assert told.precision.value == 0.75  # type: ignore[union-attr]
    assert told.false_positive_rate.value == pytest.approx(0.1 * 0.25)  # type: ignore[union-attr]
    assert told.recall is None
    assert ranked.flagged(ranked.threshold(0.1)) == 10
    every = judge.rates(judge.ranking(key, score, np.arange(5, dtype=np.uint64), marks), 10)
    assert (every.basis, every.recall.value, every.precision.value) == ("labels", 1.0, 0.5)  # type: ignore[union-attr]


def test_the_queue_holds_the_highest_of_each_of_the_last_days(result: anomalies.Result) -> None:
    days = result.queue["day"].unique()
    assert len(days) == 31
    assert list(days) == sorted(days, reverse=True)
    everything = result.scores.read(["ts", "score"]).to_pandas()
    newest = everything[everything["ts"].dt.normalize() == days[0]]["score"].nlargest(100)
    own = result.queue[result.queue["day"] == days[0]]["score"]
    np.testing.assert_array_equal(own.to_numpy(), newest.to_numpy())


def test_a_wild_month_stands_out_and_a_season_does_not() -> None:
    rng = np.random.default_rng(0)
    amount = rng.gamma(5, 40, (80, 12))
    amount[:, 11] *= 3  # everybody's December
    amount[7, 11] = 9_000
    usual, rows = months.expected(amount, np.ones((80, 12), bool))
    assert not rows[:, : months.LEAST_MONTHS].any()
    user, month = np.nonzero(rows)
    score = months.scores(amount[rows], usual[rows], usual[rows], user)
    first = int(score.argmax())
    assert (user[first], month[first]) == (7, 11)
    assert np.median(score[month == 11]) < 2


def test_months_of_those_who_seldom_buy_are_scored_too() -> None:
    amount = np.zeros(600)
    amount[::10] = np.random.default_rng(1).gamma(9, 10, 60)
    amount[300] = 3_000
    score = months.scores(amount, np.zeros(600), np.full(600, 9.0), np.arange(600) // 6)
    assert score.argmax() == 300
    assert not score[amount == 0].any()


def test_a_fixed_price_paid_by_all_but_one_stands_out() -> None:
    found = anomalies.compute(
        lines(np.where(np.arange(60) == 41, 700.0, 10.0), users=3), anomalies.Config(), silent
    )
    assert anomalies.top(found, 1)["amount"].iloc[0] == 700
    rows = found.scores.read(["user_id", "score"]).to_pandas()
    assert not rows.loc[rows["user_id"] != rows["user_id"].iloc[0], "score"].any()


def test_months_are_scored_with_a_reason(result: anomalies.Result) -> None:
    assert result.months is not None
    frame = result.months.read().to_pandas()
    assert frame["score"].is_monotonic_decreasing
    assert result.month_score["rows"] >= len(frame)
    assert result.month_score["model"] in ("rule", "lstm")
    assert "what was expected" in frame["reason"].iloc[0] or "was expected" in frame["reason"].iloc[0]


def test_it_can_be_cancelled(shop: anomalies.Inputs) -> None:
    def stop(progress: Progress) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        anomalies.compute(shop, anomalies.Config(), stop)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"amount": 900.0}, "amount 9x this customer's usual, at 03:00, new device (vivo)"),
        ({"amount": 900.0, "before": 1}, "amount 9x what such a purchase usually costs, at 03:00, new device (vivo)"),
        ({"amount": 20.0, "surprise_device": 0.0, "surprise_hour": 0.0}, "amount 80% below this customer's usual"),
        ({"amount": 0.5, "surprise_device": 0.0, "surprise_hour": 0.0}, "amount over 99% below this customer's usual"),
        ({"surprise_amount": 0.1, "surprise_hour": 0.0, "device_before": 2}, "rarely used device (vivo)"),
        ({"surprise_amount": 0.1, "surprise_device": 0.0}, "at 03:00, unusual for this customer"),
        ({"surprise_amount": 0.1, "surprise_device": 0.0, "surprise_hour": 1.0}, said.FAINT),
    ],
)  # fmt: skip
def test_reasons_are_words(row: dict[str, Any], words: str) -> None:
    usual = {"amount": 100.0, "usual": 100.0, "before": 9, "ts": datetime(2025, 1, 1, 3, 20), "device": "vivo",
             "device_before": 0, "surprise_amount": 5.0, "surprise_hour": 5.0, "surprise_device": 5.0}  # fmt: skip
    assert said.of_purchases(pd.DataFrame([usual | row])) == [words]


def lines(amount: Any, users: int = 1, rows: int = 60, **more: Any) -> anomalies.Inputs:
    """Purchases of some users, one a day."""
    frame = pd.DataFrame(
        {
            "key": np.arange(rows, dtype=np.uint64),
            "user_id": [f"u{k * users // rows}" for k in range(rows)],
            "ts": pd.date_range("2024-01-01", periods=rows, freq="D"),
            "order_id": None,
            "item_id": None,
            "category": None,
            "device": None,
            "amount": amount,
            "discount": 0.0,
        }
    ).assign(**more)
    table = pa.Table.from_pandas(frame, preserve_index=False)
    for name in ("user_id", "order_id", "item_id", "category", "device"):
        place = table.column_names.index(name)
        table = table.set_column(place, name, table[name].cast(pa.string()).dictionary_encode())
    left = {"refunds": 0, "without_user": 0, "without_amount": 0}
    return anomalies.Inputs("s", "CNY", "shop", datetime(2025, 1, 1), Table(table), left, "amount", NO_MARKS)


def test_one_customer_with_huge_amounts_is_scored_and_said_to_be_alone() -> None:
    amount = np.random.default_rng(0).lognormal(27, 0.3, 60)  # around 1e12
    amount[40] *= 30
    found = anomalies.compute(lines(amount), anomalies.Config(), silent)
    assert found.scores.read(["key"])["key"][0].as_py() == 40
    assert any("one customer" in note for note in found.notes)
    assert any("dates only" in note for note in found.notes)
    assert any("No device" in note for note in found.notes)
    assert np.isfinite(found.scores.read(["score"])["score"].to_numpy()).all()


def test_all_alike_is_said_in_a_sentence() -> None:
    with pytest.raises(UserError) as caught:
        anomalies.compute(lines(5.0, users=4), anomalies.Config(), silent)
    assert caught.value.code == "nothing_varies"


def test_equal_amounts_leave_the_device_to_tell() -> None:
    device = np.where(np.arange(60) == 33, "new", "own")
    found = anomalies.compute(lines(5.0, users=3, device=device), anomalies.Config(), silent)
    assert anomalies.top(found, 1)["reason"].iloc[0] == "new device (new)"


def test_lines_of_one_order_do_not_excuse_each_others_hour() -> None:
    rng = np.random.default_rng(0)
    day = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(160) % 40, unit="D")
    ts = day + pd.to_timedelta(rng.integers(10, 18, 160), unit="h")
    night = (np.arange(160) >= 130) & (np.arange(160) < 155)
    ts = pd.Series(ts).where(~night, pd.Timestamp("2024-01-20 03:00"))  # 25 lines in one order
    amount = rng.lognormal(3, 0.2, 160)
    made = lines(amount, users=4, rows=160, ts=ts.to_numpy(), device=np.where(night, "new", "own"))
    table = made.rows.read()
    order = np.lexsort((table["ts"].to_numpy(), table["user_id"].to_numpy(zero_copy_only=False).astype(str)))
    made = replace(made, rows=Table(table.take(order)))
    found = anomalies.compute(made, anomalies.Config(), silent).scores.read().to_pandas()
    of_night = found[found["ts"].dt.hour == 3]
    assert len(of_night) == 25
    assert of_night["surprise_hour"].min() > 2
    assert of_night["surprise_device"].min() > 2
    assert (of_night["device_before"] == 0).all()
    assert of_night["surprise_hour"].min() > found[found["ts"].dt.hour != 3]["surprise_hour"].quantile(0.95)


@pytest.mark.parametrize(
    "values",
    [
        {"share": 0}, {"share": 2}, {"share": "many"}, {"threshold": -1}, {"epochs": 1000}, {"seed": -1},
        {"as_of": "tomorrow"}, {"label": ""}, {"months": "yes"}, {"wrong": 1},
    ],
)  # fmt: skip
def test_bad_settings_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(UserError) as caught:
        anomalies.Config.from_json(values)
    assert caught.value.code == "bad_config"
    assert caught.value.hint


def metric(value: Any, labels: np.ndarray | None = None) -> anomalies.Inputs:
    rows = len(value)
    table = pa.table(
        {
            "key": pa.array(np.arange(rows, dtype=np.uint64)),
            "series": ["a"] * rows,
            "ts": pd.date_range("2024-01-01", periods=rows, freq="h").astype("datetime64[us]"),
            "value": pa.array(value, type=pa.float64()),
        }
    )
    left = {"repeated": 2, "empty": 0, "short": 0, "same": 0}
    return anomalies.Inputs("m", "CNY", "series", None, Table(table), left, "clicks", NO_MARKS, labels)


def test_a_metric_by_the_hour_shows_its_wild_points() -> None:
    rng = np.random.default_rng(0)
    hours = np.arange(24 * 30)
    value = 100 * np.exp(0.8 * np.sin(2 * np.pi * hours / 24) + 0.1 * rng.normal(size=len(hours)))
    # Usual for the busiest hour, far too many for the quietest.
    odd = np.array([18 + 24 * 9, 18 + 24 * 20])
    value[odd] = 170.0
    found = anomalies.compute(metric(value, odd.astype(np.uint64)), anomalies.Config(epochs=6), silent)
    assert set(anomalies.top(found, 2)["key"]) == set(odd)
    assert found.metrics()["roc_auc"] == 1.0
    assert anomalies.labels_of(found, odd[:1].astype(np.uint64)) is not None
    assert anomalies.labels_of(found, np.array([10**6], np.uint64)) is None  # of other series
    assert judge.called(found.compared)[0] == "Distance from what was expected (LSTM)"
    assert "what was expected" in anomalies.top(found, 1)["reason"].iloc[0]
    assert any("came twice" in note for note in found.notes)
    assert list(anomalies.export(found).column_names[:4]) == ["series", "ts", "value", "usual"]


def test_a_metric_that_never_changes_is_refused() -> None:
    with pytest.raises(UserError) as caught:
        anomalies.compute(metric(np.full(100, 3.0)), anomalies.Config(), silent)
    assert caught.value.code == "nothing_varies"
