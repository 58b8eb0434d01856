"""What a column of a table holds: numbers, yes/no, dates, categories, or the name of the row."""

from __future__ import annotations

import re
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Kind = Literal["number", "flag", "date", "category"]

DAY = pd.Timedelta(days=1)
EPOCH = pd.Timestamp("1970-01-01")
YES = {"true": 1.0, "yes": 1.0, "y": 1.0, "t": 1.0, "是": 1.0}
NO = {"false": 0.0, "no": 0.0, "n": 0.0, "f": 0.0, "否": 0.0}
WORDS = YES | NO
ID_SHARE = 0.9  # of the rows with a value of their own, from which text names the row
ID_NAME = re.compile(
    r"(^|[_\s-])(id|ids|uuid|guid|no|nr|number|code|key)$|[a-z]I[dD]$|编号$|编码$|号$|ID$", re.A
)
LEAST_IDS = 20  # rows; of fewer nobody can say


def plain(name: str) -> str:
    """'purchases_last_month' -> 'purchases last month'; other names stay as they are."""
    return name.replace("_", " ").strip() or name


def id_like(values: pd.Series) -> str | None:
    """Why this column names the row rather than describing it, as the end of a sentence; None if it does not."""
    known = values.dropna()
    if len(known) < LEAST_IDS:
        return None
    whole = pd.api.types.is_integer_dtype(known)
    if not whole and (kind_of(known) != "category"):
        return None
    different = known.nunique()
    named = bool(ID_NAME.search(str(values.name)))
    if whole:
        low, high = int(known.min()), int(known.max())
        if different == len(known) and (named or high - low < 2 * len(known)):
            return f"has a different whole number in each of {len(known):,} rows, so it names the row"
        return None
    if different >= ID_SHARE * len(known):
        return f"has {different:,} different values in {len(known):,} rows, so it names the row (or is free text)"
    return None


def kind_of(values: pd.Series) -> Kind:
    """What a column holds: numbers and dates written as text count as such when every value is one."""
    if pd.api.types.is_bool_dtype(values):
        return "flag"
    if pd.api.types.is_datetime64_any_dtype(values):
        return "date"
    known = values.dropna()
    if pd.api.types.is_numeric_dtype(values):
        return "flag" if len(known) and known.isin([0, 1]).all() else "number"
    if pd.api.types.is_timedelta64_dtype(values):
        return "number"
    some = pd.Series(known.head(1_000).unique(), dtype=object)  # most columns are settled by these
    for part in (some, None):
        text = text_of(pd.Series(known.unique(), dtype=object) if part is None else part)
        if not len(text):
            return "category"
        if text.str.lower().isin(list(WORDS)).all():
            found: Kind = "flag"
        elif pd.to_numeric(text, errors="coerce").notna().all():
            found = "number"
        elif _dates(text).notna().all():
            found = "date"
        else:
            return "category"
    return found


def numbers_of(values: pd.Series, kind: Kind) -> Floats:
    """(rows,) float64, nan for gaps and what is no number: dates as days since 1970, yes 1, no 0."""
    if kind == "date":
        times = values if pd.api.types.is_datetime64_any_dtype(values) else _dates(text_of(values))
        if getattr(times.dt, "tz", None) is not None:
            times = times.dt.tz_localize(None)
        return ((times - EPOCH) / DAY).to_numpy(dtype=np.float64, na_value=np.nan)
    if pd.api.types.is_timedelta64_dtype(values):
        return (values / DAY).to_numpy(dtype=np.float64, na_value=np.nan)
    if not (pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values)):
        if kind == "flag":
            text = text_of(values).str.lower()
            values = text.map(WORDS).fillna(pd.to_numeric(text, errors="coerce"))
        else:
            values = pd.to_numeric(values, errors="coerce")
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    numbers[~np.isfinite(numbers)] = np.nan
    return numbers


def text_of(values: pd.Series) -> pd.Series:
    """As stripped text; gaps stay gaps."""
    return values.astype("str").str.strip() if values.notna().all() else values.astype(object).where(
        values.notna(), None
    ).map(lambda value: None if value is None else str(value).strip()).astype("str")  # fmt: skip


def _dates(text: pd.Series) -> pd.Series:
    return pd.to_datetime(text, errors="coerce", format="ISO8601")
