"""The generator keeps the promises of its docstring."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pytest
from sklearn.tree import DecisionTreeClassifier

from socialml import sample
from socialml.errors import UserError
from socialml.features.users import FEATURES
from socialml.sample import model
from tests.tables import table_of

TABLE_1 = {
    "frequent": (12.5, 14),
    "browser": (20.4, 2),
    "social": (16.2, 6),
    "price": (28.0, 5),
    "new": (22.9, 3),
}


@pytest.fixture(scope="module")
def shop() -> sample.Sample:
    return sample.generate(5000, seed=3)


def orders_of(shop: sample.Sample) -> pd.DataFrame:
    return shop.orders.to_pandas().astype({"user_id": str, "order_id": str, "amount": float})


def test_shares_and_purchases_per_active_month_are_those_of_table_1(shop: sample.Sample) -> None:
    orders = orders_of(shop)
    bought = orders[orders["amount"] > 0].groupby("user_id")["order_id"].nunique()
    truth = pd.DataFrame(
        {"kind": shop.truth.kind, "months": shop.truth.exposure}, index=shop.truth.user_id.to_pylist()
    )
    truth["orders"] = bought.reindex(truth.index, fill_value=0)
    for kind, (share, rate) in TABLE_1.items():
        mine = truth[truth["kind"] == kind]
        assert 100 * len(mine) / len(truth) == pytest.approx(share, abs=0.1)
        rates = mine["orders"].sum() / mine["months"].sum()
        assert rates == pytest.approx(rate, rel=0.05)


def test_no_single_column_tells_the_kind(shop: sample.Sample) -> None:
    table = table_of(shop)
    kinds = dict(zip(shop.truth.user_id.to_pylist(), shop.truth.kind.tolist(), strict=True))
    truth = table["user_id"].map(kinds)
    for name in FEATURES:
        column = table[[name]].fillna(-1)
        tree = DecisionTreeClassifier(max_leaf_nodes=8, random_state=0).fit(column, truth)
        assert tree.score(column, truth) < 0.55, name


def test_same_seed_same_files_other_seed_other_files(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        sample.write(sample.generate(200, seed=seed), tmp_path / name)
    for file in ("events.csv", "orders.csv", "users.csv", "truth/users.csv", "truth/anomalies.csv"):
        first = (tmp_path / "a" / file).read_bytes()
        assert first == (tmp_path / "b" / file).read_bytes()
        assert first != (tmp_path / "c" / file).read_bytes()


def test_sample_data_is_what_the_command_writes(tmp_path: Path) -> None:
    folder = Path(__file__).parents[1] / "sample_data"
    sample.write(sample.generate(1000), tmp_path)
    for file in sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.*")):
        assert (folder / file).read_bytes() == (tmp_path / file).read_bytes(), file
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 10_000_000


def test_purchases_in_the_log_are_those_of_the_orders(shop: sample.Sample) -> None:
    columns = ["order_id", "user_id", "ts", "item_id", "amount"]
    events = shop.events.filter(pc.equal(shop.events["action"], "purchase")).select(columns).to_pandas()
    orders = shop.orders.filter(pc.greater(shop.orders["amount"], 0)).select(columns).to_pandas()
    orders = orders[orders["ts"] >= shop.events["ts"].to_pandas().min().normalize()]
    pd.testing.assert_frame_equal(
        events.sort_values(columns).reset_index(drop=True),
        orders.sort_values(columns).reset_index(drop=True),
        check_dtype=False,
        check_categorical=False,
    )


def test_hours_and_items_have_the_planted_shape(shop: sample.Sample) -> None:
    hours = shop.events["ts"].to_pandas().dt.hour.value_counts().sort_index()
    assert (np.diff(hours.loc[0:5]) < 0).all()
    assert (np.diff(hours.loc[7:16]) > 0).all()
    late = hours.loc[18:22]
    assert late.max() < 1.15 * late.min()
    items = shop.orders["item_id"].to_pandas().value_counts()
    assert items.iloc[:70].sum() > 0.4 * items.sum()  # a tenth of the products
    assert items.min() > 0


def test_season_promotions_refunds_and_anomalies_are_there(shop: sample.Sample) -> None:
    orders = orders_of(shop)
    per_day = orders[orders["amount"] > 0].groupby(orders["ts"].dt.date).size()
    assert per_day[date(2024, 11, 11)] > 1.8 * per_day[date(2024, 11, 4)]
    lines = orders[orders["amount"] > 0]
    assert (orders["amount"] < 0).sum() / len(lines) == pytest.approx(0.035, abs=0.004)
    planted = shop.truth.anomalies.to_pandas()
    assert len(planted) == pytest.approx(0.01 * len(lines), rel=0.01)
    times = planted["amount"].astype(float) / planted["usual_amount"].astype(float)
    assert times.between(4.9, 15.1).all()
    assert (planted["ts"].dt.hour.between(1, 4)).mean() > 0.75


def test_leavers_stop_buying_and_nobody_buys_before_registering(shop: sample.Sample) -> None:
    orders = orders_of(shop)
    bought = orders[orders["amount"] > 0].groupby("user_id")["ts"].agg(["min", "max"])
    start = pd.Timestamp("2023-10-01")
    truth = shop.truth
    until = pd.Series(truth.until, index=truth.user_id.to_pylist())
    registered = pd.Series(truth.registered, index=truth.user_id.to_pylist())
    assert ((bought["max"] - start).dt.days < until.loc[bought.index]).all()
    assert ((bought["min"] - start).dt.days >= registered.loc[bought.index]).all()
    assert 0.04 < (until < 731).mean() < 0.20


def test_thinning_gives_exact_counts() -> None:
    shop = sample.generate(300, events=1234, orders=777)
    assert (shop.events.num_rows, shop.orders.num_rows) == (1234, 777)
    assert not shop.thinned
    many = sample.generate(70_000)
    assert many.thinned
    assert (many.events.num_rows, many.orders.num_rows) == (70_000, 70_000)


def test_kinds_can_be_left_out_or_absent() -> None:
    without = sample.generate(400, kinds=[kind for kind in sample.KINDS if kind != "social"])
    assert set(without.truth.kind) == set(sample.KINDS) - {"social"}
    noise = sample.generate(400, noise=True)
    assert set(noise.truth.kind) == {""}


def test_ids_say_nothing_about_the_kind(shop: sample.Sample) -> None:
    rank = pd.Series(np.arange(5000)).groupby(shop.truth.kind).mean()
    assert rank.between(2300, 2700).all()


@pytest.mark.parametrize("users", [1, 5])
def test_tiny_shops_work(users: int, tmp_path: Path) -> None:
    files = sample.write(sample.generate(users), tmp_path)
    kinds = ["events", "orders", "users", "impressions", "creators", "placements"]
    assert [file["kind"] for file in files] == [*kinds, "truth", "truth", "truth"]
    assert (tmp_path / "users.csv").read_text(encoding="utf-8").count("\n") == users + 1


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"users": 0}, "0 users"),
        ({"users": 10, "months": 1}, "1 months"),
        ({"users": 10, "kinds": ["nobody"]}, "nobody"),
        ({"users": 10, "survey_share": 1.5}, "1.5"),
        ({"users": 10, "events": -1}, "negative"),
    ],
)
def test_impossible_settings_are_refused(arguments: dict[str, object], named: str) -> None:
    with pytest.raises(UserError, match=named):
        sample.generate(**arguments)  # type: ignore[arg-type]


def test_templates_have_a_header_and_three_rows() -> None:
    for text in sample.templates().values():
        rows = text.splitlines()
        assert len(rows) == 4
        assert len({row.count(",") for row in rows}) == 1


def test_money_has_two_decimals(tmp_path: Path) -> None:
    sample.write(sample.generate(50), tmp_path)
    orders = pd.read_csv(tmp_path / "orders.csv", dtype=str)
    assert orders["amount"].str.fullmatch(r"-?\d+\.\d\d").all()
    assert orders["user_id"].str.fullmatch(r"U\d{7}").all()
    assert datetime.fromisoformat(orders["ts"].iloc[0]).year == 2023


def test_comments_say_what_their_writers_feel(shop: sample.Sample) -> None:
    satisfied = dict(
        zip(shop.users["user_id"].to_pylist(), shop.users["satisfaction"].to_pylist(), strict=True)
    )
    tone = {text: row for row, texts in enumerate(model.COMMENTS) for text in texts}
    events = shop.events.select(["user_id", "category", "text"]).to_pandas()
    events = events[events["text"].notna()].astype(str)
    complains = events["text"].map(tone) == 2
    asked = events["user_id"].map(satisfied)
    disliked = events["category"] == model.DISLIKED
    rates = complains[~disliked].groupby(asked[~disliked]).mean()
    assert rates.to_list() == sorted(rates, reverse=True)
    assert rates[1.0] == pytest.approx(model.COMPLAINT[0], abs=0.08)
    assert complains[disliked].mean() - complains[~disliked].mean() == pytest.approx(
        model.MORE_COMPLAINTS, abs=0.05
    )
    english = events["text"].str.isascii().mean()
    assert english == pytest.approx(model.ENGLISH_SHARE, abs=0.03)
