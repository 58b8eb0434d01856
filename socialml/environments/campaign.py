"""A campaign as a Gymnasium vector environment: cell by cell of channel x phase x tier, how much is booked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray

from socialml.environments.cell import NONE, Choice, Room, choice, room, tables
from socialml.environments.demand import Demand, Demands, one
from socialml.environments.heat import Watch
from socialml.environments.market import Flags, Floats, Ints, Market, concave, within
from socialml.environments.thresholds import Filling, fill

Floats32 = NDArray[np.float32]
Actions = NDArray[np.floating[Any]]
Reading = Literal["threshold", "share"]
READINGS: tuple[Reading, ...] = ("threshold", "share")
LOW, HIGH = -4.5, 2.5  # log of the threshold that an action of 0 and of 1 means, in rates of the market
SPENDS = (0.1, 0.3, 1.0)  # shares of what is available whose worth per yuan is shown
NEAR = 6  # features of the sets next to the base's
POOR = 1e-3  # worth per yuan, in rates of the market, below which it is all the same


class CampaignEnv(VectorEnv):
    """n campaigns in one market, one cell a step, phase by phase, in it channel by channel, in it tier by tier.

    Action: (n, 1) in [0, 1]. 'threshold': of the cell's sets the one of most gain less tau x cost, where tau is
    rate x exp(LOW + a (HIGH - LOW)) and the gain is what comes on top of what water-filling will book in the tiers
    that follow (else the first tier would be booked as if it were alone). 'share': the set whose cost is nearest to
    a x what is available, never above it.
    What is available keeps the budget, the tier's most, and what other tiers' least still needs; in the last cells
    of a tier its own least is filled up.
    Reward: what the score grows by, over the score that divisible creators would bring (`scale`), so that a return
    near 1 is a good plan. expected: with the heat foretold instead of the heat drawn (the same mean, less noise).
    Heat is seen at the end of a phase where something was booked, unless blind; noise: the sd of its log.
    Observation: (n, features), of which the last is `base()`. `open` (n,): the action changes something. All
    campaigns end together (truncation).
    """

    metadata = {"autoreset_mode": AutoresetMode.DISABLED}  # noqa: RUF012 - gymnasium's own attribute

    def __init__(
        self, market: Market, demands: Demands, *, reading: Reading = "threshold", drift: bool = True,
        noise: float = 0.0, expected: bool = True, begin: int = 0, blind: bool = False,
    ) -> None:  # fmt: skip
        self.source, self.market = market, market if drift else market.calm()
        self.reading, self.noise, self.expected, self.begin, self.blind = (
            reading,
            noise,
            expected,
            begin,
            blind,
        )
        self.num_envs = demands.n
        self.rate, self.weight = market.rate(), market.weight()
        self.cells = [
            (phase, channel, tier) for phase in range(begin, len(market.phases))
            for channel in range(len(market.channels)) for tier in range(len(market.tiers))
        ]  # fmt: skip
        self._rng = np.random.default_rng(0)
        self.demands = demands
        phases, channels, tiers = len(market.phases), len(market.channels), len(market.tiers)
        width = 14 + NEAR + phases + 4 * (channels + tiers)
        self.single_observation_space = gym.spaces.Box(-np.inf, np.inf, (width,), np.float32)
        self.single_action_space = gym.spaces.Box(0, 1, (1,), np.float32)
        self.observation_space = gym.vector.utils.batch_space(self.single_observation_space, self.num_envs)
        self.action_space = gym.vector.utils.batch_space(self.single_action_space, self.num_envs)

    def reset(  # type: ignore[override]
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Floats32, dict[str, Any]]:
        """options: 'demands', as many as before; 'heat' (n, channels, phases) instead of drawing it; 'booked'
        (n, m, phases), of which the phases before `begin` are kept; 'seen' (n, channels) log heat of the phase
        before `begin`, nan where unknown."""
        if seed is not None:
            self._rng = np.random.default_rng([seed, 73])
        options = options or {}
        self._begin(options.get("demands", self.demands), options)
        return self._observe(), {}

    def _begin(self, demands: Demands, given: dict[str, Any]) -> None:
        market, n = self.market, self.num_envs
        if demands.n != n:
            raise ValueError(f"{demands.n} demands for {n} campaigns")
        self.tables = tables(self.source, float(2.0 ** np.ceil(np.log2(demands.budget.max()))))
        binds = demands.tier_least * demands.budget[:, None] >= self.tables.first(demands)
        self.demands = replace(demands, tier_least=np.where(binds, demands.tier_least, 0.0))
        self.at = 0
        heat = given.get("heat")
        self.heat: Floats = market.draw_heat(self._rng, n) if heat is None else heat
        self.booked: Flags | None = given.get("booked")
        self.spent = np.zeros((n, len(market.channels), len(market.tiers)))
        if self.booked is not None:
            for i, plan in enumerate(self.booked):
                self.spent[i] = market.spent(plan)[:, : self.begin].sum(axis=1)
        self._pay()
        self.summed = np.zeros((n, *market.capacity.shape))
        self.points = np.full((n, len(self.cells)), NONE, dtype=np.int16)
        self._watch = Watch(market, self.begin - 1, given.get("seen"), self.noise)
        self._foretell()
        self.filling = self._fill(None)
        self.scale = np.maximum(self.filling.value, 0.01 * self.rate * demands.budget)
        self._turn()

    def _fill(self, before: Filling | None) -> Filling:
        return fill(
            self.market, self.tables.curves, self.demands, self.spent, self.foretold,
            self.cells[self.at][0], before,
        )  # fmt: skip

    def step(  # type: ignore[override]
        self, actions: Actions
    ) -> tuple[Floats32, Floats, Flags, Flags, dict[str, Any]]:
        if self.at == len(self.cells):
            raise RuntimeError("the campaigns have ended: reset first")
        phase, channel, tier = self.cells[self.at]
        point = self._decoded(within(np.asarray(actions, dtype=float).reshape(self.num_envs), 0, 1))
        self.points[:, self.at] = point
        heat = (self.foretold if self.expected else self.heat)[:, channel, phase]
        before = self.summed[:, channel, phase].copy()
        after = before + self.choice.gained(point)
        gain = heat * (self._brings(after) - self._brings(before))
        self.summed[:, channel, phase] = after
        self.spent[:, channel, tier] += self.choice.paid(point)
        fine = self._fine
        self._pay()
        reward = (gain + fine - self._fine) / self.scale
        self.at += 1
        over = self.at == len(self.cells)
        if over or self.cells[self.at][0] != phase:
            self._end_phase(phase, over)
        if not over:
            self._turn()
        nobody = np.zeros(self.num_envs, dtype=bool)
        return self._observe(), reward, nobody, nobody | over, {}

    def _pay(self) -> None:
        self.by_tier: Floats = self.spent.sum(axis=1)
        self.left: Floats = np.maximum(self.demands.budget - self.by_tier.sum(axis=1), 0)
        self._fine = self.demands.penalty(self.spent, self.rate)

    def _foretell(self) -> None:
        self.foretold: Floats = np.broadcast_to(self._watch.foretold(), self.heat.shape)

    def _end_phase(self, phase: int, over: bool) -> None:
        if self.market.spread > 0 and not self.blind:
            shown = self.heat[:, :, phase]
            shown = shown * np.exp(self.noise * self._rng.standard_normal(shown.shape))
            self._watch.see(np.where(self.summed[:, :, phase] > 0, shown, np.nan), self.noise)
            self._foretell()
        if not over:
            self.filling = self._fill(self.filling)

    def _brings(self, value: Floats) -> Floats:
        """What summed value in the current channel and phase brings, without heat."""
        phase, channel, _ = self.cells[self.at]
        capacity = self.market.capacity[channel, phase]
        scaled = concave(value / capacity, self.market.bends, self.market.slopes)
        return self.weight[channel, phase] * capacity * scaled

    def _turn(self) -> None:
        """What the next cell allows, its gains, and what water-filling would do."""
        phase, channel, tier = self.cells[self.at]
        ahead = np.full(self.tables.cheapest.shape, len(self.market.phases) - 1 - phase)
        ahead[channel + 1 :] += 1
        ahead[channel, tier + 1 :] += 1
        inside = room(self.tables, self.demands, self.by_tier, self.left, channel, tier, ahead)
        self.open = inside.open
        self.choice = self._choice(inside)
        # Money that is left at the end is worth nothing.
        place = self.at - self.cells.index((self.filling.begin, 0, 0))
        tau = np.where(inside.last, 0.0, self.filling.price(place, self.left))
        shift = self.filling.shift[tier, channel]
        logs = np.log(np.maximum((tau + shift) / self.rate, 1e-12))
        self._base = within((logs - LOW) / (HIGH - LOW), 0, 1)
        point = self.choice.by_threshold(self._tau(self._base))
        cost = self.choice.paid(point)
        self._near = self._steps(place, tau, shift, point)
        if self.reading == "share":
            self._base = np.where(cost > 0, cost / np.maximum(inside.available, 1e-9), 0.0)

    def _after(self, place: int, cost: Floats) -> Floats:
        """(n,) the price of money when this cell has taken cost."""
        if self.at + 1 == len(self.cells):
            return np.zeros(self.num_envs)
        return self.filling.price(place + 1, np.maximum(self.left - cost, 0))

    def _steps(self, place: int, tau: Floats, shift: Floats, point: Ints) -> Floats:
        """(n, NEAR) how far the base's set is from a larger and a smaller one, and what each does to the rest."""
        up, more, down = self.choice.steps(point)
        cost, left = self.choice.paid(point), np.maximum(self.left, 1e-9)
        after = [self._after(place, spent) + shift for spent in (cost, cost + more)]
        own = np.log(np.maximum(tau + shift, POOR * self.rate))
        logs = [np.log(within(rate / self.rate, POOR, 1 / POOR)) + np.log(self.rate) - own
                for rate in (*after, up, down)]  # fmt: skip
        return np.stack([cost / left, more / left, *(within(log, -2, 2) for log in logs)], axis=1)

    def _choice(self, inside: Room) -> Choice:
        phase, channel, tier = self.cells[self.at]
        row = channel * len(self.market.tiers) + tier
        sets = self.tables.ladders
        points = int(np.isfinite(sets.cost[row]).sum())
        cost, value = sets.cost[row, :points], sets.value[row, :points]
        after = self.filling.after[:, tier, channel, phase - self.filling.begin]
        before = (self.summed[:, channel, phase] + after)[:, None]
        worth = self._brings(before + value) - self._brings(before)
        return choice(inside, cost, value, worth * self.foretold[:, channel, phase][:, None])

    def base(self) -> Floats:
        """(n,) the action of water-filling: who follows it fills all cells to one marginal effect per yuan."""
        return self._base

    def _tau(self, action: Floats) -> Floats:
        return self.rate * np.exp(LOW + action * (HIGH - LOW))

    def _decoded(self, action: Floats) -> Ints:
        """(n,) points of the cell's ladder."""
        if self.reading == "threshold":
            return self.choice.by_threshold(self._tau(action))
        return self.choice.by_share(action)

    def _observe(self) -> Floats32:
        market, demands, n = self.market, self.demands, self.num_envs
        phase, channel, tier = self.cells[min(self.at, len(self.cells) - 1)]
        budget, inside = demands.budget, self.choice.room
        channels, phases, tiers = len(market.channels), len(market.phases), len(market.tiers)
        hot = np.zeros((n, phases + channels + tiers))
        hot[:, [phase, phases + channel, phases + channels + tier]] = 1
        rates = [np.log(np.maximum(self.choice.rate(share) / self.rate, POOR)) / 2 for share in SPENDS]
        seen = [
            self.left / budget, np.log(budget / max(market.price.sum(), 1.0)), np.full(n, self.at / len(self.cells)),
            np.log1p(self.summed[:, channel, phase] / market.capacity[channel, phase]),
            np.log(self.foretold[:, channel, phase]), np.log(self.filling.prices.tau / self.rate),
            inside.available / budget, inside.least / budget, inside.open, inside.last, *rates,
        ]  # fmt: skip
        blocks = [
            np.stack(seen, axis=1), hot, demands.channels, self.by_tier / budget[:, None],
            demands.tier_least, demands.tier_most, self.spent.sum(axis=2) / budget[:, None],
            np.log(self.foretold.mean(axis=2)), self._near, self._base[:, None],
        ]  # fmt: skip
        return np.concatenate(blocks, axis=1).astype(np.float32)

    def plan(self, i: int) -> Flags:
        """(m, phases) what campaign i has booked."""
        out = np.zeros((self.market.m, len(self.market.phases)), dtype=bool)
        if self.booked is not None:
            out[:, : self.begin] = self.booked[i][:, : self.begin]
        for (phase, channel, tier), point in zip(self.cells, self.points[i], strict=True):
            if point != NONE:
                out[:, phase] |= self.tables.ladders.chosen(
                    channel * len(self.market.tiers) + tier, int(point)
                )
        return out


def walk(
    market: Market, demand: Demand, act: Callable[[Floats32], Actions] | None = None,
    reading: Reading = "threshold", *, heat: Floats | None = None, seen: Floats | None = None, begin: int = 0,
    booked: Flags | None = None, noise: float = 0.0,
) -> Flags:  # fmt: skip
    """The plan (m, phases) that `act` makes of one campaign; without it, water-filling.

    heat: (channels, phases) what will be, of which each phase shows its own; none: nothing is seen on the way.
    seen: (channels,) log heat of the phase before `begin`, nan where unknown. booked: (m, phases), kept before `begin`.
    """
    env = CampaignEnv(market, one(demand), reading=reading, noise=noise, begin=begin, blind=heat is None)
    given = {"heat": heat, "seen": seen, "booked": booked}
    options = {name: value[None] for name, value in given.items() if value is not None}
    observation, _ = env.reset(seed=0, options=options)
    for _ in env.cells:
        observation, *_ = env.step(env.base()[:, None] if act is None else act(observation))
    return env.plan(0)
