"""Campaign budget: whom to book where and when for a sum, and what that brings against the usual split."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from socialml import sample, words
from socialml.analyses import campaign as analysis
from socialml.figures import campaign as figures
from socialml.figures import campaign_evidence as evidence
from socialml.store import Run
from socialml.ui import (
    campaign_media,
    campaign_panels,
    campaign_settings,
    campaign_tables,
    context,
    downloads,
    parts,
    progress,
    running,
    state,
)
from socialml.ui import campaign_words as said

TITLE = "Campaign budget"
TABS = ["More money?", "Which plan wins?", "Whom to book?", "What if?", "What happened?",
        "How good are the forecasts?", "How was it trained?"]  # fmt: skip
AGAIN = [
    name for name in TABS if name != "More money?"
]  # of the rest of a campaign: its curve is the old one
KINDS = {"creators": "creators that can be booked", "placements": "bookings of past campaigns"}


def show(run: Run, top: DeltaGenerator) -> None:
    result: analysis.Result = state.result(run)
    downloads.of_run(run.run_id)
    with top:
        parts.heading(TITLE, said.answer(result))
        st.markdown(parts.plain(said.wins(result)))
    if result.replan:
        _after(run, result)
    else:
        parts.key_figures(said.key_figures(result))
    if short := said.missed(result):
        st.caption(parts.plain(short))
    _money(run, result)
    if not result.replan:
        told = pd.DataFrame([{"Measure": figures.GOALS[result.goal], **result.uplift}])
        parts.chart(lambda: figures.before_after(result), "campaign-before-after", of=run.run_id,
                    data=lambda: downloads.claims(told))  # fmt: skip
        campaign_tables.claims(result)
    names = AGAIN if result.replan else TABS
    for name, tab in zip(names, parts.tabs("campaign-tab", names), strict=True):
        if tab.open:
            with tab:
                _DRAW[name](run, result)
    _act(run, result)
    _believe(run, result)


def _after(run: Run, result: analysis.Result) -> None:
    """What this plan knows already, and the way back to one that does not."""
    own = result.replan
    told = words.listed([f"{name} {share:.0%}" for name, share in own["realised"].items()])
    st.info(
        parts.plain(
            f"{figures.headed(said.after(result))} brought, of what was expected: {told}. Spent"
            f" {words.money(round(own['spent']), result.currency)}, left"
            f" {words.money(round(own['left']), result.currency)}."
        ),
        icon=":material/history:",
    )
    if st.button("Forget these results and plan anew", key="campaign-anew", icon=":material/undo:"):
        begin: dict[str, Any] = {"replan_of": None, "phases_done": 0, "realised": {}}
        state.manager().submit("campaign", run.dataset, run.config | begin, label=TITLE)
        st.rerun()


def _plans(result: analysis.Result) -> list[str]:
    """The recommended plan, then those it is held against."""
    known = set(result.cells["plan"])
    others = ("static", figures.USUAL, said.LEARNED if result.winner != said.LEARNED else "solver")
    return [result.winner, *(name for name in others if name in known and name != result.winner)]


def _called(result: analysis.Result, plan: str) -> str:
    names = {**figures.names(result), said.LEARNED: "Learned (DDPG)", result.winner: "Recommended"}
    return names[plan]


def _money(run: Run, result: analysis.Result) -> None:
    """The matrix: one plan, or how it differs from another."""
    plans = _plans(result)
    left, right = st.columns([3, 2])
    plan = left.segmented_control(
        "Plan", plans, default=plans[0], format_func=lambda name: _called(result, name), required=True,
        key=f"campaign-plan-{result.winner}", persist_state="session",
    ) or plans[0]  # fmt: skip
    if plan not in plans:
        plan = plans[0]
    others = [name for name in plans if name != plan]
    base = right.selectbox(
        "Held against", others, index=None, format_func=lambda name: _called(result, name),
        key=f"campaign-base-{plan}", placeholder="Nothing: the money itself", persist_state="session",
    )  # fmt: skip
    cells = {name: result.cells[result.cells["plan"] == name] for name in (plan, base) if name}
    if base:
        title = f"{_called(result, plan)} against {_called(result, base)}: where money moves"
        parts.chart(lambda: figures.matrix(result, cells[plan], title, cells[base]), "campaign-moves",
                    of=(run.run_id, plan, base))  # fmt: skip
        return
    parts.chart(
        lambda: figures.matrix(result, cells[plan], _title(result, plan)),
        "campaign-matrix",
        of=(run.run_id, plan),
    )
    campaign_tables.matrix(result, cells[plan], f"campaign-numbers-{plan}")


def _title(result: analysis.Result, plan: str) -> str:
    own = result.cells[result.cells["plan"] == plan]
    spent = float(own["budget"].sum())
    by = own.groupby("channel")["budget"].sum()
    if not spent:
        return f"{_called(result, plan)}: nothing is spent"
    return f"{_called(result, plan)}: most goes to {by.idxmax()}, {by.max() / spent:.0%} of the money"


def _more(run: Run, result: analysis.Result) -> None:
    campaign_panels.another_budget(run, result)


def _wins(run: Run, result: analysis.Result) -> None:
    parts.chart(lambda: figures.ladder(result), "campaign-ladder", of=run.run_id)
    campaign_tables.plans(result)


def _whom(run: Run, result: analysis.Result) -> None:
    plans = _plans(result)
    plan = st.segmented_control(
        "Plan", plans, default=plans[0], format_func=lambda name: _called(result, name), required=True,
        key=f"campaign-whom-{result.winner}",
    ) or plans[0]  # fmt: skip
    campaign_tables.bookings(result, plan if plan in plans else plans[0])


def _if(run: Run, result: analysis.Result) -> None:
    campaign_panels.one_cell(run, result)


def _happened(run: Run, result: analysis.Result) -> None:
    job = progress.newest(run.dataset, "campaign")
    campaign_panels.happened(run, result, bool(job and job.active))
    parts.chart(
        lambda: evidence.replanning(result), "campaign-replanning", of=run.run_id,
        absent="How much planning anew brings was not simulated in this run.",
        numbers=campaign_tables.replanning(result),
    )  # fmt: skip


def _forecasts(run: Run, result: analysis.Result) -> None:
    parts.chart(
        lambda: evidence.forecasts(result), "campaign-forecasts", of=run.run_id,
        absent="No booking was held out to check the forecasts with.",
    )  # fmt: skip
    campaign_tables.scores(result)
    parts.chart(lambda: evidence.importances(result), "campaign-importances", of=run.run_id,
                absent="What the forecasts rest on was not kept.")  # fmt: skip


def _trained(run: Run, result: analysis.Result) -> None:
    parts.chart(lambda: evidence.training(result), "campaign-training", of=run.run_id,
                absent="Nothing was trained in this run: it goes on with what an earlier one learned.")  # fmt: skip
    st.markdown(parts.plain(said.trained(result)))


_DRAW = dict(zip(TABS, [_more, _wins, _whom, _if, _happened, _forecasts, _trained], strict=True))


def _act(run: Run, result: analysis.Result) -> None:
    st.subheader("What to do")
    phase = result.phases[int(result.replan.get("phases_done", 0))]
    st.markdown(
        f"- Book these creators for {parts.plain(phase)}. When it is over, enter under 'What happened?' what it"
        " brought, before you book the next."
        if result.uplift["better"] or result.replan
        else "- Keep the usual split where you trust it, or try this plan on a small budget: a gain is not certain."
    )
    left, right = st.columns(2)
    with left:
        parts.download(
            "Export the bookings",
            lambda: analysis.export(result),
            "bookings",
            "export-campaign",
            rows=result.bookings.rows,
        )
    right.download_button(
        "Media plan on one page (HTML)", data=lambda: campaign_media.document(run, result).encode(),
        file_name=f"{run.run_id}.html", mime="text/html", on_click="ignore", key="media-campaign",
        icon=":material/print:", help="Opens in any browser, to print or to send on.",
    )  # fmt: skip


def _believe(run: Run, result: analysis.Result) -> None:
    st.subheader("Why believe it")
    st.markdown(
        f"Every plan was made with forecasts learned from {words.plural(result.campaigns_a, 'past campaign')}. What it"
        f" brings is told by a second model, learned from {words.count(result.campaigns_b)} others alone and fitted"
        f" anew {words.plural(result.refits, 'time')} to campaigns drawn again: that makes the intervals."
        " **It is a forecast**: these bookings were not made together before."
    )
    for note in result.notes:
        st.caption(parts.plain(note))
    with st.expander("Details of this run"):
        st.code(
            f"{run.run_id}\ndata version {run.dataset_version}, seed {run.seed}, made {run.created_at} UTC,"
            f" {run.seconds:.0f} s\n{words.plural(result.creators, 'creator')},"
            f" {words.plural(result.placements, 'past booking')}"
        )
        st.json({"settings": run.config, **run.environment}, expanded=False)


def _templates() -> None:
    for place, kind in zip(st.columns(2), KINDS, strict=True):
        name = f"{kind}.csv"
        place.download_button(
            f"Template: {KINDS[kind]}", sample.templates()[name], file_name=name, mime="text/csv", on_click="ignore",
            key=f"template-{kind}", icon=":material/download:",
        )  # fmt: skip


chosen = context.current()
if chosen is None:
    parts.heading(TITLE, "Whom to book for a campaign's budget? Bring a file to find out.")
    parts.no_dataset()
elif missing := [what for kind, what in KINDS.items() if kind not in state.store().tables(chosen.name)]:
    parts.heading(TITLE, "This dataset does not say whom you can book and what past campaigns brought.")
    parts.needs(words.listed(missing))
    _templates()
else:
    run = state.newest_run(chosen.name, "campaign")
    status, body, bottom = st.container(), st.container(), st.container()
    with bottom:
        wanted = campaign_settings.settings(
            run.config if run else {},
            campaign_settings.channels(chosen.name, chosen.version),
            chosen.currency,
        )
    if run is None:
        with status:
            parts.heading(TITLE, "No campaign is planned here yet. It takes about two minutes.")
    else:
        with body:
            show(run, status)
    with status:
        running.status(chosen, "campaign", run, wanted, label="Plan the campaign", what="Campaign budget")
