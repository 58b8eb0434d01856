"""A task with every way to end, for the tests of jobs. Its worker takes it in place of the real ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

import pandas as pd

from socialml.errors import Cancelled, UserError
from socialml.progress import Progress, Report
from socialml.store import Store


@dataclass(frozen=True, kw_only=True)
class Config:
    mode: str = "well"
    steps: int = 2
    pause: float = 0.02  # seconds a step
    seed: int = 0

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Config:
        config = cls(**values)
        if config.steps < 0:
            raise UserError("bad_config", f"steps is {config.steps}; at least 0.", "Use more.")
        return config


@dataclass(frozen=True, eq=False)
class Inputs:
    rows: pd.DataFrame
    pid: int


@dataclass(frozen=True, eq=False)
class Result:
    rows: pd.DataFrame
    total: int
    niceness: int
    threads: str
    server_pid: int

    def metrics(self) -> dict[str, Any]:
        return {"total": self.total}


def prepare(store: Store, dataset: str, config: Config) -> Inputs:
    if config.mode == "mistake in prepare":
        raise UserError("too_few", "5 groups need 50 users; this has 12.", "Import more.")
    if config.mode == "endless query":
        with store.read() as con:
            con.execute("SELECT sum(a.i * b.i) FROM range(1000000) a(i), range(10000000) b(i)").fetchall()
    if config.mode == "endless loop of queries":
        while True:
            with store.read() as con:
                con.execute("SELECT 1").fetchall()
    return Inputs(pd.DataFrame({"n": [1, 2, 3]}), os.getpid())


def compute(inputs: Inputs, config: Config, report: Report) -> Result:
    if config.mode == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if config.mode == "parent of others":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        report(Progress(0, config.steps, f"child {child.pid}"))
        time.sleep(0.2)
    if config.mode == "talkative":
        print("a library says hello")
        os.write(1, b"and another\n")
    for step in range(config.steps):
        report(Progress(step + 1, config.steps, f"Step {step + 1}"))
        time.sleep(config.pause)
    if config.mode == "mistake":
        raise UserError("all_equal", "All values are equal.", "Choose other columns.")
    if config.mode == "bug":
        raise ZeroDivisionError("the secret details")
    if config.mode == "gives up":
        raise Cancelled
    if config.mode == "out of memory":
        raise MemoryError
    if config.mode == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if config.mode == "silent exit":
        os._exit(0)
    return Result(
        inputs.rows,
        int(inputs.rows["n"].sum()) + config.seed,
        os.nice(0),
        os.environ["OMP_NUM_THREADS"],
        inputs.pid,
    )


def finish(store: Store, dataset: str, result: Result) -> dict[str, Any]:
    return {"rows_read": result.total}
