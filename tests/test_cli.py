"""The command line as scripts use it."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from socialml import cli
from socialml.store import Store

ROOT = Path(__file__).resolve().parents[1]


def call(*words: object, store: Path, code: int = 0) -> dict[str, Any]:
    """Run a command with --json; exactly one JSON object on stdout, and the exit code that is expected.

    In this process, as starting Python takes longer than most commands; README's commands run in their own.
    """
    out, ended = io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out):
        patch.setenv("SOCIALML_STORE", str(store))
        patch.setattr(sys, "argv", ["socialml", *map(str, words), "--json"])
        try:
            cli.main()
        except SystemExit as stop:
            ended = stop.code or 0
    assert ended == code, out.getvalue()
    return json.loads(out.getvalue())


def call_apart(*words: object, store: Path, code: int = 0) -> dict[str, Any]:
    """The same in a process of its own."""
    command = [sys.executable, "-m", "socialml", *map(str, words), "--json"]
    env = {**os.environ, "SOCIALML_STORE": str(store)}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A store with the sample of 600 users, and what `ingest` said."""
    folder = tmp_path_factory.mktemp("cli")
    store = folder / "shop.duckdb"
    call("sample", "--users", 600, "--seed", 3, "--out", folder / "csv", store=store)
    files = [folder / "csv" / f"{kind}.csv" for kind in ("users", "orders", "events")]
    return store, call("ingest", *files, "--dataset", "shop", store=store)


def test_sample_says_what_it_wrote_and_writes_the_same_again(tmp_path: Path) -> None:
    said = call("sample", "--users", 200, "--seed", 1, "--out", tmp_path / "a", store=tmp_path / "s")
    call("sample", "--users", 200, "--seed", 1, "--out", tmp_path / "b", store=tmp_path / "s")
    for item in said["files"]:
        file = Path(item["file"])
        assert item["rows"] == len(list(csv.reader(file.open(encoding="utf-8", newline="")))) - 1
        other = tmp_path / "b" / file.relative_to(tmp_path / "a")
        assert file.read_bytes() == other.read_bytes()
    truth = list(csv.DictReader((tmp_path / "a" / "truth" / "users.csv").open(encoding="utf-8-sig")))
    assert {"user_id", "kind"} <= set(truth[0])
    assert len(truth) == 200
    assert not (tmp_path / "s").exists()  # no store is needed, so none is made


def test_ingest_answers_with_a_receipt_for_each_file(shop: tuple[Path, dict[str, Any]]) -> None:
    _, said = shop
    assert [file["kind"] for file in said["files"]] == ["users", "orders", "events"]
    for file in said["files"]:
        assert file["rows_read"] == file["rows_accepted"] + file["rows_rejected"]
        assert {"file", "encoding", "delimiter", "rejects_file", "mapping", "unmapped", "warnings"} <= set(
            file
        )
    assert said["files"][1]["mapping"]["user_id"] == "user_id"


def test_datasets_features_segments_runs(shop: tuple[Path, dict[str, Any]], tmp_path: Path) -> None:
    store, said = shop
    listed = call("datasets", store=store)["datasets"]
    assert listed[0]["name"] == "shop"
    assert listed[0]["version"] == said["version"]
    assert set(listed[0]["tables"]) == {"users", "orders", "events"}

    made = call("features", "--dataset", "shop", "--out", tmp_path / "f.parquet", store=store)
    table = pq.read_table(tmp_path / "f.parquet")
    assert (made["rows"], made["columns"]) == (table.num_rows, table.column_names)
    assert made["engine"] == "duckdb"

    out = tmp_path / "s.csv"
    first = call("segments", "--dataset", "shop", "--out", out, store=store)
    wanted = {
        "run_id", "users", "k", "k_elbow", "k_kneed", "k_silhouette", "evidence", "sse", "silhouette",
        "stability_ari", "rule_fidelity", "segments",
    }  # fmt: skip
    assert wanted <= set(first)
    assert first["k"] == 5
    assert sum(segment["users"] for segment in first["segments"]) == first["users"] == table.num_rows
    rows = list(csv.DictReader(out.open(encoding="utf-8-sig", newline="")))
    assert list(rows[0]) == [
        "user_id", "segment", "reason", "recency", "frequency", "monetary", "as_of", "action"
    ]  # fmt: skip
    assert len(rows) == first["users"]

    again = call("segments", "--dataset", "shop", store=store)
    assert {**again, "run_id": ""} == {**first, "run_id": ""}  # the same seed, the same answer
    auto = call("segments", "--dataset", "shop", "--k", "auto", store=store)
    assert auto["k"] == auto["k_elbow"]
    runs = call("runs", "--dataset", "shop", store=store)["runs"]
    assert [run["run_id"] for run in runs] == [auto["run_id"], again["run_id"], first["run_id"]]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["segments", "--dataset", "nobody"], "no_dataset"),
        (["segments", "--dataset", "shop", "--k", "99"], "bad_config"),
        (["segments", "--dataset", "shop", "--k", "many"], "bad_config"),
        (["segments", "--dataset", "shop", "--as-of", "tomorrow"], "bad_date"),
        (["segments", "--dataset", "shop", "--out", "/no/such/folder/s.csv"], "cannot_write"),
        (["features", "--dataset", "shop", "--out", "/no/such/folder/f.parquet"], "cannot_write"),
        (["ingest", "/no/such/file.csv", "--dataset", "shop"], "no_file"),
        (["undo", "--dataset", "nobody"], "no_dataset"),
        (["segments"], "usage"),
        (["nonsense"], "usage"),
    ],
)
def test_mistakes_exit_2_with_code_message_and_hint(
    shop: tuple[Path, dict[str, Any]], words: list[str], code: str
) -> None:
    error = call(*words, store=shop[0], code=2)["error"]
    assert error["code"] == code
    assert error["message"]
    assert error["hint"]


BAD = {
    "empty": "",
    "header only": "user_id,order_date,amount\n",
    "text where numbers belong": "user_id,order_date,amount\nu1,2024-01-01,a lot\nu2,2024-01-02,more\n",
    "no such columns": "a,b\n1,2\n",
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_leaves_the_store_as_it_was(tmp_path: Path, name: str) -> None:
    store, good, bad = tmp_path / "s.duckdb", tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("user_id,order_date,amount\nu1,2024-01-01,5\n")
    bad.write_text(BAD[name])
    call("ingest", good, "--dataset", "shop", store=store)
    before = call("datasets", store=store)
    for dataset in ("shop", "new"):
        error = call("ingest", bad, "--dataset", dataset, "--kind", "orders", store=store, code=2)["error"]
        assert error["message"]
        assert error["hint"]
    assert call("datasets", store=store) == before
    with Store(store) as opened:
        assert list(opened.jobs_dir.iterdir()) == []


def test_several_files_come_in_all_or_none(tmp_path: Path) -> None:
    store, good, bad = tmp_path / "s.duckdb", tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("user_id,order_date,amount\nu1,2024-01-01,5\n")
    bad.write_text("")
    call("ingest", good, bad, "--dataset", "new", store=store, code=2)
    assert call("datasets", store=store)["datasets"] == []
    call("ingest", good, "--dataset", "old", store=store)
    before = call("datasets", store=store)
    call("ingest", good, bad, "--dataset", "old", store=store, code=2)
    assert call("datasets", store=store) == before


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (["u1,2024-01-01,5"], "1 customer|1 user|has 1"),
        ([f"u{n},2024-01-0{n},5" for n in range(1, 5)], "at least"),
        ([f"u{n},2024-01-01 10:00:00,5" for n in range(200)], "same|equal|alike|compare"),
    ],
    ids=["one user", "fewer users than k", "all values equal"],
)
def test_too_little_to_group_is_said_in_a_sentence(tmp_path: Path, rows: list[str], words: str) -> None:
    import re

    file, store = tmp_path / "o.csv", tmp_path / "s.duckdb"
    file.write_text("user_id,order_date,amount\n" + "\n".join(rows) + "\n")
    call("ingest", file, "--dataset", "shop", store=store)
    error = call("segments", "--dataset", "shop", store=store, code=2)["error"]
    assert re.search(words, error["message"]), error
    assert error["hint"]
    assert call("runs", store=store)["runs"] == []


def test_undo_and_delete(tmp_path: Path) -> None:
    store = tmp_path / "s.duckdb"
    for number in (1, 2):
        file = tmp_path / f"{number}.csv"
        file.write_text(f"user_id,order_date,amount\nu{number},2024-01-0{number},5\n")
        call("ingest", file, "--dataset", "shop", store=store)
    assert call("undo", "--dataset", "shop", store=store)["rows"] == 1
    assert call("datasets", store=store)["datasets"][0]["tables"] == {"orders": 1}
    call("delete", "--dataset", "shop", "--yes", store=store)
    assert call("datasets", store=store)["datasets"] == []


def test_a_store_in_use_is_said_with_the_holder(tmp_path: Path) -> None:
    path = tmp_path / "s.duckdb"
    with Store(path):
        error = call_apart("datasets", store=path, code=2)["error"]
    assert error["code"] == "store_in_use"
    assert str(os.getpid()) in error["message"]


def test_demo_fills_a_new_store_once(tmp_path: Path) -> None:
    store = tmp_path / "s.duckdb"
    first = call("demo", store=store)
    assert first["run_id"].startswith("segments-")
    assert call("demo", store=store) == {"dataset": None, "run_id": None}
    runs = call("runs", store=store)["runs"]
    assert sorted(run["analysis"] for run in runs) == ["segments", "sentiment"]
