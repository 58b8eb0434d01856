"""python -m socialml sentiment"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from socialml import words
from socialml.cli import command, dataset_option, exported, out_options
from socialml.store import Store


@command()
@dataset_option
@out_options("all comments with scores")
def sentiment(
    store: Store, dataset: str, out: Path | None, form: str | None, seed: int
) -> tuple[dict[str, Any], str]:
    """Read how comments sound, in English and Chinese."""
    from socialml.analyses import sentiment as analysis

    run = exported("sentiment", store, dataset, analysis.Config(seed=seed), out, analysis.export, form)
    found = run.metrics
    scored = found["scored"] or float("nan")
    text = (
        f"{words.plural(found['scored'], 'comment')} of {words.count(found['comments'])} could be read:"
        f" {words.share(found['positive'] / scored)} positive, {words.share(found['neutral'] / scored)} neutral,"
        f" {words.share(found['negative'] / scored)} negative.\nRun {run.run_id}"
    )
    return {"run_id": run.run_id, **found}, text
