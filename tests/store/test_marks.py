from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pytest

from socialml.errors import UserError
from socialml.store import SCHEMA_VERSION, Store
from socialml.store.connection import _SCHEMA
from tests.support import add, order

BIG = 2**64 - 1  # keys use all 64 bits


def test_a_mark_is_kept_changed_and_taken_back(shop: Store) -> None:
    shop.mark("shop", [1, BIG], True)
    shop.mark("shop", [BIG], False)
    found = shop.marks("shop").set_index("key")["wrong"]
    assert found.to_dict() == {1: True, BIG: False}
    assert found.index.dtype == np.uint64
    shop.mark("shop", [1], None)
    assert shop.marks("shop")["key"].tolist() == [BIG]


def test_marks_and_labels_belong_to_one_dataset_and_go_with_it(shop: Store) -> None:
    shop.ensure_dataset("other")
    shop.mark("shop", [7], True)
    shop.set_labels("shop", np.array([3, 3, BIG], dtype=np.uint64))
    assert shop.marks("other").empty
    assert shop.labels("other") is None
    assert shop.labels("shop").tolist() == [3, BIG]  # type: ignore[union-attr]
    shop.delete_dataset("shop")
    shop.ensure_dataset("shop")
    assert shop.marks("shop").empty
    assert shop.labels("shop") is None


def test_new_labels_take_the_place_of_old_ones(shop: Store) -> None:
    for keys in ([1, 2], [2, 5]):
        shop.set_labels("shop", np.array(keys, dtype=np.uint64))
    assert shop.labels("shop").tolist() == [2, 5]  # type: ignore[union-attr]
    shop.set_labels("shop", None)
    assert shop.labels("shop") is None


def test_marks_survive_an_undone_import(shop: Store) -> None:
    add(shop, [order("u1", 1, 10)])
    shop.mark("shop", [7], False)
    shop.undo_last_import("shop")
    assert len(shop.marks("shop")) == 1


def old_store(path: Path, version: str) -> None:
    """A store file as the first version wrote it."""
    with duckdb.connect(str(path)) as con:
        for statement in _SCHEMA.split(";"):
            if statement.strip():
                con.execute(statement)
        con.execute("INSERT INTO meta VALUES ('schema_version', ?)", [version])
        con.execute(
            "INSERT INTO datasets VALUES (nextval('dataset_ids'), 'shop', 'CNY', 'Asia/Shanghai', now()::TIMESTAMP)"
        )


def test_a_store_of_the_first_version_is_brought_up_to_date_with_its_data(tmp_path: Path) -> None:
    path = tmp_path / "old.duckdb"
    old_store(path, "1")
    for _ in range(2):  # and opens again
        with Store(path) as store:
            assert [dataset.name for dataset in store.datasets()] == ["shop"]
            store.mark("shop", [7], True)
            assert len(store.marks("shop")) == 1
            with store.read() as con:
                row = con.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
            assert row == (str(SCHEMA_VERSION),)


@pytest.mark.parametrize("version", [str(SCHEMA_VERSION + 1), "0", "new"])
def test_a_store_of_a_later_program_is_refused(tmp_path: Path, version: str) -> None:
    path = tmp_path / "new.duckdb"
    old_store(path, version)
    with pytest.raises(UserError) as caught:
        Store(path)
    assert caught.value.code == "store_version"


def test_a_command_does_not_wait_for_what_only_some_need() -> None:
    code = "import sys, socialml.cli; print({'numpy', 'pandas', 'pyarrow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
