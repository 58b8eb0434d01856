"""Forecast: what next month brings, in all, by segment and by customer, and who grows or falls.

prepare: monthly sequences of every customer up to the month that is forecast. compute: every candidate (simple
rules, boosted trees, a two-layer LSTM, a purchase and spend model, a blend) forecasts past months from what was
before them; two months choose the champion and calibrate its intervals, the next one judges it; then the month to
come is forecast. With `target_month` in the past that month alone is judged, and nothing of it is seen before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from socialml.analyses import _forecast_inputs as reading
from socialml.analyses._forecast_config import MODELS, checked
from socialml.artefacts import Table
from socialml.progress import Report, silent
from socialml.store import Store


@dataclass(frozen=True, kw_only=True)
class Config:
    target_month: str | None = None  # YYYY-MM; None: the first month that is not over in the data
    backtest_months: int = 3  # past months that judge
    models: tuple[str, ...] = MODELS  # what is tried beside the simple rules
    window_months: int = 12  # of history that the models read
    loss: str = "auto"  # of the LSTM; auto: found on the validation months
    before_first: str = "auto"  # months before a first purchase: masked or zeros; auto: found there too
    epochs_most: int = 20
    patience: int = 6  # epochs without a better validation loss before it stops
    dropout: float = 0.3
    batch: int = 256  # users
    without_flagged: bool = False  # leave purchases that the newest anomalies run flags out of what is scored
    as_of: date | None = None  # the last day that counts; None: the last complete day
    seed: int = 0

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Config:
        """A Config from untrusted JSON values; UserError bad_config for each mistake."""
        return cls(**checked(values, cls()))


@dataclass(frozen=True, eq=False)
class Inputs:
    dataset: str
    currency: str
    as_of: datetime  # exclusive
    target: date  # first day of the month to forecast
    sequences: Table  # features.sequences.to_table: all months before the target
    months: pd.DataFrame  # month, revenue of the whole shop, also of rows without a customer
    actual: Table | None  # user_id, amount, orders of the target month, where it is over
    flagged: Table | None  # user_id, month, amount: purchases left out of the scores
    segments: Table | None  # user_id, segment: of the newest run of segments
    segment_names: list[str]
    before: Table | None  # the user table as of the first month that judges
    measured: list[str]  # its features


@dataclass(frozen=True, eq=False)
class Result:
    """Everything the page shows.

    users: see _forecast_tables.users; histories: user_id and amount, orders, known of each of `months`.
    """

    dataset: str
    currency: str
    as_of: date  # the last day that counts
    target_month: str
    judged_months: list[str]
    n_users: int
    months: list[str]  # of the histories
    champion: dict[str, Any]  # amount, orders: name, label, floor, mae of each on validation, gain, error
    weights: dict[str, Any]  # of the blend: amount, orders -> candidate -> weight
    total: dict[str, Any]  # see _forecast_totals.summary
    notes: list[str]
    warnings: list[str]  # what makes every figure doubtful
    skipped: dict[str, str]  # candidate -> why it has no forecast
    settings: dict[str, Any]  # what was found on the validation months: loss, before_first
    net_shapes: list[dict[str, Any]]  # name, shape: how net_weights is cut
    series: (
        pd.DataFrame
    )  # month, revenue, forecast, low, high: of the whole shop, the past ones one month ahead
    models: pd.DataFrame  # see _forecast_tables.scores
    coverage: pd.DataFrame  # see _forecast_tables.coverage
    year: pd.DataFrame  # 12 months ahead: see _forecast_year.judge
    year_judged: dict[str, Any]  # first, last, customers, skipped of it
    segments: pd.DataFrame  # see _forecast_tables.by_segment
    segment_months: pd.DataFrame
    curve: pd.DataFrame  # training, month, epoch, train, valid
    net_weights: np.ndarray  # float32, all of the net's in one row; empty without a net
    users: Table
    histories: Table

    def metrics(self) -> dict[str, Any]:
        """What the command line prints, apart from run_id."""
        from socialml.analyses import _forecast_metrics as told

        return told.metrics(self)


def run(store: Store, dataset: str, config: Config | None = None, report: Report = silent) -> Result:
    """Prepare, compute and record in this process; the recorded result."""
    from socialml.analyses import base

    return base.read_result(base.run("forecast", store, dataset, config or Config(), report))


def prepare(store: Store, dataset: str, config: Config) -> Inputs:
    return Inputs(
        dataset=dataset, currency=store.dataset(dataset).currency, **reading.read(store, dataset, config)
    )


def compute(inputs: Inputs, config: Config, report: Report) -> Result:
    from socialml.analyses import _forecast_compute as steps

    return Result(
        dataset=inputs.dataset,
        currency=inputs.currency,
        as_of=(inputs.as_of - timedelta(days=1)).date(),
        target_month=f"{inputs.target:%Y-%m}",
        **steps.fields(inputs, config, report),
    )


def export(result: Result) -> pa.Table:
    """Each customer's forecast with its interval, for a spreadsheet; the first five columns are those promised."""
    table = result.users.read()
    names = {row["segment"]: row["name"] for row in result.segments.to_dict("records")}
    called = pa.array([names.get(number, "") for number in table["segment"].to_pylist()], pa.string())
    kept = ["user_id", "amount", "amount_low", "amount_high", "frequency", "low_95", "high_95", "last_month",
            "mean_12", "change"]  # fmt: skip
    out = table.select(kept)
    for name, column in (
        ("segment", called),
        ("short_interest", table["short_interest"]),
        ("long_interest", table["long_interest"]),
        ("value_12", table["value_12"]),
        ("orders_12", table["orders_12"]),
        ("month", pa.repeat(pa.scalar(result.target_month), table.num_rows)),
        ("as_of", pa.repeat(pa.scalar(result.as_of.isoformat()), table.num_rows)),
    ):
        out = out.append_column(name, column)
    return out


def one(result: Result, user_id: str) -> tuple[dict[str, Any], pd.DataFrame] | None:
    """One customer's row of `users` and their months (month, amount, orders, known); None when not known."""
    row, history = _row(result.users, user_id), _row(result.histories, user_id)
    if row is None or history is None:
        return None
    months = pd.DataFrame({"month": result.months, **{n: history[n] for n in ("amount", "orders", "known")}})
    return row, months.assign(known=months["known"] > 0)


def _row(table: Table, user_id: str) -> dict[str, Any] | None:
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    if table.path:
        found = pq.read_table(table.path, filters=[("user_id", "==", user_id)], partitioning=None)
    else:
        whole = table.read()
        found = whole.filter(pc.equal(whole["user_id"], user_id))
    return found.slice(0, 1).to_pylist()[0] if found.num_rows else None
