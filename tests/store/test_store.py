from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from socialml.errors import Cancelled, UserError
from socialml.schema import USER_COLUMNS
from socialml.store import Interrupt, Store
from tests.support import add, order


def test_versions_follow_the_set_of_imports(shop: Store) -> None:
    empty = shop.version("shop")
    add(shop, [order("u1", 1, 10)])
    one = shop.version("shop")
    add(shop, [order("u2", 2, 20)], file="b.csv")
    two = shop.version("shop")
    assert len({empty, one, two}) == 3
    shop.undo_last_import("shop")
    assert shop.version("shop") == one
    assert shop.tables("shop") == {"orders": 1}


def test_rows_of_an_earlier_file_are_left_out_by_content_and_occurrence(shop: Store) -> None:
    twice = [order("u1", 1, 10), order("u1", 1, 10), order("u2", 2, 20)]
    first = add(shop, twice)
    assert first.rows == 3  # repeats inside one file stay
    again = add(shop, [*twice, order("u1", 1, 10), order("u3", 3, 5)], file="b.csv")
    assert again.rows == 2  # the third u1 and u3
    assert again.receipt["rows_already_there"] == 3
    with shop.read() as con:
        assert shop.events(con, "shop").aggregate("count(*), sum(amount)").fetchone() == (5, 55)


def test_purchases_come_from_orders_only_when_there_are_orders(shop: Store) -> None:
    add(
        shop,
        [order("u1", 1, 7, kind="events"), order("u1", 1, 0, action="view", kind="events")],
        kind="events",
    )
    with shop.read() as con:
        assert shop.events(con, "shop").filter("action = 'purchase'").aggregate("sum(amount)").fetchone() == (
            7,
        )
    add(shop, [order("u1", 1, 10), order("u1", 2, -4, action="refund")])
    with shop.read() as con:
        found = shop.events(con, "shop").aggregate("action, sum(amount)", "action").fetchall()
    assert dict(found) == {"purchase": 10, "refund": -4, "view": 0}


def test_the_latest_row_of_a_user_wins(shop: Store) -> None:
    add(
        shop,
        [{"user_id": "u1", "age": 20}, {"user_id": "u1", "age": 21}, {"user_id": "u2", "age": 40}],
        kind="users",
    )
    add(shop, [{"user_id": "u2", "age": 41}], kind="users", file="b.csv")
    with shop.read() as con:
        found = shop.users(con, "shop").project("user_id, age").order("user_id").fetchall()
    assert found == [("u1", 21), ("u2", 41)]


def test_a_dataset_without_users_files_has_an_empty_users_relation(shop: Store) -> None:
    with shop.read() as con:
        assert shop.users(con, "shop").columns == [name for name, _ in USER_COLUMNS if name != "import_id"]


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (datetime(2024, 1, 9, 12, 50), datetime(2024, 1, 9)),  # the last day is not over
        (datetime(2024, 1, 9, 23, 5), datetime(2024, 1, 10)),
        (datetime(2024, 1, 9), datetime(2024, 1, 10)),  # dates only
    ],
)
def test_as_of_is_the_end_of_the_last_complete_day(shop: Store, last: datetime, expected: datetime) -> None:
    add(shop, [order("u1", 1, 1), {**order("u1", 9, 1), "ts_local": last}])
    assert shop.as_of("shop") == expected


def test_dates_bound_rows_from_below_and_above(shop: Store) -> None:
    add(shop, [order("u1", day, 1) for day in (1, 2, 3)])
    with shop.read() as con:
        rows = shop.events(con, "shop", start=datetime(2024, 1, 2), until=datetime(2024, 1, 3))
        assert rows.project("day(ts_local)").fetchall() == [(2,)]


def test_a_failed_write_leaves_nothing(shop: Store) -> None:
    add(shop, [order("u1", 1, 10)])
    before = shop.version("shop"), shop.tables("shop")
    with pytest.raises(TypeError):
        add(shop, [order("u2", 2, 20)], file="b.csv", shape="s", mapping={"a": object()})
    assert (shop.version("shop"), shop.tables("shop")) == before
    with shop.read() as con:
        tables = con.execute(
            "SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'rows_%'"
        ).fetchall()
    assert len(tables) == 1


def test_deleting_a_dataset_takes_its_rows_runs_and_artefacts(shop: Store, tmp_path: Path) -> None:
    add(shop, [order("u1", 1, 10)])
    (shop.jobs_dir / "done").mkdir()
    run = shop.save_run(
        "segments-20240101-abcdef",
        dataset="shop",
        analysis="segments",
        dataset_version="v",
        config={},
        seed=0,
        metrics={"users": 1},
        environment={},
        seconds=1.0,
        artefacts=shop.jobs_dir / "done",
    )
    shop.rename_segment(run.run_id, 0, "  My   best ")
    assert shop.segment_names(run.run_id) == {0: "My best"}
    assert run.folder.exists()
    shop.delete_dataset("shop")
    assert shop.datasets() == []
    assert shop.runs() == []
    assert not run.folder.exists()
    with shop.read() as con:
        left = con.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE 'rows_%'").fetchone()
    assert left == (0,)


def test_one_run_is_found_by_its_name_and_the_newest_by_its_analysis(shop: Store) -> None:
    shop.ensure_dataset("other")

    def saved(run_id: str, dataset: str, analysis: str) -> str:
        (shop.jobs_dir / run_id).mkdir()
        return shop.save_run(
            run_id,
            dataset=dataset,
            analysis=analysis,
            dataset_version="v",
            config={"k": run_id},
            seed=0,
            metrics={},
            environment={},
            seconds=1.0,
            artefacts=shop.jobs_dir / run_id,
        ).run_id

    assert shop.newest_run("shop", "segments") is None
    for run_id, dataset, analysis in (
        ("s-1", "shop", "segments"),
        ("s-2", "shop", "segments"),
        ("c-1", "shop", "customers"),
        ("s-3", "other", "segments"),
    ):
        assert saved(run_id, dataset, analysis) == run_id
    found = shop.run("s-1")
    assert (found.run_id, found.dataset, found.config) == ("s-1", "shop", {"k": "s-1"})
    assert found.folder == shop.runs_dir / "s-1"
    newest = shop.newest_run("shop", "segments")
    assert newest == shop.run("s-2") == shop.runs("shop", "segments")[0]
    assert [run.run_id for run in shop.runs()] == ["s-3", "c-1", "s-2", "s-1"]
    with pytest.raises(UserError) as caught:
        shop.run("s-9")
    assert caught.value.code == "no_run"


def test_a_mapping_is_offered_again_for_the_same_headers(shop: Store) -> None:
    assert shop.mapping("shape", "orders") is None
    add(shop, [order("u1", 1, 10)], shape="shape", mapping={"user_id": "Buyer"})
    assert shop.mapping("shape", "orders") == {"user_id": "Buyer"}


def test_unknown_names_say_what_there_is(shop: Store) -> None:
    with pytest.raises(UserError, match=r"no dataset named 'other'.*shop"):
        shop.dataset("other")
    with pytest.raises(UserError) as caught:
        shop.undo_last_import("shop")
    assert caught.value.code == "nothing_to_undo"


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "x" * 81])
def test_names_that_cannot_be_shown_are_refused(store: Store, name: str) -> None:
    with pytest.raises(UserError):
        store.ensure_dataset(name)


def test_a_second_process_is_told_who_holds_the_store(shop: Store) -> None:
    opening = f"Store({str(shop.path)!r})"
    code = f"from socialml.store import Store\ntry:\n {opening}\nexcept Exception as e: print(e.code, e)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    import os

    assert done.stdout.startswith("store_in_use")
    assert str(os.getpid()) in done.stdout


def test_a_store_opens_once_a_process(shop: Store) -> None:
    with pytest.raises(UserError, match="already open"):
        Store(shop.path)


def test_a_file_that_is_no_store_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(UserError) as caught:
        Store(path)
    assert caught.value.code == "store_unreadable"
    assert path.read_bytes().startswith(b"not a database")


def test_files_outside_the_store_cannot_be_read(shop: Store, tmp_path: Path) -> None:
    import duckdb

    (tmp_path / "secret.csv").write_text("a\n1\n")
    with shop.read() as con, pytest.raises(duckdb.PermissionException):
        con.execute(f"SELECT * FROM read_csv('{tmp_path / 'secret.csv'}')")


def test_an_interrupt_stops_the_queries_of_its_thread(shop: Store) -> None:
    interrupt = Interrupt()
    interrupt.fire()
    with pytest.raises(Cancelled), shop.interruptible(interrupt), shop.read():
        pass
    with shop.read() as con:  # outside the block nothing is stopped
        assert con.execute("SELECT 1").fetchone() == (1,)


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    with Store(tmp_path / "a.duckdb") as store:
        (store.runs_dir / "half-a-run").mkdir()
    with Store(tmp_path / "a.duckdb") as store:
        assert list(store.runs_dir.iterdir()) == []
