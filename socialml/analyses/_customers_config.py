"""The settings of the customers analysis, checked."""

from __future__ import annotations

from typing import Any

from socialml.analyses import _checks as checks

MODELS = ("tree", "logistic", "svm", "boosting", "gbdt_lr")
_WHOLE = {
    "potential_orders_most": (0, 1000),
    "potential_promotions_least": (1, 1000),
    "churn_days": (7, 365),
    "folds": (0, 10),
    "train_rows_most": (500, 5_000_000),
}


def checked(values: dict[str, Any], default: Any) -> dict[str, Any]:
    """The fields of a Config from JSON values."""
    out = checks.fields(values, default)
    for name, (least, most) in _WHOLE.items():
        out[name] = checks.whole(name, out[name], least, most)
    if out["folds"] == 1:
        raise checks.bad("folds is 1; cross-validation needs 2 to 10 folds.", "Choose 5, or 0 for none.")
    for name in ("high_income_quantile", "high_orders_quantile"):
        out[name] = checks.share(name, out[name])
    out["seed"] = checks.seed(out["seed"])
    out["as_of"] = checks.day("as_of", out["as_of"])
    out["target"] = checks.text("target", out["target"], "the name of a column")
    out["drop"], out["known"] = checks.names("drop", out["drop"]), checks.names("known", out["known"])
    both = set(out["drop"]) & set(out["known"])
    if both:
        raise checks.bad(
            f"'{min(both)}' is both left out and kept.", "Answer for each column: left out, or known before."
        )
    out["models"] = checks.names("models", out["models"], MODELS)
    if not out["models"]:
        raise checks.bad("models is empty; it names models.", f"Choose from: {', '.join(MODELS)}.")
    if "tree" not in out["models"]:  # the one that can be read: every reason comes from it
        out["models"] = ("tree", *out["models"])
    return out
