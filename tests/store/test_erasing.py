"""Erasing a customer: nothing of them is left, all others are as they were."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from socialml import artefacts
from socialml.analyses import base
from socialml.errors import UserError
from socialml.features import transactions
from socialml.ingest.task import ingest_file
from socialml.store import Store, pseudonyms, traces
from tests.support import add, order

GONE = "u-erase-me"
FILES = {
    "orders": f"user_id,order_id,ts,amount\n{GONE},1,2024-01-01,5\nu2,2,2024-01-02,6\n{GONE},3,soon,7\nu3,4,soon,8\n"
    f"{GONE},5,2024-01-03,9,too,many\n",
    "events": f"user_id,ts,action\nu2,2024-01-01,view\n{GONE},2024-01-02,view\n{GONE},2024-01-03,pv\nu3,2024-01-03,x\n",
    "users": f"user_id,age\n{GONE},30\nu2,31\n",
    "impressions": f"user_id,ts,category,purchases\n{GONE},2024-01-01,a,1\nu2,2024-01-01,b,0\n",
    "records": f"member_id,spent\nu2,1\n{GONE},2\n",
}


@dataclass(frozen=True, eq=False)
class Found:
    users: pd.DataFrame
    best: list[dict[str, str]]


def run(store: Store, run_id: str, users: list[str], best: str) -> None:
    """A finished run with a table of users and one of them in its metrics."""
    result = Found(pd.DataFrame({"user_id": users, "segment": 0}), [{"user_id": best}])
    artefacts.write(result, store.jobs_dir / run_id)
    store.save_run(
        run_id, dataset="shop", analysis="segments", dataset_version="v", config={}, seed=0,
        metrics={"users": len(users), "best": result.best}, environment={"threads": 1}, seconds=1.0,
        artefacts=store.jobs_dir / run_id,
    )  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of all kinds of tables and two runs, and its files."""
    folder = tmp_path_factory.mktemp("erasing")
    with Store(folder / "shop.duckdb") as store:
        for kind, text in FILES.items():
            (folder / f"{kind}.csv").write_text(text)
            ingest_file(store, folder / f"{kind}.csv", "shop", kind=kind)
        run(store, "segments-1", ["u2", GONE], GONE)
        run(store, "segments-2", ["u2", "u3"], "u2")
    return folder


@pytest.fixture
def full(made: Path, tmp_path: Path) -> Iterator[Store]:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    with Store(tmp_path / "shop.duckdb") as store:
        yield store


def everything(store: Store) -> str:
    """All that the store holds, as text."""
    with store.read() as con:
        names = [
            row[0] for row in con.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()
        ]
        text = "".join(f"{name}: {con.execute(f'FROM {name}').fetchall()}\n" for name in names)
    for file in sorted(path for path in store.folder.rglob("*") if path.is_file()):
        shown = pq.read_table(file).to_pylist() if file.suffix == ".parquet" else file.read_bytes()
        text += f"{file.relative_to(store.folder)}: {shown}\n"
    return text


def test_nothing_of_the_customer_is_left_and_all_others_stay(full: Store) -> None:
    version = full.version("shop")
    csv = full.rejects_dir / "1.csv"
    csv.write_text(GONE)  # as the command line writes it
    gone = full.erase_user("shop", GONE)
    assert gone.rows == {"orders": 1, "events": 2, "users": 1, "impressions": 1, "records": 1}
    assert (gone.rejects, gone.runs) == (2, ["segments-1"])
    assert GONE not in everything(full)
    assert full.tables("shop") == {"orders": 1, "events": 2, "users": 1, "impressions": 1, "records": 1}
    assert full.version("shop") != version  # pages and runs that know the old rows are old
    with full.read() as con:
        assert full.users(con, "shop").project("user_id").fetchall() == [("u2",)]
        assert full.records(con, "shop").fetchall() == [("u2", 1)]
        assert full.events(con, "shop").project("user_id").order("user_id").fetchall() == [
            ("u2",),
            ("u2",),
            ("u3",),
        ]
    orders = full.imports("shop")[0]
    assert (orders.rows, orders.receipt["rows_read"], orders.receipt["erased"]["rejects"]) == (1, 5, 2)
    assert [row["row"] for row in pq.read_table(orders.rejects).to_pylist()] == ["u3,4,soon,8"]
    assert orders.receipt["warnings"][-1]["sentence"].startswith("3 rows were erased")
    assert all(
        not warning["examples"] for warning in orders.receipt["warnings"]
    )  # they may be the customer's
    assert not csv.exists()


def test_a_run_that_held_them_says_so_and_keeps_its_measures(full: Store) -> None:
    full.erase_user("shop", GONE)
    held, other = full.run("segments-1"), full.run("segments-2")
    assert held.erased_at
    assert not held.folder.exists()
    assert held.metrics == {"users": 2, "best": []}
    with pytest.raises(UserError, match="a customer who was erased since"):
        base.read_result(held)
    assert (other.erased_at, other.metrics["best"]) == (None, [{"user_id": "u2"}])
    assert artefacts.read(Found, other.folder).users["user_id"].tolist() == ["u2", "u3"]


def test_an_unknown_customer_is_told_and_nothing_changes(full: Store) -> None:
    before = everything(full)
    for user in ("nobody", "", "u-erase", "2"):  # 2 is an order number and an amount, and no customer
        with pytest.raises(UserError, match="no customer") as refused:
            full.erase_user("shop", user)
        assert refused.value.code == "unknown_user"
    with pytest.raises(UserError, match="no dataset"):
        full.erase_user("elsewhere", GONE)
    assert everything(full) == before


def test_an_error_on_the_way_leaves_the_store_as_it_was(full: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    before = everything(full)

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Store, "_mark", full_disk)  # the last step before all of it is recorded
    with pytest.raises(OSError, match="No space"):
        full.erase_user("shop", GONE)
    assert everything(full) == before


def test_what_a_crash_left_half_done_is_done_by_the_next_start(
    full: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = iter(("before", "after"))

    def killed(_: Store) -> None:
        if next(turns) == "after":
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Store, "_remove_files", killed)  # right after the transaction
        with pytest.raises(KeyboardInterrupt):
            full.erase_user("shop", GONE)
    assert GONE in everything(full)
    full.close()
    with Store(full.path) as again:
        assert GONE not in everything(again)
        rejects = again.imports("shop")[0].rejects
        assert [row["row"] for row in pq.read_table(rejects).to_pylist()] == ["u3,4,soon,8"]
        assert [path.name for path in again.rejects_dir.iterdir()] == ["1.parquet"]


def test_a_hashed_customer_is_erased_by_the_id_of_the_files(store: Store, made: Path) -> None:
    for kind in ("orders", "records"):
        ingest_file(store, made / f"{kind}.csv", "shop", kind=kind, hash_ids=True)
    gone = store.erase_user("shop", f" {GONE}\t")
    assert (gone.rows, store.tables("shop")) == ({"orders": 1, "records": 1}, {"orders": 1, "records": 1})
    assert gone.rejects == 1  # of the row with too many cells nothing was kept
    key = store.key_file.read_text()
    store.key_file.unlink()
    with pytest.raises(UserError, match="key that is gone"):
        store.erase_user("shop", "u2")
    store.key_file.write_text(key)
    assert store.erase_user("shop", "u2").rows == {"orders": 1, "records": 1}


def test_rows_that_came_after_an_earlier_erasure_go_too(full: Store, tmp_path: Path) -> None:
    full.erase_user("shop", GONE)
    version = full.version("shop")
    assert ingest_file(full, tmp_path / "users.csv", "shop", kind="users")["rows_already_there"] == 1
    assert full.erase_user("shop", GONE).rows == {"users": 1}
    assert full.version("shop") != version
    assert GONE not in everything(full)


def test_the_latest_row_of_others_still_wins(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "users.csv"
    file.write_text(f"user_id,age\nu2,1\n{GONE},2\nu2,3\n")
    ingest_file(store, file, "shop", kind="users")
    store.erase_user("shop", GONE)
    with store.read() as con:
        assert store.users(con, "shop").project("user_id, age").fetchall() == [("u2", 3)]


def test_no_id_at_all_is_nobody_and_takes_no_rejected_row(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    file.write_text("user_id,ts,action\nu2,2024-01-01,view\n,2024-01-01,view,more\nu3,,view,more\n")
    ingest_file(store, file, "shop", kind="events")
    before = everything(store)
    with pytest.raises(UserError, match="no customer"):
        store.erase_user("shop", " ")
    assert everything(store) == before


def test_what_was_said_of_their_order_lines_goes_too(store: Store) -> None:
    lines = [order(f"u{day % 4}", day % 27 + 1, 5.0 + day) for day in range(40)]
    store.ensure_dataset("shop")
    add(store, [*lines, lines[1]])  # the same line twice: two keys
    with store.read() as con:
        table, _ = transactions.take(con, store.events(con, "shop"), datetime.max)
    keys, users = table["key"].to_numpy(), np.array(table["user_id"].to_pylist())
    store.mark("shop", keys, True)
    store.set_labels("shop", keys)
    store.erase_user("shop", "u1")
    assert (users == "u1").sum() == 11
    others = sorted(keys[users != "u1"].tolist())
    assert sorted(store.marks("shop")["key"].tolist()) == others
    assert store.labels("shop").tolist() == others  # type: ignore[union-attr]


def test_the_receipt_that_a_job_keeps_loses_its_examples(full: Store) -> None:
    for job, dataset in (("import-1", "shop"), ("import-2", "other")):
        result = {"rows_read": 5, "warnings": [{"code": "x", "examples": [GONE]}]}
        (full.jobs_dir / job).mkdir()
        record = {"id": job, "dataset": dataset, "result": result}
        (full.jobs_dir / job / "job.json").write_text(json.dumps(record))
    full.erase_user("shop", GONE)
    kept = [json.loads((full.jobs_dir / f"import-{i}" / "job.json").read_text())["result"] for i in (1, 2)]
    assert [one["warnings"][0]["examples"] for one in kept] == [[], [GONE]]
    assert [path.name for path in (full.jobs_dir / "import-1").iterdir()] == ["job.json"]


def test_rejected_rows_are_theirs_with_the_decimals_that_pandas_added(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    file.write_text("user_id,ts,action\n17850.0,2024-01-01,view\n17850.0,soon,view\n17851.0,soon,view\n")
    ingest_file(store, file, "shop", kind="events")
    assert store.erase_user("shop", "17850").rejects == 1


def test_files_that_could_not_be_removed_go_with_the_next_erasure(
    full: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr("socialml.store.erasing.os.replace", refused)
        with pytest.raises(PermissionError):
            full.erase_user("shop", GONE)
    full.erase_user("shop", "u3")
    left = everything(full)
    assert GONE not in left
    assert "u3" not in left


def test_short_ids_that_are_hashed_are_found_in_columns_of_any_name(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "users.csv"
    file.write_text("user_id,age\nu1,30\nu2,31\n")
    ingest_file(store, file, "shop", kind="users", hash_ids=True)
    names = pseudonyms.read(store.key_file)
    assert names is not None
    pq.write_table(pa.table({"line": [names.of("u1"), "x"]}), tmp_path / "result.parquet")
    assert traces.holds_table(tmp_path / "result.parquet", {"u1", names.of("u1")})
    assert not traces.holds_table(tmp_path / "result.parquet", {"x"})  # short: it may mean anything
