"""An export of a table whose names are written to be run."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from click.testing import CliRunner
from python_calamine import CalamineWorkbook

from socialml.cli import customers as command  # brings its command
from socialml.ingest.task import ingest_file
from socialml.store import Store
from tests import hostile


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cases")
    with Store(folder / "shop.duckdb") as store:
        ingest_file(store, hostile.cases(folder), hostile.TABLE, kind="records")
    return folder


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_an_export_holds_every_name_whole_and_runs_none(cases: Path, form: str) -> None:
    """The format that is asked for wins over the suffix."""
    out = cases / "list.parquet"
    words = ["--store", str(cases / "shop.duckdb"), "--dataset", hostile.TABLE, "--target", hostile.TARGET,
             "--model", "tree", "--out", str(out), "--format", form]  # fmt: skip
    told = CliRunner().invoke(command.customers, words)
    assert told.exit_code == 0, told.output
    if form == "csv":
        assert out.read_bytes().startswith(b"\xef\xbb\xbf")
        with out.open(encoding="utf-8-sig", newline="") as source:
            head, *rows = csv.reader(source)
        assert not any(
            cell.startswith(("=", "+", "-", "@")) and not number(cell)
            for row in (head, *rows)
            for cell in row
        )
        head = [cell.removeprefix("'") for cell in head]
    else:
        head, *rows = CalamineWorkbook.from_path(out).get_sheet_by_index(0).to_python()
    assert f"{hostile.EVIL[2]} minutes" in head
    assert '=HYPERLINK("http://evil.example") other 4' in head
    colours = {str(row[head.index(f"{hostile.EVIL[1]} colour")]).removeprefix("'") for row in rows}
    assert colours
    assert colours <= {one.replace("\n", " ") for one in hostile.EVIL} | set(hostile.EVIL)


def number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
