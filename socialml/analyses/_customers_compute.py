"""The steps of the customers analysis, from Inputs to the fields of its Result."""

from __future__ import annotations

import warnings
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from socialml import words
from socialml.analyses import _customers_lists as lists
from socialml.analyses import _customers_tasks as tasks
from socialml.analyses._customers_models import FOLD_COLUMNS, Learned, learn
from socialml.artefacts import Table
from socialml.errors import UserError
from socialml.features.cutoffs import KNOWN
from socialml.progress import Progress, Report

if TYPE_CHECKING:
    from socialml.analyses.customers import Config, Inputs

FRAMES = ("scores", "curves", "confusion", "importance", "tree", "pruning", "fairness")
RECORDS_MOST = 1_000_000  # rows


class Part:
    """The report of one task among several: its fraction within the task's own share."""

    def __init__(self, report: Report, number: int, total: int, label: str) -> None:
        self._report, self._number, self._total, self._label = report, number, total, label

    def __call__(self, progress: Progress) -> None:
        done = self._number + progress.fraction
        self._report(Progress(done, self._total, f"{self._label}: {progress.message}"))


def of_shop(inputs: Inputs, config: Config, report: Report) -> dict[str, Any]:
    assert inputs.now is not None
    rows = _frame(inputs.rows)
    now = _frame(inputs.now)
    meaning = tasks.thresholds(rows, inputs.measured, config)
    wanted = tasks.of_shop(rows, inputs.measured, meaning)
    if inputs.churn:
        wanted.append(tasks.of_churn(_frame(inputs.churn), inputs.measured))
    learned: dict[str, Learned] = {}
    skipped: list[dict[str, str]] = []
    for number, task in enumerate(wanted):
        try:
            learned[task.key] = learn(task, config, Part(report, number, len(wanted) + 1, task.label))
        except UserError as error:
            skipped.append({"task": task.key, "label": task.label, "reason": f"{error.message} {error.hint}"})
    if not inputs.churn:
        skipped.append({"task": "churn", "label": tasks.LABELS["churn"], "reason": inputs.churn_missing})
    if not learned:
        raise UserError("nothing_to_learn", skipped[0]["reason"], "Import more orders, or older ones.")
    report(Progress(len(wanted), len(wanted) + 1, "Ranking all customers as they are now"))

    baskets = inputs.baskets.read() if inputs.baskets else pa.table({"user_id": [], "category": []})
    found = lists.rules(baskets)
    now = now.merge(lists.next_category(baskets, found), on="user_id", how="left")
    segments = inputs.segments.read().to_pandas() if inputs.segments else None
    labels = {name: KNOWN[name].label for name in inputs.measured}
    customers = lists.customers(now, learned, labels, segments)
    leaving = customers["leaving"].to_pandas()
    churn = learned.get("churn")
    leavers = wanted[-1] if churn else None
    return {
        "n_users": len(now),
        "columns": [],
        "thresholds": asdict(meaning),
        "tasks": [item.summary for item in learned.values()],
        "skipped": skipped,
        "questions": [],
        "churn": {
            "days": config.churn_days,
            "active": int(leaving.notna().sum()),
            "leaving": int((leaving >= lists.RISK[1]).sum()),
        },
        "feature_labels": {KNOWN[name].label: KNOWN[name].unit for name in inputs.measured},
        "folds": _folds([]),
        "precursors": lists.precursors(leavers, churn)
        if churn and leavers
        else pd.DataFrame(columns=["feature", "leaves", "stays", "difference"]),
        "rules": found.assign(date=str(inputs.as_of.date()) if inputs.as_of else ""),
        "customers": Table(customers),
        "notes": _known_of_late(inputs, meaning),
        **_joined(list(learned.values())),
    }


def _known_of_late(inputs: Inputs, meaning: tasks.Thresholds) -> list[str]:
    """What the data measures now, but not at the months that are learned from."""
    late = [KNOWN[name].label for name in inputs.late]
    if not late:
        return []
    shown = words.listed(late[:4] + ([f"{len(late) - 4} more"] if len(late) > 4 else []))
    notes = [f"Not learned from, as the data knows them for the last weeks only: {shown}."]
    if meaning.offers == "reduced" and {"promotions_30", "promotions_opened"} & set(inputs.late):
        notes.append(
            "So 'potential' means customers who order at a discount: who opened offers is not known."
        )
    return notes


def of_records(inputs: Inputs, config: Config, report: Report) -> dict[str, Any]:
    from socialml.models import leaks

    assert config.target is not None
    frame = inputs.rows.read().to_pandas()
    if len(frame) > RECORDS_MOST:
        raise UserError(
            "too_many_rows", f"{len(frame):,} rows; {RECORDS_MOST:,} are the most.", "Import a part of them."
        )
    report(Progress(0, 10, "Looking for columns that give the answer away"))
    for name in config.drop:
        if name not in frame:
            raise UserError(
                "no_column", f"There is no column '{name}' to leave out.", "Take it from the list."
            )
    task, notes = tasks.of_records(frame, config.target, config.drop, config.seed)
    tasks.check(task)
    training = task.rows("train")
    found = leaks.find(task.x.iloc[training], task.y[training])
    questions = [question for question in found if question["column"] not in config.known]
    ids = [question["column"] for question in found if question.get("kind") == "id"]
    if ids:
        notes.append(f"Left out, because they name the row: {', '.join(ids)}.")
        task = _without(task, ids, task.key, task.label)
    asked = [question["column"] for question in questions if question["column"] not in ids]
    variants = [task]
    if asked and len(asked) < task.x.shape[1]:
        variants.append(_without(task, asked, "target_without", f"{task.label} without {', '.join(asked)}"))
    learned = []
    folds: list[pd.DataFrame] = []
    for number, variant in enumerate(variants):
        learned.append(learn(variant, config, Part(report, number, len(variants), variant.label)))
        if config.folds:
            folds.append(_cross_validated(variant, config, learned[-1].best))
    notes += learned[0].chosen.encoder.notes
    return {
        "n_users": len(frame),
        "columns": [str(name) for name in frame.columns],
        "thresholds": {},
        "tasks": [item.summary for item in learned],
        "skipped": [],
        "questions": [_plain(question) for question in questions],
        "churn": {},
        "feature_labels": {},
        "folds": _folds(folds),
        "precursors": pd.DataFrame(columns=["feature", "leaves", "stays", "difference"]),
        "rules": pd.DataFrame(
            columns=["if_bought", "then", "support", "confidence", "lift", "customers", "date"]
        ),
        "customers": Table(_scored(task, learned[0])),
        "notes": notes,
        **_joined(learned),
    }


def _without(task: tasks.Task, columns: list[str], key: str, label: str) -> tasks.Task:
    x = task.x.drop(columns=[name for name in columns if name in task.x])
    return tasks.Task(key, label, task.classes, task.part, task.y, x, task.about, task.rules)


def _cross_validated(task: tasks.Task, config: Config, name: str) -> pd.DataFrame:
    from socialml.models import crossval

    done = crossval.cross_validate(task.x, task.y, folds=config.folds, names=(name,), seed=config.seed)
    return done.scores.assign(task=task.key)


def _scored(task: tasks.Task, learned: Learned) -> pa.Table:
    """The test rows with their numbers in the table and their probabilities, likeliest first: for export."""
    rows = task.rows("test")
    x = task.x.iloc[rows]
    proba = learned.chosen.proba(x)
    out = x.reset_index(drop=True)
    names = task.classes
    p = proba[:, 1] if len(names) == 2 else proba.max(axis=1)
    columns = {"row": x.index.to_numpy() + 1, "probability": p, "class": [names[k] for k in proba.argmax(axis=1)],
               "actual": [names[k] for k in task.y[rows]]}  # fmt: skip
    for place, (name, values) in enumerate(columns.items()):
        out.insert(place, f"_{name}" if name in out else name, values, allow_duplicates=False)
    out = out.sort_values(out.columns[1], ascending=False, kind="stable")
    return pa.Table.from_pandas(out, preserve_index=False)


def _joined(learned: list[Learned]) -> dict[str, pd.DataFrame]:
    joined = {}
    for name in FRAMES:
        frames = [item.frames[name] for item in learned if name in item.frames and len(item.frames[name])]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of empty columns in some of the frames
            joined[name] = (
                pd.concat(frames, ignore_index=True)
                if frames
                else pd.DataFrame({"task": pd.Series(dtype=object)})
            )
    return joined


def _folds(frames: list[pd.DataFrame]) -> pd.DataFrame:
    return (
        pd.concat(frames, ignore_index=True) if frames else pd.DataFrame({name: [] for name in FOLD_COLUMNS})
    )


def _frame(table: Table) -> pd.DataFrame:
    return table.read().to_pandas()


def _plain(question: dict[str, Any]) -> dict[str, Any]:
    return {name: value.item() if hasattr(value, "item") else value for name, value in question.items()}
