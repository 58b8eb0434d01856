"""Monthly histories made by hand, for tests of the forecaster's models."""

from __future__ import annotations

from datetime import date

import numpy as np

from socialml.features.sequences import CODED, MEASURED, Sequences


def histories(
    amount: np.ndarray,
    orders: np.ndarray | None = None,
    begin: np.ndarray | None = None,
    first: date = date(2024, 1, 1),
) -> Sequences:
    """amount: (n, m). orders: one in each month with money unless given. begin: (n,) first known month, else 0."""
    n, m = amount.shape
    orders = (amount > 0).astype(float) if orders is None else orders
    begin = np.zeros(n, dtype=int) if begin is None else begin
    months = [
        date(first.year + (first.month - 1 + i) // 12, (first.month - 1 + i) % 12 + 1, 1) for i in range(m)
    ]
    bought = orders > 0
    at = np.maximum.accumulate(np.where(bought, np.arange(m), -1), axis=1)
    days_since = np.where(at >= 0, 10.0 + 30 * (np.arange(m) - at), np.nan)
    return Sequences(
        user_id=np.array([f"u{i:05d}" for i in range(n)], dtype=object),
        months=months,
        amount=amount.astype(float),
        orders=orders.astype(float),
        promotions=np.zeros((n, m)),
        days_since=days_since,
        known=np.arange(m) >= begin[:, None],
        first_order=np.where(bought.any(axis=1), bought.argmax(axis=1), m),
        static={
            **{name: np.full(n, np.nan) for name in MEASURED},
            **{name: np.full(n, -1, dtype=np.int64) for name in CODED},
        },
        names={**{name: [] for name in CODED}, "category": []},
        favourite_codes=np.full((n, m, 2), -1, dtype=np.int32),
    )
