"""The tables of a live policy's result, and what it says in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from socialml.analyses import _live_claim as claim
from socialml.artefacts import Table
from socialml.environments import policies
from socialml.environments.live_shopping import ruled
from socialml.environments.viewers import Viewers
from socialml.evaluation.uplift import MISFIT, interval, reach_of
from socialml.features.impressions import ImpressionLog

if TYPE_CHECKING:
    from socialml.analyses.live_policy import Config

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

PLAIN = "plain"  # the agent without augmentation, beside the one with it
MOST_LONGER = 1_000  # times as long a log is no advice


def green(checked: pd.DataFrame) -> str:
    worst = checked[checked["by"] == "all"]["error"].abs().max()
    return (
        "Today's policy, simulated for viewers it was not learned from, comes within"
        f" {max(worst, 0.001):.1%} of their orders, interactions, revenue and visits."
    )


def needed(claims: pd.DataFrame, policy: str, refits: int, impressions: int) -> dict[str, Any]:
    """half_width_impressions: None where no log could give half the width, as the simulator's own error is wider."""
    row = claims[(claims["policy"] == policy) & (claims["metric"] == "revenue")].iloc[0]
    reach = float(row["high"] - row["low"]) / 2
    fixed = reach_of(MISFIT * abs(float(row["relative"])), refits)
    left = (reach / 2) ** 2 - fixed**2
    more = (
        (reach**2 - fixed**2) / left if left > 0 else np.inf
    )  # what is left to chance falls with the root of the rows
    return {
        "impressions": impressions,
        "width": 2 * reach,
        "half_width_impressions": round(more * impressions) if more < MOST_LONGER else None,
    }


def recommends(
    draws: claim.Draws, told: list[str], segments: Ints, names: list[str], log: ImpressionLog
) -> pd.DataFrame:
    offers, rows = len(log.offers), []
    for policy in told:
        for code, name in enumerate(names):
            counts = draws.chosen[policy][segments == code].sum(axis=0)
            for action, count in enumerate(counts):
                rows.append(
                    {"policy": policy, "segment": name, "category": log.categories[action // offers],
                     "offer": log.offers[action % offers], "share": float(count / max(counts.sum(), 1e-12))}
                )  # fmt: skip
    return pd.DataFrame(rows)


def augmented(draws: claim.Draws, agent: str) -> dict[str, float]:
    with_, withs = draws.metric("value", agent)
    without, withouts = draws.metric("value", PLAIN)
    low, high = interval(with_ - without, withs - withouts)
    return {"with": with_, "without": without, "difference": with_ - without, "low": low, "high": high}


def notes(log: ImpressionLog, config: Config, rules: claim.Rules) -> list[str]:
    notes = []
    if not np.isfinite(log.propensity).any():
        notes.append(
            "The log does not tell the chances of its choices. Today's policy is told from what it chose, and what it"
            " knew of people may count as their taste. Log the chance of each choice from now on."
        )
    if len(log.offers) == 1 and (config.offers_a_week is not None or config.offer_share is not None):
        notes.append("The log holds no offers, so that limits on them change nothing.")
    if not np.isfinite(log.seconds).any():
        notes.append(
            "Nobody measured how long people watched: what they like is told from their orders alone."
        )
    notes.append(
        f"A visit is taken for {rules.slots} recommendations, the mean of the log, and a week for one visit at most."
    )
    return notes


def observation(viewers: Viewers, rule: policies.Policy | None = None) -> NDArray[np.float32]:
    """As LiveShopping gives it at the beginning."""
    seen = np.concatenate([viewers.features(), np.zeros((viewers.n, 2), np.float32)], axis=1)
    return ruled(seen, viewers, rule)


def viewers(
    log: ImpressionLog, viewers: Viewers, segments: Ints, names: list[str], best: str, policy: policies.Policy
) -> Table:
    """user_id, segment, what was seen of them, and what the policy would show next."""
    offers = len(log.offers)
    if isinstance(policy, policies.Logged):
        values = policy.log_chances  # the likeliest, not a draw
    else:
        values = policy.values(viewers, observation(viewers), np.random.default_rng(0))
    by_category = values.reshape(viewers.n, -1, offers)
    order = np.argsort(-by_category.max(axis=2), axis=1, kind="stable")
    first = order[:, 0]
    offer = by_category[np.arange(viewers.n), first].argmax(axis=1)
    bought = np.zeros((viewers.n, len(log.categories)))
    np.add.at(bought, (log.viewer, log.category), np.nan_to_num(log.purchases))
    category = np.asarray([*log.categories, ""], dtype=object)
    none = len(log.categories)
    last = min(2, order.shape[1] - 1)
    present = np.zeros((log.n, log.weeks), dtype=bool)
    present[log.viewer, log.week] = True
    return Table(
        pa.table(
            {
                "user_id": pa.array(log.user_id, pa.string()),
                "segment": pa.array([names[code] for code in segments], pa.string()),
                "weeks_seen": present.sum(axis=1),
                "orders": np.bincount(log.viewer, np.nan_to_num(log.purchases), log.n).astype(np.int64),
                "favourite": pa.array(
                    category[np.where(bought.any(axis=1), bought.argmax(axis=1), none)].tolist(), pa.string()
                ),
                "first": pa.array(category[first].tolist(), pa.string()),
                "first_offer": pa.array([log.offers[code] for code in offer], pa.string()),
                "second": pa.array(category[order[:, 1]].tolist(), pa.string()),
                "third": pa.array(category[order[:, last]].tolist(), pa.string()),
                "policy": pa.repeat(pa.scalar(best), log.n),
            }
        )
    )
