from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from socialml import cli, sample
from socialml.cli import forecast as _command  # noqa: F401 - registers the command
from socialml.ingest.task import ingest_file
from socialml.store import Store


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    sample.write(sample.generate(120, seed=1, months=8), folder)
    with Store(folder / "shop.duckdb") as store:
        ingest_file(store, folder / "orders.csv", "shop", kind="orders")
    return folder


def called(shop: Path, *options: str) -> tuple[int, dict]:
    command = ["forecast", "--dataset", "shop", "--store", str(shop / "shop.duckdb"), "--json", *options]
    done = CliRunner().invoke(cli.cli, command)
    return done.exit_code, json.loads(done.stdout)


def test_keys_and_the_file(shop: Path) -> None:
    out = shop / "told.csv"
    code, told = called(shop, "--target-month", "2025-09", "--out", str(out))
    assert code == 0
    assert {"run_id", "target_month", "users", "champion", "models", "interval"} <= told.keys()
    assert told["target_month"] == "2025-09"
    assert told["interval"].keys() >= {"nominal", "coverage"}
    rows = list(csv.DictReader(out.open(encoding="utf-8-sig", newline="")))
    assert list(rows[0])[:5] == ["user_id", "amount", "amount_low", "amount_high", "frequency"]
    assert len(rows) == told["users"]


@pytest.mark.parametrize(("month", "code"), [("2030-01", "month_too_far"), ("September", "bad_config")])
def test_a_wrong_month_is_told(shop: Path, month: str, code: str) -> None:
    exit_code, told = called(shop, "--target-month", month)
    assert exit_code == 2
    assert told["error"]["code"] == code
    assert told["error"]["hint"]
