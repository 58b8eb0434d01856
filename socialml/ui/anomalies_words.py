"""Sentences and key figures of the Anomalies page."""

from __future__ import annotations

import pandas as pd

from socialml import published, words
from socialml.analyses import anomalies as analysis
from socialml.analyses._anomalies_judge import Rates
from socialml.evaluation.scores import Score
from socialml.ui import parts


def things(result: analysis.Result) -> str:
    return "purchase" if result.kind == "shop" else "point"


def answer(result: analysis.Result, rates: Rates, newest: pd.DataFrame, chance: float) -> str:
    """'458 of 45,801 purchases look wrong. The newest: ...'

    chance: how many would be flagged if nothing were wrong; nan where that cannot be told.
    """
    flagged, of = rates.flagged, words.plural(result.n_rows, things(result))
    if not flagged:
        return f"None of {of} is flagged at this setting."
    row, one = newest.iloc[0], flagged == 1
    when = f"{row['ts']:%Y-%m-%d} at {row['ts']:%H:%M}"
    if result.kind == "shop":
        told = f"{words.money(row['amount'], result.currency)} by {row['user_id']} on {when}: {row['reason']}"
    else:
        told = f"{row['series']} on {when}: {row['reason']}"
    if rates.basis == "labels" and rates.precision:
        hits = round(rates.precision.value * flagged)
        how = f"{words.count(flagged)} of {of} {'is' if one else 'are'} flagged, and {words.count(hits)} of them"
        how += f" {'is' if hits == 1 else 'are'} really wrong."
    elif chance >= flagged / 2:
        how = (
            f"Hardly anything looks wrong: {words.count(flagged)} of {of} are the most unusual, and chance alone"
            f" would make about {words.count(chance)} as unusual."
        )
    elif chance >= 0:
        how = f"{words.count(flagged)} of {of} look{'s' * one} wrong."
    else:
        how = f"{words.count(flagged)} of {of} stand{'s' * one} out most."
    return f"{how} The newest: {told}."


def share_of(score: Score | None, digits: int = 1) -> str:
    """'95.4% (93.1 to 97.0)'"""
    if score is None:
        return words.MISSING
    return (
        f"{words.share(score.value, digits)} ({100 * score.low:.{digits}f} to {100 * score.high:.{digits}f})"
    )


def key_figures(
    result: analysis.Result, rates: Rates, area: Score | None, chance: float, by: str
) -> list[parts.KeyFigure]:
    """chance: as in `answer`; by: what judges, such as 'your list'."""
    of, most = words.plural(rates.rows, things(result)), rates.flagged / max(rates.rows, 1)
    figures = [
        parts.KeyFigure(
            "Flagged", words.figure(rates.flagged), f"The most unusual of {of}, as many as the slider says.",
            interval=f"{100 * most:.2g}% of {words.figure(rates.rows)}",
        )
    ]  # fmt: skip
    if rates.basis == "labels":
        return [
            *figures,
            _measured("Really wrong", rates.precision, f"Precision: the share of the flagged that are wrong, by {by}."),
            _measured(
                "Found", rates.recall, f"Recall: the share of what is wrong, by {by}, that is flagged."
            ),
            _measured(
                "By mistake", rates.false_positive_rate,
                f"False-positive rate: the share of what is right, by {by}, that is flagged.", 2,
            ),
            parts.KeyFigure(
                "ROC AUC", words.MISSING if area is None else "> 0.999" if area.value > 0.999 else f"{area.value:.3f}",
                "How often something wrong scores above something right; 0.5 is chance.",
                interval=f"{area.low:.3f} to {area.high:.3f}" if area else "",
            ),
        ]  # fmt: skip
    if chance >= 0:
        figures.append(
            parts.KeyFigure(
                "By chance alone", f"≈ {words.figure(round(chance))}",
                f"How many {things(result)}s would be as unusual if nothing were wrong.", interval="if all were right",
            )
        )  # fmt: skip
    return [*figures, _wrong(rates), _mistaken(rates)]


def _measured(label: str, score: Score | None, told: str, digits: int = 1) -> parts.KeyFigure:
    if score is None:
        return parts.KeyFigure(label, words.MISSING, told)
    digits = digits if score.high - score.low < 0.1 else 0
    low, high = (f"{100 * bound:.{digits}f}" for bound in (score.low, score.high))
    return parts.KeyFigure(label, words.share(score.value, digits), told, interval=f"{low} to {high}%")


def _wrong(rates: Rates) -> parts.KeyFigure:
    """Precision by few marks: as a count, not as a share with digits nobody knows."""
    told = "Precision: the share of the flagged that are really wrong"
    if rates.precision is None:
        return parts.KeyFigure("Really wrong", words.MISSING, f"{told}.", interval="mark some below")
    hits = round(rates.precision.value * rates.looked_at)
    low, high = (f"{100 * bound:.0f}" for bound in (rates.precision.low, rates.precision.high))
    return parts.KeyFigure(
        "Really wrong", f"{hits} of {rates.looked_at}", f"{told}, by those that you have marked.",
        interval=f"{low} to {high}% of the flagged",
    )  # fmt: skip


def _mistaken(rates: Rates) -> parts.KeyFigure:
    told = "False-positive rate: the share of what is right that is flagged."
    score = rates.false_positive_rate
    most = rates.flagged / max(rates.rows, 1) if score is None else score.high
    how = "It cannot be more than the share flagged." if score is None else "By your marks, taken as typical."
    return parts.KeyFigure(
        "By mistake", f"≤ {words.share(most, 2)}", f"{told} {how}", interval="of what is right"
    )


def setting(rates: Rates, by: str) -> str:
    """What is known at this threshold, beside the published figures. by: as in `key_figures`."""
    told = {figure.metric: figure.value for figure in published.figures("anomaly")}
    beside = (
        f" Published (Li 2024, measured on other data): accuracy {told['accuracy']:g}%, false-positive rate"
        f" {told['false positive rate']:g}%."
    )
    if rates.basis == "labels" and rates.false_positive_rate and rates.accuracy:
        return (
            f"Measured by {by}: accuracy {share_of(rates.accuracy, 2)}, false-positive rate"
            f" {share_of(rates.false_positive_rate, 2)}." + beside
        )
    if rates.false_positive_rate:
        high = words.share(rates.false_positive_rate.high, 2)
        return (
            f"By the {words.count(rates.looked_at)} flagged that you have marked: at most {high} of what is right is"
            f" flagged (upper end of the 95% interval). Accuracy needs a list of all that is wrong.{beside}"
        )
    most = words.share(rates.flagged / max(rates.rows, 1), 2)
    return f"Without marks or a list only this is sure: at most {most} of what is right is flagged.{beside}"


def act(result: analysis.Result, stake: tuple[float, float] | None) -> str:
    """What to do with what is flagged. stake: analysis.at_stake, for purchases."""
    if stake is None:
        return (
            "Look at what happened at the flagged times before you believe a report that holds them: a campaign, a"
            " fault of the counter, or traffic that is not human."
        )
    paid, above = (words.short_money(amount, result.currency) for amount in stake)
    more = f", {above} more than was expected of their customers" if stake[1] > 0 else ""
    return (
        f"The flagged purchases are worth {paid}{more}. Hold those that are not shipped yet, and ask the customer when"
        " the amount, the hour and the device are all unusual."
    )


def list_told(found: analysis.Matched, of: str) -> str:
    """'458 purchases of your list found; 2 rows of it name none.'"""
    told = f"{words.plural(len(found.keys), of)} of your list found"
    verb = "names" if found.missed == 1 else "name"
    told += f"; {words.plural(found.missed, 'row')} of it {verb} none." if found.missed else "."
    if found.shared_by:
        told += f" It names no series, so a time counts in each of the {found.shared_by}."
    return told


def months(result: analysis.Result) -> str:
    """Who told what a month should bring, and how far off that is."""
    about = result.month_score
    errors, of = about["mean_errors"], f"{about['from'][:7]} to {about['until'][:7]}"
    rule = words.money(round(errors["rule"]), result.currency)
    if errors["lstm"] is None:
        return (
            f"Net spend of each customer in {of} against the mean of their months before, times the season. It is off"
            f" by {rule} a month on average."
        )
    net = words.money(round(errors["lstm"]), result.currency)
    told = f"On customers it had not learned from, the LSTM is off by {net} a month on average, a simple rule by {rule}"
    used = "." if about["model"] == "lstm" else ", so the rule is used."
    return f"Net spend of each customer in {of} against what their months before let expect. {told}{used}"
