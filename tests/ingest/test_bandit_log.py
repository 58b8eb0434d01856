"""Logs of decisions as files: headers found, bad values told, other logs as policies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from socialml.errors import UserError
from socialml.evaluation.off_policy import evaluate
from socialml.ingest import bandit_log


def write(folder: Path, name: str = "log.csv", rows: int = 600, **columns: object) -> Path:
    rng = np.random.default_rng(0)
    table: dict[str, object] = {
        "item_id": rng.integers(0, 3, rows), "position": rng.integers(1, 3, rows),
        "click": rng.integers(0, 2, rows), "propensity_score": np.full(rows, 1 / 3), "age": rng.normal(30, 5, rows),
        "城市": np.array(["北京", "上海"])[rng.integers(0, 2, rows)],
    }  # fmt: skip
    table |= columns
    kept = {header: list(values) for header, values in table.items() if values is not None}  # type: ignore[call-overload]
    lines = [",".join(kept), *(",".join(map(str, row)) for row in zip(*kept.values(), strict=True))]
    path = folder / name
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_headers_positions_and_context_are_found(tmp_path: Path) -> None:
    read = bandit_log.read(write(tmp_path))
    assert read.columns == {
        "action": "item_id", "reward": "click", "propensity": "propensity_score", "position": "position",
    }  # fmt: skip
    assert read.actions == ["0", "1", "2"]
    assert read.positions == ["1", "2"]
    assert read.context == ["age", "城市"]
    assert read.log.context.shape == (600, 2)
    assert read.log.context[:, 0].mean() == pytest.approx(0, abs=1e-9)


def test_another_log_is_a_policy(tmp_path: Path) -> None:
    read = bandit_log.read(write(tmp_path))
    item = np.where(np.arange(400) % 4 == 0, 7, 2)
    other = write(tmp_path, "b.csv", 400, item_id=item, position=np.arange(400) % 2 + 1)
    policy, unknown = bandit_log.policy_of(other, read)
    assert policy[1] == pytest.approx([0, 0, 1])
    assert policy[0] == pytest.approx([0, 0, 0.5])  # item 7 is not in the log
    assert unknown == pytest.approx(0.5 * (read.log.position == 0).mean())
    assert "never tried in the log" in evaluate(read.log, policy, unknown=unknown).refused


@pytest.mark.parametrize(
    ("columns", "code", "said"),
    [
        ({"propensity_score": [0.0] + [0.5] * 599}, "bad_propensity", "decision 1"),
        ({"propensity_score": [0.5] * 599 + [33.3]}, "bad_propensity", "33.3"),
        ({"click": ["yes"] * 600}, "bad_reward", "'yes'"),
        ({"click": None}, "missing_column", "--reward"),
    ],
)
def test_bad_logs_say_what_to_mend(tmp_path: Path, columns: dict, code: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        bandit_log.read(write(tmp_path, **columns))
    assert caught.value.code == code
    assert said in caught.value.message + caught.value.hint


def test_a_named_column_must_exist(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="'p'"):
        bandit_log.read(write(tmp_path), {"propensity": "p"})


def test_rows_without_an_outcome_are_left_out_and_counted(tmp_path: Path) -> None:
    read = bandit_log.read(write(tmp_path, click=[""] * 10 + [1] * 590))
    assert len(read.log.reward) == 590
    assert "10 rows" in read.notes[0]


def test_a_choice_of_several_parts_is_one_action_and_what_followed_is_no_context(tmp_path: Path) -> None:
    offer = ["none", "coupon"] * 300
    rows = write(
        tmp_path, item_id=None, category=["a", "b", "c"] * 200, offer=offer, seconds=range(600), likes=offer
    )
    read = bandit_log.read(rows)
    assert read.columns["action"] == "category + offer"
    assert len(read.actions) == 6
    assert read.context == ["age", "城市"]
    assert bandit_log.read(rows, context=("age",)).context == ["age"]
    policy, unknown = bandit_log.policy_of(rows, read)
    assert unknown == 0
    assert policy.sum(axis=1) == pytest.approx(1)
    assert bandit_log.read(rows, action=("category",)).actions == ["a", "b", "c"]
