"""A CSV of logged decisions (action, propensity, reward, context) as the arrays of an evaluation."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from socialml.errors import UserError
from socialml.evaluation.reward_model import Log
from socialml.ingest.options import Options
from socialml.ingest.staging import stage
from socialml.schema import KINDS, normalise_header

# What headers mean where the user names none; the first that is there counts.
HEADERS = {
    "action": ("action", "item_id", "item", "arm", "category", "offer"),
    "reward": ("reward", "click", "clicked", "purchase", "conversion", "converted"),
    "propensity": ("propensity", "propensity_score", "pscore", "probability", "prob"),
    "position": ("position", "slot", "rank"),
    "user": ("user_id", "user", "userid"),
}
NEEDED = ("action", "reward")
# Of a table of recommendations: what followed the choice, which a model must not know before it.
OUTCOMES = ("seconds", "likes", "comments", "shares", "purchases", "amount", "returned", "satisfaction")
MOST_ROWS = 200_000  # a random part of a longer log: its intervals are narrow enough
MOST_VALUES = 20  # of a text column that counts as context
MOST_CONTEXT = 60  # columns of context


@dataclass(frozen=True, eq=False)
class Read:
    """A log, what its codes mean, and what was left out."""

    log: Log
    actions: list[str]
    positions: list[str]
    columns: dict[str, str]  # action, reward, ... -> header
    context: list[str]
    notes: list[str] = field(default_factory=list)


def read(
    path: Path, columns: dict[str, str] | None = None, seed: int = 0, *,
    action: tuple[str, ...] = (), context: tuple[str, ...] | None = None,
) -> Read:  # fmt: skip
    """A file in any form that an import reads. columns: headers by the keys of HEADERS, for those to be named.
    action: the headers that are the choice together. context: the headers of what was known before it; None: all
    that are left, without those that an import takes for what followed.

    Raises UserError: what stage raises; no_such_column, missing_column, bad_propensity, bad_reward.
    """
    table = _table(path)
    for name in (*action, *(context or ())):
        if name not in table:
            raise _no_column(name, table, path.name)
    if not action and {"category", "offer"} <= set(table.columns) and "action" not in (columns or {}):
        action = ("category", "offer")  # a table of recommendations
    table, named = _joined(table, action)
    chosen = _columns(table, {**(columns or {}), **named}, path.name)
    notes: list[str] = []
    table, notes = _complete(table, chosen, notes)
    if len(table) > MOST_ROWS:
        notes.append(f"{MOST_ROWS:,} of {len(table):,} decisions, drawn at random, are used.")
        kept = np.sort(np.random.default_rng([seed, 63]).permutation(len(table))[:MOST_ROWS])
        table = table.iloc[kept].reset_index(drop=True)
    choice, actions = _codes(table[chosen["action"]])
    if "position" in chosen:
        position, positions = _codes(table[chosen["position"]])
    else:
        position, positions = np.zeros(len(table), dtype=np.int64), [""]
    user = _codes(table[chosen["user"]])[0] if "user" in chosen else None
    known = _before(table, chosen) if context is None else [name for name in context if name in table]
    values, names = _context(table, known)
    propensity = _numbers(table, chosen["propensity"], "bad_propensity") if "propensity" in chosen else None
    if propensity is not None:
        _check_propensities(propensity, chosen["propensity"])
    log = Log(
        action=choice, position=position, reward=_numbers(table, chosen["reward"], "bad_reward"),
        propensity=propensity, context=values, n_actions=len(actions), n_positions=len(positions), user=user,
    )  # fmt: skip
    return Read(log, actions, positions, chosen, names, notes)


def policy_of(path: Path, first: Read) -> tuple[np.ndarray, float]:
    """(positions, actions) of `first`: how often another log chose each action at each position; and the share
    of its choices, over the positions of `first`, on actions that `first` does not know.

    Raises UserError as `read` does; other_positions where no position is in both.
    """
    table = _table(path)
    parts = first.columns["action"].split(" + ")
    if len(parts) > 1 and set(parts) <= set(table.columns):
        table, _ = _joined(table, tuple(parts))
    headers = {name: first.columns[name] for name in ("action", "position") if name in first.columns}
    missing = [header for header in headers.values() if header not in table]
    if missing:
        raise _no_column(missing[0], table, path.name)
    table = table.dropna(subset=list(headers.values()))
    action = pd.Index(first.actions).get_indexer(_texts(table[headers["action"]]))
    action = np.where(action < 0, len(first.actions), action)
    if "position" in headers:
        position = pd.Index(first.positions).get_indexer(_texts(table[headers["position"]]))
    else:
        position = np.zeros(len(table), dtype=np.int64)
    counts = np.zeros((len(first.positions), len(first.actions) + 1))
    np.add.at(counts, (position[position >= 0], action[position >= 0]), 1)
    missing_positions = [first.positions[i] for i in np.flatnonzero(counts.sum(axis=1) == 0)]
    if missing_positions:
        raise UserError(
            "other_positions",
            f"{path.name} shows nothing at position {', '.join(missing_positions[:5])}, where the log does.",
            "Give a target log with the same positions, or leave those rows out of the log.",
        )
    policy = counts / counts.sum(axis=1, keepdims=True)
    at = np.bincount(first.log.position, minlength=len(first.positions)) / len(first.log.position)
    return policy[:, :-1], float(at @ policy[:, -1])


def _table(path: Path) -> pd.DataFrame:
    with tempfile.TemporaryDirectory(prefix="log-") as folder:
        staged = stage(path, Path(folder) / "out", Options(kind="records", keep=None))
        return pq.read_table(staged.accepted, partitioning=None).to_pandas()


def _columns(table: pd.DataFrame, named: dict[str, str], file: str) -> dict[str, str]:
    lower = {str(name).lower(): str(name) for name in table.columns}
    chosen: dict[str, str] = {}
    for role, headers in HEADERS.items():
        if role in named:
            if named[role] not in table:
                raise _no_column(named[role], table, file)
            chosen[role] = named[role]
        else:
            found = next((lower[header] for header in headers if header in lower), None)
            if found is not None and found not in named.values():
                chosen[role] = found
    for role in NEEDED:
        if role not in chosen:
            raise UserError(
                "missing_column",
                f"{file} has no column for the {role}.",
                f"Name it with --{role} COLUMN; there are {', '.join(map(str, table.columns[:12]))}.",
            )
    return chosen


def _no_column(header: str, table: pd.DataFrame, file: str) -> UserError:
    return UserError(
        "no_such_column",
        f"{file} has no column '{header}'.",
        f"There are {', '.join(map(str, table.columns[:12]))}.",
    )


def _complete(
    table: pd.DataFrame, chosen: dict[str, str], notes: list[str]
) -> tuple[pd.DataFrame, list[str]]:
    needed = [chosen[role] for role in chosen if role != "user"]
    whole = table.dropna(subset=needed).reset_index(drop=True)
    if len(whole) < len(table):
        notes.append(f"{len(table) - len(whole):,} rows without {' or '.join(needed)} are left out.")
    return whole, notes


def _texts(column: pd.Series) -> pd.Series:
    return column.astype(str)


def _codes(column: pd.Series) -> tuple[np.ndarray, list[str]]:
    names, codes = np.unique(_texts(column).to_numpy(dtype=object).astype(str), return_inverse=True)
    return codes.astype(np.int64), [str(name) for name in names]


def _numbers(table: pd.DataFrame, column: str, code: str) -> np.ndarray:
    values = table[column]
    if not (pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values)):
        example = next(iter(_texts(values[pd.to_numeric(values, errors="coerce").isna()])), "")
        raise UserError(
            code,
            f"'{column}' holds text such as '{example}'; it must be numbers.",
            "Mend it, or name another.",
        )
    return values.to_numpy(dtype=np.float64)


def _check_propensities(values: np.ndarray, column: str) -> None:
    wrong = np.flatnonzero(~((values > 0) & (values <= 1)))
    if len(wrong):
        raise UserError(
            "bad_propensity",
            f"{len(wrong):,} propensities in '{column}' are not above 0 and at most 1; the first is"
            f" {values[wrong[0]]:g}, of decision {wrong[0] + 1:,}.",
            "A propensity is the chance with which the logged action had been chosen: never 0, never above 1."
            " Percent must be divided by 100. Mend these rows or leave them out.",
        )


def _joined(table: pd.DataFrame, action: tuple[str, ...]) -> tuple[pd.DataFrame, dict[str, str]]:
    """The table with one column for a choice of several parts, and which it is."""
    if len(action) < 2:
        return table, ({"action": action[0]} if action else {})
    name = " + ".join(action)
    parts = [_texts(table[part].astype(object).where(table[part].notna(), "none")) for part in action]
    joined = parts[0].str.cat(parts[1:], sep=" + ").where(table[action[0]].notna())
    return table.drop(columns=list(action)).assign(**{name: joined}), {"action": name}


def _before(table: pd.DataFrame, chosen: dict[str, str]) -> list[str]:
    """The columns that were known before the choice, as far as their names tell."""
    followed = {header for column in OUTCOMES for header in _names_of(column)}
    kept = (str(name) for name in table.columns if normalise_header(str(name)) not in followed)
    return [name for name in kept if name not in chosen.values()]


def _names_of(column: str) -> set[str]:
    found = KINDS["impressions"].column(column)
    return {normalise_header(word) for word in (found.name, *found.aliases)}


def _context(table: pd.DataFrame, known: list[str]) -> tuple[np.ndarray, list[str]]:
    """Numbers centred and scaled, words of few values as 0 or 1; row numbers, dates and ids are left out."""
    columns, names = [np.zeros((len(table), 0))], []
    for name in known:
        values = table[name]
        if pd.api.types.is_datetime64_any_dtype(values):
            continue
        if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
            numbers = values.to_numpy(dtype=np.float64)
            given = np.isfinite(numbers)
            counted = (
                pd.api.types.is_integer_dtype(values) and len(values) > 50 and values.nunique() == len(values)
            )
            spread = numbers[given].std() if given.any() else 0.0
            if counted or not spread > 0:
                continue
            scaled = np.where(given, (numbers - numbers[given].mean()) / spread, 0.0)
            columns.append(np.clip(scaled, -5, 5)[:, None])
            names.append(name)
        else:
            words, codes = np.unique(_texts(values).to_numpy(dtype=object).astype(str), return_inverse=True)
            if not 2 <= len(words) <= MOST_VALUES:
                continue
            columns.append(np.eye(len(words))[codes][:, 1:])
            names.append(name)
        if sum(part.shape[1] for part in columns) > MOST_CONTEXT:
            columns.pop()
            names.pop()
            break
    return np.concatenate(columns, axis=1), names
