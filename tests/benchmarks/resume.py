"""Pieces of a long benchmark that are kept, so that a run that was stopped goes on."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def version(files: Iterable[Path]) -> str:
    """A hash of the code that could change a result."""
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


def kept(bench: str, code: str, name: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `work` gives, from .bench/ where this code gave it before."""
    file = ROOT / ".bench" / bench / code / f"{name}.json"
    if not file.exists():
        found = work()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(found, default=float))
        print(name, file.read_text(), file=sys.stderr, flush=True)
    return json.loads(file.read_text())
