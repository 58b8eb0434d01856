"""The words, tables and key figures of the Forecast page."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pandas as pd
import streamlit as st

from socialml import published, words
from socialml.analyses import forecast as analysis
from socialml.ui import parts

MOVERS = 12  # customers shown on each side
WHAT = {"amount": "what a customer spends", "orders": "how many orders they place"}


def month_name(month: str) -> str:
    return f"{date(int(month[:4]), int(month[5:]), 1):%B %Y}"


def answer(result: analysis.Result) -> str:
    """The page's answer, from the numbers."""
    told, currency = result.total, result.currency
    month = month_name(result.target_month)
    about = words.short_money(told["forecast"], currency)
    between = ""
    if told["low_80"] is not None:
        low, high = (words.short_money(told[name], currency) for name in ("low_80", "high_80"))
        between = f" (80%: {low} to {high})"
    last = month_name(result.months[-1]).split()[0]
    if told["actual"] is not None:
        came = words.short_money(told["actual"], currency)
        sentence = f"{month} was forecast at about {about}{between}; {came} came."
    elif told["change"] is None:
        sentence = f"{month} should bring about {about}{between}."
    else:
        more = "more" if told["change"] > 0 else "less"
        sentence = (
            f"{month} should bring about {about}{between}, {abs(told['change']):.0%} {more} than {last}."
        )
    return f"{sentence} {who_wins(result)}"


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
            words.MISSING if told["off"] is None else words.short_money(told["off"], currency),
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
        figures.append(
            parts.KeyFigure(
                "Accuracy", words.share(row["accuracy"], 0),
                "1 - WAPE: all errors of single customers together, as a share of what they spent, from 100%."
                f" Judged on {words.listed(result.judged_months)}.",
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


def segments(result: analysis.Result) -> None:
    own = result.segments
    sign = words.sign(result.currency).strip()
    money = st.column_config.NumberColumn(format="localized")
    shown = pd.DataFrame(
        {
            "Group": own["name"],
            "Customers": [number if number else None for number in own["users"]],
            f"{result.months[-1]} ({sign})": own["last"].round(),
            f"{result.target_month} ({sign})": own["forecast"].round(),
            "from": own["low"].round(),
            "to": own["high"].round(),
            "Change": 100 * own["change"],
        }
    )
    if own["actual"].notna().any():
        shown[f"What came ({sign})"] = own["actual"].round()
    config: dict[str, Any] = {name: money for name in shown if name not in ("Group", "Change")}
    parts.table(
        shown,
        "forecast-segments",
        column_config=config | {"Change": st.column_config.NumberColumn(format="%+.0f%%")},
    )
    st.caption(
        "The shop's total, shared out by what each customer spent on average in the last three months."
        " from, to: 80% range, by what this was off in past months."
    )


def movers(result: analysis.Result) -> pd.DataFrame:
    """The customers that are expected to grow or fall most: half of MOVERS each."""
    frame = result.users.read(
        ["user_id", "amount", "amount_low", "amount_high", "mean_12", "change"]
    ).to_pandas()
    frame = frame.sort_values("change", kind="stable")
    half = min(MOVERS, len(frame) // 2)
    picked = pd.concat([frame.head(half), frame.tail(half)])
    return picked[picked["change"].abs() > 0.005]


def users(result: analysis.Result, most: int) -> None:
    sign = words.sign(result.currency).strip()
    table = result.users.read(
        ["user_id", "amount", "amount_low", "amount_high", "frequency", "last_month", "mean_12", "change",
         "value_12", "short_interest", "long_interest"]
    )  # fmt: skip
    frame = table.sort_by([("amount", "descending")]).slice(0, most).to_pandas()
    frame.columns = ["Customer", f"Forecast ({sign})", "from", "to", "Orders", "Last month", "Mean of 12 months",
                     "Change", "Next 12 months", "Lately bought", "Bought over a year"]  # fmt: skip
    two = st.column_config.NumberColumn(format="%.1f")
    money = st.column_config.NumberColumn(format="localized")
    for name in frame:
        if frame[name].dtype == float and name != "Orders":
            frame[name] = frame[name].round()
    config: dict[str, Any] = {name: money for name in frame if frame[name].dtype == float}
    parts.table(frame, "forecast-users", column_config=config | {"Orders": two})
    if table.num_rows > most:
        st.caption(f"The first {most} of {words.count(table.num_rows)} are shown; the export has all.")


def scores(result: analysis.Result, what: str) -> None:
    """Every candidate on the judged months together, and the published figures."""
    own = result.models[(result.models["month"] == "all") & (result.models["what"] == what)]
    own = own.sort_values("mae")
    unit = words.sign(result.currency).strip() if what == "amount" else "orders"
    shown = pd.DataFrame(
        {
            "": own["label"],
            f"MAE ({unit})": own["mae"].round(2),
            "to best rule": own["difference"].round(2),
            "from": own["low"].where(own["low"] != own["high"]).round(2),
            "to": own["high"].where(own["low"] != own["high"]).round(2),
            f"RMSE ({unit})": own["rmse"].round(2),
            "WAPE": 100 * own["wape"],
            "Accuracy (1 - WAPE)": 100 * own["accuracy"],
            "MSE, standardised": own["mse_standardised"].round(3),
        }
    )
    percent = st.column_config.NumberColumn(format="%.1f%%")
    parts.table(
        shown, f"forecast-scores-{what}", column_config={"WAPE": percent, "Accuracy (1 - WAPE)": percent}
    )
    if own["wape"].isna().all():
        st.caption("WAPE is not defined here: nothing at all was spent in these months.")


def beside_published() -> None:
    rows = [
        {"Published": figure.metric, "Value": f"{figure.value:g}{figure.unit if figure.unit == '%' else ''}",
         "Unit": "" if figure.unit == "%" else figure.unit, "Where": f"{figure.source}, {figure.place}"}
        for figure in published.figures("forecast")
    ]  # fmt: skip
    parts.table(pd.DataFrame(rows), "forecast-published")
    st.caption(
        "Published: Li 2024, measured on other data (500,000 users, 2019 to 2021), where 'accuracy' is not defined."
        " Here accuracy is 1 - WAPE: one minus all absolute errors together over all that was spent. MSE,"
        " standardised: after taking off the mean and dividing by the spread of earlier months. They say nothing"
        " about your customers."
    )


def by_month(result: analysis.Result, what: str) -> None:
    """The error of each candidate in each judged month."""
    own = result.models[(result.models["what"] == what) & (result.models["month"] != "all")]
    if own["month"].nunique() < 2:
        return
    table = own.pivot_table(index="label", columns="month", values="mae", sort=False).round(2).reset_index()
    with st.expander("Month by month"):
        parts.table(table.rename(columns={"label": ""}), f"forecast-months-{what}")


def coverage(result: analysis.Result) -> pd.DataFrame:
    own = result.coverage
    return pd.DataFrame(
        {
            "Group": own["group"],
            "Month": own["month"].replace("all", "together"),
            "Promised": [words.share(level, 0) for level in own["level"]],
            "Held": [words.share(value, 1) for value in own["coverage"]],
            "Customers": own["n"],
            "Mean width": own["width"].round(),
        }
    )


def worth(result: analysis.Result, row: dict[str, Any]) -> str:
    """What one customer should bring in the next twelve months, where the purchase model says."""
    if row["value_12"] is None:
        return ""
    return (
        f"Over the next 12 months: about {words.money(round(row['value_12']), result.currency)} in"
        f" {row['orders_12']:.1f} orders, by how often and how lately they bought (BG/NBD and Gamma-Gamma);"
        " seasons and the shop's growth are not in it."
    )


def past_months(first: date, as_of: datetime, most: int) -> list[str]:
    """The months that are over and have at least two before them, newest first. as_of: end of the last whole day."""
    begin, end = first.year * 12 + first.month - 1 + 2, as_of.year * 12 + as_of.month - 1
    return [f"{at // 12}-{at % 12 + 1:02d}" for at in range(end - 1, begin - 1, -1)][:most]
