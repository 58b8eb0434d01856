from __future__ import annotations

import pytest

from socialml import words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1234, "1,234"),
        (12345, "12.3k"),
        (999_999, "1M"),
        (1_234_567, "1.23M"),
        (5e9, "5B"),
        (0.1234, "0.123"),
        (None, "–"),
    ],
)
def test_short_numbers(value: float | None, text: str) -> None:
    assert words.short(value) == text


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (1234.5, "CNY", "¥1,234"),
        (-12.34, "USD", "-$12.34"),
        (5, "EUR", "€5"),
        (7.5, "CHF", "CHF 7.50"),
        (float("nan"), "CNY", "–"),
    ],
)
def test_money(value: float, currency: str, text: str) -> None:
    assert words.money(value, currency) == text


def test_sentences() -> None:
    assert words.plural(1, "order") == "1 order"
    assert words.plural(1200, "category", "categories") == "1,200 categories"
    assert words.listed(["a", "b", "c"]) == "a, b and c"
    assert words.listed([]) == "none"
    assert words.spelled(5) == "five"
    assert words.spelled(12) == "12"


@pytest.mark.parametrize(
    ("days", "text"),
    [(-1, "of today"), (1, "1 day old"), (59, "59 days old"), (400, "13 months old"), (5000, "13 years old")],
)
def test_age(days: int, text: str) -> None:
    assert words.age(days) == text


def test_conditions_are_told_in_the_unit_of_their_column() -> None:
    units = {
        "Bought at a discount": "share",
        "Spent": "money",
        "Spent, last 90 days": "money",
        "Age": "years",
    }
    told = {
        "Bought at a discount above 0.301": "Bought at a discount above 30.1%",
        "Bought at a discount at most 3.492e-05": "Bought at a discount at most 0.003%",
        "Bought at a discount above 0.9996 (0.9999)": "Bought at a discount above 99.96% (99.99%)",
        "Spent, last 90 days above 12,345 (missing, taken as 250)": (
            "Spent, last 90 days above ¥12,345 (missing, taken as ¥250)"
        ),
        "Spent at most 9.5; Age above 32.25": "Spent at most ¥9.50; Age above 32.2",
        "Platform is 'Age above 1.25'": "Platform is 'Age above 1.25'",
        "Other above 0.5": "Other above 0.5",
    }
    for text, wanted in told.items():
        assert words.rules(text, units, "CNY") == wanted
    assert words.rules("Age above 32.25", {}, "CNY") == "Age above 32.25"
