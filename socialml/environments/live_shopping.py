"""Live rooms as a Gymnasium vector environment: every viewer one environment, all of them one batch of arrays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray

from socialml.environments.outcome import Noise, Outcome
from socialml.environments.viewers import Viewers

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Responder(Protocol):
    """Whatever answers recommendations: a fitted response, or a planted world."""

    def respond(self, viewers: Viewers, category: Ints, offer: Ints, noise: Noise) -> Outcome: ...
    def expected_outcome(self, viewers: Viewers, category: Ints, offer: Ints) -> Outcome: ...
    def coming(self, viewers: Viewers) -> Floats: ...


@dataclass(frozen=True, kw_only=True)
class Reward:
    """What a recommendation is worth, in currency units."""

    margin: float = 0.35  # of the full price that is kept
    no_order: float = 0.0  # taken off where nothing was bought
    interaction: float = 0.5  # for each like, comment and share
    coming_back: float = 1.0  # for a viewer who comes again in the next week
    offer_discount: float = 0.15  # of the full price that an offer takes off

    def of(self, outcome: Outcome, offer: Ints, here: NDArray[np.bool_]) -> Floats:
        """(n,) without coming back, which is known at the end of the week."""
        full = np.where(offer > 0, outcome.amount / (1 - self.offer_discount), outcome.amount)
        kept = outcome.amount - (1 - self.margin) * full
        return (
            kept + self.interaction * outcome.interactions - self.no_order * (here & (outcome.purchases == 0))
        )


@dataclass(eq=False)
class Totals:
    """What happened since the last reset: (n, weeks) each."""

    shown: Floats
    orders: Floats
    amount: Floats
    interactions: Floats
    came: Floats
    offers: Floats
    reward: Floats


class LiveShopping(VectorEnv):
    """n viewers over some weeks with so many recommendations in each week that they come.

    Observation: (n, features) of Viewers, and how far the time is. Action: category x offers + offer.
    A viewer who is not there gets nothing whatever is chosen. All end together (truncation).
    expected: rewards are the mean of what follows instead of what is drawn; the drawn outcome moves the state.
    """

    metadata = {"autoreset_mode": AutoresetMode.DISABLED}  # noqa: RUF012 - gymnasium's own attribute

    def __init__(
        self, start: Viewers, responder: Responder, offers: int, *, weeks: int = 12, slots: int = 4,
        reward: Reward | Callable[[int], Reward] | None = None, expected: bool = False,
    ) -> None:  # fmt: skip
        self.start, self.responder, self.expected = start, responder, expected
        self.offers, self.weeks, self.slots = offers, weeks, slots
        fixed = reward if isinstance(reward, Reward) else Reward()
        self.reward = reward if callable(reward) else lambda week: fixed
        self.num_envs = start.n
        width = start.features().shape[1] + 2
        self.single_observation_space = gym.spaces.Box(-np.inf, np.inf, (width,), np.float32)
        self.single_action_space = gym.spaces.Discrete(start.categories * offers)
        self.observation_space = gym.vector.utils.batch_space(self.single_observation_space, start.n)
        self.action_space = gym.vector.utils.batch_space(self.single_action_space, start.n)
        self.viewers = start.copy()
        self._rng = np.random.default_rng(0)
        self.week = self.slot = 0
        self.totals = self._nothing()

    def reset(  # type: ignore[override]
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """options: {'start': Viewers} to begin with others, as many as before."""
        if seed is not None:
            self._rng = np.random.default_rng([seed, 71])
        self.viewers = ((options or {}).get("start") or self.start).copy()
        self.week = self.slot = 0
        self.totals = self._nothing()
        self._begin_week()
        return self._observe(), {}

    def step(  # type: ignore[override]
        self, actions: Ints
    ) -> tuple[NDArray[np.float32], Floats, NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        category, offer = np.divmod(np.asarray(actions, dtype=np.int64), self.offers)
        viewers, here, week, rule = self.viewers, self.viewers.here, self.week, self.reward(self.week)
        outcome = self.responder.respond(viewers, category, offer, Noise.draw(self._rng, self.num_envs))
        worth = self.responder.expected_outcome(viewers, category, offer) if self.expected else outcome
        reward = rule.of(worth, offer, here)
        for name, values in (
            ("shown", here), ("orders", outcome.purchases), ("amount", outcome.amount),
            ("interactions", outcome.interactions), ("offers", here & (offer > 0)),
        ):  # fmt: skip
            getattr(self.totals, name)[:, week] += values
        viewers.update(category, offer, outcome)
        self.slot += 1
        if self.slot == self.slots:
            self._begin_week(next_one=True)
            came = self.viewers.here
            reward = reward + rule.coming_back * came
            self.totals.came[:, week] = came
        self.totals.reward[:, week] += reward
        over = np.full(self.num_envs, self.week == self.weeks)
        return self._observe(), reward, np.zeros(self.num_envs, dtype=bool), over, {"outcome": outcome}

    def _begin_week(self, next_one: bool = False) -> None:
        chance = self.responder.coming(self.viewers)
        self.viewers.end_week()
        self.viewers.here = self._rng.random(self.num_envs) < chance
        if next_one:
            self.week, self.slot = self.week + 1, 0

    def _observe(self) -> NDArray[np.float32]:
        time = np.broadcast_to([self.week / self.weeks, self.slot / self.slots], (self.num_envs, 2))
        return np.concatenate([self.viewers.features(), time.astype(np.float32)], axis=1)

    def _nothing(self) -> Totals:
        return Totals(*(np.zeros((self.num_envs, self.weeks)) for _ in range(7)))
