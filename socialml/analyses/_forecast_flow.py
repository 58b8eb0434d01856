"""Rolling origin: each month is forecast from what was before it, the two months before it choose and calibrate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from socialml.analyses._forecast_models import month_at
from socialml.analyses._forecast_rules import KINDS, Choice, Floats, Guess, choose, like
from socialml.errors import UserError
from socialml.features.sequences import Sequences
from socialml.progress import Progress, Report

VALID = 2  # months that choose the champion and calibrate its intervals
LEVELS = (0.8, 0.95)


class Candidate(Protocol):
    name: str
    label: str
    is_floor: bool
    seconds: tuple[float, float]  # about what the first month and each later one take, a thousand customers

    def guess(self, t: int, valid: list[int], report: Report) -> tuple[list[Guess], Guess]:
        """Of the validation months, learned from months before the first of them; and of t, from all before t."""


@dataclass(frozen=True, eq=False)
class Month:
    """One month's forecasts and what decided them."""

    t: int
    known: NDArray[np.bool_]  # (n,) users known before the month: only these are scored
    guesses: dict[str, Guess]  # of each candidate
    choice: dict[str, Choice]  # amount, orders
    weights: dict[str, dict[str, float]]  # of the blend
    low: dict[float, Floats]  # (n,) by level: the champion's interval of the amount
    high: dict[float, Floats]
    skipped: dict[str, str] = field(default_factory=dict)  # candidate -> why it has no forecast

    def champion(self, kind: str) -> Floats:
        return np.maximum(self.guesses[self.choice[kind].name].of(kind), 0.0)


class Part:
    """The report of one step among several, with shares like the times they take."""

    def __init__(self, report: Report, seconds: Sequence[float]) -> None:
        self._report, self._label, self._at = report, "", -1
        self._ends = np.cumsum([0.0, *seconds])

    def begin(self, label: str) -> Report:
        self._at += 1
        self._label = label
        self._step(Progress(0, 1, ""))
        return self._step

    def _step(self, progress: Progress) -> None:
        message = f"{self._label}: {progress.message}" if progress.message else self._label
        begin, end = self._ends[self._at], self._ends[self._at + 1]
        done = begin + progress.fraction * (end - begin)
        self._report(Progress(float(done), float(self._ends[-1]), message, progress.curve))


def roll(
    seq: Sequences,
    amount: Floats,
    orders: Floats,
    targets: Sequence[int],
    candidates: Sequence[Candidate],
    blend: bool,
    parts: Part,
) -> list[Month]:
    """Forecast each target month in order of time. amount, orders: (n, months), what came, of validation months.

    parts: with the steps of `seconds`.
    """
    return [_month(seq, amount, orders, t, candidates, blend, parts) for t in targets]


def seconds(targets: Sequence[int], candidates: Sequence[Candidate]) -> list[float]:
    """About what each step of `roll` takes."""
    return [candidate.seconds[number > 0] for number in range(len(targets)) for candidate in candidates]


def _month(
    seq: Sequences,
    amount: Floats,
    orders: Floats,
    t: int,
    candidates: Sequence[Candidate],
    blend: bool,
    parts: Part,
) -> Month:
    valid = [s for s in range(t - VALID, t) if s >= 1]
    when = f"{month_at(seq, t):%B %Y}"
    checked: list[dict[str, Guess]] = [{} for _ in valid]
    guesses: dict[str, Guess] = {}
    skipped: dict[str, str] = {}
    for candidate in candidates:
        report = parts.begin(f"{when}: {candidate.label}")
        try:
            before, now = candidate.guess(t, valid, report)
        except UserError as error:
            skipped[candidate.name] = error.message
            continue
        for place, guess in enumerate(before):
            checked[place][candidate.name] = guess
        guesses[candidate.name] = now
    rows = [(s, np.flatnonzero(seq.known[:, s - 1])) for s in valid]
    user = np.concatenate([who for _, who in rows]) if rows else np.zeros(0, dtype=np.int64)
    came = {"amount": amount, "orders": orders}
    truth = {kind: _joined([came[kind][who, s] for s, who in rows]) for kind in KINDS}
    told = {
        kind: {
            name: _joined([checked[place][name].of(kind)[who] for place, (_, who) in enumerate(rows)])
            for name in guesses
        }
        for kind in KINDS
    }
    floors = {candidate.name for candidate in candidates if candidate.is_floor}
    weights: dict[str, dict[str, float]] = {}
    if blend and set(guesses) - floors and len(user):
        weights = _blend(told, truth, user, guesses, floors)
    choice = {
        kind: choose(
            {name: np.abs(np.maximum(values, 0) - truth[kind]) for name, values in told[kind].items()},
            floors,
            user,
        )
        for kind in KINDS
    }
    known = seq.known[:, t - 1]
    groups = like(orders[:, :t])
    before_groups = _joined([like(orders[:, :s])[who] for s, who in rows])
    chosen = choice["amount"].name
    low, high = _intervals(
        np.maximum(told["amount"][chosen], 0),
        truth["amount"],
        before_groups,
        np.maximum(guesses[chosen].amount, 0),
        groups,
    )
    return Month(t, known, guesses, choice, weights, low, high, skipped)


def _blend(
    told: dict[str, dict[str, Floats]],
    truth: dict[str, Floats],
    user: NDArray[np.int64],
    guesses: dict[str, Guess],
    floors: set[str],
) -> dict[str, dict[str, float]]:
    """Add 'blend' to what was told of the validation months and to the month's guesses; its weights.

    In the validation months each half of the users is forecast with the weights of the other half, so that the
    blend is chosen on rows that its weights have not seen.
    """
    from socialml.models import blend

    now: dict[str, Floats] = {}
    weights: dict[str, dict[str, float]] = {}
    for kind in KINDS:
        mae = {name: float(np.abs(values - truth[kind]).mean()) for name, values in told[kind].items()}
        best = min(floors & set(mae), key=mae.__getitem__)
        names = sorted((set(mae) - floors) | {best})
        x = np.column_stack([told[kind][name] for name in names])
        half = user % 2 == 0
        crossed = np.empty(len(user))
        for mine in (half, ~half):
            if mine.all() or not mine.any():
                crossed = x.mean(axis=1)
                break
            crossed[mine] = x[mine] @ blend.fit(x[~mine], truth[kind][~mine])
        found = blend.fit(x, truth[kind])
        weights[kind] = {name: float(weight) for name, weight in zip(names, found, strict=True)}
        told[kind]["blend"] = crossed
        now[kind] = np.column_stack([guesses[name].of(kind) for name in names]) @ found
    guesses["blend"] = Guess(now["amount"], now["orders"])
    return weights


def _intervals(
    told: Floats, truth: Floats, groups: NDArray[np.int64], now: Floats, now_groups: NDArray[np.int64]
) -> tuple[dict[float, Floats], dict[float, Floats]]:
    from socialml.models import conformal

    bands = conformal.fit(told, truth, groups)
    low, high = {}, {}
    for level in LEVELS:
        low[level], high[level] = bands.apply(now, now_groups, level)
    return low, high


def _joined(pieces: list[Any]) -> Any:
    return np.concatenate(pieces) if pieces else np.zeros(0)
