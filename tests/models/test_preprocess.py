"""Cleaning: what is filled, logged, clipped and scaled, said in the report, and undone by inverse."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pandas as pd
import pytest

from socialml.errors import UserError
from socialml.models import preprocess
from socialml.models.preprocess import Preprocess


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    out = pd.DataFrame(
        {
            "even": rng.normal(10, 2, 1000),
            "skewed": np.exp(rng.normal(0, 1.2, 1000)),
            "gaps": np.where(rng.random(1000) < 0.2, np.nan, rng.normal(size=1000)),
            "same": 7.0,
            "empty": np.nan,
            "region": rng.choice(["north", "south", "east"], 1000),
        }
    )
    out.loc[0, "even"] = 500.0
    return out


def test_report_says_what_was_done(frame: pd.DataFrame) -> None:
    report = preprocess.fit(frame).report().set_index("column")
    assert list(report.index) == list(frame.columns)
    assert report.loc["empty", "why_not"] == "empty"
    assert report.loc["empty", "missing"] == 1000
    assert report.loc["same", "why_not"] == "the same for all rows"
    assert report.loc["gaps", "missing"] == frame["gaps"].isna().sum()
    assert report.loc["skewed", "logged"]
    assert not report.loc["gaps", "logged"]
    assert report.loc["even", "clipped_high"] == 1
    assert report["used"].sum() == 4


def test_cleaned_columns_have_mean_0_and_spread_1(frame: pd.DataFrame) -> None:
    fitted = preprocess.fit(frame)
    cleaned = fitted.transform(frame)
    assert fitted.names[:3] == ["even", "skewed", "gaps"]
    assert cleaned.shape == (1000, 6)  # three regions, a column each
    assert np.isfinite(cleaned).all()
    np.testing.assert_allclose(cleaned[:, :3].mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(cleaned[:, :3].std(axis=0), 1)


@pytest.mark.parametrize(("how", "value"), [("mean", 3.0), ("median", 2.0), ("mode", 1.0)])
def test_gaps_are_filled_with_the_chosen_value(how: Any, value: float) -> None:
    column = pd.DataFrame({"x": [1.0, 1.0, 2.0, 3.0, 8.0, np.nan]})
    config = Preprocess(impute=how, scale="none", log_skew=None, clip_iqr=None)
    assert preprocess.fit(column, config).transform(column)[-1, 0] == value


def test_minmax_lies_between_0_and_1(frame: pd.DataFrame) -> None:
    numbers = frame[["even", "skewed"]]
    cleaned = preprocess.fit(numbers, Preprocess(scale="minmax")).transform(numbers)
    assert cleaned.min() == pytest.approx(0)
    assert cleaned.max() == pytest.approx(1)


@pytest.mark.parametrize("scale", ["zscore", "minmax", "none"])
def test_inverse_undoes_all_but_the_clipping(frame: pd.DataFrame, scale: Any) -> None:
    numbers = frame[["even", "skewed"]]
    fitted = preprocess.fit(numbers, Preprocess(scale=scale))
    back = fitted.inverse(fitted.transform(numbers))
    fences = fitted.report().set_index("column")
    for name in numbers.columns:
        low, high = fences.loc[name, ["low", "high"]]
        np.testing.assert_allclose(back[name], numbers[name].clip(low, high), rtol=1e-9)


def test_the_unit_does_not_matter(frame: pd.DataFrame) -> None:
    yuan = frame[["skewed"]]
    fen = yuan * 100
    np.testing.assert_allclose(
        preprocess.fit(yuan).transform(yuan), preprocess.fit(fen).transform(fen), atol=1e-9
    )


def test_a_column_that_is_mostly_zero_keeps_its_few_values() -> None:
    column = pd.DataFrame({"x": np.r_[np.zeros(900), np.arange(1, 101)]})
    cleaned = preprocess.fit(column, Preprocess(log_skew=None)).transform(column)
    assert len(np.unique(cleaned)) == 101


def test_rare_levels_share_a_column_and_new_ones_are_taken(frame: pd.DataFrame) -> None:
    text = pd.DataFrame({"city": [f"c{i % 50}" for i in range(500)] + [None]})
    fitted = preprocess.fit(text, Preprocess(max_categories=5))
    assert fitted.transform(text).shape == (501, 5)
    assert np.isfinite(fitted.transform(pd.DataFrame({"city": ["never seen"]}))).all()


def test_pca_keeps_the_share_that_was_asked_for(frame: pd.DataFrame) -> None:
    numbers = frame[["even", "skewed", "gaps"]].assign(twin=frame["even"] * 2)
    fitted = preprocess.fit(numbers, Preprocess(pca=0.95))
    assert fitted.transform(numbers).shape == (1000, 3)
    assert fitted.inverse(fitted.transform(numbers)).shape == (1000, 4)
    assert preprocess.fit(numbers, Preprocess(pca=2)).transform(numbers).shape == (1000, 2)


def test_infinite_values_count_as_missing() -> None:
    column = pd.DataFrame({"x": [1.0, 2.0, 3.0, np.inf]})
    fitted = preprocess.fit(column)
    assert np.isfinite(fitted.transform(column)).all()
    assert fitted.report().loc[0, "missing"] == 1


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"impute": "guess"}, "guess"), ({"scale": "big"}, "big"), ({"clip_iqr": 0}, "0"),
        ({"log_skew": -1}, "-1"), ({"pca": 0}, "0"), ({"pca": 2.5}, "2.5"), ({"max_categories": 1}, "1"),
    ],
)  # fmt: skip
def test_bad_settings_are_named(settings: dict[str, Any], named: str) -> None:
    with pytest.raises(UserError, match=named):
        Preprocess(**settings)


def test_nothing_to_prepare_is_said() -> None:
    with pytest.raises(UserError, match="same for all rows"):
        preprocess.fit(pd.DataFrame({"x": [1.0, 1.0]}))
    with pytest.raises(UserError, match="no rows"):
        preprocess.fit(pd.DataFrame({"x": []}))


def test_many_rows_take_seconds() -> None:
    big = pd.DataFrame(np.exp(np.random.default_rng(0).normal(size=(200_000, 12))))
    began = time.perf_counter()
    preprocess.fit(big).transform(big)
    assert time.perf_counter() - began < 10
