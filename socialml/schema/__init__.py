"""Kinds of tables, their canonical columns with units, the headers that mean them, and how they are stored."""

from socialml.schema.columns import SQL_TYPES, Column, ColumnType, Kind, normalise_header
from socialml.schema.kinds import KINDS
from socialml.schema.people import names_user
from socialml.schema.stored import (
    ACTIONS,
    CREATOR_COLUMNS,
    EVENT_COLUMNS,
    IMPRESSION_COLUMNS,
    PLACEMENT_COLUMNS,
    TIER_WORDS,
    USER_COLUMNS,
)

__all__ = [
    "ACTIONS",
    "CREATOR_COLUMNS",
    "EVENT_COLUMNS",
    "IMPRESSION_COLUMNS",
    "KINDS",
    "PLACEMENT_COLUMNS",
    "SQL_TYPES",
    "TIER_WORDS",
    "USER_COLUMNS",
    "Column",
    "ColumnType",
    "Kind",
    "names_user",
    "normalise_header",
]
