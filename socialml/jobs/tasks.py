"""What a job can be: an import or one of the analyses, nothing else."""

from __future__ import annotations

import importlib
from typing import Any

from socialml.analyses import base
from socialml.errors import UserError

IMPORT = "import"


def load(name: str) -> Any:
    """The module of a task, in the shape of an analysis; an import also has `finish`."""
    if name == IMPORT:
        return importlib.import_module("socialml.ingest.task")
    try:
        return base.load(name)
    except UserError as error:
        known = ", ".join((IMPORT, *base.names()))
        raise UserError(
            "unknown_task", f"There is no task called '{name}'.", f"Choose one of: {known}."
        ) from error
