"""What a column and a kind of table are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

ColumnType = Literal["id", "text", "time", "money", "number", "integer", "share", "flag"]

# How a canonical type is stored. Ids are text: 19 digits do not survive a float.
SQL_TYPES: dict[ColumnType, str] = {
    "id": "VARCHAR",
    "text": "VARCHAR",
    "time": "TIMESTAMP",
    "money": "DECIMAL(18,4)",
    "number": "DOUBLE",
    "integer": "BIGINT",
    "share": "DOUBLE",  # 0 to 1, also where the file writes percent
    "flag": "BOOLEAN",
}


@dataclass(frozen=True, kw_only=True)
class Column:
    name: str
    type: ColumnType
    label: str  # what a marketer calls it
    help: str = ""
    required: bool = False
    aliases: tuple[str, ...] = ()
    usual: float = 1.0  # of shares: where most of a column is above it, the file writes percent


@dataclass(frozen=True, kw_only=True)
class Kind:
    name: str
    label: str
    noun: str  # what one row is
    help: str
    columns: tuple[Column, ...]
    # Sets of columns of which one whole set must be mapped.
    one_of: tuple[tuple[str, ...], ...] = ()

    def column(self, name: str) -> Column:
        return next(c for c in self.columns if c.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.columns)

    @property
    def of_customers(self) -> bool:
        """Whether its rows say whose they are."""
        return "user_id" in self.names

    def missing(self, mapped: set[str]) -> list[str]:
        """The columns that are required and not mapped; of alternatives, the first set."""
        gaps = [c.name for c in self.columns if c.required and c.name not in mapped]
        if self.one_of and not any(set(names) <= mapped for names in self.one_of):
            gaps += list(self.one_of[0])
        return gaps


def also(headers: str) -> tuple[str, ...]:
    """Headers that mean a column, from words parted by spaces."""
    return tuple(headers.split())


def normalise_header(header: str) -> str:
    """A header without case, spaces and punctuation, for comparison: 'User ID' -> 'userid'."""
    return re.sub(r"[\W_]+", "", header.strip().lower())
