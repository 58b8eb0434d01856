"""The settings of the segments analysis, checked."""

from __future__ import annotations

from typing import Any

from socialml.analyses import _checks as checks

K_LEAST, K_MOST = 2, 10


def checked(values: dict[str, Any], default: Any, features: tuple[str, ...]) -> dict[str, Any]:
    """The fields of a Config from JSON values."""
    out = checks.fields(values, default)
    for name in ("k_min", "k_max"):
        out[name] = checks.whole(name, out[name], K_LEAST, K_MOST)
    if out["k_min"] > out["k_max"]:
        raise checks.bad(
            f"k_min is {out['k_min']}, above k_max, which is {out['k_max']}.", "Lower k_min or raise k_max."
        )
    k = out["k"]
    out["k"] = (
        None if k in (None, "auto") else checks.whole("k", k, out["k_min"], out["k_max"], " Or 'auto'.")
    )
    out["seed"] = checks.seed(out["seed"])
    out["as_of"] = checks.day("as_of", out["as_of"])
    for name, allowed in (("impute", ("mean", "median", "mode")), ("scale", ("zscore", "minmax", "none"))):
        out[name] = checks.choice(name, out[name], allowed)
    for name, least, most in (("log_skew", 0.0, 100.0), ("clip_iqr", 0.1, 100.0), ("pca", 0.01, 100.0)):
        out[name] = None if out[name] is None else checks.number(name, out[name], least, most)
    if out["pca"] is not None and out["pca"] >= 1 and out["pca"] != int(out["pca"]):
        raise checks.bad(
            f"pca is {out['pca']}; it is a whole number of components or a share of variance below 1.",
            "Choose 0.9, or none for all features as they are.",
        )
    if out["features"] is not None:
        out["features"] = checks.names("features", out["features"], features)
        if not out["features"]:
            raise checks.bad("features is empty; it is a list of features.", "Name one, or leave it out.")
    return out
