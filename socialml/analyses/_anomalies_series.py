"""Scoring the points of metrics, from Inputs to the fields of a Result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from socialml import words
from socialml.analyses._anomalies_shop import Stage, finished
from socialml.errors import UserError
from socialml.models import anomaly_scores as surprise
from socialml.models import isolation, series_net
from socialml.progress import Report

if TYPE_CHECKING:
    from socialml.analyses.anomalies import Config, Inputs

MONDAY = np.datetime64("2001-01-01T00:00:00")


def scored(inputs: Inputs, config: Config, report: Report) -> dict[str, Any]:
    frame = inputs.rows.read().to_pandas()
    moments = frame["ts"].to_numpy().astype("datetime64[s]")
    value = frame["value"].to_numpy(dtype=float)
    series, names = pd.factorize(frame["series"], sort=True)
    if np.ptp(value) == 0:
        raise UserError(
            "nothing_varies",
            f"'{inputs.measured}' is always {value[0]:,.6g}: nothing can stand out.",
            "Choose another column with --value, or import other points.",
        )
    hours = (moments - MONDAY).astype(np.int64) / 3600
    rounds = series_net.EPOCHS if config.epochs is None else config.epochs
    told = series_net.expect(
        series.astype(np.int64), hours, value, config.seed, Stage(report, 0.02, 0.85), rounds
    )
    score = np.empty(len(frame))
    for code in range(len(names)):
        mine = series == code
        score[mine] = surprise.tail_surprise(told.z[mine])
    change = np.diff(told.z, prepend=told.z[:1])
    forest = isolation.scores(
        np.column_stack([told.z, change]).clip(-50, 50), config.seed, Stage(report, 0.85, 0.98)
    )
    frame = frame.assign(usual=told.usual, z=told.z, score=score, forest=forest)
    frame["ts"] = frame["ts"].astype("datetime64[us]")
    return {
        **finished(frame, inputs, config),
        "month_score": {"rows": 0, "reason": "A metric has no customers, so there are no months of theirs."},
        "n_groups": len(names),
        "weights": {"amount": 1.0},
        "refitted": 0,
        "chance": pd.DataFrame(),
        "curve": told.curve,
        "notes": _notes(inputs, frame),
    }


def _notes(inputs: Inputs, frame: pd.DataFrame) -> list[str]:
    notes, skipped = [], inputs.skipped
    if skipped["repeated"]:
        told = f"{words.plural(skipped['repeated'], 'time')} came twice; their mean is one point."
        if skipped["repeated"] > len(frame) / 20:
            told += (
                " If they are of different series, choose the column that names the series, and run again."
            )
        notes.append(told)
    if skipped["empty"]:
        notes.append(f"{words.plural(skipped['empty'], 'row')} without a time or a number left out.")
    if skipped["short"]:
        notes.append(f"{words.plural(skipped['short'], 'series', 'series')} with too few points left out.")
    if skipped["same"]:
        notes.append(
            f"{words.plural(skipped['same'], 'row')} were left out at the import because an earlier file had the same"
            " time and value. If they belong to another series, import one file with a column that names the series."
        )
    gaps = frame.groupby("series")["ts"].diff()
    usual = gaps.groupby(frame["series"]).transform("median")
    holes = int((gaps > 1.5 * usual).sum())
    if holes:
        notes.append(
            f"{words.plural(holes, 'gap')} in time: nothing is filled in; the LSTM is told how long each was."
        )
    span = frame.groupby("series")["ts"].agg(lambda ts: ts.max() - ts.min())
    if (span < pd.Timedelta(days=14)).any():
        notes.append("Less than two weeks of a series: what is usual on a weekday cannot be told yet.")
    return notes
