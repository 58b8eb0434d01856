"""The forecaster's inputs against answers by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from socialml.models import sequence_inputs
from tests.models.toy_sequences import histories


def column(seq, name: str, before_first: str = "masked") -> np.ndarray:
    """(n, m) one monthly input before it is standardised, money in units of 1."""
    known = sequence_inputs._counted(seq, before_first)
    return sequence_inputs._raw(seq, known, 1.0)[0][:, :, sequence_inputs.NAMES.index(name)]


def test_running_values_count_known_months_only_unless_told() -> None:
    seq = histories(np.array([[9.0, 0, 4, 1, 7]]), begin=np.array([2]))
    assert np.expm1(column(seq, "mean_3"))[0] == pytest.approx([0, 0, 4, 2.5, 4])
    assert np.expm1(column(seq, "median_3"))[0] == pytest.approx([0, 0, 4, 2.5, 4])
    assert np.expm1(column(seq, "mean_3", "zeros"))[0] == pytest.approx([9, 4.5, 13 / 3, 5 / 3, 4])
    assert np.expm1(column(seq, "median_3", "zeros"))[0] == pytest.approx([9, 4.5, 4, 1, 4])
    assert np.exp(column(seq, "age"))[0, 2:] == pytest.approx([1, 2, 3])


def test_refunds_keep_their_sign() -> None:
    seq = histories(np.array([[10.0, -5.0]]))
    assert column(seq, "amount")[0] == pytest.approx([np.log(11), -np.log(6)])


def test_a_log_of_offers_that_begins_late_is_no_jump() -> None:
    seq = histories(np.full((4, 3), 10.0))
    promotions = np.array([[1.0, 1, 10], [0, 0, 0], [1, 1, 10], [0, 0, 0]])
    told = column(replace(seq, promotions=promotions), "promotions")
    assert told[:, 2] == pytest.approx(told[:, 1])


def test_the_calendar_is_of_the_month_after() -> None:
    seq = histories(np.ones((1, 12)), first=date(2024, 1, 1))
    inputs = sequence_inputs.build(seq, sequence_inputs.scales(seq, 12, "masked"), "masked")
    assert inputs.month.tolist() == [*range(1, 12), 0]
    # Festival days of the month after: 6.18 has three, 11.11 three, 12.12 two.
    assert (2 * inputs.calendar[:, 3]).tolist() == [0, 0, 0, 0, 3, 0, 0, 0, 0, 3, 2, 0]
    assert inputs.calendar[0, 2] == pytest.approx((29 - 30.4) / 1.2)  # February 2024


def test_last_years_month_is_told_over_the_months_before_it() -> None:
    amount = np.full((10, 14), 100.0)
    amount[:, 2] = 300.0  # March
    told = column(histories(amount), "year_ago")[0]
    assert told[13] == pytest.approx(np.log(3))  # the month after the last is the next March
    assert (told[:12] == 0).all()


def test_unknown_statics_are_zeros_and_never_nan() -> None:
    seq = histories(np.ones((3, 4)))
    seq.static["age"][:] = [20, 40, np.nan]
    seq.static["device"][:] = [0, 1, -1]
    seq.names["device"] = ["Huawei", "iPhone"]
    inputs = sequence_inputs.build(seq, sequence_inputs.scales(seq, 4, "masked"), "masked")
    assert inputs.static.tolist() == [[-1, 1, 0, 0, 1, 0], [1, 1, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0]]
    assert np.isfinite(inputs.monthly).all()
