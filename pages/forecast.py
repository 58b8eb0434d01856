"""Forecast: what next month brings, in all, by segment and by customer."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from socialml import words
from socialml.analyses import forecast as analysis
from socialml.figures import forecast as figures
from socialml.store import Run
from socialml.ui import (
    context,
    downloads,
    forecast_settings,
    forecast_tables,
    forecast_words,
    parts,
    running,
    state,
)

TITLE = "Forecast"
TABS = ["By segment", "Who grows, who falls?", "One customer", "How good is it?", "How was it trained?"]
SHOWN = 500  # customers on the page; the export has all
PAST_MOST = 24  # months that can be checked


def show(run: Run, top: DeltaGenerator) -> None:
    result: analysis.Result = state.result(run)
    downloads.of_run(run.run_id)
    with top:
        parts.heading(TITLE, forecast_words.answer(result))
    parts.key_figures(forecast_words.key_figures(result))
    for doubt in result.warnings:
        st.warning(parts.plain(doubt), icon=":material/warning:")
    rough = ""
    if result.total["low_80"] is None:
        rough = "There are too few months for a range."
    elif result.total["rough"]:
        rough = (
            f"The range is rough: it rests on {words.plural(result.total['past_errors'], 'past month')};"
            " a 95% range needs 19."
        )
    parts.chart(
        lambda: figures.total(result), "total", of=run.run_id, note=rough,
        numbers=result.series.round().rename(columns=str.capitalize),
    )  # fmt: skip
    for name, tab in zip(TABS, parts.tabs("forecast-tab", TABS), strict=True):
        if tab.open:
            with tab:
                _DRAW[name](run, result)
    _act(run, result)
    _believe(run, result)


def _segments(run: Run, result: analysis.Result) -> None:
    if not (result.segments["segment"] >= 0).any():
        st.info("The groups of these customers are not made yet, or are newer than this forecast.")
        st.page_link("pages/segments.py", label="Find the groups", icon=":material/groups:")
        return
    parts.chart(lambda: figures.segments(result), "by-segment", of=run.run_id)
    forecast_tables.segments(result)


def _movers(run: Run, result: analysis.Result) -> None:
    parts.chart(
        lambda: figures.movers(result, forecast_tables.movers(result)), "movers", of=run.run_id,
        absent="Nobody is expected to spend more or less than usual.",
    )  # fmt: skip
    st.caption(
        "The forecast of a customer is the middle of what may come. Many buy nothing in most months, so these do not"
        " add up to the shop's total, and few are told to grow."
    )
    forecast_tables.users(result, SHOWN)


def _one(run: Run, result: analysis.Result) -> None:
    user = st.text_input("Customer number", key="one-forecast", placeholder="As in your file").strip()
    if not user:
        some = forecast_tables.movers(result)["user_id"].head(1).tolist()
        if some:
            st.caption(f"Such as {parts.plain(some[0])}, expected to fall most.")
        return
    found = analysis.one(result, user)
    if found is None:
        st.warning(f"No customer '{parts.plain(user)}' in this run. Numbers are compared letter by letter.")
        return
    row, months = found
    parts.chart(lambda: figures.customer(result, row, months), "one-customer", of=(run.run_id, user))
    lines = [
        f"About {forecast_words.few(row['frequency'])} orders are expected in"
        f" {figures.month_name(result.target_month)}.",
        forecast_words.interests(row),
        forecast_words.worth(result, row),
    ]
    if row["value_12"] is not None:
        lines.append(forecast_words.year_doubt(result))
    st.markdown(parts.plain(" ".join(filter(None, lines))))


def _good(run: Run, result: analysis.Result) -> None:
    if not result.judged_months:
        st.info("No past month could be judged: there are too few months. Import older orders.")
        return
    what = st.segmented_control(
        "Judged by", list(forecast_words.WHAT), default="amount", format_func=forecast_words.WHAT.__getitem__,
        key="forecast-what", required=True,
    )  # fmt: skip
    what = what or "amount"
    parts.chart(lambda: figures.models(result, what), f"models-{what}", of=run.run_id)
    forecast_tables.scores(result, what)
    forecast_tables.by_month(result, what)
    forecast_tables.beside_published()
    parts.chart(
        lambda: figures.coverage(result), "coverage", of=run.run_id, numbers=forecast_tables.coverage(result)
    )
    _year(result, what)


def _year(result: analysis.Result, what: str) -> None:
    told = result.year_judged
    if not len(result.year):
        st.caption(parts.plain(f"Nobody's next 12 months could be judged. {told['skipped'].get('all', '')}"))
        return
    st.markdown(f"**{parts.plain(forecast_words.year_answer(result, what))}**")
    forecast_tables.year(result, what)
    st.caption(
        parts.plain(
            f"{figures.month_name(told['first'])} to {figures.month_name(told['last'])}, forecast from the months"
            f" before for the {words.plural(told['customers'], 'customer')} known then. Purchase and spend model: how"
            " often (BG/NBD) and how much (Gamma-Gamma). The network learned anew from those months only."
        )
    )
    for why in told["skipped"].values():
        st.caption(parts.plain(why))


def _trained(run: Run, result: analysis.Result) -> None:
    if not len(result.curve):
        why = result.skipped.get("lstm", "It was left out in the settings.")
        st.info(f"No network was trained here. {parts.plain(why)}")
        return
    trainings = result.curve.drop_duplicates("training").set_index("training")["month"].to_dict()
    number = st.selectbox(
        "Training", list(trainings), format_func=trainings.__getitem__, key="forecast-training",
        index=0,
        help="Each month begins with the weights of the month before. The last lines are of the two newest months.",
    )  # fmt: skip
    parts.chart(lambda: figures.training(result, number), "training", of=(run.run_id, number))
    if result.settings:
        loss = forecast_settings.LOSSES.get(result.settings["loss"], result.settings["loss"])
        before = forecast_settings.BEFORE_FIRST[result.settings["before_first"]]
        st.caption(
            "Lower is better. It stops when the months it has not learned from (validation) get no better. Learned to"
            f" make small: {loss.lower()}. Months before a first purchase: {before.lower()}."
        )


_DRAW = dict(zip(TABS, [_segments, _movers, _one, _good, _trained], strict=True))


def _act(run: Run, result: analysis.Result) -> None:
    st.subheader("What to do")
    between = forecast_words.between_words(result)
    plan = (
        f"Plan stock and staff for anything {between}, not for the middle alone."
        if between
        else "Plan with something in hand: no range can be told yet."
    )
    st.markdown(
        f"- {parts.plain(plan)}\n"
        "- Look at the customers expected to fall before they are gone: the export has each one's forecast, range and"
        " change."
    )
    parts.download(
        "Export each customer's forecast",
        lambda: analysis.export(result),
        "customers",
        "export-forecast",
        rows=result.users.rows,
    )


def _believe(run: Run, result: analysis.Result) -> None:
    st.subheader("Why believe it")
    judged = (
        f"{figures.months_listed(result.judged_months)} "
        + ("were each" if len(result.judged_months) > 1 else "was")
        + " forecast from the months before; the last two of those chose the model and set the ranges."
        if result.judged_months
        else "No past month could be judged."
    )
    st.markdown(
        f"{judged} {parts.plain(forecast_words.who_wins(result))} How many orders they place is forecast by:"
        f" {parts.plain(result.champion['orders']['label'])}."
    )
    if result.total["without_customer"] >= 0.005:
        st.caption(
            f"{words.share(result.total['without_customer'], 0)} of revenue has no customer: in the total only."
        )
    for note in result.notes:
        st.caption(parts.plain(note))
    for why in dict.fromkeys(result.skipped.values()):
        st.caption(f"Not tried: {parts.plain(why)}")
    with st.expander("Details of this run"):
        st.code(
            f"{run.run_id}\ndata version {run.dataset_version}, seed {run.seed}, made {run.created_at} UTC,"
            f" {run.seconds:.0f} s"
        )
        st.json(
            {"settings": run.config, "found": result.settings, "weights of the mix": result.weights, **run.environment},
            expanded=False,
        )  # fmt: skip


chosen = context.current()
if chosen is None:
    parts.heading(TITLE, "What will next month bring? Bring a file to see it.")
    parts.no_dataset()
elif chosen.first is None or chosen.as_of is None:
    parts.heading(TITLE, "This dataset has no purchases to forecast from.")
    parts.needs("orders or behaviour events")
elif (whole := forecast_words.whole_months(chosen.first, chosen.as_of)) < forecast_words.LEAST:
    has = words.plural(whole, "whole month") if whole else "no whole month"
    parts.heading(TITLE, f"A forecast needs two whole months of purchases; this data has {has} yet.")
    st.page_link("pages/data.py", label="Add older orders", icon=":material/upload_file:")
else:
    run = state.newest_run(chosen.name, "forecast")
    status, body, bottom = st.container(), st.container(), st.container()
    if run is None:
        with status:
            parts.heading(TITLE, "The next month is not forecast yet. It takes about a minute.")
    else:
        with body:
            show(run, status)
    with bottom:
        months = forecast_words.past_months(chosen.first, chosen.as_of, PAST_MOST)
        wanted = forecast_settings.settings(
            run.config if run else {},
            months,
            chosen.last_day,
            state.newest_run(chosen.name, "anomalies") is not None,
        )
    with status:
        running.status(chosen, "forecast", run, wanted, label="Forecast next month", what="Forecast")
