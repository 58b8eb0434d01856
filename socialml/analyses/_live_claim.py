"""The claim of a live policy: every policy played on users who were not learned from, over refits of the simulator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from socialml.environments.guardrails import Guard
from socialml.environments.live_shopping import LiveShopping, Reward, Totals
from socialml.environments.policies import Policy
from socialml.environments.replay import means, replay
from socialml.environments.rollout import play
from socialml.environments.viewers import Viewers
from socialml.evaluation.uplift import MISFIT, interval, uplift
from socialml.features.impressions import ImpressionLog
from socialml.models import response
from socialml.models.response import Response
from socialml.models.simulator import Simulator
from socialml.progress import Progress, Report, silent

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# A policy for some of the viewers: their rows (k,) -> the policy that plays for them.
Maker = Callable[[Ints], Policy]

SUMS = ("shown", "orders", "amount", "interactions", "came", "offers", "satisfaction", "reward")
METRICS = ("conversion", "interactions", "revenue", "satisfaction", "value")
BEFORE = "logged"
PLAYED = 2_000  # viewers of each refit that are played
ALL_PLAYED = 4_000  # for the middle of the claim
SEEDS = 2  # of that


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What all policies are played by."""

    offers: int
    weeks: int
    slots: int
    reward: Reward | Callable[[int], Reward]
    offers_a_week: int | None = None
    offer_share: float | None = None

    def guard(self) -> Guard:
        return Guard(self.offers_a_week, self.offer_share)


@dataclass(frozen=True, eq=False)
class Draws:
    """Sums a viewer and week of SUMS. whole: (policies, sums, weeks) of all viewers; refits: (r, policies, sums,
    weeks). surveyed: satisfaction is an answer, else the share that comes back."""

    policies: list[str]
    whole: Floats
    refits: Floats
    surveyed: bool
    most_offers: Mapping[str, int]  # that one viewer got in a week, by policy
    chosen: Mapping[str, Floats]  # (n, actions) of the viewers in `rows`, by policy
    rows: Ints

    def metric(self, name: str, policy: str, week: int | None = None) -> tuple[float, Floats]:
        """Of all viewers, and of each refit (r,); of one week or of all."""
        at = self.policies.index(policy)
        return (
            float(metric_of(name, self.whole[at], self.surveyed, week)),
            np.asarray(metric_of(name, self.refits[:, at], self.surveyed, week)),
        )


def draw(
    judges: Judges, makers: Mapping[str, Maker], rules: Rules, refits: int, seed: int, report: Report = silent,
    played: int = PLAYED, all_played: int = ALL_PLAYED,
) -> Draws:  # fmt: skip
    """Play all policies on viewers they were not learned from: in the simulator fitted to these, and in one fitted to
    each resample of them, with all that was shown to them. Nothing of what the policies know is in either."""
    log, rng = judges.log, np.random.default_rng([seed, 91])
    own = judges.own()
    most: dict[str, int] = dict.fromkeys(makers, 0)
    rows = np.sort(rng.permutation(log.n)[: min(log.n, all_played)])
    chosen: dict[str, Floats] = {}
    found = []
    for again in range(SEEDS):
        report(Progress(again, SEEDS + refits, "Playing all policies on viewers not learned from"))
        found.append(_play(judges, own, rows, rows, makers, rules, seed + again, most, chosen))
    draws = []
    for number in range(refits):
        report(Progress(SEEDS + number, SEEDS + refits, f"Judging on resample {number + 1} of {refits}"))
        picked = rng.integers(0, log.n, log.n)
        anew = judges.own(picked, own.response)
        first = np.arange(min(log.n, played))
        draws.append(_play(judges, anew, picked[first], first, makers, rules, seed + SEEDS + number, most))
    return Draws(
        list(makers), np.mean(found, axis=0), np.array(draws), own.response.surveyed, most, chosen, rows
    )


@dataclass(frozen=True, eq=False)
class Judge:
    """A response fitted to viewers, and what the log tells of them by its own reckoning."""

    response: Response
    end: Viewers


@dataclass(frozen=True, eq=False)
class Judges:
    """Users B. seen: what a policy sees of them when the log ends, by the reckoning it was learned with."""

    log: ImpressionLog
    profile: Floats
    seen: Viewers

    def own(self, picked: Ints | None = None, start: Response | None = None) -> Judge:
        """From these viewers (none: all), each as often as it is picked; start: of all of them."""
        log = self.log if picked is None else self.log.of(picked)
        profile = self.profile if picked is None else self.profile[picked]
        replayed = replay(log, profile, means(log))
        return Judge(response.fit(log, replayed, start), replayed.end)


def _play(
    judges: Judges, judge: Judge, rows: Ints, own: Ints, makers: Mapping[str, Maker], rules: Rules, seed: int,
    most: dict[str, int], chosen: dict[str, Floats] | None = None,
) -> Floats:  # fmt: skip
    """(policies, sums, weeks) a viewer. rows: in B, own: the same viewers among the judge's."""
    seen, hidden, out = judges.seen.take(rows), judge.end.take(own), []
    for name, maker in makers.items():
        env = LiveShopping(
            seen, Simulator(judge.response, hidden), rules.offers, weeks=rules.weeks, slots=rules.slots,
            reward=rules.reward, expected=True,
        )  # fmt: skip
        totals = play(env, maker(rows), seed, rules.guard())
        out.append(sums(totals))
        most[name] = max(most[name], int(totals.offers.max()))
        if chosen is not None:
            chosen[name] = chosen.get(name, np.zeros_like(env.chosen)) + env.chosen
    return np.array(out)


def sums(totals: Totals) -> Floats:
    """(sums, weeks) a viewer."""
    return np.array([getattr(totals, name).mean(axis=0) for name in SUMS])


def metric_of(name: str, found: Floats, surveyed: bool, week: int | None) -> Any:
    """(..., sums, weeks) -> (...)."""

    def of(part: str) -> Any:
        values = found[..., SUMS.index(part), :]
        return values.sum(axis=-1) if week is None else values[..., week]

    if name == "conversion":
        return of("orders") / np.maximum(of("shown"), 1e-12)
    if name == "satisfaction":
        weeks = found.shape[-1] if week is None else 1
        return of("satisfaction") / np.maximum(of("shown"), 1e-12) if surveyed else of("came") / weeks
    return of({"interactions": "interactions", "revenue": "amount", "value": "reward", "offers": "offers",
               "shown": "shown"}[name])  # fmt: skip


def claims(draws: Draws) -> pd.DataFrame:
    """policy, metric and the fields of Uplift, of each policy but today's, against today's."""
    rows = []
    for policy in draws.policies:
        for metric in METRICS if policy != BEFORE else ():
            before, befores = draws.metric(metric, BEFORE)
            after, afters = draws.metric(metric, policy)
            rows.append({"policy": policy, "metric": metric, **uplift(before, after, befores, afters).row()})
    return pd.DataFrame(rows)


def ladder(draws: Draws, labels: Mapping[str, str]) -> pd.DataFrame:
    """One row a policy, in the order of `labels`, the simplest first; see live_policy.Result."""
    value = {name: draws.metric("value", name) for name in draws.policies}
    best = max(value, key=lambda name: value[name][0])
    rows = []
    for rank, (name, label) in enumerate(labels.items()):
        gain, behind = value[name][0] - value[BEFORE][0], value[name][0] - value[best][0]
        gain_low, gain_high = interval(gain, value[name][1] - value[BEFORE][1], MISFIT)
        behind_low, behind_high = interval(behind, value[name][1] - value[best][1], MISFIT)
        shown, _ = draws.metric("shown", name)
        rows.append(
            {
                "policy": name, "label": label, "rank": rank,
                **{metric: draws.metric(metric, name)[0] for metric in METRICS},
                "offers": draws.metric("offers", name)[0] / max(shown, 1e-12),
                "gain": gain, "gain_low": gain_low, "gain_high": gain_high,
                "behind": behind, "behind_low": behind_low, "behind_high": behind_high, "level": behind_high >= 0,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def weekly(draws: Draws, policies: list[str]) -> pd.DataFrame:
    """policy, week (from 1), metric, value, difference to today's policy with its interval."""
    rows = []
    for policy in policies:
        for metric in METRICS:
            for week in range(draws.whole.shape[2]):
                before, befores = draws.metric(metric, BEFORE, week)
                after, afters = draws.metric(metric, policy, week)
                low, high = interval(after - before, afters - befores, MISFIT)
                rows.append(
                    {"policy": policy, "week": week + 1, "metric": metric, "value": after,
                     "difference": after - before, "low": low, "high": high}
                )  # fmt: skip
    return pd.DataFrame(rows)
