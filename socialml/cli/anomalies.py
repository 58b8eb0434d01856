"""python -m socialml anomalies"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from socialml.cli import command, dataset_option, day, exported, out_options
from socialml.errors import UserError
from socialml.store import Store


@command()
@dataset_option
@click.option("--label", help="A column of a table of points that says which are wrong; it only judges.")
@click.option(
    "--labels", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="CSV of all that is wrong: order_id, and amount where an order has several lines; of points their times, and"
    " the series where there are several. It only judges, and is remembered.",
)  # fmt: skip
@click.option("--no-labels", is_flag=True, help="Forget the list that was given before.")
@click.option("--value", help="The column that is measured, in a table of points with several.")
@click.option("--series", help="The column that names the series, in a table of points.")
@click.option("--share", type=float, help="Share of all rows that is flagged; 0.01 if not given.")
@click.option("--threshold", type=float, help="The least score that is flagged, in place of the share.")
@click.option("--epochs", type=int, help="How long the LSTM learns, at most; 0: only the running level.")
@click.option("--as-of", help="YYYY-MM-DD; the end of the last complete day if not given.")
@out_options("all rows with scores")
def anomalies(
    store: Store,
    dataset: str,
    label: str | None,
    labels: Path | None,
    no_labels: bool,
    value: str | None,
    series: str | None,
    share: float | None,
    threshold: float | None,
    epochs: int | None,
    as_of: str | None,
    out: Path | None,
    form: str | None,
    seed: int,
) -> tuple[dict[str, Any], str]:
    """Find purchases, customers' months, or points of a metric that are not as they should be."""
    from socialml.analyses import anomalies as analysis
    from socialml.analyses import base

    last = day(as_of)
    settings: dict[str, Any] = {
        "label": label, "value": value, "series": series, "seed": seed, "threshold": threshold, "epochs": epochs,
        "as_of": last.isoformat() if last else None,
    }  # fmt: skip
    if share is not None:
        settings["share"] = share
    config = analysis.Config.from_json(settings)
    more: dict[str, Any] = {}
    if no_labels:
        store.set_labels(dataset, None)
    if labels:
        if label:
            raise UserError(
                "two_labels",
                f"Both the column '{label}' and the list {labels.name} are to say what is wrong.",
                "Give --label or --labels, not both.",
            )
        found = analysis.match_labels(store, dataset, labels, config)
        store.set_labels(dataset, found.keys)
        more = {
            "labels": len(found.keys),
            "labels_not_found": found.missed,
            "labels_in_each_of": found.shared_by,
        }
    run = exported("anomalies", store, dataset, config, out, analysis.export, form)
    result = base.read_result(run)
    return {"run_id": run.run_id, **run.metrics, **more}, _text(result, run.run_id, more)


def _text(result: Any, run_id: str, more: dict[str, Any]) -> str:
    from socialml.analyses import anomalies as analysis

    of = "purchases" if result.kind == "shop" else "points"
    lines = [
        f"{result.flagged:,} of {result.n_rows:,} {of} are flagged (score {result.threshold:.2f} and above)."
    ]
    if more.get("labels_not_found"):
        lines.append(f"Rows of the list that name no {of[:-1]}: {more['labels_not_found']:,}.")
    if more.get("labels_in_each_of"):
        lines.append(
            f"The list names no series, so a time counts in each of the {more['labels_in_each_of']}."
        )
    rates, metrics = result.rates, result.metrics()
    if rates["recall"] is not None:
        lines.append(
            f"Of what is really wrong {rates['recall']:.1%} are found, {rates['precision']:.1%} of the flagged are"
            f" wrong; false-positive rate {rates['false_positive_rate']:.2%}, accuracy {rates['accuracy']:.2%},"
            f" ROC AUC {metrics['roc_auc']:.4f} ({metrics['roc_auc_low']:.4f} to {metrics['roc_auc_high']:.4f})."
        )
    for row in analysis.top(result, 5).itertuples(index=False):
        who = row.user_id if result.kind == "shop" else row.series
        lines.append(f"{row.ts:%Y-%m-%d %H:%M}  {who}: {row.reason}")
    return "\n".join([*lines, *result.notes, f"Run {run_id}"])
