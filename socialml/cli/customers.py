"""python -m socialml customers"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from socialml.cli import command, dataset_option, day, exported, out_options
from socialml.store import Store


@command()
@dataset_option
@click.option("--target", help="A column of a records table; without it, the shop's customers.")
@click.option("--drop", multiple=True, metavar="COLUMN", help="Leave a column out: known only afterwards.")
@click.option("--known", multiple=True, metavar="COLUMN", help="A column that was asked about, known before.")
@click.option(
    "--model", "models", multiple=True, help="tree, logistic, svm, boosting, gbdt_lr; all if not given."
)
@click.option("--as-of", help="YYYY-MM-DD; the end of the last complete day if not given.")
@out_options("the ranked list")
def customers(
    store: Store,
    dataset: str,
    target: str | None,
    drop: tuple[str, ...],
    known: tuple[str, ...],
    models: tuple[str, ...],
    as_of: str | None,
    out: Path | None,
    form: str | None,
    seed: int,
) -> tuple[dict[str, Any], str]:
    """Find who will buy, who is worth most, and who is about to leave; or what decides a column."""
    from socialml.analyses import customers as analysis

    last = day(as_of)
    settings: dict[str, Any] = {
        "target": target,
        "drop": list(drop),
        "known": list(known),
        "seed": seed,
        "as_of": last.isoformat() if last else None,
    }
    if models:
        settings["models"] = list(models)
    config = analysis.Config.from_json(settings)
    run = exported("customers", store, dataset, config, out, analysis.export, form)
    lines = []
    for task in run.metrics["tasks"]:
        best = task["floor"]["best"]
        lines.append(
            f"{task['label']}: {task['model_label']}, ROC AUC {task['roc_auc']:.3f}"
            f" ({task['roc_auc_low']:.3f} to {task['roc_auc_high']:.3f}), F1 {task['f1']:.3f};"
            f" the floor '{best}' {task['floor'][best]['roc_auc']:.3f}"
        )
    lines += [
        f"Was '{question['column']}' known before? {question['why']}" for question in run.metrics["questions"]
    ]
    lines += [f"{item['label']}: not told. {item['reason']}" for item in run.metrics["skipped"]]
    return {"run_id": run.run_id, **run.metrics}, "\n".join([*lines, f"Run {run.run_id}"])
