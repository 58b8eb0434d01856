"""Comments and how they sound: what there is to read, what a run found, and each customer's tone for the features.

A run's comments are a Parquet file with user_id, ts, category, text, language, score (-1 to 1) and tone (1, 0, -1).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from socialml.errors import UserError
from socialml.features.users import Feature
from socialml.store import Store
from socialml.store.sql import one_file

LEAST = 20  # comments of a category; the share of fewer says little
EXAMPLES = 3  # of each category
_PRIOR = 5  # comments of the dataset's mean tone that stand beside a customer's own
_SCORED = "language IN ('en', 'zh', 'emoji')"
_TEXT = "text IS NOT NULL AND trim(text) <> ''"

TONE: dict[str, Feature] = {
    "comment_tone": Feature(
        label="Tone of comments",
        unit="",
        help="From -1 (all complaints) to 1 (all praise); with few comments near the tone of all customers.",
    ),
    "comments_read": Feature(
        label="Comments whose tone is known", unit="comments", help="In the whole history."
    ),
}


@dataclass(frozen=True, eq=False)
class Summary:
    comments: int
    scored: int
    positive: int
    neutral: int
    negative: int
    languages: pd.DataFrame  # language, comments; most first
    months: pd.DataFrame  # month, positive, neutral, negative, comments (scored)
    categories: (
        pd.DataFrame
    )  # category, comments (scored), positive, neutral, negative, mean; most negative first
    examples: pd.DataFrame  # category, score, text: the worst of each category


def any_text(store: Store, dataset: str) -> bool:
    with store.read() as con:
        events = store.events(con, dataset).sql_query()
        return con.execute(f"SELECT 1 FROM ({events}) WHERE {_TEXT} LIMIT 1").fetchone() is not None


def take(store: Store, dataset: str) -> pa.Table:
    """user_id, ts, category, text of each comment, in a set order. UserError no_comments."""
    with store.read() as con:
        events = store.events(con, dataset).sql_query()
        table = con.execute(
            f"SELECT user_id, ts_local AS ts, category, text FROM ({events}) WHERE {_TEXT} ORDER BY ALL"
        ).to_arrow_table()
    if not table.num_rows:
        raise UserError(
            "no_comments",
            f"No row of '{dataset}' carries the text of a comment.",
            "Import behaviour events with a column of comment texts.",
        )
    return table


def summary(
    store: Store,
    comments: Path,
    *,
    start: datetime | None = None,
    until: datetime | None = None,
    members: tuple[Path, int] | None = None,
) -> Summary:
    """What was said with start <= time < until. members: a run's table of customers and the segment to keep."""
    where = ["($start IS NULL OR ts >= $start)", "($until IS NULL OR ts < $until)"]
    if members:
        chosen = f"SELECT user_id FROM {_file(members[0])} WHERE segment = {int(members[1])}"
        where.append(f"user_id IN ({chosen})")
    with store.read() as con:
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE said AS SELECT *, {_SCORED} AS scored FROM {_file(comments)}"
            f" WHERE {' AND '.join(where)}",
            {"start": start, "until": until},
        )
        total = con.execute(f"SELECT count(*), count(*) FILTER (scored), {_TONES} FROM said").fetchone()
        assert total is not None
        languages = con.execute(
            "SELECT language, count(*) AS comments FROM said GROUP BY 1 ORDER BY 2 DESC, 1"
        ).df()
        months = con.execute(
            f"SELECT date_trunc('month', ts) AS month, {_TONES}, count(*) AS comments FROM said"
            " WHERE scored AND ts IS NOT NULL GROUP BY 1 ORDER BY 1"
        ).df()
        categories = con.execute(
            f"SELECT category, count(*) AS comments, {_TONES}, avg(score::DECIMAL(9, 4)) AS mean FROM said"
            f" WHERE scored AND category IS NOT NULL GROUP BY 1 HAVING count(*) >= {LEAST}"
            " ORDER BY negative / comments DESC, 1"
        ).df()
        examples = con.execute(
            "SELECT category, score, text FROM ("
            "  SELECT category, text, min(score) AS score FROM said WHERE tone < 0 AND category IS NOT NULL"
            "  GROUP BY 1, 2) QUALIFY row_number() OVER (PARTITION BY category ORDER BY score, text)"
            f" <= {EXAMPLES} ORDER BY category, score, text"
        ).df()
    counts = dict(zip(("comments", "scored", "positive", "neutral", "negative"), total, strict=True))
    return Summary(**counts, languages=languages, months=months, categories=categories, examples=examples)


_TONES = (
    "count(*) FILTER (scored AND tone > 0) AS positive, count(*) FILTER (scored AND tone = 0) AS neutral,"
    " count(*) FILTER (scored AND tone < 0) AS negative"
)


def with_tone(
    con: duckdb.DuckDBPyConnection, users: pa.Table, comments: Path | None, until: datetime
) -> pa.Table:
    """The rows of `users` with the columns of TONE, from comments before `until`; as they are without a run.

    The tone is (sum + 5 m) / (n + 5) for n comments, m the mean of all customers' comments until then.
    """
    if comments is None:
        return users
    con.register("toned_users", users)
    table = con.execute(
        f"""
        WITH said AS (
            SELECT user_id, score::DECIMAL(9, 4) AS score FROM {_file(comments)}
            WHERE ts < $until AND {_SCORED} AND user_id IS NOT NULL),
        everyone AS (SELECT coalesce(avg(score), 0)::DOUBLE AS mean FROM said),
        own AS (SELECT user_id, sum(score)::DOUBLE AS total, count(*) AS n FROM said GROUP BY 1)
        SELECT toned_users.*, (coalesce(total, 0) + {_PRIOR} * mean) / (coalesce(n, 0) + {_PRIOR}) AS comment_tone,
            coalesce(n, 0) AS comments_read
        FROM toned_users LEFT JOIN own USING (user_id), everyone ORDER BY user_id
        """,
        {"until": until},
    ).to_arrow_table()
    con.unregister("toned_users")
    return table


def _file(path: Any) -> str:
    return f"read_parquet({one_file(path)})"
