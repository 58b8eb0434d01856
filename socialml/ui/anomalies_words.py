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


def answer(result: analysis.Result, flagged: int, newest: pd.DataFrame, chance: float) -> str:
    """'458 of 45,801 purchases look wrong. The newest: ...'

    chance: how many would be flagged if nothing were wrong; nan where that cannot be told.
    """
    of = words.plural(result.n_rows, things(result))
    if not flagged:
        return f"None of {of} is flagged at this setting."
    row = newest.iloc[0]
    when = f"{row['ts']:%Y-%m-%d} at {row['ts']:%H:%M}"
    if result.kind == "shop":
        told = f"{words.money(row['amount'], result.currency)} by {row['user_id']} on {when}: {row['reason']}"
    else:
        told = f"{row['series']} on {when}: {row['reason']}"
    if chance >= flagged / 2:
        return (
            f"Hardly anything looks wrong: {words.count(flagged)} of {of} are the most unusual, and chance alone"
            f" would make about {words.count(chance)} as unusual. The newest: {told}."
        )
    return f"{words.count(flagged)} of {of} look{'s' * (flagged == 1)} wrong. The newest: {told}."


def share_of(score: Score | None, digits: int = 1) -> str:
    """'95.4% (93.1 to 97.0)'"""
    if score is None:
        return words.MISSING
    return (
        f"{words.share(score.value, digits)} ({100 * score.low:.{digits}f} to {100 * score.high:.{digits}f})"
    )


def key_figures(result: analysis.Result, rates: Rates, area: Score | None) -> list[parts.KeyFigure]:
    of, most = words.plural(rates.rows, things(result)), rates.flagged / max(rates.rows, 1)
    figures = [
        parts.KeyFigure("Flagged", words.figure(rates.flagged), f"{words.share(most, 2)} of {of}."),
        parts.KeyFigure("Really wrong", *_wrong(rates)),
        parts.KeyFigure("By mistake", *_mistaken(rates)),
    ]
    if rates.basis == "labels":
        auc = words.MISSING if area is None else "> 0.999" if area.value > 0.999 else f"{area.value:.3f}"
        interval = f" 95% interval {area.low:.4f} to {area.high:.4f}." if area else ""
        figures += [
            parts.KeyFigure(
                "Found", _short(rates.recall),
                f"Recall: the share of what is really wrong that is flagged. {_between(rates.recall)}",
            ),
            parts.KeyFigure(
                "ROC AUC", auc,
                f"How often something wrong scores above something right; 0.5 is chance.{interval}",
            ),
        ]  # fmt: skip
    return figures


def _wrong(rates: Rates) -> tuple[str, str]:
    """Precision and what it is from: by few marks as a count, not as a share with digits nobody knows."""
    told = "Precision: the share of the flagged that are really wrong."
    if rates.precision is None:
        return words.MISSING, f"{told} Not known yet: mark some below, or give a list."
    if rates.basis == "labels":
        return _short(
            rates.precision
        ), f"{told} By your list of all that is wrong. {_between(rates.precision)}"
    hits = round(rates.precision.value * rates.looked_at)
    return (
        f"{hits} of {rates.looked_at}",
        f"{told} By the flagged that you have marked. {_between(rates.precision, 0)}",
    )


def _mistaken(rates: Rates) -> tuple[str, str]:
    told, score = (
        "False-positive rate: the share of what is right that is flagged.",
        rates.false_positive_rate,
    )
    if score is None:
        most = words.share(rates.flagged / max(rates.rows, 1), 2)
        return f"≤ {most}", f"{told} It cannot be more than the share flagged."
    if rates.basis == "labels":
        return _short(score, 2), f"{told} By your list of all that is wrong. {_between(score)}"
    return f"≤ {words.share(score.high, 2)}", f"{told} By your marks, taken as typical of the flagged."


def _short(score: Score | None, digits: int = 1) -> str:
    return words.share(score.value, digits) if score else words.MISSING


def _between(score: Score | None, digits: int = 2) -> str:
    if score is None:
        return ""
    return f"95% interval {words.share(score.low, digits)} to {words.share(score.high, digits)}."


def setting(rates: Rates, chance: float) -> str:
    """What the threshold means, beside the published figures. chance: as in `answer`."""
    told = {figure.metric: figure.value for figure in published.figures("anomaly")}
    beside = (
        f" Published (Li 2024, measured on other data): accuracy {told['accuracy']:g}%, false-positive rate"
        f" {told['false positive rate']:g}%."
    )
    if rates.basis == "labels" and rates.false_positive_rate and rates.accuracy:
        return (
            f"Measured by your list: accuracy {share_of(rates.accuracy, 2)}, false-positive rate"
            f" {share_of(rates.false_positive_rate, 2)}." + beside
        )
    if rates.false_positive_rate:
        high = words.share(rates.false_positive_rate.high, 2)
        return (
            f"By the {words.count(rates.looked_at)} flagged that you have marked: at most {high} of what is right is"
            f" flagged (upper end of the 95% interval). Accuracy needs a list of all that is wrong.{beside}"
        )
    most = words.share(rates.flagged / max(rates.rows, 1), 2)
    by_chance = (
        f" If nothing were wrong, chance would flag about {words.count(chance)}." if chance >= 0 else ""
    )
    return f"Without marks or a list only this is sure: at most {most} of what is right is flagged.{by_chance}{beside}"


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
