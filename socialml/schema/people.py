"""Headers that name a customer."""

from __future__ import annotations

from functools import cache

from socialml.schema.columns import normalise_header
from socialml.schema.shop import USER_ID


def names_user(header: str) -> bool:
    """Whether a column of this name holds customers' ids, in a table of any kind."""
    return normalise_header(header) in _words()


@cache
def _words() -> frozenset[str]:
    return frozenset(normalise_header(word) for word in (USER_ID.name, *USER_ID.aliases))
