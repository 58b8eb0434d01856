"""Erase a customer."""

from __future__ import annotations

from typing import Any

import click

from socialml.cli import command, dataset_option
from socialml.store import Store


@command()
@dataset_option
@click.option("--user", required=True, help="The customer's id, as it stands in your files.")
def erase(store: Store, dataset: str, user: str, seed: int) -> tuple[dict[str, Any], str]:
    """Erase a customer from a dataset: rows, rejected rows, and the runs' tables that hold them."""
    gone = store.erase_user(dataset, user)
    answer = {
        "dataset": dataset,
        "version": store.version(dataset),
        "rows": gone.rows,
        "rejected_rows": gone.rejects,
        "runs": gone.runs,
    }
    return answer, f"Erased: {gone.told}. A file that holds this customer brings them back."
