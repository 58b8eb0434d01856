"""Charts of the Forecast page, by their data."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from socialml.analyses import forecast
from socialml.figures import curve
from socialml.figures import forecast as figures
from socialml.progress import silent
from tests.forecasts import inputs


@pytest.fixture(scope="module")
def forecast_result() -> forecast.Result:
    return forecast.compute(inputs(200), forecast.Config(models=(), backtest_months=2), silent)


def test_a_training_is_drawn_with_a_line_for_each_series() -> None:
    figure = curve.training({"epoch": [1, 2, 3], "training": [3, 2, 1], "validation": [3, float("nan"), 2]})
    assert figure is not None
    assert [line.name for line in figure.data] == ["Training", "Validation"]
    assert figure.data[1].y == (3, None, 2)
    assert "validation 2, best 2" in figure.layout.title.text


def test_nothing_is_drawn_before_the_first_epoch() -> None:
    assert curve.training({"epoch": [], "training": []}) is None


def test_the_fan_holds_the_forecast_and_no_range_is_drawn_that_is_not_there(
    forecast_result: forecast.Result,
) -> None:
    figure = figures.total(forecast_result)
    names = [line.name for line in figure.data]
    told = forecast_result.total
    inner = next(line for line in figure.data if line.name == "80% range")
    assert min(inner.y[1:3]) <= told["forecast"] <= max(inner.y[1:3])
    assert ("95% range" in names) == (told["low_95"] is not None)
    assert next(line for line in figure.data if line.name == "Revenue").y[-1] == told["last"]


def test_the_title_tells_what_came_in_a_month_that_is_over(forecast_result: forecast.Result) -> None:
    def title(**told: float | None) -> str:
        result = replace(forecast_result, total={**forecast_result.total, **told})
        return figures.total(result).layout.title.text.replace("<br>", " ")

    assert title(change=-0.1) == "Revenue should fall by 10% in October 2025"
    assert title(change=90.0).startswith("October 2025: about ¥")
    assert title(actual=1234.0).endswith("was forecast, ¥1,234 came")


def test_models_and_rules_are_told_apart_and_ordered(forecast_result: forecast.Result) -> None:
    figure = figures.models(forecast_result)
    assert figure is not None
    rules, models = figure.data
    assert list(rules.x) == sorted(rules.x, reverse=True)
    assert rules.name == "Simple rules"
    assert len(rules.x) == 12
    assert models.name == "Models"


def test_months_are_listed_by_year() -> None:
    assert figures.months_listed(["2025-09"]) == "September 2025"
    months = ["2024-11", "2024-12", "2025-01"]
    assert figures.months_listed(months) == "November and December 2024 and January 2025"


def test_no_whisker_of_the_coverage_leaves_0_to_1(forecast_result: forecast.Result) -> None:
    few = forecast_result.coverage.assign(n=3)
    figure = figures.coverage(replace(forecast_result, coverage=few))
    assert figure is not None
    for line in figure.data:
        assert (line.x + line.error_x.array <= 1 + 1e-9).all()
        assert (line.x - line.error_x.arrayminus >= -1e-9).all()


def test_a_customers_chart_leaves_unknown_months_out(forecast_result: forecast.Result) -> None:
    months = pd.DataFrame(
        {"month": forecast_result.months[-3:], "amount": [1.0, 2.0, 3.0], "orders": [1, 1, 1],
         "known": [False, True, True]}
    )  # fmt: skip
    row = {"amount": 5.0, "amount_low": 1.0, "amount_high": 9.0, "low_95": 0.0, "high_95": 12.0}
    assert list(figures.customer(forecast_result, row, months).data[0].y) == [2.0, 3.0]
