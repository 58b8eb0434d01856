"""Shops whose every name is written to be run: as SQL, HTML, Markdown, LaTeX, a formula or a template."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from socialml.analyses import anomalies, base, customers, forecast, segments
from socialml.ingest.task import ingest_file
from socialml.store import ROOT, Store
from tests import campaign_results, live_policies

EVIL = (
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "$E=mc^2$",
    ":red[x]",
    '"; drop table x; --',
    '=HYPERLINK("http://evil.example")',
    "`tick` **bold** ~~gone~~",
    "two\n# lines\n- of it",
    "🎉 :material/home: www.evil.example",
    "rtl \u202egnp.exe",
    "<a href='http://evil.example'>a</a><br>%{x}</extra>",
    "it's %s {0} \\ me@evil.example",
)
SHOP, TABLE, POINTS = (f"{name} {' '.join((EVIL[0], *EVIL[2:5]))}" for name in ("shop", "table", "points"))
TARGET = f"{EVIL[0]} bought"  # a column of the table
_USERS = 60


def evil(text: str) -> str:
    """The same evil for the same text."""
    return f"{EVIL[sum(text.encode()) % len(EVIL)]} {text}"


def build(folder: Path) -> Path:
    """A store with a shop, a table of cases and a table of points, all hostile, and a run of each analysis."""
    files = folder / "files"
    files.mkdir(parents=True)
    path = folder / "shop.duckdb"
    with Store(path) as store:
        for kind, columns in {
            "users": ("user_id", "region", "device", "platform"),
            "orders": ("user_id", "order_id", "category", "item_id", "platform", "device"),
            "events": ("user_id", "category", "item_id", "platform", "device"),
            "impressions": ("user_id", "category", "platform"),
            "creators": ("creator_id", "channel", "category", "content_type"),
            "placements": ("creator_id", "campaign_id"),
        }.items():
            file, mapping = _hostile(files, kind, columns)
            ingest_file(store, file, SHOP, kind=kind, mapping=mapping, currency="USD")
        ingest_file(store, cases(files), TABLE, kind="records", currency="USD")
        ingest_file(store, _series(files), POINTS, kind="records", currency="USD")
        run = base.run("segments", store, SHOP, segments.Config())
        for number in range(5):
            store.rename_segment(run.run_id, number, f"{EVIL[number]} {number}"[:60])
        base.run("customers", store, TABLE, customers.Config(target=TARGET, models=("tree",), folds=0))
        base.run("forecast", store, SHOP, forecast.Config(models=(), backtest_months=1))
        base.run("anomalies", store, SHOP, anomalies.Config(epochs=0))
        points = anomalies.Config(epochs=0, series=f"{EVIL[1]} series", value=f"{EVIL[4]} value")
        base.run("anomalies", store, POINTS, points)
        live_policies.record(store, live_policies.result(dataset=SHOP, currency="USD"))
        campaign_results.record(store, campaign_results.result(dataset=SHOP, currency="USD"))
    return folder


def _hostile(folder: Path, kind: str, columns: Iterable[str]) -> tuple[Path, dict[str, str]]:
    """A file of the sample with its names made hostile; which column holds what."""
    with (ROOT / "sample_data" / f"{kind}.csv").open(encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source))
    if "user_id" in rows[0]:
        kept = {f"U{number:07d}" for number in range(1, _USERS + 1)}
        rows = [row for row in rows if row["user_id"] in kept]
    headers = {name: f"{EVIL[place % len(EVIL)]} {name}" for place, name in enumerate(rows[0])}
    for row in rows:
        for name in columns:
            row[name] = row[name] and evil(row[name])
    file = folder / f"{kind} {EVIL[2]} {EVIL[3]} {EVIL[9]}.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(headers.values())
        writer.writerows([row[name] for name in headers] for row in rows)
    return file, {
        name: " ".join(header.split()) for name, header in headers.items()
    }  # as the import names them


def cases(folder: Path) -> Path:
    """A table of cases: what was bought, and eleven columns that could tell it."""
    file = folder / f"cases {EVIL[3]}.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        names = ("bought", "colour", "minutes", *(f"other {number}" for number in range(2, len(EVIL))))
        writer.writerow([f"{EVIL[place % len(EVIL)]} {name}" for place, name in enumerate(names)])
        for row in range(240):
            yes = row % 5 in (0, 3)
            colour = EVIL[row % len(EVIL)]
            rest = [(row * place) % 7 for place in range(2, len(EVIL))]
            writer.writerow([evil("yes") if yes else evil("no"), colour, row % 9 + 4 * yes, *rest])
    return file


def _series(folder: Path) -> Path:
    file = folder / f"points {EVIL[3]}.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow([f"{EVIL[0]} time", f"{EVIL[1]} series", f"{EVIL[4]} value"])
        for hour in range(300):
            day = f"2024-03-{1 + hour // 24:02d} {hour % 24:02d}:00:00"
            for name in (EVIL[0], EVIL[3]):
                writer.writerow([day, name, 100 + 10 * (hour % 24) + (500 if hour == 250 else hour % 7)])
    return file
