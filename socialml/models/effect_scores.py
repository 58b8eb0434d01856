"""How well results of bookings are foretold, beside what a yuan brings on average in their tier and channel."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from socialml.features.placements import History, Offers

Floats = NDArray[np.float64]


def least(found: Floats) -> float:
    """Stands in for results of 0, whose log is taken."""
    positive = found[found > 0]
    return float(np.min(positive)) / 2 if len(positive) else 1.0


def floor(offers: Offers, learned: History, found: Floats, judged: History) -> Floats:
    """(r,) price x the mean result of a yuan in the creator's tier and channel; of all where it has none."""
    known = np.isfinite(found)
    cell = offers.channel * len(offers.tiers) + offers.tier
    cells = len(offers.channels) * len(offers.tiers)
    of, price = cell[learned.creator[known]], offers.price[learned.creator[known]]
    brought, paid = np.bincount(of, found[known], cells), np.bincount(of, price, cells)
    rate = np.where(
        paid > 0, brought / np.where(paid > 0, paid, 1), found[known].sum() / max(price.sum(), 1e-9)
    )
    return np.asarray(offers.price[judged.creator] * rate[cell[judged.creator]])


def scores(rows: pd.DataFrame) -> pd.DataFrame:
    """metric, model, floor, from rows of campaign_id, predicted, low, high, real, floor."""
    real = rows["real"].to_numpy()
    smallest = least(real)

    def of(name: str) -> list[float]:
        told = rows[name].to_numpy()
        log, seen = np.log(np.maximum(told, smallest)), np.log(np.maximum(real, smallest))
        log = log + np.mean(seen - log)  # a mean is not the middle
        total = rows.assign(told=told).groupby("campaign_id")[["told", "real"]].sum()
        return [
            float(1 - ((seen - log) ** 2).sum() / ((seen - seen.mean()) ** 2).sum()),
            float(np.abs(told - real).mean()),
            float((total["told"] - total["real"]).abs().sum() / total["real"].sum()),
        ]

    covered = float(((rows["low"] <= rows["real"]) & (rows["real"] <= rows["high"])).mean())
    names = ["R2 of log result", "MAE", "WAPE of campaigns", "interval coverage"]
    return pd.DataFrame(
        {"metric": names, "model": [*of("predicted"), covered], "floor": [*of("floor"), np.nan]}
    )
