"""The tables of a campaign's result, and what it says in sentences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from socialml.analyses._campaign_markets import B, Markets, by_cell
from socialml.artefacts import Table
from socialml.environments.demand import Demand
from socialml.environments.market import Flags, Floats, Market
from socialml.features.placements import History, Offers

if TYPE_CHECKING:
    from socialml.analyses.campaign import Config, Inputs


def head(config: Config, market: Market, demand: Demand) -> dict[str, Any]:
    """What was asked for."""
    return {
        "goal": config.goal, "budget": config.budget, "reading": config.reading, "channels": list(market.channels),
        "phases": list(market.phases), "tiers": list(market.tiers),
        "demand": {
            "channels": demand.channels.tolist(), "tier_least": demand.tier_least.tolist(),
            "tier_most": demand.tier_most.tolist(), "hierarchy": demand.hierarchy, "crowding": demand.crowding,
            "most_in_one": demand.most_in_one,
        },
    }  # fmt: skip


def cells_of(market: Market, plan: Flags, heat: Floats) -> pd.DataFrame:
    """channel, phase, tier, budget, creators, value: a row a cell, empty ones too. heat: (channels, phases)."""
    spent, value, count = by_cell(market, plan)
    value = value * heat[:, :, None]
    names = pd.MultiIndex.from_product(
        [market.channels, market.phases, market.tiers], names=["channel", "phase", "tier"]
    )
    columns = {"budget": spent.ravel(), "creators": count.ravel(), "value": value.ravel()}
    return pd.DataFrame(columns, index=names).reset_index()


def cells(markets: Markets, made: Mapping[str, Flags], heat: Floats) -> pd.DataFrame:
    """heat: as Result has it."""
    market = markets.at(B)
    tables = [cells_of(market, plan, heat[B]).assign(plan=name) for name, plan in made.items()]
    return pd.concat(tables, ignore_index=True)


def bookings(
    markets: Markets,
    made: Mapping[str, Flags],
    heat: Floats,
    creator_id: list[str],
    low: Floats,
    high: Floats,
) -> Table:
    """One row a booking. value: what it brings beside the others of its plan, by B; low, high: of one booking (m,),
    made smaller alike."""
    market, parts = markets.at(B), []
    for name, plan in made.items():
        summed = market.summed(plan)
        each = heat[B] * market.weight() * market.saturated(summed) / np.where(summed > 0, summed, 1.0)
        creator, phase = np.nonzero(plan)
        kept = each[market.channel[creator], phase]
        parts.append(
            pa.table(
                {
                    "plan": pa.repeat(pa.scalar(name), len(creator)),
                    "creator_id": pa.array([creator_id[i] for i in creator], pa.string()),
                    "channel": pa.array([market.channels[i] for i in market.channel[creator]], pa.string()),
                    "tier": pa.array([market.tiers[i] for i in market.tier[creator]], pa.string()),
                    "phase": pa.array([market.phases[i] for i in phase], pa.string()),
                    "price": market.price[creator], "value": market.value[creator] * kept,
                    "low": low[creator] * kept, "high": high[creator] * kept,
                }
            )
        )  # fmt: skip
    return Table(pa.concat_tables(parts))


def offers(offers: Offers) -> Table:
    def words(names: list[str], codes: Any) -> pa.Array:
        return pa.array([names[code] for code in codes], pa.string())

    return Table(
        pa.table(
            {
                "creator_id": pa.array(offers.creator_id, pa.string()),
                "channel": words(offers.channels, offers.channel), "tier": words(offers.tiers, offers.tier),
                "followers": offers.followers, "content_type": words(offers.content_types, offers.content_type),
                "category": words(offers.categories, offers.category), "price": offers.price,
            }
        )
    )  # fmt: skip


def notes(inputs: Inputs, config: Config, history: History) -> list[str]:
    notes = list(inputs.notes)
    if not np.isfinite(history.later).any():
        notes.append(
            "The history does not tell what came after a phase had ended, so that nothing is taken to last."
        )
    if config.phases > history.phases:
        notes.append(
            f"Past campaigns had {history.phases} phases: those after the {history.phases}. are taken for like it."
        )
    return notes
