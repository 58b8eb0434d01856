"""Bytes of any kind -> one UTF-8 text file (or a Parquet file) that can be read."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import re
import shutil
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from socialml.errors import UserError
from socialml.ingest import workbook

BLOCK = 1 << 20  # bytes read at once
MOST_UNPACKED = 3 << 30  # bytes of text in a gzip file: some 40 million rows
_MOST_TIMES = 1_032  # deflate packs no better
_GZIP = b"\x1f\x8b"
_PACKERS = {
    b"BZh91AY&SY": "bzip2",
    b"\xfd7zXZ": "xz",
    b"(\xb5/\xfd": "zstd",
    b"7z\xbc\xaf'\x1c": "7-Zip",
    b"Rar!\x1a\x07": "RAR",
    b"PK\x05\x06": "zip",
}
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030", "big5", "cp1252", "latin-1")
SAVE_AS = "Save it as CSV (UTF-8) in Excel, WPS or your shop's export, and add it again."


@dataclass(frozen=True)
class Source:
    """A file made readable.

    path: UTF-8 text or Parquet; the given file itself where nothing had to change.
    undecodable: characters that could not be decoded and were replaced.
    whole: False when only the head was taken.
    """

    file: str
    path: Path
    format: str  # 'csv', 'parquet' or 'excel'
    encoding: str | None
    compressed: bool
    undecodable: int = 0
    whole: bool = True


def open_source(path: Path, work: Path, encoding: str | None = None, head: int | None = None) -> Source:
    """Find out what the file is and make it UTF-8.

    For a quick look: head takes only about so many bytes of text, cut at a line end.
    Raises UserError: empty_file, not_a_table, zip_file, too_large, disk_full, broken_gzip, wrong_encoding,
    bad_encoding_name.
    """
    start = _first_bytes(path)
    if not start:
        raise UserError(
            "empty_file", f"{path.name} is empty (0 bytes).", "Export it again and add the new file."
        )
    if start[:4] == b"PAR1":
        return Source(path.name, path, "parquet", None, False)
    if start.startswith(workbook.MAGIC) and workbook.is_workbook(path):
        return Source(path.name, path, "excel", None, False)
    compressed = start[:2] == _GZIP
    size = stated_size(path)
    if compressed and size > MOST_UNPACKED:
        raise _too_large(path.name, f"says it unpacks to {size / 2**30:.1f} GB")
    sample = _text_head(path, compressed, BLOCK)
    if not sample.strip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"):
        raise UserError("empty_file", f"{path.name} holds no text.", "Export it again and add the new file.")
    _refuse_other_formats(path.name, sample, compressed)
    codec = _known(encoding) if encoding else find_encoding(sample, path.name)
    if codec == "utf-8" and not encoding and not compressed and (head is None or path.stat().st_size <= head):
        # The common road: nothing is copied. A bad byte further on is found while reading.
        return Source(path.name, path, "csv", codec, False)
    free = shutil.disk_usage(work).free
    if head is None and size > free:
        raise UserError(
            "disk_full",
            f"{path.name} needs {size / 2**30:.1f} GB of disk to be read; {free / 2**30:.1f} GB are free.",
            "Free some space, then start the import again.",
        )
    try:
        return _transcode(path, work / "text.csv", codec, compressed, head)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(
            "broken_gzip", f"{path.name} cannot be unpacked: {error}.", "Download or compress it again."
        ) from error


def stated_size(path: Path) -> int:
    """Bytes that a file says it holds once unpacked: of gzip, what its last four bytes state, which is the size
    modulo 4 GB of its last part; of other files, the bytes there are."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if file.read(2) != _GZIP or size < 18:
            return size
        file.seek(-4, 2)
        stated = int.from_bytes(file.read(4), "little")
    # More than deflate can pack is the end of a file cut short, not a size.
    return max(size, stated) if stated <= size * _MOST_TIMES else size


def reopen(source: Source, path: Path, work: Path) -> Source:
    """The same file, for one whose head looked like UTF-8 but which is not: decide on the bytes that fail."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    before = b""
    for block in _blocks(path, source.compressed):
        try:
            decoder.decode(block)
        except UnicodeDecodeError:
            codec = find_encoding(before[-BLOCK:] + block, path.name)
            return _transcode(path, work / "text.csv", codec, source.compressed, None)
        before = block
    return source


def find_encoding(sample: bytes, name: str = "The file") -> str:
    """The encoding of some bytes: by marks, else UTF-8, else GB18030 by common characters, else a guess."""
    if sample.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    zeros = sample.count(0)
    if zeros:
        # UTF-16 without a mark: digits and commas leave a zero in every other byte.
        if zeros >= 0.2 * len(sample) and len(sample) > 3:
            codec = "utf-16-le" if sample[1::2].count(0) >= sample[0::2].count(0) else "utf-16-be"
            if not re.search("[\x00-\x08\x0e-\x1f]", sample[: len(sample) & ~1].decode(codec, "replace")):
                return codec
        raise _binary(name)
    control = sum(
        sample.count(byte) for byte in range(32) if byte not in (9, 10, 11, 12, 13, 27, 28, 29, 30, 31)
    )
    if control > 0.001 * len(sample):
        raise _binary(name)
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(sample)
    broken = text.count("\ufffd")
    if not broken:
        return "utf-8"
    wide = sum(ch > "\x7f" for ch in text)
    if broken < 0.02 * wide and broken < 0.001 * len(text):
        return "utf-8"
    chinese = codecs.getincrementaldecoder("gb18030")("replace").decode(sample)
    others = [ch for ch in chinese if ch > "\x7f"]
    if others and sum(map(_common_in_chinese, others)) >= 0.8 * len(others):
        return "gb18030"
    from charset_normalizer import from_bytes  # only odd files pay for it

    best = from_bytes(sample[: 1 << 18]).best()
    guess = best.encoding.replace("_", "-") if best else "cp1252"
    return guess if guess not in ("ascii", "utf-8") else "cp1252"


def _common_in_chinese(character: str) -> bool:
    """Whether GB2312 has it among punctuation or the 3,755 most used characters."""
    try:
        first = character.encode("gb2312")[0]
    except UnicodeEncodeError:
        return False
    return 0xA1 <= first <= 0xA3 or 0xB0 <= first <= 0xD7


def _known(encoding: str) -> str:
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        raise UserError(
            "bad_encoding_name",
            f"There is no encoding called {encoding!r}.",
            f"Use one of {', '.join(ENCODINGS)}.",
        ) from None
    return "gb18030" if name in ("gbk", "gb2312") else name


def _too_large(name: str, what: str) -> UserError:
    return UserError(
        "too_large",
        f"{name} {what}; up to {MOST_UNPACKED >> 30} GB are unpacked.",
        "Unpack it and add the text file by its path on the command line, or split it into parts.",
    )


def _refuse_other_formats(name: str, sample: bytes, compressed: bool) -> None:
    if compressed and sample.startswith((b"PAR1", *workbook.MAGIC)):
        raise UserError(
            "not_a_table", f"{name} is a gzip of a file that is no text.", "Unpack it, and add what is in it."
        )
    packer = next((packer for mark, packer in _PACKERS.items() if sample.startswith(mark)), None)
    if packer:
        raise UserError(
            "packed_file",
            f"{name} is packed with {packer}, which is not read.",
            "Unpack it, and add the tables in it.",
        )
    if sample.startswith(workbook.MAGIC):
        raise UserError(
            "zip_file",
            f"{name} is a zip or office file that is no workbook.",
            "Unpack it, and add the tables in it.",
        )
    opening = sample[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if opening.startswith((b"<!doctype", b"<html", b"<?xml", b"<table", b"{\\rtf", b"%pdf")):
        what = "a PDF or text document" if opening[:1] in b"%{" else "a web page or XML"
        raise UserError("not_a_table", f"{name} is {what}, whatever its name says.", SAVE_AS)


def _binary(name: str) -> UserError:
    return UserError(
        "not_a_table", f"{name} is not text: it may be a picture, a program or a damaged file.", SAVE_AS
    )


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(8)


def _text_head(path: Path, compressed: bool, size: int) -> bytes:
    try:
        with closing(_open(path, compressed)) as file:
            return file.read(size)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UserError(
            "broken_gzip", f"{path.name} cannot be unpacked: {error}.", "Download or compress it again."
        ) from error


def _open(path: Path, compressed: bool) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path, "rb")) if compressed else path.open("rb")


def _blocks(path: Path, compressed: bool) -> Iterator[bytes]:
    """Raises UserError too_large where a gzip file unpacks to more than it said."""
    taken = 0
    with closing(_open(path, compressed)) as file:
        while block := file.read(BLOCK):
            taken += len(block)
            if compressed and taken > MOST_UNPACKED:
                raise _too_large(path.name, "unpacks to more than it says")
            yield block


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _transcode(path: Path, target: Path, codec: str, compressed: bool, head: int | None) -> Source:
    """Write the text as UTF-8 without a mark, block by block."""
    decoder = codecs.getincrementaldecoder(codec)("replace")
    replaced = characters = taken = 0
    whole = True
    with target.open("wb") as out:
        for block in _blocks(path, compressed):
            taken += len(block)
            text = decoder.decode(block)
            replaced += text.count("\ufffd")
            characters += len(text)
            if head is not None and taken > head:
                out.write(text[: text.rfind("\n") + 1].encode("utf-8"))
                whole = False
                break
            out.write(text.encode("utf-8"))
        else:
            out.write(decoder.decode(b"", True).encode("utf-8"))
    if replaced > max(3, 0.01 * characters):
        raise UserError(
            "wrong_encoding",
            f"{path.name} cannot be read as {codec}: {replaced:,} of {characters:,} characters make no"
            " sense.",
            f"Choose another encoding ({', '.join(ENCODINGS)}), or save the file as UTF-8.",
        )
    return Source(path.name, target, "csv", codec, compressed, replaced, whole)
