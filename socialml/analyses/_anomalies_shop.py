"""Scoring the purchases of a shop, from Inputs to the fields of a Result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from socialml import words
from socialml.analyses import _anomalies_judge as judge
from socialml.analyses import _anomalies_months as months
from socialml.artefacts import Table
from socialml.errors import UserError
from socialml.models import anomaly_scores as surprise
from socialml.progress import Progress, Report

if TYPE_CHECKING:
    from socialml.analyses.anomalies import Config, Inputs

Floats = NDArray[np.float64]
QUEUE_DAYS, QUEUE_ROWS = 31, 100  # the last days with purchases, and rows kept of each
CHANCE = np.arange(0.0, 60.0, 0.25)  # scores at which it is told what chance alone would give
CLOUD = 2_000  # rows of the sample that is drawn
FEW_MARKS = surprise.LEAST_MARKS


class Stage:
    """The report of one step among several: its fraction within its own share of the whole."""

    def __init__(self, report: Report, begin: float, end: float) -> None:
        self._report, self._begin, self._end = report, begin, end

    def __call__(self, progress: Progress) -> None:
        done = self._begin + (self._end - self._begin) * progress.fraction
        self._report(Progress(done, 1.0, progress.message, progress.curve))


def scored(inputs: Inputs, config: Config, report: Report) -> dict[str, Any]:
    from socialml.models import isolation, transaction_net

    table = inputs.rows.read()
    user = _codes(table["user_id"])
    lines = transaction_net.Lines(
        habits=surprise.Habits.of(user),
        amount=table["amount"].to_numpy(),
        discount=table["discount"].to_numpy(),
        category=_codes(table["category"]),
        **_clock(table["ts"]),
    )
    hour, device = _hours(table["ts"]), _codes(table["device"])
    notes = _notes(inputs, lines.habits, hour, device)
    rounds = transaction_net.EPOCHS if config.epochs is None else config.epochs
    expected = transaction_net.expect(lines, config.seed, Stage(report, 0.02, 0.5), rounds)
    report(Progress(0.5, 1.0, "Comparing hours and devices with each customer's own"))
    error = np.log(lines.amount) - expected.log_amount
    spread = surprise.own_spread(error, lines.habits)
    z = np.divide(error, spread, out=np.zeros(len(error)), where=spread > 0)
    first, order = _orders(user, table["ts"])
    visits = surprise.Habits.of(user[first])
    parts = np.column_stack(
        [
            surprise.tail_surprise(z),
            surprise.hour_surprise(hour[first], visits)[order] if hour.any() else np.zeros(len(hour)),
            surprise.kind_surprise(device[first], visits)[order],
        ]
    )
    if not parts.any():
        raise UserError(
            "nothing_varies",
            "All purchases are alike: the same amount, hour and device. Nothing can stand out.",
            "Check that the amounts were read from the right column.",
        )
    weights, refitted = _weights(inputs, table["key"].to_numpy(), parts)
    score = surprise.combined(parts, weights)
    forest = isolation.scores(np.column_stack([z, parts[:, 1:]]), config.seed, Stage(report, 0.55, 0.7))
    if rounds and not expected.used:
        notes.append(
            "The LSTM did not forecast better than each customer's own running level on customers it had not"
            " seen, or had too few purchases to learn from; the running level is used."
        )
    if refitted:
        notes.append(f"The weights of amount, hour and device come from {refitted} marks of your reviews.")
    frame = _frame(table).assign(
        before=lines.habits.place,
        device_before=_others(visits.user, device[first])[order],
        usual=np.exp(expected.log_amount),
        rule=np.exp(transaction_net.base(lines)[0]),
        z=z,
        **{f"surprise_{name}": part for name, part in zip(surprise.PARTS, parts.T, strict=True)},
        score=score,
        forest=forest,
    )
    report(Progress(0.72, 1.0, "Scoring customers' months"))
    return {
        **finished(frame, inputs, config),
        "chance": pd.DataFrame(
            {"score": CHANCE, "share": surprise.by_chance(parts, weights, CHANCE, config.seed)}
        ),
        **months.scored(inputs, config, Stage(report, 0.72, 1.0)),
        "n_groups": int(user.max()) + 1,
        "weights": dict(zip(surprise.PARTS, weights.tolist(), strict=True)),
        "refitted": refitted,
        "curve": expected.curve,
        "notes": notes,
    }


def finished(frame: pd.DataFrame, inputs: Inputs, config: Config) -> dict[str, Any]:
    """What all kinds of rows share. frame: key, ts, score and more, in any order."""
    frame = frame.sort_values(["score", "key"], ascending=[False, True], kind="stable", ignore_index=True)
    ranked = judge.ranking(frame["key"].to_numpy(), frame["score"].to_numpy(), inputs.labels, inputs.marks)
    least = ranked.threshold(config.share) if config.threshold is None else config.threshold
    flagged = ranked.flagged(least)
    known = ranked.basis == "labels"
    compared = judge.compared(frame, ranked.wrong == 1) if known else pd.DataFrame()
    day = frame["ts"].dt.normalize()
    newest = np.sort(day.unique())[-QUEUE_DAYS:]
    queue = frame[day.isin(newest)].assign(day=day)
    queue = queue.groupby("day", sort=False).head(QUEUE_ROWS).sort_values(["day", "score"], ascending=False)
    rng = np.random.default_rng(config.seed)
    drawn = np.sort(rng.permutation(len(frame))[:CLOUD])
    return {
        "n_rows": len(frame),
        "threshold": least,
        "flagged": flagged,
        "rates": judge.as_metrics(judge.rates(ranked, flagged)),
        "compared": compared,
        "queue": queue.reset_index(drop=True),
        "cloud": frame.iloc[drawn].reset_index(drop=True),
        "scores": Table(pa.Table.from_pandas(frame, preserve_index=False)),
    }


def _orders(user: NDArray[np.int64], ts: pa.ChunkedArray) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The first line of each order, and the order of each line.

    Lines of one customer at one moment are one order: they share its hour and device, so each of them counting as
    an observation of its own would let the lines of an order excuse each other.
    """
    moment = ts.to_numpy().astype(np.int64)
    begins = np.r_[True, (user[1:] != user[:-1]) | (moment[1:] != moment[:-1])]
    return np.flatnonzero(begins), np.cumsum(begins) - 1


def _others(user: NDArray[np.int64], device: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many other orders of the customer came from the same device."""
    pair = user * (int(device.max()) + 2) + device + 1
    _, place, count = np.unique(pair, return_inverse=True, return_counts=True)
    return count[place] - 1


def _frame(table: pa.Table) -> pd.DataFrame:
    """The rows as they were bought, with texts instead of dictionaries."""
    frame = table.drop_columns(["discount"]).to_pandas()
    for name in ("user_id", "order_id", "item_id", "category", "device"):
        frame[name] = frame[name].astype(object).where(frame[name].notna(), None)
    frame["ts"] = frame["ts"].astype("datetime64[us]")
    return frame


def _weights(inputs: Inputs, key: NDArray[np.uint64], parts: Floats) -> tuple[Floats, int]:
    """Equal weights, or those that the marks of the reviews give, and from how many."""
    place = pd.Series(np.arange(len(key)), index=key)
    marks = inputs.marks[inputs.marks["key"].isin(key)]
    found = surprise.weights_from_marks(
        parts[place[marks["key"]].to_numpy()], marks["wrong"].to_numpy(dtype=bool)
    ) if len(marks) else None  # fmt: skip
    return (np.ones(parts.shape[1]), 0) if found is None else (found, len(marks))


def _codes(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Codes of a dictionary's values in the order in which they first come; -1 where null."""
    codes = column.combine_chunks()
    codes = codes.indices if pa.types.is_dictionary(codes.type) else codes.dictionary_encode().indices
    return codes.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)


def _clock(column: pa.ChunkedArray) -> dict[str, Any]:
    moments = column.to_numpy().astype("datetime64[s]")
    days = moments.astype("datetime64[D]")
    return {
        "day": (moments - moments.min()).astype(np.int64) / 86_400,
        "weekday": (days.astype(np.int64) + 3) % 7,  # the first of 1970 was a Thursday
    }


def _hours(column: pa.ChunkedArray) -> NDArray[np.int64]:
    return column.to_numpy().astype("datetime64[h]").astype(np.int64) % 24


def _notes(
    inputs: Inputs, habits: surprise.Habits, hour: NDArray[np.int64], device: NDArray[np.int64]
) -> list[str]:
    skipped, notes = inputs.skipped, []
    if skipped["without_user"]:
        notes.append(f"{words.plural(skipped['without_user'], 'purchase')} without a customer left out.")
    if skipped["without_amount"]:
        notes.append(
            f"{words.plural(skipped['without_amount'], 'purchase')} without an amount above zero left out."
        )
    if skipped["refunds"]:
        notes.append(f"{words.plural(skipped['refunds'], 'refund')} left out: they are no purchases.")
    if not hour.any():
        notes.append("Times are dates only, so the hour says nothing.")
    if (device < 0).all():
        notes.append("No device is known, so it says nothing.")
    few = float((habits.count[habits.place == 0] < 3).mean())
    if habits.user.max() == 0:
        notes.append("There is one customer only: what is usual is what they do.")
    elif few > 0.5:
        notes.append(
            f"{words.share(few, 0)} of the customers have fewer than three purchases: theirs are compared with"
            " everybody's."
        )
    return notes
