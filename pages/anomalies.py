"""Anomalies: which purchases, customers' months or points of a metric are not as they should be."""

from __future__ import annotations

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from socialml import words
from socialml.analyses import _anomalies_judge as judge
from socialml.analyses import anomalies as analysis
from socialml.evaluation.scores import Score
from socialml.figures import anomalies as figures
from socialml.figures import curve
from socialml.store import Run
from socialml.ui import anomalies_labels, context, downloads, parts, running, state
from socialml.ui import anomalies_review as review
from socialml.ui import anomalies_settings as choose
from socialml.ui import anomalies_words as said
from socialml.ui.anomalies_state import Known, compared, judged_by, known, newest, ranking

TITLE = "Anomalies"
TABS = ["What to review?", "How sure?", "Customers' months", "Trained how?"]
POINT_TABS = ["What to review?", "How sure?", "Trained how?"]


def show(chosen: context.Context, run: Run, top: DeltaGenerator) -> None:
    result: analysis.Result = state.result(run)
    downloads.of_run(run.run_id)
    facts = known(run, result)
    by = judged_by(facts)
    ranked = ranking(run, facts)
    figures_place = st.container()
    asked = run.config.get("threshold") is None  # for a share of the rows, and not for a score
    own_share = result.share if asked else round(result.flagged / result.n_rows, 4)
    share = choose.share(run.run_id, own_share)
    threshold = result.threshold if share == own_share else ranked.threshold(share)
    rates = judge.rates(ranked, ranked.flagged(threshold))
    chance = judge.by_chance(result.chance, result.n_rows, threshold)
    told = compared(run, facts)
    own = told.set_index("name").loc["combined"] if len(told) else None
    area = Score(own["roc_auc"], own["low"], own["high"]) if own is not None else None
    with top:
        parts.heading(TITLE, said.answer(result, rates, newest(run.run_id, rates.flagged), chance))
    with figures_place:
        parts.key_figures(said.key_figures(result, rates, area, chance, by))
    st.caption(parts.plain(said.setting(rates, by)))
    _picture(run, result, threshold, rates.flagged)
    names = TABS if result.kind == "shop" else POINT_TABS
    for name, tab in zip(names, parts.tabs("anomalies-tab", names), strict=True):
        if tab.open:
            with tab:
                if name == TABS[0]:
                    review.queue(chosen.name, result, facts, threshold)
                elif name == TABS[1]:
                    _how_sure(run, result, ranked, threshold, told, facts)
                elif name == TABS[2]:
                    _months(run, result)
                else:
                    _trained(run, result)
    _act(result, threshold, rates.flagged)
    _believe(run, result)


def _picture(run: Run, result: analysis.Result, threshold: float, flagged: int) -> None:
    if result.kind == "shop":
        parts.chart(
            lambda: figures.amounts(result, threshold, flagged), "amounts", of=(run.run_id, threshold)
        )
        return
    names = sorted(result.scores.read(["series"])["series"].unique().to_pylist())
    told = newest(run.run_id, result.flagged)  # the answer's, so that the picture shows what it says
    first = names.index(told.iloc[0]["series"]) if len(told) else 0
    series = st.selectbox("Series", names, first, key=f"series-{run.run_id}") if len(names) > 1 else names[0]
    parts.chart(
        lambda: figures.points(result, series, threshold), "points", of=(run.run_id, series, threshold)
    )


def _act(result: analysis.Result, threshold: float, flagged: int) -> None:
    st.subheader("What to do")
    stake = analysis.at_stake(result, flagged) if result.kind == "shop" else None
    st.markdown(parts.plain(said.act(result, stake)))
    with st.container(horizontal=True):
        parts.download(
            "Export the flagged", lambda: analysis.export(result, threshold, flagged_only=True),
            "flagged", "export-flagged", rows=flagged,
        )  # fmt: skip
        parts.download(
            "Export all scores",
            lambda: analysis.export(result, threshold),
            "scores",
            "export-scores",
            rows=result.n_rows,
        )


def _how_sure(
    run: Run, result: analysis.Result, ranked: judge.Ranking, threshold: float,
    told: pd.DataFrame, facts: Known,
) -> None:  # fmt: skip
    anomalies_labels.section(run, result, facts)
    of = (run.run_id, facts.stamp, threshold)
    parts.chart(lambda: figures.tail(ranked, threshold, result.chance, said.things(result)), "tail", of=of)
    if ranked.basis != "labels":
        column = "" if result.kind == "shop" else ", or a column of the table that says it (see the settings)"
        st.info(f"How many are found, and which score is best, needs a list of all that is wrong{column}.")
        return
    parts.chart(lambda: figures.sweep(ranked, ranked.flagged(threshold)), "sweep", of=of)
    numbers = told.assign(name=judge.called(told)).round(4)
    numbers.columns = ["Score", "ROC AUC", "from", "to", "Found at 4.3% by mistake", "from ", "to "]
    parts.chart(lambda: figures.compared(told), "compared", of=of, numbers=numbers)


def _months(run: Run, result: analysis.Result) -> None:
    if result.months is None:
        st.info(parts.plain(result.month_score["reason"]))
        return
    st.markdown(parts.plain(said.months(result)))
    parts.chart(lambda: figures.months(result), "months", of=(run.run_id,))
    frame = result.months.read().slice(0, 200).to_pandas()
    sign = words.sign(result.currency).strip()
    frame = frame.assign(month=frame["month"].dt.strftime("%Y-%m")).round(
        {"amount": 0, "usual": 0, "score": 1}
    )
    frame.columns = ["Customer", "Month", f"Spent ({sign})", f"Expected ({sign})", "Score", "Because"]
    money = st.column_config.NumberColumn(format="localized")
    all_of_them, names = result.months, list(frame.columns)
    parts.table(
        frame,
        "months-table",
        column_config={name: money for name in frame.columns[2:4]},
        note=f"The first {len(frame)} are shown; the download has all."
        if len(frame) < all_of_them.rows
        else "",
        whole=lambda: all_of_them.read().rename_columns(names),
        rows=all_of_them.rows,
    )


def _trained(run: Run, result: analysis.Result) -> None:
    of = "customers" if result.kind == "shop" else "stretches of time"
    learned = result.curve[result.curve["epoch"] > 0]
    start = result.curve.loc[result.curve["epoch"] == 0, "valid"]
    parts.chart(
        lambda: curve.training(
            {
                "epoch": learned["epoch"].tolist(),
                "training": learned["train"].tolist(),
                "validation": learned["valid"].tolist(),
            }
        ),
        "curve",
        of=(run.run_id,),
        absent="No LSTM was trained: there is too little to learn from, so the running level is used.",
        note=f"Loss: the error in usual spreads; less is better. Validation: {of} that nothing was learned from."
        + (f" Before learning, by the running level alone: {start.iloc[0]:.3f}." if len(start) else ""),
    )
    if result.kind == "shop":
        st.markdown(
            "An LSTM reads a customer's last 20 purchases and says what the next should cost. The error, in the"
            " customer's own spread, is the surprise of the amount; hour and device are compared with the customer's"
            " other purchases. A purchase is never compared with itself, and its amount only with what came before."
        )
        weights = ", ".join(f"{name} {weight:.2f}" for name, weight in result.weights.items())
        st.caption(
            f"Weights: {weights}."
            + (
                f" From {result.refitted} marks."
                if result.refitted
                else " Equal, until there are 20 marks of each kind."
            )
        )
    else:
        st.markdown(
            "An LSTM reads the last points and the clock, and says what the next should be. Each third of the time is"
            " told by a net that learned from the other two, so that no point teaches that it is usual."
        )


def _believe(run: Run, result: analysis.Result) -> None:
    st.subheader("Why believe it")
    groups = words.plural(
        result.n_groups,
        "customer" if result.kind == "shop" else "series",
        "customers" if result.kind == "shop" else "series",
    )
    learned = "Nothing was learned from a list of wrong ones: it only judges."
    if result.refitted:
        learned = (
            f"The weights come from {result.refitted} marks of your reviews; precision on these flatters."
        )
    st.markdown(
        f"From {words.plural(result.n_rows, said.things(result))} of {groups}. {learned} It took"
        f" {run.seconds:.0f} s."
    )
    for note in result.notes:
        st.caption(parts.plain(note))
    with st.expander("Details of this run"):
        st.code(
            f"{run.run_id}\ndata version {run.dataset_version}, seed {run.seed}, made {run.created_at} UTC"
        )
        st.json({"settings": run.config, **run.environment}, expanded=False)


chosen = context.current()
if chosen is None:
    parts.heading(TITLE, "Which purchases look wrong? Bring a file to see it.")
    parts.no_dataset()
else:
    found = choose.columns(chosen)
    if chosen.first is None and found is None:
        parts.heading(TITLE, "This dataset has no purchases and no table of times and numbers.")
        parts.needs("orders, or a table with a column of times and one of numbers")
    else:
        top, status, body, bottom = st.container(), st.container(), st.container(), st.container()
        run = state.newest_run(chosen.name, "anomalies")
        with bottom:
            wanted = choose.settings(chosen, found, run.config if run else {}, chosen.last_day)
        if run is None:
            with top:
                what = "purchases" if found is None else "points"
                parts.heading(
                    TITLE, f"Which {what} look wrong is not known yet. It takes about half a minute."
                )
        else:
            with body:
                show(chosen, run, top)
        with status:
            running.status(chosen, "anomalies", run, wanted, label="Find what looks wrong", what="Anomalies")
