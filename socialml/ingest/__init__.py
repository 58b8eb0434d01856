"""A file -> rows and an import receipt. Nothing is silently dropped or guessed."""

from __future__ import annotations

from socialml.ingest.inspection import Inspection, inspect
from socialml.ingest.options import Options
from socialml.ingest.staging import Staged, stage

__all__ = ["Inspection", "Options", "Staged", "inspect", "stage"]
