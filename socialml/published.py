"""Figures from the literature. Shown only beside measured ones, and as measured on other data."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Published:
    system: str  # which part of this project it belongs beside, such as 'segmentation'
    population: str
    metric: str
    value: float
    unit: str
    source: str
    place: str  # table or section
    note: str


@cache
def figures(system: str) -> tuple[Published, ...]:
    """The published figures of one system, in the order of the file."""
    with Path(__file__).with_name("published.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["system"] == system]
    keep = ("system", "population", "metric", "unit", "source", "place", "note")
    return tuple(Published(value=float(row["value"]), **{name: row[name] for name in keep}) for row in rows)


@dataclass(frozen=True)
class PublishedSegment:
    """One row of Table 1 of Li 2024."""

    name: str
    users: int
    share: float  # 0 to 1
    purchases_per_month: float
    effect: str  # what its strategy brought: '+18.3% purchase amount'


@cache
def segments() -> dict[str, PublishedSegment]:
    """Table 1 by the segment's name."""
    found: dict[str, dict[str, float]] = {}
    for figure in figures("segmentation"):
        if figure.place == "Table 1":
            found.setdefault(figure.population, {})[figure.metric] = figure.value
    table = {}
    for name, values in found.items():
        effect = next(metric for metric in values if metric.endswith(" increase"))
        table[name] = PublishedSegment(
            name,
            int(values["users"]),
            values["share"] / 100,
            values["purchases per month"],
            f"+{values[effect]:g}% {effect.removesuffix(' increase')}",
        )
    return table
