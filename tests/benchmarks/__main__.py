"""make bench: run every benchmark and print what was measured. Resumable: what is done for this code is kept.

python -m tests.benchmarks [NAME ...] [--again]
"""

from __future__ import annotations

import hashlib
import importlib
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DONE = ROOT / ".bench"


def names() -> list[str]:
    return sorted(file.stem.removeprefix("bench_") for file in Path(__file__).parent.glob("bench_*.py"))


def code_version() -> str:
    """A hash of all that could change a result: a finished benchmark counts only for the same code."""
    tracked = subprocess.run(
        ["git", "ls-files", "socialml", "tests/benchmarks", "pages", "app.py", "requirements.txt"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    digest = hashlib.sha256()
    for name in tracked:
        if (ROOT / name).exists():
            digest.update(name.encode() + (ROOT / name).read_bytes())
    return digest.hexdigest()[:12]


def measure(name: str, version: str, again: bool) -> dict[str, Any]:
    file = DONE / f"{name}.json"
    if file.exists() and not again:
        kept = json.loads(file.read_text())
        if kept["version"] == version:
            return kept
    started = time.monotonic()
    # A process of its own, so that memory and caches of one do not help or harm the next.
    module = f"from tests.benchmarks import bench_{name} as b"
    code = f"import json; {module}; print('\\n@@' + json.dumps(b.run(), default=str))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        return {"name": name, "failed": done.returncode}
    result = json.loads(done.stdout.rsplit("\n@@", 1)[1])
    kept = {
        "name": name,
        "version": version,
        "seconds": round(time.monotonic() - started, 1),
        "result": result,
    }
    DONE.mkdir(exist_ok=True)
    file.write_text(json.dumps(kept, indent=1))
    return kept


def main(arguments: list[str]) -> int:
    again = "--again" in arguments
    wanted = [word for word in arguments if not word.startswith("--")] or names()
    unknown = set(wanted) - set(names())
    if unknown:
        print(f"No benchmark {', '.join(unknown)}; there are {', '.join(names())}.")
        return 2
    version, failed = code_version(), False
    for name in wanted:
        kept = measure(name, version, again)
        if "failed" in kept:
            failed = True
            print(f"## {name}: ended with {kept['failed']}\n")
            continue
        print(f"## {name} ({kept['seconds']} s)")
        for key, value in kept["result"].items():
            print(f"  {key}: {json.dumps(value, default=str, ensure_ascii=False)}")
        print(flush=True)
        failed |= kept["result"].get("holds") is False
    return int(failed)


if __name__ == "__main__":
    importlib.invalidate_caches()
    sys.exit(main(sys.argv[1:]))
