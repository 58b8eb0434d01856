"""Whole public data sets: the receipt's counts are those that their README states."""

from __future__ import annotations

from datetime import datetime

import pyarrow.parquet as pq
import pytest

from socialml.errors import UserError
from socialml.ingest import Options, inspect, stage
from socialml.ingest.task import ingest_file


def test_online_retail(real_data, store):
    receipt = ingest_file(store, real_data / "online_retail" / "online_retail.parquet", "retail")
    assert receipt["kind"] == "orders"
    assert (receipt["rows_read"], receipt["rows_accepted"], receipt["rows_rejected"]) == (541_909, 541_909, 0)
    assert {warning["code"]: warning["count"] for warning in receipt["warnings"]} == {
        "missing_user": 135_080,
        "cancelled": 9_288,
        "negative_quantity": 10_624,
        "price_not_positive": 2_517,
        "exact_duplicates": 5_268,
        "outliers": 3,  # of the quantity; 806 of the price were told before it
    }
    assert receipt["gross_total"] == "9747747.934"
    with store.read() as con:
        events = store.events(con, "retail")
        assert events.aggregate("count(DISTINCT user_id)").fetchone() == (4372,)
        assert events.filter("contains(user_id, '.')").aggregate("count(*)").fetchone() == (0,)


def test_fb_live_thailand_asks_about_its_dates(real_data, tmp_path):
    path = real_data / "fb_live_thailand" / "Live_20210128.csv"
    found = inspect(path)
    assert found.kind == "records"
    question = found.questions[0]
    assert (question["header"], question["rows"], question["suggestion"]) == (
        "status_published",
        2_814,
        "mdy",
    )
    assert sorted((form["order"] or "", form["rows"]) for form in found.time_forms["status_published"]) == [
        ("", 2_814),
        ("mdy", 4_236),
    ]
    with pytest.raises(UserError) as error:
        stage(path, tmp_path / "asked")
    assert error.value.code == "date_order_unclear"
    staged = stage(path, tmp_path / "told", Options(date_order="mdy"))
    assert staged.receipt["rows_accepted"] == 7_050
    times = pq.read_table(staged.accepted)["status_published"].to_pylist()
    assert times[0] == datetime(2018, 4, 22, 6)
    assert None not in times


@pytest.mark.parametrize(
    ("file", "rows", "repeats"),
    [
        ("online_shoppers/online_shoppers_intention.csv", 12_330, 125),
        ("vehicle_coupon/in-vehicle-coupon-recommendation.csv", 12_684, 74),
        ("open_bandit_men/random_men.csv.gz", 10_000, 0),
        ("nab_ad_exchange/exchange-2_cpc_results.csv", 1_624, 0),
    ],
)
def test_records(real_data, tmp_path, file, rows, repeats):
    staged = stage(real_data / file, tmp_path / "out")
    assert staged.receipt["kind"] == "records"
    assert (staged.receipt["rows_read"], staged.receipt["rows_accepted"]) == (rows, rows)
    warned = {warning["code"]: warning["count"] for warning in staged.receipt["warnings"]}
    assert warned.get("exact_duplicates", 0) == repeats
