"""On the sample the truth is known: every policy in the planted world itself, beside one that knows every taste."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from socialml import sample
from socialml.analyses import _live_claim as claim
from socialml.environments import policies
from socialml.environments.live_shopping import LiveShopping
from socialml.environments.outcome import Outcome
from socialml.environments.replay import replay
from socialml.environments.rollout import play
from socialml.environments.viewers import Viewers
from socialml.features.impressions import ImpressionLog
from socialml.sample import model
from socialml.sample.live import Moment, Planted, World

Floats = NDArray[np.float64]

PARAMETERS = Path(__file__).resolve().parents[2] / "sample_data" / "truth" / "parameters.json"
KNOWING, KNOWING_LABEL = "planted", "Knows every taste (planted)"
EPISODES = 2
PENALTIES = (0.0, 0.25, 0.5, 1.0)  # tried for the one that knows every taste
COLUMNS = ["policy", "label", *claim.METRICS]


def recognised(log: ImpressionLog) -> sample.Sample | None:
    """The sample that comes with SocialML, where this is its whole log."""
    parameters = json.loads(PARAMETERS.read_text())
    if len(log.viewer) != parameters["impressions"]:
        return None
    shop = sample.generate(parameters["users"], seed=parameters["seed"], months=parameters["months"])
    same = np.array_equal(np.sort(shop.impressions["seconds"].to_numpy()), np.sort(log.seconds))
    return shop if same else None


def levels(
    shop: sample.Sample, log: ImpressionLog, profile: Floats, of: Any, makers: Mapping[str, claim.Maker],
    rules: claim.Rules, labels: Mapping[str, str], surveyed: bool, seed: int,
) -> pd.DataFrame:  # fmt: skip
    """COLUMNS: what each policy truly brings a viewer of the log over the weeks, with the same chance for all."""
    start = replay(log, profile, of).end
    room = planted(shop, log, start, rules)

    def worth(policy: policies.Policy) -> Floats:
        return np.mean(
            [claim.sums(play(room, policy, seed + i, rules.guard())) for i in range(EPISODES)], axis=0
        )

    found = {name: worth(maker(np.arange(log.n))) for name, maker in makers.items()}
    found[KNOWING] = best(room, rules, worth, lambda each: claim.metric_of("value", each, surveyed, None))
    return pd.DataFrame(
        [
            [
                name,
                labels.get(name, KNOWING_LABEL),
                *(float(claim.metric_of(metric, each, surveyed, None)) for metric in claim.METRICS),
            ]
            for name, each in found.items()
        ],
        columns=COLUMNS,
    )


def best(
    room: LiveShopping,
    rules: claim.Rules,
    worth: Callable[[policies.Policy], Floats],
    value: Callable[[Floats], Any],
) -> Floats:
    """What is earned by choosing the best at once knowing every taste, with the rest that suits it best."""
    knowing = Knowing(room.responder, rules.offers)
    return max(
        (worth(policies.Greedy(knowing, rules.reward, rest, rules.weeks)) for rest in PENALTIES), key=value
    )


def planted(shop: sample.Sample, log: ImpressionLog, start: Viewers, rules: claim.Rules) -> LiveShopping:
    """The planted world where the log leaves its viewers. start: what the log tells of them."""
    world: World = shop.truth.live
    names = np.array(shop.truth.user_id.to_pylist())[world.viewer]
    place = {user: number for number, user in enumerate(names)}
    rows = np.array([place[user] for user in log.user_id])
    end = shop.truth.live_end
    moment = Moment(end.fatigue[rows], end.mood[rows], end.here[rows])
    categories = np.array([model.CATEGORIES.index(name) for name in log.categories])
    return LiveShopping(
        start, Planted(world.of(rows), moment, categories), rules.offers, weeks=rules.weeks, slots=rules.slots,
        reward=rules.reward, expected=True,
    )  # fmt: skip


class Knowing:
    """Expects what the planted world will do, from its hidden moment."""

    def __init__(self, room: Any, offers: int) -> None:
        self.room, self.offers = room, offers

    def expected_all(self, viewers: Viewers) -> Outcome:
        n, c = self.room.world.n, len(self.room.categories)
        actions = [np.divmod(np.full(n, action), self.offers) for action in range(c * self.offers)]
        each = [self.room.expected_outcome(viewers, *action) for action in actions]
        names = Outcome.__dataclass_fields__
        return Outcome(*(np.column_stack([getattr(one, name) for one in each]) for name in names))
