"""Names and texts inside SQL that cannot be bound as values: the only place where they are quoted."""

from __future__ import annotations


def identifier(name: str) -> str:
    """A column's name, whatever it holds: x"y -> "x""y"."""
    return '"' + name.replace('"', '""') + '"'


def quoted(text: str) -> str:
    """A text or a path: it's -> 'it''s'."""
    return "'" + text.replace("'", "''") + "'"
