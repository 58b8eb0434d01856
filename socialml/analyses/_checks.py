"""Checks of settings that the analyses share: what a page or a file sends may be anything.

Each takes the setting's name and value, returns the value, or raises UserError bad_config with the value, the
bound and the way out.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from datetime import date
from typing import Any

from socialml.errors import UserError

SEED_MOST = 2**31 - 1


def bad(message: str, hint: str) -> UserError:
    return UserError("bad_config", message, hint)


def fields(values: dict[str, Any], default: Any) -> dict[str, Any]:
    """All fields of the Config `default`, with `values` in place of its own; no other names."""
    own = {field.name: getattr(default, field.name) for field in dataclasses.fields(default)}
    for name in values:
        if name not in own:
            raise bad(f"There is no setting '{name}'.", f"Use some of: {', '.join(sorted(own))}.")
    return own | values


def flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise bad(f"{name} is {value!r}; it is yes or no.", "Choose true or false.")
    return value


def whole(name: str, value: Any, least: int, most: int, more: str = "") -> int:
    """more: a further sentence of the hint."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise bad(
            f"{name} is {value!r}; it is a whole number from {least} to {most}.",
            f"Choose {least} to {most}.{more}",
        )
    return value


def seed(value: Any) -> int:
    return whole("seed", value, 0, SEED_MOST)


def number(name: str, value: Any, least: float, most: float) -> float:
    if not _is_number(value) or not least <= value <= most:
        raise bad(f"{name} is {value!r}; it is a number from {least:g} to {most:g}.", "Change it.")
    return value


def share(name: str, value: Any) -> float:
    """Above 0 and below 1."""
    if not _is_number(value) or not 0 < value < 1:
        raise bad(f"{name} is {value!r}; it is a share between 0 and 1.", "Choose such as 0.6.")
    return float(value)


def choice(name: str, value: Any, allowed: Sequence[str]) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise bad(f"{name} is {value!r}, which there is not.", f"Choose from: {', '.join(allowed)}.")
    return value


def names(name: str, value: Any, allowed: Sequence[str] | None = None) -> tuple[str, ...]:
    """Texts, each kept once."""
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise bad(f"{name} is {value!r}; it is a list of names.", "Name each once, or leave it out.")
    for item in value:
        if allowed is not None and item not in allowed:
            raise bad(f"{name} names {item!r}, which there is not.", f"Choose from: {', '.join(allowed)}.")
    return tuple(dict.fromkeys(value))


def text(name: str, value: Any, what: str) -> str | None:
    """what: what the text names, such as 'the name of a column'. None: not given."""
    if value is not None and (not isinstance(value, str) or not value):
        raise bad(f"{name} is {value!r}; it is {what}.", "Choose one, or leave it out.")
    return value


def day(name: str, value: Any) -> date | None:
    """ISO text becomes a date. None: not given."""
    if value is None or type(value) is date:
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise bad(
            f"{name} is {value!r}; it is a day such as 2025-09-30.", "Write it as YYYY-MM-DD."
        ) from None


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and math.isfinite(value)
