"""The settings of the live policy, checked, and what they make of a recommendation's worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from socialml.analyses import _checks as checks
from socialml.environments.live_shopping import Reward

if TYPE_CHECKING:
    from socialml.analyses.live_policy import Config

AGENTS = ("dqn", "ppo", "dqn_by_segment")
_MONEY = {"margin": (0.0, 1.0), "no_order": (0.0, 1e6), "offer_cost": (0.0, 1e6), "interaction": (0.0, 1e6),
          "coming_back": (0.0, 1e6)}  # fmt: skip
_WHOLE = {"weeks": (1, 26), "refits": (10, 200), "steps": (50, 20_000)}


def checked(values: dict[str, Any], default: Any) -> dict[str, Any]:
    """The fields of a Config from JSON values; a mistake is a UserError with value, bound and way out."""
    out = checks.fields(values, default)
    out["agent"] = checks.choice("agent", out["agent"], AGENTS)
    for name, (least, most) in _WHOLE.items():
        out[name] = checks.whole(name, out[name], least, most)
    for name, (low, high) in _MONEY.items():
        out[name] = float(checks.number(name, out[name], low, high))
    later = out["later"]
    if not isinstance(later, dict) or not set(later) <= set(_MONEY):
        raise checks.bad(
            f"later is {later!r}; it holds values of the last week.", f"Use some of: {', '.join(_MONEY)}."
        )
    out["later"] = {
        name: float(checks.number(f"later {name}", later[name], *_MONEY[name])) for name in sorted(later)
    }
    if out["offers_a_week"] is not None:
        out["offers_a_week"] = checks.whole("offers_a_week", out["offers_a_week"], 0, 1_000)
    if out["offer_share"] is not None:
        out["offer_share"] = float(checks.number("offer_share", out["offer_share"], 0.0, 1.0))
    out["augment"] = checks.flag("augment", out["augment"])
    out["start_from"] = checks.text("start_from", out["start_from"], "the number of a run")
    if out["start_from"] is not None and out["agent"] != "dqn":
        raise checks.bad(
            f"start_from is {out['start_from']!r} with the agent '{out['agent']}'; only a DQN goes on from another.",
            "Choose the agent dqn, or start anew.",
        )
    out["as_of"] = checks.day("as_of", out["as_of"])
    out["seed"] = checks.seed(out["seed"])
    return out


def reward(config: Config, discounts: tuple[float, ...]) -> Reward | Callable[[int], Reward]:
    """discounts: (offers,) share of the price that each takes off."""
    first = Reward(offer_discount=discounts, **{name: getattr(config, name) for name in _MONEY})
    if not config.later:
        return first
    last = replace(first, **config.later)

    def of(week: int) -> Reward:
        share = week / max(config.weeks - 1, 1)
        return replace(
            first, **{n: (1 - share) * getattr(first, n) + share * getattr(last, n) for n in config.later}
        )

    return of
