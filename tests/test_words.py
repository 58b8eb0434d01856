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
