"""The settings of the segments analysis, checked: what a page or a file sends may be anything."""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import Any

from socialml import words
from socialml.errors import UserError

K_LEAST, K_MOST = 2, 10


def checked(values: dict[str, Any], default: Any, features: tuple[str, ...]) -> dict[str, Any]:
    """The fields of a Config from JSON values; a mistake is a UserError with value, bound and way out."""
    fields = {field.name for field in dataclasses.fields(default)}
    for name in values:
        if name not in fields:
            raise _bad(f"There is no setting '{name}'.", f"Use some of: {', '.join(sorted(fields))}.")
    out: dict[str, Any] = {}
    for name in ("k_min", "k_max"):
        out[name] = _whole(name, values.get(name, getattr(default, name)), K_LEAST, K_MOST)
    if out["k_min"] > out["k_max"]:
        raise _bad(
            f"k_min is {out['k_min']}, above k_max, which is {out['k_max']}.", "Lower k_min or raise k_max."
        )
    k = values.get("k", default.k)
    out["k"] = None if k in (None, "auto") else _whole("k", k, out["k_min"], out["k_max"], " Or 'auto'.")
    out["seed"] = _whole("seed", values.get("seed", default.seed), 0, 2**31 - 1)
    out["as_of"] = _day(values.get("as_of"))
    for name, allowed in (("impute", ("mean", "median", "mode")), ("scale", ("zscore", "minmax", "none"))):
        out[name] = values.get(name, getattr(default, name))
        if out[name] not in allowed:
            raise _bad(f"{name} is {out[name]!r}.", f"Choose {words.listed(allowed[:-1])} or {allowed[-1]}.")
    for name, least, most in (("log_skew", 0.0, 100.0), ("clip_iqr", 0.1, 100.0)):
        out[name] = _number(name, values.get(name, getattr(default, name)), least, most)
    out["pca"] = _number("pca", values.get("pca", default.pca), 0.01, 100.0)
    if out["pca"] is not None and out["pca"] >= 1 and out["pca"] != int(out["pca"]):
        raise _bad(
            f"pca is {out['pca']}; it is a whole number of components or a share of variance below 1.",
            "Choose 0.9, or none for all features as they are.",
        )
    wanted = values.get("features")
    if wanted is not None:
        if not isinstance(wanted, list | tuple) or not wanted:
            raise _bad(
                f"features is {wanted!r}; it is a list of features.", "Name at least one, or leave it out."
            )
        for name in wanted:
            if name not in features:
                raise _bad(f"There is no feature {name!r}.", f"Choose from: {', '.join(features)}.")
        wanted = tuple(wanted)
    return out | {"features": wanted}


def _bad(message: str, hint: str) -> UserError:
    return UserError("bad_config", message, hint)


def _whole(name: str, value: Any, least: int, most: int, more: str = "") -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise _bad(
            f"{name} is {value!r}; it is a whole number from {least} to {most}.",
            f"Choose {least} to {most}.{more}",
        )
    return value


def _number(name: str, value: Any, least: float, most: float) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise _bad(
            f"{name} is {value!r}; it is a number from {least:g} to {most:g}.", "Change it, or leave it out."
        )
    return value


def _day(value: Any) -> date | None:
    if value is None or type(value) is date:
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise _bad(
            f"as_of is {value!r}; it is a day such as 2025-09-30.", "Write it as YYYY-MM-DD."
        ) from None
