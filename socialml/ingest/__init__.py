"""A file -> rows and an import receipt. Nothing is silently dropped or guessed."""

from __future__ import annotations

from socialml.ingest.inspection import Inspection, inspect
from socialml.ingest.options import Options
from socialml.ingest.staging import Staged, stage
from socialml.ingest.task import ingest_file
from socialml.ingest.workbook import sheets

__all__ = ["Inspection", "Options", "Staged", "ingest_file", "inspect", "sheets", "stage"]
