"""Numbers as people read them: on pages, in figures, in sentences."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

_SIGNS = {
    "CNY": "¥",
    "JPY": "¥",
    "USD": "$",
    "EUR": "€",
    "GBP": "£",
    "HKD": "HK$",
    "TWD": "NT$",
    "THB": "฿",
    "KRW": "₩",
}
MISSING = "–"
# What is not written but acts on what is: control characters, and marks that turn the direction of the text after.
_ACTS = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]+")


def one_line(text: str) -> str:
    """Text that may come from a file, as one line without what would act on the words around it."""
    return _ACTS.sub(" ", text)


def sign(currency: str) -> str:
    """The sign of a currency, or its code with a space where it has none here."""
    return _SIGNS.get(currency, currency + " ")


def count(value: float | None) -> str:
    """1234 -> '1,234'"""
    return MISSING if value is None or math.isnan(value) else f"{value:,.0f}"


def short(value: float | None) -> str:
    """1234567 -> '1.23M': three digits, for tight places."""
    if value is None or math.isnan(value):
        return MISSING
    for bound, unit, letter in (
        (999.5e9, 1e12, "T"),
        (999.5e6, 1e9, "B"),
        (999.5e3, 1e6, "M"),
        (9999.5, 1e3, "k"),
    ):
        if abs(value) >= bound:
            return f"{value / unit:.3g}{letter}"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def figure(value: float | None) -> str:
    """A count for a narrow box: '12,345', from 100,000 on '123k'."""
    return count(value) if value is None or abs(value) < 1e5 else short(value)


def share(value: float | None, digits: int = 1) -> str:
    """0.125 -> '12.5%'"""
    return MISSING if value is None or math.isnan(value) else f"{value:.{digits}%}"


def money(value: float | None, currency: str) -> str:
    """1234.5 -> '¥1,234'; small amounts keep their cents."""
    if value is None or math.isnan(value):
        return MISSING
    digits = 2 if abs(value) < 100 and value != int(value) else 0
    return f"{'-' if value < 0 else ''}{sign(currency)}{abs(value):,.{digits}f}"


def short_money(value: float | None, currency: str) -> str:
    if value is None or math.isnan(value):
        return MISSING
    return f"{'-' if value < 0 else ''}{sign(currency)}{short(abs(value))}"


def plural(number: float, one: str, many: str = "") -> str:
    """2, 'order' -> '2 orders'"""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def listed(items: Sequence[str]) -> str:
    """['a', 'b', 'c'] -> 'a, b and c'"""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else "none"


def age(days: int) -> str:
    """3 -> '3 days old', 400 -> '13 months old'"""
    if days <= 0:
        return "of today"
    if days < 60:
        return f"{plural(days, 'day')} old"
    return f"{plural(days // 30.44, 'month')} old" if days < 731 else f"{plural(days // 365.25, 'year')} old"


_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def spelled(number: int) -> str:
    """5 -> 'five'; from eleven on digits."""
    return _WORDS[number] if 0 <= number < len(_WORDS) else count(number)


def measured(value: float, unit: str, currency: str) -> str:
    """0.1741, 'share' -> '17.4%'; 49.5, 'days' -> '49.5'; never so few digits that 0 or 100% is not meant."""
    if unit == "share":
        digits = 1
        while digits < 4 and 0 < value < 1 and float(f"{100 * value:.{digits}f}") in (0, 100):
            digits += 1
        return share(value, digits)
    if unit == "money":
        return money(round(value), currency) if abs(value) >= 10 else money(value, currency)
    if abs(value) >= 100 or value == int(value):
        return count(value)
    return f"{value:.2g}" if abs(value) < 0.1 else f"{value:.1f}"


def rules(text: str, units: Mapping[str, str], currency: str) -> str:
    """Conditions of a tree with their units: 'Bought at a discount above 0.301' -> '... above 30.1%'.

    units: label of a column -> its unit. What is said of other columns stays as it is.
    """
    if not units:
        return text
    labels = "|".join(re.escape(label) for label in sorted(units, key=len, reverse=True))
    number = r"-?[\d.,]*\d(?:e[+-]?\d+)?"

    def told(found: re.Match[str]) -> str:
        label, how, threshold, own = found.groups()
        unit = units[label]
        said = f"{label} {how} {measured(float(threshold.replace(',', '')), unit, currency)}"
        if own is None:
            return said
        value = re.sub(
            rf"{number}$", lambda part: measured(float(part[0].replace(",", "")), unit, currency), own
        )
        return f"{said} ({value})"

    return re.sub(rf"(?:^|(?<=; ))({labels}) (above|at most) ({number})(?: \(([^()]*)\))?", told, text)
