"""Any table of cases to a matrix: numbers, yes/no, dates and categories, in plain units.

One `Encoder` is fitted on the training rows and used for training and for scoring alike. Nothing is scaled
here, so that a threshold found in the matrix can be read: 'amount in 90 days above 250'.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from socialml.errors import UserError
from socialml.models.columns import YES, Floats, Kind, id_like, kind_of, numbers_of, plain, text_of


@dataclass(frozen=True, kw_only=True)
class TableSpec:
    """How wide a table may become."""

    max_levels: int = 20  # values of one column that get a column of their own; the rest share one
    max_width: int = 200  # columns of categories together
    rare_rows: int = 10  # a value with fewer training rows is pooled with the rest
    missing_rows: int = 10  # gaps in a column that make 'is missing' a column


@dataclass(frozen=True)
class Encoded:
    """One column of the matrix: what it holds, in words.

    what: 'value' (a number, a date in days since 1970, 0 or 1), 'is' (1 where the column has this level),
    'other' (1 where it has a pooled or unknown level), 'missing'.
    """

    column: str
    label: str
    kind: Kind
    what: Literal["value", "is", "other", "missing"]
    level: str | None = None

    @property
    def name(self) -> str:
        """The plain label: 'Visitor type: returning', 'Age', 'Age is missing'."""
        if self.what == "value":
            return self.label
        return f"{self.label}: {self.level}" if self.what == "is" else f"{self.label}: {self.what}"


@dataclass
class Column:
    """How one column of the table was read from the training rows."""

    name: str
    label: str
    kind: Kind
    fill: float = 0.0  # what stands in for a gap in a number
    gaps: bool = False  # 'is missing' has a column
    levels: list[str] = field(default_factory=list)  # with a column of their own
    pooled: int = 0  # other values seen in training
    single: bool = False  # two values: one column says it all


class Encoder:
    """Fitted on a frame of training rows; `transform` then makes (rows, width) float64 of any rows.

    columns: what each column of the matrix holds. groups: table column -> its places in the matrix.
    dropped: {column: why} of those that say nothing. notes: sentences for the user.
    UserError id_column when a column names the row; no_columns when nothing is left.
    """

    def __init__(
        self, frame: pd.DataFrame, *, labels: Mapping[str, str] | None = None, spec: TableSpec | None = None
    ) -> None:
        self.spec = spec or TableSpec()
        self.dropped: dict[str, str] = {}
        self.notes: list[str] = []
        repeated = frame.columns[frame.columns.duplicated()]
        if len(repeated):
            raise UserError(
                "repeated_column", f"Two columns are called '{repeated[0]}'.", "Rename one of them."
            )
        self.table: list[Column] = []
        for name in map(str, frame.columns):
            column = self._read(frame[name], (labels or {}).get(name, plain(name)))
            if column is not None:
                self.table.append(column)
        if not self.table:
            reasons = "; ".join(f"{name}: {why}" for name, why in list(self.dropped.items())[:5])
            raise UserError(
                "no_columns", f"No column is left to learn from ({reasons or 'the table has none'}).",
                "Import a table with columns that differ between rows, or leave fewer out.",
            )  # fmt: skip
        self._cap()
        self.columns: list[Encoded] = [part for column in self.table for part in _parts(column)]
        self.groups: dict[str, list[int]] = {}
        for place, part in enumerate(self.columns):
            self.groups.setdefault(part.column, []).append(place)

    def _read(self, values: pd.Series, label: str) -> Column | None:
        name = str(values.name)
        why = id_like(values)
        if why:
            raise UserError(
                "id_column", f"'{name}' {why}.", f"Leave '{name}' out: nothing can be learnt from it."
            )
        known = int(values.notna().sum())
        if not known:
            self.dropped[name] = "it is empty"
            return None
        kind = kind_of(values)
        gaps = len(values) - known >= self.spec.missing_rows
        if kind == "category":
            counts = text_of(values).value_counts()
            counts = counts.sort_index().sort_values(ascending=False, kind="stable")  # ties by name
            if len(counts) == 1 and not gaps:
                self.dropped[name] = f"it is '{counts.index[0]}' in every row"
                return None
            often = counts[counts >= self.spec.rare_rows]
            kept = [str(level) for level in (often if len(often) else counts).index[: self.spec.max_levels]]
            column = Column(name, label, kind, gaps=gaps, levels=kept, pooled=len(counts) - len(kept))
            column.single = len(kept) == 2 and not column.pooled and not gaps
            return column
        numbers = numbers_of(values, kind)
        finite = numbers[np.isfinite(numbers)]
        gaps = len(numbers) - len(finite) >= self.spec.missing_rows
        if not len(finite) or (finite.min() == finite.max() and not gaps):
            self.dropped[name] = f"it is {finite[0]:g} in every row" if len(finite) else "it holds no number"
            return None
        return Column(name, label, kind, fill=float(np.median(finite)), gaps=gaps)

    def _cap(self) -> None:
        """Fewer levels for each column until the categories fit max_width; notes for what was pooled."""
        categories = [column for column in self.table if column.kind == "category"]
        most = max([len(column.levels) for column in categories], default=0)
        while most > 2 and sum(min(len(column.levels), most) for column in categories) > self.spec.max_width:
            most -= 1
        for column in categories:
            values = len(column.levels) + column.pooled
            if len(column.levels) > most:
                column.levels, column.pooled = column.levels[:most], values - most
            if column.pooled > 1:
                self.notes.append(
                    f"{column.label} has {values:,} different values; the {len(column.levels)} most common "
                    "are told apart, the rest count as 'other'."
                )
        dates = [column.label for column in self.table if column.kind == "date"]
        if dates:
            self.notes.append(
                f"{' and '.join(dates)}: dates count as days, so rules read 'before' and 'from' a day. "
                "Days after those learnt from are judged like the last of them."
            )
        self.notes += [f"{name} was left out: {why}." for name, why in self.dropped.items()]

    @property
    def names(self) -> list[str]:
        """Plain labels of the matrix's columns."""
        return [part.name for part in self.columns]

    def transform(self, frame: pd.DataFrame) -> Floats:
        """(rows, width). Unknown levels count as 'other', gaps as in training; UserError missing_columns."""
        absent = [column.name for column in self.table if column.name not in frame.columns]
        if absent:
            raise UserError(
                "missing_columns", f"These rows lack {', '.join(absent[:5])}, which the model needs.",
                "Score rows with the same columns as those it learnt from.",
            )  # fmt: skip
        matrix = np.zeros((len(frame), len(self.columns)), order="F")
        for column in self.table:
            places = self.groups[column.name]
            values = frame[column.name]
            if column.kind == "category":
                _one_hot(matrix, values, column, places)
                continue
            numbers = numbers_of(values, column.kind)
            missing = ~np.isfinite(numbers)
            matrix[:, places[0]] = np.where(missing, column.fill, numbers)
            if column.gaps:
                matrix[:, places[1]] = missing
        return matrix


@dataclass(frozen=True, eq=False)
class Target:
    """A column to predict, as codes.

    codes: (rows,) 0..c-1, -1 where the value is missing. names: class names by code; of two, the second is
    the positive one (yes, true, 1, else the rarer). counts: rows by code.
    """

    name: str
    codes: NDArray[np.int64]
    names: list[str]
    counts: list[int]


def target(column: pd.Series, *, positive: str | None = None, least: int = 20, most: int = 10) -> Target:
    """Codes of a binary or few-valued column. UserError says what is wrong with any other, and what helps.

    least: rows each class must have, to learn from, to choose with and to test. most: classes.
    """
    name = str(column.name)
    text = text_of(column.dropna())
    if pd.api.types.is_float_dtype(column.dropna()) and (column.dropna() % 1 == 0).all():
        text = text_of(column.dropna().astype("int64"))  # 0/1 with gaps is read as 0.0/1.0
    counts = text.value_counts()
    if len(counts) < 2:
        only = f"'{counts.index[0]}' in every row" if len(counts) else "empty"
        raise UserError("one_class", f"'{name}' is {only}, so there is nothing to tell apart.",
                        "Choose a column with at least two different values, such as yes and no.")  # fmt: skip
    why = id_like(column)
    if why:
        raise UserError("id_target", f"'{name}' {why}; it cannot be predicted.",
                        "Choose a column with few different values, such as yes and no.")  # fmt: skip
    if len(counts) > most:
        raise UserError(
            "many_classes", f"'{name}' has {len(counts):,} different values; at most {most} can be predicted.",
            "Choose another column, or import it in a few classes (for example low, middle, high).",
        )  # fmt: skip
    if counts.min() < least:
        rare, rows = counts.index[-1], int(counts.iloc[-1])
        raise UserError(
            "small_class",
            f"'{name}' is '{rare}' in only {rows} {'row' if rows == 1 else 'rows'}; "
            f"each class needs at least {least} to learn from and to test on.",
            f"Import more of '{rare}', join it with another value, or leave those rows out.",
        )  # fmt: skip
    names = sorted(map(str, counts.index), key=_natural)
    if len(names) == 2:
        chosen = positive if positive is not None else _positive(names, counts)
        if chosen not in names:
            raise UserError("bad_positive", f"'{name}' is never '{chosen}'.", f"Choose {' or '.join(names)}.")
        names = [next(other for other in names if other != chosen), chosen]
    codes = np.full(len(column), -1, dtype=np.int64)
    codes[column.notna().to_numpy()] = pd.Categorical(text, categories=names).codes
    return Target(name, codes, names, [int(counts[level]) for level in names])


def _parts(column: Column) -> list[Encoded]:
    def part(what: Any, level: str | None = None) -> Encoded:
        return Encoded(column.name, column.label, column.kind, what, level)

    if column.kind != "category":
        return [part("value")] + [part("missing")] * column.gaps
    levels = column.levels[1:] if column.single else column.levels  # the rarer of two
    return (
        [part("is", level) for level in levels]
        + [part("other")] * (column.pooled > 0)
        + [part("missing")] * column.gaps
    )


def _one_hot(matrix: Floats, values: pd.Series, column: Column, places: list[int]) -> None:
    levels = column.levels[1:] if column.single else column.levels
    text = text_of(values)
    codes = pd.Index(levels, dtype=text.dtype).get_indexer(text)
    rows = np.flatnonzero(codes >= 0)
    matrix[rows, np.asarray(places)[codes[rows]]] = 1
    if column.pooled or column.gaps:
        missing = text.isna().to_numpy()
        if column.pooled:
            matrix[(codes < 0) & ~missing, places[len(levels)]] = 1
        if column.gaps:
            matrix[missing, places[-1]] = 1


def _natural(level: str) -> tuple[int, float, str]:
    """Numbers in their order, before words."""
    try:
        return (0, float(level), level)
    except ValueError:
        return (1, 0.0, level)


def _positive(names: list[str], counts: pd.Series) -> str:
    for level in names:
        if level.lower() in YES or level in ("1", "1.0"):
            return level
    return min(names, key=lambda level: (counts[level], level))
