"""The choices of the Customers page: what is to be told, and from what."""

from __future__ import annotations

from datetime import date
from typing import Any

import streamlit as st

from socialml.analyses.customers import Result
from socialml.ui import context, parts, state
from socialml.ui.customer_words import open_questions

SHOP = "Who will buy"


def target(chosen: context.Context, last: str | None) -> str | None:
    """A column of the records, or None for the shop's customers; asked only where there is a choice.

    last: the target of the newest run, which a table of cases opens with.
    """
    columns = columns_of(chosen)
    if not columns:
        return None
    options = ([SHOP] if chosen.first is not None else []) + columns
    picked = st.selectbox(
        "What should be told?",
        options,
        index=0 if chosen.first is not None else options.index(last) if last in options else None,
        key=f"target-{chosen.dataset.id}",
        persist_state="session",
        placeholder="Choose a column with few values, such as yes and no",
        help="The shop's customers, or a column of your table that the other columns should tell.",
    )
    return None if picked in (None, SHOP) else picked


def question(run_id: str, result: Result) -> str:
    """Which task is shown; asked only where there are several."""
    labels = {task["task"]: task["label"] for task in result.tasks}
    if len(labels) == 1:
        return next(iter(labels))
    if result.kind == "records":
        left_out = labels["target_without"].removeprefix(f"{labels['target']} ")
        labels = {"target": "with all columns", "target_without": left_out}
    return st.selectbox(
        "Question" if result.kind == "shop" else "Told from the other columns",
        list(labels),
        format_func=labels.__getitem__,
        key=f"task-{run_id}",
        index=list(labels).index("purchase") if "purchase" in labels else 0,
        help="Each is learned from earlier months and judged on customers that were not learned from."
        if result.kind == "shop"
        else "With all columns, and without those that are asked about.",
    )


def asked(result: Result) -> None:
    """Columns that may give the answer away."""
    columns = [
        f"- **{parts.plain(question['column'])}**: {parts.plain(question['why'])}"
        for question in open_questions(result)
    ]
    if columns:
        both = " Until then both results are shown; choose above." if len(result.tasks) > 1 else ""
        st.warning(
            "**Was this known before the outcome?** Answer in the settings: leave a column out, or say that it is"
            f" known before.{both}\n\n" + "\n".join(columns),
            icon=":material/help:",
        )


def columns_of(chosen: context.Context) -> list[str]:
    if "records" not in state.store().tables(chosen.name):
        return []
    return [str(name) for name in state.preview(chosen.name, chosen.version, "records").columns]


def settings(
    chosen: context.Context, target: str | None, last: dict[str, Any], as_of: date | None
) -> dict[str, Any]:
    """The settings of a run; they start from those of the last run."""
    wanted: dict[str, Any] = {"target": target, "as_of": as_of.isoformat() if as_of and not target else None}
    with st.expander("Change settings", icon=":material/tune:"):
        left, right = st.columns(2)
        if target is not None:
            others = [name for name in columns_of(chosen) if name != target]
            wanted["drop"] = left.multiselect(
                "Columns to leave out",
                others,
                default=[name for name in last.get("drop", []) if name in others],
                key=f"drop-{chosen.dataset.id}-{target}",
                help="Leave out what is known only after the outcome, and numbers that name the row.",
            )
            wanted["known"] = right.multiselect(
                "Columns that are known before",
                [name for name in others if name not in wanted["drop"]],
                default=[n for n in last.get("known", []) if n in others and n not in wanted["drop"]],
                key=f"known-{chosen.dataset.id}-{target}",
                help="Your answer where the page asks about a column; it is then not asked again.",
            )
        else:
            wanted["high_income_quantile"] = 1 - left.slider(
                "High-value: the best-earning (%)", 5, 60,
                round(100 * (1 - last.get("high_income_quantile", 0.6))), key="set-income",
                help="Where incomes are not known: those who spend most.",
            ) / 100  # fmt: skip
            wanted["high_orders_quantile"] = 1 - right.slider(
                "High-value: the most frequent buyers (%)", 5, 60,
                round(100 * (1 - last.get("high_orders_quantile", 0.7))), key="set-orders",
                help="Both must be true in the month that is to be told.",
            ) / 100  # fmt: skip
            wanted["potential_orders_most"] = int(left.number_input(
                "Potential: at most so many orders a month", 0, 20, last.get("potential_orders_most", 3),
                key="set-seldom", help="Somebody who takes offers, yet buys seldom.",
            ))  # fmt: skip
            wanted["churn_days"] = int(right.number_input(
                "Leaving: no order for so many days", 7, 365, last.get("churn_days", 60), key="set-churn",
                help="Those who bought in the last 90 days are watched.",
            ))  # fmt: skip
            for name in ("high_income_quantile", "high_orders_quantile"):
                wanted[name] = round(wanted[name], 2)
        wanted["seed"] = int(
            left.number_input(
                "Seed",
                0,
                10_000,
                int(last.get("seed", 0)),
                key="set-customers-seed",
                help="The same seed gives the same result.",
            )
        )
    return wanted
