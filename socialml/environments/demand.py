"""What a campaign asks of its plan: a budget, the channels allowed, bounds of the tiers, and what is frowned upon."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from socialml.environments.market import Flags, Floats, Market
from socialml.errors import UserError

CENT = 1e-6  # of the budget: what summing prices in another order may change
NEARLY = 0.01  # of the budget: creators have whole prices


@dataclass(frozen=True, kw_only=True, eq=False)
class Demand:
    """One campaign's. Bounds are hard, but a least share below the tier's cheapest creator binds nobody (`remarks`);
    hierarchy and crowding cost score, as shares of a middling creator's worth."""

    budget: float  # yuan
    channels: Flags  # (channels,) allowed
    tier_least: Floats  # (tiers,) shares of the budget
    tier_most: Floats  # (tiers,)
    hierarchy: float = 0.1  # for each yuan by which a smaller tier outspends the next larger one
    crowding: float = 0.1  # for each yuan in one channel above most_in_one, where more than one is allowed
    most_in_one: float = 0.6  # share of the budget


@dataclass(frozen=True, kw_only=True, eq=False)
class Demands:
    """n of them: every field of Demand with n in front."""

    budget: Floats  # (n,)
    channels: Flags  # (n, channels)
    tier_least: Floats  # (n, tiers)
    tier_most: Floats
    hierarchy: Floats  # (n,)
    crowding: Floats
    most_in_one: Floats

    @property
    def n(self) -> int:
        return len(self.budget)

    def of(self, i: int) -> Demand:
        return Demand(
            budget=float(self.budget[i]), channels=self.channels[i],
            tier_least=self.tier_least[i], tier_most=self.tier_most[i],
            hierarchy=float(self.hierarchy[i]), crowding=float(self.crowding[i]),
            most_in_one=float(self.most_in_one[i]),
        )  # fmt: skip

    def crowded(self) -> Floats:
        """(n,) yuan in one channel above which crowding costs."""
        return np.where(self.channels.sum(axis=1) > 1, self.most_in_one * self.budget, np.inf)

    def penalty(self, spent: Floats, rate: float) -> Floats:
        """(n,) in units of the goal, of what is spent (n, channels, tiers); rate as Market.rate has it."""
        by_tier = spent.sum(axis=1)
        upside_down = np.maximum(by_tier[:, 1:] - by_tier[:, :-1], 0).sum(axis=1)
        over = np.maximum(spent.sum(axis=2) - self.crowded()[:, None], 0).sum(axis=1)
        return rate * (self.hierarchy * upside_down + self.crowding * over)


def free(market: Market, budget: float) -> Demand:
    """All channels and no bounds."""
    tiers = len(market.tiers)
    return Demand(
        budget=budget, channels=np.ones(len(market.channels), dtype=bool),
        tier_least=np.zeros(tiers), tier_most=np.ones(tiers),
    )  # fmt: skip


def many(demands: list[Demand]) -> Demands:
    names = Demands.__dataclass_fields__
    return Demands(**{name: np.array([getattr(demand, name) for demand in demands]) for name in names})


def one(demand: Demand) -> Demands:
    return many([demand])


def random(
    market: Market, n: int, rng: np.random.Generator, low: float = 20_000, high: float = 1_000_000
) -> Demands:
    """Campaigns to train on. Budgets are log-uniform, cut to what the creators allowed can take; a third have all
    channels and no bounds. Each passes `check`."""
    channels, tiers, phases = len(market.channels), len(market.tiers), len(market.phases)
    cell = (market.channel, market.tier)
    worth, cheapest = np.zeros((channels, tiers)), np.full((channels, tiers), np.inf)
    np.add.at(worth, cell, market.price * phases)
    np.minimum.at(cheapest, cell, np.where(market.price > 0, market.price, np.inf))
    plain = rng.random(n) < 1 / 3
    order = (
        np.where(np.isfinite(cheapest.min(axis=1)), rng.random((n, channels)), 2.0)
        .argsort(axis=1)
        .argsort(axis=1)
    )
    allowed = order < rng.integers(1, channels + 1, n)[:, None]
    allowed[plain] = True
    most = allowed @ worth.sum(axis=1)
    cheapest = np.where(allowed[:, :, None], cheapest, np.inf).min(axis=1)  # (n, tiers)
    least = cheapest.min(axis=1)
    high_end = np.where(most > 0, np.minimum(high, most), high)
    low_end = np.minimum(np.maximum(low, least), high_end)
    budget = np.clip(np.exp(rng.uniform(np.log(low_end), np.log(high_end))), low_end, high_end)
    # A least share is never more than half of what the tier's creators cost, so that a plan exists.
    tier_least = np.where(rng.random((n, tiers)) < 0.25, rng.uniform(0.05, 0.3, (n, tiers)), 0)
    tier_least = np.minimum(tier_least, 0.5 * (allowed @ worth) / budget[:, None])
    tier_most = np.where(rng.random((n, tiers)) < 0.25, rng.uniform(0.3, 0.8, (n, tiers)), 1)
    tier_least[plain], tier_most[plain] = 0, 1
    tier_most[(cheapest > tier_most * budget[:, None]).all(axis=1)] = 1

    def all_of(value: float) -> Floats:
        return np.full(n, value)

    return Demands(
        budget=budget, channels=allowed, tier_least=tier_least, tier_most=np.maximum(tier_least, tier_most),
        hierarchy=all_of(Demand.hierarchy), crowding=all_of(Demand.crowding),
        most_in_one=all_of(Demand.most_in_one),
    )  # fmt: skip


def penalty(market: Market, demand: Demand, spent: Floats) -> float:
    """In units of the goal. spent: (channels, phases, tiers) yuan."""
    return float(one(demand).penalty(spent.sum(axis=1)[None], market.rate())[0])


def score(market: Market, demand: Demand, plan: Flags, heat: Floats | None = None) -> float:
    """What planners maximise: the effect less the penalty."""
    return market.effect(plan, heat) - penalty(market, demand, market.spent(plan))


def feasible(market: Market, demand: Demand, plan: Flags, tolerance: float = CENT) -> str | None:
    """The bound that the plan breaks, as a sentence, or None.

    A least share counts as kept when it is missed by less than the tier's cheapest booking of any worth that is
    left, or by less than NEARLY of the budget.
    """
    slack = tolerance * demand.budget
    cost = market.cost(plan)
    if cost > demand.budget + slack:
        return f"It costs {cost:,.0f}, more than the budget of {demand.budget:,.0f}."
    booked = plan.any(axis=1)
    wrong = booked & ~demand.channels[market.channel]
    if wrong.any():
        return f"It books {market.channels[market.channel[wrong.argmax()]]}, which is not allowed."
    paid = market.spent(plan).sum(axis=(0, 1))
    good = (market.price > 0) & (market.value > 0)
    open_ = demand.channels[market.channel] & good & ~plan.all(axis=1)
    for tier, name in enumerate(market.tiers):
        most, least = demand.tier_most[tier] * demand.budget, demand.tier_least[tier] * demand.budget
        if paid[tier] > most + slack:
            return f"It spends {paid[tier]:,.0f} on {name} creators, more than {most:,.0f}."
        left = market.price[open_ & (market.tier == tier)]
        if left.size and paid[tier] <= least - max(left.min() + slack, NEARLY * demand.budget):
            return f"It spends {paid[tier]:,.0f} on {name} creators, less than {least:,.0f}."
    return None


def check(market: Market, demand: Demand, phases: int | None = None) -> None:
    """Raise UserError where no plan can be made, naming what is in the way."""
    phases = phases or len(market.phases)
    if not demand.budget > 0 or not np.isfinite(demand.budget):
        raise UserError("bad_budget", f"The budget is {demand.budget:,.0f}.", "Give an amount above 0.")
    if not demand.channels.any():
        raise UserError("no_channels", "No channel is allowed.", "Allow at least one channel.")
    _check_bounds(market, demand)
    inside = demand.channels[market.channel]
    allowed = ", ".join(np.array(market.channels)[demand.channels])
    if not inside.any():
        raise UserError("no_creators", f"There is no creator on {allowed}.", "Allow another channel.")
    usable = inside & (demand.tier_most[market.tier] > 0)
    if not usable.any():
        names = " and ".join(market.tiers[tier] for tier in np.unique(market.tier[inside]))
        raise UserError(
            "no_creators", f"All creators on {allowed} are {names}, whose most is 0%.",
            f"Raise the most for {names}, or allow another channel.",
        )  # fmt: skip
    for tier, name in enumerate(market.tiers):
        if not demand.tier_least[tier]:
            continue
        least, prices = demand.tier_least[tier] * demand.budget, market.price[inside & (market.tier == tier)]
        if not prices.size:
            raise UserError(
                "tier_without_creators",
                f"At least {demand.tier_least[tier]:.0%} must go to {name} creators, but there is none on {allowed}.",
                f"Set the least for {name} to 0%, or allow another channel.",
            )
        if prices.sum() * phases < least * (1 - CENT):
            raise UserError(
                "tier_too_small",
                f"At least {least:,.0f} must go to {name} creators, but all on {allowed}, "
                f"booked in all {phases} phases, cost {prices.sum() * phases:,.0f}.",
                f"Lower the least for {name}, or the budget.",
            )
    cheapest = market.price[usable].min()
    if demand.budget < cheapest:
        raise UserError(
            "budget_too_small",
            f"The budget of {demand.budget:,.0f} is below the cheapest creator on {allowed}, at {cheapest:,.0f}.",
            f"Give at least {np.ceil(cheapest):,.0f}, or allow more channels.",
        )
    if (market.price[usable] > (demand.tier_most[market.tier] * demand.budget)[usable]).all():
        tier = int(market.tier[usable][market.price[usable].argmin()])
        raise UserError(
            "bounds_too_tight",
            f"The cheapest {market.tiers[tier]} creator on {allowed} costs {cheapest:,.0f}, "
            f"but at most {demand.tier_most[tier] * demand.budget:,.0f} may go to {market.tiers[tier]} creators.",
            f"Raise the most for {market.tiers[tier]}, or the budget.",
        )


def remarks(market: Market, demand: Demand) -> list[str]:
    """Sentences on least shares that bind nobody, for they are below one creator's price."""
    inside = demand.channels[market.channel] & (market.price > 0)
    out = []
    for tier, name in enumerate(market.tiers):
        least, prices = demand.tier_least[tier] * demand.budget, market.price[inside & (market.tier == tier)]
        if least > 0 and prices.size and least < prices.min():
            out.append(
                f"The least for {name} is {least:,.0f}, below the cheapest {name} creator at {prices.min():,.0f}: "
                f"a plan may have none."
            )
    return out


def _check_bounds(market: Market, demand: Demand) -> None:
    for tier, name in enumerate(market.tiers):
        least, most = demand.tier_least[tier], demand.tier_most[tier]
        if not (0 <= least <= 1 and 0 <= most <= 1):
            raise UserError(
                "bad_share",
                f"The bounds for {name} are {least:.0%} and {most:.0%}.",
                "Shares go from 0% to 100%.",
            )
        if least > most:
            raise UserError(
                "bounds_contradict", f"The least for {name}, {least:.0%}, is above its most, {most:.0%}.",
                f"Lower the least for {name}, or raise its most.",
            )  # fmt: skip
    total = demand.tier_least.sum()
    if total > 1 + CENT:
        parts = " + ".join(
            f"{share:.0%} {name}"
            for name, share in zip(market.tiers, demand.tier_least, strict=True)
            if share
        )
        raise UserError(
            "bounds_contradict", f"The least shares add up to {total:.0%} ({parts}), more than the budget.",
            "Lower one of them.",
        )  # fmt: skip
