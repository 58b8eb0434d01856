"""python -m socialml segments"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from socialml.cli import command, dataset_option, day, exported, out_options
from socialml.store import Store


@command()
@dataset_option
@click.option("--k", default="5", show_default=True, help="Number of segments, or auto (ratio rule).")
@click.option("--as-of", help="YYYY-MM-DD; the end of the last complete day if not given.")
@out_options("customers and segments")
def segments(
    store: Store, dataset: str, k: str, as_of: str | None, out: Path | None, form: str | None, seed: int
) -> tuple[dict[str, Any], str]:
    """Find and name the segments of a dataset."""
    from socialml.analyses import segments as analysis

    last = day(as_of)
    config = analysis.Config.from_json(
        {"k": None if k == "auto" else _number(k), "seed": seed, "as_of": last.isoformat() if last else None}
    )
    run = exported("segments", store, dataset, config, out, analysis.export, form)
    lines = [run.metrics["evidence"]]
    lines += [
        f"{s['name']}: {s['users']:,} customers ({s['share']:.1%}). {s['rule']}"
        for s in run.metrics["segments"]
    ]
    return {"run_id": run.run_id, **run.metrics}, "\n".join([*lines, f"Run {run.run_id}"])


def _number(text: str) -> int | str:
    return int(text) if text.lstrip("-").isdigit() else text
