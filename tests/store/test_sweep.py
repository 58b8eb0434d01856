"""What a process that was killed leaves beside a store is cleared away at the next start, and nothing else."""

from __future__ import annotations

from pathlib import Path

from socialml.schema import EVENT_COLUMNS
from socialml.store import Store
from tests.support import add, order, receipt, staged


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("left")
    return path


def test_the_next_start_clears_what_was_left(tmp_path: Path) -> None:
    path = tmp_path / "a [1].duckdb"
    with Store(path) as store:
        store.ensure_dataset("shop")
        (tmp_path / "rejects").write_text("kept")
        rows = staged(store, [order("u1", 1, 5.0)], EVENT_COLUMNS)
        told = {**receipt(1), "rows_rejected": 1}
        info = store.add_import("shop", "orders", rows, told, tmp_path / "rejects")
        d, job = store.folder, store.jobs_dir / "segments-1"
        kept = [
            put(job / "job.json"),
            put(job / "job.log"),
            put(store.rejects_dir / f"{info.id}.csv"),
            put(path.with_name(path.name + ".key")),
            put(tmp_path / "other.duckdb.key.1f.part"),
        ]
        left = [
            put(job / "inputs" / "rows.parquet"),
            put(job / "scratch" / "import-1" / "work-2" / "text.csv"),
            put(job / "job.json.part"),
            put(store.jobs_dir / "import-abc" / "staged" / "accepted.parquet"),
            put(store.jobs_dir / "inspect-abc" / "text.csv"),
            put(store.inbox / "a1b2" / "orders.csv"),
            put(d / "tmp" / "duckdb_temp_storage_S32K-0.tmp"),
            put(store.rejects_dir / "99.parquet"),
            put(store.runs_dir / "segments-20260101-abcdef" / "users.parquet"),
            put(path.with_name(path.name + ".key.1f.part")),
        ]
    Store(path).close()
    assert [file for file in left if file.exists()] == []
    assert [file for file in kept if not file.exists()] == []
    folders = {str(folder.relative_to(d)) for folder in d.rglob("*") if folder.is_dir()}
    assert folders == {"inbox", "jobs", "jobs/segments-1", "rejects", "runs", "tmp"}


def test_undo_takes_the_rejects_with_it(tmp_path: Path) -> None:
    with Store(tmp_path / "a.duckdb") as store:
        store.ensure_dataset("shop")
        for number in (1, 2):
            info = add(store, [order(f"u{number}", number, 5.0)])
            put(store.rejects_dir / f"{info.id}.csv")
        store.undo_last_import("shop")
        assert [file.name for file in store.rejects_dir.iterdir()] == ["1.csv"]
        store.delete_dataset("shop")
        assert not list(store.rejects_dir.iterdir())


def test_a_dataset_is_made_with_its_first_import_or_not_at_all(tmp_path: Path) -> None:
    with Store(tmp_path / "a.duckdb") as store:
        rows = staged(store, [order("u1", 1, 5.0)], EVENT_COLUMNS)
        broken = {**receipt(1), "shape": object()}
        for told in (broken, receipt(1)):
            try:
                store.add_import("new", "orders", rows, told, make=("EUR", "Europe/Paris"))
            except TypeError:
                assert store.datasets() == []
        (made,) = store.datasets()
        assert (made.name, made.currency, made.timezone) == ("new", "EUR", "Europe/Paris")
