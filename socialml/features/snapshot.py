"""The user table of a dataset at one moment, as an Arrow table or a Parquet file."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from socialml.errors import UserError
from socialml.export import format_of
from socialml.features.comments import TONE, with_tone
from socialml.features.users import available, user_table
from socialml.store import Store


@dataclass(frozen=True, eq=False)
class Snapshot:
    table: pa.Table  # one row a user, ordered by user_id: user_id, features.users.FEATURES, TONE
    measured: tuple[str, ...]  # the features that the data measures at all, in the table's order
    as_of: datetime  # exclusive, on the dataset's own clock


def take(
    store: Store, dataset: str, as_of: datetime | date | None = None, comments: Path | None = None
) -> Snapshot:
    """The user table as of the end of the last complete day, or of the end of the day that is given.

    comments: those that a run has scored; with them the table has the columns of TONE.
    """
    moment = store.as_of(dataset) if as_of is None else as_of
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day) + timedelta(days=1)
    with store.read() as con:
        events = store.events(con, dataset, until=moment)
        users = store.users(con, dataset)
        native: duckdb.DuckDBPyRelation = user_table(events, users, moment).to_native()
        table = native.order("user_id").to_arrow_table()
        if not table.num_rows:
            raise UserError(
                "no_users_yet",
                f"'{dataset}' has no customer before {moment:%Y-%m-%d}.",
                "Choose a later date, or import rows that name their customers.",
            )
        found = available(events, users)
        if comments is not None:
            table = with_tone(con, table, comments, moment)
            found |= set(TONE)
    measured = tuple(name for name in table.column_names if name in found)
    return Snapshot(table, measured, moment)


def write_user_table(
    store: Store, dataset: str, out: Path, as_of: date | None = None, comments: Path | None = None,
    form: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    started = time.monotonic()
    snapshot = take(store, dataset, as_of, comments)
    try:
        out.write_bytes(format_of(out, form, "parquet").write(snapshot.table))
    except OSError as error:
        raise UserError(
            "cannot_write", f"{out} cannot be written: {error}", "Choose a folder that exists and is yours."
        ) from error
    return {
        "rows": snapshot.table.num_rows,
        "columns": snapshot.table.column_names,
        "measured": list(snapshot.measured),
        "as_of": snapshot.as_of.date().isoformat(),
        "seconds": round(time.monotonic() - started, 3),
    }
