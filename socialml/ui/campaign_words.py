"""What the Campaign budget page says in words: the answer, which plan wins, its key figures, a re-plan."""

from __future__ import annotations

import math

from socialml import words
from socialml.analyses import campaign as analysis
from socialml.figures import campaign as figures
from socialml.figures.live_policy import between, relative
from socialml.ui import parts

LEARNED = "ddpg"
MORE = {"effect": "effect", "sales": "sales", "reach": "reach"}
MEASURED = {
    "effect": "Points: thousands of reads, weighted by the quality of the followers, and likes, comments and shares"
    " (a fiftieth of each, comments twice, shares three times).",
    "sales": "Money that the campaign's bookings sold.",
    "reach": "How often what the campaign's creators publish is read.",
}


def amount(result: analysis.Result, value: float) -> str:
    """Money to three digits: '¥87,300'."""
    return words.money(round(float(f"{value:.3g}"), 2), result.currency)


def answer(result: analysis.Result) -> str:
    """The page's answer, from the numbers: whom to book for what, and what that brings against the usual split."""
    own, goal = result.uplift, MORE[result.goal]
    first = (
        f"For {words.money(result.budget, result.currency)}: book {words.plural(booked(result), 'creator')}"
    )
    if result.replan:
        return f"{first} in all, planned anew after {after(result)}. {_anew(result)}"
    if result.winner == figures.USUAL:
        return f"{first}, as the usual split does: no other plan is better on past campaigns."
    size = f"about {abs(own['relative']):.0%} {'more' if own['relative'] >= 0 else 'less'} {goal}"
    interval = f"{between(own['low'], own['high'])}%"
    if own["better"]:
        return f"{first}; {size} than the usual split ({interval}, forecast)."
    return f"{first}. No gain over the usual split can be claimed: {size} ({interval}, forecast)."


def _anew(result: analysis.Result) -> str:
    own = result.replan
    if result.winner == "static" or own["relative"] == own["low"] == own["high"] == 0:
        return "What it brought changes nothing: the plan as it was is still the best for the rest."
    change = f"{relative(own['relative'], own['low'], own['high'])} {MORE[result.goal]}"
    sure = own["low"] > 0
    return (
        f"Against keeping the old plan the rest brings {change}, forecast."
        if sure
        else f"The old plan may be as good for the rest: {change}, forecast."
    )


def after(result: analysis.Result) -> str:
    """The phases that are over: 'Phase 1'."""
    return words.listed(result.phases[: int(result.replan["phases_done"])])


def booked(result: analysis.Result) -> int:
    """Creators of the recommended plan, each counted once."""
    own = result.bookings.read(["plan", "creator_id"]).to_pandas()
    return int(own[own["plan"] == result.winner]["creator_id"].nunique())


def missed(result: analysis.Result) -> str:
    """Tiers that get less than their least share, as one more booking would be too much; empty where none does."""
    own = result.cells[result.cells["plan"] == result.winner].groupby("tier")["budget"].sum()
    told = []
    for tier, least in zip(result.tiers, result.demand["tier_least"], strict=True):
        share = float(own.get(tier, 0.0)) / result.budget
        if share < least - 0.005:
            told.append(
                f"{figures.TIERS.get(tier, tier)} creators get {share:.0%} of the budget, less than the {least:.0%}"
                " asked for: one more booking would go over what is left or allowed."
            )
    return " ".join(told)


def wins(result: analysis.Result) -> str:
    """Which planner's plan is recommended, and where the learned one (DDPG) stands."""
    own = result.versus.set_index("plan")
    if result.winner == LEARNED:
        others = own.drop(index=["ddpg_base"], errors="ignore")
        nearest = others["difference"].idxmin()
        row = others.loc[nearest]
        said = f"The learned agent (DDPG) wins. Next is {_called(result, nearest)}"
        by = relative(row["difference"], row["low"], row["high"])
        said += (
            f", which it beats by {by.lstrip('+')}."
            if row["low"] > 0
            else f": the distance ({by}) may be chance."
        )
        return f"{said} {_learning(result)}".strip()
    said = f"{_called(result, result.winner).capitalize()} made the plan that is recommended"
    if LEARNED not in own.index:
        return f"{said}."
    row = own.loc[LEARNED]
    by = relative(row["difference"], row["low"], row["high"])
    if row["low"] > 0:
        beside = f"it beats the learned agent (DDPG) by {by.lstrip('+')}"
    elif row["high"] < 0:
        less = relative(-row["difference"], -row["high"], -row["low"]).lstrip("+")
        beside = f"judged by other past campaigns it brings {less} less than the learned agent's (DDPG)"
    elif row["difference"] == row["low"] == row["high"] == 0:
        beside = "the learned agent (DDPG) is the same"
    else:
        beside = f"whether it beats the learned agent (DDPG) may be chance ({by})"
    return f"{said}; {beside}. {_learning(result)}".strip()


def _learning(result: analysis.Result) -> str:
    """What training added to the untrained base."""
    own = result.plans.set_index("plan")
    if LEARNED not in own.index or "ddpg_base" not in own.index:
        return ""
    trained, base = (float(own.loc[name, "score_a"]) for name in (LEARNED, "ddpg_base"))
    if base <= 0:
        return ""
    change = trained / base - 1
    if abs(change) < 0.0005:
        return "Training left the agent as it was before: at its base, the same marginal effect everywhere."
    return f"Training {'added' if change > 0 else 'took'} {abs(change):.1%} {'to' if change > 0 else 'off'} the agent."


def _called(result: analysis.Result, plan: str) -> str:
    return {
        "template": "the usual split", "proportional": "the proportional plan", "greedy": "the greedy plan",
        "water_filling": "water-filling", "solver": "the solver", "ddpg": "the learned agent (DDPG)",
        "ddpg_base": "the agent before it learned",
    }.get(plan, figures.names(result).get(plan, plan))  # fmt: skip


def key_figures(result: analysis.Result) -> list[parts.KeyFigure]:
    own, same, goal = result.uplift, result.same_effect, MORE[result.goal]
    wide, full = own["after_high"] - own["after_low"], figures.usual_cost(result)
    shown = [
        parts.KeyFigure(
            "Gain", f"{own['relative']:+.0%}",
            f"What the plan brings against the usual split of the same money, forecast by a model that did not make the"
            f" plan. {MEASURED[result.goal]} Below: 95% interval.",
            interval=f"{between(own['low'], own['high'])}%",
        ),
        parts.KeyFigure(
            _FIGURE[result.goal], bare(result, own["after"], wide),
            f"Over all {words.plural(len(result.phases), 'phase')}, forecast. The usual split:"
            f" {figures.told(result, own['before'], wide)}. Below: 95% interval.",
            interval=f"{bare(result, own['after_low'], wide)} to {bare(result, own['after_high'], wide)}",
        ),
    ]  # fmt: skip
    if same.get("cost") is not None:
        shown.append(
            parts.KeyFigure(
                "Same effect for" if result.goal == "effect" else f"Same {goal} for", amount(result, same["cost"]),
                f"The least money whose plan brings what the usual split brings for"
                f" {words.money(result.budget, result.currency)}. Below: 95% interval.",
                interval=f"{amount(result, full * same['low'])} to {amount(result, full * same['high'])}",
            )
        )  # fmt: skip
    shown += [
        parts.KeyFigure(
            "Of the possible", of_bound(result.ratio_to_bound),
            "The plan's score as a share of the bound: no plan at all can do better than 100% on the same forecasts.",
        ),
        parts.KeyFigure(
            "Chance of harm", harm(own["p_harm"]), f"That it would bring less {goal} than the usual split."
        ),
    ]  # fmt: skip
    return shown


_FIGURE = {"effect": "Effect (points)", "sales": "Sales", "reach": "Reads"}


def bare(result: analysis.Result, value: float, wide: float) -> str:
    """An amount of the goal without its unit, but for the sign of money."""
    return figures.told(result, value, wide).removesuffix(" points").removesuffix(" reads")


def of_bound(ratio: float) -> str:
    """A share of the bound: 100% only where it is reached."""
    return words.share(math.floor(1_000 * min(ratio, 1.0) + 1e-6) / 1_000)


def harm(chance: float) -> str:
    """A chance from refits: never told as exactly none."""
    return "under 1%" if chance < 0.01 else "over 99%" if chance > 0.99 else words.share(chance, 0)


_BY = {"threshold": "by a limit on what money must bring", "share": "by shares of the money left"}


def trained(result: analysis.Result) -> str:
    told = (
        f"The learned agent (DDPG) saw {words.short(result.env_steps)} simulated decisions in"
        f" {result.train_seconds:.0f} s, over random budgets and demands, so that it answers any budget."
    )
    other = "share" if result.reading == "threshold" else "threshold"
    if result.reading in result.readings:
        told += (
            f" It reaches {result.readings[result.reading]:.0%} of the solver, deciding {_BY[result.reading]}"
        )
        told += (
            f"; {_BY[other]} it reaches {result.readings[other]:.0%}." if other in result.readings else "."
        )
    return told
