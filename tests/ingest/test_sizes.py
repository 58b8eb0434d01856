"""Files that unpack to more than is read, and files of other packers: a sentence, and nothing is filled or left."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tomllib
import zipfile
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from socialml.errors import UserError
from socialml.ingest import Options, inspect, parquet, read, source, stage
from socialml.store import ROOT
from socialml.ui import uploads

HEADER = b"user_id,ts,action\n"
ROWS = HEADER + b"u1,2024-01-05,view\n" * 20_000


def refused(path: Path, out: Path) -> UserError:
    """The one error that a look at the file and its import both give; nothing is left of either."""
    with pytest.raises(UserError) as error:
        stage(path, out)
    assert not out.exists()
    with pytest.raises(UserError) as looked:
        inspect(path, folder=out.parent)
    assert looked.value.as_dict() == error.value.as_dict()
    assert not list(out.parent.glob("inspect-*"))
    return error.value


@pytest.fixture
def unpacked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes were taken out of gzip files, a number each time."""
    taken: list[int] = []
    true = gzip.GzipFile.read

    def counted(self: gzip.GzipFile, size: int | None = -1) -> bytes:
        block = true(self, size)
        taken.append(len(block))
        return block

    monkeypatch.setattr(gzip.GzipFile, "read", counted)
    return taken


def test_a_gzip_is_refused_by_the_size_it_states(write, tmp_path, monkeypatch, unpacked) -> None:
    path = write(gzip.compress(ROWS), "log.csv.gz")
    assert source.stated_size(path) == len(ROWS)
    monkeypatch.setattr(source, "MOST_UNPACKED", len(ROWS) - 1)
    error = refused(path, tmp_path / "out")
    assert (error.code, "log.csv.gz says it unpacks to") == ("too_large", error.message[:29])
    assert not unpacked, "it is not unpacked to be refused"
    monkeypatch.setattr(source, "MOST_UNPACKED", len(ROWS))
    assert stage(path, tmp_path / "whole").receipt["rows_accepted"] == 20_000


def test_a_gzip_that_states_less_than_it_holds_is_stopped(write, tmp_path, monkeypatch, unpacked) -> None:
    """The size is stated modulo 4 GB, and of the last part alone: it is counted too while it is unpacked."""
    most = 4 * source.BLOCK
    monkeypatch.setattr(source, "MOST_UNPACKED", most)
    path = write(
        gzip.compress(ROWS + b"u,2024-01-05,view\n" * 900_000) + gzip.compress(b"u2,2024-01-06,view\n"),
        "log.csv.gz",
    )
    assert source.stated_size(path) < most
    error = refused(path, tmp_path / "out")
    assert (error.code, error.hint[:9]) == ("too_large", "Unpack it")
    assert sum(unpacked) < 2 * (most + 3 * source.BLOCK)


def test_a_file_cut_short_states_no_size(write) -> None:
    path = write(gzip.compress(ROWS)[:-4] + b"\xff\xff\xff\xff", "log.csv.gz")
    assert source.stated_size(path) == path.stat().st_size


def test_what_does_not_fit_on_the_disk_is_told_before_it_is_unpacked(write, tmp_path, monkeypatch) -> None:
    path = write(gzip.compress(ROWS))
    monkeypatch.setattr(
        source.shutil, "disk_usage", lambda _: type("", (), {"free": 1_000, "used": 0, "total": 0})
    )
    with pytest.raises(UserError) as error:
        source.open_source(path, tmp_path)
    assert error.value.code == "disk_full"
    assert not (tmp_path / "text.csv").exists()


def test_a_parquet_is_refused_by_its_footer(tmp_path, monkeypatch) -> None:
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table({"user_id": ["u"] * 100_000, "ts": ["2024-01-05"] * 100_000}), path)
    assert path.stat().st_size < 5_000
    monkeypatch.setattr(parquet, "MOST_CELLS", 199_999)
    error = refused(path, tmp_path / "out")
    assert (error.code, "100,000 rows of 2 columns" in error.message) == ("too_large", True)
    monkeypatch.undo()
    monkeypatch.setattr(parquet, "MOST_BYTES", 100)
    assert refused(path, tmp_path / "out").code == "too_large"


def test_a_parquet_whose_footer_says_little_is_stopped(tmp_path, monkeypatch) -> None:
    """One text of 200 kB that every row repeats: 200 kB are stated, 1 GB would be read."""
    path = tmp_path / "log.parquet"
    rows = pa.DictionaryArray.from_arrays(pa.array([0] * 5_000, pa.int32()), ["x" * 200_000])
    pq.write_table(pa.table({"user_id": rows, "ts": ["2024-01-05"] * 5_000}), path)
    connect = read.connect
    monkeypatch.setattr(read, "connect", lambda work, memory_limit="": connect(work, "100MB"))
    monkeypatch.setattr(read, "_MOST_SPILL", 50 << 20)
    error = refused(path, tmp_path / "out")
    assert (error.code, error.hint[:8]) == ("too_large", "Split it")


def test_an_import_may_not_fill_the_disk(tmp_path) -> None:
    with read.connect(tmp_path) as con:
        (most,) = con.execute("SELECT current_setting('max_temp_directory_size')").fetchone()
    number, unit = most.split()
    assert float(number) * {"MiB": 2**20, "GiB": 2**30}[unit] <= 20 * 2**30


def test_a_line_without_an_end_is_refused(write, tmp_path) -> None:
    path = write(HEADER + b"u1,2024-01-05," + b"x" * (65 << 20))
    with pytest.raises(UserError) as error:
        stage(path, tmp_path / "out")
    assert error.value.code == "line_too_long"


def zipped(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as parts:
        if name:
            parts.writestr(name, ROWS)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (zipped("orders.csv"), "zip_file", "no workbook"),
        (zipped(""), "packed_file", "zip"),
        (bz2.compress(ROWS), "packed_file", "bzip2"),
        (lzma.compress(ROWS), "packed_file", "xz"),
        (gzip.compress(zipped("xl/workbook.xml")), "not_a_table", "gzip of a file"),
        (gzip.compress(gzip.compress(ROWS)), "not_a_table", "not text"),
    ],
)
def test_other_packers_are_told(write, tmp_path, content, code, words) -> None:
    error = refused(write(content, "orders.csv"), tmp_path / "out")
    assert error.code == code
    assert words in error.message
    assert error.hint


def test_the_limit_of_uploads_is_the_one_the_page_states() -> None:
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert config["server"]["maxUploadSize"] == 1024 * uploads.UPLOAD_GB


def test_a_file_given_by_its_path_is_not_copied(write, tmp_path, monkeypatch) -> None:
    """Neither to memory nor to disk: the reader is given the file itself."""
    path = write(HEADER + b"u1,2024-01-05,view\n" * 100_000)
    work = tmp_path / "work"
    work.mkdir()
    assert source.open_source(path, work).path == path
    table = tmp_path / "log.parquet"
    pq.write_table(pa.table({"user_id": ["u"], "ts": ["2024-01-05"]}), table)
    assert source.open_source(table, work).path == table
    assert not list(work.iterdir())
    seen: list[str] = []
    true = read.read

    def watched(con: duckdb.DuckDBPyConnection, *given, **more):
        raw = true(con, *given, **more)
        seen.append(con.execute("SELECT sql FROM duckdb_views() WHERE view_name = 'raw'").fetchone()[0])
        seen.append(con.execute("SELECT count(*) FROM duckdb_tables()").fetchone()[0])
        return raw

    monkeypatch.setattr(read, "read", watched)
    stage(path, tmp_path / "out", Options())
    assert str(path) in seen[0]
    assert seen[1] == 0
