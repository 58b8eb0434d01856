"""What the Live policy page says in words: the answer, its key figures, a viewer, the training."""

from __future__ import annotations

from typing import Any

from socialml import words
from socialml.analyses import live_policy as analysis
from socialml.figures import live_policy as figures
from socialml.ui import live_settings, parts

_DOES = {
    "random": "Showing anything at random",
    "popular": "Showing everybody what is ordered most",
    "greedy": "Showing what pays best at once",
    "penalty": "Showing what people like and giving it a rest",
    "linucb": "A linear rule that tries things out (LinUCB)",
}


def policies(result: analysis.Result) -> list[str]:
    """Whose claim can be read, the winner's first, then the learned one's. Today's policy has none."""
    return [name for name in dict.fromkeys((result.winner, result.agent)) if name not in ("", "logged")]


def claim(result: analysis.Result, policy: str, metric: str) -> dict[str, Any]:
    own = result.claims
    return own[(own["policy"] == policy) & (own["metric"] == metric)].iloc[0].to_dict()


def gains(result: analysis.Result) -> bool:
    """Whether more revenue than today's, or more worth, can be claimed for the winner."""
    if result.winner in ("", "logged"):
        return False
    # Worth can be below 0, where a relative change has no meaning.
    worth = claim(result, result.winner, "value")["absolute_low"] > 0
    return bool(worth or claim(result, result.winner, "revenue")["better"])


def answer(result: analysis.Result) -> str:
    """The page's answer, from the numbers: who wins and by how much, or that nothing can be claimed."""
    if not result.certified:
        return f"No policy can be ranked on this data yet. {result.certificate_reason}"
    policy = policies(result)[0]
    learned = policy == result.agent
    does = "The learned policy" if learned else f"{_DOES.get(policy, result.winner_label)} (a simple rule)"
    own = claim(result, policy, "revenue")
    by = f"{_between(own)}, simulated"
    if not gains(result):
        change = f"change revenue by {own['relative']:+.0%} ({by})"
        if own["high"] < 0:
            change = f"bring {-own['relative']:.0%} less revenue ({by})"
        return f"No gain over today's policy can be claimed. {does} would {change}."
    if own["better"]:
        sentence = f"{does} would bring {own['relative']:.0%} more revenue than today's policy ({by})."
    else:
        worth = claim(result, policy, "value")
        alone = (
            f"bring {-own['relative']:.0%} less revenue ({_between(own)})"
            if own["high"] < 0
            else "not bring more revenue for certain"
        )
        sentence = (
            f"{does} would be worth {difference(result, worth).lstrip('+')} a viewer more than today's policy by your"
            f" weights, simulated, but {alone}."
        )
    return f"{sentence} {_beside(result)}"


def _beside(result: analysis.Result) -> str:
    """What the learned policy adds to the winner."""
    if result.winner == result.agent:
        return "No simpler rule is as good."
    learned = result.ladder.set_index("policy").loc[result.agent]
    if learned["level"]:
        return "The learned policy is no better."
    return (
        f"The learned policy is worse, by {words.money(-learned['behind'], result.currency)} a viewer over"
        f" {result.weeks} weeks."
    )


def _between(row: dict[str, Any]) -> str:
    return f"{figures.between(row['low'], row['high'])}%"


def key_figures(result: analysis.Result, policy: str) -> list[parts.KeyFigure]:
    shown = []
    if result.certified:
        for metric in ("revenue", "conversion"):
            own = claim(result, policy, metric)
            shown.append(
                parts.KeyFigure(
                    figures.label(result, metric, short=True), f"{own['relative']:+.0%}",
                    f"{figures.label(result, metric)} over {result.weeks} weeks against today's policy, simulated."
                    f" {level(result, own, 'before')} becomes {level(result, own, 'after')}. Below: 95% interval.",
                    interval=_between(own),
                )
            )  # fmt: skip
        gain, interval = difference(result, claim(result, policy, "value")).split(" ", 1)
        shown.append(
            parts.KeyFigure(
                "Worth a viewer", gain,
                f"What it brings by your weights over {result.weeks} weeks, more than today's policy, simulated.",
                interval=interval.strip("()"),
            )
        )  # fmt: skip
        shown.append(
            parts.KeyFigure(
                "Chance of harm", harm(claim(result, policy, "revenue")["p_harm"]),
                "That it would bring less revenue than today's policy.",
            )
        )  # fmt: skip
    whole = result.certificate[result.certificate["by"] == "all"]["error"].abs().max()
    shown.append(
        parts.KeyFigure(
            "Simulator off by", words.share(float(whole), 0),
            "Orders, interactions, revenue or visits of viewers it has not seen, whichever it misses most.",
        )
    )  # fmt: skip
    if not result.certified:
        shown += [
            parts.KeyFigure("Viewers", words.figure(result.viewers_a + result.viewers_b), "In the log."),
            parts.KeyFigure(
                "Recommendations", words.figure(result.impressions_a + result.impressions_b),
                f"In the {words.plural(result.log_weeks, 'week')} of the log.",
            ),
        ]  # fmt: skip
    return shown


def harm(chance: float) -> str:
    """A chance from refits: never told as exactly none."""
    return "under 1%" if chance < 0.01 else "over 99%" if chance > 0.99 else words.share(chance, 0)


def level(result: analysis.Result, own: dict[str, Any], which: str) -> str:
    return figures.told(result, own["metric"], own[which], figures.width(own))


def change(own: dict[str, Any]) -> str:
    """A relative change with its interval; none of a level that is not above 0, as worth with costs can be."""
    return figures.relative(own["relative"], own["low"], own["high"]) if own["before"] > 0 else words.MISSING


def difference(result: analysis.Result, own: dict[str, Any]) -> str:
    """A difference with its interval: '+1.0 points (0.7 to 1.4)', '+¥26 (¥17 to ¥35)'."""
    values = [own[f"absolute{end}"] for end in ("", "_low", "_high")]
    if figures.is_share(result, own["metric"]):
        value, low, high = (100 * value for value in values)
        return f"{value:+.1f} points ({low:.1f} to {high:.1f})"
    told, least, most = (
        figures.told(result, own["metric"], value, values[2] - values[1]) for value in values
    )
    return f"{'+' if values[0] > 0 else ''}{told} ({least} to {most})"


def kept(result: analysis.Result) -> str:
    """The guardrails and that they held."""
    own, told = result.guards, []
    if own.get("offers_a_week") is not None:
        told.append(
            f"At most {words.plural(own['offers_a_week'], 'offer')} a viewer a week were allowed; nobody got more than"
            f" {own['most_seen']}."
        )
    if own.get("offer_share") is not None:
        told.append(
            f"At most {words.share(own['offer_share'], 0)} of a week's recommendations could carry an offer;"
            f" {words.share(own['share_seen'])} did."
        )
    return " ".join(told) or "Offers were not limited; limits can be set below."


def viewer(result: analysis.Result, row: dict[str, Any]) -> str:
    """What one viewer is recommended next, as Markdown. row: of `viewers`."""
    offer = "" if row["first_offer"] in ("", result.offers[0]) else f" with {row['first_offer']}"
    return (
        f"Next for **{parts.plain(row['user_id'])}**: **{parts.plain(row['first'] + offer)}**, then"
        f" {parts.plain(words.listed([row['second'], row['third']]))} ({parts.plain(result.winner_label)})."
        f" Group: {parts.plain(row['segment'])}; seen in {words.plural(row['weeks_seen'], 'week')} with"
        f" {words.plural(row['orders'], 'order')}; favourite: {parts.plain(row['favourite'] or 'none yet')}."
    )


def trained(result: analysis.Result) -> str:
    """How much it trained on, and what made-up viewers changed."""
    told = (
        f"{live_settings.AGENTS[result.agent]}: {words.short(result.env_steps)} simulated recommendations in"
        f" {result.train_seconds:.0f} s, on {words.plural(result.viewers_a, 'viewer')} with"
        f" {words.plural(result.impressions_a, 'recommendation')} in the log."
        " It starts as 'Best at once, with a rest' and leaves that rule only as far as that paid in the simulator."
    )
    own = result.augmentation
    if own:
        wide = own["high"] - own["low"]
        with_, without, change_, low, high = (
            figures.money(own[name], result.currency, wide)
            for name in ("with", "without", "difference", "low", "high")
        )
        told += (
            f" Made-up viewers added to the log: worth {with_} a viewer with them, {without} without; difference"
            f" {change_} ({low} to {high}){'.' if own['low'] > 0 or own['high'] < 0 else ', which may be chance.'}"
        )
    return told
