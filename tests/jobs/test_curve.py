"""A training's curve goes from the worker to the page's job state, whole and in order."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

from socialml.jobs import steps, worker
from socialml.jobs.job import Job
from socialml.jobs.manager import Manager
from socialml.progress import Progress

CURVE = {"epoch": [1, 2], "training": [0.5, 0.4]}


def test_a_curve_is_in_the_line_and_only_then() -> None:
    assert json.loads(worker._line(Progress(1, 2, "a", CURVE)))["curve"] == {
        "epoch": [1, 2],
        "training": [0.5, 0.4],
    }
    assert "curve" not in json.loads(worker._line(Progress(1, 2, "a")))


def test_a_later_report_without_a_curve_does_not_swallow_it() -> None:
    out = io.StringIO()
    reporter = worker._Reporter(out)
    reporter(Progress(1, 3, "epoch 2", CURVE))
    reporter(Progress(2, 3, "predicting"))  # before anything was written
    with reporter:
        pass
    (line,) = [json.loads(text) for text in out.getvalue().splitlines()]
    assert line["message"] == "predicting"
    assert line["curve"]["training"] == [0.5, 0.4]


def test_the_manager_shows_the_newest_curve_while_the_job_runs(
    manager: Manager, wait_until: Callable[..., None]
) -> None:
    job_id = manager.submit("toy", "shop", {"steps": 200, "pause": 0.05})
    wait_until(lambda: manager.state(job_id).message.startswith("Step"))
    job: Job = manager._job(job_id)
    line = json.dumps({"fraction": 0.5, "message": "epoch 2", "curve": CURVE}).encode()
    steps._take_progress(job, line)
    steps._take_progress(job, b'{"fraction": 0.6, "message": "predicting"}')
    assert manager.state(job_id).curve == {"epoch": [1.0, 2.0], "training": [0.5, 0.4]}
    steps._take_progress(job, b'{"fraction": 0.6, "message": "x", "curve": [1]}')  # goes to the log
    assert manager.state(job_id).curve == {"epoch": [1.0, 2.0], "training": [0.5, 0.4]}
    manager.cancel(job_id)
    assert manager.wait(job_id, 30).curve is None
