"""Clean a table of features: fill gaps, take logs of skewed columns, clip outliers, scale, one-hot, PCA.

A scikit-learn pipeline: ColumnTransformer(numbers, categories), then optionally PCA. Each column's treatment
is in `report()`, and `inverse` takes centres back to plain units.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.utils.validation import check_is_fitted

from socialml.errors import UserError

Floats = NDArray[np.float64]
Impute = Literal["mean", "median", "mode"]
Scale = Literal["zscore", "minmax", "none"]


@dataclass(frozen=True, kw_only=True)
class Preprocess:
    """How to clean. The defaults are those of the segments page."""

    impute: Impute = "median"  # what stands in for an empty number; categories take the mode
    log_skew: float | None = 1.0  # take logs of non-negative columns more skewed than this; None: never
    clip_iqr: float | None = (
        3.0  # clip at quartiles -+ this many interquartile ranges (Tukey's 'far out'); None: never
    )
    scale: Scale = "zscore"
    max_categories: int = 20  # levels of one column that get a column of their own; the rest share one
    pca: int | float | None = None  # components, or the share of variance to keep; None: no PCA

    def __post_init__(self) -> None:
        def refuse(message: str, hint: str) -> None:
            raise UserError("bad_config", message, hint)

        for name, value, allowed in (("impute", self.impute, Impute), ("scale", self.scale, Scale)):
            if value not in get_args(allowed):
                refuse(f"{name} is '{value}'.", f"Choose one of {', '.join(get_args(allowed))}.")
        if self.log_skew is not None and not self.log_skew >= 0:
            refuse(f"log_skew is {self.log_skew}; it is 0 or more.", "Choose 1, or none to take no logs.")
        if self.clip_iqr is not None and not self.clip_iqr > 0:
            refuse(f"clip_iqr is {self.clip_iqr}; it must be above 0.", "Choose 3, or none to clip nothing.")
        if not 2 <= self.max_categories <= 200:
            refuse(f"max_categories is {self.max_categories}; 2 to 200 can be used.", "Choose 20.")
        if self.pca is not None and not (0 < self.pca < 1 or (self.pca >= 1 and self.pca == int(self.pca))):
            refuse(
                f"pca is {self.pca}; it is a whole number of components or a share of variance below 1.",
                "Choose 0.9, or none for no PCA.",
            )


class Numbers(TransformerMixin, BaseEstimator):
    """Fill, log, clip and scale the columns of a float array; all of it vectorised.

    Logs are log1p(x / typical) with the lower quartile of the positive values as the typical size, so that
    the result does not depend on the unit (fen or yuan, seconds or hours) and 0 stays 0.
    """

    def __init__(
        self, impute: Impute = "median", log_skew: float | None = 1.0, clip_iqr: float | None = 3.0,
        scale: Scale = "zscore",
    ) -> None:  # fmt: skip
        self.impute = impute
        self.log_skew = log_skew
        self.clip_iqr = clip_iqr
        self.scale = scale

    def fit(self, X: Any, y: Any = None) -> Numbers:
        values = np.array(X, dtype=np.float64, copy=True)
        values[~np.isfinite(values)] = np.nan
        columns = values.shape[1]
        self.missing_ = np.isnan(values).sum(axis=0)
        self.fill_ = np.array([_typical(values[:, j], self.impute) for j in range(columns)])
        self.typical_ = np.full(columns, np.nan)  # nan: no log
        self.low_, self.high_ = np.full(columns, -np.inf), np.full(columns, np.inf)
        self.centre_, self.width_ = np.zeros(columns), np.ones(columns)
        self.below_, self.above_ = np.zeros(columns, dtype=np.int64), np.zeros(columns, dtype=np.int64)
        for j in range(columns):
            column = np.where(np.isnan(values[:, j]), self.fill_[j], values[:, j])
            self._fit_column(j, column, values[:, j])
        self.n_features_in_ = columns
        return self

    def _fit_column(self, j: int, column: Floats, observed: Floats) -> None:
        seen = observed[~np.isnan(observed)]
        if self.log_skew is not None and len(seen) and seen.min() >= 0 and seen.max() > 0:
            typical = float(np.quantile(seen[seen > 0], 0.25))
            before, after = _skew(seen), _skew(np.log1p(seen / typical))
            if abs(before) > self.log_skew and abs(after) < abs(before):
                self.typical_[j] = typical
                column, seen = np.log1p(column / typical), np.log1p(seen / typical)
        if self.clip_iqr is not None and len(seen):
            low, high = np.quantile(seen, [0.25, 0.75])
            if high > low:  # else half of the values are equal, and a fence would leave nothing else
                self.low_[j], self.high_[j] = (
                    low - self.clip_iqr * (high - low),
                    high + self.clip_iqr * (high - low),
                )
                self.below_[j] = int((seen < self.low_[j]).sum())
                self.above_[j] = int((seen > self.high_[j]).sum())
                column = np.clip(column, self.low_[j], self.high_[j])
        if self.scale == "zscore":
            self.centre_[j], width = float(column.mean()), float(column.std())
        elif self.scale == "minmax":
            self.centre_[j], width = float(column.min()), float(column.max() - column.min())
        else:
            return
        self.width_[j] = width if width > 1e-12 * max(1.0, abs(self.centre_[j])) else 1.0

    def transform(self, X: Any) -> Floats:
        check_is_fitted(self, "fill_")
        values = np.array(X, dtype=np.float64, copy=True)
        for j in range(values.shape[1]):
            column = values[:, j]
            column[~np.isfinite(column)] = self.fill_[j]
            if not np.isnan(self.typical_[j]):
                # New data may hold what the fitted data did not: negatives count as 0 under a log.
                np.log1p(np.maximum(column, 0.0) / self.typical_[j], out=column)
            np.clip(column, self.low_[j], self.high_[j], out=column)
            column -= self.centre_[j]
            column /= self.width_[j]
        return values

    def inverse_transform(self, X: Any) -> Floats:
        values = np.asarray(X, dtype=np.float64) * self.width_ + self.centre_
        logged = ~np.isnan(self.typical_)
        values[:, logged] = np.expm1(values[:, logged]) * self.typical_[logged]
        return values

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        return np.asarray(input_features, dtype=object)


class Preprocessor:
    """A fitted Preprocess. `names` are the columns of what `transform` returns (without PCA: one a
    number)."""

    def __init__(self, config: Preprocess, frame: pd.DataFrame) -> None:
        """Fit on a frame of numbers, flags and text, one row a case. Columns that hold nothing are
        dropped."""
        if frame.empty:
            raise UserError("no_rows", "There are no rows to prepare.", "Import data, or widen the dates.")
        self.config = config
        self.inputs = [str(name) for name in frame.columns]
        frame = frame.set_axis(self.inputs, axis=1)
        self.rows = len(frame)
        self.dropped: dict[str, str] = {}
        self.numbers: list[str] = []
        self.categories: list[str] = []
        for name in self.inputs:
            self._sort_column(name, frame[name])
        if not self.numbers and not self.categories:
            raise UserError(
                "nothing_to_compare", "Every column is empty or the same for all rows.",
                "Import data in which customers differ.",
            )  # fmt: skip
        numbers = Numbers(config.impute, config.log_skew, config.clip_iqr, config.scale)
        hot = OneHotEncoder(
            max_categories=config.max_categories, handle_unknown="infrequent_if_exist", sparse_output=False
        )
        text = Pipeline([("fill", SimpleImputer(strategy="most_frequent")), ("one_hot", hot)])
        columns = ColumnTransformer(
            [("numbers", numbers, self.numbers), ("categories", text, self.categories)],
            verbose_feature_names_out=False,
        )
        cleaned = columns.fit_transform(self._typed(frame))
        self._columns = columns
        self.names: list[str] = self._names()
        self._pca: PCA | None = None
        if config.pca is not None:
            most = min(cleaned.shape)
            count = min(int(config.pca), most) if config.pca >= 1 else float(config.pca)
            self._pca = PCA(n_components=count, svd_solver="full").fit(cleaned)

    def _sort_column(self, name: str, column: pd.Series) -> None:
        if column.isna().all():
            self.dropped[name] = "empty"
        elif column.nunique(dropna=True) == 1:
            self.dropped[name] = "the same for all rows"
        elif pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
            self.numbers.append(name)
        else:
            self.categories.append(name)

    def _typed(self, frame: pd.DataFrame) -> pd.DataFrame:
        frame = frame.rename(columns=str)
        out = frame[self.numbers].astype("float64")
        for name in self.categories:
            text = frame[name].astype(object)
            out[name] = text.where(text.notna(), None).map(lambda v: v if v is None else str(v))
            out[name] = out[name].astype(object).where(text.notna(), np.nan)
        return out

    def _names(self) -> list[str]:
        names = list(self.numbers)
        if self.categories:
            hot = self._columns.named_transformers_["categories"]["one_hot"]
            names += [str(name) for name in hot.get_feature_names_out(self.categories)]
        return names

    def transform(self, frame: pd.DataFrame) -> Floats:
        """(rows, names) or (rows, components), float64."""
        cleaned = np.asarray(self._columns.transform(self._typed(frame)), dtype=np.float64)
        return cleaned if self._pca is None else self._pca.transform(cleaned)

    def inverse(self, points: Floats) -> pd.DataFrame:
        """Points of the cleaned space, such as centres, in plain units; of a category the share of each
        level.

        Exact but for what was clipped, and what PCA left out. The centre of logs is a typical value (near the
        median), not the mean.
        """
        points = np.atleast_2d(np.asarray(points, dtype=np.float64))
        if self._pca is not None:
            points = self._pca.inverse_transform(points)
        count = len(self.numbers)
        plain = points.copy()
        if count:
            plain[:, :count] = self._columns.named_transformers_["numbers"].inverse_transform(
                points[:, :count]
            )
        return pd.DataFrame(plain, columns=self.names)

    def report(self) -> pd.DataFrame:
        """One row an input column: column, used, why_not, missing, filled_with, logged, clipped_low,
        clipped_high, low, high (the fences in plain units, nan: none), scale."""
        rows = []
        for name in self.inputs:
            row: dict[str, Any] = {
                "column": name,
                "used": name not in self.dropped,
                "why_not": self.dropped.get(name, ""),
                "missing": 0,
                "filled_with": "",
                "logged": False,
                "clipped_low": 0,
                "clipped_high": 0,
                "low": np.nan,
                "high": np.nan,
                "scale": "",
            }
            if self.dropped.get(name) == "empty":
                row["missing"] = self.rows
            elif name in self.numbers:
                row |= self._number_report(self.numbers.index(name))
            elif name in self.categories:
                row["scale"] = "one column a level"
            rows.append(row)
        return pd.DataFrame(rows)

    def _number_report(self, j: int) -> dict[str, Any]:
        step: Numbers = self._columns.named_transformers_["numbers"]
        logged = not np.isnan(step.typical_[j])
        fences = np.array([step.low_[j], step.high_[j]])
        if logged:
            fences = np.expm1(fences) * step.typical_[j]
        low, high = np.where(np.isfinite(fences), fences, np.nan)
        return {
            "missing": int(step.missing_[j]),
            "filled_with": f"{step.fill_[j]:.6g}" if step.missing_[j] else "",
            "logged": logged,
            "clipped_low": int(step.below_[j]),
            "clipped_high": int(step.above_[j]),
            "low": float(low),
            "high": float(high),
            "scale": self.config.scale,
        }


def fit(frame: pd.DataFrame, config: Preprocess | None = None) -> Preprocessor:
    return Preprocessor(config or Preprocess(), frame)


def _typical(column: Floats, how: Impute) -> float:
    seen = column[~np.isnan(column)]
    if not len(seen):
        return 0.0
    if how == "mode":
        values, counts = np.unique(seen, return_counts=True)
        return float(values[counts.argmax()])
    return float(np.median(seen) if how == "median" else seen.mean())


def _skew(values: Floats) -> float:
    """Third standardised moment; 0 for a constant."""
    centred = values - values.mean()
    variance = float(np.mean(centred**2))
    return float(np.mean(centred**3)) / variance**1.5 if variance > 0 else 0.0
