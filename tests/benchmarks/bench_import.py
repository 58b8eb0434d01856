"""Import of a 1,000,000-row events CSV with receipt, against one typed DuckDB `read_csv` of the same file.

The whole import is timed: looking, staging, and the store's transaction. The reference reads with the types
given and puts the rows into a table; both in a database file, as the store is, and in memory.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb

from socialml.ingest.task import ingest_file
from socialml.store import Store

ROWS = 1_000_000
BOUND = 3.0
_COLUMNS = {
    "user_id": "VARCHAR",
    "ts": "TIMESTAMP",
    "action": "VARCHAR",
    "item_id": "VARCHAR",
    "category": "VARCHAR",
    "platform": "VARCHAR",
    "seconds": "DOUBLE",
    "pages": "BIGINT",
    "quantity": "BIGINT",
    "amount": "DECIMAL(18,4)",
    "device": "VARCHAR",
}


def write_events(path: Path, rows: int) -> None:
    """A behaviour log: long item numbers, Chinese categories, an amount on one row in seven."""
    with duckdb.connect() as con:
        con.execute(f"""COPY (SELECT 'u' || (hash(i * 7) % 100000) AS user_id,
            strftime(TIMESTAMP '2024-01-01' + to_seconds((hash(i * 13) % 15000000)::INT),
                '%Y-%m-%d %H:%M:%S') AS ts,
            ['view', 'click', 'like', 'share', 'comment', 'cart', 'purchase']
                [1 + (hash(i * 17) % 7)::INT] AS action,
            6900000000000000000 + hash(i * 19) % 50000 AS item_id,
            ['美妆', '服饰', '食品', '家居', '数码'][1 + (hash(i * 23) % 5)::INT] AS category,
            ['douyin', 'kuaishou'][1 + (hash(i * 29) % 2)::INT] AS platform,
            round((hash(i * 31) % 3000) / 10.0, 1) AS "seconds", hash(i * 37) % 20 AS pages,
            CASE WHEN hash(i * 17) % 7 = 6 THEN 1 END AS quantity,
            CASE WHEN hash(i * 17) % 7 = 6 THEN round((hash(i * 41) % 50000) / 100.0, 2) END AS amount,
            'ios' AS device FROM range({int(rows)}) AS t(i)) TO '{path}' (HEADER)""")


def read_typed(path: Path, database: Path | None) -> float:
    """Seconds of one typed read of the file into a table."""
    with duckdb.connect(str(database) if database else ":memory:") as con:
        began = time.perf_counter()
        con.execute(
            "CREATE TABLE events AS FROM read_csv(?, header = true, auto_detect = false, delim = ',',"
            " columns = " + json.dumps(_COLUMNS).replace('"', "'") + ")",
            [str(path)],
        )
        return time.perf_counter() - began


def run(rows: int = ROWS, rounds: int = 3) -> dict[str, Any]:
    """The best of some rounds of each, taken in turns, in seconds, and their ratios."""
    times: dict[str, list[float]] = {"import": [], "typed_file": [], "typed_memory": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "events.csv"
        write_events(path, rows)
        for i in range(rounds):
            times["typed_file"].append(read_typed(path, folder / f"typed-{i}.duckdb"))
            times["typed_memory"].append(read_typed(path, None))
            with Store(folder / f"store-{i}.duckdb") as store:
                began = time.perf_counter()
                receipt = ingest_file(store, path, "shop")
                times["import"].append(time.perf_counter() - began)
            assert receipt["rows_accepted"] == rows
    best = {key: min(values) for key, values in times.items()}
    return {
        "rows": rows,
        "cpus": os.cpu_count(),
        "import_seconds": round(best["import"], 2),
        "typed_read_into_a_file_seconds": round(best["typed_file"], 2),
        "typed_read_into_memory_seconds": round(best["typed_memory"], 2),
        "ratio": round(best["import"] / best["typed_file"], 2),
        "ratio_to_memory": round(best["import"] / best["typed_memory"], 2),
        "bound": BOUND,
        "holds": best["import"] <= BOUND * best["typed_file"],
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    print(json.dumps(run(given.rows, given.rounds), indent=1))
