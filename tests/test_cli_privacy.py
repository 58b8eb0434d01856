"""Hashed ids, private columns and erasing from the command line."""

from __future__ import annotations

from pathlib import Path

from tests.test_cli import call


def test_hash_keep_and_erase(tmp_path: Path) -> None:
    store, file = tmp_path / "shop.duckdb", tmp_path / "orders.csv"
    lines = [f"u{i % 3},2024-01-{i + 1:02d},{i}.5,138{i * 7919 % 10000:04d}{i:04d},x" for i in range(9)]
    file.write_text("\n".join(["buyer_id,order_date,amount,手机号,note", *lines]))
    told = call("ingest", file, "--dataset", "shop", "--hash-ids", store=store)["files"][0]
    assert (told["user_ids"], [one["header"] for one in told["left_out"]]) == ("hashed", ["手机号"])
    assert "looks private and was left out" in told["warnings"][0]["sentence"]
    error = call("ingest", file, "--dataset", "shop", store=store, code=2)["error"]
    assert error["code"] == "ids_hashed"
    words = ("ingest", file, "--dataset", "any", "--kind", "records", "--keep", "手机号", "--keep", "x")
    kept = call(*words, store=store)["files"][0]
    assert (kept["left_out"], [one["header"] for one in kept["kept_private"]]) == ([], ["手机号"])
    gone = call("erase", "--dataset", "shop", "--user", "u1", store=store)
    assert (gone["rows"], gone["rejected_rows"], gone["runs"]) == ({"orders": 3}, 0, [])
    assert call("datasets", store=store)["datasets"][0]["tables"] == {"orders": 6}
    assert (
        call("erase", "--dataset", "shop", "--user", "u1", store=store, code=2)["error"]["code"]
        == "unknown_user"
    )
