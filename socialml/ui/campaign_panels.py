"""The panels of the Campaign budget page that answer at once, and the one that plans anew."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from socialml import words
from socialml.analyses import campaign as analysis
from socialml.analyses._campaign_expected import expected
from socialml.errors import UserError
from socialml.figures import campaign as figures
from socialml.figures import campaign_curve
from socialml.figures.live_policy import relative
from socialml.store import Run
from socialml.ui import campaign_tables, parts, state
from socialml.ui import campaign_words as said


def budgets(result: analysis.Result) -> list[int]:
    """What can be asked at once: two digits, evenly on a log scale, within the stored curve; the run's own too."""
    low, high = result.curve["budget"].min(), result.curve["budget"].max()
    steps = np.geomspace(low, high, 120)
    rounded = {int(float(f"{step:.2g}")) for step in steps}
    return sorted({*(step for step in rounded if low <= step <= high), round(result.budget)})


def another_budget(run: Run, result: analysis.Result) -> None:
    options = budgets(result)
    chosen = st.select_slider(
        "Another budget", options, value=round(result.budget), key=f"campaign-other-{run.run_id}",
        format_func=lambda value: words.money(value, result.currency),
        help="Answered at once from this run: nothing is trained anew.",
    )  # fmt: skip
    parts.chart(lambda: campaign_curve.response(result, chosen), "campaign-curve", of=(run.run_id, chosen),
                numbers=_curve(result))  # fmt: skip
    if chosen == round(result.budget):
        st.caption("Move the slider to see the plan of another budget.")
        return
    try:
        found = _answer(run.run_id, chosen, result)
    except UserError as problem:
        parts.error(problem)
        return
    wide = found["effect_high"] - found["effect_low"]
    gain = found["effect"] / found["template"] - 1 if found["template"] > 0 else None
    expects = (
        f"{figures.told(result, found['effect'], wide)} ({said.bare(result, found['effect_low'], wide)} to"
        f" {said.bare(result, found['effect_high'], wide)})"
    )
    against = f", {gain:+.0%} against the usual split" if gain is not None else ""
    st.markdown(
        parts.plain(
            f"For {words.money(chosen, result.currency)}: book {words.plural(found['creators'], 'creator')} for"
            f" {words.money(round(found['cost']), result.currency)}; about {expects}{against}. Plan: {found['label']}."
        )
    )
    parts.chart(
        lambda: figures.matrix(
            result, found["cells"], f"Where {words.money(chosen, result.currency)} would go"
        ),
        "campaign-other-matrix", of=(run.run_id, chosen),
    )  # fmt: skip
    campaign_tables.matrix(result, found["cells"], "campaign-other-numbers")


@st.cache_resource(show_spinner=False, max_entries=128)
def _answer(run_id: str, budget: int, _result: analysis.Result) -> dict[str, Any]:
    return analysis.answer(_result, float(budget))


def _curve(result: analysis.Result) -> pd.DataFrame:
    own = result.curve.sort_values("budget")

    def amounts(column: str) -> list[str]:
        return [
            figures.told(result, value, 4.0) if np.isfinite(value) else words.MISSING for value in own[column]
        ]

    sign = words.sign(result.currency)
    return pd.DataFrame(
        {
            "Budget": [words.money(round(value), result.currency) for value in own["budget"]],
            "Recommended": amounts("effect_winner"), "from": amounts("effect_low"), "to": amounts("effect_high"),
            "Usual split": amounts("template"), "Learned agent": amounts("ddpg"),
            f"Per {sign}1,000 more": [f"{1_000 * value:,.3g}" for value in own["marginal"]],
            "Plan": [figures.names(result).get(plan, str(plan)) for plan in own["plan"]],
        }
    )  # fmt: skip


def one_cell(run: Run, result: analysis.Result) -> None:
    """What if one cell of the matrix had another sum? Answered at once."""
    own = result.cells[result.cells["plan"] == result.winner]
    phases = result.phases[int(result.replan.get("phases_done", 0)) :]  # what is over cannot be changed
    most = own[own["phase"].isin(phases)].nlargest(1, "budget").iloc[0]
    left, middle, right, last = st.columns(4)
    channel = left.selectbox("Channel", result.channels, result.channels.index(most["channel"]), key="what-if-channel",
                             persist_state="session")  # fmt: skip
    phase = middle.selectbox("Phase", phases, phases.index(most["phase"]), format_func=figures.headed,
                             key=f"what-if-phase-{run.run_id}")  # fmt: skip
    tier = right.selectbox("Size of creator", result.tiers, result.tiers.index(most["tier"]), key="what-if-tier",
                           persist_state="session", format_func=lambda name: figures.TIERS.get(name, name))  # fmt: skip
    here = own[(own["channel"] == channel) & (own["phase"] == phase) & (own["tier"] == tier)]
    now = float(here["budget"].sum())
    asked = last.number_input(
        f"Spend here ({words.sign(result.currency).strip()})", 0.0, 1e9, round(now, 2), step=1_000.0, format="%.0f",
        key=f"what-if-budget-{run.run_id}-{channel}-{phase}-{tier}",
        help=f"Now {words.money(round(now), result.currency)}. The best creators of the cell for the sum are booked.",
    )  # fmt: skip
    try:
        found = analysis.what_if(result, (channel, phase, tier), float(asked))
    except UserError as problem:
        parts.error(problem)
        return
    if round(float(asked), 2) == round(now, 2):
        st.caption("Change the sum to see what it does.")
        return
    before = float(found["before"])
    share = [found[name] / before if before else 0.0 for name in ("difference", "low", "high")]
    told = (
        f"{figures.told(result, found['after'], 4.0)} instead of {figures.told(result, before, 4.0)}:"
        f" {relative(*share)} {said.MORE[result.goal]}, forecast. All bookings then cost"
        f" {words.money(round(found['cost']), result.currency)}"
    )
    over = float(found["over"])
    told += f", {words.money(round(over), result.currency)} over the budget." if over >= 0.5 else "."
    (st.warning if over >= 0.5 else st.info)(parts.plain(told))
    parts.chart(
        lambda: figures.matrix(result, found["cells"], "What changes in the matrix", base=own),
        "what-if-matrix", of=(run.run_id, channel, phase, tier, asked),
    )  # fmt: skip


def happened(run: Run, result: analysis.Result, busy: bool) -> None:
    """Enter what the phases that are over really brought, and plan the rest anew: a job."""
    begun = int(result.replan.get("phases_done", 0))
    over = list(range(begun + 1, len(result.phases)))
    if not over:
        st.info("No later phase is left to plan.")
        return
    done = st.segmented_control(
        "Over by now", over, default=over[0], key=f"happened-done-{run.run_id}", required=True,
        format_func=lambda number: figures.headed(words.listed(result.phases[begun:number])),
    ) or over[0]  # fmt: skip
    since = words.listed(result.phases[begun:done])
    asked = expected(result, begun, done)
    if not asked:
        st.info(f"Nothing was booked in {parts.plain(since)}.")
        return
    unit = {"effect": "points", "sales": words.sign(result.currency).strip(), "reach": "reads"}[result.goal]
    st.markdown(
        f"**What did {parts.plain(since)} really bring, up to its end?** Enter it for each channel; what was expected"
        f" stands there. {said.MEASURED[result.goal]}"
    )
    with st.form(f"happened-{run.run_id}", border=False):
        places, realised = st.columns(min(3, len(asked))), {}
        for at, (name, total) in enumerate(asked.items()):
            start = float(f"{total:.3g}")
            brought = places[at % len(places)].number_input(
                f"{parts.plain(name)} ({unit})", 0.0, 1e12, start, format="%g", key=f"happened-{done}-{name}",
                help=f"Expected: {parts.plain(figures.told(result, start, 4.0))}.",
            )  # fmt: skip
            realised[name] = round(float(brought) / start, 6)
        sent = st.form_submit_button(
            "Plan the rest anew", type="primary", disabled=busy, icon=":material/restart_alt:",
            key="replan-campaign",
        )  # fmt: skip
    if sent:
        settings = run.config | {"replan_of": run.run_id, "phases_done": int(done), "realised": realised}
        state.manager().submit("campaign", run.dataset, settings, label="Planning the rest")
        st.rerun()
