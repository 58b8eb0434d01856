"""What the user is told about rows that were accepted but look wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from socialml.ingest import mended, states
from socialml.ingest.plan import Clock, Plan
from socialml.ingest.read import Raw
from socialml.ingest.values import Fetch

_ONE = {"have": "has", "are": "is", "repeat": "repeats", "name": "names"}


@dataclass(frozen=True)
class Check:
    """condition: over a plan's typed query. example: what to show of a row. sentence: after the count."""

    code: str
    condition: str
    example: str
    sentence: str


def checks(made: Plan, kind: str, now: datetime, zone: str) -> list[Check]:
    """The checks that the columns of this file allow, before any row is read. now: UTC, naive."""
    have = made.casts
    found: list[Check] = []
    here = now.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)

    def add(code: str, condition: str, example: str, sentence: str) -> None:
        found.append(Check(code, condition, f"({example})::VARCHAR", sentence))

    if kind in ("events", "orders"):
        who = (
            "in revenue and in no customer's figures" if kind == "orders" else "in totals and for no customer"
        )
        shown = have["order_id"].value if "order_id" in have else have["ts"].value
        if not made.nobody:
            add("missing_user", "f_user_id IS NULL", shown, f"have no customer and still count {who}.")
        add(
            "future_dates",
            _later(made.clocks[0], now, here),
            have["ts"].value,
            "are dated later than this import.",
        )
    if kind == "orders" and "order_id" in have:
        cancelled = "regexp_matches(f_order_id, '^[Cc][0-9]')"
        add(
            "cancelled",
            cancelled,
            "f_order_id",
            "have an order number that begins with C, as cancellations do.",
        )
    if made.refunded:
        add(
            "refunded",
            made.refunded,
            shown,
            "are refunded in full: kept as refunds, with an amount of 0, so that they count in no revenue.",
        )
    if "after_sale" in have:
        add(
            "refund_unsettled",
            states.unsettled(have["after_sale"].value),
            have["after_sale"].value,
            "have an after-sale status that is no refund in full; they count as sales.",
        )
    if "quantity" in have:
        add(
            "negative_quantity",
            "f_quantity < 0",
            "f_quantity",
            "have a quantity below 0; in orders they are refunds.",
        )
    if "unit_price" in have:
        add("price_not_positive", "f_unit_price <= 0", "f_unit_price", "have a price of 0 or less.")
    if kind == "orders" and "quantity" in have and "amount" in have:
        positive = "f_quantity < 0 AND f_amount > 0"
        add(
            "refund_above_zero",
            positive,
            "f_amount",
            "have a quantity below 0 but an amount above 0, kept as it is.",
        )
    if kind == "impressions":
        add(
            "future_dates",
            _later(made.clocks[0], now, here),
            have["ts"].value,
            "are dated later than this import.",
        )
    if "propensity" in have:
        add(
            "propensity_unlikely",
            "NOT (f_propensity > 0 AND f_propensity <= 1)",
            "f_propensity",
            "have a chance of being shown that is not above 0 and at most 1; policies cannot be judged on them.",
        )
    if "age" in have:
        add("age_unlikely", "f_age NOT BETWEEN 5 AND 110", "f_age", "have an age below 5 or above 110.")
    if "satisfaction" in have:
        add(
            "satisfaction_unlikely",
            "f_satisfaction NOT BETWEEN 1 AND 5",
            "f_satisfaction",
            "have a satisfaction outside 1 to 5.",
        )
    if "registered" in have:
        add(
            "future_dates",
            _later(made.clocks[0], now, here),
            have["registered"].value,
            "registered later than this import.",
        )
    if kind == "creators" and "tier" in have:
        add(
            "unknown_tier",
            "f_tier IS NOT NULL AND d_tier IS NULL",
            "f_tier",
            "have a tier that is not head, mid or tail; their followers tell it.",
        )
    if "later_reads" in have and "reads" in have:
        add(
            "later_above_reads",
            "f_later_reads > f_reads",
            "f_later_reads",
            "have more reads after the phase than in all.",
        )
    for cast in have.values():
        if cast.percents:
            add(
                "read_as_percent",
                cast.percents,
                cast.value,
                f"have a '{cast.header}' without a % sign, read as percent: 65 as 65%.",
            )
        if cast.rounded:
            add(
                "decimals_rounded",
                cast.rounded,
                cast.value,
                f"have more than 4 decimals in '{cast.header}', rounded here.",
            )
        if cast.damaged:
            add(
                "ids_damaged",
                cast.damaged,
                "''" if cast.secret else cast.value,
                f"have a '{cast.header}' like 6.9E+18: a spreadsheet took its last digits.",
            )
    return found


def _later(clock: Clock, now: datetime, here: datetime) -> str:
    """SQL: whether a time is later than the import, on the clock that it is written in."""
    return f"f_{clock.name} > CASE WHEN {clock.zoned} THEN TIMESTAMP '{now}' ELSE TIMESTAMP '{here}' END"


def warnings(fetch: Fetch, made: Plan, found: list[Check], counts: tuple[int, ...]) -> list[dict[str, Any]]:
    """The checks that found something, each with its count and up to three examples, and unknown actions.

    Over the table `noted`, where w_<number of the check> holds what to show of a row.
    """
    told = []
    for i, (check, count) in enumerate(zip(found, counts, strict=True)):
        if count:
            rows = fetch(f"SELECT w_{i} FROM noted WHERE w_{i} IS NOT NULL LIMIT 50")
            examples = list(dict.fromkeys(row[0] for row in rows if row[0]))[:3]
            told.append(warning(check.code, count, check.sentence, examples))
    if unknown := [(word, rows) for word, rows in made.unknown_actions if rows]:
        sentence = "have an action that is not known here, kept as it is."
        examples = [word for word, _ in unknown[:3]]
        told.append(warning("unknown_actions", sum(rows for _, rows in unknown), sentence, examples))
    return told


def warning(code: str, count: int, sentence: str, examples: list[str] | None = None) -> dict[str, Any]:
    rows = "1 row" if count == 1 else f"{count:,} rows"
    return {
        "code": code,
        "count": count,
        "sentence": f"{rows} {_agree(count, sentence)}",
        "examples": examples or [],
    }


def repeats(count: int) -> dict[str, Any]:
    return warning("exact_duplicates", count, "repeat an earlier row of this file, kept as they are.")


def twice(count: int) -> dict[str, Any]:
    return warning(
        "creator_twice", count, "name a creator who comes again further down; the last row counts."
    )


def _agree(count: int, sentence: str) -> str:
    """'have' for many, 'has' for one."""
    if count != 1:
        return sentence
    first, _, rest = sentence.partition(" ")
    return f"{_ONE.get(first, first)} {rest}"


def of_file(raw: Raw, made: Plan) -> list[dict[str, Any]]:
    """Warnings about the file as a whole."""
    told = []
    if raw.source.undecodable:
        told.append(
            {
                "code": "undecodable",
                "count": raw.source.undecodable,
                "examples": [],
                "sentence": (
                    f"{raw.source.undecodable:,} characters could not be read as {raw.source.encoding};"
                    " each is now \ufffd."
                ),
            }
        )
    if raw.other_sheets:
        told.append(
            {
                "code": "other_sheets",
                "count": len(raw.other_sheets),
                "examples": raw.other_sheets[:3],
                "sentence": f"Only the sheet '{raw.sheet}' was read; {len(raw.other_sheets)} more hold rows.",
            }
        )
    if raw.mended:
        told.append(
            {
                "code": "mended",
                "count": raw.rows,
                "examples": list(mended.EXTRA),
                "sentence": "These rows were rejected before; the columns that say why are left out.",
            }
        )
    if made.empty_columns:
        told.append(
            {
                "code": "empty_columns",
                "count": len(made.empty_columns),
                "examples": made.empty_columns[:3],
                "sentence": f"{len(made.empty_columns)} empty columns at the end were left out.",
            }
        )
    if made.decimal_commas:
        headers = made.decimal_commas
        told.append(
            {
                "code": "decimal_comma",
                "count": len(headers),
                "examples": headers[:3],
                "sentence": f"{_listed(headers)} read with a decimal comma: 1.234,50 as 1234.50.",
            }
        )
    if made.in_fen:
        told.append(
            {
                "code": "amounts_in_fen",
                "count": len(made.in_fen),
                "examples": made.in_fen[:3],
                "sentence": f"{_listed(made.in_fen)} read in fen and kept in yuan: 1990 as 19.90.",
            }
        )
    if made.nobody:
        told.append(
            {
                "code": "no_customer_column",
                "count": raw.rows,
                "examples": [],
                "sentence": "No column says who bought: the rows count in revenue and in no customer's figures.",
            }
        )
    if not raw.layout.has_header:
        taken = [
            f"{cast.header} is {name}" for name, cast in made.casts.items() if not re.fullmatch(r"r\d+", name)
        ]
        told.append(
            {
                "code": "no_header",
                "count": 1,
                "examples": list(raw.layout.names[:3]),
                "sentence": (
                    "The first line holds values, no names; the columns are called column_1, column_2 ..."
                    + (f" {', '.join(taken)}." if taken else "")
                ),
            }
        )
    return told


def _listed(headers: list[str]) -> str:
    """'price' is; 'price', 'amount' are."""
    return ", ".join(f"'{header}'" for header in headers) + (" is" if len(headers) == 1 else " are")
