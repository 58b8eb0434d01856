"""Files without a header: which column is what, by the values."""

from __future__ import annotations

import re

from socialml.ingest.forms import form_of
from socialml.schema import ACTIONS

_KNOWN = 0.8  # of the first values of the column of actions are known words
_EPOCHS = (631_152_000, 4_102_444_800)  # 1990 to 2100
_FIELDS = ("user_id", "item_id", "category")  # public click logs have them in this order


def events(names: tuple[str, ...], sample: list[list[str]]) -> tuple[dict[str, str], str] | None:
    """The mapping of a behaviour log and why it is taken for one; None where it is none.

    names: column_1, ... sample: the first rows. Words for actions and times show themselves; the other columns
    are taken in the order that public click logs have, which is for the user to check.
    """
    columns = [[cell for row in sample if (cell := row[i].strip())] for i in range(len(names))]
    actions = next((i for i, cells in enumerate(columns) if _are_actions(cells)), None)
    times = next((i for i, cells in enumerate(columns) if cells and all(map(_is_time, cells))), None)
    if actions is None or times is None:
        return None
    others = [names[i] for i in range(len(names)) if i not in (actions, times) and columns[i]]
    if not others:
        return None
    mapping = dict(zip(_FIELDS, others, strict=False))
    told = {"user_id": "the customer", "item_id": "the product", "category": "its category"}
    taken = ", ".join(f"{header} is taken for {told[field]}" for field, header in mapping.items())
    words = ", ".join(dict.fromkeys(columns[actions]))[:40]
    reason = (
        f"It has no header. {names[actions]} holds words for actions ({words}) and {names[times]} times"
        f" ({columns[times][0]}); {taken}, as public click logs order them."
    )
    return {**mapping, "action": names[actions], "ts": names[times]}, reason


def is_unnamed(names: tuple[str, ...]) -> bool:
    return all(name == f"column_{i}" for i, name in enumerate(names, 1))


def _are_actions(cells: list[str]) -> bool:
    return bool(cells) and sum(cell.lower() in ACTIONS for cell in cells) >= _KNOWN * len(cells)


def _is_time(cell: str) -> bool:
    form = form_of(re.sub("[0-9]", "0", cell))
    if form is None or form.kind == "compact":
        return form is not None and cell[:2] in ("19", "20")
    if form.kind != "epoch":
        return True
    return _EPOCHS[0] <= float(cell) * int(form.clock) / 1e6 < _EPOCHS[1]
