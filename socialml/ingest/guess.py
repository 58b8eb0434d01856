"""Which kind of table a file is, and which header holds which field."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from socialml.errors import UserError
from socialml.ingest import unnamed
from socialml.schema import ACTIONS, KINDS, Column, Kind, normalise_header


@dataclass(frozen=True)
class Guess:
    """kind with the reason in a sentence; mapping {field: header}."""

    kind: str
    reason: str
    mapping: dict[str, str]


# Headers that only these kinds have say which it is, though it may lack another that is needed.
_CAMPAIGN = {
    "placements": ("campaign_id", "creator_id", "phase"),
    "creators": ("creator_id", "channel", "price"),
}


def guess(names: tuple[str, ...], sample: list[list[str]], kind: str | None = None) -> Guess:
    """From headers first, from the values of an action column where events and orders both fit.

    sample: the first rows' cells, in the order of the names.
    """
    log = unnamed.events(names, sample) if kind in (None, "events") and unnamed.is_unnamed(names) else None
    if log:
        return Guess("events", log[1], log[0])
    if kind is not None:
        known = _kind(kind)
        return Guess(kind, "You said so.", guess_mapping(known, names))
    found = {name: guess_mapping(known, names) for name, known in KINDS.items() if known.columns}
    shown = set(found["impressions"])
    if "propensity" in shown and not KINDS["impressions"].missing(shown):
        return Guess(
            "impressions",
            _says(found["impressions"], ("user_id", "ts", "category", "propensity")),
            found["impressions"],
        )
    for name, telling in _CAMPAIGN.items():
        alone = "user_id" not in found["events"]
        if set(telling) <= set(found[name]) and (alone or not KINDS[name].missing(set(found[name]))):
            return Guess(name, _says(found[name], telling), found[name])
    complete = {name for name, mapping in found.items() if not KINDS[name].missing(set(mapping))}
    if "events" in complete:
        header = found["events"]["action"]
        place = names.index(header)
        values = [row[place].strip().lower() for row in sample if place < len(row) and row[place].strip()]
        known_words = any(value in ACTIONS for value in values)
        if "orders" not in complete or known_words:
            return Guess("events", _says(found["events"], ("user_id", "ts", "action")), found["events"])
    bought = found["orders"]
    if "orders" in complete and "user_id" not in bought:
        # Any table has a date and an amount; without customers only a line's order and product tell.
        if "order_id" in bought and {"item_id", "status", "paid_at"} & set(bought):
            reason = _says(bought, ("ts", "order_id", "item_id", "amount", "quantity", "status"))
            return Guess("orders", f"{reason} No column says who bought.", bought)
        complete.discard("orders")
    if "orders" in complete:
        return Guess(
            "orders",
            _says(found["orders"], ("user_id", "ts", "amount", "quantity", "unit_price")),
            found["orders"],
        )
    about = set(found["users"]) - {"user_id"}
    if "users" in complete and "ts" not in found["events"] and about:
        return Guess("users", _says(found["users"], ("user_id", *sorted(about))), found["users"])
    gaps = {name: KINDS[name].missing(set(found[name])) for name in ("events", "orders")}
    if "user_id" not in bought:
        gaps["orders"].insert(0, "user_id")
    nearest = max(gaps, key=lambda name: -len(gaps[name]))
    missing = " or ".join(f"'{KINDS[nearest].column(field).label}'" for field in gaps[nearest])
    return Guess(
        "records", f"It is no table of events, orders or customers: no column for {missing} was found.", {}
    )


def guess_mapping(kind: Kind, names: tuple[str, ...] | list[str]) -> dict[str, str]:
    """{field: header}, one to one: required fields first; the field's own name, then its aliases in their order."""
    plain = {name: normalise_header(name) or name for name in names}
    bare = {name: normalise_header(re.sub(r"[(（\[【].*?[)）\]】]", "", name)) for name in names}
    scored = [
        (not column.required, rank, field, header)
        for field, column in enumerate(kind.columns)
        for header in range(len(names))
        if (rank := _rank(column, plain[names[header]], bare[names[header]])) is not None
    ]
    mapping: dict[str, str] = {}
    taken: set[int] = set()
    for _, _, field, header in sorted(scored):
        name = kind.columns[field].name
        if name not in mapping and header not in taken:
            mapping[name] = names[header]
            taken.add(header)
    return {name: mapping[name] for name in kind.names if name in mapping}


def check_mapping(kind_name: str, mapping: dict[str, str], names: tuple[str, ...]) -> dict[str, str]:
    """The mapping if every field and header exists and none is used twice; UserError otherwise."""
    kind = _kind(kind_name)
    if not kind.columns:
        return {}
    headers = f"The file's columns are: {', '.join(names[:40])}{' ...' if len(names) > 40 else ''}."
    for field, header in mapping.items():
        if field not in kind.names:
            raise UserError(
                "unknown_field", f"{kind.label} have no field '{field}'.", f"Fields: {', '.join(kind.names)}."
            )
        if header not in names:
            raise UserError("unknown_header", f"The file has no column '{header}'.", headers)
    if twice := {header for header in mapping.values() if list(mapping.values()).count(header) > 1}:
        raise UserError(
            "header_used_twice",
            f"The column '{min(twice)}' stands for more than one field.",
            "Give each field its own.",
        )
    if missing := kind.missing(set(mapping)):
        alternatives = [" and ".join(set_) for set_ in kind.one_of]
        labels = ", ".join(f"{field} ({kind.column(field).label})" for field in missing)
        either = (
            f" (or {', or '.join(alternatives[1:])})" if alternatives and alternatives[0] in missing else ""
        )
        raise UserError(
            "missing_columns",
            f"{kind.label} need {labels}{either}; no column of the file is taken for it.",
            f"{headers} Say which one it is, for example {missing[0]}={names[0]}, or import the file as"
            " records.",
        )
    return {name: mapping[name] for name in kind.names if name in mapping}


def _kind(name: str) -> Kind:
    if name not in KINDS:
        raise UserError(
            "bad_kind", f"There is no kind of table called '{name}'.", f"Kinds: {', '.join(KINDS)}."
        )
    return KINDS[name]


def _rank(column: Column, plain: str, bare: str) -> int | None:
    """0 for the field's name, then the place among its aliases; those of a header with (...) come after."""
    words = _words(column)
    if plain in words:
        return words.index(plain)
    return 100 + words.index(bare) if bare in words else None


@cache
def _words(column: Column) -> list[str]:
    return [normalise_header(word) for word in (column.name, *column.aliases)]


def _says(mapping: dict[str, str], fields: tuple[str, ...]) -> str:
    pairs = [f"{field} ('{mapping[field]}')" for field in fields if field in mapping]
    return f"It has {', '.join(pairs[:-1])} and {pairs[-1]}." if len(pairs) > 1 else f"It has {pairs[0]}."
