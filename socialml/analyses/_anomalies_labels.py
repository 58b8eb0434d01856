"""A list of all that is known to be wrong -> the keys of the rows it names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from socialml.analyses._anomalies_inputs import is_shop
from socialml.errors import UserError
from socialml.features import series, transactions
from socialml.ingest import lists
from socialml.schema import KINDS
from socialml.store import Store

if TYPE_CHECKING:
    from socialml.analyses.anomalies import Config

_FLAG = ("label", "wrong", "anomaly", "is_anomaly", "fraud", "is_fraud", "标签", "异常")
_ORDER, _AMOUNT, _TIME = (KINDS["orders"].column(name) for name in ("order_id", "amount", "ts"))


@dataclass(frozen=True, eq=False)
class Matched:
    keys: NDArray[np.uint64]  # ascending
    rows: int  # of the list that call something wrong
    missed: int  # of these: name nothing
    shared_by: int = 0  # series in which each time counts, where the list names none


def match(store: Store, dataset: str, file: Path, config: Config) -> Matched:
    """What a list names. Of purchases: order_id, and amount where lines of one order differ. Of points: their times,
    and the series where there are several. Rows that say no in a column such as 'wrong' are left out.

    Raises UserError: what lists.read raises; no_column, none_wrong, no_such_series, no_label_found; of points also
    what features.series.take raises.
    """
    table = lists.read(file)
    flag = lists.column(table, *_FLAG)
    if flag:
        no = pc.is_in(pc.utf8_lower(table[flag]), pa.array(series.NO))
        table = table.filter(pc.and_(pc.is_valid(table[flag]), pc.invert(no)))
        if not table.num_rows:
            raise UserError(
                "none_wrong", f"'{flag}' says of no row of {file.name} that it is wrong.",
                "Write 1 or yes there in the rows of what is wrong.",
            )  # fmt: skip
    return (_purchases if is_shop(store, dataset) else _points)(store, dataset, table, file.name, config)


def _purchases(store: Store, dataset: str, table: pa.Table, file: str, config: Config) -> Matched:
    order, amount = lists.column(table, _ORDER), lists.column(table, _AMOUNT)
    if order is None:
        raise UserError(
            "no_column",
            f"{file} has no column 'order_id'; it has {', '.join(table.column_names)}.",
            "Give a CSV with order_id, and amount where an order has several lines.",
        )
    money = lists.amounts(table[amount].to_pylist()) if amount else [None] * table.num_rows
    wanted = pa.table({"order_id": table[order], "amount": pa.array(money, pa.float64())})
    with store.read() as con:
        keys, missed = transactions.match(con, store.events(con, dataset), datetime.max, wanted)
    if not len(keys):
        raise UserError(
            "no_label_found",
            f"No row of {file} names a purchase of '{dataset}'.",
            "Check that order_id and amount are written as in the orders.",
        )
    return Matched(keys, table.num_rows, missed)


def _points(store: Store, dataset: str, table: pa.Table, file: str, config: Config) -> Matched:
    with store.read() as con:
        points = series.take(store, con, dataset, value=config.value, series=config.series)
    known = points.table.select(["key", "series", "ts"])
    named = sorted(known["series"].unique().to_pylist())
    when = lists.column(table, points.time, _TIME)
    if when is None:
        raise UserError(
            "no_column",
            f"{file} has no column of times; it has {', '.join(table.column_names)}.",
            f"Name it '{points.time}' in the first line, as in the imported table.",
        )
    which = _names(table, when, named, config.series)
    zone = store.dataset(dataset).timezone
    wanted = pa.table(
        {"ts": lists.times(table, when, zone), "series": which or pa.nulls(table.num_rows, pa.string())}
    )
    with store.read() as con:
        keys, missed = series.match(con, known, wanted)
    if not len(keys):
        first, last = (f"{moment:%Y-%m-%d %H:%M:%S}" for moment in pc.min_max(known["ts"]).as_py().values())
        example = next((cell for cell in table[when].to_pylist() if cell), "")
        raise UserError(
            "no_label_found",
            f"No row of {file} names a point of '{dataset}'; its first time is '{example}'.",
            f"The points go from {first} to {last}. Write the times as there, in the clock of {zone}.",
        )
    return Matched(keys, table.num_rows, missed, len(named) if which is None and len(named) > 1 else 0)


def _names(table: pa.Table, when: str, named: list[str], column: str | None) -> pa.Array | None:
    """The series of each row; None where the list has no column of them. A file's name counts with its ending too.

    Raises UserError no_such_series.
    """
    known, found = set(named), lists.column(table, *([column] if column else []), "series", "file")
    if found:
        cells = [_plain(cell, known) for cell in table[found].to_pylist()]
        if not known & set(cells):
            raise UserError(
                "no_such_series",
                f"There is no series '{cells[0] or ''}', which the list's column '{found}' names.",
                f"The series are {', '.join(named[:20])}.",
            )
        return pa.array([cell or "" for cell in cells], pa.string())
    for header in table.column_names:
        cells = [_plain(cell, known) for cell in table[header].to_pylist()]
        if header != when and known.issuperset(cells):
            return pa.array(cells, pa.string())
    return None


def _plain(name: str | None, known: set[str]) -> str | None:
    return name if name is None or name in known else name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
