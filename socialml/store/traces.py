"""What files and JSON values beside the rows say of a customer: artefacts and metrics of runs, records of jobs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from socialml.schema import names_user
from socialml.store.runs import Run

_TELLING = 6  # characters of an id that means this customer in a column of any name


def holds(run: Run, called: set[str]) -> bool:
    """Whether the metrics or the artefacts of a run name the customer."""
    files = run.folder.iterdir() if run.folder.is_dir() else ()
    return any(_found(run.metrics, called)) or any(_in_file(file, called) for file in files)


def _in_file(file: Path, called: set[str]) -> bool:
    if file.suffix == ".parquet":
        return holds_table(file, called)
    if file.suffix == ".json":
        return any(True for _ in _found(json.loads(file.read_text(encoding="utf-8")), called))
    if file.suffix == ".npz":
        import numpy as np

        with np.load(file, allow_pickle=False) as stored:
            return any(
                np.isin(stored[name], list(called)).any() for name in stored if stored[name].dtype.kind == "U"
            )
    return False


def holds_table(file: Path, called: set[str]) -> bool:
    """Whether a Parquet file names the customer: short ids count in columns of customers only."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    schema, every = pq.read_schema(file), pa.array(sorted(called))
    telling = pa.array(sorted(name for name in called if len(name) >= _TELLING), pa.string())
    names = [f.name for f in schema if names_user(f.name) or (len(telling) and _is_text(f.type))]
    if not names:
        return False
    with pq.ParquetFile(file) as stored:
        for batch in stored.iter_batches(columns=names):
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                wanted = every if names_user(name) else telling
                if (
                    not pa.types.is_nested(column.type)
                    and pc.any(pc.is_in(column.cast(pa.string()), wanted)).as_py()
                ):
                    return True
    return False


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    plain = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.types.is_string(plain) or pa.types.is_large_string(plain)


def _found(value: Any, called: set[str], key: str = "") -> Iterator[str]:
    """The customer's names among JSON values."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _found(name, called, key)
            yield from _found(item, called, name)
    elif isinstance(value, list):
        for item in value:
            yield from _found(item, called, key)
    elif str(value) in called and (names_user(key) or len(str(value)) >= _TELLING):
        yield str(value)


def without(value: Any, called: set[str], key: str = "") -> Any:
    """JSON values without those that name the customer."""
    if isinstance(value, dict):
        kept = {name: item for name, item in value.items() if not any(_found(name, called, key))}
        return {name: without(item, called, name) for name, item in kept.items()}
    if isinstance(value, list):
        # A row about the customer goes as a whole.
        return [
            without(item, called, key)
            for item in value
            if isinstance(item, list) or not any(_found(item, called, key))
        ]
    return None if any(_found(value, called, key)) else value


def clear_job(file: Path, dataset: str | None) -> None:
    """The copy of a receipt that an ended import keeps: its examples may be the customer's."""
    try:
        job = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:  # a server that was killed left it; the next one clears it away
        return
    if not isinstance(job, dict) or job.get("dataset") != dataset or not isinstance(job.get("result"), dict):
        return
    for warning in job["result"].get("warnings", []):
        warning["examples"] = []
    part = file.with_name(file.name + ".part")
    part.write_text(json.dumps(job, ensure_ascii=False), encoding="utf-8")
    os.replace(part, file)
