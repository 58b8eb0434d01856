"""What the user may settle about a file before it is imported."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

# What names of files that can be imported end with.
SUFFIXES = (".csv", ".tsv", ".txt", ".gz", ".parquet", ".xlsx", ".xlsm", ".xls", ".ods")


@dataclass(frozen=True, kw_only=True)
class Options:
    """None means: find out. mapping is {field: header}; fields left out are not imported."""

    kind: str | None = None
    mapping: dict[str, str] | None = None
    date_order: str | None = None  # 'ymd', 'mdy' or 'dmy', for dates whose day and month look alike
    decimal: str | None = None  # 'point' or 'comma', for numbers such as 1.234 that may be either
    money_unit: str | None = None  # 'yuan' or 'fen', for amounts that are all whole and large
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None  # of a workbook; None: the first that holds rows
    timezone: str = "Asia/Shanghai"  # of times that do not say their own
    keep: tuple[str, ...] | None = ()  # headers: stored though they look private; None: all are
    id_key: Path | None = None  # the key file that customers' ids are hashed with; None: stored as they are
