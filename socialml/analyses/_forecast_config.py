"""The settings of the forecast, checked."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from socialml.analyses import _checks as checks

MODELS = ("lstm", "boosted", "value", "blend")  # beside the simple rules, which are always there
LOSSES = ("auto", "gated", "absolute", "huber", "squared", "poisson")
BEFORE_FIRST = ("auto", "masked", "zeros")
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_WHOLE = {
    "window_months": (3, 36),
    "backtest_months": (1, 12),
    "epochs_most": (1, 200),
    "patience": (1, 50),
    "batch": (16, 4096),
}


def checked(values: dict[str, Any], default: Any) -> dict[str, Any]:
    """The fields of a Config from JSON values; a mistake is a UserError with value, bound and way out."""
    out = checks.fields(values, default)
    for name, (least, most) in _WHOLE.items():
        out[name] = checks.whole(name, out[name], least, most)
    out["seed"] = checks.seed(out["seed"])
    out["loss"] = checks.choice("loss", out["loss"], LOSSES)
    out["before_first"] = checks.choice("before_first", out["before_first"], BEFORE_FIRST)
    out["dropout"] = float(checks.number("dropout", out["dropout"], 0.0, 0.8))
    out["models"] = checks.names("models", out["models"], MODELS)
    out["without_flagged"] = checks.flag("without_flagged", out["without_flagged"])
    out["as_of"] = checks.day("as_of", out["as_of"])
    out["target_month"] = _month(out["target_month"])
    return out


def _month(value: Any) -> str | None:
    if value is None or (isinstance(value, str) and _MONTH.fullmatch(value)):
        return value
    raise checks.bad(f"target_month is {value!r}; it is a month such as 2025-10.", "Write it as YYYY-MM.")


def first_day(month: str) -> date:
    return date(int(month[:4]), int(month[5:]), 1)
