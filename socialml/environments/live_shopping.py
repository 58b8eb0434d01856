"""Live rooms as a Gymnasium vector environment: every viewer one environment, all of them one batch of arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray

from socialml.environments.outcome import Noise, Outcome
from socialml.environments.viewers import BLOCKS, Viewers

Floats = NDArray[np.float64]
Floats32 = NDArray[np.float32]
Ints = NDArray[np.int64]


class Responder(Protocol):
    """Whatever answers recommendations: a fitted response, or a planted world."""

    def respond(self, viewers: Viewers, category: Ints, offer: Ints, noise: Noise) -> Outcome: ...
    def expected_outcome(self, viewers: Viewers, category: Ints, offer: Ints) -> Outcome: ...
    def coming(self, viewers: Viewers) -> Floats: ...


@runtime_checkable
class Remembering(Protocol):
    """A responder with a hidden state of its own, new in each episode."""

    def begin(self, viewers: Viewers, rng: np.random.Generator) -> None: ...


class Rule(Protocol):
    """A policy that needs no learning, as environments/policies.py has them."""

    def values(
        self, viewers: Viewers, observation: Floats32, rng: np.random.Generator
    ) -> NDArray[np.floating]: ...


def opinion(rule: Rule, viewers: Viewers, observation: Floats32) -> Floats32:
    """(n, actions) what the rule thinks of every action if the viewer is here, around the mean of the viewer's."""
    here, viewers.here = viewers.here, np.ones_like(viewers.here)
    found = rule.values(viewers, observation, np.random.default_rng(0))
    viewers.here = here
    found = found - found.mean(axis=1, keepdims=True)
    return found.astype(np.float32)


def beside(observation: Floats32, thought: Floats32 | None, here: NDArray[np.bool_]) -> Floats32:
    """The observation and, where there is one, an opinion; 0 for who is not here: (n, features + actions)."""
    return observation if thought is None else np.concatenate([observation, thought * here[:, None]], axis=1)


def ruled(observation: Floats32, viewers: Viewers, rule: Rule | None) -> Floats32:
    """The observation and, with a rule, its opinion beside it."""
    thought = None if rule is None else opinion(rule, viewers, observation)
    return beside(observation, thought, viewers.here)


@dataclass(frozen=True, kw_only=True)
class Reward:
    """What a recommendation is worth, in currency units."""

    margin: float = 0.35  # of the full price that is kept
    no_order: float = 0.0  # taken off where nothing was bought
    interaction: float = 0.5  # for each like, comment and share
    coming_back: float = 1.0  # for a viewer who comes again in the next week
    offer_discount: float | tuple[float, ...] = 0.15  # of the full price that an offer, or each, takes off
    offer_cost: float = 0.0  # of each offer shown, beside its discount

    def of(self, outcome: Outcome, offer: Ints, here: NDArray[np.bool_]) -> Floats:
        """(n,) or (n, actions), without coming back, which is known at the end of the week."""
        discount = np.asarray(self.offer_discount)
        off = discount[offer] if discount.ndim else discount
        full = np.where(offer > 0, outcome.amount / (1 - off), outcome.amount)
        kept = outcome.amount - (1 - self.margin) * full
        # Chances of an order may stand for orders.
        missed = self.no_order * here * (1 - outcome.purchases) + self.offer_cost * here * (offer > 0)
        return kept + self.interaction * outcome.interactions - missed


@dataclass(eq=False)
class Totals:
    """What happened since the last reset: (n, weeks) each; of expected rewards, what was expected. satisfaction is
    summed over recommendations."""

    shown: Floats
    orders: Floats
    amount: Floats
    interactions: Floats
    came: Floats
    offers: Floats
    satisfaction: Floats
    reward: Floats


class LiveShopping(VectorEnv):
    """n viewers over some weeks with so many recommendations in each week that they come.

    Observation: (n, features) of Viewers, and how far the time is. Action: category x offers + offer.
    A viewer who is not there gets nothing whatever is chosen. All end together (truncation).
    expected: rewards and totals are the mean of what follows instead of what is drawn; the drawn outcome moves the
    state. offers_a_week: the most that one viewer may get; a learner asks `allowed`. rule: observations end with what
    it thinks of every action, in `ruled` columns.
    """

    metadata = {"autoreset_mode": AutoresetMode.DISABLED}  # noqa: RUF012 - gymnasium's own attribute

    def __init__(
        self, start: Viewers, responder: Responder, offers: int, *, weeks: int = 12, slots: int = 4,
        reward: Reward | Callable[[int], Reward] | None = None, expected: bool = False,
        offers_a_week: int | None = None, rule: Rule | None = None,
    ) -> None:  # fmt: skip
        self.rule = rule
        self.start, self.responder, self.expected = start, responder, expected
        self.offers, self.weeks, self.slots, self.offers_a_week = offers, weeks, slots, offers_a_week
        fixed = reward if isinstance(reward, Reward) else Reward()
        self.reward = reward if callable(reward) else lambda week: fixed
        self.num_envs = start.n
        self.ruled = 0 if rule is None else start.categories * offers
        width = start.features().shape[1] + 2 + self.ruled
        self.single_observation_space = gym.spaces.Box(-np.inf, np.inf, (width,), np.float32)
        self.single_action_space = gym.spaces.Discrete(start.categories * offers)
        self.observation_space = gym.vector.utils.batch_space(self.single_observation_space, start.n)
        self.action_space = gym.vector.utils.batch_space(self.single_action_space, start.n)
        self.blocks = BLOCKS  # of one number a category, with which an observation begins
        self.viewers = start.copy()
        self._rng = np.random.default_rng(0)
        self.week = self.slot = 0
        self.totals = self._nothing()
        self.chosen = np.zeros((start.n, start.categories * offers))  # how often since the last reset
        self._given = np.zeros(start.n)  # offers in this week
        self._thought: Floats32 | None = None  # the rule's opinion now

    def allowed(self) -> NDArray[np.bool_] | None:
        """(n, actions) what each viewer may be shown now; None where that is everything."""
        if self.offers_a_week is None:
            return None
        free = np.zeros(self.offers, dtype=bool)
        free[0] = True
        may = free[None, :] | (self._given < self.offers_a_week)[:, None]  # (n, offers)
        return np.tile(may, (1, self.viewers.categories))

    def reset(  # type: ignore[override]
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """options: {'start': Viewers} to begin with others, as many as before."""
        if seed is not None:
            self._rng = np.random.default_rng([seed, 71])
        self.viewers = ((options or {}).get("start") or self.start).copy()
        self.week = self.slot = 0
        self.totals, self.chosen = self._nothing(), np.zeros_like(self.chosen)
        if isinstance(self.responder, Remembering):
            self.responder.begin(self.viewers, self._rng)
        self._begin_week()
        return self._observe(), {}

    def step(  # type: ignore[override]
        self, actions: Ints
    ) -> tuple[NDArray[np.float32], Floats, NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        category, offer = np.divmod(np.asarray(actions, dtype=np.int64), self.offers)
        viewers, here, week, rule = self.viewers, self.viewers.here, self.week, self.reward(self.week)
        # Before anything follows, for what follows changes the moment.
        mean = self.responder.expected_outcome(viewers, category, offer) if self.expected else None
        outcome = self.responder.respond(viewers, category, offer, Noise.draw(self._rng, self.num_envs))
        worth = mean or outcome
        reward = rule.of(worth, offer, here)
        for name, values in (
            ("shown", here), ("orders", worth.purchases), ("amount", worth.amount),
            ("interactions", worth.interactions), ("offers", here & (offer > 0)),
            ("satisfaction", worth.satisfaction),
        ):  # fmt: skip
            getattr(self.totals, name)[:, week] += values
        self.chosen[np.flatnonzero(here), np.asarray(actions)[here]] += 1
        viewers.update(category, offer, outcome)
        self._given += here & (offer > 0)
        self.slot += 1
        if self.slot == self.slots:
            chance = self._begin_week(next_one=True)
            came = chance if self.expected else self.viewers.here
            reward = reward + rule.coming_back * came
            self.totals.came[:, week] = came
        self.totals.reward[:, week] += reward
        over = np.full(self.num_envs, self.week == self.weeks)
        return self._observe(), reward, np.zeros(self.num_envs, dtype=bool), over, {"outcome": outcome}

    def _begin_week(self, next_one: bool = False) -> Floats:
        self._given = np.zeros(self.num_envs)
        chance = self.responder.coming(self.viewers)
        self.viewers.end_week()
        self.viewers.here = self._rng.random(self.num_envs) < chance
        self._chance = chance
        if next_one:
            self.week, self.slot = self.week + 1, 0
        return chance

    def otherwise(self) -> tuple[Floats, NDArray[np.float32]] | None:
        """What might have been seen instead at the beginning of a week, and its chance (n,): who came had not come,
        and the other way round. None within a week."""
        if self.slot:
            return None
        here = self.viewers.here
        self.viewers.here = ~here
        other = beside(self._seen(), self._thought, ~here)
        self.viewers.here = here
        return np.where(here, 1 - self._chance, self._chance), other

    def _observe(self) -> Floats32:
        seen = self._seen()
        self._thought = None if self.rule is None else opinion(self.rule, self.viewers, seen)
        return beside(seen, self._thought, self.viewers.here)

    def _seen(self) -> Floats32:
        time = np.broadcast_to([self.week / self.weeks, self.slot / self.slots], (self.num_envs, 2))
        return np.concatenate([self.viewers.features(), time.astype(np.float32)], axis=1)

    def _nothing(self) -> Totals:
        return Totals(*(np.zeros((self.num_envs, self.weeks)) for _ in range(8)))
