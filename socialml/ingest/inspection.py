"""A quick look at a file: what it is, what its columns seem to mean, and what has to be asked."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from socialml.errors import UserError
from socialml.ingest import dates, guess, numbers, privacy, read, staging, values, workbook
from socialml.ingest.layout import DELIMITER_NAMES, shape_of
from socialml.ingest.read import Raw
from socialml.ingest.records import is_time, time_candidates
from socialml.ingest.source import open_source, stated_size
from socialml.ingest.values import Fetch
from socialml.schema import KINDS

WHOLE = 16 << 20  # a file of up to so many bytes is looked at whole
HEAD = 1 << 20  # of a larger one so many bytes of text
_PARQUET_ROWS = 50_000  # of a Parquet file so many rows
_SHOWN = 20  # sample rows


@dataclass(frozen=True)
class Inspection:
    """What was found; `options` of an import may say otherwise.

    header: unique names, as the mapping uses them. sample: the first rows, as text.
    mapping: {field: header}, remembered from a file of the same shape or guessed.
    missing: required fields that nothing is mapped to.
    time_forms: {header: [{form, order, rows, examples}]}; order None where it has to be asked.
    questions: [{code, setting (of the options), header, sentence, examples, choices: [{value, meaning}], suggestion,
    rows}].
    whole: whether all rows were looked at; if not, more questions may come up in the import.
    """

    file: str
    bytes: int
    format: str  # 'csv', 'parquet' or 'excel'
    compressed: bool
    encoding: str | None
    delimiter: str | None
    delimiter_name: str | None
    has_header: bool
    header: list[str]
    sample: list[list[str]]
    rows_seen: int
    whole: bool
    kind: str
    reason: str
    mapping: dict[str, str]
    remembered: bool
    unmapped: list[str]
    missing: list[str]
    time_forms: dict[str, list[dict[str, Any]]]
    questions: list[dict[str, Any]]
    shape: str
    sheet: str | None  # of a workbook, and all of its sheets
    sheets: list[str]
    private: list[dict[str, Any]]  # see privacy.Private; left out unless kept or needed
    mended: bool  # rows that an import rejected: see ingest.mended

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def inspect(
    path: str | Path,
    *,
    kind: str | None = None,
    mapping: dict[str, str] | None = None,
    remembered: dict[str, str] | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    folder: Path | None = None,
) -> Inspection:
    """Look at a file without importing it.

    kind, mapping, encoding, delimiter, sheet: what the user has settled already. remembered: the mapping of the last
    file with these headers, taken where its headers are all there. folder: for what is written meanwhile, which a
    process that is killed leaves behind; the system's own if not given.
    Raises UserError for files that cannot be read as a table.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(
            "no_file", f"There is no file {path}.", "Check the path and the spelling of its name."
        )
    size = path.stat().st_size
    small = stated_size(path) <= WHOLE
    with tempfile.TemporaryDirectory(prefix="inspect-", dir=folder) as name:
        work = Path(name)
        source = open_source(path, work, encoding, head=None if small else HEAD)
        con = read.connect(work, memory_limit="600MB")
        try:
            raw = read.read(con, source, path, work, delimiter, _PARQUET_ROWS, sheet)
            while not read.keep(con, raw):
                raw = read.again(con, raw, path, work, delimiter)
            fetch: Fetch = lambda sql: con.execute(sql).fetchall()  # noqa: E731
            sample = staging.sample(fetch, raw)
            guessed = guess.guess(raw.layout.names, sample, kind)
            use, known = _mapping(guessed, mapping, remembered, raw)
            known_ = {field: header for field, header in use.items() if header in raw.columns}
            private = privacy.find(fetch, raw, guessed.kind, known_)
            forms, questions = _times(fetch, raw, guessed.kind, use)
            if KINDS[guessed.kind].columns:
                questions += numbers.of_file(fetch, raw, guessed.kind, known_, sample).questions
        except duckdb.OutOfMemoryException as error:
            raise read.too_much(path.name) from error
        finally:
            con.close()
    layout, used = raw.layout, set(use.values())
    return Inspection(
        file=path.name,
        bytes=size,
        format=source.format,
        compressed=source.compressed,
        encoding=raw.source.encoding,
        delimiter=layout.delimiter or None,
        delimiter_name=DELIMITER_NAMES.get(layout.delimiter),
        has_header=layout.has_header,
        header=list(layout.names),
        sample=sample[:_SHOWN],
        rows_seen=raw.rows,
        whole=small if source.format == "csv" else raw.rows < _PARQUET_ROWS,
        kind=guessed.kind,
        reason=guessed.reason,
        mapping=use,
        remembered=known,
        unmapped=[] if guessed.kind == "records" else [name for name in layout.names if name not in used],
        missing=KINDS[guessed.kind].missing(set(use)) if KINDS[guessed.kind].columns else [],
        time_forms=forms,
        questions=questions,
        shape=shape_of(layout.names),
        sheet=raw.sheet,
        sheets=workbook.sheets(path),
        private=[one.as_dict() for one in private],
        mended=raw.mended is not None,
    )


def _mapping(
    guessed: guess.Guess, given: dict[str, str] | None, remembered: dict[str, str] | None, raw: Raw
) -> tuple[dict[str, str], bool]:
    """The user's mapping, else the remembered one if it fits, else the guess; whether it was remembered."""
    if given is not None:
        return given, False
    fits = remembered and set(remembered) <= set(KINDS[guessed.kind].names)
    if remembered and fits and set(remembered.values()) <= set(raw.layout.names):
        return remembered, True
    return guessed.mapping, False


def _times(
    fetch: Fetch, raw: Raw, kind: str, mapping: dict[str, str]
) -> tuple[dict[str, list[dict[str, Any]]], list[dict[str, Any]]]:
    """The forms of each time column and the questions they raise."""
    forms: dict[str, list[dict[str, Any]]] = {}
    questions: list[dict[str, Any]] = []
    columns = raw.columns
    candidates = time_candidates(fetch, list(columns.values())) if kind == "records" else set()
    fields = {c.name for c in KINDS[kind].columns if c.type == "time"}
    headers = [header for field, header in mapping.items() if field in fields and header in columns]
    for header in headers if KINDS[kind].columns else list(columns):
        value = values.trimmed(columns[header], raw.odd_spaces)
        if kind == "records" and not (columns[header] in candidates and is_time(fetch, value)):
            continue
        found = dates.judge(fetch, header, value)
        forms[header] = [
            {"form": form.label, "order": form.order, "rows": form.rows, "examples": form.examples}
            for form in found.forms
        ]
        question = found.question()
        if question:
            questions.append(question)
    return forms, questions
