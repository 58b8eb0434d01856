"""The category on which each user spent most, month by month: a short interest and a long one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

YEAR = 12  # months that the long interest looks back on
LEAST = 0.005  # money; sums of what was bought and sent back leave rests of rounding
BLOCK = 4_000_000  # cells of (user and category) x month at a time


def top(place: Ints, code: Ints, t: Ints, amount: Floats, n: int, m: int) -> NDArray[np.int32]:
    """(n, m, 2): the category with the most net spend in each month, and in the year that it ends.

    place, code, t, amount: net spend of a user in a category and month, sorted by place and code. The lowest
    code wins among equals; -1 where nothing was spent.
    """
    codes = np.full((n, m, 2), -1, dtype=np.int32)
    if not len(place):
        return codes
    fresh = np.r_[True, (place[1:] != place[:-1]) | (code[1:] != code[:-1])]
    pair = np.cumsum(fresh) - 1
    owner, category = place[fresh], code[fresh]
    # Where each user's pairs begin, and where the last one's end.
    edges = np.r_[np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]]), len(owner)]
    begin = 0
    while begin < len(edges) - 1:
        end = max(begin + 1, int(np.searchsorted(edges, edges[begin] + BLOCK // m, side="right")) - 1)
        first, last = edges[begin], edges[end]
        mine = slice(*np.searchsorted(pair, [first, last]))
        spent = np.zeros((last - first, m))
        spent[pair[mine] - first, t[mine]] = amount[mine]
        total = np.cumsum(spent, axis=1)
        year = total.copy()
        year[:, YEAR:] -= total[:, :-YEAR]
        for which, values in enumerate((spent, year)):
            codes[owner[edges[begin:end]], :, which] = _top(
                values, edges[begin:end] - first, category[first:last]
            )
        begin = end
    return codes


def _top(spent: Floats, starts: Ints, category: Ints) -> Ints:
    """(users, m) from (pairs, m); starts: where the pairs of each user begin."""
    most = np.maximum.reduceat(spent, starts, axis=0)
    sizes = np.diff(np.r_[starts, len(spent)])
    none = np.iinfo(np.int32).max
    is_top = (spent >= np.repeat(most, sizes, axis=0)) & (spent > LEAST)
    found = np.minimum.reduceat(np.where(is_top, category[:, None], none), starts, axis=0)
    return np.where(found == none, -1, found)
