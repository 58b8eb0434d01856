"""The tables of the Customers page."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import streamlit as st

from socialml import published, words
from socialml.analyses import customers as analysis
from socialml.analyses._customers_tasks import PUBLISHED
from socialml.export import table_of
from socialml.ui import customer_words as said
from socialml.ui import parts

SHOWN = 500  # customers on the page; the export has all


def key_figures(result: analysis.Result, task: dict[str, Any]) -> list[parts.KeyFigure]:
    floor = task["floor"][task["floor"]["best"]]
    two, number = len(task["classes"]) == 2, said.called(result, task)

    def interval(name: str) -> str:
        low, high = task[f"{name}_low"], task[f"{name}_high"]
        return (
            f" Could be off: {words.share(low, 0)} to {words.share(high, 0)} (95%)."
            if low is not None
            else ""
        )

    shown = []
    if number is not None:
        shown.append(
            ("Customers called", words.figure(number), f"With a chance of {task['threshold']:.0%} or more.")
        )
    if two:
        shown += [
            (
                "Of them right",
                words.share(task["precision"], 0),
                f"Precision: how many of those called were it.{interval('precision')}",
            ),
            (
                "Found",
                words.share(task["recall"], 0),
                f"Recall: how many of all that were it are called.{interval('recall')}",
            ),
        ]
    else:
        most = task["floor"]["majority"]["accuracy"]
        shown += [
            ("Told rightly", words.share(task["accuracy"], 0), f"Accuracy.{interval('accuracy')}"),
            ("By one answer", words.share(most, 0), "Accuracy of always naming the most frequent one."),
        ]
    shown += [
        (
            "Ranked rightly",
            words.share(task["roc_auc"], 0),
            f"ROC AUC: pairs that the list puts in the right order; 50% is chance.{interval('roc_auc')}",
        ),
        (
            "By a simple rule",
            words.share(floor["roc_auc"], 0),
            "Pairs that the best simple rule ranks rightly (ROC AUC), on the same rows.",
        ),
    ]
    return [parts.KeyFigure(label, value, help) for label, value, help in shown]


def beside_published(result: analysis.Result) -> None:
    """The six rows of Table 2, those that cannot be told here among them; or the tasks of a table."""
    shop = result.kind == "shop"
    figures: dict[str, dict[str, float]] = {}
    for figure in published.figures("classification"):
        figures.setdefault(figure.population, {})[figure.metric] = figure.value
    known = {task["task"]: task for task in result.tasks}
    left_out = {item["task"]: item for item in result.skipped}
    rows = []
    for key in [*PUBLISHED, *(key for key in (*known, *left_out) if key not in PUBLISHED)]:
        if key not in known and key not in left_out:
            continue
        task: dict[str, Any] = known.get(key) or {}
        row: dict[str, Any] = {"Question": (task or left_out[key])["label"]}
        for name, metric in _SHOWN.items():
            row[name] = _percent(task.get(metric))
            if shop and name in _PUBLISHED:
                row[f"{name}, published"] = figures.get(PUBLISHED.get(key, ""), {}).get(_PUBLISHED[name])
        if task:
            floor = task["floor"][task["floor"]["best"]]
            row |= {
                "Ranked rightly": _percent(task["roc_auc"]),
                "from": _percent(task["roc_auc_low"]),
                "to": _percent(task["roc_auc_high"]),
                "By a simple rule": _percent(floor["roc_auc"]),
                "Better": "a simple rule" if task["not_better"] else "the model",
                "Model": task["model_label"],
                "Test rows": task["n_test"],
            }
        rows.append(row)
    frame = pd.DataFrame(rows)
    percent = st.column_config.NumberColumn(format="%.1f%%")
    texts = ("Question", "Better", "Model", "Test rows")
    config: dict[str, Any] = {name: percent for name in frame if name not in texts}
    config["Question"] = st.column_config.TextColumn(pinned=True, width=270)
    config["Test rows"] = st.column_config.NumberColumn(format="localized")
    config["Ranked rightly"] = st.column_config.NumberColumn(format="%.1f%%", help="ROC AUC; 50% is chance.")
    parts.table(
        frame,
        "questions",
        title=f"Each question in numbers{', beside the published ones' if shop else ''}",
        note="Published: Li 2024, Table 2, measured on other data, where labels and features may overlap; here"
        " they never do. They say nothing about your customers."
        if shop
        else "",
        column_config=config,
    )
    for item in result.skipped:
        reason = item["reason"].removeprefix(f"'{item['label']}': ")
        st.caption(f"Not told: {parts.plain(item['label'])}. {parts.plain(reason[:1].upper() + reason[1:])}")


_SHOWN = {"Accuracy": "accuracy", "Recall": "recall", "F1": "f1", "Precision": "precision"}
_PUBLISHED = {"Accuracy": "accuracy", "Recall": "recall", "F1": "F1"}


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
    shown = pd.DataFrame(
        {
            "Question": means["task"].map(labels),
            "Model": means["label"],
            "Ranked rightly": 100 * means["roc_auc"],
            "Error of the chances": means["brier"],
            "Rows": means["n"],
        }
    )
    config = {
        "Ranked rightly": st.column_config.NumberColumn(format="%.1f%%", help="ROC AUC; 50% is chance."),
        "Error of the chances": st.column_config.NumberColumn(
            format="%.3f", help="Brier score: mean squared error; 0 is never wrong."
        ),
        "Rows": st.column_config.NumberColumn(format="localized"),
    }
    parts.table(shown, "folds", title="Cross-validated: every row is judged once", column_config=config)


def ranked(result: analysis.Result, least: float, by: str = "probability") -> int:
    """The customers with at least this chance, likeliest first; how many there are."""
    columns = ["user_id", "probability", "leaving", "class", "segment", "reason", "tags"]
    table = result.customers.read([*columns, *({by} - set(columns))])
    table = table.filter(pc.greater_equal(table[by], least))
    if by != "probability":
        table = table.sort_by([(by, "descending"), ("user_id", "ascending")])
    title = (
        f"{words.plural(table.num_rows, 'customer')} of {words.count(result.n_users)} as of {result.as_of}"
    )

    def shown(part: pa.Table) -> pd.DataFrame:
        frame = part.to_pandas()
        frame[[*{"probability", "leaving", by}]] *= 100
        told = {
            text: words.rules(text, result.feature_labels, result.currency)
            for text in frame["reason"].unique()
        }
        frame["reason"] = frame["reason"].map(told)
        frame["class"] = frame["class"].where(~frame["class"].isin(["other", ""]), None)
        names = ("Customer", "Will buy", "May leave", "Kind", "Segment", "Because", "Tags")
        frame.columns = [*names, *frame.columns[7:]]
        if by not in columns:  # its own chance stands first
            frame.insert(1, "Will be it", frame.pop(by))
        return frame.loc[:, frame.notna().any()]

    percent = st.column_config.NumberColumn(format="%.1f%%")
    parts.table(
        shown(table.slice(0, SHOWN)),
        f"ranked-{by}",
        title=title,
        note=f"The first {SHOWN} are shown; the download has all." if table.num_rows > SHOWN else "",
        column_config={"Will be it": percent, "Will buy": percent, "May leave": percent},
        whole=lambda: shown(table),
        rows=table.num_rows,
    )
    return table.num_rows


def rows(result: analysis.Result, least: float) -> int:
    """The test rows of a table of cases with at least this chance, likeliest first; how many there are."""
    table = result.customers.read()
    place = 1  # row, probability, class, actual stand first, by whatever name
    table = table.filter(pc.greater_equal(table[place], least))
    title = f"{words.plural(table.num_rows, 'row')} of the {words.count(result.customers.rows)} judged"
    frame = table.slice(0, SHOWN).to_pandas()
    frame[frame.columns[place]] *= 100
    names = dict(zip(frame.columns[:4], ["Row", "Chance", "Called", "Was"], strict=True))
    names = {name: label for name, label in names.items() if label not in frame.columns}
    percent = st.column_config.NumberColumn(format="%.1f%%")
    parts.table(
        frame.rename(columns=names),
        "ranked-rows",
        title=title,
        note=f"The first {SHOWN} are shown; the export has all." if table.num_rows > SHOWN else "",
        column_config={"Chance": percent},
        keep=False,
    )
    return table.num_rows


def nodes(tree: pd.DataFrame) -> pa.Table:
    """The whole tree to take along: one row a question or an answer."""
    return table_of(
        pd.DataFrame(
            {
                "Node": tree["node"],
                "Question": tree["rule"],
                "If so, go to": tree["right"].where(tree["right"] >= 0).astype("Int64"),
                "If not, go to": tree["left"].where(tree["left"] >= 0).astype("Int64"),
                "Learned from (rows)": tree["count"],
                "Chance (%)": 100 * tree["probability"],
            }
        )
    )


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
                "When": words.rules("; ".join(reversed(steps)), result.feature_labels, result.currency)
                or "always",
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
        "selected": "Called",
        "recall": "Found",
        "precision": "Right among those called",
        "roc_auc": "Ranked rightly",
        "accuracy": "Told rightly",
        "note": "Note",
    }
    frame = own[[name for name in wanted if name in own]].copy()
    shares = [name for name in ("selected", "recall", "precision", "roc_auc", "accuracy") if name in frame]
    frame[shares] *= 100
    percent = st.column_config.NumberColumn(format="%.0f%%")
    with st.expander("All groups in numbers"):
        parts.table(
            frame.rename(columns=wanted),
            "fairness",
            column_config={wanted[name]: percent for name in shares}
            | {"Customers": st.column_config.NumberColumn(format="localized")},
        )


def together(result: analysis.Result) -> None:
    """Rules between categories: what to offer next."""
    title = f"What is bought together, as of {result.as_of}"
    if not len(result.rules):
        st.markdown(f"**{title}**")
        st.info("No rule between categories holds often enough.")
        return
    frame = result.rules.head(12)
    shown = pd.DataFrame(
        {
            "Who bought": frame["if_bought"],
            "also bought": frame["then"],
            "so many of them": 100 * frame["confidence"],
            "times as often as all": frame["lift"].round(2),
            "Customers": frame["customers"],
        }
    )
    parts.table(
        shown,
        "bought-together",
        title=title,
        note="Customers' tags (kind, segment, risk, next offer) carry this date and change with new data.",
        column_config={
            "so many of them": st.column_config.NumberColumn(format="%.0f%%", help="Confidence of the rule."),
            "times as often as all": st.column_config.NumberColumn(help="Lift of the rule."),
            "Customers": st.column_config.NumberColumn(format="localized", help="Who bought both."),
        },
    )
