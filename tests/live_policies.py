"""A live policy's Result with known numbers, without training, and its run in a store."""

from __future__ import annotations

import shutil
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from socialml import artefacts
from socialml.analyses import _live_agents as agents
from socialml.analyses import base
from socialml.analyses import live_policy as analysis
from socialml.analyses._live_truth import COLUMNS
from socialml.artefacts import Table
from socialml.models.dqn import QNetwork
from socialml.store import Run, Store

CATEGORIES = ["baby", "beauty", "books", "digital", "fashion", "fresh", "home", "jewellery", "pets", "shoes",
              "snacks", "sports"]  # fmt: skip
OFFERS = ["none", "coupon"]
SEGMENTS = ["High-frequency buyers", "Low-frequency browsers", "Socially active", "Price-sensitive", "New"]
# conversion, interactions, revenue, satisfaction (share that comes back), value of each policy; the whole is made up
TODAY = {"conversion": 0.0874, "interactions": 8.4, "revenue": 218.0, "satisfaction": 0.61, "value": 61.0}
GAINS = {"logged": 0.0, "random": -0.28, "popular": -0.12, "greedy": 0.06, "penalty": 0.12, "linucb": 0.05}
LABELS = {"random": "Random", "popular": "Most popular", "logged": "Today's policy", "greedy": "Best at once",
          "penalty": "Best at once, with a rest", "linucb": "Linear bandit (LinUCB)",
          "dqn": "Learned policy (DQN)", "ppo": "Learned policy (PPO)",
          "dqn_by_segment": "Learned policy (a DQN a segment)"}  # fmt: skip


def result(
    winner: str = "penalty", *, agent: str = "dqn", agent_gain: float = 0.118, half: float = 0.04,
    certified: bool = True, viewers: int = 60, propensities: bool = True, **changes: Any,
) -> analysis.Result:  # fmt: skip
    """winner: the policy named; half: half the width of each relative interval."""
    gains = GAINS | {agent: agent_gain}
    best = max(gains, key=gains.__getitem__)
    rng = np.random.default_rng(0)
    users = [f"U{number:07d}" for number in range(1, viewers + 1)]
    width = 8
    values: dict[str, Any] = {
        "dataset": "sample", "currency": "CNY", "as_of": date(2025, 9, 28), "agent": agent, "weeks": 12,
        "log_weeks": 12, "viewers_a": 487, "viewers_b": 488, "impressions_a": 11_190, "impressions_b": 11_206,
        "categories": CATEGORIES, "offers": OFFERS, "satisfaction": "return",
        "certificate": _certificate(0.02 if certified else 0.31), "certified": certified,
        "certificate_reason": "The simulator meets conversion, interactions and revenue of unseen viewers within 5%."
        if certified else "The simulated revenue of unseen viewers is 31% too high; at most 10% is allowed.",
        "ladder": _ladder(gains, best, half), "winner": winner if certified else "",
        "winner_label": LABELS[winner] if certified else "",
        "claims": pd.concat([_claims(name, gain, half) for name, gain in gains.items() if name != "logged"],
                            ignore_index=True),
        "truth": pd.DataFrame(columns=COLUMNS),
        "weekly": _weekly({name: gains[name] for name in dict.fromkeys(("logged", agent, winner))}, half),
        "needed": {"impressions": 11_206, "width": 2 * half, "half_width_impressions": 44_800},
        "curve": pd.DataFrame({"step": [48.0 * i for i in range(1, 21)],
                               "return": [70 - 25 * 0.8**i for i in range(1, 21)]}),
        "recommends": _recommends(dict.fromkeys((agent, winner, "logged")), rng),
        "off_policy": _off_policy(gains) if propensities else _off_policy({}),
        "off_policy_note": "The log is worth 1,900 independent recommendations (effective sample size)."
        if propensities else "The log does not say with what chance each recommendation was shown.",
        "guards": {"offers_a_week": 2, "offer_share": 0.3, "most_seen": 2, "share_seen": 0.3},
        "augmentation": {}, "notes": [], "env_steps": 2_048_000, "train_seconds": 15.2, "refits": 40,
        **agents.stored(_network(rng, width)), "segments": np.arange(viewers) % len(SEGMENTS),
        "states": rng.normal(size=(viewers, width)).astype(np.float32), "viewers": Table(_viewers(users)),
    }  # fmt: skip
    return analysis.Result(**values | changes)


def record(store: Store, done: analysis.Result, config: analysis.Config | None = None) -> Run:
    """The result as a run of its dataset."""
    run_id = store.new_run_id("live_policy")
    folder = store.jobs_dir / run_id
    artefacts.write(done, folder / "result")
    try:
        return base.record(
            store, run_id=run_id, name="live_policy", dataset=done.dataset,
            config=config or analysis.Config(agent=done.agent), version=store.version(done.dataset), result=done,
            folder=folder / "result", seconds=142.0, threads=2,
        )  # fmt: skip
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _certificate(error: float) -> pd.DataFrame:
    """Of a recommendation, visits of a viewer; the second half of the log."""
    levels = {"conversion": 0.0874, "interactions": 0.37, "revenue": 9.7, "visits": 3.9}
    rows = []
    for by, names in (
        ("all", ["All viewers"]),
        ("segment", SEGMENTS),
        ("week", [str(w) for w in range(7, 13)]),
    ):
        for at, name in enumerate(names):
            for metric, level in levels.items():
                real = level * (1 + 0.1 * np.sin(at + len(metric)))
                off = error + (0 if by == "all" else 0.04 * np.cos(3 * at + len(metric)))
                rows.append({"by": by, "name": name, "metric": metric, "real": real, "simulated": real * (1 + off),
                             "error": off, "impressions": 11_206 // len(names)})  # fmt: skip
    return pd.DataFrame(rows)


def _ladder(gains: dict[str, float], best: str, half: float) -> pd.DataFrame:
    rows = []
    for rank, (name, gain) in enumerate(gains.items()):
        money, spread = TODAY["value"] * gain, TODAY["value"] * half * (name != "logged")
        behind = TODAY["value"] * (gain - gains[best])
        apart = TODAY["value"] * max(0.01, half - 0.07) * (name != best)
        rows.append(
            {"policy": name, "label": LABELS[name], "rank": rank,
             **{metric: value * (1 + gain) for metric, value in TODAY.items()}, "offers": 0.29,
             "gain": money, "gain_low": money - spread, "gain_high": money + spread, "behind": behind,
             "behind_low": behind - apart, "behind_high": behind + apart, "level": behind + apart >= 0}
        )  # fmt: skip
    return pd.DataFrame(rows)


def _claims(policy: str, gain: float, half: float) -> pd.DataFrame:
    rows = []
    for metric, before in TODAY.items():
        change = gain if metric != "satisfaction" else gain / 4
        spread = half if metric != "satisfaction" else half / 2
        rows.append(
            {"policy": policy, "metric": metric, "before": before, "before_low": before * 0.97,
             "before_high": before * 1.03, "after": before * (1 + change), "after_low": before * (0.97 + change - 0.01),
             "after_high": before * (1.03 + change + 0.01), "absolute": before * change,
             "absolute_low": before * (change - spread), "absolute_high": before * (change + spread),
             "relative": change, "low": change - spread, "high": change + spread,
             "p_harm": float(np.clip(0.5 - change / (2 * spread), 0.0, 1.0)), "better": change > spread}
        )  # fmt: skip
    return pd.DataFrame(rows)


def _weekly(gains: dict[str, float], half: float) -> pd.DataFrame:
    rows = []
    for policy, gain in gains.items():
        for metric, total in TODAY.items():
            for week in range(1, 13):
                before = total * (1 - 0.02 * week) / (1 if metric in ("conversion", "satisfaction") else 12)
                change = before * gain * (0.6 + 0.06 * week)
                spread = 0.0 if policy == "logged" else before * half
                rows.append({"policy": policy, "week": week, "metric": metric, "value": before + change,
                             "difference": change, "low": change - spread, "high": change + spread})  # fmt: skip
    return pd.DataFrame(rows)


def _recommends(policies: dict[str, None], rng: np.random.Generator) -> pd.DataFrame:
    rows = []
    for policy in policies:
        for segment in SEGMENTS:
            shares = rng.dirichlet(np.full(len(CATEGORIES) * 2, 0.6)).reshape(-1, 2)
            rows += [
                {"policy": policy, "segment": segment, "category": category, "offer": offer, "share": shares[i, j]}
                for i, category in enumerate(CATEGORIES) for j, offer in enumerate(OFFERS)
            ]  # fmt: skip
    return pd.DataFrame(rows)


def _off_policy(gains: dict[str, float]) -> pd.DataFrame:
    rows = [
        {"policy": policy, "estimator": estimator, "value": 2.6 * (1 + gain) + off, "low": 2.6 * (1 + gain) - wide,
         "high": 2.6 * (1 + gain) + wide, "logged": 2.6}
        for policy, gain in gains.items() if policy != "logged"
        for estimator, off, wide in (("ips", 0.1, 0.9), ("snips", 0.05, 0.6), ("dm", 0.0, 0.15), ("dr", 0.02, 0.4))
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["policy", "estimator", "value", "low", "high", "logged"])


def _network(rng: np.random.Generator, width: int) -> QNetwork:
    hidden, actions = 4, len(CATEGORIES) * len(OFFERS)
    shapes = [
        (hidden, width),
        (hidden,),
        (hidden, hidden),
        (hidden,),
        (1, hidden),
        (1,),
        (actions, hidden),
        (actions,),
    ]
    weights = [rng.normal(size=shape).astype(np.float32) for shape in shapes]
    return QNetwork(weights, np.zeros(width, np.float32), np.ones(width, np.float32), 1.0, {}, 0, 0.0)


def _viewers(users: list[str]) -> pa.Table:
    return pa.table(
        {
            "user_id": users,
            "segment": [SEGMENTS[i % 5] for i in range(len(users))],
            "weeks_seen": [1 + i % 12 for i in range(len(users))],
            "orders": [i % 7 for i in range(len(users))],
            "favourite": [CATEGORIES[i % 12] for i in range(len(users))],
            "first": [CATEGORIES[i % 12] for i in range(len(users))],
            "first_offer": [OFFERS[i % 2] for i in range(len(users))],
            "second": [CATEGORIES[(i + 3) % 12] for i in range(len(users))],
            "third": [CATEGORIES[(i + 5) % 12] for i in range(len(users))],
        }
    )
