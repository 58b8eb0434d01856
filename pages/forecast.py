"""Forecast: what next month brings, in all, by segment and by customer."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from socialml import words
from socialml.analyses import forecast as analysis
from socialml.figures import forecast as figures
from socialml.store import Run
from socialml.ui import context, forecast_settings, forecast_tables, parts, running, state

TITLE = "Forecast"
TABS = ["By segment", "Who grows, who falls?", "One customer", "How good is it?", "How was it trained?"]
SHOWN = 500  # customers on the page; the export has all
PAST_MOST = 24  # months that can be checked


def show(run: Run, top: DeltaGenerator) -> None:
    result: analysis.Result = state.result(run)
    with top:
        parts.heading(TITLE, forecast_tables.answer(result))
    parts.key_figures(forecast_tables.key_figures(result))
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
    if not len(result.segments):
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
    user = st.text_input("Customer number", key="one-forecast", placeholder="Such as U0000001").strip()
    if not user:
        return
    found = analysis.one(result, user)
    if found is None:
        st.warning(f"No customer '{parts.plain(user)}' in this run. Numbers are compared letter by letter.")
        return
    row, months = found
    parts.chart(lambda: figures.customer(result, row, months), "one-customer", of=(run.run_id, user))
    lines = [
        f"About {row['frequency']:.1f} orders are expected in {forecast_tables.month_name(result.target_month)}."
    ]
    if row["long_interest"]:
        lately = row["short_interest"] or "nothing"
        lines.append(f"Bought most of {row['long_interest']} over a year, lately {lately}.")
    st.markdown(parts.plain(" ".join([*lines, forecast_tables.worth(result, row)])))


def _good(run: Run, result: analysis.Result) -> None:
    if not result.judged_months:
        st.info("No past month could be judged: there are too few months. Import older orders.")
        return
    what = st.segmented_control(
        "Judged by", list(forecast_tables.WHAT), default="amount", format_func=forecast_tables.WHAT.__getitem__,
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
            f"Learned to make small: {loss.lower()}. Months before a first purchase: {before.lower()}."
        )


_DRAW = dict(zip(TABS, [_segments, _movers, _one, _good, _trained], strict=True))


def _act(run: Run, result: analysis.Result) -> None:
    st.subheader("What to do")
    st.markdown(
        "- Plan stock and staff for the range, not for its middle.\n"
        "- Look at the customers expected to fall before they are gone: the export has each one's forecast, range and"
        " change."
    )
    parts.download(
        "Export each customer's forecast",
        lambda: analysis.export(result),
        f"{run.run_id}.csv",
        "export-forecast",
    )


def _believe(run: Run, result: analysis.Result) -> None:
    st.subheader("Why believe it")
    own = result.champion["amount"]
    judged = (
        f"Each of {words.listed(result.judged_months)} was forecast from the months before it; the two months before"
        " chose the model and set the ranges."
        if result.judged_months
        else "No past month could be judged."
    )
    st.markdown(
        f"{judged} Taken for {forecast_tables.month_name(result.target_month)}: **{parts.plain(own['label'])}** for"
        f" what a customer spends, **{parts.plain(result.champion['orders']['label'])}** for how many orders."
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
        months = forecast_tables.past_months(chosen.first, chosen.as_of, PAST_MOST)
        wanted = forecast_settings.settings(
            run.config if run else {},
            months,
            chosen.last_day,
            state.newest_run(chosen.name, "anomalies") is not None,
        )
    with status:
        running.status(chosen, "forecast", run, wanted, label="Forecast next month", what="Forecast")
