from __future__ import annotations

import pandas as pd
import pytest

from socialml.features.overview import Overview
from socialml.figures import overview as figures


def make(months: int = 14, visitors: int = 0) -> Overview:
    frame = pd.DataFrame(
        {
            "month": pd.date_range("2023-01-01", periods=months, freq="MS"),
            "users": 10,
            "buyers": 5,
            "visitors": visitors,
            "converted": visitors // 4,
            "orders": 7,
            "revenue": [100.0 + number for number in range(months)],
            "complete": [True] * (months - 1) + [False],
        }
    )
    return Overview(
        users=10,
        buyers=5,
        orders=98,
        revenue=1000.0,
        refunded=10.0,
        months=frame,
        hours=pd.DataFrame({"hour": [9, 21], "rows": [2, 6], "purchases": [1, 3]}),
        platforms=pd.DataFrame(
            {"name": ["Douyin", "Kuaishou"], "users": 5, "buyers": 3, "revenue": [75.0, 25.0]}
        ),
        categories=pd.DataFrame({"name": [], "users": [], "buyers": [], "revenue": []}),
        tail=pd.DataFrame({"product_share": [0.1, 0.2, 1.0], "revenue_share": [0.5, 0.7, 1.0]}),
        products=10,
    )


def test_the_revenue_title_compares_the_last_whole_month_with_the_year_before() -> None:
    figure = figures.revenue(make(), "CNY")
    assert figure.layout.title.text == "Revenue in January 2024 was +12.0% against a year before"
    assert list(figure.data[0].y)[-1] == 113
    assert len(set(figure.data[0].marker.color)) == 2  # the month that is not over looks different


def test_conversion_has_an_interval_and_needs_visitors() -> None:
    assert figures.conversion(make()) is None
    figure = figures.conversion(make(visitors=400))
    assert figure is not None
    assert figure.data[0].y[0] == pytest.approx(0.25)
    # Wilson's interval for 100 of 400: 21.0% to 29.5%.
    assert figure.data[0].y[0] - figure.data[0].error_y.arrayminus[0] == pytest.approx(0.2101, abs=1e-3)
    assert figure.data[0].y[0] + figure.data[0].error_y.array[0] == pytest.approx(0.2947, abs=1e-3)


def test_hours_without_rows_are_zero() -> None:
    figure = figures.hours(make())
    assert len(figure.data[0].y) == 24
    assert figure.data[1].y[21] == 0.75
    assert "21:00" in figure.layout.title.text


def test_bars_name_the_best_and_are_absent_without_data() -> None:
    figure = figures.bars(make().platforms, "Platform", "CNY")
    assert figure is not None
    assert figure.layout.title.text == "Douyin brings 75% of revenue"
    assert list(figure.data[0].x) == [25.0, 75.0]
    assert figures.bars(make().categories, "Category", "CNY") is None


def test_the_tail_says_what_the_best_fifth_brings() -> None:
    figure = figures.tail(make())
    assert figure is not None
    assert "fifth of 10 products brings 70%" in figure.layout.title.text
