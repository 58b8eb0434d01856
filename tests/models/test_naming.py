from __future__ import annotations

import numpy as np
import pytest

from socialml.features.users import FEATURES
from socialml.models import naming

ALL = tuple(FEATURES)
# Standardised means as the five kinds of Table 1 would show them.
KINDS: dict[str, dict[str, float]] = {
    "New Users": {"tenure_days": -1.5, "frequency": -0.8, "purchases_per_month": -0.2},
    "Price-Sensitive Users": {"discount_share": 1.5, "promotions_opened": 1.2, "average_order": -0.9},
    "Low-Frequency Browsers": {"browse_seconds": 1.4, "views": 1.2, "purchases_per_month": -1.0},
    "High-Frequency Buyers": {
        "purchases_per_month": 1.6,
        "monetary": 1.5,
        "recency_days": -0.7,
        "carts": 1.2,
    },
    "Socially Active Users": {"likes": 1.6, "shares": 1.6, "comments": 1.6, "sessions": 0.4},
}


def profiles(*kinds: str, features: tuple[str, ...] = ALL) -> np.ndarray:
    return np.array([[KINDS[kind].get(name, 0.0) for name in features] for kind in kinds])


def test_each_kind_gets_its_archetype_and_order_is_that_of_table_1() -> None:
    found = naming.match(profiles(*KINDS), ALL)
    assert [match.archetype for match in found] == [archetype.name for archetype in naming.ARCHETYPES]
    assert {list(KINDS)[match.segment]: match.archetype for match in found} == {name: name for name in KINDS}
    assert all(naming.LEAST_CONFIDENCE <= match.confidence <= 1 for match in found)


@pytest.mark.parametrize("archetype", naming.ARCHETYPES, ids=lambda archetype: archetype.name)
def test_an_archetype_whose_feature_is_missing_is_not_used(archetype: naming.Archetype) -> None:
    for missing in archetype.needs:
        left = tuple(name for name in ALL if name != missing)
        assert archetype.name not in {
            match.archetype for match in naming.match(profiles(*KINDS, features=left), left)
        }


def test_orders_alone_name_neither_browsers_nor_social_nor_price() -> None:
    known = (
        "recency_days",
        "frequency",
        "monetary",
        "average_order",
        "purchases_per_month",
        "variety",
        "tenure_days",
    )
    found = {match.archetype for match in naming.match(profiles(*KINDS, features=known), known)}
    assert found == {"High-Frequency Buyers", "New Users"}


def test_a_kind_cut_in_two_is_not_sure() -> None:
    cut = profiles(
        "New Users", "New Users", "Price-Sensitive Users", "Low-Frequency Browsers", "Socially Active Users"
    )
    found = {match.archetype: match.confidence for match in naming.match(cut, ALL)}
    assert found["New Users"] < naming.LEAST_CONFIDENCE
    assert found["High-Frequency Buyers"] < naming.LEAST_CONFIDENCE
    assert found["Socially Active Users"] >= naming.LEAST_CONFIDENCE


def test_no_features_no_archetypes() -> None:
    assert naming.match(np.zeros((5, 1)), ("variety",)) == []


def test_names_say_what_stands_out() -> None:
    names = naming.stand_out_names(
        np.array([[1.5, -0.9, 0.1], [-0.2, 0.1, 1.2], [0.0, 0.1, 0.0]]),
        ("shares", "purchases_per_month", "browse_seconds"),
    )
    assert names == ["Many shares, few purchases", "Long watching", "Average customers"]


def test_names_are_unique_even_for_equal_profiles() -> None:
    same = np.tile([[1.0, -1.0, 0.5, 0.2]], (10, 1))
    names = naming.stand_out_names(same, ("shares", "purchases_per_month", "average_order", "tenure_days"))
    assert len(set(names)) == 10


def test_no_column_name_is_ever_shown() -> None:
    names = naming.stand_out_names(np.array([[3.0, 0.5], [-3.0, -0.5]]), ("f_03", "likes"))
    assert names == ["Many likes", "Few likes"]
    assert naming.stand_out_names(np.array([[3.0]]), ("f_03",)) == ["Average customers"]
    assert all("_" not in name for name in naming.stand_out_names(np.ones((4, 1)), ("f_03",)))


def test_every_feature_has_words_and_a_strategy() -> None:
    assert set(naming.STAND_OUTS) == set(FEATURES)
    for name in FEATURES:
        for sign in (1.0, -1.0):
            assert naming.stand_out_strategy(np.array([sign]), (name,)).endswith(".")
    assert naming.stand_out_strategy(np.array([0.1]), ("likes",)) == naming.AVERAGE_STRATEGY
