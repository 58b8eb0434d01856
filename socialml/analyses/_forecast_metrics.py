"""What the command line prints of a forecast, and what a run is compared by."""

from __future__ import annotations

from typing import Any

import numpy as np

from socialml.analyses._forecast_flow import LEVELS
from socialml.analyses._forecast_tables import TOGETHER


def metrics(result: Any) -> dict[str, Any]:
    """What the command line prints: a score that is not defined is null."""
    together = result.models[result.models["month"] == TOGETHER]
    by_model: dict[str, Any] = {}
    for row in together.to_dict("records"):
        own = by_model.setdefault(row["model"], {"label": row["label"]})
        own["amount" if row["what"] == "amount" else "frequency"] = {
            name: _plain(row[name]) for name in ("wape", "mae", "rmse", "mse_standardised", "accuracy")
        }
    covered = result.coverage[
        (result.coverage["month"] == TOGETHER) & (result.coverage["level"] == LEVELS[0])
    ]
    overall = covered.loc[covered["by"] == "everyone", "coverage"]
    return {
        "target_month": result.target_month,
        "judged_months": result.judged_months,
        "users": result.n_users,
        "champion": result.champion["amount"]["name"],
        "champion_frequency": result.champion["orders"]["name"],
        "total": {name: _plain(value) for name, value in result.total.items()},
        "models": by_model,
        "interval": {
            "nominal": LEVELS[0],
            "coverage": _plain(overall.iloc[0]) if len(overall) else None,
            "segments": {
                row["group"]: _plain(row["coverage"])
                for row in covered[covered["by"] == "segment"].to_dict("records")
            },
        },
        "year": _year(result),
        "notes": [*result.warnings, *result.notes],
        "skipped": result.skipped,
    }


def _year(result: Any) -> dict[str, Any]:
    """What the forecasts of 12 months were off by; skipped says why there is none."""
    by_model: dict[str, Any] = {}
    for row in result.year.to_dict("records"):
        own = by_model.setdefault(row["model"], {"label": row["label"]})
        own["amount" if row["what"] == "amount" else "frequency"] = {
            name: _plain(row[name]) for name in ("mae", "difference", "low", "high", "total", "rank")
        }
    return {**result.year_judged, "models": by_model}


def _plain(value: Any) -> Any:
    """A cell as a JSON value; no number is null."""
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value
