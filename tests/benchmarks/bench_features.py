"""Features from 10,000,000 events: the Narwhals user table against a hand-written DuckDB query for the same
table.

run() -> dict; `python -m tests.benchmarks.bench_features [events]` prints it. Target: ratio at most 2.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from socialml.features.users import FEATURES, user_table

EVENTS = 10_000_000
USERS = 200_000
AS_OF = datetime(2025, 10, 1)

# A shop in which 2 of 5 rows are orders of two years and the rest behaviour of 60 days, users long-tailed.
_EVENTS = """
CREATE TABLE events AS
WITH raw AS (
    SELECT i, hash(i) AS h, hash(i, 1) AS g, i % 5 < 2 AS trade FROM range({events}) AS t(i)
), timed AS (
    SELECT *, TIMESTAMP '2025-10-01' - to_seconds(
        ((h % 1000003) / 1000003.0 * CASE WHEN trade THEN 730 ELSE 60 END * 86400)::BIGINT + 1) AS moment
    FROM raw
)
SELECT
    CASE WHEN trade THEN 'orders' ELSE 'events' END AS kind,
    'U' || lpad((pow((g % 999983) / 999983.0, 1.5) * {users})::INTEGER::VARCHAR, 7, '0') AS user_id,
    moment - INTERVAL 8 HOUR AS ts_utc, moment AS ts_local,
    CASE WHEN trade THEN CASE WHEN h % 29 = 0 THEN 'refund' ELSE 'purchase' END
        ELSE ['view', 'view', 'view', 'like', 'share', 'comment', 'cart', 'click', 'promotion']
            [1 + (h % 9)::INTEGER]
    END AS action,
    CASE WHEN trade THEN 'O' || lpad((i // 5 * 2 + i % 5)::VARCHAR, 8, '0') END AS order_id,
    'P' || (g % 700) AS item_id, 'category ' || (g % 12) AS category,
    'Douyin' AS platform, 'iPhone' AS device,
    NULL::VARCHAR AS region,
    CASE WHEN NOT trade AND h % 9 < 3 THEN g % 300 END::DOUBLE AS "seconds",
    CASE WHEN NOT trade AND h % 9 < 3 THEN 1 + g % 9 END::BIGINT AS pages,
    CASE WHEN trade THEN 1 END::BIGINT AS quantity,
    CASE WHEN trade THEN (CASE WHEN h % 29 = 0 THEN -1 ELSE 1 END) * (g % 30000) / 100
    END::DECIMAL(18,4) AS amount,
    CASE WHEN trade AND g % 4 = 0 THEN (g % 1000) / 100 WHEN trade THEN 0 END::DECIMAL(18,4) AS discount,
    NULL::VARCHAR AS "text"
FROM timed
"""
_USERS = """
CREATE TABLE users AS
SELECT 'U' || lpad(i::VARCHAR, 7, '0') AS user_id, NULL::VARCHAR AS gender, 30::BIGINT AS age,
    NULL::VARCHAR AS region,
    NULL::DECIMAL(18,4) AS income, NULL::VARCHAR AS device, NULL::VARCHAR AS platform,
    TIMESTAMP '2025-10-01' - to_days(20 + (hash(i) % 1000)::INTEGER) AS registered_utc,
    TIMESTAMP '2025-10-01' - to_days(20 + (hash(i) % 1000)::INTEGER) AS registered_local,
    NULL::BIGINT AS satisfaction
FROM range({users}) AS t(i)
"""

# The same table as one would write it by hand, with care for speed.
BY_HAND = """
WITH seen AS (FROM events WHERE ts_local < $as_of AND user_id IS NOT NULL),
starts AS (
    SELECT min(ts_local) FILTER (action IN ('purchase', 'refund'))::DATE AS trade,
        min(ts_local) FILTER (action NOT IN ('purchase', 'refund'))::DATE AS behaviour
    FROM seen
),
sums AS (
    SELECT user_id, min(ts_local) AS first_seen,
        max(ts_local) FILTER (action = 'purchase') AS last_bought,
        sum(amount) FILTER (action IN ('purchase', 'refund')) AS monetary,
        sum(amount) FILTER (action = 'purchase') AS paid,
        count(*) FILTER (action = 'purchase') AS lines,
        count(*) FILTER (action = 'purchase' AND discount > 0) AS reduced,
        sum(round(seconds * 1000)::BIGINT) FILTER (ts_local >= $opened) AS watched,
        count(*) FILTER (action = 'view' AND ts_local >= $opened) AS views,
        count(*) FILTER (action = 'like' AND ts_local >= $opened) AS likes,
        count(*) FILTER (action = 'share' AND ts_local >= $opened) AS shares,
        count(*) FILTER (action = 'comment' AND ts_local >= $opened) AS comments,
        count(*) FILTER (action = 'cart' AND ts_local >= $opened) AS carts,
        count(*) FILTER (action = 'click' AND ts_local >= $opened) AS ad_clicks,
        count(*) FILTER (action = 'promotion' AND ts_local >= $opened) AS promotions_opened
    FROM seen GROUP BY user_id
),
bought AS (  -- grouping twice: half the time of count(DISTINCT) here
    SELECT user_id, count(*) AS frequency, count(*) FILTER (latest >= $opened) AS recent_orders
    FROM (SELECT user_id, order_id, max(ts_local) AS latest FROM seen WHERE action = 'purchase' GROUP BY ALL)
    GROUP BY user_id
),
kinds AS (
    SELECT user_id, count(*) AS variety
    FROM (SELECT DISTINCT user_id, category FROM seen WHERE action = 'purchase') GROUP BY user_id
),
visits AS (
    SELECT user_id, count(*) FILTER (before IS NULL OR ts_local > before + INTERVAL 30 MINUTE) AS sessions
    FROM (
        SELECT user_id, ts_local, lag(ts_local) OVER (PARTITION BY user_id ORDER BY ts_local) AS before
        FROM seen WHERE action NOT IN ('purchase', 'refund') AND ts_local >= $opened
    )
    GROUP BY user_id
),
joined AS (
    SELECT sums.*, coalesce(sessions, 0) AS sessions, coalesce(frequency, 0) AS frequency,
        coalesce(recent_orders, 0) AS recent_orders, coalesce(variety, 0) AS variety,
        least(registered_local, first_seen)::DATE AS first,
        greatest(14, $as_of::DATE - greatest($opened::DATE, first, trade)) / 30.0::DOUBLE AS trade_months,
        greatest(14, $as_of::DATE - greatest($opened::DATE, first, behaviour)) / 30.0::DOUBLE
            AS behaviour_months
    FROM sums LEFT JOIN bought USING (user_id) LEFT JOIN kinds USING (user_id)
    LEFT JOIN visits USING (user_id)
    LEFT JOIN (FROM users WHERE registered_local < $as_of) AS users USING (user_id) CROSS JOIN starts
)
SELECT user_id, $as_of::DATE - last_bought::DATE AS recency_days, frequency,
    coalesce(monetary::DOUBLE, 0) AS monetary,
    CASE WHEN frequency > 0 THEN paid::DOUBLE / frequency END AS average_order,
    recent_orders / trade_months AS purchases_per_month,
    coalesce(watched, 0) / 1000.0::DOUBLE / behaviour_months AS browse_seconds,
    views / behaviour_months AS views, sessions / behaviour_months AS sessions,
    likes / behaviour_months AS likes, shares / behaviour_months AS shares,
    comments / behaviour_months AS comments, carts / behaviour_months AS carts,
    ad_clicks / behaviour_months AS ad_clicks, promotions_opened / behaviour_months AS promotions_opened,
    CASE WHEN lines > 0 THEN reduced / lines END AS discount_share, variety,
    $as_of::DATE - first AS tenure_days
FROM joined
"""


def run(events: int = EVENTS, rounds: int = 3) -> dict[str, Any]:
    """Best of `rounds`, turn and turn about; the two tables are compared number by number."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(str(Path(folder) / "bench.duckdb")) as con:
        con.execute("SET TimeZone = 'UTC'; SET memory_limit = '2GB'")
        users = max(10, events * USERS // EVENTS)
        con.execute(_EVENTS.format(events=events, users=users))
        con.execute(_USERS.format(users=users))
        con.execute("CHECKPOINT")
        bounds = {"as_of": AS_OF, "opened": datetime(2025, 7, 3)}
        ours, by_hand, tables = [], [], []
        for _ in range(rounds):
            began = time.perf_counter()
            table = user_table(con.table("events"), con.table("users"), AS_OF).to_native().to_arrow_table()
            ours.append(time.perf_counter() - began)
            began = time.perf_counter()
            other = con.execute(BY_HAND, bounds).to_arrow_table()
            by_hand.append(time.perf_counter() - began)
            tables = [table, other]
    mine, theirs = (
        table.to_pandas().sort_values("user_id")[list(FEATURES)].to_numpy(float) for table in tables
    )
    return {
        "events": events,
        "users": len(mine),
        "seconds": round(min(ours), 2),
        "by_hand_seconds": round(min(by_hand), 2),
        "ratio": round(min(ours) / min(by_hand), 2),
        "target": 2.0,
        "equal": bool(mine.shape == theirs.shape and np.allclose(mine, theirs, rtol=1e-12, equal_nan=True)),
    }


if __name__ == "__main__":
    print(json.dumps(run(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS), indent=1))
