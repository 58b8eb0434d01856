"""An import as a job: `prepare` in the server, `compute` in a worker, `finish` in the server again."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from socialml.artefacts import Table
from socialml.errors import UserError
from socialml.ingest import dates, numbers, zones
from socialml.ingest.inspection import Inspection, inspect
from socialml.ingest.options import Options
from socialml.ingest.staging import stage
from socialml.progress import Progress, Report, silent
from socialml.schema import KINDS
from socialml.store import Store


@dataclass(frozen=True, kw_only=True)
class Config:
    """What to import and how. None: find out."""

    path: str
    dataset: str
    file: str | None = None  # the name the user knows it by, where the path is that of an upload
    kind: str | None = None
    mapping: dict[str, str] | None = None  # {field: header}, whole; nothing is added to it
    date_order: str | None = None  # 'ymd', 'mdy' or 'dmy'
    decimal: str | None = None  # 'point' or 'comma'
    money_unit: str | None = None  # 'yuan' or 'fen'
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None  # of a workbook
    currency: str = "CNY"  # of the dataset, where this import makes it
    timezone: str = "Asia/Shanghai"  # likewise
    hash_ids: bool = False  # store pseudonyms of customers' ids; all imports of a dataset must agree
    keep: tuple[str, ...] = ()  # headers of columns that look private and are wanted nevertheless

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Config:
        """Raises UserError bad_config that names the value, what it may be, and the way out."""
        known = {item.name for item in fields(cls)}
        if extra := set(values) - known:
            raise _bad(min(extra), values[min(extra)], f"known settings are {', '.join(sorted(known))}")
        for name in ("path", "dataset"):
            if not isinstance(values.get(name), str) or not values[name].strip():
                raise _bad(name, values.get(name), "it must be text that is not empty")
        for name in ("file", "kind", "date_order", "decimal", "money_unit", "encoding", "delimiter", "sheet"):
            if values.get(name) is not None and not isinstance(values[name], str):
                raise _bad(name, values[name], "it must be text or nothing")
        _one_of("kind", values.get("kind"), tuple(KINDS))
        _one_of("date_order", values.get("date_order"), tuple(dates.ORDERS))
        _one_of("decimal", values.get("decimal"), tuple(numbers.DECIMALS))
        _one_of("money_unit", values.get("money_unit"), tuple(numbers.UNITS))
        delimiter = values.get("delimiter")
        if delimiter is not None and (len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n'):
            raise _bad("delimiter", delimiter, "it must be one plain character, such as , ; | or a tab")
        mapping = values.get("mapping")
        if mapping is not None and not (
            isinstance(mapping, dict)
            and all(isinstance(k, str) and isinstance(v, str) for k, v in mapping.items())
        ):
            raise _bad("mapping", mapping, "it must be pairs of field and header")
        currency = values.get("currency", "CNY")
        if not (
            isinstance(currency, str) and len(currency) == 3 and currency.isascii() and currency.isalpha()
        ):
            raise _bad("currency", currency, "it must be a code of three letters, such as CNY")
        zone = values.get("timezone", "Asia/Shanghai")
        if not isinstance(zone, str):
            raise _bad("timezone", zone, "it must be a name such as Asia/Shanghai")
        zones.check(zone)
        if not isinstance(values.get("hash_ids", False), bool):
            raise _bad("hash_ids", values["hash_ids"], "it must be true or false")
        keep = values.get("keep", ())
        if not (isinstance(keep, (list, tuple)) and all(isinstance(header, str) for header in keep)):
            raise _bad("keep", keep, "it must be a list of headers")
        return cls(**{**values, "keep": tuple(keep)})


@dataclass(frozen=True, eq=False)
class Inputs:
    """What the worker needs besides the file: the dataset's zone, the remembered mapping, the time."""

    path: str
    timezone: str
    kind: str | None
    mapping: dict[str, str] | None
    currency: str
    now: datetime  # UTC
    id_key: str | None = None  # the key file that ids are hashed with


@dataclass(frozen=True, eq=False)
class Result:
    accepted: Table
    rejects: Table | None
    receipt: dict[str, Any]

    def metrics(self) -> dict[str, Any]:
        return self.receipt


def prepare(store: Store, dataset: str, config: Config) -> Inputs:
    """Look at the file, and take the mapping that was used for its headers the last time."""
    known = {item.name: item for item in store.datasets()}
    zone = known[dataset].timezone if dataset in known else config.timezone
    currency = known[dataset].currency if dataset in known else config.currency
    kind, mapping = config.kind, config.mapping
    id_key = store.id_key(dataset) if config.hash_ids else None
    if not config.hash_ids and mapping and "user_id" in mapping:
        store.check_ids(dataset, "plain", None)  # told before the work, not after it
    if mapping is None:
        seen = inspect(
            config.path,
            kind=kind,
            encoding=config.encoding,
            delimiter=config.delimiter,
            sheet=config.sheet,
            folder=store.jobs_dir,
        )
        if kind is None and (before := recalled_kind(store, seen)) != seen.kind:
            return prepare(store, dataset, replace(config, kind=before))
        kind, mapping = seen.kind, recalled(store, seen)
    return Inputs(
        config.path,
        zone,
        kind,
        mapping,
        currency,
        datetime.now(UTC).replace(tzinfo=None, microsecond=0),
        str(id_key) if id_key else None,
    )


def recalled(store: Store, seen: Inspection) -> dict[str, str]:
    """The mapping used for the last file of this kind with these headers, else the guessed one."""
    remembered = store.mapping(seen.shape, seen.kind)
    return remembered if remembered and set(remembered.values()) <= set(seen.header) else seen.mapping


def recalled_kind(store: Store, seen: Inspection) -> str:
    """What a file of mended rows was imported as before; of any other file the guess."""
    before = store.mapped_kinds(seen.shape) if seen.mended else []
    return seen.kind if seen.kind in before or not before else before[0]


def compute(inputs: Inputs, config: Config, report: Report) -> Result:
    """Stage the file into a new temporary folder; a worker's TMPDIR is inside its job."""
    out = Path(tempfile.mkdtemp(prefix="import-"))
    staged = stage(Path(inputs.path), out, _options(inputs, config), report, inputs.now)
    rejects = Table(staged.rejects) if staged.rejects else None
    return Result(Table(staged.accepted), rejects, _told(staged.receipt, inputs, config))


def finish(store: Store, dataset: str, result: Result) -> dict[str, Any]:
    """Move the staged rows into the dataset, made if it is new; the receipt as it is stored."""
    accepted, rejects = result.accepted.path, result.rejects.path if result.rejects else None
    if accepted is None:
        raise ValueError("the rows are not on disk")
    receipt = result.receipt
    store.check_ids(dataset, receipt["user_ids"], receipt["id_key"])
    settings = receipt.get("currency", "CNY"), receipt.get("timezone", "Asia/Shanghai")
    return store.add_import(dataset, receipt["kind"], accepted, receipt, rejects, make=settings).receipt


def ingest_file(
    store: Store,
    path: str | Path,
    dataset: str,
    *,
    kind: str | None = None,
    mapping: dict[str, str] | None = None,
    date_order: str | None = None,
    decimal: str | None = None,
    money_unit: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    currency: str = "CNY",
    timezone: str = "Asia/Shanghai",
    hash_ids: bool = False,
    keep: tuple[str, ...] = (),
    report: Report = silent,
) -> dict[str, Any]:
    """Import one file in this process; the receipt. An error leaves the store as it was.

    mapping: may hold only some fields; the others are recalled or guessed.
    """
    if mapping:
        seen = inspect(
            path, kind=kind, encoding=encoding, delimiter=delimiter, sheet=sheet, folder=store.jobs_dir
        )
        if kind is None and (before := recalled_kind(store, seen)) != seen.kind:
            seen = inspect(
                path, kind=before, encoding=encoding, delimiter=delimiter, sheet=sheet, folder=store.jobs_dir
            )
        kind, others = seen.kind, recalled(store, seen)
        mapping = {
            f: h for f, h in others.items() if f not in mapping and h not in mapping.values()
        } | mapping
    given = {
        "kind": kind,
        "date_order": date_order,
        "decimal": decimal,
        "money_unit": money_unit,
        "encoding": encoding,
        "delimiter": delimiter,
        "sheet": sheet,
    }
    config = Config.from_json(
        {
            "path": str(path),
            "dataset": dataset,
            "mapping": mapping,
            "currency": currency,
            "timezone": timezone,
            "hash_ids": hash_ids,
            "keep": keep,
            **given,
        }
    )
    inputs = prepare(store, dataset, config)
    folder = Path(tempfile.mkdtemp(prefix="import-", dir=store.jobs_dir))
    try:
        staged = stage(Path(inputs.path), folder / "staged", _options(inputs, config), report, inputs.now)
        report(Progress(10, 10, "Saving"))
        rejects = Table(staged.rejects) if staged.rejects else None
        receipt = _told(staged.receipt, inputs, config)
        return finish(store, dataset, Result(Table(staged.accepted), rejects, receipt))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _told(receipt: dict[str, Any], inputs: Inputs, config: Config) -> dict[str, Any]:
    return {**receipt, "currency": inputs.currency, "file": config.file or receipt["file"]}


def _options(inputs: Inputs, config: Config) -> Options:
    return Options(
        kind=inputs.kind,
        mapping=inputs.mapping,
        date_order=config.date_order,
        decimal=config.decimal,
        money_unit=config.money_unit,
        encoding=config.encoding,
        delimiter=config.delimiter,
        sheet=config.sheet,
        timezone=inputs.timezone,
        keep=config.keep,
        id_key=Path(inputs.id_key) if inputs.id_key else None,
    )


def _one_of(name: str, value: str | None, choices: tuple[str, ...]) -> None:
    if value is not None and value not in choices:
        raise _bad(name, value, f"it must be one of {', '.join(choices)}")


def _bad(name: str, value: Any, bound: str) -> UserError:
    return UserError(
        "bad_config", f"{name} is {value!r}; {bound}.", f"Change {name} and start the import again."
    )
