"""What a campaign reads from the store."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from socialml.analyses import base
from socialml.artefacts import Table
from socialml.errors import UserError
from socialml.features import placements
from socialml.features.placements import History, Offers
from socialml.store import Run, Store

if TYPE_CHECKING:
    from socialml.analyses.campaign import Config, Inputs

NAMES = ("channels", "tiers", "content_types", "categories")
OFFERS = [field.name for field in dataclasses.fields(Offers) if field.name not in NAMES]
HISTORY = [field.name for field in dataclasses.fields(History) if field.name not in ("campaigns", "phases")]


def read(store: Store, dataset: str, config: Config) -> dict[str, Any]:
    """The fields of Inputs. UserError of the missing table, no_such_channel, no_such_run, other_data."""
    with store.read() as con:
        offers, history, notes = placements.take(
            con, store.creators(con, dataset), store.placements(con, dataset)
        )
    for name in (*config.channels, *config.realised):
        if name not in offers.channels:
            raise UserError(
                "no_such_channel",
                f"No creator of '{dataset}' is on the channel '{name}'.",
                f"Choose from: {', '.join(offers.channels)}.",
            )
    run = None if config.replan_of is None else _earlier(store, dataset, config.replan_of, config)
    return {
        "names": {name: list(getattr(offers, name)) for name in NAMES},
        "offers": Table(pa.table({name: getattr(offers, name) for name in OFFERS})),
        "campaigns": list(history.campaigns), "phases": history.phases,
        "history": Table(pa.table({name: getattr(history, name) for name in HISTORY})),
        "notes": list(notes), "earlier": None if run is None else str(run.folder),
    }  # fmt: skip


def taken(inputs: Inputs) -> tuple[Offers, History]:
    """As the store gave them."""
    offers, history = inputs.offers.read(), inputs.history.read()
    columns: dict[str, Any] = {name: offers[name].to_numpy() for name in OFFERS if name != "creator_id"}
    return (
        Offers(creator_id=offers["creator_id"].to_pylist(), **inputs.names, **columns),  # type: ignore[arg-type]
        History(
            campaigns=inputs.campaigns, phases=inputs.phases,
            **{name: history[name].to_numpy() for name in HISTORY},
        ),
    )  # fmt: skip


def _earlier(store: Store, dataset: str, number: str, config: Config) -> Run:
    """The run to plan on from."""
    run = store.run(number)
    if run.analysis != "campaign":
        raise UserError(
            "no_such_run", f"Run '{number}' planned no campaign.", "Choose one of the runs of this dataset."
        )
    if run.dataset != dataset:
        raise UserError(
            "other_data",
            f"Run {number} planned for '{run.dataset}', not for '{dataset}'.",
            f"Choose a run of '{dataset}', or plan anew.",
        )
    phases = int(run.config["phases"])
    if config.phases_done >= phases:
        raise UserError(
            "campaign_over",
            f"{config.phases_done} phases are over and run {number} has {phases}: nothing is left to plan.",
            "Enter fewer phases, or plan a new campaign.",
        )
    base.read_result(run)  # its files may be gone: told before a job is started
    return run
