"""The learned agent: put into a run's arrays, and brought back without torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from socialml.analyses import _campaign_plans as plans
from socialml.environments.campaign import Reading
from socialml.environments.planners import Planner
from socialml.models import ddpg

SCALES = ("centre", "scale")


def planners(actor: ddpg.Actor, reading: Reading) -> dict[str, Planner]:
    """The agent, and its own base."""
    return {"ddpg_base": plans.agent(None, reading), "ddpg": plans.agent(actor.act, reading)}


def stored(actor: ddpg.Actor) -> dict[str, Any]:
    """net: layer, rows, columns (0: a row of offsets), and the actor's based and reach in each row;
    net_weights: all numbers in one row, in that order."""
    arrays = {f"layer {i}": np.asarray(w, dtype=np.float32) for i, w in enumerate(actor.weights)}
    arrays |= {name: np.asarray(getattr(actor, name), dtype=np.float32) for name in SCALES}
    shapes = [array.shape if array.ndim == 2 else (len(array), 0) for array in arrays.values()]
    net = pd.DataFrame(shapes, columns=["rows", "columns"])
    net.insert(0, "layer", list(arrays))
    net["based"] = actor.based
    net["reach"] = float(actor.reach)
    return {"net": net, "net_weights": np.concatenate([array.ravel() for array in arrays.values()])}


def load(net: pd.DataFrame, flat: Any) -> ddpg.Actor:
    """The actor that `stored` put away; its curve is not in it."""
    rows = net.to_dict("records")
    sizes = [int(row["rows"] * max(row["columns"], 1)) for row in rows]
    pieces = np.split(flat, np.cumsum(sizes)[:-1])
    arrays = {
        row["layer"]: piece.reshape(int(row["rows"]), int(row["columns"])) if row["columns"] else piece
        for row, piece in zip(rows, pieces, strict=True)
    }
    return ddpg.Actor(
        weights=[array for name, array in arrays.items() if name not in SCALES],
        centre=arrays["centre"], scale=arrays["scale"], based=bool(rows[0]["based"]),
        reach=float(rows[0]["reach"]), curve={}, env_steps=0, seconds=0.0,
    )  # fmt: skip
