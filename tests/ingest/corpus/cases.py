"""What a corpus file is: bytes, the answers a user gives, and the receipt or the refusal it must give."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Case:
    """rows: (accepted, rejected); None where the file is refused with `error`, a code.

    told: {warning code: count}, all of them. cells: {column: values} of the accepted rows, in the file's order.
    lines: of the rejects. says: words in the reason of the guess, or in the refusal.
    """

    name: str
    content: bytes
    options: dict[str, Any] = field(default_factory=dict)
    kind: str = "events"
    rows: tuple[int, int] | None = None
    encoding: str | None = "utf-8"
    delimiter: str | None = ","
    reasons: dict[str, int] = field(default_factory=dict)
    told: dict[str, int] = field(default_factory=dict)
    cells: dict[str, list[Any]] = field(default_factory=dict)
    lines: tuple[int, ...] = ()
    error: str | None = None
    says: str = ""


def table(header: str, *rows: str, end: str = "\n") -> str:
    return end.join([header, *rows]) + end
