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
from socialml.ui import context, customer_settings, customer_tables, parts, progress, state

TITLE = "Customers"
TABS = ["How well?", "Whom to contact?", "Why?", "Why this customer?", "Fair to all?", "Who leaves?"]


def answer(result: analysis.Result) -> str:
    """The page's answer, from the numbers."""
    tasks = {task["task"]: task for task in result.tasks}
    main = tasks.get("purchase") or tasks.get("target") or result.tasks[0]
    floor = main["floor"][main["floor"]["best"]]
    if result.kind == "records":
        sentence = f"'{result.target}' is told with a ROC AUC of {main['roc_auc']:.2f}"
    else:
        sentence = f"{main['label']}: told with a ROC AUC of {main['roc_auc']:.2f}"
    sentence += f" by the {main['model_label'].lower()}"
    if main["not_better"]:
        return f"{sentence}, no better than the simple rule ({floor['roc_auc']:.2f}): use the rule."
    sentence += f"; the best simple rule has {floor['roc_auc']:.2f}."
    if result.questions:
        asked = words.listed([f"'{question['column']}'" for question in result.questions])
        sentence += f" Was {asked} known before?"
    return sentence


def show(chosen: context.Context, run: Run, top: DeltaGenerator) -> None:
    result: analysis.Result = state.result(run)
    with top:
        parts.heading(TITLE, answer(result))
    _questions(result)
    tasks = {task["task"]: task for task in result.tasks}
    key = st.selectbox(
        "Task", list(tasks), format_func=lambda name: tasks[name]["label"], key=f"task-{run.run_id}",
        index=list(tasks).index("purchase") if "purchase" in tasks else 0,
        help="Each is learned from earlier months and judged on customers that were not learned from.",
    )  # fmt: skip
    task = tasks[key]
    parts.key_figures(customer_tables.key_figures(task))
    names = TABS if result.kind == "shop" else [*TABS[:3], "Ranked rows"]
    opened = dict(zip(names, parts.tabs("customers-tab", names), strict=True))
    for name, tab in opened.items():
        if tab.open:
            with tab:
                _DRAW[name](result, task, (run.run_id, key))
    _believe(run, result, task)


def _questions(result: analysis.Result) -> None:
    """Columns that may give the answer away."""
    for question in result.questions:
        st.warning(
            f"**Was {parts.plain(question['column'])} known before the outcome?**"
            f" {parts.plain(question['why'])} Both results are shown below. Answer in the settings: leave it"
            " out, or say that it is known before.",
            icon=":material/help:",
        )


def _how_well(result: analysis.Result, task: dict[str, Any], of: tuple[str, str]) -> None:
    key = task["task"]
    customer_tables.beside_published(result)
    parts.chart(
        lambda: figures.models(result, key), "models", of=of, numbers=customer_tables.scores(result, key)
    )
    parts.chart(lambda: figures.confusion(result, key), "confusion", of=of)
    absent = "This task has more than two answers; curves are drawn for yes or no."
    left, right = st.columns(2)
    with left:
        parts.chart(lambda: figures.roc(result, key), "roc", of=of, absent=absent)
        parts.chart(
            lambda: figures.calibration(result, key),
            "calibration",
            of=of,
            absent=absent,
            note=task["calibration"],
        )
    with right:
        parts.chart(lambda: figures.precision_recall(result, key), "pr", of=of, absent=absent)
        parts.chart(lambda: figures.gain(result, key), "gain", of=of, absent=absent)
    parts.chart(lambda: figures.lift(result, key), "lift", of=of, absent=absent)
    customer_tables.folds(result)


def _contact(result: analysis.Result, task: dict[str, Any], of: tuple[str, str]) -> None:
    if len(task["classes"]) != 2:
        st.info("Choose a task with a yes or no to set a threshold.")
        return
    sign = words.sign(result.currency).strip()
    first, second = st.columns(2)
    value = first.number_input(
        f"Value of a sale ({sign})",
        0.0,
        1e6,
        40.0,
        key="sale-value",
        help="What one reached buyer brings, after costs.",
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
    )
    customer_tables.earned(result, task, value, cost, percent / 100)
    parts.chart(
        lambda: figures.profit(result, task["task"], value, cost, percent / 100),
        "profit",
        of=(*of, value, cost, percent),
    )
    st.caption(
        "A sale counts as earned when its buyer is contacted, also where they would have bought anyway: this"
        " says whom to reach, not what the contact changes."
    )
    if result.kind == "shop" and task["task"] == "purchase":
        customer_tables.ranked(result, percent / 100)
        parts.download(
            "Export this list",
            lambda: analysis.export(result, percent / 100),
            "customers-to-contact.csv",
            "export-customers",
        )


def _why(result: analysis.Result, task: dict[str, Any], of: tuple[str, str]) -> None:
    key = task["task"]
    parts.chart(lambda: figures.importance(result, key), "importance", of=of, absent="No column stands out.")
    parts.chart(lambda: figures.tree(result, key), "tree", of=of, absent="There is no tree.")
    customer_tables.leaves(result, task)
    parts.chart(
        lambda: figures.pruning(result, key), "pruning", of=of, absent="The tree has nothing to prune."
    )


def _one(result: analysis.Result, task: dict[str, Any], of: tuple[str, str]) -> None:
    user = st.text_input("Customer number", key="one-buyer", placeholder="Such as U0000001").strip()
    if not user:
        return
    found = analysis.reason(result, user)
    if found is None:
        st.warning(f"No customer '{parts.plain(user)}' in this run. Numbers are compared letter by letter.")
        return
    row, told = found
    chance = row["probability"]
    st.markdown(
        f"**{parts.plain(user)}** will buy next month with a chance of {words.share(chance)}."
        + (f" Tags of {result.as_of}: {parts.plain(row['tags'])}." if row["tags"] else "")
    )
    if told:
        st.markdown("The way through the tree:\n" + "\n".join(f"1. {parts.plain(step)}" for step in told))


def _fair(result: analysis.Result, task: dict[str, Any], of: tuple[str, str]) -> None:
    own = (
        result.fairness[result.fairness["task"] == task["task"]]
        if "attribute" in result.fairness
        else pd.DataFrame()
    )
    if not len(own):
        st.info("Nothing is known here of gender, age or region, or this task has more than two answers.")
        return
    for attribute in own["attribute"].unique():
        parts.chart(
            lambda a=attribute: figures.fairness(result, task["task"], a), f"fair-{attribute}", of=of,
            absent=f"By {attribute}: every group is too small to say anything.",
        )  # fmt: skip
    customer_tables.fairness(own)


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
    customer_tables.tags(result)


def _rows(result: analysis.Result, task: dict[str, Any], of: tuple[str, str]) -> None:
    st.caption("Rows of the test part, likeliest first.")
    parts.table(result.customers.read().slice(0, 500).to_pandas(), "ranked-rows")
    parts.download("Export these rows", lambda: analysis.export(result), "rows.csv", "export-rows")


_DRAW = dict(
    zip([*TABS, "Ranked rows"], [_how_well, _contact, _why, _one, _fair, _leaves, _rows], strict=True)
)


def _believe(run: Run, result: analysis.Result, task: dict[str, Any]) -> None:
    st.subheader("Why believe it")
    st.markdown(
        f"Learned from {words.count(task['n_train'])} rows, chosen on {words.count(task['n_valid'])}, judged once on"
        f" {words.count(task['n_test'])}."
        + (" Features end where the month to be told begins." if result.kind == "shop" else "")
    )
    st.caption(parts.plain(task["balance"]))
    for item in result.skipped:
        st.caption(f"Not told: {parts.plain(item['label'])}. {parts.plain(item['reason'])}")
    for note in result.notes:
        st.caption(parts.plain(note))
    with st.expander("Details of this run"):
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


def _status(chosen: context.Context, run: Run | None, wanted: dict[str, Any]) -> None:
    job = progress.newest(chosen.name, "customers")
    if job and (job.active or run is None or job.created_at.replace(tzinfo=None) > run.created_at):
        progress.panel(job)
    reasons = []
    if run and run.dataset_version != chosen.version:
        reasons.append("the data has changed since")
    if run and any(run.config.get(name) != value for name, value in wanted.items()):
        reasons.append("it has older settings")
    if reasons:
        st.warning(f"What you see is the last run: {words.listed(reasons)}.", icon=":material/history:")
    if run is None or reasons:
        busy = bool(job and job.active)
        label = "Train the models" if run is None else "Run again"
        if st.button(label, type="primary", key="run-customers", disabled=busy, icon=":material/play_arrow:"):
            state.manager().submit("customers", chosen.name, wanted, label="Customers")
            st.rerun()


chosen = context.current()
if chosen is None:
    parts.heading(TITLE, "Who will buy next month? Bring a file to see it.")
    parts.no_dataset()
elif chosen.first is None and not customer_settings.columns_of(chosen):
    parts.heading(TITLE, "This dataset has no purchases and no table to learn from.")
    parts.needs("orders, behaviour events or a table of cases")
else:
    status, body, bottom = st.container(), st.container(), st.container()
    with bottom:
        target = customer_settings.target(chosen)
    runs = state.store().runs(dataset=chosen.name, analysis="customers")
    run = next((run for run in runs if run.config.get("target") == target), None)
    if target is None and chosen.first is None:
        with status:
            parts.heading(TITLE, "Choose the column that the others should tell.")
    else:
        if run is None:
            with status:
                parts.heading(TITLE, "Nothing is learned about these customers yet. It takes a minute.")
        else:
            with body:
                show(chosen, run, status)
        with bottom:
            wanted = customer_settings.settings(chosen, target, run.config if run else {}, chosen.last_day)
        with status:
            _status(chosen, run, wanted)
