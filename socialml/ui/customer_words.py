"""What the Customers page says: sentences made from a Result's numbers, and what a threshold earns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt
from typing import Any

import pandas as pd
import pyarrow.compute as pc

from socialml import words
from socialml.analyses.customers import Result
from socialml.evaluation.gaps import gaps
from socialml.figures.customers import enough, positives, units

# Task -> column of `customers` with everybody's chance.
CHANCE = {"purchase": "probability", "high_value": "high_value", "potential": "potential", "churn": "leaving"}
# Task -> (a positive, a negative, what positives will do, what they did in the month of the test).
_NOUNS = {
    "purchase": ("a buyer", "a non-buyer", "will buy", "did"),
    "purchase_high_value": ("a buyer", "a non-buyer", "will buy", "did"),
    "purchase_potential": ("a buyer", "a non-buyer", "will buy", "did"),
    "high_value": ("a high-value customer", "another", "will be high-value", "were"),
    "potential": ("a potential customer", "another", "will be potential customers", "were"),
    "churn": ("a leaver", "one who stays", "will leave", "left"),
}
FAIR = {
    "roc_auc": "Ranked rightly",
    "recall": "Found",
    "precision": "Right among those called",
    "selected": "Called",
}
Z = 1.96  # 95%, both sides


def in_100(value: float | None) -> str:
    """0.937 -> '94 in 100'; what is not all or none is never said to be."""
    if value is None:
        return f"{words.MISSING} in 100"
    whole = round(100 * value)
    if whole == 100 and value < 1:
        return "more than 99 in 100"
    return "fewer than 1 in 100" if whole == 0 and value > 0 else f"{whole} in 100"


def _range(task: dict[str, Any], metric: str) -> str:
    low, high = task[f"{metric}_low"], task[f"{metric}_high"]
    return "" if low is None or high is None else f" ({100 * low:.0f} to {100 * high:.0f})"


def coming(result: Result) -> str:
    """The month that is told: 'in October 2025'."""
    if result.as_of is None:
        return ""
    first = result.as_of + timedelta(days=1)
    return f"in {first:%B %Y}" if first.day == 1 else f"in the month from {first}"


def judged(result: Result) -> str:
    """The month that the test rows come from: 'in September 2025'."""
    cutoff = next((window["cutoff"] for window in result.windows if window["part"] == "test"), None)
    if cutoff is None:
        return ""
    first = date.fromisoformat(cutoff)
    return f"in {first:%B %Y}" if first.day == 1 else f"in the month from {first}"


def called(result: Result, task: dict[str, Any], threshold: float | None = None) -> int | None:
    """How many customers of now have at least this chance (the task's own threshold); None: no such list."""
    column = CHANCE.get(task["task"])
    if column is None or result.kind != "shop" or task["threshold"] is None:
        return None
    least = round(task["threshold"], 2) if threshold is None else threshold  # as the page's slider has it
    return pc.sum(pc.greater_equal(result.customers.read([column])[column], least)).as_py() or 0


def answer(result: Result, task: dict[str, Any]) -> str:
    """The page's answer to one task, from the numbers."""
    if len(task["classes"]) != 2:
        most = task["floor"]["majority"]["accuracy"]
        said = f"Of {_of(result)}, {in_100(task['accuracy'])}{_range(task, 'accuracy')} are put in their right kind"
        said += f"; always naming the most frequent one is right for {round(100 * most)}."
    elif result.kind == "records":
        yes = task["classes"][1]
        said = (
            f"Of the rows called '{yes}', {in_100(task['precision'])}{_range(task, 'precision')} were;"
            f" of all rows, {in_100(task['positive_share'])} are."
        )
    else:
        said = _shop(result, task)
    if task["not_better"]:
        said += " A simple rule ranks them as well: use the rule."
    if asked := [f"'{question['column']}'" for question in open_questions(result)]:
        said += f" {'Was' if len(asked) == 1 else 'Were'} {words.listed(asked)} known before?"
    return said


def open_questions(result: Result) -> list[dict[str, Any]]:
    """Columns that may be known only afterwards; those that name the row are left out without asking."""
    return [question for question in result.questions if question.get("kind") != "id"]


def _of(result: Result) -> str:
    return "the rows" if result.kind == "records" else "the customers"


def _shop(result: Result, task: dict[str, Any]) -> str:
    key, number = task["task"], called(result, task)
    _, _, will, did = _NOUNS[key]
    everybody = words.count(result.n_users)
    chance = f"about {in_100(task['precision'])}{_range(task, 'precision')}"
    base = f"of all, {in_100(task['positive_share'])} {did}"
    if key == "purchase":
        return (
            f"Contact these {words.count(number)} of {everybody} customers: {chance} {will} {coming(result)}, as such"
            f" customers did {judged(result)}; {base}."
        )
    if key == "churn":
        days = result.churn["days"]
        return (
            f"{words.count(number)} of {words.plural(result.churn['active'], 'recent buyer')} are called leavers:"
            f" {chance} will buy nothing for {days} days; {base}."
        )
    if number is not None:
        return (
            f"{words.count(number)} of {everybody} customers are called: {chance} {will} {coming(result)}, as such"
            f" customers were {judged(result)}; {base}."
        )
    whom = "high-value" if key == "purchase_high_value" else "potential"
    return (
        f"Of the {whom} customers who are called, {chance} buy in the month, as they did {judged(result)};"
        f" of all {whom} customers, {in_100(task['positive_share'])} did."
    )


def standing(task: dict[str, Any]) -> str:
    """How well the customers are ranked, beside the best simple rule, in pairs of 100."""
    best = task["floor"]["best"]
    floor = task["floor"][best]["roc_auc"]
    if len(task["classes"]) == 2:
        shown = tuple(f"a '{name}'" for name in reversed(task["classes"]))
        positive, negative = _NOUNS.get(task["task"], shown)[:2]
        said = f"{positive[0].upper()}{positive[1:]} is ranked above {negative} in"
    else:
        said = "Two of different kinds are told apart in"
    said += f" {100 * task['roc_auc']:.0f} of 100 pairs{_range(task, 'roc_auc')}"
    said += f" by the model ({task['model_label']})"
    if best == "majority":
        return f"{said}, by guessing in 50 (ROC AUC)."
    return f"{said}, in {100 * floor:.0f} by the best simple rule ({FLOORS[best]}; ROC AUC)."


FLOORS = {"rfm": "the sum of RFM quintiles", "months": "share of months bought less months since"}
STANDING_HELP = (
    "Take one of each at random: how often does the list put them in the right order? 50 is chance, 100 is never"
    " wrong. This is the area under the ROC curve. In brackets: could be off by (95%)."
)


@dataclass(frozen=True)
class Earned:
    """What contacting everybody from a chance on brings for each 1,000 customers, measured on the test rows."""

    contacted: float  # share
    reached: float  # share of the positives
    earned: float
    of_all: float  # what contacting all brings
    gain: float  # over contacting all, with its 95% interval
    low: float
    high: float


def earned(result: Result, task: str, value: float, cost: float, threshold: float) -> Earned:
    """Sales less contacts. The interval is the normal one of a mean over the test rows."""
    own = result.curves[(result.curves["task"] == task) & (result.curves["curve"] == "gain")]
    inside = own[own["threshold"] >= threshold]
    at, everybody = (inside.iloc[-1] if len(inside) else own.iloc[0]), own.iloc[-1]
    n, hits = float(everybody["n"]), float(everybody["hits"])
    left, missed = n - float(at["n"]), hits - float(at["hits"])
    # Each row that is left out brings its cost back and loses its sale; the others bring no difference.
    mean = (left * cost - missed * value) / n
    square = (missed * (value - cost) ** 2 + (left - missed) * cost**2) / n
    off = Z * sqrt(max(square - mean**2, 0.0) / n)
    return Earned(
        contacted=float(at["n"]) / n,
        reached=float(at["hits"]) / max(hits, 1),
        earned=1000 * (float(at["hits"]) * value - float(at["n"]) * cost) / n,
        of_all=1000 * (hits * value - n * cost) / n,
        gain=1000 * mean,
        low=1000 * (mean - off),
        high=1000 * (mean + off),
    )


def earning(of: Earned, percent: int, number: int | None, result: Result, task: str) -> str:
    """The threshold in a sentence: whom it contacts and what that earns against all and none."""

    def money(amount: float) -> str:
        return words.money(round(amount), result.currency)

    unit = units(result)
    whom = f"{words.count(number)} {unit}" if number is not None else f"{of.contacted:.0%} of the {unit}"
    said = (
        f"From {percent}% on: contact {whom} and reach {in_100(of.reached)} {positives(result, task)}. For each 1,000"
        f" {unit} that earns {money(of.earned)}; contacting none earns {money(0)}, contacting all {money(of.of_all)}."
    )
    if of.contacted == 1:
        return said
    if of.low > 0:
        more = f"{money(of.gain)} more than contacting all ({money(of.low)} to {money(of.high)})"
        return f"{said} The list brings {more}."
    if of.high < 0:
        return f"{said} Contacting all brings {money(-of.gain)} more ({money(-of.high)} to {money(-of.low)})."
    return (
        f"{said} Between the list and all there is no clear difference ({money(of.low)} to {money(of.high)})."
    )


def fair(own: pd.DataFrame, metric: str) -> str:
    """The largest difference between groups with its interval; first those that chance hardly makes."""
    own = enough(own, metric)
    table = gaps(own, (metric,))
    if not len(table):
        return "Too few customers in each group to say anything."
    row = table.sort_values(["apart", "gap"], ascending=False).iloc[0]
    values = own[own["attribute"] == row["attribute"]].set_index("group")[metric]
    said = (
        f"{FAIR[metric]}: {words.share(values[row['high_group']], 0)} for {row['high_group']},"
        f" {words.share(values[row['low_group']], 0)} for {row['low_group']} (by {row['attribute']}), a difference of"
        f" {words.plural(round(100 * row['gap']), 'point')} ({100 * row['low']:.0f} to {100 * row['high']:.0f})"
    )
    if row["apart"]:
        return f"Groups differ. {said}: more than chance makes."
    return f"No group stands apart. The largest difference is no more than chance makes. {said}."
