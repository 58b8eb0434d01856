"""Any Inputs or Result to a folder and back, without pickle.

Frames become Parquet, arrays npz, everything else one JSON manifest. A folder is written under another
name and renamed when whole, so a half-written one is never read.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import typing
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

T = TypeVar("T")
MANIFEST = "manifest.json"


class Table:
    """A large frame that stays on disk until it is asked for."""

    def __init__(self, source: pa.Table | Path) -> None:
        self._source = source

    @property
    def path(self) -> Path | None:
        """The Parquet file, or None while the table is only in memory."""
        return self._source if isinstance(self._source, Path) else None

    @property
    def rows(self) -> int:
        if isinstance(self._source, Path):
            return pq.read_metadata(self._source).num_rows
        return self._source.num_rows

    @property
    def columns(self) -> list[str]:
        if isinstance(self._source, Path):
            return list(pq.read_schema(self._source).names)
        return list(self._source.column_names)

    def read(self, columns: list[str] | None = None) -> pa.Table:
        if isinstance(self._source, Path):
            # partitioning=None: a folder named a=b in the path is not a column.
            return pq.read_table(self._source, columns=columns, partitioning=None)
        return self._source if columns is None else self._source.select(columns)

    def save(self, file: Path) -> None:
        if isinstance(self._source, Path):
            try:
                os.link(self._source, file)  # nobody writes to an artefact, so one copy serves both names
            except OSError:
                shutil.copyfile(self._source, file)
        else:
            pq.write_table(self._source, file, compression="zstd", compression_level=1)


def write(obj: Any, folder: Path) -> None:
    """Write a dataclass to a folder that does not exist yet; the folder appears only when it is whole."""
    part = folder.with_name(folder.name + ".part")
    if part.exists():
        shutil.rmtree(part)
    part.mkdir(parents=True)
    manifest: dict[str, Any] = {}
    for field in dataclasses.fields(obj):
        value = getattr(obj, field.name)
        if isinstance(value, Table):
            value.save(part / f"{field.name}.parquet")
        elif isinstance(value, pd.DataFrame):
            pq.write_table(
                pa.Table.from_pandas(value, preserve_index=False),
                part / f"{field.name}.parquet",
                compression="zstd",
            )
        elif isinstance(value, np.ndarray):
            if value.dtype.hasobject:
                raise TypeError(f"{field.name} is an array of objects; store text in a frame")
            np.savez_compressed(part / f"{field.name}.npz", value=value)
        else:
            manifest[field.name] = _to_json(value, field.name)
    (part / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, allow_nan=True), encoding="utf-8")
    part.rename(folder)


def readable(cls: type[Any], folder: Path) -> bool:
    """Whether the folder holds all fields that the class has now: an earlier version may have written fewer."""
    try:
        known = set(json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    except OSError:
        return False
    known |= {file.stem for file in folder.iterdir() if file.suffix in (".parquet", ".npz")}
    return {field.name for field in dataclasses.fields(cls)} <= known


def read(cls: type[T], folder: Path) -> T:
    """The dataclass that `write` put into the folder. Large tables stay on disk."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    values: dict[str, Any] = {}
    hints = typing.get_type_hints(cls)
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        hint = hints[field.name]
        frame, array = folder / f"{field.name}.parquet", folder / f"{field.name}.npz"
        if frame.exists():
            wants_table = hint is Table or Table in typing.get_args(hint)
            values[field.name] = (
                Table(frame) if wants_table else pq.read_table(frame, partitioning=None).to_pandas()
            )
        elif array.exists():
            with np.load(array, allow_pickle=False) as stored:
                values[field.name] = stored["value"]
        else:
            values[field.name] = _from_json(manifest[field.name], hint)
    return cls(**values)


def _to_json(value: Any, name: str) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, dict):
        return {str(key): _to_json(item, name) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_to_json(item, name) for item in value]
    raise TypeError(
        f"{name}: a {type(value).__name__} cannot be stored; use a frame, an array or plain values"
    )


def _from_json(value: Any, hint: Any) -> Any:
    for wanted in typing.get_args(hint) or (hint,):
        if value is not None and wanted in (date, datetime, Path):
            return Path(value) if wanted is Path else wanted.fromisoformat(value)
    if typing.get_origin(hint) is tuple and value is not None:
        return tuple(value)
    if typing.get_origin(hint) is dict and value is not None:
        key_type = typing.get_args(hint)[0]
        if key_type is int:
            return {int(key): item for key, item in value.items()}
    return value
