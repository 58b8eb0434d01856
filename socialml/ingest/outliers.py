"""Values far from the others of their column."""

from __future__ import annotations

import math
from typing import Any

from socialml.ingest.plan import Plan
from socialml.ingest.receipt import warning
from socialml.ingest.values import Fetch

_SAME = 0.01  # quartiles nearer than 1% are one price: nothing tells what is far from it
_LOOKED_AT = 200_000  # rows, about, behind the quartiles
_LEAST = 10  # values: fewer have no usual
_SPREAD = (
    "amount",
    "unit_price",
    "discount",
    "quantity",
    "seconds",
    "pages",
    "income",
    "price",
    "followers",
    "reads",
)


def warnings(fetch: Fetch, made: Plan) -> list[dict[str, Any]]:
    """A warning for each column with values far from the others: beyond 3 interquartile ranges (Tukey, 1977,
    'far out'), on a log scale since what shops count and charge is skewed. Over the table `typed`."""
    columns = [name for name in _SPREAD if name in made.casts]
    if not columns:
        return []
    good = "problem IS NULL AND f_{0} > 0"
    # Quartiles of every so many rows, exactly: DuckDB's approximate ones differ from run to run.
    every = 1 + fetch("SELECT count(*) FROM typed")[0][0] // _LOOKED_AT
    quartiles = (
        "CASE WHEN count(*) FILTER ({1}) >= {2} THEN quantile_disc(f_{0}, [0.25, 0.75]) FILTER ({1}) END"
    )
    halves = ", ".join(quartiles.format(name, good.format(name), _LEAST) for name in columns)
    told = []
    for name, halve in zip(
        columns, fetch(f"SELECT {halves} FROM typed WHERE rowid % {every} = 0")[0], strict=True
    ):
        if not halve:
            continue
        lower, upper = (math.log(value) for value in halve)
        if upper - lower < _SAME:
            continue
        reach = 3 * (upper - lower)
        low, high = math.exp(lower - reach), math.exp(min(upper + reach, 700.0))
        far, given, least, most = fetch(
            f"SELECT count(*) FILTER (f_{name} NOT BETWEEN {low!r} AND {high!r}), count(*), min(f_{name}),"
            f" max(f_{name}) FROM typed WHERE {good.format(name)}"
        )[0]
        if far:
            sentence = (
                f"have a '{made.casts[name].header}' far from the others, {far / given:.2%} of those above 0: the"
                f" usual is {_short(low)} to {_short(high)}."
            )
            examples = [_short(float(value)) for value in (most, least) if not low <= float(value) <= high]
            told.append(warning("outliers", far, sentence, examples))
    return told


def _short(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"
