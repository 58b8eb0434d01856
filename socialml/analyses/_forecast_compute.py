"""The steps of the forecast, from Inputs to the fields of its Result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from socialml.analyses import _forecast_flow as flow
from socialml.analyses import _forecast_models as models
from socialml.analyses import _forecast_tables as tables
from socialml.analyses import _forecast_totals as totals
from socialml.analyses import _forecast_year as year
from socialml.analyses._forecast_inputs import labels
from socialml.analyses._forecast_rules import GROUPS, KINDS, Floats, like
from socialml.analyses._forecast_segments import made_before
from socialml.features import sequences
from socialml.features.sequences import Sequences
from socialml.progress import Progress, Report

if TYPE_CHECKING:
    from socialml.analyses.forecast import Config, Inputs


FEW = 20  # customers, or their months, of which less cannot be said
MOST, RARE = 0.9, 0.05  # of revenue, from so few of all months: no shop, but a mistake in an amount


def fields(inputs: Inputs, config: Config, report: Report) -> dict[str, Any]:
    seq = sequences.from_table(inputs.sequences.read())
    report(Progress(0, 1, "Laying out the months"))
    came = _came(inputs.actual, seq)
    least = 2  # months before the first one that is judged
    tests = [] if came else list(range(max(least, seq.m - config.backtest_months), seq.m))
    candidates = models.candidates(seq, config)
    targets = [*tests, seq.m]
    ahead = [seconds for _, seconds in year.steps(seq, config)]
    parts = flow.Part(report, [*flow.seconds(targets, candidates), *ahead])
    months = flow.roll(seq, seq.amount, seq.orders, targets, candidates, "blend" in config.models, parts)
    last = months[-1]
    judged = [
        tables.Judged(
            month, f"{seq.months[month.t]:%Y-%m}", {kind: getattr(seq, kind)[:, month.t] for kind in KINDS}
        )
        for month in months[:-1]
    ]
    if came:
        judged = [tables.Judged(last, f"{inputs.target:%Y-%m}", came)]
    left_out = ""
    lately = {kind: getattr(seq, kind)[:, -year.MONTHS :] for kind in KINDS}
    if inputs.flagged is not None:
        flagged = _placed(inputs.flagged.read(), seq)
        judged, left_out = without(flagged, seq, judged)
        names = [f"{month:%Y-%m}" for month in seq.months[-year.MONTHS :]]
        off = np.column_stack([_sums(flagged, name, seq) for name in names])
        lately["amount"] = lately["amount"] - off
    year_scores, year_judged = year.judge(seq, lately, config, parts.begin)
    report(Progress(1, 1, "Writing down the results"))
    segment = labels(seq, inputs.segments.read() if inputs.segments else None)
    earlier, earlier_names = made_before(inputs, seq)
    groups: list[tuple[str, NDArray[np.int64], Sequence[str]]] = [
        ("like", like(seq.orders[:, : judged[0].month.t] if judged else seq.orders), GROUPS)
    ]
    if earlier is not None:
        groups.append(("segment", earlier, earlier_names))
    net = next((item for item in candidates if item.name == "lstm"), None)
    weights, shapes = net.stored() if isinstance(net, models.Network) else (np.zeros(0, np.float32), [])
    curves = net.curves() if isinstance(net, models.Network) else pd.DataFrame(columns=models.CURVE_COLUMNS)
    series, total = _total(inputs, seq)
    amounts = came["amount"] if came else None
    return {
        "judged_months": [item.name for item in judged],
        "n_users": int(last.known.sum()),
        "months": [f"{month:%Y-%m}" for month in seq.months],
        "champion": {kind: _champion(last, kind, candidates) for kind in KINDS},
        "weights": last.weights,
        "total": total,
        "notes": [*([left_out] if left_out else []), *_notes(inputs, seq, judged, last)],
        "warnings": _warnings(seq, int(last.known.sum())),
        "skipped": last.skipped,
        "settings": net.found if isinstance(net, models.Network) else {},
        "net_shapes": shapes,
        "series": series,
        "models": tables.scores(seq, judged, candidates, config.seed),
        "coverage": tables.coverage(judged, groups),
        "year": year_scores,
        "year_judged": year_judged,
        "segments": tables.by_segment(
            seq, series["revenue"].to_numpy()[: seq.m], segment, inputs.segment_names, amounts
        ),
        "segment_months": tables.segment_months(seq, segment, inputs.segment_names),
        "curve": curves,
        "net_weights": weights,
        "users": tables.users(seq, last, segment, models.Value(seq).year()),
        "histories": tables.histories(seq, last),
    }


def _placed(flagged: pa.Table, seq: Sequences) -> pd.DataFrame:
    """month, amount and the row of its user, of flagged purchases of known users."""
    place = {user: number for number, user in enumerate(seq.user_id)}
    frame = flagged.to_pandas()
    frame["row"] = frame["user_id"].map(place)
    return frame.dropna(subset="row").astype({"row": int, "amount": float})


def _sums(flagged: pd.DataFrame, month: str, seq: Sequences) -> Floats:
    """(n,) flagged amounts of each user in a month."""
    own = flagged[flagged["month"] == month]
    return np.bincount(own["row"], weights=own["amount"], minlength=seq.n).astype(np.float64)


def without(
    flagged: pd.DataFrame, seq: Sequences, judged: list[tables.Judged]
) -> tuple[list[tables.Judged], str]:
    """The judged months with the flagged amounts taken off what came, and how much that was, in a sentence."""
    out, count, money = [], 0, 0.0
    for item in judged:
        off = _sums(flagged, item.name, seq)
        out.append(replace(item, came={**item.came, "amount": item.came["amount"] - off}))
        count, money = count + int((flagged["month"] == item.name).sum()), money + float(off.sum())
    return out, (
        f"Scored without {count:,} purchases ({money:,.0f} in all) that the newest run of anomalies flags; the models"
        " learned from them as they are."
    )


def _came(actual: Any, seq: Sequences) -> dict[str, Floats] | None:
    """What came in the target month, for the users known before; None where it is not over."""
    if actual is None:
        return None
    table: pa.Table = actual.read()
    place = {user: number for number, user in enumerate(table["user_id"].to_pylist())}
    rows = np.array([place[user] for user in seq.user_id])  # nobody disappears by a month more
    return {kind: table[kind].to_numpy()[rows] for kind in KINDS}


def _champion(month: flow.Month, kind: str, candidates: list[flow.Candidate]) -> dict[str, Any]:
    choice = month.choice[kind]
    called = {candidate.name: candidate.label for candidate in candidates} | {"blend": tables.BLEND_LABEL}
    floors = {candidate.name for candidate in candidates if candidate.is_floor}
    return {
        "name": choice.name,
        "label": called[choice.name],
        "floor": choice.floor,
        "floor_label": called[choice.floor],
        "is_floor": choice.name in floors,
        "validation_mae": choice.mae,
        "gain": choice.gain,
        "gain_error": choice.error,
    }


def _total(inputs: Inputs, seq: Sequences) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The whole shop by month, with the forecast of each past month as it would have been."""
    names = [f"{month:%Y-%m}" for month in seq.months]
    revenue = inputs.months.set_index("month")["revenue"].astype(float)
    series = revenue.reindex(names, fill_value=0.0).to_numpy()
    target = f"{inputs.target:%Y-%m}"
    actual = float(revenue.get(target, 0.0)) if inputs.actual is not None else None
    told = totals.forecast(series)
    rows = []
    for t, month in enumerate([*names, target]):
        past = totals.forecast(series[:t]) if t >= 2 else None
        around = past.interval(0.8) if past else None
        rows.append(
            {
                "month": month,
                "revenue": float(series[t]) if t < len(series) else actual,
                "forecast": past.value if past else None,
                "low": around[0] if around else None,
                "high": around[1] if around else None,
            }
        )
    frame = pd.DataFrame(rows).astype({name: float for name in ("revenue", "forecast", "low", "high")})
    without = 1 - seq.amount.sum() / series.sum() if series.sum() > 0 else 0.0
    return frame, {**totals.summary(told, series, actual), "without_customer": max(float(without), 0.0)}


def _notes(inputs: Inputs, seq: Sequences, judged: list[tables.Judged], last: flow.Month) -> list[str]:
    notes = []
    if not judged:
        notes.append(
            f"There are only {seq.m} whole months, so no past month could be judged: take the forecast with care."
        )
    if inputs.actual is None and inputs.as_of.date() > inputs.target:
        notes.append(
            f"{inputs.target:%B %Y} has begun in the data but is not over: it is forecast from the months before it."
        )
    return notes


def _warnings(seq: Sequences, customers: int) -> list[str]:
    warnings = []
    if customers < FEW:
        warnings.append(
            f"What is said of single customers rests on only {customers} of them: much of it is chance."
        )
    spent = np.sort(seq.amount[seq.amount > 0])[::-1]
    most = (
        int(np.searchsorted(spent.cumsum(), MOST * spent.sum())) + 1
    )  # months of customers that bring so much
    if len(spent) >= FEW and most <= RARE * len(spent):
        whose = "month of one customer brings" if most == 1 else "months of single customers bring"
        warnings.append(
            f"{most:,} {whose} over {MOST:.0%} of all revenue, the largest {spent[0]:,.0f}. If these amounts are"
            " mistakes, mend the file: every figure hangs on them."
        )
    gap = _longest_gap(seq)
    if gap[0] >= 3:
        warnings.append(
            f"In {gap[0]} months from {gap[1]:%B %Y} on nobody bought anything."
            " If those rows are only missing, import them: the rules take them for real."
        )
    return warnings


def _longest_gap(seq: Sequences) -> tuple[int, Any]:
    empty = ~(seq.orders.sum(axis=0) > 0)
    best, at, run = 0, seq.months[0], 0
    for place, none in enumerate(empty):
        run = run + 1 if none else 0
        if run > best:
            best, at = run, seq.months[place - run + 1]
    return best, at
