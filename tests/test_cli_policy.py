"""python -m socialml evaluate-policy, as scripts call it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ingest.test_bandit_log import write


def call(*words: object) -> tuple[int, dict]:
    done = subprocess.run(
        [sys.executable, "-m", "socialml", "evaluate-policy", *map(str, words), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def test_it_prints_the_keys_of_the_contract(tmp_path: Path) -> None:
    code, told = call("--log", write(tmp_path), "--target", "uniform")
    assert code == 0
    assert told["n"] == 600
    assert set(told["estimates"]) == {"ips", "snips", "dm", "dr"}
    for estimate in told["estimates"].values():
        assert estimate["low"] <= estimate["value"] <= estimate["high"]
    assert told["effective_sample_size"] == pytest.approx(600)
    assert told["warnings"] == []


def test_200_rows_claim_nothing(tmp_path: Path) -> None:
    code, told = call("--log", write(tmp_path, rows=200), "--target", "uniform")
    assert code == 0
    assert "200 decisions" in told["refused"]
    assert set(told["estimates"].values()) == {None}
    assert told["difference"] == {}


def test_a_mistake_exits_2(tmp_path: Path) -> None:
    code, told = call("--log", write(tmp_path), "--target", tmp_path / "none.csv")
    assert code == 2
    assert told["error"]["code"] == "no_file"


def test_the_open_bandit_estimate(real_data: Path) -> None:
    folder = real_data / "open_bandit_men"
    code, told = call("--log", folder / "random_men.csv.gz", "--target", folder / "bts_men.csv.gz")
    assert code == 0
    ips = told["estimates"]["ips"]
    assert round(ips["value"], 4) == 0.0057
    assert round(ips["se"], 4) == 0.0014
