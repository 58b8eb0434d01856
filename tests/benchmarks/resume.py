"""Pieces of a long benchmark that are kept, so that a run that was stopped goes on."""

from __future__ import annotations

import ast
import functools
import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@functools.cache
def version(bench: str) -> str:
    """A hash of the code that could change a result, as it is at the first call: the benchmark's own file and all
    of the project that it imports, wherever the import stands, but for what keeps rows and runs."""
    seen: set[Path] = set()
    waiting = [Path(bench)]
    while waiting:
        file = waiting.pop()
        if file not in seen:
            seen.add(file)
            waiting += (found for found in _imported(file) if found.parent.name not in ("store", "schema"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in sorted(seen))).hexdigest()[:12]


def _imported(file: Path) -> Iterator[Path]:
    """The project's files that a file names. A package's own file counts only where something is taken from it."""
    package = file.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _file(alias.name.split("."))
        elif isinstance(node, ast.ImportFrom):
            above = list(package[: len(package) + 1 - node.level]) if node.level else []
            module = [*above, *((node.module or "").split(".") if node.module else [])]
            for alias in node.names:
                yield from (list(_file([*module, alias.name])) or _file(module))


def _file(parts: list[str]) -> Iterator[Path]:
    if parts and parts[0] in ("socialml", "tests"):
        path = ROOT.joinpath(*parts)
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.exists():
                yield file


def kept(bench: str, code: str, name: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `work` gives, from .bench/ where this code gave it before."""
    file = ROOT / ".bench" / bench / code / f"{name}.json"
    if not file.exists():
        found = work()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(found, default=float))
        print(name, file.read_text(), file=sys.stderr, flush=True)
    return json.loads(file.read_text())
