"""Customers: who will buy, who is worth most, who is about to leave, and whom to contact."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from socialml import words
from socialml.analyses import customers as analysis
from socialml.figures import customers as figures
from socialml.store import Run
from socialml.ui import context, customer_settings, customer_tables, downloads, parts, running, state
from socialml.ui import customer_words as said

TITLE = "Customers"
TABS = ["Whom to contact?", "Why?", "Why this customer?", "How well?", "Who leaves?", "Fair to all?"]
ROW_TABS = ["Which rows?", "Why?", "Why this row?", "How well?"]


def show(chosen: context.Context, run: Run, top: DeltaGenerator) -> None:
    result: analysis.Result = state.result(run)
    downloads.of_run(run.run_id)
    tasks = {task["task"]: task for task in result.tasks}
    key = customer_settings.question(run.run_id, result)
    task = tasks[key]
    with top:
        parts.heading(TITLE, said.answer(result, task))
        st.markdown(parts.plain(said.standing(task)), help=said.STANDING_HELP)
    customer_settings.asked(result)
    parts.key_figures(customer_tables.key_figures(result, task))
    names = TABS if result.kind == "shop" else ROW_TABS
    for name, tab in zip(names, parts.tabs("customers-tab", names), strict=True):
        if tab.open:
            with tab:
                _DRAW[name](result, task, (run.run_id, key))
    _believe(run, result, task)


def _contact(result: analysis.Result, task: dict[str, Any], of: tuple[str, str]) -> None:
    least = 0.0
    if len(task["classes"]) == 2:
        least = _threshold(result, task, of)
    elif result.kind == "shop":
        st.info("Choose a question with a yes or no, such as 'Will buy next month', to see whom to contact.")
        return
    if result.kind == "records" and task["task"] != "target":
        st.caption(
            "The list holds the chances told with all columns: choose these above to see and export it."
        )
    elif result.kind == "records":
        count = customer_tables.rows(result, least)
        parts.download(
            "Export these rows", lambda: analysis.export(result, least), "rows", "export-rows", rows=count
        )
    elif task["task"] == "purchase":
        count = customer_tables.ranked(result, least)
        parts.download(
            "Export this list",
            lambda: analysis.export(result, least),
            "customers-to-contact",
            "export-customers",
            rows=count,
        )
    elif task["task"] in said.CHANCE:
        customer_tables.ranked(result, least, said.CHANCE[task["task"]])
    else:
        st.caption("The list of all customers stands under 'Will buy next month'.")


def _threshold(result: analysis.Result, task: dict[str, Any], of: tuple[str, str]) -> float:
    """The chance from which on to contact, and what that earns."""
    sign = words.sign(result.currency).strip()
    shop = result.kind == "shop"
    first, second = st.columns(2)
    value = first.number_input(
        parts.plain(
            f"Value of a sale ({sign})" if shop else f"Value of each '{task['classes'][1]}' reached ({sign})"
        ),
        0.0,
        1e6,
        40.0,
        key="sale-value",
        help="What one who is reached brings, after costs.",
    )
    cost = second.number_input(
        f"Cost of a contact ({sign})", 0.0, 1e6, 2.0, key="contact-cost", help="A message, a coupon, a call."
    )
    percent = st.slider(
        "Contact from this chance on (%)",
        0,
        100,
        min(100, round(100 * (task["threshold"] or 0.5))),
        key=f"threshold-{task['task']}",
        help="It starts where precision and recall are balanced best (F1, on the validation part).",
    )
    number = said.called(result, task, percent / 100)
    earned = said.earned(result, task["task"], value, cost, percent / 100)
    st.markdown(parts.plain(said.earning(earned, percent, number, result, task["task"])))
    parts.chart(
        lambda: figures.profit(result, task["task"], value, cost, percent / 100),
        "profit",
        of=(*of, value, cost, percent),
        note="Whoever is reached counts as earned, also where they would have bought anyway: this says whom to reach,"
        " not what the contact changes.",
    )
    return percent / 100


def _why(result: analysis.Result, task: dict[str, Any], of: tuple[str, str]) -> None:
    key = task["task"]
    parts.chart(lambda: figures.importance(result, key), "importance", of=of, absent="No column stands out.")
    parts.chart(
        lambda: figures.tree(result, key),
        "tree",
        of=of,
        absent="There is no tree.",
        data=lambda: customer_tables.nodes(figures.of_task(result.tree, key)),
    )
    customer_tables.leaves(result, task)
    pruned = st.expander("How the tree was pruned", key="pruned", on_change="rerun")
    if pruned.open:
        with pruned:
            parts.chart(
                lambda: figures.pruning(result, key), "pruning", of=of, absent="There is nothing to prune."
            )


def _one(result: analysis.Result, task: dict[str, Any], of: tuple[str, str]) -> None:
    shop = result.kind == "shop"
    key = "user_id" if shop else result.customers.columns[0]
    first = str(result.customers.read([key])[key][0].as_py())
    name = st.text_input(
        "Customer number" if shop else "Row number", first, key=f"one-buyer-{of[0]}",
        help="As in the list to export." if shop else "As in the list of rows; those of the test part are known.",
    ).strip()  # fmt: skip
    if not name:
        return
    found = analysis.reason(result, name)
    if found is None:
        kind = "customer" if shop else "row of the test part"
        st.warning(f"No {kind} '{parts.plain(name)}' in this run. Numbers are compared letter by letter.")
        return
    row, told = found
    if shop:
        model = next((item["model_label"] for item in result.tasks if item["task"] == "purchase"), "")
        st.markdown(
            f"**{parts.plain(name)}** will buy {said.coming(result)} with a chance of"
            f" **{words.measured(row['probability'], 'share', '')}**"
            + (f" ({model})." if model else ".")
            + (f" Tags of {result.as_of}: {parts.plain(row['tags'])}." if row["tags"] else "")
        )
    else:
        _, chance, called, was = list(row.values())[:4]
        st.markdown(
            f"**Row {parts.plain(name)}** is called **{parts.plain(str(called))}** and was {parts.plain(str(was))};"
            f" the chance was {words.measured(chance, 'share', '')}."
        )
    if told:
        st.markdown(
            "The tree's way to it, with what is true here in brackets:\n"
            + "\n".join(f"1. {parts.plain(step)}" for step in told)
        )


def _how_well(result: analysis.Result, task: dict[str, Any], of: tuple[str, str]) -> None:
    key = task["task"]
    customer_tables.beside_published(result)
    parts.chart(
        lambda: figures.models(result, key), "models", of=of, numbers=customer_tables.scores(result, key)
    )
    left, right = st.columns(2)
    with left:
        parts.chart(lambda: figures.confusion(result, key), "confusion", of=of)
    if len(task["classes"]) == 2:
        with right:
            parts.chart(lambda: figures.gain(result, key), "gain", of=of)
        more = st.expander(
            "ROC, precision-recall, calibration and lift curves", key="curves", on_change="rerun"
        )
        if more.open:
            with more:
                left, right = st.columns(2)
                with left:
                    parts.chart(lambda: figures.roc(result, key), "roc", of=of)
                    parts.chart(lambda: figures.calibration(result, key), "calibration", of=of)
                with right:
                    parts.chart(lambda: figures.precision_recall(result, key), "pr", of=of)
                    parts.chart(lambda: figures.lift(result, key), "lift", of=of)
                st.caption(f"Calibration: {parts.plain(task['calibration'])}.")
    customer_tables.folds(result)


def _leaves(result: analysis.Result, task: dict[str, Any], of: tuple[str, str]) -> None:
    churn = result.churn
    if "churn" not in {item["task"] for item in result.tasks}:
        reason = next((item["reason"] for item in result.skipped if item["task"] == "churn"), "")
        st.info(f"Who is about to leave cannot be told here. {parts.plain(reason)}")
    else:
        st.markdown(
            f"Of {words.plural(churn['active'], 'customer')} who bought in the last 90 days,"
            f" **{words.count(churn['leaving'])}** will more likely than not buy nothing for {churn['days']} days."
        )
        parts.chart(
            lambda: figures.precursors(result), "precursors", of=of, absent="Nothing tells leavers apart."
        )
        customer_tables.ranked(result, 0.5, "leaving")
    customer_tables.together(result)


def _fair(result: analysis.Result, task: dict[str, Any], of: tuple[str, str]) -> None:
    known = "attribute" in result.fairness
    own = result.fairness[result.fairness["task"] == task["task"]] if known else pd.DataFrame()
    if not len(own):
        st.info("Nothing is known here of gender, age or region, or the question has more than two answers.")
        return
    metric = st.segmented_control(
        "Compare groups by", list(said.FAIR), default="recall", required=True, format_func=said.FAIR.__getitem__,
        key="fair-by",
        help="Found: of those it is about, how many are called. Left out: groups of fewer than 30 customers, and scores"
        " over fewer than 10.",
    )  # fmt: skip
    metric = str(metric or "recall")
    st.markdown(f"**{parts.plain(said.fair(own, metric))}**")
    for attribute in own["attribute"].unique():
        parts.chart(
            lambda by=attribute: figures.fairness(result, task["task"], by, metric, said.FAIR[metric]),  # type: ignore[misc]
            f"fair-{attribute}",
            of=(*of, metric),
            absent=f"By {attribute}: every group is too small to say anything.",
        )
    customer_tables.fairness(own)


_DRAW = {
    **dict(zip(TABS, [_contact, _why, _one, _how_well, _leaves, _fair], strict=True)),
    **dict(zip(ROW_TABS, [_contact, _why, _one, _how_well], strict=True)),
}


def _believe(run: Run, result: analysis.Result, task: dict[str, Any]) -> None:
    st.subheader("Why believe it")
    shop = result.kind == "shop"
    st.markdown(
        f"Learned from {words.count(task['n_train'])} {'customers and months' if shop else 'rows'}, chosen on"
        f" {words.count(task['n_valid'])}, judged once on {words.count(task['n_test'])}"
        + (
            f" customers that nothing was learned from, {said.judged(result)}. What is used of a customer ends"
            " before the month that is told."
            if shop
            else " rows that nothing was learned from."
        )
        + f" It took {run.seconds:.0f} s."
    )
    for note in result.notes:
        st.caption(parts.plain(note))
    with st.expander("Details of this run"):
        st.caption(f"{parts.plain(task['balance'])} Calibration: {parts.plain(task['calibration'])}.")
        st.code(
            f"{run.run_id}\ndata version {run.dataset_version}, seed {run.seed}, made {run.created_at} UTC"
        )
        st.json(
            {
                "settings": run.config,
                "meaning": result.thresholds,
                "windows": result.windows,
                **run.environment,
            },
            expanded=False,
        )


chosen = context.current()
if chosen is None:
    parts.heading(TITLE, "Who will buy next month? Bring a file to see it.")
    parts.no_dataset()
elif chosen.first is None and not customer_settings.columns_of(chosen):
    parts.heading(TITLE, "This dataset has no purchases and no table to learn from.")
    parts.needs("orders, behaviour events or a table of cases")
else:
    # The settings are folded at the bottom, but what they say decides the status at the top.
    top, status, body, bottom = st.container(), st.container(), st.container(), st.container()
    runs = state.store().runs(dataset=chosen.name, analysis="customers")
    with status:
        target = customer_settings.target(chosen, runs[0].config.get("target") if runs else None)
    run = next((run for run in runs if run.config.get("target") == target), None)
    if target is None and chosen.first is None:
        with top:
            parts.heading(TITLE, "Choose the column that the others should tell.")
    else:
        if run is None:
            with top:
                whom = "these customers" if target is None else f"'{target}'"
                parts.heading(TITLE, f"Nothing is learned about {whom} yet. It takes a minute.")
        else:
            with body:
                show(chosen, run, top)
        with bottom:
            wanted = customer_settings.settings(chosen, target, run.config if run else {}, chosen.last_day)
        with status:
            running.status(chosen, "customers", run, wanted, label="Train the models", what="Customers")
