"""The sentences and key figures of the Forecast page."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from socialml import words
from socialml.analyses import forecast as analysis
from socialml.figures.forecast import MANY, month_name, months_listed
from socialml.ui import parts

LEAST = 2  # whole months that a forecast needs
WHAT = {"amount": "what a customer spends", "orders": "how many orders they place"}


def answer(result: analysis.Result) -> str:
    """The page's answer, from the numbers."""
    told, currency = result.total, result.currency
    month = month_name(result.target_month)
    about = words.short_money(told["forecast"], currency)
    between = between_words(result)
    if told["actual"] is not None:
        came = words.short_money(told["actual"], currency)
        held = f", expected {between} in 8 of 10 such months" if between else ""
        return f"{month} was forecast at about {about}{held}; {came} came."
    sentence = f"{month} should bring about {about}"
    if told["change"] is not None:
        last = month_name(result.months[-1]).split()[0]
        sentence += f", {change_words(told['change'])} {last}"
    return sentence + "." + (f" In 8 of 10 such months it is {between}." if between else "")


def change_words(change: float) -> str:
    """0.23 -> '23% more than'; 4 -> '5 times as much as'"""
    if change >= MANY:
        return f"{words.short(round(1 + change))} times as much as"
    if abs(change) < 0.005:
        return "about as much as"
    return f"{abs(change):.0%} {'more' if change > 0 else 'less'} than"


def between_words(result: analysis.Result) -> str:
    """The 80% range of the shop's total; '' where there is none."""
    if result.total["low_80"] is None:
        return ""
    low, high = (words.short_money(result.total[name], result.currency) for name in ("low_80", "high_80"))
    return f"between {low} and {high}"


def who_wins(result: analysis.Result) -> str:
    """Which candidate forecasts customers, said plainly also when it is not the LSTM."""
    own = result.champion["amount"]
    mae = own["validation_mae"]
    name = own["label"][0].lower() + own["label"][1:] if own["label"][:4] != "LSTM" else own["label"]
    if own["name"] == "lstm":
        return f"For single customers the LSTM network is off by {own['gain']:.0%} less than the best simple rule."
    lstm = ""
    if "lstm" in mae and mae[own["name"]] > 0:
        by = mae["lstm"] / mae[own["name"]] - 1
        lstm = (
            f" The LSTM network is {by:.0%} worse."
            if by >= 0.005
            else " The LSTM network is as good within 0.5%."
        )
        if by < 0:
            lstm = f" The LSTM network is {-by:.1%} better there, which may be chance."
    if own["is_floor"]:
        return f"For single customers a simple rule forecasts best: {name}.{lstm}"
    return (
        f"For single customers {name} is off least, {own['gain']:.0%} less than the best simple rule.{lstm}"
    )


def key_figures(result: analysis.Result) -> list[parts.KeyFigure]:
    told, currency = result.total, result.currency
    together = result.models[result.models["month"] == "all"]
    figures = [
        parts.KeyFigure(
            f"{date.fromisoformat(result.target_month + '-01'):%b %Y}", words.short_money(told["forecast"], currency),
            f"Revenue of the whole shop, net of refunds, by {told['rule_label']}.",
            result.series["revenue"].dropna().tolist(),
        ),
        parts.KeyFigure(
            "Usually off by",
            words.short_money(told["off"], currency),
            f"Mean error of the total in {words.plural(told['past_errors'], 'past month')}, each forecast a month"
            " before.",
        ),
        parts.KeyFigure(
            "Customers", words.figure(result.n_users), "Everyone known before that month: each has a forecast."
        ),
    ]  # fmt: skip
    own = together[(together["model"] == "champion") & (together["what"] == "amount")]
    if len(own):
        row = own.iloc[0]
        rule = together[together["best_floor"] & (together["what"] == "amount")].iloc[0]
        figures.append(
            parts.KeyFigure(
                "Accuracy", words.share(row["accuracy"], 0),
                "1 - WAPE: all errors of single customers together, as a share of what they spent, from 100%."
                f" The best simple rule has {words.share(rule['accuracy'], 0)}. One customer's month is hard to tell;"
                f" the shop's total is far surer. Judged on {months_listed(result.judged_months)}.",
            )
        )  # fmt: skip
        covered = result.coverage[
            (result.coverage["month"] == "all")
            & (result.coverage["by"] == "everyone")
            & (result.coverage["level"] == 0.8)
        ]
        figures.append(
            parts.KeyFigure(
                "Ranges that held", words.share(float(covered["coverage"].iloc[0]), 0),
                "Of the customers' 80% ranges, those that held what came. 80% is what they promise.",
            )
        )  # fmt: skip
    return figures


def worth(result: analysis.Result, row: dict[str, Any]) -> str:
    """What one customer should bring in the next twelve months, where the purchase model says."""
    if row["value_12"] is None:
        return ""
    return (
        f"Over the next 12 months: about {words.money(round(row['value_12']), result.currency)} in"
        f" {few(row['orders_12'])} orders, by how often and how lately they bought (BG/NBD and Gamma-Gamma);"
        " seasons and the shop's growth are not in it."
    )


def few(number: float) -> str:
    """Expected orders: 109.8 -> '110', 2.34 -> '2.3'"""
    return f"{number:.1f}" if number < 10 else words.count(number)


def interests(row: dict[str, Any]) -> str:
    """What one customer bought most over a year and lately."""
    long, short = row["long_interest"], row["short_interest"]
    if not long:
        return ""
    if long == short:
        return f"Bought mostly {long}, over a year and lately."
    return f"Bought mostly {long} over a year; lately {short or 'nothing'}."


def year_answer(result: analysis.Result, what: str) -> str:
    """Who told the last 12 months best, and how far the purchase model was off: beside the best simple rule."""
    own = result.year[result.year["what"] == what].set_index("model")
    rule, best = own[own["best_floor"]].iloc[0], own.sort_values("mae").iloc[0]

    def off(row: Any) -> str:
        return (
            words.money(round(row["mae"]), result.currency)
            if what == "amount"
            else f"{few(row['mae'])} orders"
        )

    told = f"12 months ahead '{best['label']}' is off least, by {off(best)} a customer"
    return told + ("; it is a simple rule." if best["floor"] else f"; the best simple rule by {off(rule)}.")


def year_doubt(result: analysis.Result) -> str:
    """Said where the purchase model's value of the next 12 months was surely worse than a simple rule."""
    own = result.year[(result.year["model"] == "value") & (result.year["what"] == "amount")]
    if not len(own) or own.iloc[0]["low"] <= 0:
        return ""
    return "In the last 12 months a simple rule told this better: take it with care."


def whole_months(first: date, as_of: datetime) -> int:
    """Months that are over, the one of the first row among them. as_of: end of the last whole day."""
    return as_of.year * 12 + as_of.month - (first.year * 12 + first.month)


def past_months(first: date, as_of: datetime, most: int) -> list[str]:
    """The months that are over and have at least two before them, newest first. as_of: end of the last whole day."""
    end = as_of.year * 12 + as_of.month - 1
    begin = end - whole_months(first, as_of) + LEAST
    return [f"{at // 12}-{at % 12 + 1:02d}" for at in range(end - 1, begin - 1, -1)][:most]
