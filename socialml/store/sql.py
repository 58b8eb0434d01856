"""Names and texts inside SQL that cannot be bound as values: the only place where they are quoted."""

from __future__ import annotations

import glob
from pathlib import Path


def identifier(name: str) -> str:
    """A column's name, whatever it holds: x"y -> "x""y"."""
    return '"' + name.replace('"', '""') + '"'


def quoted(text: str) -> str:
    """A text or a path: it's -> 'it''s'."""
    return "'" + text.replace("'", "''") + "'"


def one_file(path: Path) -> str:
    """The one file of that path, for DuckDB's readers: to them a[1].csv means a1.csv, and a*.csv several files."""
    return quoted(glob.escape(str(path)))
