"""Tables to matrices, targets to codes, and what is refused with a sentence that helps."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from socialml.errors import UserError
from socialml.models.columns import id_like, kind_of, numbers_of
from socialml.models.tabular import Encoder, TableSpec, target

RNG = np.random.default_rng(0)
ROWS = 400


def mixed() -> pd.DataFrame:
    age = RNG.normal(40, 10, ROWS).round()
    age[:40] = np.nan
    return pd.DataFrame(
        {
            "age": age,
            "city": RNG.choice(["北京", "上海", "广州"], ROWS, p=[0.6, 0.3, 0.1]),
            "gender": RNG.choice(["f", "m"], ROWS),
            "member": RNG.choice([True, False], ROWS),
            "since": pd.Timestamp("2024-01-01") + pd.to_timedelta(RNG.integers(0, 300, ROWS), unit="D"),
            "nothing": "x",
        }
    )


def test_every_kind_becomes_named_columns_in_plain_units() -> None:
    frame = mixed()
    encoder = Encoder(frame, labels={"age": "Age"})
    matrix = encoder.transform(frame)
    assert matrix.shape == (ROWS, len(encoder.names))
    assert encoder.names[:5] == ["Age", "Age: missing", "city: 北京", "city: 上海", "city: 广州"]
    named = dict(zip(encoder.names, matrix.T, strict=True))
    assert named["Age"][0] == np.nanmedian(frame["age"])
    assert named["Age: missing"].sum() == 40
    assert (named["city: 北京"] == (frame["city"] == "北京")).all()
    assert sum("gender" in name for name in encoder.names) == 1  # of two values one column says all
    assert named["since"][0] == (frame["since"][0] - pd.Timestamp("1970-01-01")).days
    assert encoder.dropped == {"nothing": "it is 'x' in every row"}
    assert any("nothing was left out" in note for note in encoder.notes)
    assert any("dates count as days" in note for note in encoder.notes)


def test_rows_are_scored_as_they_were_learnt_from() -> None:
    frame = mixed()
    encoder = Encoder(frame)
    some = frame.iloc[[3, 200]].astype({"age": object})
    assert np.array_equal(encoder.transform(some), encoder.transform(frame)[[3, 200]])
    assert np.array_equal(encoder.transform(frame[frame.columns[::-1]]), encoder.transform(frame))


def test_an_unknown_level_counts_as_other_or_as_none() -> None:
    levels = np.array(["a"] * 200 + ["b"] * 190 + ["c"] * 5 + ["d"] * 5)
    encoder = Encoder(pd.DataFrame({"x": levels}))
    assert encoder.names == ["x: a", "x: b", "x: other"]
    assert encoder.transform(pd.DataFrame({"x": ["a", "c", "never seen", None]})).tolist() == [
        [1, 0, 0], [0, 0, 1], [0, 0, 1], [0, 0, 0],
    ]  # fmt: skip


def test_columns_missing_from_new_rows_are_named() -> None:
    encoder = Encoder(mixed())
    with pytest.raises(UserError, match="lack city"):
        encoder.transform(mixed().drop(columns="city"))


def test_5000_categories_are_pooled_and_said() -> None:
    frame = pd.DataFrame({"shop": [f"shop {i % 5000}" for i in range(20_000)], "n": np.arange(20_000) % 7})
    encoder = Encoder(frame, spec=TableSpec(rare_rows=2))
    assert len(encoder.names) == 22
    assert "shop has 5,000 different values; the 20 most common" in encoder.notes[0]


def test_categories_together_stay_below_the_cap() -> None:
    frame = pd.DataFrame({f"c{k}": [f"v{(i * (k + 3)) % 19}" for i in range(1_900)] for k in range(20)})
    encoder = Encoder(frame)
    assert len(encoder.names) <= 200 + 20


def test_an_id_is_refused() -> None:
    frame = mixed().assign(order=[f"A{i:05d}" for i in range(ROWS)])
    with pytest.raises(UserError, match="names the row") as raised:
        Encoder(frame)
    assert raised.value.code == "id_column"
    assert "Leave 'order' out" in raised.value.hint


@pytest.mark.parametrize(
    ("name", "values", "refused"),
    [
        ("row", np.arange(500), True),
        ("line", np.arange(700)[RNG.random(700) < 0.7], True),
        ("user_id", RNG.choice(10**9, 500, replace=False), True),
        ("income", RNG.choice(10**9, 500, replace=False), False),
        ("amount", RNG.normal(size=500), False),
        ("day", pd.date_range("2024-01-01", periods=500), False),
        ("city", ["a", "b"] * 250, False),
        ("comment", [f"text {i}" for i in range(500)], True),
        ("few", [f"{i}x" for i in range(10)], False),
    ],
)
def test_what_names_the_row(name: str, values: object, refused: bool) -> None:
    assert bool(id_like(pd.Series(values, name=name))) == refused


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "2.5", None], "number"),
        ([Decimal("1.5"), Decimal("2"), None], "number"),
        (["2024-01-02", "2024-03-04"], "date"),
        ([date(2024, 1, 2), date(2024, 3, 4)], "date"),
        (["yes", "No", None], "flag"),
        ([0, 1, 1], "flag"),
        ([0.0, 1.0, np.nan], "flag"),
        (["21", "50plus"], "category"),
        ([1, 2, 3], "number"),
    ],
)
def test_kinds(values: list[object], kind: str) -> None:
    column = pd.Series(values)
    assert kind_of(column) == kind
    if kind != "category":
        numbers = numbers_of(column, kind_of(column))
        assert np.isfinite(numbers).sum() == column.notna().sum()


def test_infinite_values_count_as_missing() -> None:
    frame = pd.DataFrame({"x": [np.inf, -np.inf, *range(50)]})
    assert np.isfinite(Encoder(frame).transform(frame)).all()


def test_a_target_becomes_codes() -> None:
    found = target(pd.Series(["no"] * 60 + ["yes"] * 90 + [None] * 3, name="bought"))
    assert found.names == ["no", "yes"]
    assert found.counts == [60, 90]
    assert found.codes.tolist() == [0] * 60 + [1] * 90 + [-1] * 3
    rare = target(pd.Series(["stay"] * 80 + ["leave"] * 30, name="churn"))
    assert rare.names[1] == "leave"
    gaps = target(pd.Series([0.0, 1.0, np.nan] * 40, name="y"))
    assert gaps.names == ["0", "1"]
    many = target(pd.Series([10, 2, 1] * 40, name="stars"))
    assert many.names == ["1", "2", "10"]
    assert target(pd.Series([True, False] * 40, name="b")).names == ["False", "True"]


@pytest.mark.parametrize(
    ("values", "code", "words"),
    [
        (["yes"] * 50, "one_class", "'yes' in every row"),
        ([None] * 50, "one_class", "empty"),
        (["a"] * 50 + ["b"] * 3, "small_class", "'b' in only 3 rows"),
        ([f"u{i}" for i in range(100)], "id_target", "names the row"),
        (list(RNG.normal(size=100)), "many_classes", "100 different values"),
        ([f"c{i % 40}" for i in range(4000)], "many_classes", "40 different values"),
    ],
)
def test_a_target_that_cannot_be_predicted_says_why_and_what_helps(
    values: list[object], code: str, words: str
) -> None:
    with pytest.raises(UserError) as raised:
        target(pd.Series(values, name="y"))
    assert raised.value.code == code
    assert words in raised.value.message
    assert len(raised.value.hint) > 20


def test_nothing_left_to_learn_from() -> None:
    with pytest.raises(UserError, match="No column is left") as raised:
        Encoder(pd.DataFrame({"a": [1] * 50, "b": [None] * 50}))
    assert "a: it is 1 in every row" in raised.value.message
