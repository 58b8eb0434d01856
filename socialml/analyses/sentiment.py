"""Sentiment: how comments sound, in English and Chinese.

prepare: the texts of the dataset's events. compute: a score from -1 to 1 for each, see models.sentiment. Features and
the Overview read the scored comments of the newest run.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from socialml.analyses import _checks as checks
from socialml.artefacts import Table
from socialml.features import comments
from socialml.progress import Progress, Report
from socialml.store import Store

_BATCH = 20_000  # comments between two reports


@dataclass(frozen=True, kw_only=True)
class Config:
    seed: int = 0  # nothing here is random; it is recorded as of every run

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Config:
        """A Config from untrusted JSON values; UserError bad_config for each mistake."""
        fields = checks.fields(values, cls())
        return cls(seed=checks.seed(fields["seed"]))


@dataclass(frozen=True, eq=False)
class Inputs:
    dataset: str
    comments: Table  # user_id, ts, category, text


@dataclass(frozen=True, eq=False)
class Result:
    dataset: str
    n_comments: int
    n_scored: int  # in a language that is read
    n_texts: int  # different ones
    positive: int
    neutral: int
    negative: int
    mean: float | None  # of the scored
    languages: dict[str, int]  # 'en', 'zh', 'emoji', 'other', '' (no words) -> comments
    comments: Table  # user_id, ts, category, text, language, score, tone (1, 0, -1)

    def metrics(self) -> dict[str, Any]:
        """What the command line prints, apart from run_id."""
        return {
            "comments": self.n_comments,
            "scored": self.n_scored,
            "texts": self.n_texts,
            "positive": self.positive,
            "neutral": self.neutral,
            "negative": self.negative,
            "mean": self.mean,
            "languages": self.languages,
        }


def prepare(store: Store, dataset: str, config: Config) -> Inputs:
    return Inputs(dataset, Table(comments.take(store, dataset)))


def compute(inputs: Inputs, config: Config, report: Report) -> Result:
    from socialml.models import sentiment

    table = inputs.comments.read()
    texts = table["text"].to_pylist()
    different = list(dict.fromkeys(texts))
    parts = []
    for begin in range(0, len(different), _BATCH):
        report(Progress(begin, len(different), f"Reading {len(different):,} different comments"))
        parts.append(sentiment.score(different[begin : begin + _BATCH]))
    place = {text: i for i, text in enumerate(different)}
    rows = np.array([place[text] for text in texts])
    score = np.concatenate([part.score for part in parts])[rows].round(4)
    tone = np.concatenate([part.tone for part in parts])[rows]
    language = np.concatenate([part.language for part in parts])[rows]
    scored = np.isin(language, ("en", "zh", "emoji"))
    names, counts = np.unique(language, return_counts=True)
    for name, column in (("language", language), ("score", score), ("tone", tone)):
        table = table.append_column(name, pa.array(column))
    return Result(
        dataset=inputs.dataset,
        n_comments=len(texts),
        n_scored=int(scored.sum()),
        n_texts=len(different),
        positive=int((tone[scored] > 0).sum()),
        neutral=int((tone[scored] == 0).sum()),
        negative=int((tone[scored] < 0).sum()),
        mean=round(float(score[scored].mean()), 4) if scored.any() else None,
        languages={str(name): int(count) for name, count in zip(names, counts, strict=True)},
        comments=Table(table),
    )


def export(result: Result) -> pa.Table:
    """One row for each comment."""
    return result.comments.read()


def newest(store: Store, dataset: str) -> Path | None:
    """The scored comments of the newest run, where they are those of the dataset as it is now."""
    from socialml.analyses import base

    run = store.newest_run(dataset, "sentiment")
    if run is None or run.dataset_version != store.version(dataset) or not base.readable(run):
        return None
    found: Path | None = base.read_result(run).comments.path
    return found
