"""What is to be predicted: the six tasks of Table 2 (Li 2024), churn, or a column of any table.

Labels are made from the outcomes after the cutoff, features from what was before it. Income is in the label of
a high-value customer, so it is no feature of the tasks that look for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from socialml import words
from socialml.errors import UserError
from socialml.features.cutoffs import KNOWN

if TYPE_CHECKING:
    from socialml.analyses.customers import Config

# Task -> its name in Table 2.
PUBLISHED = {
    "customer_class": "Customer Classification",
    "high_value": "High-Value Customer Identification",
    "potential": "Potential Customer Identification",
    "purchase": "Purchase Prediction",
    "purchase_high_value": "High-Value Customer Purchase Prediction",
    "purchase_potential": "Potential Customer Purchase Prediction",
}
LABELS = {
    "customer_class": "Kind of customer next month",
    "high_value": "Will be a high-value customer",
    "potential": "Will be a potential customer",
    "purchase": "Will buy next month",
    "purchase_high_value": "High-value customers: will buy next month",
    "purchase_potential": "Potential customers: will buy next month",
    "churn": "Is about to leave",
}
CLASS_NAMES = ("other", "potential", "high-value")
ACTIVE_DAYS = 90  # only those who bought in so many days can leave
LEAST_ROWS = 20  # in each part, else a score says nothing
LEAST_CLASS = {"train": 8, "valid": 3, "test": 3}  # rows of each class


@dataclass(frozen=True, eq=False)
class Task:
    key: str
    label: str
    classes: list[str]  # names of the codes 0, 1, ...
    part: np.ndarray  # (rows,) train, valid, test
    y: np.ndarray  # (rows,) codes
    x: pd.DataFrame  # (rows, features)
    about: pd.DataFrame  # (rows, gender, age_band, region): for fairness; may have no columns
    rules: pd.DataFrame  # (rows, floors): a score of a simple rule each; may have no columns

    def rows(self, part: str) -> np.ndarray:
        return np.flatnonzero(self.part == part)


@dataclass(frozen=True)
class Thresholds:
    """What 'high-value' and 'potential' mean, in numbers that a page can show."""

    wealth: str  # income, or spent where incomes are not known
    wealth_least: float
    orders_least: int
    offers: str  # promotions (opened), reduced (orders at a discount), or none
    offers_least: int
    orders_most: int


def thresholds(frame: pd.DataFrame, measured: Sequence[str], config: Config) -> Thresholds:
    """Set on training rows only."""
    training = frame[frame["part"] == "train"]
    buyers = training[training["out_orders"] > 0]  # where few buy in a month, most of all would spend nothing
    wealth = "income" if "income" in measured else "spent"
    values = training.drop_duplicates("user_id")["income"] if wealth == "income" else buyers["out_spent"]
    orders = float(buyers["out_orders"].quantile(config.high_orders_quantile)) if len(buyers) else 1.0
    opened = training.groupby("cutoff")["out_promotions"].sum()
    reduced = frame["out_reduced"].sum() > 0
    # Opened promotions count only where every training month knows of them: a log may begin later than orders.
    offers = "promotions" if len(opened) and (opened > 0).all() else "reduced" if reduced else "none"
    return Thresholds(
        wealth=wealth,
        wealth_least=float(values.quantile(config.high_income_quantile)) if len(values) else 0.0,
        orders_least=max(1, int(np.ceil(orders))),
        offers=offers,
        offers_least=config.potential_promotions_least,
        orders_most=config.potential_orders_most,
    )


def is_high_value(frame: pd.DataFrame, t: Thresholds, *, later: bool) -> np.ndarray:
    """In the outcome window (later), or by the whole history before the cutoff, those who left among them."""
    if t.wealth == "income":
        rich = frame["income"] >= t.wealth_least
    else:
        rich = (frame["out_spent"] if later else frame["rate"] * frame["average_order"]) >= t.wealth_least
    return (rich & (frame["out_orders" if later else "rate"] >= t.orders_least)).to_numpy()


def is_potential(frame: pd.DataFrame, t: Thresholds, *, later: bool) -> np.ndarray:
    if t.offers == "none":
        return np.zeros(len(frame), dtype=bool)
    if later:
        taken, seldom = frame[f"out_{t.offers}"], frame["out_orders"] <= t.orders_most
    else:
        ever = frame["discount_share"].fillna(0) * frame["frequency"]
        taken = frame["promotions_30"] if t.offers == "promotions" else ever
        seldom = frame["rate"] <= t.orders_most
    return ((taken >= t.offers_least) & seldom).to_numpy()


def of_shop(frame: pd.DataFrame, measured: Sequence[str], t: Thresholds) -> list[Task]:
    """The six tasks of Table 2, without those that the data cannot tell."""
    high, potential = is_high_value(frame, t, later=True), is_potential(frame, t, later=True)
    potential = potential & ~high
    bought = (frame["out_orders"] > 0).to_numpy()
    everybody = np.ones(len(frame), dtype=bool)
    names = list(CLASS_NAMES) if t.offers != "none" else ["other", "high-value"]
    code = np.where(high, len(names) - 1, np.where(potential, 1, 0))
    fair = [name for name in measured if name != "income"]
    yes = ["no", "yes"]
    wanted: list[tuple[str, np.ndarray, np.ndarray, list[str], Sequence[str]]] = [
        ("customer_class", everybody, code, names, fair),
        ("high_value", everybody, high, yes, fair),
        ("potential", everybody, potential, yes, fair),
        ("purchase", everybody, bought, yes, measured),
        ("purchase_high_value", is_high_value(frame, t, later=False), bought, yes, measured),
        ("purchase_potential", is_potential(frame, t, later=False), bought, yes, measured),
    ]
    return [
        made(frame[rows], key, y[rows].astype(int), classes, list(columns))
        for key, rows, y, classes, columns in wanted
    ]


def of_churn(frame: pd.DataFrame, measured: Sequence[str]) -> Task:
    """Among those who bought of late: no order in the window."""
    rows = (frame["recency_days"] <= ACTIVE_DAYS).to_numpy()
    y = (frame["out_orders"] == 0).to_numpy()[rows].astype(int)
    return made(frame[rows], "churn", y, ["stays", "leaves"], list(measured))


def made(frame: pd.DataFrame, key: str, y: np.ndarray, classes: list[str], columns: list[str]) -> Task:
    about = pd.DataFrame(
        {"gender": frame["gender"], "age band": age_band(frame["age"]), "region": frame["region"]}
    )
    about = about.loc[:, about.notna().any()].reset_index(drop=True)
    # Named as people call them, so that a tree reads as sentences.
    x = frame[columns].reset_index(drop=True).rename(columns={name: KNOWN[name].label for name in columns})
    return Task(key, LABELS[key], classes, frame["part"].to_numpy(), y, x, about, rules(frame))


def age_band(age: pd.Series) -> pd.Series:
    bands = pd.cut(
        age,
        [0, 25, 35, 45, 55, 200],
        right=False,
        labels=["under 25", "25 to 34", "35 to 44", "45 to 54", "55 and over"],
    )
    return bands.astype(object)


def rules(frame: pd.DataFrame) -> pd.DataFrame:
    """The floors' scores: quintiles of recency, frequency and money summed, and months bought less recency."""
    training = frame["part"] == "train"
    total = np.zeros(len(frame))
    never = frame["recency_days"].fillna(frame["tenure_days"] + 1e4)
    for values in (-never, frame["frequency"], frame["monetary"]):
        edges = np.quantile(values[training], [0.2, 0.4, 0.6, 0.8]) if training.any() else [0.0] * 4
        total += np.searchsorted(edges, values)
    # In months, as the share is of months; somebody who never bought is as quiet as they are old here.
    quiet = frame["recency_days"].fillna(frame["tenure_days"]) / 30
    return pd.DataFrame({"rfm": total, "months": (frame["months_share"] - quiet).to_numpy()})


def of_records(frame: pd.DataFrame, target: str, drop: Sequence[str], seed: int) -> tuple[Task, list[str]]:
    """One column of any table from the others, and what was done to the rows, in sentences.

    Parts 70/15/15: by time where there is one, else at random. x keeps the index of `frame`.
    """
    from socialml.models import tabular

    if target not in frame:
        known = ", ".join(str(name) for name in list(frame.columns)[:20])
        raise UserError("no_column", f"There is no column '{target}'.", f"Choose one of: {known}.")
    read = tabular.target(frame[target])
    told = frame[target].notna().to_numpy()
    notes = []
    if not told.all():
        missing = int((~told).sum())
        notes.append(f"{words.plural(missing, 'row')} without a value of '{target}' were left out.")
        frame = frame[told]
    times = [name for name in frame if pd.api.types.is_datetime64_any_dtype(frame[name]) and name != target]
    if times:
        order = np.argsort(frame[times[0]].to_numpy(), kind="stable")
        notes.append(f"Learned from the earlier rows, judged on the last 15 in 100 by '{times[0]}'.")
    else:
        order = np.random.default_rng(seed).permutation(len(frame))
    part = np.empty(len(frame), dtype=object)
    first, second = int(0.70 * len(frame)), int(0.85 * len(frame))
    part[order[:first]], part[order[first:second]], part[order[second:]] = "train", "valid", "test"
    x = frame.drop(columns=[target, *[name for name in drop if name in frame]])
    nothing = pd.DataFrame(index=range(len(frame)))
    codes = np.asarray(read.codes)[told]
    return Task("target", target, list(read.names), part, codes, x, nothing, nothing), notes


def check(task: Task) -> None:
    """Refuses what cannot be learned or judged, in a sentence."""
    if len(task.classes) < 2:
        only = task.classes[0] if task.classes else "nothing"
        raise UserError(
            "one_class",
            f"'{task.label}' is always '{only}': there is nothing to tell apart.",
            "Choose a column with at least two different values.",
        )
    for part in ("train", "valid", "test"):
        rows = task.rows(part)
        if len(rows) < LEAST_ROWS:
            raise UserError(
                "too_few_rows",
                f"'{task.label}': only {len(rows)} rows in the {part} part; {LEAST_ROWS} are the least.",
                "Import more rows.",
            )
        counts = np.bincount(task.y[rows], minlength=len(task.classes))
        least = int(counts.argmin())
        if counts[least] < LEAST_CLASS[part]:
            raise UserError(
                "small_class",
                f"'{task.label}': '{task.classes[least]}' has {counts[least]} rows in the {part} part;"
                f" {LEAST_CLASS[part]} are the least to learn and judge it.",
                "Import more rows, join small classes into one, or change the thresholds.",
            )
