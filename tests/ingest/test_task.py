"""An import as a job, and in one call."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from socialml import artefacts
from socialml.errors import UserError
from socialml.features.overview import overview
from socialml.ingest import task
from socialml.progress import silent
from socialml.store import Store

EVENTS = "user_id,ts,action\n1,2024-01-05,view\n2,soon,view\n3,2024-01-06,buy\n"


def test_the_three_steps(store, write, tmp_path):
    config = task.Config.from_json({"path": str(write(EVENTS)), "dataset": "shop"})
    inputs = task.prepare(store, "shop", config)
    artefacts.write(inputs, tmp_path / "inputs")
    result = task.compute(artefacts.read(task.Inputs, tmp_path / "inputs"), config, silent)
    folder = store.jobs_dir / "job"
    folder.mkdir()
    artefacts.write(result, folder / "result")
    receipt = task.finish(store, "shop", artefacts.read(task.Result, folder / "result"))
    assert (receipt["rows_read"], receipt["rows_accepted"], receipt["rows_rejected"]) == (3, 2, 1)
    assert store.tables("shop") == {"events": 2}
    assert store.imports("shop")[0].rejects is not None
    assert json.dumps(receipt)


def test_one_call(store, write):
    receipt = task.ingest_file(store, write(EVENTS), "shop", currency="EUR", timezone="Europe/Paris")
    assert receipt["mapping"] == {"user_id": "user_id", "ts": "ts", "action": "action"}
    assert (store.dataset("shop").currency, store.dataset("shop").timezone) == ("EUR", "Europe/Paris")
    assert list(store.jobs_dir.iterdir()) == []
    with store.read() as con:
        rows = store.events(con, "shop").order("ts_utc").fetchall()
    assert [row[1] for row in rows] == ["1", "3"]


def test_a_bad_file_leaves_the_store_as_it_was(store, write):
    task.ingest_file(store, write(EVENTS), "shop")
    version = store.version("shop")
    for name, content in (
        ("a.csv", ""),
        ("b.csv", "user_id,ts,action\n"),
        ("c.csv", "user_id,ts,action\n1,x,y\n"),
    ):
        with pytest.raises(UserError):
            task.ingest_file(store, write(content, name), "shop")
        with pytest.raises(UserError):
            task.ingest_file(store, write(content, name), "new")
    assert store.version("shop") == version
    assert [dataset.name for dataset in store.datasets()] == ["shop"]
    assert list(store.jobs_dir.iterdir()) == []


def test_a_mapping_is_recalled_for_the_next_file_of_the_shape(store, write):
    first = write("who,when,did,user\n1,2024-01-05,view,x\n", "first.csv")
    mapping = {"user_id": "who", "ts": "when", "action": "did"}
    task.ingest_file(store, first, "shop", kind="events", mapping=mapping)
    second = write(
        "Who,When,Did,User\n2,2024-02-05,view,y\n".replace("Who,When,Did,User", "who,when,did,user"),
        "second.csv",
    )
    receipt = task.ingest_file(store, second, "shop", kind="events")
    assert receipt["mapping"] == mapping


def test_a_part_of_a_mapping_may_be_given(store, write):
    path = write("user_id,date,paid,did\n1,2024-01-05,3,view\n")
    receipt = task.ingest_file(store, path, "shop", kind="events", mapping={"action": "did"})
    assert receipt["mapping"]["user_id"] == "user_id"
    assert receipt["mapping"]["action"] == "did"


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"path": ""},
        {"path": "a", "dataset": 3},
        {"path": "a", "dataset": "d", "kind": "people"},
        {"path": "a", "dataset": "d", "date_order": "ydm"},
        {"path": "a", "dataset": "d", "decimal": "semicolon"},
        {"path": "a", "dataset": "d", "money_unit": "jiao"},
        {"path": "a", "dataset": "d", "mapping": [1]},
        {"path": "a", "dataset": "d", "delimiter": "::"},
        {"path": "a", "dataset": "d", "currency": "yuan"},
        {"path": "a", "dataset": "d", "timezone": "Mars"},
        {"path": "a", "dataset": "d", "colour": "red"},
    ],
)
def test_config_is_checked(values):
    with pytest.raises(UserError) as error:
        task.Config.from_json(values)
    assert error.value.hint


def test_answers_reach_the_rows(store, write):
    path = write("user_id;date;amount\n" + "".join(f"{i};2024-01-05;{i}9900\n" for i in range(1, 5)))
    with pytest.raises(UserError) as error:
        task.ingest_file(store, path, "shop")
    assert error.value.code == "money_unit_unclear"
    assert task.ingest_file(store, path, "shop", money_unit="fen")["gross_total"] == "1396"
    path = write("user_id;date;amount\n1;2024-01-05;1.234\n")
    assert task.ingest_file(store, path, "other", decimal="comma")["gross_total"] == "1234"


def test_orders_without_customers_count_in_revenue_only(store, write):
    receipt = task.ingest_file(store, write("订单编号,商品ID,下单时间,金额\n1,2,2024-01-05,30\n"), "shop")
    assert receipt["kind"] == "orders"
    assert [warning["code"] for warning in receipt["warnings"]] == ["no_customer_column"]
    told = overview(store, "shop")
    assert (told.revenue, told.users, told.buyers) == (30.0, 0, 0)


def test_a_store_in_a_folder_whose_name_is_a_pattern(tmp_path: Path) -> None:
    (tmp_path / "[shop]").mkdir()
    (tmp_path / "a.csv").write_text("user_id,ts,action\nu1,2024-01-05,view\nu2,soon,view\n")
    with Store(tmp_path / "[shop]" / "shop.duckdb") as store:
        assert task.ingest_file(store, tmp_path / "a.csv", "shop")["rows_accepted"] == 1
        assert store.tables("shop") == {"events": 1}
