"""Campaign: how to spend a budget over channels, phases and tiers, and what that changes against the usual split.

prepare: the creators' offers and the bookings of past campaigns. compute: past campaigns are split into A and B. The
effect model of A gives the market on which every plan is made and the agent is trained, and on which the recommended
plan is chosen. The claim is made by the effect model of B, refitted on resamples of B's campaigns, so that its interval
carries the error of what was learned. A re-planning run takes the markets of a stored run as they are, learns from
what its first phases really brought, and plans the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from socialml.analyses import _campaign_answers as answers
from socialml.analyses import _campaign_config as settings
from socialml.analyses import _campaign_inputs as reading
from socialml.artefacts import Table
from socialml.environments.campaign import Reading
from socialml.progress import Report, silent
from socialml.store import Store

GOALS = settings.GOALS
READINGS = settings.READINGS


@dataclass(frozen=True, kw_only=True)
class Config:
    budget: float = 100_000.0  # in the dataset's currency
    goal: str = "effect"  # one of GOALS
    channels: list[str] = field(default_factory=list)  # that may be booked; empty: all
    tier_least: dict[str, float] = field(default_factory=dict)  # share of the budget by tier
    tier_most: dict[str, float] = field(default_factory=dict)
    phases: int = 3
    hierarchy: float = 0.1  # weight of the penalty where a smaller tier is given more than a larger one
    crowding: float = 0.1  # of that where one channel is given most of the budget
    reading: Reading = "threshold"  # of the agent's action: one of READINGS
    refits: int = 40  # resamples of past campaigns, with the effect model fitted anew
    steps: int = 60  # of training, each an episode of all its campaigns
    replan_of: str | None = None  # a run whose first phases are over
    phases_done: int = 0  # how many of them
    realised: dict[str, float] = field(
        default_factory=dict
    )  # by channel: what the phases since that run's plan really brought, as a share of what it expected
    seed: int = 0

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Config:
        """A Config from untrusted JSON values; UserError bad_config for each mistake."""
        return cls(**settings.checked(values, cls()))


@dataclass(frozen=True, eq=False)
class Inputs:
    dataset: str
    currency: str
    names: dict[str, list[str]]  # channels, content_types, categories: what the codes mean
    offers: Table  # features.placements.Offers, a row a creator
    campaigns: list[str]
    phases: int  # of the history
    history: Table  # features.placements.History, a row a booking
    notes: list[str]
    earlier: str | None  # the folder of the run to plan on from; None: a new plan


@dataclass(frozen=True, eq=False)
class Result:
    """Everything the page shows. Effects are in `unit`, told by the model of B unless a name says otherwise."""

    dataset: str
    currency: str
    goal: str
    unit: str  # 'points', the currency, or 'reads'
    budget: float
    reading: Reading
    channels: list[str]
    phases: list[str]
    tiers: list[str]  # largest first
    demand: dict[str, Any]  # channels, tier_least, tier_most, hierarchy, crowding, most_in_one: as in Demand
    campaigns_a: int
    campaigns_b: int
    placements: int
    creators: int
    scores: pd.DataFrame  # metric, model, floor: of the effect model on campaigns held out
    predicted: pd.DataFrame  # creator_id, predicted, low, high, real: of single bookings held out
    importances: pd.DataFrame  # column, importance
    plans: pd.DataFrame  # see _campaign_claim.plans
    winner: str
    winner_label: str
    versus: pd.DataFrame  # plan, difference, low, high: the recommended plan less it, relative
    bound: float  # no plan is better on the market of A
    ratio_to_bound: float
    uplift: dict[
        str, Any
    ]  # the fields of evaluation.uplift.Uplift: the recommended plan against the template
    same_effect: dict[str, Any]  # cost, low, high, share of the budget; cost None where no budget gives it
    cells: pd.DataFrame  # plan, channel, phase, tier, budget, creators, value
    bookings: Table  # plan, creator_id, channel, tier, phase, price, value, low, high
    curve: pd.DataFrame  # see _campaign_curve.curve
    curve_plans: np.ndarray  # (50, bytes) packed bits of the recommended plans (m, phases)
    plan_bits: np.ndarray  # (plans, bytes) the same of `plans`, in its order
    replanning: pd.DataFrame  # see _campaign_replanning.simulated
    training: pd.DataFrame  # step, critic_loss, actor_loss, return
    readings: dict[str, float]  # reading -> score of the agent as a share of the solver's
    env_steps: int
    train_seconds: float
    refits: int
    replan: dict[str, Any]  # see _campaign_replanning.fields; empty where nothing is over yet
    heat: (
        np.ndarray
    )  # (2 + refits, channels, phases) what is known of it, as the markets below; 1 where nothing is
    noise: float  # sd of the log of a booking's result
    notes: list[str]
    offers: Table  # creator_id, channel, tier, followers, content_type, category, price; (m,) as below
    # The markets: the first of A, the second of B, the rest of the refits on resamples of B.
    market_channel: np.ndarray  # (m,) codes
    market_tier: np.ndarray
    market_price: np.ndarray
    market_value: np.ndarray  # (2 + refits, m)
    market_low: np.ndarray  # (m,) what one booking brings, 80% interval
    market_high: np.ndarray
    market_suits: np.ndarray  # (2 + refits, channels, phases)
    market_capacity: np.ndarray
    market_bends: np.ndarray  # (2 + refits, k - 1)
    market_slopes: np.ndarray  # (2 + refits, k)
    market_lasting: np.ndarray  # (2 + refits, channels)
    market_drift: np.ndarray  # (2 + refits, 2): keep, spread
    net: pd.DataFrame  # of the actor: layer, rows, columns
    net_weights: np.ndarray

    def metrics(self) -> dict[str, Any]:
        """What the command line prints, apart from run_id."""
        told = self.cells[(self.cells["plan"] == self.winner) & (self.cells["creators"] > 0)]
        return {
            "goal": self.goal, "unit": self.unit, "budget": self.budget, "winner": self.winner,
            "plans": {
                row["plan"]: {name: row[name] for name in ("effect", "effect_low", "effect_high", "cost", "feasible",
                                                           "ratio_to_bound", "gain", "gain_low", "gain_high")}
                for row in self.plans.to_dict("records")
            },
            "uplift": self.uplift, "cost_for_same_effect": self.same_effect,
            "ratio_to_bound": self.ratio_to_bound, "bound": self.bound,
            "plan": told.drop(columns="plan").to_dict("records"),
            "replan": self.replan, "creators": self.creators,
            "campaigns": self.campaigns_a + self.campaigns_b, "placements": self.placements,
            "env_steps": self.env_steps, "train_seconds": self.train_seconds,
        }  # fmt: skip


def run(store: Store, dataset: str, config: Config | None = None, report: Report = silent) -> Result:
    """Prepare, compute and record in this process; the recorded result."""
    from socialml.analyses import base

    return base.read_result(base.run("campaign", store, dataset, config or Config(), report))


def prepare(store: Store, dataset: str, config: Config) -> Inputs:
    return Inputs(
        dataset=dataset, currency=store.dataset(dataset).currency, **reading.read(store, dataset, config)
    )


def compute(inputs: Inputs, config: Config, report: Report) -> Result:
    from threadpoolctl import threadpool_limits

    from socialml.analyses import _campaign_compute as steps

    with threadpool_limits(1):
        found = steps.fields(inputs, config, report)
    return Result(dataset=inputs.dataset, currency=inputs.currency, **found)


def export(result: Result) -> pa.Table:
    """The bookings of the recommended plan, for a spreadsheet."""
    table = result.bookings.read()
    return table.filter(pc.equal(table["plan"], result.winner)).drop_columns(["plan"])


def answer(result: Result, budget: float) -> dict[str, Any]:
    """See _campaign_answers.answer."""
    return answers.answer(result, budget)


def what_if(result: Result, cell: tuple[str, str, str], budget: float) -> dict[str, Any]:
    """See _campaign_answers.what_if."""
    return answers.what_if(result, cell, budget)
