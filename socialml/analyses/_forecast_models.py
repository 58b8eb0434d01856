"""The candidates: each forecasts a month, and the two before it as if they were to come."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from socialml.analyses._forecast_rules import Floats, Guess, like
from socialml.errors import UserError
from socialml.features.sequences import Sequences
from socialml.progress import Progress, Report

if TYPE_CHECKING:
    from socialml.analyses.forecast import Config


@dataclass
class Rule:
    """A simple rule: the same for the amount and the number of orders."""

    seq: Sequences
    name: str
    label: str
    predict: Any
    is_floor: bool = True
    seconds: tuple[float, float] = (0.01, 0.01)

    def guess(self, t: int, valid: list[int], report: Report) -> tuple[list[Guess], Guess]:
        return [self._of(s) for s in valid], self._of(t)

    def _of(self, t: int) -> Guess:
        seq = self.seq
        groups = like(seq.orders[:, :t])

        def told(values: np.ndarray) -> np.ndarray:
            return self.predict(values[:, :t], seq.known[:, :t], groups)

        return Guess(told(seq.amount), told(seq.orders))


def rules(seq: Sequences) -> list[Rule]:
    from socialml.models.forecast_floors import FLOORS

    return [Rule(seq, name, floor.label, floor.predict) for name, floor in FLOORS.items()]


CURVE_COLUMNS = ["training", "month", "epoch", "train", "valid"]
LEAST = 3  # target months that a learned candidate needs before the validation months
TRIED_LOSSES = (
    "gated",
    "absolute",
    "huber",
)  # of auto; squared and Poisson were far behind on skewed spending
TRIED_USERS, TRIED_EPOCHS = 2_000, 4  # enough to tell losses apart
SURER = 0.02  # of the error, by which another must be better than what is tried first: a short trial is noisy
WARM_EPOCHS = 5  # where the weights of the month before are gone on from
WARM_RATE = 0.3  # of the first learning rate


def _targets(valid: list[int], label: str) -> list[int]:
    """The months to learn from before the validation months; UserError when they are too few."""
    targets = list(range(1, valid[0])) if valid else []
    if len(targets) < LEAST:
        raise UserError(
            "few_months",
            f"{label} needs {LEAST + 3} months before the one that is forecast;"
            f" here are {valid[-1] + 1 if valid else 1}.",
            "Import older orders.",
        )
    return targets


@dataclass
class Value:
    """How often (BG/NBD) and how much (Gamma-Gamma), fitted on all that was before each month."""

    seq: Sequences
    name: str = "value"
    label: str = "Purchase and spend model"  # BG/NBD and Gamma-Gamma
    is_floor: bool = False
    seconds: tuple[float, float] = (0.3, 0.3)

    def guess(self, t: int, valid: list[int], report: Report) -> tuple[list[Guess], Guess]:
        told = []
        for number, s in enumerate([*valid, t]):
            report(Progress(number, len(valid) + 1, ""))
            orders, amount = self.over(s, 1.0)
            told.append(Guess(amount, orders))
        return told[:-1], told[-1]

    def year(self) -> dict[str, Floats]:
        """(n,) value and orders of the twelve months after the last; empty where it cannot be fitted."""
        try:
            orders, value = self.over(self.seq.m, 12.0)
        except UserError:
            return {}
        return {"value_12": value, "orders_12": orders}

    def over(self, t: int, months: float) -> tuple[Floats, Floats]:
        """(n,), (n,) orders and amount of so many months from month t on, by what was before it. UserError."""
        from socialml.models import customer_value

        part = self.seq.until(t)
        history = customer_value.from_months(part.orders, part.amount, part.known, part.first_order)
        return customer_value.learn(history).forecast(history, months)


@dataclass
class Boosted:
    """Boosted trees, fitted anew for each month."""

    seq: Sequences
    seed: int
    before_first: str
    name: str = "boosted"
    label: str = "Boosted trees"
    is_floor: bool = False
    seconds: tuple[float, float] = (3.0, 3.0)

    def guess(self, t: int, valid: list[int], report: Report) -> tuple[list[Guess], Guess]:
        from socialml.models.boosted_forecast import Boosted as Trees

        targets = _targets(valid, self.label)
        trees = Trees(self.before_first).fit(self.seq, targets, self.seed)
        before = [_guess(trees.predict(self.seq, s)) for s in valid]
        report(Progress(1, 2, "once more with the newest months"))
        again = Trees(self.before_first).fit(self.seq, list(range(1, t)), self.seed)
        return before, _guess(again.predict(self.seq, t))


@dataclass
class Network:
    """The LSTM; each month goes on from the weights that the month before had learned before its own choice."""

    seq: Sequences
    config: Config
    name: str = "lstm"
    label: str = "LSTM network"
    is_floor: bool = False
    seconds: tuple[float, float] = (18.0, 5.0)  # at first it looks for the loss
    found: dict[str, Any] = field(default_factory=dict)  # loss, before_first; errors of those that were tried
    _kept: Any = None  # trained without the validation months, which the next month's training may see
    _final: Any = None
    _curves: list[pd.DataFrame] = field(default_factory=list)

    def guess(self, t: int, valid: list[int], report: Report) -> tuple[list[Guess], Guess]:
        from socialml.models import sequence_net

        targets = _targets(valid, self.label)
        if not self.found:
            self._find(targets, valid, report)
        config = self.config
        own = sequence_net.Settings(
            window_months=config.window_months, epochs=config.epochs_most, patience=config.patience,
            batch=config.batch, dropout=config.dropout, loss=self.found["loss"],
            before_first=self.found["before_first"], seed=config.seed,
        )  # fmt: skip
        if self._kept is not None:
            own = replace(own, epochs=min(WARM_EPOCHS, own.epochs), rate=own.rate * WARM_RATE)
        learned = sequence_net.train(
            self.seq, targets, valid, own, _within(report, 0.3, 0.8), start=self._kept
        )
        before = [_guess(learned.predict(self.seq, s)) for s in valid]
        more = replace(own, rate=sequence_net.Settings().rate).refit()
        more = replace(more, epochs=min(more.epochs, config.epochs_most))
        refit = sequence_net.train(
            self.seq,
            list(range(1, t)),
            [],
            more,
            _within(report, 0.8, 1, "once more with the newest months"),
            start=learned,
        )
        self._kept, self._final = learned, refit
        self._note(t, learned.curve, "chosen on the two months before")
        self._note(t, refit.curve, "with those two months as well")
        return before, _guess(refit.predict(self.seq, t))

    def _find(self, targets: list[int], valid: list[int], report: Report) -> None:
        """The loss, and what months before a first purchase count as, on a part of the users."""
        from socialml.models import sequence_net

        config = self.config
        tried: dict[str, float] = {}
        rng = np.random.default_rng(config.seed)
        part = _some(self.seq, np.sort(rng.permutation(self.seq.n)[:TRIED_USERS]))
        losses = TRIED_LOSSES if config.loss == "auto" else (config.loss,)
        befores = ("masked", "zeros") if config.before_first == "auto" else (config.before_first,)
        best = (losses[0], befores[0])
        if len(losses) > 1 or len(befores) > 1:
            pairs = [(loss, befores[0]) for loss in losses]
            while pairs:
                loss, before = pairs.pop(0)
                settings = sequence_net.Settings(
                    window_months=config.window_months, epochs=min(TRIED_EPOCHS, config.epochs_most),
                    batch=config.batch, dropout=config.dropout, loss=loss, before_first=before, seed=config.seed,
                )  # fmt: skip
                at = 0.3 * len(tried) / (len(losses) + len(befores))
                said = _within(report, at, at, f"trying the loss '{loss}'")
                curve = sequence_net.train(part, targets, valid, settings, said).curve
                tried[f"{loss}, {before}"] = float(curve["valid"].min())
                best = min(
                    (tried[f"{a}, {b}"] * (1 - SURER * ((a, b) == best)), a, b)
                    for a in losses
                    for b in befores
                    if f"{a}, {b}" in tried
                )[1:]
                if not pairs and before == befores[0] and len(befores) > 1:
                    pairs = [(best[0], befores[1])]
        self.found = {"loss": best[0], "before_first": best[1], "tried": tried}

    def _note(self, t: int, curve: pd.DataFrame, what: str) -> None:
        month = f"{month_at(self.seq, t):%B %Y}, {what}"
        self._curves.append(curve.assign(training=len(self._curves), month=month)[CURVE_COLUMNS])

    def curves(self) -> pd.DataFrame:
        return (
            pd.concat(self._curves, ignore_index=True)
            if self._curves
            else pd.DataFrame(columns=CURVE_COLUMNS)
        )

    def stored(self) -> tuple[np.ndarray, list[dict[str, Any]]]:
        """The weights in one row, and how it is cut."""
        if self._final is None:
            return np.zeros(0, dtype=np.float32), []
        arrays = self._final.arrays()
        shapes = [{"name": name, "shape": list(value.shape)} for name, value in arrays.items()]
        return np.concatenate([np.ravel(value) for value in arrays.values()]).astype(np.float32), shapes


def _some(seq: Sequences, rows: np.ndarray) -> Sequences:
    """The histories of some users only."""
    own = {f.name: getattr(seq, f.name) for f in fields(seq)}
    cut = {name: value[rows] for name, value in own.items() if isinstance(value, np.ndarray)}
    return replace(seq, **cut, static={name: values[rows] for name, values in seq.static.items()})


def _within(report: Report, begin: float, end: float, told: str = "") -> Report:
    """The report of a part of one candidate's work; told: what is said in place of its message."""

    def say(progress: Progress) -> None:
        done = begin + (end - begin) * progress.fraction
        report(Progress(done, 1, told or progress.message, progress.curve))

    return say


def _guess(prediction: Any) -> Guess:
    return Guess(np.nan_to_num(prediction.amount), np.nan_to_num(prediction.orders))


def month_at(seq: Sequences, t: int) -> date:
    """The first day of month t, which may be the one after the last."""
    return seq.months[t] if t < seq.m else (seq.months[-1] + timedelta(days=31)).replace(day=1)


def candidates(seq: Sequences, config: Config) -> list[Any]:
    before = "masked" if config.before_first == "auto" else config.before_first
    learned = {
        "boosted": lambda: Boosted(seq, config.seed, before),
        "lstm": lambda: Network(seq, config),
        "value": lambda: Value(seq),
    }
    return [*rules(seq), *(make() for name, make in learned.items() if name in config.models)]
