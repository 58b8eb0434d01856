from __future__ import annotations

import pandas as pd
import pytest

from socialml.features.comments import Summary
from socialml.figures import comments as figures


def make(*, months: int = 2, category: str = "shoes") -> Summary:
    return Summary(
        comments=210,
        scored=200,
        positive=100,
        neutral=60,
        negative=40,
        languages=pd.DataFrame({"language": ["zh", "en"], "comments": [180, 30]}),
        months=pd.DataFrame(
            {
                "month": pd.date_range("2025-08-01", periods=months, freq="MS"),
                "positive": 50,
                "neutral": 30,
                "negative": 20,
                "comments": 100,
            }
        ),
        categories=pd.DataFrame(
            {"category": [category, "home"], "comments": [50, 60], "positive": [10, 40], "neutral": [10, 14],
             "negative": [30, 6], "mean": [-0.3, 0.4]}
        ),
        examples=pd.DataFrame({"category": [category], "score": [-0.8], "text": ["broke"]}),
    )  # fmt: skip


def test_shares_by_month_stand_within_their_intervals() -> None:
    figure = figures.months(make())
    assert figure is not None
    assert figure.layout.title.text == "20% of the comments of September 2025 complain"
    praise, complaints = figure.data
    assert list(praise.y) == [0.5, 0.5]
    assert list(complaints.y) == [0.2, 0.2]
    # Wilson's for 20 of 100: 0.1334 to 0.2888.
    assert complaints.error_y.arrayminus[0] == pytest.approx(0.2 - 0.1334, abs=1e-4)
    assert complaints.error_y.array[0] == pytest.approx(0.2888 - 0.2, abs=1e-4)


def test_the_category_with_most_complaints_is_on_top_and_cannot_bring_markup() -> None:
    figure = figures.categories(make(category="<b>shoes</b>"))
    assert figure is not None
    assert figure.data[0].y[-1] == "&lt;b&gt;shoes&lt;/b&gt;"
    assert figure.data[0].x[-1] == 0.6
    assert figure.layout.title.text == "&lt;b&gt;shoes&lt;/b&gt;: 60% of comments complain"


def test_nothing_is_drawn_of_nothing() -> None:
    empty = make(months=0)
    assert figures.months(empty) is None
    empty.categories.drop(empty.categories.index, inplace=True)
    assert figures.categories(empty) is None
