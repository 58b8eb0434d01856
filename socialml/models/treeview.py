"""A fitted tree as a plain frame, and the way of one row through it, in sentences. Needs no scikit-learn.

The frame holds one row a node, root first: node, parent, left, right (-1: none), depth, column (of the
table), label, kind (number, flag, date, category), what (value, is, other, missing), level, levels (JSON,
of 'other': the levels that are told apart), threshold, fill (what stands in for a gap), count (training
rows), share_0.. (training shares), p_0.. (calibrated probabilities), probability (of the positive or the
likeliest class), prediction (code), rule (the question, true to the right), rule_left (its opposite).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from socialml.models.columns import EPOCH, numbers_of
from socialml.models.tabular import Encoded, Encoder


def frame(
    encoder: Encoder, arrays: Mapping[str, np.ndarray], keep: Sequence[int], p: np.ndarray
) -> pd.DataFrame:
    """The nodes `keep` (old numbers, parents first) as a frame with new numbers.

    arrays: left, right, parent, depth, column, threshold, count (nodes,), shares (nodes, classes), and
    open (nodes,) bool: the node asks a question. p: (nodes, classes) calibrated probabilities.
    """
    number = {int(old): new for new, old in enumerate(keep)}
    table = {column.name: column for column in encoder.table}
    rows: list[dict[str, Any]] = []
    for old in keep:
        inner = bool(arrays["open"][old])
        node: dict[str, Any] = {
            "node": number[int(old)],
            "parent": number.get(int(arrays["parent"][old]), -1),
            "left": number[int(arrays["left"][old])] if inner else -1,
            "right": number[int(arrays["right"][old])] if inner else -1,
            "depth": int(arrays["depth"][old]),
            "column": "", "label": "", "kind": "", "what": "", "level": "", "levels": "",
            "threshold": np.nan, "fill": np.nan, "count": int(arrays["count"][old]),
        }  # fmt: skip
        if inner:
            part = encoder.columns[int(arrays["column"][old])]
            source = table[part.column]
            cut = float(arrays["threshold"][old])
            node |= {
                "column": part.column, "label": part.label, "kind": part.kind, "what": part.what,
                "level": part.level or "", "threshold": cut, "fill": source.fill,
                "levels": json.dumps(source.levels, ensure_ascii=False) if part.what == "other" else "",
            }  # fmt: skip
            node["rule"], node["rule_left"] = rule(part, cut, True), rule(part, cut, False)
        else:
            node["rule"] = node["rule_left"] = ""
        shares = arrays["shares"][old]
        node |= {f"share_{k}": float(share) for k, share in enumerate(shares)}
        node |= {f"p_{k}": float(share) for k, share in enumerate(p[old])}
        node["probability"] = float(p[old][1] if p.shape[1] == 2 else p[old].max())
        node["prediction"] = int(p[old].argmax())
        rows.append(node)
    return pd.DataFrame(rows)


def rule(part: Encoded, threshold: float, right: bool) -> str:
    """The question of a node as a statement: 'Age above 32', 'Visitor type is not returning'."""
    if part.what == "value" and part.kind == "flag":
        return f"{part.label}: {'yes' if right else 'no'}"
    if part.what == "value":
        if part.kind == "date":
            return f"{part.label} {'after' if right else 'until'} {day(threshold)}"
        return f"{part.label} {'above' if right else 'at most'} {number(threshold)}"
    told = {"is": f"'{part.level}'", "other": "another value", "missing": "missing"}[part.what]
    return f"{part.label} {'is' if right else 'is not'} {told}"


def number(value: float) -> str:
    """Up to four digits that matter: 12345.678 -> '12,346', 0.012345 -> '0.01235'."""
    if not np.isfinite(value):
        return "unknown"
    if abs(value) >= 1000 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.4g}"


def day(value: float) -> str:
    """Days since 1970 -> '2024-03-05', with the time where it is not midnight."""
    moment = (EPOCH + pd.Timedelta(days=value)).round("min")
    return moment.strftime("%Y-%m-%d" if moment == moment.normalize() else "%Y-%m-%d %H:%M")


def walk(nodes: pd.DataFrame, row: Mapping[str, Any]) -> list[int]:
    """The nodes that one row of the table passes, root to leaf."""
    records = nodes.to_dict("records")
    way = [0]
    while records[way[-1]]["left"] >= 0:
        node = records[way[-1]]
        way.append(int(node["right"] if _value(node, row) > node["threshold"] else node["left"]))
    return way


def sentences(nodes: pd.DataFrame, row: Mapping[str, Any], classes: Sequence[str] | None = None) -> list[str]:
    """Why this row: each question with the row's own answer, then what such training rows were like.

    classes: names by code; without them the codes. The last sentence gives the leaf's probability.
    """
    way = walk(nodes, row)
    records = nodes.to_dict("records")
    told = []
    for here, following in pairwise(way):
        node = records[here]
        right = following == node["right"]
        told.append(f"{node['rule'] if right else node['rule_left']} ({_own(node, row)})")
    leaf = records[way[-1]]
    places = [int(name[2:]) for name in nodes.columns if name.startswith("p_")]
    names = list(classes) if classes is not None else [str(place) for place in places]
    which = 1 if len(places) == 2 else int(leaf["prediction"])
    told.append(
        f"{leaf['count']:,} training rows like this: {leaf[f'share_{which}']:.0%} were '{names[which]}'; "
        f"probability {leaf[f'p_{which}']:.0%}"
    )
    return told


def _value(node: Mapping[str, Any], row: Mapping[str, Any]) -> float:
    """The row's value in the matrix column that a node asks about; the same as Encoder.transform gives."""
    raw = row.get(node["column"])
    cell = pd.Series([raw]) if not isinstance(raw, pd.Series) else raw
    missing = bool(cell.isna().iloc[0])
    if node["what"] == "missing":
        if node["kind"] == "category":
            return float(missing)
        return float(not np.isfinite(numbers_of(cell, node["kind"])[0])) if not missing else 1.0
    if node["what"] == "is":
        return float(not missing and str(raw).strip() == node["level"])
    if node["what"] == "other":
        return float(not missing and str(raw).strip() not in json.loads(node["levels"]))
    value = np.nan if missing else float(numbers_of(cell, node["kind"])[0])
    return float(np.float32(value if np.isfinite(value) else node["fill"]))  # trees compare in float32


def _own(node: Mapping[str, Any], row: Mapping[str, Any]) -> str:
    raw = row.get(node["column"])
    if raw is None or bool(pd.isna(raw)):
        return "missing" if node["what"] != "value" else f"missing, taken as {number(node['fill'])}"
    if node["kind"] == "number":
        return number(float(raw))
    if node["kind"] == "date":
        return day(float(numbers_of(pd.Series([raw]), "date")[0]))
    return str(raw)
