"""Which candidate forecasts a month, decided on the two months before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
KINDS = ("amount", "orders")  # what is forecast of each user
SURE = 1.0  # standard errors by which a learned candidate must beat the best simple rule


@dataclass(frozen=True, eq=False)
class Guess:
    """What a candidate says of one month: of all n users, also of those who are not scored."""

    amount: Floats  # (n,)
    orders: Floats  # (n,)

    def of(self, kind: str) -> Floats:
        return self.amount if kind == "amount" else self.orders


@dataclass(frozen=True)
class Choice:
    name: str
    mae: dict[str, float]  # of each candidate, on the validation months
    floor: str  # the best simple rule there
    gain: (
        float  # of the best learned candidate over it, a share of the rule's error; below 0 when it is worse
    )
    error: float  # the standard error of that gain


def choose(errors: Mapping[str, Floats], floors: set[str], user: NDArray[np.int64]) -> Choice:
    """errors: absolute errors of each candidate on the same rows of the validation months, user: whose row it is.

    A learned candidate is taken when it is better than the best simple rule by more than SURE standard errors,
    paired by user: among noise the simple rule stays. Without rows, the first simple rule.
    """
    mae = {name: float(values.mean()) if len(values) else float("nan") for name, values in errors.items()}
    rules = [name for name in errors if name in floors]
    if not len(user):
        return Choice(rules[0], mae, rules[0], 0.0, 0.0)
    floor = min(rules, key=mae.__getitem__)
    learned = [name for name in errors if name not in floors]
    if not learned or not mae[floor] > 0:
        return Choice(floor, mae, floor, 0.0, 0.0)
    best = min(learned, key=mae.__getitem__)
    differences = errors[floor] - errors[best]
    by_user = np.bincount(user, weights=differences)[np.unique(user)]
    n = len(by_user)
    spread = float(by_user.std(ddof=1) * np.sqrt(n) / len(user)) if n > 1 else float("inf")
    gain = mae[floor] - mae[best]
    name = best if gain > SURE * spread and gain > 0 else floor
    return Choice(name, mae, floor, gain / mae[floor], spread / mae[floor])


# Customers like them: by how long ago they bought last, and those who bought lately by how often.
GROUPS = ("never bought", "silent for long", "silent for some months", "now and then", "often", "very often")


def like(orders: Floats) -> NDArray[np.int64]:
    """(n,) a place in GROUPS from the orders of all months before: (n, t)."""
    t = orders.shape[1]
    silent = np.where(
        orders.any(axis=1), (orders[:, ::-1] > 0).argmax(axis=1), t
    )  # whole months since the last
    lately = orders[:, -6:].sum(axis=1)
    out = np.select([lately > 9, lately > 3], [5, 4], 3)
    out = np.where(silent >= 2, 2, out)
    out = np.where(silent >= 6, 1, out)
    return np.where(silent >= t, 0, out)
