"""Which files a command means that was given files and folders."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from socialml.errors import UserError
from socialml.ingest.options import SUFFIXES


def expand(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """The files to import, and what lies in the folders beside them and is none.

    A folder stands for the tables in it, in the order of their names. Folders in it are not entered; hidden files,
    and those that Excel keeps of an open workbook, do not count. Raises UserError empty_folder.
    """
    files: list[Path] = []
    others: list[Path] = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        seen = [
            item
            for item in sorted(path.iterdir(), key=lambda item: (item.name.casefold(), item.name))
            if not item.name.startswith((".", "~$"))
        ]
        tables = [item for item in seen if item.is_file() and item.name.lower().endswith(SUFFIXES)]
        if not tables:
            raise UserError(
                "empty_folder",
                f"{path} holds no file to import.",
                f"Such files end with {', '.join(SUFFIXES)}.",
            )
        files += tables
        others += [item for item in seen if item not in tables]
    return files, others
