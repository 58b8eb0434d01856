"""The tables of the Forecast page."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from socialml import published, words
from socialml.analyses import forecast as analysis
from socialml.figures.forecast import month_name
from socialml.ui import parts

MOVERS = 12  # customers shown on each side


def segments(result: analysis.Result) -> None:
    own = result.segments
    sign = words.sign(result.currency).strip()
    money = st.column_config.NumberColumn(format="localized")
    shown = pd.DataFrame(
        {
            "Group": own["name"],
            "Customers": [number if number else None for number in own["users"]],
            f"{month_name(result.months[-1])} ({sign})": own["last"].round(),
            f"{month_name(result.target_month)} ({sign})": own["forecast"].round(),
            "80% from": own["low"].round(),
            "80% to": own["high"].round(),
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
        note="The shop's total, shared out by what each customer spent on average in the last three months."
        " The 80% range is by what this was off in past months.",
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
    names = ["Customer", f"Forecast ({sign})", "80% from", "80% to", "Orders", f"Last month ({sign})",
             f"Usual month ({sign})", f"Change ({sign})", f"Next 12 months ({sign})", "Lately bought",
             "Bought over a year"]  # fmt: skip
    frame = table.to_pandas().sort_values("change", key=abs, ascending=False, kind="stable").head(most)
    frame.columns = names
    two = st.column_config.NumberColumn(format="%.1f")
    for name in frame:
        if frame[name].dtype == float and name != "Orders":
            frame[name] = frame[name].round()
    shown = f"The {most} of {words.count(table.num_rows)} who move most are shown; the download has all. "
    parts.table(
        frame,
        "forecast-customers",
        column_config=_localized(frame) | {"Orders": two},
        note=(shown if table.num_rows > most else "")
        + "Usual month: their mean of up to 12. Next 12 months: by how often and how lately they bought (BG/NBD and"
        " Gamma-Gamma).",
        whole=lambda: table.rename_columns(names),
        rows=table.num_rows,
    )


def scores(result: analysis.Result, what: str) -> None:
    """Every candidate on the judged months together, and the published figures."""
    own = result.models[(result.models["month"] == "all") & (result.models["what"] == what)]
    own = own.sort_values("mae")
    unit = words.sign(result.currency).strip() if what == "amount" else "orders"
    shown = pd.DataFrame(
        {
            "Told by": own["label"],
            f"Off by (MAE, {unit})": _rounded(own["mae"]),
            f"vs best rule ({unit})": _rounded(own["difference"]),
            "95% from": _rounded(own["low"].where(~own["best_floor"])),
            "95% to": _rounded(own["high"].where(~own["best_floor"])),
            f"RMSE ({unit})": _rounded(own["rmse"]),
            "WAPE": 100 * own["wape"],
            "Accuracy (1 - WAPE)": 100 * own["accuracy"],
            "MSE, standardised": own["mse_standardised"].round(3),
        }
    )
    percent = st.column_config.NumberColumn(format="%.1f%%")
    config = {"WAPE": percent, "Accuracy (1 - WAPE)": percent, **_WHO}
    undefined = own["wape"].isna().all()
    parts.table(
        shown,
        f"forecast-scores-{what}",
        column_config=_localized(shown) | config,
        note="WAPE is not defined here: nothing at all was spent in these months." if undefined else "",
    )


_WHO = {"Told by": st.column_config.TextColumn(width=240)}  # leaves room for its error on a phone


def _localized(frame: pd.DataFrame) -> dict[str, Any]:
    money = st.column_config.NumberColumn(format="localized")
    return {name: money for name in frame if frame[name].dtype == float}


def _rounded(values: pd.Series) -> pd.Series:
    """No more digits than say something: none of hundreds, two of less."""
    return values.round(0 if values.abs().max() >= 100 else 2)


def year(result: analysis.Result, what: str) -> None:
    """The forecasts of 12 months beside each other."""
    own = result.year[result.year["what"] == what].sort_values("mae")
    unit = words.sign(result.currency).strip() if what == "amount" else "orders"
    shown = pd.DataFrame(
        {
            "Told by": own["label"],
            f"Off by (MAE, {unit})": _rounded(own["mae"]),
            f"vs best rule ({unit})": _rounded(own["difference"]),
            "95% from": _rounded(own["low"].where(~own["best_floor"])),
            "95% to": _rounded(own["high"].where(~own["best_floor"])),
            "Total told": 100 * own["total"],
            "Order": own["rank"].round(2),
        }
    )
    config: dict[str, Any] = {
        "Total told": st.column_config.NumberColumn(
            format="%.0f%%", help="All that was forecast over all that came; 100% is right."
        ),
        "Order": st.column_config.NumberColumn(
            format="%.2f",
            help="Whether those forecast to bring most did (rank correlation): 1 as told, 0 by chance.",
        ),
    }
    parts.table(shown, f"forecast-year-{what}", column_config=_localized(shown) | config | _WHO)


def beside_published() -> None:
    rows = [
        {"Published": figure.metric, "Value": f"{figure.value:g}{figure.unit if figure.unit == '%' else ''}",
         "Unit": "" if figure.unit == "%" else figure.unit, "Where": f"{figure.source}, {figure.place}"}
        for figure in published.figures("forecast")
    ]  # fmt: skip
    parts.table(
        pd.DataFrame(rows),
        "forecast-published",
        note="Published: Li 2024, measured on other data (500,000 users, 2019 to 2021), where 'accuracy' is not"
        " defined. Here accuracy is 1 - WAPE: one minus all absolute errors together over all that was spent. MSE,"
        " standardised: after taking off the mean and dividing by the spread of earlier months. They say nothing"
        " about your customers.",
    )


def by_month(result: analysis.Result, what: str) -> None:
    """The error of each candidate in each judged month."""
    own = result.models[(result.models["what"] == what) & (result.models["month"] != "all")]
    if own["month"].nunique() < 2:
        return
    unit = words.sign(result.currency).strip() if what == "amount" else "orders"
    table = own.pivot_table(index="label", columns="month", values="mae", sort=False).apply(_rounded)
    table = table.rename(columns=lambda month: f"{month_name(month)} ({unit})").rename_axis("Told by")
    with st.expander("Month by month"):
        table = table.reset_index()
        parts.table(table, f"forecast-months-{what}", column_config=_localized(table) | _WHO)


def coverage(result: analysis.Result) -> pd.DataFrame:
    own = result.coverage
    return pd.DataFrame(
        {
            "Group": own["group"],
            "Month": ["together" if month == "all" else month_name(month) for month in own["month"]],
            "Promised": [words.share(level, 0) for level in own["level"]],
            "Held": [words.share(value, 1) for value in own["coverage"]],
            "Customers": own["n"],
            "Mean width": own["width"].round(),
        }
    )
