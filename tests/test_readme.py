"""What README promises is run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.S)


def test_every_command_runs(tmp_path: Path) -> None:
    env = {**os.environ, "SOCIALML_STORE": str(tmp_path / "shop.duckdb"), "PYTHONPATH": str(ROOT)}
    commands = [line for block in blocks("") for line in block.splitlines() if line.startswith("python -m ")]
    assert len(commands) >= 8
    assert "--users 1000 " in commands[0]
    for told in commands:
        # A smaller shop takes the same road in less time.
        command = told.replace("--users 1000 ", "--users 300 ")
        words = [sys.executable, *shlex.split(command)[1:]]
        done = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stderr}"


def test_the_python_example_runs(tmp_path: Path) -> None:
    from socialml import sample

    sample.write(sample.generate(300), tmp_path / "shop")
    (code,) = blocks("python")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "groups" in done.stdout


def test_make_targets_named_there_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`?make (\w+)", README)):
        assert target in ("and",) or re.search(rf"^{target}:", makefile, flags=re.M), target
    for picture in re.findall(r"!\[.*?\]\((.*?)\)", README):
        assert (ROOT / picture).exists(), picture
