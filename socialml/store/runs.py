"""Finished analyses and the names users gave."""

from __future__ import annotations

import json
import secrets
import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from socialml.errors import UserError
from socialml.store.connection import now
from socialml.store.datasets import Datasets


@dataclass(frozen=True)
class Run:
    run_id: str
    dataset: str
    analysis: str
    dataset_version: str
    config: dict[str, Any]
    seed: int
    metrics: dict[str, Any]
    environment: dict[str, Any]  # versions of the code and its libraries, threads
    seconds: float
    created_at: datetime
    folder: Path

    @property
    def erased_at(self) -> str | None:
        """When its artefacts were removed because they held a customer who was erased (ISO, UTC)."""
        return self.environment.get("erased_at")


class Runs(Datasets):
    def new_run_id(self, analysis: str) -> str:
        return f"{analysis.replace('_', '-')}-{now():%Y%m%d}-{secrets.token_hex(3)}"

    def save_run(
        self,
        run_id: str,
        *,
        dataset: str,
        analysis: str,
        dataset_version: str,
        config: dict[str, Any],
        seed: int,
        metrics: dict[str, Any],
        environment: dict[str, Any],
        seconds: float,
        artefacts: Path,
    ) -> Run:
        """Record a finished run in one transaction; `artefacts` (a whole folder) moves to its place."""
        target = self.dataset(dataset)
        folder = self.runs_dir / run_id
        shutil.move(artefacts, folder)
        try:
            with self.write() as con:
                con.execute(
                    "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [
                        run_id,
                        target.id,
                        analysis,
                        dataset_version,
                        _json(config),
                        seed,
                        _json(metrics),
                        _json(environment),
                        seconds,
                        now(),
                    ],
                )
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return self.run(run_id)

    def runs(self, dataset: str | None = None, analysis: str | None = None) -> list[Run]:
        """Runs, newest first."""
        return self._runs(
            "($dataset IS NULL OR name = $dataset) AND ($analysis IS NULL OR analysis = $analysis)",
            {"dataset": dataset, "analysis": analysis},
        )

    def newest_run(self, dataset: str, analysis: str) -> Run | None:
        found = self._runs(
            "name = $dataset AND analysis = $analysis", {"dataset": dataset, "analysis": analysis}, limit=1
        )
        return found[0] if found else None

    def run(self, run_id: str) -> Run:
        found = self._runs("run_id = $run_id", {"run_id": run_id})
        if not found:
            raise UserError(
                "no_run", f"There is no run '{run_id}'.", "List them with: python -m socialml runs"
            )
        return found[0]

    def _runs(self, where: str, values: dict[str, Any], limit: int | None = None) -> list[Run]:
        with self.read() as con:
            rows = con.execute(
                "SELECT run_id, name, analysis, dataset_version, config, seed, metrics, environment, seconds,"
                f" runs.created_at FROM runs JOIN datasets USING (dataset_id) WHERE {where}"
                f" ORDER BY runs.created_at DESC, runs.rowid DESC{f' LIMIT {limit:d}' if limit else ''}",
                values,
            ).fetchall()
        return [
            Run(
                row[0],
                row[1],
                row[2],
                row[3],
                json.loads(row[4]),
                row[5],
                json.loads(row[6]),
                json.loads(row[7]),
                row[8],
                row[9],
                self.runs_dir / row[0],
            )
            for row in rows
        ]

    def delete_dataset(self, name: str) -> None:
        runs = self.runs(dataset=name)
        with self.write() as con:
            dataset, imports = self.dataset(name, con), self.imports(name, con)
            for info in imports:
                con.execute(f"DROP TABLE rows_{info.id}")
            con.execute(
                "DELETE FROM names WHERE run_id IN (SELECT run_id FROM runs WHERE dataset_id = ?)",
                [dataset.id],
            )
            for table in ("runs", "imports", "marks", "labels", "datasets"):
                con.execute(f"DELETE FROM {table} WHERE dataset_id = ?", [dataset.id])
        for run in runs:
            shutil.rmtree(run.folder, ignore_errors=True)
        for info in imports:
            self._forget_rejects(info)

    def rename_segment(self, run_id: str, segment: int, name: str) -> None:
        """Give a segment of a run the user's own name; an empty one brings the first name back."""
        clean = " ".join(name.split())
        if len(clean) > 60:
            raise UserError(
                "long_name", f"The name has {len(clean)} characters; 60 is the most.", "Shorten it."
            )
        run = self.run(run_id)
        taken = {item["id"]: item["name"] for item in run.metrics.get("segments", [])} | self.segment_names(
            run_id
        )
        if any(other.casefold() == clean.casefold() and number != segment for number, other in taken.items()):
            raise UserError("name_taken", f"Another group is called '{clean}'.", "Choose another name.")
        with self.write() as con:
            con.execute("DELETE FROM names WHERE run_id = ? AND segment = ?", [run_id, segment])
            if clean:
                con.execute("INSERT INTO names VALUES (?, ?, ?)", [run_id, segment, clean])

    def segment_names(self, run_id: str) -> dict[int, str]:
        """The names that users gave, by segment."""
        with self.read() as con:
            return dict(con.execute("SELECT segment, name FROM names WHERE run_id = ?", [run_id]).fetchall())


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
