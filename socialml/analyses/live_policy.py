"""Live policy: what another choice of recommendations would change, with an interval that holds.

prepare: the log of recommendations, and what is known of its viewers. compute: viewers are split into A and B. All
that chooses (the agent, the rules it is held against, the simulator it is trained in) is learned from A. The claim
is made on B: a simulator fitted on B plays every policy and today's with the same chance, again and again on
resamples of B's viewers with the response fitted anew, so that its interval carries the error of what was learned.
Before that the simulator of A must foretell what B did (its certificate); where it does not, nothing is ranked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from socialml.analyses import _live_agents as agents
from socialml.analyses import _live_config as settings
from socialml.analyses import _live_inputs as reading
from socialml.artefacts import Table
from socialml.progress import Report, silent
from socialml.store import Store

AGENTS = settings.AGENTS


@dataclass(frozen=True, kw_only=True)
class Config:
    agent: str = "dqn"  # one of AGENTS
    weeks: int = 12
    margin: float = 0.35  # of the full price that is kept
    no_order: float = 0.0  # taken off where nothing was bought
    offer_cost: float = 0.0  # of each offer shown, beside its discount
    interaction: float = 0.5  # for each like, comment and share
    coming_back: float = 1.0  # for a viewer who comes again within 7 days
    later: dict[str, float] = field(
        default_factory=dict
    )  # of these weights in the last week; changing evenly
    offers_a_week: int | None = None  # most offers that one viewer gets in a week
    offer_share: float | None = None  # most share of recommendations that carry an offer
    refits: int = 40  # resamples of viewers, with the response fitted anew
    steps: int = 500  # of training, each for all its viewers
    augment: bool = False  # train with made-up viewers too, and tell what that brings
    start_from: str | None = None  # a run whose weights the training goes on from
    as_of: date | None = None  # the last day of the log that counts; None: its last complete one
    seed: int = 0

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Config:
        """A Config from untrusted JSON values; UserError bad_config for each mistake."""
        return cls(**settings.checked(values, cls()))


@dataclass(frozen=True, eq=False)
class Inputs:
    dataset: str
    currency: str
    until: datetime  # exclusive
    weeks: int  # of the log
    categories: list[str]
    offers: list[str]
    rows: Table  # the columns of features.impressions.ImpressionLog
    viewers: Table  # user_id, segment (code), platform (code), hour
    segment_names: list[str]
    platforms: list[str]
    start: list[dict[str, Any]]  # the network to go on from, see _live_agents.stored; empty: none
    start_weights: np.ndarray


@dataclass(frozen=True, eq=False)
class Result:
    """Everything the page shows. Money and interactions are a viewer over the weeks, all from a simulator."""

    dataset: str
    currency: str
    as_of: date  # the last day that counts
    agent: str
    weeks: int
    log_weeks: int
    viewers_a: int
    viewers_b: int
    impressions_a: int
    impressions_b: int
    categories: list[str]
    offers: list[str]
    satisfaction: str  # 'survey' (its mean answer) or 'return' (share that comes back within 7 days: a proxy)
    certificate: pd.DataFrame  # see _live_certificate.certificate
    certified: bool
    certificate_reason: str
    ladder: pd.DataFrame  # see _live_claim.ladder
    winner: str  # the simplest that is as good as the best within its interval; '' where not certified
    winner_label: str
    claims: pd.DataFrame  # policy, metric, and the fields of evaluation.uplift.Uplift
    truth: pd.DataFrame  # of the sample: policy and metrics in the planted world; no rows for other data
    weekly: pd.DataFrame  # see _live_claim.weekly
    needed: dict[str, Any]  # impressions behind the claim, width of its interval, impressions for half of it
    curve: pd.DataFrame  # step, return
    recommends: pd.DataFrame  # policy, segment, category, offer, share
    off_policy: pd.DataFrame  # policy, estimator, value, low, high, logged: worth of a recommendation at once
    off_policy_note: str
    guards: dict[str, Any]  # offers_a_week, offer_share; most_seen and share_seen of the policy that wins
    augmentation: dict[str, Any]  # with, without, difference, low, high; empty where not asked for
    notes: list[str]
    env_steps: int
    train_seconds: float
    refits: int
    net: pd.DataFrame  # see _live_agents.stored
    net_weights: np.ndarray
    states: np.ndarray  # (n, f) what the policy sees of each viewer when the log ends
    segments: np.ndarray  # (n,) codes
    viewers: (
        Table  # user_id, segment, weeks_seen, orders, favourite, first, first_offer, second, third, policy
    )

    def metrics(self) -> dict[str, Any]:
        """What the command line prints, apart from run_id."""
        ladder = self.ladder.to_dict("records")
        shown = self.winner if self.winner not in ("", "logged") else self.agent
        claims = self.claims[self.claims["policy"] == shown].to_dict("records")
        kept = ("before", "after", "absolute", "relative", "low", "high", "p_harm", "better")
        overall = self.certificate[self.certificate["by"] == "all"]
        return {
            "agent": self.agent, "certified": self.certified, "certificate": self.certificate_reason,
            "winner": self.winner or None, "of": shown,
            "policies": {
                row["policy"]: {name: row[name] for name in ("conversion", "interactions", "revenue", "satisfaction",
                                                             "value", "offers", "gain", "gain_low", "gain_high")}
                for row in ladder
            },
            "uplift": {row["metric"]: {name: row[name] for name in kept} for row in claims} if self.certified else {},
            "simulator": dict(zip(overall["metric"], overall["error"].astype(float), strict=True)),
            "truth": self.truth.to_dict("records"), "off_policy": self.off_policy.to_dict("records"),
            "viewers": self.viewers_a + self.viewers_b, "impressions": self.impressions_a + self.impressions_b,
            "needed": self.needed, "env_steps": self.env_steps, "train_seconds": self.train_seconds,
        }  # fmt: skip


def run(store: Store, dataset: str, config: Config | None = None, report: Report = silent) -> Result:
    """Prepare, compute and record in this process; the recorded result."""
    from socialml.analyses import base

    return base.read_result(base.run("live_policy", store, dataset, config or Config(), report))


def prepare(store: Store, dataset: str, config: Config) -> Inputs:
    return Inputs(
        dataset=dataset, currency=store.dataset(dataset).currency, **reading.read(store, dataset, config)
    )


def compute(inputs: Inputs, config: Config, report: Report) -> Result:
    from threadpoolctl import threadpool_limits

    from socialml.analyses import _live_compute as steps
    from socialml.models.threads import one_thread

    # Its products are small: a second thread would wait more than work.
    with threadpool_limits(1), one_thread():
        found = steps.fields(inputs, config, report)
    return Result(
        dataset=inputs.dataset, currency=inputs.currency, as_of=(inputs.until - timedelta(days=1)).date(),
        agent=config.agent, weeks=config.weeks, categories=list(inputs.categories), offers=list(inputs.offers),
        segments=inputs.viewers.read(["segment"])["segment"].to_numpy(),
        **found,
    )  # fmt: skip


def export(result: Result) -> pa.Table:
    """What to show each viewer next, for a spreadsheet."""
    table = result.viewers.read()
    return table.append_column("as_of", pa.repeat(pa.scalar(result.as_of.isoformat()), table.num_rows))


def one(result: Result, user_id: str) -> dict[str, Any] | None:
    """row: of `viewers`; values: category, offer and what the agent thinks of it (money to come, of a PPO its
    preference), from the stored weights. None when not known."""
    users = result.viewers.read(["user_id"])["user_id"].to_pylist()
    if user_id not in users:
        return None
    at = users.index(user_id)
    network = agents.load(result.agent, result.net.to_dict("records"), result.net_weights)
    found = agents.values(result.agent, network, result.states[at : at + 1], result.segments[at : at + 1])[0]
    pairs = [(category, offer) for category in result.categories for offer in result.offers]
    return {
        "row": result.viewers.read().slice(at, 1).to_pylist()[0],
        "values": pd.DataFrame(pairs, columns=["category", "offer"]).assign(value=found.astype(float)),
    }
