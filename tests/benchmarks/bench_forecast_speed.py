"""How fast the forecaster's net learns: 20 epochs on 20,000 users, and beside a bare torch loop of the same net.

The bare loop is what nobody could avoid: forward, backward and a step of Adam on ready-made random batches of
the same shape. Two threads; the machine's load is told, for a busy machine makes every figure a lower bound.

run() -> dict, and `python -m tests.benchmarks.bench_forecast_speed [users]` prints it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from socialml.features.sequences import Sequences
from socialml.models import sequence_inputs
from socialml.models.boosted_forecast import Boosted
from socialml.models.sequence_net import Net, Settings, train
from socialml.progress import silent
from tests.models.toy_sequences import histories

USERS, EPOCHS = 20_000, 20
SECONDS = {12: 60.0, 24: 120.0}  # for all epochs
SHARE = 0.8  # of the bare loop's sequences a second
BARE_BATCHES = 60
THREADS = 2


def full(users: int, months: int) -> Sequences:
    """Users known in every month, so that each window is a whole one."""
    rng = np.random.default_rng(0)
    bought = rng.poisson(rng.gamma(1, 4, (users, 1)), (users, months)).astype(float)
    return histories(bought * rng.lognormal(4, 0.5, (users, months)), orders=bought)


def bare(seq: Sequences, settings: Settings) -> float:
    """Sequences a second."""
    scales = sequence_inputs.scales(seq, seq.m - 1, settings.before_first)
    inputs = sequence_inputs.build(seq.until(2), scales, settings.before_first)
    b, length = settings.batch, settings.window_months
    net = Net(
        inputs.monthly.shape[2], inputs.static.shape[1], units=settings.units,
        static_units=settings.static_units, dropout=settings.dropout, brief=settings.brief,
    )  # fmt: skip
    batch = (
        torch.randn(length, b, inputs.monthly.shape[2]),
        torch.randn(length, b, inputs.calendar.shape[1] + 12),
        torch.randn(b, inputs.static.shape[1]),
        torch.Generator(),
    )
    optimiser = torch.optim.Adam(net.parameters(), fused=True)
    began = 0.0
    for i in range(BARE_BATCHES + 5):
        if i == 5:  # the first ones find memory and kernels
            began = time.perf_counter()
        optimiser.zero_grad()
        net(*batch).abs().mean().backward()
        optimiser.step()
    return BARE_BATCHES * b / (time.perf_counter() - began)


def window(users: int, months: int) -> dict[str, Any]:
    """Ours and the bare loop's speed, the latter before and after: the mean of both."""
    seq = full(users, months + 1)
    settings = Settings(window_months=months, epochs=EPOCHS, patience=EPOCHS)
    targets = list(range(1, months))
    train(seq.until(months), targets[:2], [], replace(settings, epochs=1), silent)
    before = bare(seq, settings)
    began = time.perf_counter()
    train(seq, targets, [months], settings, silent)
    seconds = time.perf_counter() - began
    after = bare(seq, settings)
    ours, theirs = EPOCHS * users / seconds, (before + after) / 2
    return {
        "seconds": round(seconds, 1),
        "sequences a second": round(ours),
        "bare loop": round(theirs),
        "share": round(ours / theirs, 3),
    }


def boosted(users: int) -> float:
    seq = full(users, 13)
    began = time.perf_counter()
    Boosted().fit(seq, list(range(1, 13)), 0).predict(seq, 13)
    return round(time.perf_counter() - began, 1)


def run(users: int = USERS) -> dict[str, Any]:
    torch.set_num_threads(THREADS)
    load = os.getloadavg()[0]
    found = {months: window(users, months) for months in SECONDS}
    return {
        **{f"windows of {months} months": values for months, values in found.items()},
        "boosted trees, seconds": boosted(users),
        "load before and after": [round(load, 2), round(os.getloadavg()[0], 2)],
        "holds": all(
            found[months]["seconds"] < most * users / USERS and found[months]["share"] >= SHARE
            for months, most in SECONDS.items()
        ),
    }


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    print(json.dumps(run(*numbers), indent=1))
