"""Kinds of tables, their canonical columns with units, the headers that mean them, and how they are stored."""

from socialml.schema.columns import SQL_TYPES, Column, ColumnType, Kind, normalise_header
from socialml.schema.kinds import KINDS
from socialml.schema.stored import ACTIONS, EVENT_COLUMNS, IMPRESSION_COLUMNS, USER_COLUMNS

__all__ = [
    "ACTIONS",
    "EVENT_COLUMNS",
    "IMPRESSION_COLUMNS",
    "KINDS",
    "SQL_TYPES",
    "USER_COLUMNS",
    "Column",
    "ColumnType",
    "Kind",
    "normalise_header",
]
