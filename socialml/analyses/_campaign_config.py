"""The settings of a campaign, checked."""

from __future__ import annotations

from typing import Any

from socialml.analyses import _checks as checks
from socialml.environments.market import TIERS

GOALS = ("effect", "sales", "reach")
READINGS = ("threshold", "share")
_WHOLE = {"phases": (1, 12), "refits": (10, 200), "steps": (5, 5_000), "phases_done": (0, 11)}
_PENALTIES = ("hierarchy", "crowding")
MOST_BUDGET = 1e9


def checked(values: dict[str, Any], default: Any) -> dict[str, Any]:
    """The fields of a Config from JSON values; a mistake is a UserError with value, bound and way out."""
    out = checks.fields(values, default)
    out["budget"] = float(checks.number("budget", out["budget"], 0.01, MOST_BUDGET))
    out["goal"] = checks.choice("goal", out["goal"], GOALS)
    out["reading"] = checks.choice("reading", out["reading"], READINGS)
    out["channels"] = list(checks.names("channels", out["channels"]))
    for name, (least, most) in _WHOLE.items():
        out[name] = checks.whole(name, out[name], least, most)
    for name in _PENALTIES:
        out[name] = float(checks.number(name, out[name], 0.0, 10.0))
    for name in ("tier_least", "tier_most"):
        out[name] = _shares(name, out[name], TIERS, 1.0)
    out["realised"] = _shares("realised", out["realised"], None, 100.0)
    out["replan_of"] = checks.text("replan_of", out["replan_of"], "the number of a run")
    if (out["replan_of"] is None) != (out["phases_done"] == 0):
        raise checks.bad(
            f"replan_of is {out['replan_of']!r} with phases_done {out['phases_done']}; they come together.",
            "Name the run to go on from and how many of its phases are over, or neither.",
        )
    out["seed"] = checks.seed(out["seed"])
    return out


def _shares(name: str, value: Any, keys: tuple[str, ...] | None, most: float) -> dict[str, float]:
    """A number for each name. keys: the names there may be; None: any."""
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise checks.bad(f"{name} is {value!r}; it holds a number for each name.", "Such as {'head': 0.3}.")
    for key in value:
        if keys is not None and key not in keys:
            raise checks.bad(f"{name} names {key!r}, which there is not.", f"Choose from: {', '.join(keys)}.")
    return {key: float(checks.number(f"{name} {key}", value[key], 0.0, most)) for key in sorted(value)}
