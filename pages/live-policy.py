"""Live policy: what other recommendations in live rooms would change, and whether to believe it."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from socialml import sample, words
from socialml.analyses import live_policy as analysis
from socialml.figures import live_policy as figures
from socialml.figures import live_policy_choices as choices
from socialml.figures import live_policy_evidence as evidence
from socialml.store import Run
from socialml.ui import context, downloads, live_settings, live_tables, live_words, parts, running, state

TITLE = "Live policy"
TABS = ["Which policy wins?", "Week by week", "What is shown?", "One viewer", "Is the simulator right?",
        "How was it trained?", "Compare two runs"]  # fmt: skip
BLOCKED = TABS[4:]  # what a run shows whose simulator failed its test: nothing that ranks
METRICS = ("revenue", "conversion", "interactions", "satisfaction", "value")


def show(run: Run, top: DeltaGenerator) -> None:
    result: analysis.Result = state.result(run)
    downloads.of_run(run.run_id)
    with top:
        parts.heading(TITLE, live_words.answer(result))
    whose = live_words.policies(result)
    parts.key_figures(live_words.key_figures(result, whose[0]))
    if result.certified:
        policy = _whose(result, whose, "live-claim")
        parts.chart(lambda: figures.before_after(result, policy), "before-after", of=(run.run_id, policy),
                    data=lambda: live_tables.downloaded(result, policy))  # fmt: skip
        live_tables.claims(result, policy)
    else:
        st.error(
            "The simulator failed its test on viewers it has not seen, so no policy is ranked and no gain is told.",
            icon=":material/block:",
        )
    names = TABS if result.certified else BLOCKED
    for name, tab in zip(names, parts.tabs("live-tab", names), strict=True):
        if tab.open:
            with tab:
                _DRAW[name](run, result)
    _act(run, result)
    _believe(run, result)


def _whose(result: analysis.Result, policies: list[str], key: str) -> str:
    """One of these policies; asked only where there is a choice."""
    if len(policies) == 1:
        return policies[0]
    called = figures.names(result)
    return (
        st.segmented_control(
            "Policy", policies, default=policies[0], format_func=called.__getitem__, key=key, required=True
        )
        or policies[0]
    )


def _wins(run: Run, result: analysis.Result) -> None:
    parts.chart(lambda: figures.ladder(result), "ladder", of=run.run_id)
    live_tables.ladder(result)


def _weekly(run: Run, result: analysis.Result) -> None:
    metric = st.segmented_control(
        "Shown", METRICS, default=METRICS[0], key="live-metric", required=True,
        format_func=lambda name: figures.label(result, name, short=True),
    ) or METRICS[0]  # fmt: skip
    own = result.weekly[result.weekly["metric"] == metric].drop(columns="metric")
    own["policy"] = own["policy"].map(figures.names(result))
    parts.chart(
        lambda: figures.weekly(result, metric), "weekly", of=(run.run_id, metric),
        absent="This was not followed by week.", numbers=own.round(4).rename(columns=str.capitalize),
    )  # fmt: skip


def _recommends(run: Run, result: analysis.Result) -> None:
    policy = _whose(result, list(dict.fromkeys((result.winner, result.agent, "logged"))), "live-recommends")
    parts.chart(lambda: choices.recommends(result, policy), "recommends", of=(run.run_id, policy),
                absent="What this policy recommends was not kept.")  # fmt: skip
    parts.chart(lambda: choices.offers(result, policy), "offers", of=(run.run_id, policy),
                absent="There are no offers in this log.")  # fmt: skip
    st.caption(live_words.kept(result))


def _one(run: Run, result: analysis.Result) -> None:
    user = st.text_input("Viewer number", key="one-viewer", placeholder="Such as U0000001").strip()
    if not user:
        return
    found = analysis.one(result, user)
    if found is None:
        st.warning(f"No viewer '{parts.plain(user)}' in this run. Numbers are compared letter by letter.")
        return
    st.markdown(live_words.viewer(result, found["row"]))
    parts.chart(
        lambda: choices.viewer(result, found["row"], found["values"]),
        "one-viewer-values",
        of=(run.run_id, user),
    )
    if result.winner != result.agent:
        st.caption("The list above is the winner's. The picture is the view of the learned policy.")


def _simulator(run: Run, result: analysis.Result) -> None:
    st.markdown(parts.plain(result.certificate_reason))
    by = st.segmented_control(
        "Shown", ["segment", "week"], default="segment", key="live-certificate", required=True,
        format_func={"segment": "By segment", "week": "By week"}.__getitem__,
    ) or "segment"  # fmt: skip
    draw = evidence.errors if by == "segment" else evidence.weeks
    parts.chart(
        lambda: draw(result), f"certificate-{by}", of=run.run_id, numbers=live_tables.certificate(result, by),
        absent="There is nothing to compare with.",
    )  # fmt: skip
    if len(result.off_policy):
        parts.chart(
            lambda: evidence.off_policy(result), "off-policy", of=run.run_id, numbers=live_tables.off_policy(result)
        )  # fmt: skip
        st.caption(
            "It counts what a recommendation brings at once; what it does to later visits only the simulator tells."
        )
    st.caption(parts.plain(result.off_policy_note))


def _trained(run: Run, result: analysis.Result) -> None:
    parts.chart(lambda: evidence.training(result), "training", of=run.run_id, absent="No curve was kept.")
    st.markdown(parts.plain(live_words.trained(result)))
    if run.config.get("start_from"):
        st.caption(f"It went on from the weights of {run.config['start_from']}.")


def _compare(run: Run, result: analysis.Result) -> None:
    others = {other.run_id: other for other in _runs(run.dataset) if other.run_id != run.run_id}
    if not others:
        st.info(
            "There is one run so far. Change a setting below and run again; then both can be compared here."
        )
        return
    chosen = st.selectbox(
        "The other run", list(others), key="live-other", help="Runs of this dataset, newest first.",
        format_func=lambda name: f"{others[name].created_at:%Y-%m-%d %H:%M}, {name}",
    )  # fmt: skip
    other = others[chosen]
    settings = live_tables.changed(run, other)
    if len(settings):
        parts.table(settings, "live-changed")
    else:
        st.caption("Both have the same settings and data.")
    second: analysis.Result = state.result(other)
    if not (result.certified and second.certified):
        st.warning(
            "The simulator of one of them failed its test, so their gains are not told.",
            icon=":material/block:",
        )
        return
    policies = (live_words.policies(result)[0], live_words.policies(second)[0])
    called = tuple(
        f"{name}: {figures.names(one)[policy]}"
        for name, one, policy in zip(("This run", "The other"), (result, second), policies, strict=True)
    )
    parts.chart(
        lambda: figures.compare(result, second, (called[0], called[1]), policies), "compare",
        of=(run.run_id, other.run_id),
    )  # fmt: skip
    live_tables.side_by_side(result, second, policies)


_DRAW = dict(zip(TABS, [_wins, _weekly, _recommends, _one, _simulator, _trained, _compare], strict=True))


def _act(run: Run, result: analysis.Result) -> None:
    st.subheader("What to do")
    if not result.certified:
        st.markdown(
            "- Bring a longer log, or one that says more of each recommendation: seconds watched, interactions, offers."
            "\n- See under 'Is the simulator right?' for whom and when it is off; a campaign or another policy within"
            " the log is a usual reason."
        )
        return
    needed = result.needed
    more = needed["half_width_impressions"]
    test = f"This claim rests on {words.plural(needed['impressions'], 'recommendation')}; " + (
        f"one of half the width needs about {words.short(more)}."
        if more
        else "a longer log alone cannot halve its width, as the simulator itself may err: only a test can."
    )
    first = (
        "- Test it before you trust it: give it to a tenth of your viewers by lot, keep today's policy for the others,"
        " and compare after a few weeks."
        if live_words.gains(result)
        else "- Keep today's policy, and keep logging with what chance each recommendation is shown."
    )
    st.markdown(f"{first}\n- {test}")
    parts.download(
        "Export each viewer's recommendations",
        lambda: analysis.export(result),
        "recommendations",
        "export-live",
        rows=result.viewers.rows,
    )


def _believe(run: Run, result: analysis.Result) -> None:
    st.subheader("Why believe it" if result.certified else "How it was tested")
    st.markdown(
        f"All policies were made from {words.plural(result.viewers_a, 'viewer')} of the log. They are judged on"
        f" {words.count(result.viewers_b)} others, in a simulator fitted to those alone and fitted anew"
        f" {words.plural(result.refits, 'time')} to viewers drawn again: that makes the intervals, with a quarter"
        " of each change for what a simulator gets wrong. Both policies meet the same viewers and the same chance."
        " **It is a simulation**: nobody was shown anything."
    )
    for note in result.notes:
        st.caption(parts.plain(note))
    with st.expander("Details of this run"):
        st.code(
            f"{run.run_id}\ndata version {run.dataset_version}, seed {run.seed}, made {run.created_at} UTC,"
            f" {run.seconds:.0f} s\nlog of {result.log_weeks} weeks up to {result.as_of}"
        )
        st.json({"settings": run.config, **run.environment}, expanded=False)


def _runs(dataset: str) -> list[Run]:
    """The runs of a dataset, newest first."""
    return state.store().runs(dataset, "live_policy")


def _template() -> None:
    name = "impressions.csv"
    st.download_button(
        "Template for such a file", sample.templates()[name], file_name=name, mime="text/csv", on_click="ignore",
        key="template-impressions", icon=":material/download:",
    )  # fmt: skip


chosen = context.current()
if chosen is None:
    parts.heading(TITLE, "What should each viewer be shown next? Bring a file to find out.")
    parts.no_dataset()
elif "impressions" not in state.store().tables(chosen.name):
    parts.heading(TITLE, "This dataset does not say what was recommended to whom.")
    parts.needs("recommendations shown: to whom, when, what, with what offer, and what followed")
    _template()
else:
    run = state.newest_run(chosen.name, "live_policy")
    status, body, bottom = st.container(), st.container(), st.container()
    if run is None:
        with status:
            parts.heading(TITLE, "No policy is learned here yet. It takes about three minutes.")
    else:
        with body:
            show(run, status)
    with bottom:
        wanted = live_settings.settings(
            run.config if run else {}, _runs(chosen.name), chosen.last_day, chosen.currency
        )
    with status:
        running.status(chosen, "live_policy", run, wanted, label="Learn a policy", what="Live policy")
