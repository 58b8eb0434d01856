"""The parts of the segments analysis: segments put in order and named, tables for the page."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from socialml import published, words
from socialml.artefacts import Table
from socialml.errors import UserError
from socialml.features.comments import TONE
from socialml.features.users import FEATURES, SEGMENT_FEATURES
from socialml.progress import Progress, Report

if TYPE_CHECKING:  # heavy at run time: the server must not load them
    from socialml.analyses.segments import Config
    from socialml.models.evidence import Floor
    from socialml.models.kmeans import Fit, Sweep
    from socialml.models.rules import Rule
    from socialml.models.silhouette import Silhouette

KNOWN = FEATURES | TONE  # what a column of the table can be
FEW_FEATURES = 5  # with fewer of SEGMENT_FEATURES measured, everything measured groups users


class Steps:
    """Progress in equal steps: each call says what begins or what is done."""

    def __init__(self, report: Report, total: int) -> None:
        self._report, self._total, self._done = report, total, 0

    def __call__(self, message: str) -> None:
        self._report(Progress(min(self._done, self._total), self._total, message))
        self._done += 1


def clean(
    frame: pd.DataFrame, measured: list[str], config: Config
) -> tuple[np.ndarray, list[str], list[str], np.ndarray, pd.DataFrame]:
    """The table as numbers that can be compared.

    Returns z (users, features) in standard deviations, its columns' names, the names of those that group
    users, x (users, ...) that k-means sees, and what was missing, clipped and changed.
    """
    from socialml.models import preprocess

    how: dict[str, Any] = {"impute": config.impute, "log_skew": config.log_skew, "clip_iqr": config.clip_iqr}
    fitted = preprocess.fit(frame[measured], preprocess.Preprocess(**how))
    z, names = fitted.transform(frame), fitted.names
    wanted = _used(measured, config)
    used = [name for name in names if name in wanted]
    if not used:
        raise UserError(
            "all_equal",
            f"All {len(frame):,} users have the same values in every feature that groups them.",
            "Import behaviour or orders in which users differ, or group by other features.",
        )
    x = z[:, [names.index(name) for name in used]]
    if config.scale != "zscore" or config.pca is not None:
        how |= {"scale": config.scale, "pca": config.pca}
        x = preprocess.fit(frame[used], preprocess.Preprocess(**how)).transform(frame)
    report = fitted.report()
    report.insert(1, "label", [KNOWN[name].label for name in report["column"]])
    return z, names, used, x, report


def _used(measured: list[str], config: Config) -> list[str]:
    """The features that group users: those asked for, else the default ones that the data measures."""
    wanted = config.features or SEGMENT_FEATURES
    used = [name for name in wanted if name in measured]
    if config.features is None and len(used) < FEW_FEATURES:
        return [name for name in measured if name in FEATURES]
    if not used:
        labels = ", ".join(KNOWN[name].label for name in wanted)
        raise UserError(
            "not_measured",
            f"This dataset measures none of: {labels}.",
            "Choose other features, or import such data.",
        )
    return used


def features(names: list[str], used: list[str], plain: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """What each column of the cleaned table is, for the page."""
    return [
        {**vars(KNOWN[name]), "name": name, "used": name in used, "mean": float(np.nanmean(plain[name]))}
        for name in names
    ]


def by_k(swept: Sweep, measured: dict[int, Silhouette], random: Floor) -> pd.DataFrame:
    """One row for each number of segments tried."""
    from socialml.models import kmeans

    ratio = kmeans.ratios(swept.sse)
    rows = []
    for k in swept.fits:
        found = measured[k]
        rows.append(
            {
                "k": k,
                "sse": swept.sse[k],
                "ratio": ratio.get(k, math.nan),
                "silhouette": found.mean,
                "low": found.low,
                "high": found.high,
                "exact": found.exact,
                "random": random.mean[k],
                "calinski": swept.calinski[k],
                "davies": swept.davies[k],
            }
        )
    return pd.DataFrame(rows)


def named(
    z: np.ndarray, names: list[str], fit: Fit, *, archetypes: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray, pd.DataFrame]:
    """Segments in their order, with names.

    z: (users, features) in standard deviations, `names` its columns. A segment that an archetype of Table 1
    fits takes that archetype's place and colour; the others fill the places left, largest first. Archetypes
    are tried for five segments only, and not when `archetypes` is false.

    Returns profiles (k, features), labels (users,), centres (k, used features) and the table of segments.
    """
    from socialml.models import naming

    k = fit.k
    counts = np.bincount(fit.labels, minlength=k)
    sums = np.column_stack([np.bincount(fit.labels, weights=column, minlength=k) for column in z.T])
    profiles = sums / counts[:, None]
    matches = naming.match(profiles, names) if archetypes and k == len(naming.ARCHETYPES) else []
    order: list[int | None] = [None] * k  # place -> number of the fit
    called = naming.stand_out_names(profiles, names)
    archetype, confidence = [""] * k, [0.0] * k
    places = {found.name: place for place, found in enumerate(naming.ARCHETYPES)}
    for found in matches:
        confidence[found.segment] = found.confidence
        if found.confidence >= naming.LEAST_CONFIDENCE:
            order[places[found.archetype]] = found.segment
            archetype[found.segment] = called[found.segment] = found.archetype
    rest = iter([number for number in range(k) if number not in order])  # a fit's segments are largest first
    final = [next(rest) if number is None else number for number in order]
    rows = []
    for place, number in enumerate(final):
        kind = naming.BY_NAME.get(archetype[number])
        rows.append(
            {
                "id": place,
                "name": called[number],
                "archetype": archetype[number] or None,
                "confidence": confidence[number],
                "users": int(counts[number]),
                "share": counts[number] / len(z),
                "strategy": kind.strategy if kind else naming.stand_out_strategy(profiles[number], names),
            }
        )
    place_of = np.empty(k, dtype=np.int8)
    place_of[final] = np.arange(k, dtype=np.int8)
    return profiles[final], place_of[fit.labels], fit.centres[final], pd.DataFrame(rows)


def describe(
    table: pd.DataFrame, labels: np.ndarray, purchases: np.ndarray | None, rules: list[Rule], currency: str
) -> None:
    """Add to the table of segments: purchases a month, the rule and its scores, and the published figures."""

    def say(feature: str, value: float) -> str:
        return in_words(value, KNOWN[feature].unit, currency)

    k = len(table)
    table["purchases_per_month"] = (
        np.full(k, math.nan)
        if purchases is None
        else np.bincount(labels, weights=purchases, minlength=k) / np.bincount(labels, minlength=k)
    )
    named = {name: feature.label for name, feature in KNOWN.items()}
    table["rule"] = [rule.text(named, say) if rule.conditions else "No short rule" for rule in rules]
    for score in ("precision", "recall", "f1"):
        table[score] = [getattr(rule, score) for rule in rules]
    beside = [published.segments().get(name) if name else None for name in table["archetype"]]
    for column in ("users", "share", "purchases_per_month"):
        table[f"published_{column}"] = [float(getattr(row, column)) if row else math.nan for row in beside]
    table["published_effect"] = [row.effect if row else None for row in beside]


def profile(
    profiles: np.ndarray, plain: dict[str, np.ndarray], labels: np.ndarray, features: list[dict[str, Any]]
) -> pd.DataFrame:
    """One row a segment and feature: the standardised mean and the plain one (of users who have a value)."""
    k = len(profiles)
    rows = []
    for column, feature in enumerate(features):
        values = plain[feature["name"]]
        has = np.isfinite(values)
        sums = np.bincount(labels[has], weights=values[has], minlength=k)
        counts = np.bincount(labels[has], minlength=k)
        for segment in range(k):
            rows.append(
                {
                    "segment": segment,
                    "feature": feature["name"],
                    "label": feature["label"],
                    "unit": feature["unit"],
                    "used": feature["used"],
                    "z": profiles[segment, column],
                    "mean": sums[segment] / counts[segment] if counts[segment] else math.nan,
                    "mean_all": feature["mean"],
                }
            )
    return pd.DataFrame(rows)


def scatter(x: np.ndarray, labels: np.ndarray, most: int, seed: int) -> tuple[pd.DataFrame, list[float]]:
    """At most `most` users on the first two principal components, and the share of variance of each."""
    from socialml.models import kmeans

    centred_on = x.mean(axis=0)
    values, vectors = np.linalg.eigh(np.atleast_2d(np.cov(x, rowvar=False)))
    axes = vectors[:, ::-1][:, :2]
    axes = axes * np.sign(
        axes[np.abs(axes).argmax(axis=0), range(axes.shape[1])]
    )  # one sign on every machine
    rows = kmeans.draw(len(x), most, seed)
    points = (x[rows] - centred_on) @ axes
    if points.shape[1] == 1:  # one feature: all on a line
        points = np.column_stack([points, np.zeros(len(points))])
    shares = [*(values[::-1][:2] / max(values.sum(), 1e-12)), 0.0][:2]
    return pd.DataFrame({"x": points[:, 0], "y": points[:, 1], "segment": labels[rows]}), [
        float(v) for v in shares
    ]


def silhouette_points(found: Silhouette, labels: np.ndarray, most: int, seed: int) -> pd.DataFrame:
    """Users' own silhouettes, by segment and from high to low."""
    from socialml.models import kmeans

    drawn = kmeans.draw(len(found.rows), most, seed)
    frame = pd.DataFrame({"segment": labels[found.rows[drawn]], "value": found.values[drawn]})
    return frame.sort_values(["segment", "value"], ascending=[True, False], ignore_index=True)


def users(
    frame: pd.DataFrame,
    labels: np.ndarray,
    picked: np.ndarray,
    plain: dict[str, np.ndarray],
    names: list[str],
) -> Table:
    """One row a user: segment, the three numbers of the export, and what the reason is made of."""
    kept = pa.Table.from_pandas(
        frame[["user_id", "recency_days", "frequency", "monetary"]], preserve_index=False
    ).replace_schema_metadata(None)
    columns: dict[str, pa.Array] = {"segment": pa.array(labels, pa.int8())}
    for place in range(2):
        feature = picked[:, min(place, picked.shape[1] - 1)]
        values = np.empty(len(labels))
        for index, name in enumerate(names):
            rows = feature == index
            values[rows] = plain[name][rows]
        columns[f"why_{place + 1}"] = pa.array(feature, pa.int8())
        columns[f"why_{place + 1}_value"] = pa.array(values, pa.float64())
    for name, column in columns.items():
        kept = kept.append_column(name, column)
    return Table(kept)


def sentences(table: pa.Table, features: list[dict[str, Any]], currency: str) -> pa.Array:
    """Why each user of the table is in its segment."""
    from socialml.models import reasons

    def say(feature: int, value: float) -> str:
        return in_words(value, features[feature]["unit"], currency)

    several = len(features) > 1
    places = (1, 2) if several else (1,)
    picked = np.column_stack([table[f"why_{place}"].to_numpy() for place in places])
    values = np.column_stack([table[f"why_{place}_value"].to_numpy() for place in places])
    means = reasons.readable(np.array([feature["mean"] for feature in features]))
    return reasons.sentences(picked, values, [feature["label"] for feature in features], means, say)


def in_words(value: float, unit: str, currency: str) -> str:
    """A value that is rounded already, with its unit: 0.42 of a share -> '42%', 1250 of money -> '¥1,250'."""
    if not math.isfinite(value):
        return words.MISSING
    if unit == "share":
        return f"{value * 100:.10g}%"
    if unit == "money":
        return f"{'-' if value < 0 else ''}{words.sign(currency)}{abs(value):,.10g}"
    return f"{value:,.10g}"
