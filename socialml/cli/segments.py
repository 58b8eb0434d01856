"""python -m socialml segments"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from socialml.cli import command, dataset_option, day, save, tell
from socialml.store import Store


@command()
@dataset_option
@click.option("--k", default="5", show_default=True, help="Number of segments, or auto (ratio rule).")
@click.option("--as-of", help="YYYY-MM-DD; the end of the last complete day if not given.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="CSV of customers and segments.")
def segments(
    store: Store, dataset: str, k: str, as_of: str | None, out: Path | None, seed: int
) -> tuple[dict[str, Any], str]:
    """Find and name the segments of a dataset."""
    from socialml.analyses import base
    from socialml.analyses import segments as analysis
    from socialml.export import csv_bytes

    last = day(as_of)
    if out:
        save(out, b"")  # so that a folder that is not there is told before the work, not after it
    config = analysis.Config.from_json(
        {"k": None if k == "auto" else _number(k), "seed": seed, "as_of": last.isoformat() if last else None}
    )
    run = base.run("segments", store, dataset, config, tell)
    if out:
        names = store.segment_names(run.run_id)
        save(out, csv_bytes(analysis.export(base.read_result(run), names)))
    lines = [run.metrics["evidence"]]
    lines += [
        f"{s['name']}: {s['users']:,} customers ({s['share']:.1%}). {s['rule']}"
        for s in run.metrics["segments"]
    ]
    return {"run_id": run.run_id, **run.metrics}, "\n".join([*lines, f"Run {run.run_id}"])


def _number(text: str) -> int | str:
    return int(text) if text.lstrip("-").isdigit() else text
