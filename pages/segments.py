"""Segments: who the customers are, how many groups there are, and what to do for each."""

from __future__ import annotations

import dataclasses

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from socialml import words
from socialml.analyses import segments as analysis
from socialml.errors import UserError
from socialml.export import table_of
from socialml.features import groups
from socialml.figures import segments as figures
from socialml.store import SAMPLE, Run
from socialml.ui import context, downloads, parts, running, settings, state

TITLE = "Segments"


@st.cache_data(show_spinner=False, max_entries=32)
def _value(run_id: str) -> pd.DataFrame:
    """segment, revenue, share of revenue."""
    return groups.value(state.store(), state.result(state.store().run(run_id)).users)


def answer(result: analysis.Result, value: pd.DataFrame) -> str:
    """The page's answer, from the numbers."""
    best = value.loc[value["revenue_share"].idxmax()] if len(value) else None
    sentence = (
        f"Your {words.plural(result.n_users, 'customer')} are shown in {words.spelled(result.k)} groups."
    )
    if best is not None and best["revenue_share"] > 0:
        row = result.segments.set_index("id").loc[int(best["segment"])]
        sentence += (
            f" {row['name']} ({words.share(row['share'], 0)} of customers) bring"
            f" {words.share(best['revenue_share'], 0)} of these customers' revenue."
        )
    return f"{sentence} {result.evidence}"


def show(chosen: context.Context, run: Run, top: DeltaGenerator) -> None:
    result: analysis.Result = state.result(run)
    downloads.of_run(run.run_id)
    names = context.segment_names(run.run_id)
    result = dataclasses.replace(
        result, segments=result.segments.assign(name=result.segments["id"].map(names))
    )
    value = _value(run.run_id)
    drawn = (run.run_id, *names.values())
    with top:
        parts.heading(TITLE, answer(result, value))
        if chosen.name == SAMPLE:
            st.page_link(
                "pages/data.py", label="This is a sample shop. Use my own file", icon=":material/upload_file:"
            )
    at_k = result.by_k.set_index("k").loc[result.k]
    parts.key_figures(
        [
            parts.KeyFigure(
                "Customers", words.figure(result.n_users), f"Everyone seen up to {result.as_of}."
            ),
            parts.KeyFigure(
                "Groups",
                str(result.k),
                "How many groups are shown. Five is the usual view; you can change it.",
            ),
            parts.KeyFigure(
                "How distinct",
                f"{at_k['silhouette']:.2f}",
                "Silhouette: 1 is far apart, 0 is one cloud."
                f" 95% interval {at_k['low']:.2f} to {at_k['high']:.2f}; random data has {at_k['random']:.2f}.",
            ),
            parts.KeyFigure(
                "Found again",
                words.share(result.stability_ari, 0),
                "How far the same groups come back when customers are drawn anew"
                " (adjusted Rand index, 100% is always).",
            ),
            parts.KeyFigure(
                "Told by a rule",
                words.share(result.rule_fidelity, 0),
                "Customers who meet the short rule of their own group and of no other.",
            ),
        ]
    )
    parts.chart(lambda: figures.sizes(result, names), "sizes", of=drawn)
    who, many, apart, map_, one = parts.tabs(
        "segments-tab",
        ["Who are they?", "How many groups?", "How distinct?", "Where do they lie?", "Why this customer?"],
    )
    if who.open:
        with who:
            parts.chart(lambda: figures.profile_heatmap(result, names), "profile", of=drawn)
            _table(result, value, chosen.currency)
    if many.open:
        with many:
            parts.chart(lambda: figures.elbow(result), "elbow", of=drawn, note=settings.ELBOW_NOTE)
            parts.chart(
                lambda: figures.silhouette_by_k(result), "silhouette-by-k", of=drawn, numbers=_tried(result)
            )
    if apart.open:
        with apart:
            parts.chart(
                lambda: figures.silhouette_plot(result, names),
                "silhouette-plot",
                of=drawn,
                note=settings.SILHOUETTE_NOTE,
                data=lambda: table_of(
                    pd.DataFrame(
                        {
                            "Group": result.silhouette_points["segment"].map(names),
                            "Silhouette": result.silhouette_points["value"],
                        }
                    )
                ),
            )
    if map_.open:
        with map_:
            parts.chart(
                lambda: figures.scatter(result, names), "scatter", of=drawn, note=settings.SCATTER_NOTE
            )
    if one.open:
        with one:
            _one_customer(result, names)
    _act(run, result, names)
    _believe(chosen, run, result)


def _table(result: analysis.Result, value: pd.DataFrame, currency: str) -> None:
    """The table like Table 1 of the source, published figures in columns of their own."""
    frame = result.segments.merge(value, left_on="id", right_on="segment", how="left")
    shown = pd.DataFrame(
        {
            "Group": frame["name"],
            "Customers": frame["users"],
            "Share": frame["share"] * 100,
            "Published share": frame["published_share"] * 100,
            "Orders a month": frame["purchases_per_month"].round(1),
            "Published orders": frame["published_purchases_per_month"],
            "Revenue": frame["revenue"].round(),
            "Share of revenue": frame["revenue_share"] * 100,
            "Name fits": frame["confidence"] * 100,
            "How to tell them": frame["rule"],
            "Rule hits (F1)": frame["f1"].round(2),
            "Published effect of its strategy": frame["published_effect"],
        }
    )
    percent = st.column_config.NumberColumn(format="%.1f%%")
    parts.table(
        shown,
        "groups",
        title="Each group in numbers, beside the published ones",
        note="Published: Li 2024, Table 1, measured on other data (988,254 users of Douyin and Kuaishou)."
        " They say nothing about your customers.",
        column_config={
            "Customers": st.column_config.NumberColumn(format="localized"),
            "Revenue": st.column_config.NumberColumn(
                f"Revenue ({words.sign(currency).strip()})", format="localized"
            ),
            "Share": percent,
            "Share of revenue": st.column_config.NumberColumn(
                format="%.1f%%", help="Of what these customers spent, not of sales without a customer."
            ),
            "Published share": percent,
            "Name fits": st.column_config.NumberColumn(
                format="%.0f%%",
                help="How well the name's description fits the group. Names you gave are your own.",
            ),
            "Rule hits (F1)": st.column_config.NumberColumn(
                help="1: the rule finds all of them and nobody else."
            ),
        },
    )


def _tried(result: analysis.Result) -> pd.DataFrame:
    labels = {
        "k": "Groups",
        "sse": "Spread inside groups (SSE)",
        "ratio": "Ratio rule",
        "silhouette": "Silhouette",
        "low": "from",
        "high": "to",
        "random": "Random data",
        "calinski": "Calinski-Harabasz",
        "davies": "Davies-Bouldin",
    }
    return result.by_k[list(labels)].round(3).rename(columns=labels)


def _one_customer(result: analysis.Result, names: dict[int, str]) -> None:
    user = st.text_input("Customer number", key="one-customer", placeholder="Such as U0000001").strip()
    if not user:
        return
    found = groups.member(state.store(), result.users, user)
    if found is None:
        st.warning(f"No customer '{parts.plain(user)}' in this run. Numbers are compared letter by letter.")
        return
    st.markdown(f"**{parts.plain(user)}** is among **{parts.plain(names[found])}**.")
    st.markdown(parts.plain(analysis.reason(result, user) or ""))


def _act(run: Run, result: analysis.Result, names: dict[int, str]) -> None:
    st.subheader("What to do")
    for row in result.segments.to_dict("records"):
        st.markdown(
            f"- **{parts.plain(row['name'])}** ({words.plural(row['users'], 'customer')}): {row['strategy']}"
        )
    with st.container(horizontal=True):
        parts.download(
            "Export all customers",
            lambda: analysis.export(result, names),
            "customers",
            "export-segments",
            rows=result.n_users,
        )
        with st.popover("Rename a group", icon=":material/edit:"):
            number = st.selectbox("Group", list(names), format_func=names.__getitem__, key="rename-group")
            name = st.text_input(
                "New name", key="rename-name", max_chars=60, help="Empty: the first name again."
            )
            if st.button("Rename", key="rename-do"):
                try:
                    state.store().rename_segment(run.run_id, int(number), name)
                except UserError as problem:
                    parts.error(problem)
                else:
                    st.rerun()


def _believe(chosen: context.Context, run: Run, result: analysis.Result) -> None:
    st.subheader("Why believe it")
    seconds = f"{run.seconds:.0f}" if run.seconds >= 10 else f"{run.seconds:.1f}"
    st.markdown(
        f"Made from {words.plural(result.n_users, 'customer')} as they were at the end of {result.as_of},"
        f" in {seconds} s. Drawn anew, the groups come back to {words.share(result.stability_ari, 0)}."
    )
    if result.as_of < (chosen.last or result.as_of) and not chosen.until:
        st.caption(f"{chosen.last} is left out: the data ends before that day is over.")
    if chosen.start:
        st.caption(
            "The first of the dates in the sidebar does not bound the groups: they use all that came before."
        )
    if result.unmeasured:
        st.caption(f"Not in this data, so not used: {words.listed(result.unmeasured)}.")
    with st.expander("Details of this run"):
        st.code(
            f"{run.run_id}\ndata version {run.dataset_version}, seed {run.seed}, made {run.created_at} UTC"
        )
        st.json({"settings": run.config, **run.environment}, expanded=False)


chosen = context.current()
if chosen is None:
    parts.heading(TITLE, "Who are your customers? Bring a file to see their groups.")
    parts.no_dataset()
elif chosen.first is None:
    parts.heading(TITLE, "This dataset has no purchases and no behaviour to group customers by.")
    parts.needs("orders or behaviour events")
else:
    run = state.newest_run(chosen.name, "segments")
    # The settings are folded at the bottom, but what they say decides the status at the top.
    status, body, bottom = st.container(), st.container(), st.container()
    if run is None:
        with status:
            parts.heading(TITLE, "The groups of these customers are not made yet. It takes a few seconds.")
    else:
        with body:
            show(chosen, run, status)
    with bottom:
        wanted = settings.segments(run.config if run else {}, chosen.last_day)
    with status:
        running.status(chosen, "segments", run, wanted, label="Find the groups", what="Segments")
