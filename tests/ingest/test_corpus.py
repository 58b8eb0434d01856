"""Messy and hostile files: none gives a traceback or a wrong row, and each the receipt it must give."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from socialml.errors import UserError
from socialml.ingest import Options, inspect, stage
from tests.ingest.conftest import NOW, Import
from tests.ingest.corpus import forms, hostile, values
from tests.ingest.corpus.cases import Case

CASES = [*forms.CASES, *values.CASES, *hostile.CASES]


def test_the_corpus_is_large_and_its_names_are_its_own():
    assert len({case.name for case in CASES}) == len(CASES) >= 60


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_file_gives_its_receipt(case: Case, tmp_path: Path):
    path = tmp_path / case.name
    path.write_bytes(case.content)
    out = tmp_path / "out"
    if case.error:
        with pytest.raises(UserError) as refusal:
            stage(path, out, Options(**case.options), now=NOW)
        assert refusal.value.code == case.error
        assert case.says in refusal.value.message
        assert refusal.value.message.endswith(".")
        assert refusal.value.hint.endswith((".", ")"))
        assert not out.exists()
        return
    made = Import(stage(path, out, Options(**case.options), now=NOW))
    got = made.receipt
    assert (got["rows_accepted"], got["rows_rejected"]) == case.rows
    assert (got["kind"], got["encoding"], got["delimiter"]) == (case.kind, case.encoding, case.delimiter)
    assert got["reasons"] == case.reasons
    assert made.warned() == case.told
    assert tuple(reject["line"] for reject in made.rejects) == case.lines
    for column, cells in case.cells.items():
        assert made.column(column) == cells, column
    if case.says:
        assert (
            case.says in inspect(path, **{k: v for k, v in case.options.items() if k != "date_order"}).reason
        )


def test_an_inspection_asks_what_the_import_would(tmp_path):
    """Whoever answers the questions of the page is not asked again by the import."""
    asked = {"date_order_unclear", "decimal_unclear", "money_unit_unclear"}
    seen = set()
    for case in CASES:
        if (
            len(case.content) < 100_000
            and (case.error in asked or case.error is None)
            and "encoding" not in case.options
        ):
            path = tmp_path / case.name
            path.write_bytes(case.content)
            kind, mapping = case.options.get("kind"), case.options.get("mapping")
            codes = [question["code"] for question in inspect(path, kind=kind, mapping=mapping).questions]
            assert codes == ([case.error] if case.error else codes), case.name
            assert bool(codes) == bool(
                case.error or {"date_order", "decimal", "money_unit"} & set(case.options)
            ), case.name
            seen |= set(codes)
    assert seen == asked


def test_nothing_but_the_rows_is_left(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(forms.PLAIN.encode())
    staged = stage(path, tmp_path / "out", now=NOW)
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"accepted.parquet", "receipt.json"}
    assert pq.read_metadata(staged.accepted).num_rows == 2
