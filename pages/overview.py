"""Overview: who comes, who buys, what it brings."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from socialml import words
from socialml.features import overview as features
from socialml.figures import overview as figures
from socialml.schema import KINDS
from socialml.ui import comments, context, parts, state


@st.cache_data(show_spinner="Counting …", max_entries=32)
def _overview(
    store: str,
    dataset: str,
    version: str,
    start: datetime | None,
    until: datetime | None,
    run_id: str | None,
    segment: int | None,
) -> features.Overview:
    members = None
    if run_id and segment is not None:
        members = (state.result(state.store().run(run_id)).users.path, segment)
    return features.overview(state.store(), dataset, start=start, until=until, members=members)


@st.cache_data(show_spinner=False, max_entries=32)
def _change(store: str, dataset: str, version: str) -> features.Change | None:
    return features.last_change(state.store(), dataset)


def show(chosen: context.Context) -> None:
    store = state.store()
    run = state.newest_run(chosen.name, "segments")
    who = ""
    if run and chosen.segment is not None:
        who = f" in {context.segment_names(run.run_id)[chosen.segment]}"
    data = _overview(
        str(store.path),
        chosen.name,
        chosen.version,
        chosen.start,
        chosen.until,
        run.run_id if run and chosen.segment is not None else None,
        chosen.segment,
    )
    months = data.months
    parts.heading(
        "Overview",
        f"{words.count(data.buyers)} of {words.plural(data.users, 'customer')}{who} placed orders:"
        f" {words.count(data.orders)} in all, worth {words.money(data.revenue, chosen.currency)}"
        " after refunds.",
    )
    per_order = data.revenue / data.orders if data.orders else None
    gross = data.revenue + data.refunded
    parts.key_figures(
        [
            parts.KeyFigure(
                "Customers",
                words.figure(data.users),
                "Different customers with at least one row in these dates.",
                months["users"].tolist(),
            ),
            parts.KeyFigure(
                "Orders",
                words.figure(data.orders),
                "Different order numbers, those of unknown customers too; without numbers, purchases.",
                months["orders"].tolist(),
            ),
            parts.KeyFigure(
                "Revenue",
                words.short_money(data.revenue, chosen.currency),
                "Amounts paid minus refunds, also of rows without a customer.",
                months["revenue"].tolist(),
            ),
            parts.KeyFigure(
                "Average order", words.money(per_order, chosen.currency), "Revenue divided by orders."
            ),
            parts.KeyFigure(
                "Refunded",
                words.share(data.refunded / gross if gross else None),
                "Refunds as a share of sales.",
            ),
        ]
    )
    named = {
        "month": "Month",
        "users": "Customers",
        "buyers": "Buyers",
        "orders": "Orders",
        "revenue": "Revenue",
    }
    currency = chosen.currency
    drawn = (chosen.name, chosen.version, chosen.start, chosen.until, run and run.run_id, chosen.segment)
    parts.chart(
        lambda: figures.revenue(data, currency),
        "revenue",
        of=drawn,
        note="" if months["complete"].all() else "The last month is not over: it is drawn light.",
        numbers=months[list(named)].assign(month=months["month"].dt.strftime("%Y-%m")).rename(columns=named),
    )
    who, when, where, what, said, changed = parts.tabs(
        "overview-tab",
        ["Who buys?", "When?", "Where?", "What?", "What do they say?", "What changed?"],
        default="Who buys?" if months["visitors"].any() else "When?",
    )
    if who.open:
        with who:
            parts.chart(
                lambda: figures.conversion(data),
                "conversion",
                of=drawn,
                note="Visitors did something other than buy. Whiskers: 95% interval.",
                absent="Conversion needs behaviour events (views, likes, carts); these are purchases only.",
            )
    if when.open:
        with when:
            parts.chart(lambda: figures.hours(data), "hours", of=drawn)
    absent = "The rows of these dates do not say "
    if where.open:
        with where:
            parts.chart(
                lambda: figures.bars(data.platforms, "Platform", currency),
                "platforms",
                of=drawn,
                absent=absent + "on which platform it was.",
            )
    if what.open:
        with what:
            parts.chart(
                lambda: figures.bars(data.categories, "Category", currency),
                "categories",
                of=drawn,
                absent=absent + "of which category the products are.",
            )
            parts.chart(
                lambda: figures.tail(data), "tail", of=drawn, absent=absent + "which product was bought."
            )
    if said.open:
        with said:
            members = None
            if run and chosen.segment is not None:
                members = (state.result(run).users.path, chosen.segment)
            comments.show(chosen, members)
    if changed.open:
        with changed:
            _changed(chosen)
    st.caption(
        f"Data from {chosen.first} to {chosen.last}, version {chosen.version}."
        " Everything here is counted from your rows; only how comments sound is estimated."
    )


def _changed(chosen: context.Context) -> None:
    change = _change(str(state.store().path), chosen.name, chosen.version)
    if change is None:
        return
    kind = KINDS[change.kind]
    sentence = f"The last import, {change.file}, added {words.plural(change.rows, kind.noun)}"
    sentence += (
        f" and {words.plural(change.new_users, 'customer')} not seen before." if kind.of_customers else "."
    )
    if change.already_there:
        sentence += f" {words.plural(change.already_there, 'row')} were there already and were left out."
    st.markdown(parts.plain(sentence))
    st.page_link("pages/data.py", label="See its receipt", icon=":material/receipt_long:")


selected = context.current()
if selected is None:
    parts.heading("Overview", "Who comes, who buys and what it brings: bring a file to see it.")
    parts.no_dataset()
elif selected.first is None:
    parts.heading("Overview", "This dataset has no purchases and no behaviour yet.")
    parts.needs("orders or behaviour events")
else:
    show(selected)
