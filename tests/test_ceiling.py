"""The ceiling of the forecast: sees nothing of the month, loses to no rule, and knows how sure it is."""

from __future__ import annotations

import dataclasses
from datetime import date, datetime

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from socialml import sample
from socialml.errors import UserError
from socialml.features import sequences
from socialml.features.sequences import Sequences
from socialml.models.forecast_floors import FLOORS
from socialml.sample import ceiling, model, rate_posterior
from tests.tables import stored

MONTH = date(2025, 12, 1)


@pytest.fixture(scope="module")
def shop() -> sample.Sample:
    return sample.generate(1200, seed=0, end=date(2026, 1, 1))


@pytest.fixture(scope="module")
def found(shop: sample.Sample) -> ceiling.Ceiling:
    return ceiling.forecast(shop, MONTH)


@pytest.fixture(scope="module")
def months(shop: sample.Sample) -> Sequences:
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        people = stored(con, "users", shop.users)
        return sequences.take(con, stored(con, "orders", shop.orders), people, datetime(2026, 1, 1))


@pytest.fixture(scope="module")
def known(months: Sequences) -> np.ndarray:
    return months.known[:, -2]


def test_users_are_those_of_the_sequences(
    shop: sample.Sample, months: Sequences, found: ceiling.Ceiling, known: np.ndarray
) -> None:
    assert shop.truth.user_id.to_pylist() == months.user_id.tolist()
    for field in dataclasses.fields(found):
        np.testing.assert_array_equal(np.isfinite(getattr(found, field.name)), known, err_msg=field.name)


def test_no_rule_is_nearer_and_the_clairvoyant_is(
    months: Sequences, found: ceiling.Ceiling, known: np.ndarray
) -> None:
    came = months.amount[known, -1]
    error = np.abs(found.amount_median[known] - came).mean()
    for name, floor in FLOORS.items():
        told = floor.predict(months.amount[:, :-1], months.known[:, :-1], None)[known]
        assert error < 0.95 * np.abs(told - came).mean(), name
    assert np.abs(found.clairvoyant_amount_median[known] - came).mean() < 0.97 * error
    orders = months.orders[known, -1]
    missed = np.abs(found.orders_median[known] - orders).mean()
    assert np.abs(found.clairvoyant_orders_median[known] - orders).mean() < 0.97 * missed


def test_eight_in_ten_fall_between_the_quantiles_and_totals_are_near(
    months: Sequences, found: ceiling.Ceiling, known: np.ndarray
) -> None:
    came, bought = months.amount[known, -1], months.orders[known, -1]
    low, high = found.amount_p10[known], found.amount_p90[known]
    assert (low <= found.amount_median[known]).all()
    assert (found.amount_median[known] <= high).all()
    assert 0.76 <= ((low <= came) & (came <= high)).mean() <= 0.84
    assert found.amount_mean[known].sum() == pytest.approx(came.sum(), rel=0.06)
    assert found.orders_mean[known].sum() == pytest.approx(bought.sum(), rel=0.05)


def test_nothing_of_the_month_or_later_is_seen(shop: sample.Sample, found: ceiling.Ceiling) -> None:
    def before(table: pa.Table) -> pa.Table:
        return table.filter(pc.less(table["ts"], pa.scalar(datetime(2025, 12, 1))))

    cut = dataclasses.replace(shop, orders=before(shop.orders), events=before(shop.events))
    assert cut.orders.num_rows < shop.orders.num_rows
    assert 0 < cut.events.num_rows < shop.events.num_rows
    again = ceiling.forecast(cut, MONTH)
    for field in dataclasses.fields(found):
        np.testing.assert_array_equal(getattr(again, field.name), getattr(found, field.name))


def test_same_seed_same_forecast_and_the_month_after_the_history_can_be_forecast() -> None:
    shop = sample.generate(150, seed=1, end=MONTH)
    one, two, other = (ceiling.forecast(shop, MONTH, draws=20, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.amount_median, two.amount_median)
    assert (one.amount_median != other.amount_median).any()
    assert np.isfinite(one.amount_median).all()
    gone = shop.truth.until < len(shop.truth.calendar)
    assert (one.clairvoyant_orders_median[gone] == 0).all()


def test_the_chain_is_the_ar1_of_the_activity() -> None:
    states, first, step = rate_posterior.chain()
    assert step.sum(axis=1) == pytest.approx(1)
    assert first @ step == pytest.approx(first)
    assert np.sqrt(first @ states**2) == pytest.approx(model.ACTIVITY_SD)
    assert step @ states == pytest.approx(model.ACTIVITY_RHO * states)


@pytest.mark.parametrize("month", [date(2024, 1, 1), date(2026, 2, 1), date(2025, 12, 2)])
def test_other_months_are_refused(shop: sample.Sample, month: date) -> None:
    with pytest.raises(UserError, match=str(month)):
        ceiling.forecast(shop, month)


def test_a_sample_without_kinds_is_refused() -> None:
    with pytest.raises(UserError) as refused:
        ceiling.forecast(sample.generate(30, months=4, noise=True), date(2025, 9, 1))
    assert refused.value.code == "no_ceiling"
