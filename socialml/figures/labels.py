"""How segments and numbers are written in charts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from socialml import words
from socialml.analyses.segments import Result
from socialml.figures.theme import wrap

Names = Mapping[int, str] | None  # the user's own names for segments


def name(result: Result, names: Names, segment: int) -> str:
    return (names or {}).get(segment) or str(result.segments["name"].iloc[segment])


def called(result: Result, names: Names, width: int) -> dict[int, str]:
    """Names as axis labels: escaped, in short lines."""
    return {segment: wrap(name(result, names, segment), width) for segment in result.segments["id"]}


def of(shown: int, all_of_them: int) -> str:
    if shown == all_of_them:
        return f"all {words.count(shown)} customers"
    return f"{words.count(shown)} of {words.count(all_of_them)} customers"


def short(value: float, unit: str, currency: str) -> str:
    """A mean for a small cell: ¥212, 29%, 13, 0.5."""
    if unit == "share":
        return words.share(value, 0)
    if unit == "money":
        return words.short_money(round(value), currency) if np.isfinite(value) else words.MISSING
    if not np.isfinite(value):
        return words.MISSING
    return words.short(round(value)) if abs(value) >= 10 else f"{value:.1f}"
