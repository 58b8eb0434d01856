"""The tables of the Customers page."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow.compute as pc
import streamlit as st

from socialml import published, words
from socialml.analyses import customers as analysis
from socialml.analyses._customers_tasks import PUBLISHED
from socialml.ui import parts

SHOWN = 500  # customers on the page; the export has all


def key_figures(task: dict[str, Any]) -> list[parts.KeyFigure]:
    floor = task["floor"][task["floor"]["best"]]

    def interval(name: str) -> str:
        low, high = task[f"{name}_low"], task[f"{name}_high"]
        return f" 95% interval {_two(low)} to {_two(high)}." if low is not None else ""

    shown = [
        (
            "ROC AUC",
            _two(task["roc_auc"]),
            "How often a positive is ranked above a negative; 0.5 is chance.",
            "roc_auc",
        ),
        ("Simple rule", _two(floor["roc_auc"]), "ROC AUC of the best simple rule on the same rows.", ""),
        ("F1", _two(task["f1"]), "Between precision and recall, at the chosen threshold.", "f1"),
        (
            "Found",
            words.share(task["recall"], 0),
            "Recall: the share of positives that are called.",
            "recall",
        ),
        ("Judged on", words.figure(task["n_test"]), "Rows of the test part, used once.", ""),
    ]
    return [
        parts.KeyFigure(label, value, help + (interval(metric) if metric else ""))
        for label, value, help, metric in shown
    ]


def _two(value: float | None) -> str:
    return words.MISSING if value is None else f"{value:.2f}"


def beside_published(result: analysis.Result) -> None:
    """The six rows of Table 2 with the measured ones, or the tasks of a table."""
    figures: dict[str, dict[str, float]] = {}
    for figure in published.figures("classification"):
        figures.setdefault(figure.population, {})[figure.metric] = figure.value
    rows = []
    for task in result.tasks:
        floor = task["floor"][task["floor"]["best"]]
        row: dict[str, Any] = {
            "Task": task["label"],
            "Model": task["model_label"],
            "Test rows": task["n_test"],
            **{name: _percent(task[key]) for name, key in _SHOWN.items()},
            "ROC AUC": task["roc_auc"],
            "from": task["roc_auc_low"],
            "to": task["roc_auc_high"],
            "Simple rule": floor["roc_auc"],
            "Best": "a simple rule" if task["not_better"] else "the model",
        }
        told = figures.get(PUBLISHED.get(task["task"], ""), {})
        if result.kind == "shop":
            row |= {f"Published {name}": told.get(name) for name in ("accuracy", "recall", "F1")}
        rows.append(row)
    st.markdown(
        "**Each task in numbers" + (", beside the published ones**" if result.kind == "shop" else "**")
    )
    frame = pd.DataFrame(rows)
    percent = st.column_config.NumberColumn(format="%.1f%%")
    two = st.column_config.NumberColumn(format="%.3f")
    config: dict[str, Any] = {
        name: percent for name in frame if name in _SHOWN or name.startswith("Published")
    }
    parts.table(
        frame, "table-2", column_config=config | {n: two for n in ("ROC AUC", "from", "to", "Simple rule")}
    )
    if result.kind == "shop":
        st.caption(
            "Published: Li 2024, Table 2, measured on other data, where labels and features may overlap; here"
            " they never do. They say nothing about your customers."
        )


_SHOWN = {"Accuracy": "accuracy", "Precision": "precision", "Recall": "recall", "F1": "f1"}


def _percent(value: float | None) -> float | None:
    return None if value is None else 100 * value


def scores(result: analysis.Result, task: str) -> pd.DataFrame:
    own = result.scores[result.scores["task"] == task]
    table = (
        own.pivot_table(index="label", columns="metric", values="value", sort=False).round(3).reset_index()
    )
    table.columns = [str(name).replace("_", " ") for name in table.columns]
    return table


def folds(result: analysis.Result) -> None:
    if not len(result.folds):
        return
    means = result.folds[result.folds["fold"] == -1]
    labels = {task["task"]: task["label"] for task in result.tasks}
    st.markdown("**Cross-validated: every row is judged once**")
    shown = pd.DataFrame(
        {
            "Task": means["task"].map(labels),
            "Model": means["label"],
            "ROC AUC": means["roc_auc"].round(3),
            "Brier": means["brier"].round(3),
            "Rows": means["n"],
        }
    )
    parts.table(shown, "folds")


def earned(
    result: analysis.Result, task: dict[str, Any], value: float, cost: float, threshold: float
) -> None:
    """What the threshold earns on the test part, beside contacting all and none."""
    own = result.curves[(result.curves["task"] == task["task"]) & (result.curves["curve"] == "gain")]
    inside = own[own["threshold"] >= threshold]
    at = inside.iloc[-1] if len(inside) else own.iloc[0]
    everybody = own.iloc[-1]

    def sum_of(row: pd.Series) -> float:
        return round(float(row["hits"]) * value - float(row["n"]) * cost)

    of = int(everybody["n"])
    parts.table(
        pd.DataFrame(
            {
                "Contact": ["from this chance on", "all", "none"],
                "Contacted": [int(at["n"]), of, 0],
                "Of them positive": [int(at["hits"]), int(everybody["hits"]), 0],
                "Earned": [
                    words.money(amount, result.currency) for amount in (sum_of(at), sum_of(everybody), 0)
                ],
                "Earned per 1,000 customers": [
                    words.money(round(1000 * amount / max(of, 1)), result.currency)
                    for amount in (sum_of(at), sum_of(everybody), 0)
                ],
            }
        ),
        "earned",
    )


def ranked(result: analysis.Result, least: float) -> None:
    table = result.customers.read(["user_id", "probability", "class", "leaving", "segment", "tags", "reason"])
    table = table.filter(pc.greater_equal(table["probability"], least))
    st.markdown(
        f"**{words.plural(table.num_rows, 'customer')} of {words.count(result.n_users)} as of {result.as_of}**"
    )
    frame = table.slice(0, SHOWN).to_pandas()
    frame[["probability", "leaving"]] *= 100
    frame.columns = ["Customer", "Will buy", "Kind", "May leave", "Segment", "Tags", "Because"]
    percent = st.column_config.NumberColumn(format="%.0f%%")
    parts.table(frame, "ranked", column_config={"Will buy": percent, "May leave": percent})
    if table.num_rows > SHOWN:
        st.caption(f"The first {SHOWN} are shown; the export has all.")


def leaves(result: analysis.Result, task: dict[str, Any]) -> None:
    """Every leaf of the tree as one line."""
    nodes = result.tree[result.tree["task"] == task["task"]]
    ends = nodes[nodes["left"] < 0].sort_values("probability", ascending=False)
    above = nodes.set_index("node").to_dict("index")
    rows = []
    for end in ends.to_dict("records"):
        steps, child, parent = [], end["node"], end["parent"]
        while parent >= 0:
            node = above[parent]
            steps.append(node["rule"] if node["right"] == child else node["rule_left"])
            child, parent = parent, node["parent"]
        rows.append(
            {
                "Chance": 100 * end["probability"],
                "Training rows": int(end["count"]),
                "When": "; ".join(reversed(steps)) or "always",
            }
        )
    with st.expander("The whole tree, a line for each leaf"):
        parts.table(
            pd.DataFrame(rows),
            "leaves",
            column_config={"Chance": st.column_config.NumberColumn(format="%.0f%%")},
        )


def fairness(own: pd.DataFrame) -> None:
    wanted = {
        "attribute": "By",
        "group": "Group",
        "n": "Customers",
        "accuracy": "Accuracy",
        "recall": "Recall",
        "precision": "Precision",
        "roc_auc": "ROC AUC",
        "selected": "Called",
        "note": "Note",
    }
    with st.expander("All groups in numbers"):
        parts.table(own[[name for name in wanted if name in own]].rename(columns=wanted).round(3), "fairness")


def tags(result: analysis.Result) -> None:
    st.markdown(f"**What is bought together, as of {result.as_of}**")
    if not len(result.rules):
        st.info("No rule between categories holds often enough.")
        return
    frame = result.rules.head(12)
    shown = pd.DataFrame(
        {
            "Who bought": frame["if_bought"],
            "also buys": frame["then"],
            "in": 100 * frame["confidence"],
            "times the average": frame["lift"].round(2),
            "Customers": frame["customers"],
        }
    )
    parts.table(shown, "rules", column_config={"in": st.column_config.NumberColumn(format="%.0f%%")})
    st.caption("Customers' tags (kind, segment, risk, next offer) carry this date and change with new data.")
