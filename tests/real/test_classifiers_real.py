"""Cases whom nobody here made: visits to a shop, and coupons offered in cars."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from socialml.models import leaks
from socialml.models.crossval import cross_validate


def shoppers(folder: Path) -> tuple[pd.DataFrame, np.ndarray]:
    frame = pd.read_csv(folder / "online_shoppers" / "online_shoppers_intention.csv")
    return frame, frame.pop("Revenue").astype(int).to_numpy()


def coupons(folder: Path) -> tuple[pd.DataFrame, np.ndarray]:
    frame = pd.read_csv(folder / "vehicle_coupon" / "in-vehicle-coupon-recommendation.csv")
    return frame, frame.pop("Y").to_numpy()


def test_page_values_is_asked_about(real_data: Path) -> None:
    frame, y = shoppers(real_data)
    found = leaks.find(frame, y)
    assert [leak["column"] for leak in found] == ["PageValues"]
    assert found[0]["score"] > 0.85
    assert found[0]["without"] < 0.8


def test_online_shoppers_with_and_without_page_values(real_data: Path) -> None:
    frame, y = shoppers(real_data)
    found = cross_validate(frame, y, names=("tree", "boosting"))
    assert found.roc_auc("boosting") >= 0.925
    assert found.roc_auc("tree") >= 0.91
    without = cross_validate(frame.drop(columns="PageValues"), y, names=("boosting",))
    assert without.roc_auc("boosting") >= 0.77


def test_vehicle_coupon(real_data: Path) -> None:
    frame, y = coupons(real_data)
    assert leaks.find(frame, y) == []
    assert cross_validate(frame, y, names=("boosting",)).roc_auc("boosting") >= 0.81
