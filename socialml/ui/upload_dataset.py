"""The dataset that dropped files go into: one that is there, or a new one with its currency and time zone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import takewhile
from typing import Any

import streamlit as st

from socialml.ingest import Inspection
from socialml.store import SAMPLE
from socialml.ui import context, state

_NEW = "A new dataset"
_PAIRS = {"creators": "placements", "placements": "creators"}  # tables that are of use together only
_CURRENCIES = ("CNY", "USD", "EUR", "GBP", "JPY", "HKD", "TWD", "THB", "KRW")
_ZONES = (
    "Asia/Shanghai",
    "UTC",
    "Europe/London",
    "Europe/Paris",
    "America/New_York",
    "America/Los_Angeles",
    "Asia/Bangkok",
    "Asia/Tokyo",
)


def choose(
    place: Any, names: Sequence[str], files: Sequence[Inspection], chosen: context.Context | None
) -> dict[str, Any]:
    """{dataset, currency, timezone}; the dataset is '' until it has a name. names: of the dropped files."""
    known = [dataset.name for dataset in state.store().datasets()]
    options = [_NEW, *known]
    into = place.selectbox(
        "Into",
        options,
        index=options.index(chosen.name) if chosen and _goes_on(chosen, files) else 0,
        key="up-into",
        help="A dataset holds files that belong together. Rows that are there already are not added twice.",
    )
    if into != _NEW:
        return _settled(into)
    first, second, third = st.columns([2, 1, 1])
    name = first.text_input("Name of the new dataset", _name(names), key="up-name", max_chars=80).strip()
    if name in known:
        first.caption("There is a dataset of that name: the rows are added to it.")
        return _settled(name)
    currency = second.selectbox(
        "Currency", _CURRENCIES, key="up-currency", help="Of all amounts in this dataset."
    )
    zone = third.selectbox("Time zone", _ZONES, key="up-zone", help="Of times that do not say their own.")
    return {"dataset": name, "currency": currency, "timezone": zone}


def _settled(name: str) -> dict[str, Any]:
    dataset = state.store().dataset(name)
    return {"dataset": name, "currency": dataset.currency, "timezone": dataset.timezone}


def _goes_on(chosen: context.Context, files: Sequence[Inspection]) -> bool:
    """Whether the dataset on screen holds files like these already, or the other half of what they are of use with."""
    if chosen.name == SAMPLE:
        return False
    imports = state.store().imports(chosen.name)
    shapes, kinds = {info.receipt.get("shape") for info in imports}, {info.kind for info in imports}
    return any(found.shape in shapes or _PAIRS.get(found.kind) in kinds for found in files)


def _name(names: Sequence[str]) -> str:
    """A first guess: what the files' names have in common."""
    stems = [name.replace("\\", "/").rsplit("/", 1)[-1].split(".")[0] for name in names]
    stem = stems[0]
    if len(stems) > 1:
        same = takewhile(lambda signs: len(set(signs)) == 1, zip(*stems, strict=False))
        stem = re.sub(r"[\W\d_]+$", "", "".join(signs[0] for signs in same))
    return re.sub(r"[^\w\- ]+", " ", stem).strip()[:60] or ("My shop" if len(stems) > 1 else "")
