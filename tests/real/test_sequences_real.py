"""Monthly spending of customers whom nobody here made, against figures that others measured."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from socialml.features import sequences
from socialml.ingest import ingest_file
from socialml.models import customer_value
from socialml.models.forecast_floors import FLOORS
from socialml.store import Store


def test_online_retail_november_2011(real_data: Path, store: Store) -> None:
    file = real_data / "online_retail" / "online_retail.parquet"
    ingest_file(store, file, "retail", currency="GBP", timezone="Europe/London")
    with store.read() as con:
        events, users = store.events(con, "retail"), store.users(con, "retail")
        seq = sequences.take(con, events, users, datetime(2011, 12, 1))
    assert seq.m == 12
    mine = seq.known[:, 10]
    assert mine.sum() == 4_010
    past, known, came = seq.amount[mine, :11], seq.known[mine, :11], seq.amount[mine, 11]

    def mae(told: np.ndarray) -> float:
        return float(np.abs(told - came).mean())

    assert mae(FLOORS["last"].predict(past, known, None)) == pytest.approx(289, abs=0.5)
    assert mae(past.mean(axis=1)) == pytest.approx(222, abs=0.5)
    assert mae(FLOORS["median_all_zeros"].predict(past, known, None)) == pytest.approx(205.5, abs=0.05)

    # Expected orders are means that know no season: their totals hold in months before the rush of November,
    # and in November they still sort who comes back from who does not.
    for t in (8, 9, 10):
        told = expected_orders(seq.until(t))[seq.known[:, t - 1]]
        assert told.sum() == pytest.approx(seq.orders[seq.known[:, t - 1], t].sum(), rel=0.15)
    told = expected_orders(seq.until(11))[mine]
    tenths = np.array_split(np.argsort(told), 10)
    seen = [seq.orders[mine, 11][rows].mean() for rows in tenths]
    assert seen[-1] > 5 * np.mean(seen[:5])
    assert np.corrcoef([told[rows].mean() for rows in tenths], seen)[0, 1] > 0.95


def expected_orders(seq: sequences.Sequences) -> np.ndarray:
    """In the month after these, by customers who buy at their own pace until they leave."""
    history = customer_value.from_months(seq.orders, seq.amount, seq.known, seq.first_order)
    orders, amount = customer_value.learn(history).forecast(history, 1)
    assert np.isfinite(amount).all()
    return orders
