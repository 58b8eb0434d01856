"""What the customers analysis reads from the store."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from socialml.analyses import sentiment
from socialml.artefacts import Table
from socialml.errors import UserError
from socialml.features import cutoffs
from socialml.store import Store

if TYPE_CHECKING:
    from socialml.analyses.customers import Config


def records(store: Store, dataset: str, target: str) -> pa.Table:
    """All records, with the target among their columns."""
    with store.read() as con:
        table = store.records(con, dataset).to_arrow_table()
    if target not in table.column_names:
        raise UserError(
            "no_column",
            f"'{dataset}' has no column '{target}'.",
            f"Choose one of: {', '.join(table.column_names[:30])}.",
        )
    return table


def shop(store: Store, dataset: str, config: Config) -> dict[str, Any]:
    """The fields of Inputs for a dataset with customers and orders."""
    tables = store.tables(dataset)
    if "records" in tables and not {"orders", "events"} & set(tables):
        with store.read() as con:
            names = store.records(con, dataset).columns
        raise UserError(
            "no_target",
            f"'{dataset}' holds a table of cases, so a column to predict must be named.",
            f"Add --target with one of: {', '.join(names[:30])}.",
        )
    as_of = store.as_of(dataset) if config.as_of is None else _midnight_after(config.as_of)
    said = sentiment.newest(store, dataset)
    with store.read() as con:
        events = store.events(con, dataset, until=as_of)
        users = store.users(con, dataset)
        began = cutoffs.first_purchase(con, events)
        if began is None:
            raise UserError(
                "no_purchases",
                f"'{dataset}' has no purchases, so nobody can be told from them.",
                "Import a file of orders, or events with purchases.",
            )
        windows = cutoffs.months(began, as_of)
        rows = cutoffs.take(con, events, users, windows, said)
        now = cutoffs.take(con, events, users, [cutoffs.Window("all", as_of, as_of)], said)
        churn, missing = None, ""
        try:
            churn = cutoffs.take(
                con, events, users, cutoffs.spans(began, as_of, config.churn_days), said
            ).table
        except UserError as error:
            missing = error.message
        bought_categories = cutoffs.baskets(con, events, as_of)
    return {
        "as_of": as_of,
        "measured": rows.measured,
        "windows": [
            {"part": window.part, "cutoff": str(window.cutoff.date()), "until": str(window.until.date())}
            for window in windows
        ],
        "rows": Table(rows.table),
        "now": Table(now.table),
        "late": [name for name in now.measured if name not in rows.measured],
        "churn": Table(churn) if churn is not None else None,
        "churn_missing": missing,
        "baskets": Table(bought_categories),
        "segments": _segments(store, dataset),
    }


def _segments(store: Store, dataset: str) -> Table | None:
    """user_id and the name of their segment, from the newest run."""
    from socialml.analyses import base

    run = store.newest_run(dataset, "segments")
    if run is None:
        return None
    names = {item["id"]: item["name"] for item in run.metrics["segments"]}
    names |= store.segment_names(run.run_id)
    try:
        users = base.read_result(run).users.read(["user_id", "segment"])
    except (OSError, UserError):  # the folder was removed by hand, or another version wrote it
        return None
    called = pa.array([names.get(number, "") for number in users["segment"].to_pylist()])
    return Table(pa.table({"user_id": users["user_id"], "segment": called}))


def _midnight_after(day: Any) -> datetime:
    return datetime(day.year, day.month, day.day) + timedelta(days=1)
