from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from socialml import cli, sample
from socialml.cli import live as _command  # noqa: F401 - registers the command
from socialml.ingest.task import ingest_file
from socialml.store import Store


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    sample.write(sample.generate(450, seed=1, months=6), folder)
    with Store(folder / "shop.duckdb") as store:
        ingest_file(store, folder / "impressions.csv", "shop")
        ingest_file(store, folder / "orders.csv", "orders")
    return folder


def called(shop: Path, *options: str) -> tuple[int, dict]:
    command = ["live-policy", "--store", str(shop / "shop.duckdb"), "--json", *options]
    done = CliRunner().invoke(cli.cli, command)
    return done.exit_code, json.loads(done.stdout)


def test_keys_and_the_file(shop: Path) -> None:
    out = shop / "next.csv"
    code, told = called(
        shop, "--dataset", "shop", "--weeks", "1", "--steps", "60", "--refits", "10", "--out", str(out)
    )
    assert code == 0
    assert {"run_id", "agent", "policies", "uplift", "simulator", "env_steps", "train_seconds"} <= told.keys()
    assert {"conversion", "interactions", "revenue"} <= told["policies"]["dqn"].keys()
    if told["certified"]:
        assert {"before", "after", "relative", "low", "high", "p_harm"} <= told["uplift"]["revenue"].keys()
    else:
        assert told["uplift"] == {}
    rows = list(csv.DictReader(out.open(encoding="utf-8-sig", newline="")))
    assert len(rows) == told["viewers"]
    assert {"user_id", "first", "first_offer"} <= rows[0].keys()


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--dataset", "orders"], "no_impressions"),
        (["--dataset", "shop", "--agent", "sarsa"], "bad_config"),
        (["--dataset", "shop", "--offer-share", "3"], "bad_config"),
    ],
)
def test_mistakes_are_told(shop: Path, options: list[str], code: str) -> None:
    exit_code, told = called(shop, *options)
    assert exit_code == 2
    assert told["error"]["code"] == code
    assert told["error"]["hint"]
