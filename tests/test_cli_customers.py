"""`customers` on the command line, as scripts use it."""

from __future__ import annotations

import csv
import random
from pathlib import Path
from typing import Any

import pytest

from tests.test_cli import call

KEYS = {
    "task", "model", "n_train", "n_valid", "n_test", "accuracy", "precision", "recall", "f1", "roc_auc",
    "average_precision", "brier", "floor",
}  # fmt: skip
FIRST = 123456789012345678
FEW = ("--model", "tree", "--model", "logistic")


def visits(file: Path, rows: int = 600) -> Path:
    """A table of cases: 'bought' follows from 'pages'; ids of 19 digits; one more column that says nothing."""
    rng = random.Random(7)
    lines = ["case_id,pages,device,bought"]
    for i in range(rows):
        pages = rng.randint(1, 40)
        bought = rng.random() < (0.85 if pages > 20 else 0.1)
        device = rng.choice(["phone", "tablet"])
        lines.append(f"{1234567890123450000 + i},{pages},{device},{'yes' if bought else 'no'}")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def orders(file: Path, users: int = 300) -> Path:
    """Orders of ten months: even customers buy in nine months of ten, odd ones in two. Ids with leading zeros."""
    rng = random.Random(3)
    lines = ["user_id,order_id,ts,amount"]
    for user in range(users):
        for month in range(1, 11):
            if rng.random() < (0.2 if user % 2 else 0.9):
                moment = f"2025-{month:02d}-{rng.randint(1, 28):02d} 10:00:00"
                lines.append(f"{FIRST + user:021d},{user}-{month},{moment},{rng.randint(10, 90)}")
    lines.append(f"{FIRST:021d},last,2025-10-31 23:59:00,20")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a shop and a table of cases."""
    folder = tmp_path_factory.mktemp("cli-customers")
    shop, cases = orders(folder / "orders.csv"), visits(folder / "visits.csv")
    call("ingest", shop, "--dataset", "shop", store=folder / "s.duckdb")
    call("ingest", cases, "--dataset", "visits", "--kind", "records", store=folder / "s.duckdb")
    return folder / "s.duckdb"


def rows(file: Path) -> list[dict[str, str]]:
    assert file.read_bytes().startswith(b"\xef\xbb\xbf"), "without a BOM Excel misreads Chinese"
    with file.open(encoding="utf-8-sig", newline="") as source:
        return list(csv.DictReader(source))


def check(said: dict[str, Any]) -> None:
    assert said["run_id"].startswith("customers-")
    for task in said["tasks"]:
        assert set(task) >= KEYS, KEYS - set(task)
        assert 0 <= task["roc_auc_low"] <= task["roc_auc"] <= task["roc_auc_high"] <= 1
        best = task["floor"]["best"]
        assert set(task["floor"][best]) >= {"accuracy", "roc_auc", "average_precision", "brier"}


def test_a_shops_customers_are_told_and_listed_likeliest_first(store: Path, tmp_path: Path) -> None:
    out = tmp_path / "list.csv"
    said = call("customers", "--dataset", "shop", *FEW, "--out", out, store=store)
    check(said)
    told = {task["task"] for task in said["tasks"]} | {item["task"] for item in said["skipped"]}
    assert told == {
        "customer_class", "high_value", "potential", "purchase", "purchase_high_value", "purchase_potential", "churn"
    }  # fmt: skip
    assert all(item["reason"] for item in said["skipped"])
    listed = rows(out)
    assert list(listed[0]) == [
        "user_id", "probability", "class", "leaving", "segment", "tags", "reason", "as_of"
    ]  # fmt: skip
    names = [row["user_id"] for row in listed]
    with (store.parent / "orders.csv").open(encoding="utf-8", newline="") as source:
        bought = {row["user_id"] for row in csv.DictReader(source)}
    assert set(names) == bought  # with their leading zeros, and no digits of a float
    assert len(names) == len(bought)
    regular = [int(name) % 2 == FIRST % 2 for name in names]
    assert sum(regular[:100]) >= 95  # as planted
    chances = [float(row["probability"]) for row in listed]
    assert chances == sorted(chances, reverse=True)
    assert all(0 <= chance <= 1 for chance in chances)


def test_a_column_of_a_table_is_told_from_the_others(store: Path, tmp_path: Path) -> None:
    out = tmp_path / "rows.csv"
    words = ("--dataset", "visits", "--target", "bought", "--known", "pages", *FEW)
    said = call("customers", *words, "--out", out, store=store)
    check(said)
    (task,) = said["tasks"]
    assert (task["n_train"], task["n_valid"], task["n_test"]) == (420, 90, 90)
    assert task["roc_auc"] > 0.8  # the planted rule gives about 0.87
    assert said["questions"] == [] or {item["column"] for item in said["questions"]} == {"case_id"}
    listed = rows(out)
    assert len(listed) == 90
    assert {row["actual"] for row in listed} == {"yes", "no"}
    assert {row["pages"] for row in listed} <= {str(n) for n in range(1, 41)}
    # 19 digits, through no float: the run leaves the id out as a feature, and the row number names the row.
    assert {int(row["row"]) for row in listed} <= set(range(1, 601))
    again = call("customers", *words, store=store)
    assert {**again["tasks"][0], "seconds": 0} == {**task, "seconds": 0}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--dataset", "visits"], "no_target"),
        (["--dataset", "visits", "--target", "colour"], "no_column"),
        (["--dataset", "visits", "--target", "case_id"], None),
        (["--dataset", "shop", "--model", "oracle"], "bad_config"),
        (["--dataset", "shop", "--out", "/no/such/folder/list.csv"], "cannot_write"),
    ],
)
def test_mistakes_exit_2_with_code_message_and_hint(store: Path, words: list[str], code: str | None) -> None:
    error = call("customers", *words, store=store, code=2)["error"]
    assert code is None or error["code"] == code
    assert error["message"]
    assert error["hint"]
