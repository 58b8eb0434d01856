"""How comments sound, from the store to the features."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pytest

from socialml.analyses import base, sentiment
from socialml.errors import UserError
from socialml.features import comments, cutoffs, snapshot
from socialml.store import Store
from tests.support import add, order


def said(user: str | None, day: int, text: str | None, category: str = "shoes") -> dict[str, Any]:
    return {
        **order(user, day, 0, action="comment", kind="events"), "amount": None, "text": text, "category": category,
    }  # fmt: skip


@pytest.fixture
def talking(shop: Store) -> Store:
    rows = [said("happy", day, "质量不错，很喜欢") for day in range(1, 9)]
    rows += [said("cross", day, "very disappointed, awful", "home") for day in range(1, 21)]
    rows += [
        said("quiet", 1, None),
        said("quiet", 2, "  "),
        said("far", 3, "Ужасное качество"),
        said(None, 3, "好看"),
    ]
    add(shop, rows, kind="events")
    return shop


def test_a_run_counts_tones_and_languages(talking: Store) -> None:
    run = base.run("sentiment", talking, "shop", sentiment.Config())
    found = run.metrics
    assert found["comments"] == 30  # neither the empty nor the blank text
    assert (found["scored"], found["texts"]) == (29, 4)
    assert (found["positive"], found["neutral"], found["negative"]) == (9, 0, 20)
    assert found["languages"] == {"en": 20, "other": 1, "zh": 9}
    assert base.run("sentiment", talking, "shop", sentiment.Config()).metrics == found


def test_without_texts_it_says_what_to_import(shop: Store) -> None:
    add(shop, [said("u", 1, None)], kind="events")
    assert not comments.any_text(shop, "shop")
    with pytest.raises(UserError) as raised:
        base.run("sentiment", shop, "shop", sentiment.Config())
    assert raised.value.code == "no_comments"


def test_the_summary_is_of_the_dates_and_puts_the_most_complaints_first(talking: Store) -> None:
    path = base.read_result(base.run("sentiment", talking, "shop", sentiment.Config())).comments.path
    found = comments.summary(talking, path)
    assert (found.comments, found.scored, found.positive, found.negative) == (30, 29, 9, 20)
    assert found.categories["category"].tolist() == ["home"]  # shoes have fewer than LEAST
    assert found.examples["text"].tolist() == ["very disappointed, awful"]
    assert found.months[["positive", "negative", "comments"]].to_numpy().tolist() == [[9, 20, 29]]
    early = comments.summary(talking, path, until=datetime(2024, 1, 3))
    assert (early.comments, early.negative) == (4, 2)
    assert comments.summary(talking, path, start=datetime(2025, 1, 1)).scored == 0


def test_features_have_a_tone_only_with_a_run_of_the_data_as_it_is(talking: Store) -> None:
    assert sentiment.newest(talking, "shop") is None
    before = snapshot.take(talking, "shop")
    assert not set(comments.TONE) & set(before.table.column_names)
    base.run("sentiment", talking, "shop", sentiment.Config())
    path = sentiment.newest(talking, "shop")
    after = snapshot.take(talking, "shop", comments=path)
    assert after.table.select(before.table.column_names).equals(before.table)
    assert after.measured == (*before.measured, *comments.TONE)
    rows = {row["user_id"]: row for row in after.table.to_pylist()}
    assert rows["cross"]["comment_tone"] < rows["quiet"]["comment_tone"] < rows["happy"]["comment_tone"]
    assert rows["cross"]["comments_read"] == 19  # the last day is not over
    assert rows["quiet"]["comments_read"] == 0
    add(talking, [said("late", 9, "好看")], kind="events", file="b.csv")
    assert sentiment.newest(talking, "shop") is None


def test_a_tone_is_shrunk_to_that_of_all_and_sees_nothing_from_later(talking: Store) -> None:
    base.run("sentiment", talking, "shop", sentiment.Config())
    path = sentiment.newest(talking, "shop")
    with talking.read() as con:
        scores = con.execute(
            f"SELECT user_id, score FROM read_parquet('{path}') WHERE ts < TIMESTAMP '2024-01-05'"
            " AND language <> 'other' AND user_id IS NOT NULL"
        ).fetchnumpy()
    mean = scores["score"].mean()
    own = scores["score"][np.asarray(scores["user_id"]) == "cross"]
    taken = snapshot.take(talking, "shop", datetime(2024, 1, 5), path).table.to_pylist()
    cross = next(row for row in taken if row["user_id"] == "cross")
    assert cross["comments_read"] == 4
    assert cross["comment_tone"] == pytest.approx((own.sum() + 5 * mean) / 9, abs=1e-9)


def test_the_classifiers_rows_carry_the_tone(talking: Store) -> None:
    add(talking, [order("happy", 1, 10), order("cross", 2, 20)], file="orders.csv")
    base.run("sentiment", talking, "shop", sentiment.Config())
    window = [cutoffs.Window("all", datetime(2024, 1, 15), datetime(2024, 1, 15))]
    with talking.read() as con:
        events, users = talking.events(con, "shop"), talking.users(con, "shop")
        plain = cutoffs.take(con, events, users, window)
        toned = cutoffs.take(con, events, users, window, sentiment.newest(talking, "shop"))
    assert toned.table.select(plain.table.column_names).equals(plain.table)
    assert [name for name in toned.measured if name not in plain.measured] == list(comments.TONE)
