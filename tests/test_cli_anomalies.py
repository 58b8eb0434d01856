"""python -m socialml anomalies: keys, files, mistakes."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from socialml import sample
from tests.test_cli import call

KEYS = {
    "run_id", "rows", "flagged", "accuracy", "false_positive_rate", "recall", "precision", "roc_auc"
}  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A store with a shop, and the folder of its files."""
    folder = tmp_path_factory.mktemp("anomalies")
    sample.write(sample.generate(120, seed=1, months=8), folder)
    store = folder / "s.duckdb"
    call("ingest", folder / "orders.csv", "--dataset", "shop", store=store)
    return store, folder


def test_from_orders_and_a_list_of_wrong_ones_to_scores(shop: tuple[Path, Path], tmp_path: Path) -> None:
    store, folder = shop
    blind = call("anomalies", "--dataset", "shop", "--epochs", 1, store=store)
    assert blind.keys() >= KEYS
    assert blind["roc_auc"] is None
    out, truth = tmp_path / "a.csv", folder / "truth" / "anomalies.csv"
    found = call(
        "anomalies", "--dataset", "shop", "--labels", truth, "--out", out, "--epochs", 1, store=store
    )
    assert found["roc_auc"] >= 0.98
    assert found["recall_at_published_rate"] >= 0.9
    assert found["labels_not_found"] == 0
    assert found["flagged"] == blind["flagged"]
    with out.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == found["rows"]
    flagged = [row for row in rows if row["flagged"] == "true"]
    assert len(flagged) == found["flagged"]
    assert all(row["reason"] for row in flagged)
    again = call("anomalies", "--dataset", "shop", "--epochs", 1, store=store)  # the list is remembered
    assert again["recall"] == found["recall"]
    forgotten = call("anomalies", "--dataset", "shop", "--no-labels", "--epochs", 0, store=store)
    assert forgotten["recall"] is None


def test_a_metric_by_the_hour_with_a_column_of_labels(tmp_path: Path) -> None:
    lines = [
        f"2024-01-{1 + k // 24:02d} {k % 24:02d}:00:00,{100 + k % 24 + (400 if k == 200 else 0)},{int(k == 200)}"
        for k in range(24 * 14)
    ]
    file, store = tmp_path / "m.csv", tmp_path / "s.duckdb"
    file.write_text("\n".join(["time,clicks,wrong", *lines]))
    call("ingest", file, "--dataset", "metric", "--kind", "records", store=store)
    found = call("anomalies", "--dataset", "metric", "--label", "wrong", "--epochs", 3, store=store)
    assert (found["kind"], found["rows"], found["roc_auc"]) == ("series", 336, 1.0)
    error = call("anomalies", "--dataset", "metric", "--value", "likes", store=store, code=2)["error"]
    assert error["code"] == "no_column"
    listed, usual = tmp_path / "list.csv", ("--dataset", "metric", "--value", "clicks", "--epochs", 0)
    listed.write_bytes("时间,说明\n2024-01-09 08:00,促销\n2024-02-09 08:00,促销\n".encode("gbk"))
    judged = call("anomalies", *usual, "--labels", listed, store=store)
    assert (judged["labels"], judged["labels_not_found"], judged["labels_in_each_of"]) == (1, 1, 0)
    assert judged["roc_auc"] == judged["recall"] == 1.0
    assert call("anomalies", *usual, store=store)["recall"] == 1.0  # the list is remembered
    listed.write_text("time\n2031-01-01 00:00\n")
    error = call("anomalies", *usual, "--labels", listed, store=store, code=2)["error"]
    assert error["code"] == "no_label_found"
    assert "from 2024-01-01 00:00:00 to 2024-01-14 23:00:00" in error["hint"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--dataset", "nobody"], "no_dataset"),
        (["--dataset", "shop", "--share", "2"], "bad_config"),
        (["--dataset", "shop", "--threshold", "-3"], "bad_config"),
        (["--dataset", "shop", "--label", "fraud"], "label_of_orders"),
        (["--dataset", "shop", "--out", "/no/such/folder/a.csv"], "cannot_write"),
        (["--dataset", "shop", "--labels", "{users}"], "no_column"),
        (["--dataset", "shop", "--labels", "{strange}"], "no_label_found"),
        (["--dataset", "shop", "--labels", "{empty}"], "empty_file"),
        (["--dataset", "shop", "--labels", "{strange}", "--label", "fraud"], "two_labels"),
    ],
)
def test_mistakes_are_told(shop: tuple[Path, Path], tmp_path: Path, words: list[str], code: str) -> None:
    store, folder = shop
    (tmp_path / "strange.csv").write_text("order_id\nX1\n")
    (tmp_path / "empty.csv").write_text("")
    named = {
        "users": folder / "users.csv",
        "strange": tmp_path / "strange.csv",
        "empty": tmp_path / "empty.csv",
    }
    error = call("anomalies", *[word.format(**named) for word in words], store=store, code=2)["error"]
    assert error["code"] == code
    assert error["hint"]


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([f"u{k % 3},2024-01-{k + 1:02d},0" for k in range(25)], "no_amounts"),
        ([f"u{k},2024-01-{k + 1:02d},5" for k in range(10)], "few_purchases"),
        ([f"u{k % 3},2024-01-{k + 1:02d},5" for k in range(25)], "nothing_varies"),
    ],
)
def test_too_little_to_judge_is_said_in_a_sentence(tmp_path: Path, lines: list[str], code: str) -> None:
    file, store = tmp_path / "o.csv", tmp_path / "s.duckdb"
    file.write_text("\n".join(["user_id,order_date,amount", *lines]))
    call("ingest", file, "--dataset", "shop", store=store)
    error = call("anomalies", "--dataset", "shop", store=store, code=2)["error"]
    assert error["code"] == code
    assert error["hint"]
    assert call("runs", store=store)["runs"] == []
