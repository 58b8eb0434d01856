"""The rows of a dataset as relations: what the features read."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

import duckdb

from socialml.errors import UserError
from socialml.schema import (
    CREATOR_COLUMNS,
    EVENT_COLUMNS,
    IMPRESSION_COLUMNS,
    PLACEMENT_COLUMNS,
    USER_COLUMNS,
)
from socialml.store.datasets import Datasets

if TYPE_CHECKING:
    import pandas as pd  # half a second that a command like `datasets` need not wait for

_EVENT_NAMES = [name for name, _ in EVENT_COLUMNS if name != "import_id"]
_IMPRESSION_NAMES = [name for name, _ in IMPRESSION_COLUMNS if name != "import_id"]
_USER_NAMES = [name for name, _ in USER_COLUMNS if name != "import_id"]

_CREATOR_NAMES = [name for name, _ in CREATOR_COLUMNS if name != "import_id"]
_PLACEMENT_NAMES = [name for name, _ in PLACEMENT_COLUMNS if name != "import_id"]

_NUMBERED = "{import_id} AS import_id, rowid AS row_no, *"


def _latest(parts: list[str], names: list[str], key: str) -> str:
    """A query for the last row of each key, of _NUMBERED parts."""
    return (
        f"SELECT {', '.join(names)} FROM ({' UNION ALL BY NAME '.join(parts)}) WHERE {key} IS NOT NULL"
        f" QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY import_id DESC, row_no DESC) = 1"
    )


class Rows(Datasets):
    def events(
        self,
        con: duckdb.DuckDBPyConnection,
        name: str,
        *,
        start: datetime | None = None,
        until: datetime | None = None,
    ) -> duckdb.DuckDBPyRelation:
        """Events and orders with start <= ts_local < until; with orders, purchases come from them only."""
        imports = self.imports(name, con)
        has_orders = any(info.kind == "orders" for info in imports)
        columns = ", ".join(_EVENT_NAMES)
        parts = []
        for info in imports:
            if info.kind in ("events", "orders"):
                only = (
                    " WHERE action NOT IN ('purchase', 'refund')"
                    if has_orders and info.kind == "events"
                    else ""
                )
                parts.append(f"SELECT {columns} FROM rows_{info.id}{only}")
        if not parts:
            raise UserError(
                "no_events",
                f"'{name}' has no behaviour events and no orders.",
                "Import a file of events or orders into it.",
            )
        bounds = [f"ts_local >= TIMESTAMP '{start}'"] if start else []
        bounds += [f"ts_local < TIMESTAMP '{until}'"] if until else []
        where = f" WHERE {' AND '.join(bounds)}" if bounds else ""
        return con.sql(f"SELECT {columns} FROM ({' UNION ALL '.join(parts)}){where}")

    def impressions(self, con: duckdb.DuckDBPyConnection, name: str) -> duckdb.DuckDBPyRelation:
        """One row for each recommendation shown."""
        parts = self._parts(con, name, "impressions", ", ".join(_IMPRESSION_NAMES))
        if not parts:
            raise UserError(
                "no_impressions",
                f"'{name}' has no table of recommendations shown.",
                "Import one: who was shown what, when, with what chance, and what followed. The Data page has a"
                " template.",
            )
        return con.sql(" UNION ALL ".join(parts))

    def users(self, con: duckdb.DuckDBPyConnection, name: str) -> duckdb.DuckDBPyRelation:
        """One row for each user of the users files; the latest row wins. Empty without such a file."""
        parts = self._parts(con, name, "users", _NUMBERED)
        if not parts:
            nothing = ", ".join(
                f"NULL::{kind} AS {column}" for column, kind in USER_COLUMNS if column != "import_id"
            )
            return con.sql(f"SELECT {nothing} WHERE false")
        return con.sql(_latest(parts, _USER_NAMES, "user_id"))

    def creators(self, con: duckdb.DuckDBPyConnection, name: str) -> duckdb.DuckDBPyRelation:
        """One row for each creator who can be booked; the latest row wins."""
        parts = self._parts(con, name, "creators", _NUMBERED)
        if not parts:
            raise UserError(
                "no_creators",
                f"'{name}' has no table of creators.",
                "Import one: who can be booked on which channel, with followers and price. The Data page has a"
                " template.",
            )
        return con.sql(_latest(parts, _CREATOR_NAMES, "creator_id"))

    def placements(self, con: duckdb.DuckDBPyConnection, name: str) -> duckdb.DuckDBPyRelation:
        """One row for each booking of a past campaign."""
        parts = self._parts(con, name, "placements", ", ".join(_PLACEMENT_NAMES))
        if not parts:
            raise UserError(
                "no_placements",
                f"'{name}' has no table of past bookings.",
                "Import one: which creator was booked in which phase of which campaign, at what price, and what it"
                " brought. The Data page has a template.",
            )
        return con.sql(" UNION ALL ".join(parts))

    def _parts(self, con: duckdb.DuckDBPyConnection, name: str, kind: str, columns: str) -> list[str]:
        """A query for each import of a kind, the oldest first. columns: SQL; {import_id} is replaced."""
        return [
            f"SELECT {columns.replace('{import_id}', str(info.id))} FROM rows_{info.id}"
            for info in self.imports(name, con)
            if info.kind == kind
        ]

    def records(self, con: duckdb.DuckDBPyConnection, name: str) -> duckdb.DuckDBPyRelation:
        parts = self._parts(con, name, "records", "*")
        if not parts:
            raise UserError("no_records", f"'{name}' has no records.", "Import a table as 'records' into it.")
        return con.sql(" UNION ALL BY NAME ".join(parts))

    def preview(self, name: str, kind: str, rows: int) -> pd.DataFrame:
        """The first rows of the newest import of a kind."""
        with self.read() as con:
            newest = [info for info in self.imports(name, con) if info.kind == kind][-1:]
            if not newest:
                raise UserError(
                    "no_rows", f"'{name}' has no {kind}.", "Import such a file, or choose another."
                )
            return con.execute(f"SELECT * FROM rows_{newest[0].id} LIMIT ?", [rows]).df()

    def time_range(self, name: str) -> tuple[datetime, datetime] | None:
        """First and last local time of events and orders, or None where there are none."""
        with self.read() as con:
            parts = [
                f"SELECT min(ts_local) AS first, max(ts_local) AS last FROM rows_{info.id}"
                for info in self.imports(name, con)
                if info.kind in ("events", "orders")
            ]
            if not parts:
                return None
            row = con.execute(f"SELECT min(first), max(last) FROM ({' UNION ALL '.join(parts)})").fetchone()
        return row if row and row[0] is not None else None

    def as_of(self, name: str) -> datetime:
        """The end of the last complete day (midnight, exclusive), local time.

        The last day counts as complete when its rows reach its last hour, when times are dates only, or
        when it is the only day there is.
        """
        span = self.time_range(name)
        if span is None:
            raise UserError(
                "no_events",
                f"'{name}' has no behaviour events and no orders.",
                "Import a file of events or orders into it.",
            )
        first, last = span
        day = datetime.combine(last.date(), time())
        complete = last.hour == 23 or last == day or first.date() == last.date()
        return day + timedelta(days=1) if complete else day
