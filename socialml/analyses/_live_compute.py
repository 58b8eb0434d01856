"""The live policy, computed: learn on users A, claim on users B."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from socialml.analyses import _live_agents as agents
from socialml.analyses import _live_claim as claim
from socialml.analyses import _live_config as settings
from socialml.analyses import _live_inputs as reading
from socialml.analyses import _live_off_policy as off_policy
from socialml.analyses import _live_tables as tables
from socialml.analyses import _live_truth as truth
from socialml.analyses._live_certificate import certificate
from socialml.environments import policies
from socialml.environments.live_shopping import LiveShopping
from socialml.environments.replay import Replay, means, replay
from socialml.errors import UserError
from socialml.features.impressions import ImpressionLog
from socialml.models import response
from socialml.models.response import Response
from socialml.models.simulator import Simulator
from socialml.progress import Progress, Report

if TYPE_CHECKING:
    from socialml.analyses.live_policy import Config, Inputs

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_VIEWERS = 200
LEAST_ROWS = 2_000
LEAST_ORDERS = 60
TRAINED = 1_024  # viewers at once
CHOOSING = 1_000  # viewers on whom the penalty is chosen
LABELS = {
    "logged": "Today's policy", "random": "Random", "popular": "Most popular", "greedy": "Best at once",
    "penalty": "Best at once, with a rest", "linucb": "Linear bandit (LinUCB)",
}  # fmt: skip
AGENTS = {
    "dqn": "Learned policy (DQN)", "ppo": "Learned policy (PPO)", "dqn_by_segment": "Learned policy (a DQN a segment)",
}  # fmt: skip
# How much of the time each step takes, about.
CERTIFIED, LEARNED, JUDGED, TRUE = 0.05, 0.40, 0.94, 0.95


@dataclass(frozen=True, eq=False)
class Half:
    """Users A or B: rows in the whole log, their own log, what is known of them, their replay and its response."""

    rows: Ints
    log: ImpressionLog
    profile: Floats
    replayed: Replay
    fitted: Response


def fields(inputs: Inputs, config: Config, report: Report) -> dict[str, Any]:
    """The fields of Result that are computed. UserError where the log carries no claim."""
    report(Progress(0, 1, "Reading what was shown and what followed"))
    log, profile = reading.log_of(inputs), reading.profile(inputs)
    _enough(log)
    segments = inputs.viewers.read(["segment"])["segment"].to_numpy()
    order = np.random.default_rng([config.seed, 90]).permutation(log.n)
    halves = [np.sort(order[: log.n // 2]), np.sort(order[log.n // 2 :])]
    of = means(log.of(halves[0]))
    a, b = (half(log, profile, rows, of) for rows in halves)
    slots = max(1, round(len(log.viewer) / max(len(np.unique(log.viewer * log.weeks + log.week)), 1)))
    reward = settings.reward(config, _discounts(a))
    chances = policies.logged_chances(log)
    report(Progress(CERTIFIED / 2, 1, "Checking the simulator on viewers it was not learned from"))
    checked, red = certificate(
        b.log, b.profile, of, a.fitted, chances[b.rows], slots, segments[b.rows], inputs.segment_names, config.seed
    )  # fmt: skip
    rules = claim.Rules(
        offers=len(log.offers), weeks=config.weeks, slots=slots, reward=reward,
        offers_a_week=config.offers_a_week, offer_share=config.offer_share,
    )  # fmt: skip
    rule = rested(a, rules, config.seed)
    trained = agents.train(
        config, environment(a, rules, config.seed, TRAINED, rule), segments[a.rows], inputs.start,
        inputs.start_weights, config.augment, _part(report, CERTIFIED, LEARNED),
    )  # fmt: skip
    makers = makers_of(a, rules, rule, chances, config, trained, segments)
    if config.augment:
        plain = agents.train(
            config, environment(a, rules, config.seed, TRAINED, rule), segments[a.rows], inputs.start,
            inputs.start_weights, False, _part(report, CERTIFIED, LEARNED),
        )  # fmt: skip
        makers[tables.PLAIN] = agents.maker(plain, segments, tables.PLAIN, rule)
    draws = claim.draw(
        claim.Judges(b.log, b.profile, b.replayed.end), of_rows(makers, b.rows), rules, config.refits, config.seed,
        _part(report, LEARNED, JUDGED),
    )  # fmt: skip
    labels = {**LABELS, config.agent: AGENTS[config.agent]}
    ladder = claim.ladder(draws, labels)
    level = ladder[ladder["level"]].sort_values("rank")
    winner = str(level["policy"].iloc[0])
    told = list(dict.fromkeys(("logged", config.agent, winner)))
    claims = claim.claims(draws)
    report(Progress(JUDGED, 1, "Estimating from the log alone"))
    estimates, note = off_policy.estimate(
        b.log,
        b.profile,
        of,
        {name: of_rows(makers, b.rows)[name] for name in told if name != "logged"},
        reward,
        slots,
        labels,
    )
    report(Progress(TRUE, 1, "Looking whether this is the sample, whose truth is known"))
    shop = truth.recognised(log)
    rungs = {name: maker for name, maker in makers.items() if name != tables.PLAIN}
    everybody = replay(log, profile, of).end
    everybody.end_week()
    everybody.here[:] = True
    best = "logged" if red else winner
    told_of = config.agent if best == "logged" else best  # today's policy against itself says nothing
    return {
        "log_weeks": log.weeks,
        "viewers_a": a.log.n, "viewers_b": b.log.n,
        "impressions_a": len(a.log.viewer), "impressions_b": len(b.log.viewer),
        "satisfaction": "survey" if draws.surveyed else "return",
        "certificate": checked, "certified": not red,
        "certificate_reason": red or tables.green(checked),
        "ladder": ladder, "winner": "" if red else winner, "winner_label": "" if red else labels[winner],
        "claims": claims[claims["policy"] != tables.PLAIN].reset_index(drop=True),
        "truth": pd.DataFrame(columns=truth.COLUMNS) if shop is None else truth.levels(
            shop, log, profile, of, rungs, rules, labels, draws.surveyed, config.seed
        ),
        "weekly": claim.weekly(draws, told),
        "needed": tables.needed(claims, told_of, config.refits, len(b.log.viewer)),
        "curve": pd.DataFrame(trained.network.curve),
        "recommends": tables.recommends(draws, told, segments[b.rows][draws.rows], inputs.segment_names, log),
        "off_policy": estimates, "off_policy_note": note,
        "guards": {
            "offers_a_week": config.offers_a_week, "offer_share": config.offer_share,
            "most_seen": draws.most_offers[told_of],
            "share_seen": float(ladder.set_index("policy")["offers"][told_of]),
        },
        "augmentation": tables.augmented(draws, config.agent) if config.augment else {},
        "notes": tables.notes(log, config, rules),
        "env_steps": trained.network.env_steps, "train_seconds": round(trained.network.seconds, 2),
        "refits": config.refits,
        **agents.stored(trained.network),
        "states": tables.observation(everybody, rule),
        "viewers": tables.viewers(log, everybody, segments, inputs.segment_names, best, makers[best](np.arange(log.n))),
    }  # fmt: skip


def _enough(log: ImpressionLog) -> None:
    orders = float(np.nansum(log.purchases))
    for have, least, what in (
        (log.n, LEAST_VIEWERS, "viewers"),
        (len(log.viewer), LEAST_ROWS, "recommendations"),
        (orders, LEAST_ORDERS, "orders after a recommendation"),
    ):
        if have < least:
            raise UserError(
                "log_too_small",
                f"The log holds {have:,.0f} {what}; under {least:,} no uplift can be claimed.",
                "Import a longer log, or one of more viewers.",
            )


def half(log: ImpressionLog, profile: Floats, rows: Ints, of: Any) -> Half:
    own = log.of(rows)
    replayed = replay(own, profile[rows], of)
    return Half(rows, own, profile[rows], replayed, response.fit(own, replayed))


def _discounts(a: Half) -> tuple[float, ...]:
    """(offers,) what each offer takes off the price, as the amounts of orders tell it."""
    viewers = a.replayed.end.take(np.arange(min(a.log.n, CHOOSING)))
    zero = np.zeros(viewers.n, dtype=np.int64)
    found = []
    for offer in range(len(a.log.offers)):
        about = [viewers.about(zero, np.full(viewers.n, o), len(a.log.offers)) for o in (offer, 0)]
        logs = [a.fitted.predictors(x)[:, 5].mean() for x in about]
        found.append(float(np.clip(1 - np.exp(logs[0] - logs[1]), 0.0, 0.9)))
    return tuple(found)


def environment(
    a: Half, rules: claim.Rules, seed: int, viewers: int, rule: policies.Policy | None = None
) -> tuple[LiveShopping, Ints]:
    """Of some viewers of A, and their rows in A."""
    picked = np.random.default_rng([seed, 92]).integers(0, a.log.n, viewers)
    if a.log.n >= viewers:
        picked = np.random.default_rng([seed, 92]).permutation(a.log.n)[:viewers]
    env = LiveShopping(
        a.replayed.end.take(picked), Simulator(a.fitted), rules.offers, weeks=rules.weeks, slots=rules.slots,
        reward=rules.reward, expected=True, offers_a_week=rules.offers_a_week, rule=rule,
    )  # fmt: skip
    return env, picked


def rested(a: Half, rules: claim.Rules, seed: int) -> policies.Greedy:
    """The best choice at once with the rest that suits A: a rung of the ladder, and what the agent starts from."""
    env, _ = environment(a, rules, seed, min(CHOOSING, a.log.n))
    penalty = policies.best_penalty(env, a.fitted, rules.reward, seed)
    return policies.Greedy(a.fitted, rules.reward, penalty, rules.weeks, "penalty")


def makers_of(
    a: Half, rules: claim.Rules, rule: policies.Greedy, chances: Floats, config: Config, trained: agents.Trained,
    segments: Ints,
) -> dict[str, claim.Maker]:  # fmt: skip
    """Every rung of the ladder, for rows of the whole log. All that is learned comes from A."""
    fixed: dict[str, policies.Policy] = {
        "random": policies.Random(rules.offers),
        "popular": policies.Popular(a.log),
        "greedy": policies.Greedy(a.fitted, rules.reward, 0.0, rules.weeks),
        "penalty": rule,
        "linucb": policies.LinUCB(a.replayed.about, off_policy.rewards(a.log, rules.reward), rules.offers),
    }
    makers: dict[str, claim.Maker] = {claim.BEFORE: lambda rows: policies.Logged(chances[rows])}
    makers |= {name: _always(policy) for name, policy in fixed.items()}
    makers[config.agent] = agents.maker(trained, segments, config.agent, rule)
    return makers


def of_rows(makers: dict[str, claim.Maker], rows: Ints) -> dict[str, claim.Maker]:
    """The same for rows of a part of the log."""

    def of(maker: claim.Maker) -> claim.Maker:
        return lambda own: maker(rows[own])

    return {name: of(maker) for name, maker in makers.items()}


def _always(policy: policies.Policy) -> claim.Maker:
    return lambda rows: policy


def _part(report: Report, begin: float, end: float) -> Report:
    """A report of a step that takes this part of the whole."""

    def told(progress: Progress) -> None:
        report(Progress(begin + (end - begin) * progress.fraction, 1, progress.message, progress.curve))

    return told
