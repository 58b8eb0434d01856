"""The settings of the customers analysis, checked: what a page or a file sends may be anything."""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import Any

from socialml.errors import UserError

MODELS = ("tree", "logistic", "svm", "boosting", "gbdt_lr")
_WHOLE = {
    "seed": (0, 2**31 - 1),
    "potential_orders_most": (0, 1000),
    "potential_promotions_least": (1, 1000),
    "churn_days": (7, 365),
    "folds": (0, 10),
    "train_rows_most": (500, 5_000_000),
}
_SHARES = ("high_income_quantile", "high_orders_quantile")


def checked(values: dict[str, Any], default: Any) -> dict[str, Any]:
    """The fields of a Config from JSON values; a mistake is a UserError with value, bound and way out."""
    fields = {field.name for field in dataclasses.fields(default)}
    for name in values:
        if name not in fields:
            raise _bad(f"There is no setting '{name}'.", f"Use some of: {', '.join(sorted(fields))}.")
    out: dict[str, Any] = {}
    for name, (least, most) in _WHOLE.items():
        value = values.get(name, getattr(default, name))
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise _bad(
                f"{name} is {value!r}; it is a whole number from {least} to {most}.",
                f"Choose {least} to {most}.",
            )
        out[name] = value
    if out["folds"] == 1:
        raise _bad("folds is 1; cross-validation needs 2 to 10 folds.", "Choose 5, or 0 for none.")
    for name in _SHARES:
        value = values.get(name, getattr(default, name))
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
            raise _bad(f"{name} is {value!r}; it is a share between 0 and 1.", "Choose such as 0.6.")
        out[name] = float(value)
    target = values.get("target", default.target)
    if target is not None and (not isinstance(target, str) or not target):
        raise _bad(f"target is {target!r}; it is the name of a column.", "Choose a column, or leave it out.")
    out["target"] = target
    for name in ("drop", "known"):
        out[name] = _names(name, values.get(name, getattr(default, name)))
    both = set(out["drop"]) & set(out["known"])
    if both:
        raise _bad(
            f"'{min(both)}' is both left out and kept.", "Answer for each column: left out, or known before."
        )
    out["models"] = _names("models", values.get("models", default.models))
    unknown = [name for name in out["models"] if name not in MODELS]
    if unknown or not out["models"]:
        raise _bad(f"models is {list(out['models'])}; it names models.", f"Choose from: {', '.join(MODELS)}.")
    if "tree" not in out["models"]:  # the one that can be read: every reason comes from it
        out["models"] = ("tree", *out["models"])
    return out | {"as_of": _day(values.get("as_of", default.as_of))}


def _names(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise _bad(f"{name} is {value!r}; it is a list of names.", "Name each once, or leave it out.")
    return tuple(dict.fromkeys(value))


def _day(value: Any) -> date | None:
    if value is None or type(value) is date:
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise _bad(
            f"as_of is {value!r}; it is a day such as 2025-09-30.", "Write it as YYYY-MM-DD."
        ) from None


def _bad(message: str, hint: str) -> UserError:
    return UserError("bad_config", message, hint)
