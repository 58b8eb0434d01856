"""Small planted campaigns, as an analysis reads them from a store."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from socialml.analyses import _campaign_inputs as reading
from socialml.analyses.campaign import Inputs
from socialml.artefacts import Table
from socialml.features.placements import History
from socialml.sample import creators
from socialml.sample.creators import CampaignWorld


def planted(seed: int, many: int = 300, campaigns: int = 60, **knobs: Any) -> tuple[CampaignWorld, History]:
    """knobs: of `socialml.sample.creators.plant`."""
    rng = np.random.default_rng([seed, 7])
    world = creators.plant(rng, many, **knobs)
    return world, creators.history(rng, world, campaigns)


def inputs(world: CampaignWorld, history: History) -> Inputs:
    offers = world.offers
    return Inputs(
        dataset="planted", currency="CNY", names={name: list(getattr(offers, name)) for name in reading.NAMES},
        offers=Table(pa.table({name: getattr(offers, name) for name in reading.OFFERS})),
        campaigns=history.campaigns, phases=history.phases,
        history=Table(pa.table({name: getattr(history, name) for name in reading.HISTORY})), notes=[], earlier=None,
    )  # fmt: skip
