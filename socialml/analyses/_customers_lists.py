"""What follows for each customer: probabilities, the reason in words, tags, and rules between categories."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow as pa

from socialml.analyses._customers_models import Learned
from socialml.analyses._customers_tasks import Task

CONDITIONS = 3  # of a reason
RULE_SUPPORT, RULE_CONFIDENCE, RULE_LIFT = 0.02, 0.3, 1.1
RULES_SHOWN = 30
CATEGORIES_MOST = 60  # the most bought; more would make rules of accidents
RISK = (0.25, 0.5)  # from here a chance to leave is 'some' and 'high'


def leaves(nodes: pd.DataFrame, x: pd.DataFrame) -> np.ndarray:
    """(rows,) the leaf that each row falls into: the walk of models.treeview, for all rows at once."""
    from socialml.models import tabular

    at = np.zeros(len(x), dtype=int)
    numbers: dict[tuple[str, str], np.ndarray] = {}
    for node in nodes.to_dict("records"):  # parents stand before their children
        if node["left"] < 0:
            continue
        here = np.flatnonzero(at == node["node"])
        column = x[node["column"]].iloc[here]
        missing = column.isna().to_numpy()
        if node["what"] == "value" or (node["what"] == "missing" and node["kind"] != "category"):
            key = (node["column"], node["kind"])
            if key not in numbers:
                numbers[key] = np.asarray(tabular.numbers_of(x[node["column"]], node["kind"]), dtype=float)
            values = numbers[key][here]
            known = np.isfinite(values)
            if node["what"] == "missing":
                values = (~known).astype(float)
            else:
                values = np.where(known, values, node["fill"]).astype(np.float32)
        else:
            text = column.astype(str).str.strip().to_numpy()
            if node["what"] == "missing":
                values = missing.astype(float)
            elif node["what"] == "is":
                values = ~missing & (text == node["level"])
            else:
                values = ~missing & ~np.isin(text, json.loads(node["levels"]))
        at[here] = np.where(values > node["threshold"], node["right"], node["left"])
    return at


def leaf_reasons(nodes: pd.DataFrame) -> pd.DataFrame:
    """leaf, reason: the last conditions on the way to each leaf, the narrowest ones."""
    records = nodes.set_index("node").to_dict("index")
    rows = []
    for number, node in records.items():
        if node["left"] >= 0:
            continue
        told: list[str] = []
        asked: set[str] = set()
        child, parent = number, node["parent"]
        while parent >= 0:
            above = records[parent]
            right = child == above["right"]
            # The condition nearest to the leaf says what an earlier one on the same column and side said.
            if (key := f"{above['label']}{above['level']}{right}") not in asked:
                asked.add(key)
                told.append(above["rule"] if right else above["rule_left"])
            child, parent = parent, above["parent"]
        reason = "; ".join(told[:CONDITIONS]) or "the tree asks nothing"
        rows.append({"leaf": number, "reason": reason})
    return pd.DataFrame(rows)


def customers(
    now: pd.DataFrame, learned: dict[str, Learned], labels: dict[str, str], segments: pd.DataFrame | None
) -> pa.Table:
    """All customers as they are now, the likeliest buyer first, with their features for the page's reasons.

    user_id, probability, class, high_value, potential, leaving, leaf, reason, segment, tags; then features.
    """
    x = now.rename(columns=labels)
    out = pd.DataFrame({"user_id": now["user_id"]})
    for column, key in (
        ("probability", "purchase"),
        ("high_value", "high_value"),
        ("potential", "potential"),
        ("leaving", "churn"),
    ):
        model = learned.get(key)
        out[column] = model.chosen.proba(x[model.columns])[:, 1] if model else np.nan
    recent = (now["recency_days"] <= 90).to_numpy()
    out.loc[~recent, "leaving"] = np.nan  # who has not bought of late cannot leave
    kinds = learned.get("customer_class")
    if kinds:
        names = np.array(kinds.summary["classes"])
        out["class"] = names[kinds.chosen.proba(x[kinds.columns]).argmax(axis=1)]
    else:
        out["class"] = ""
    if "purchase" in learned:
        nodes = learned["purchase"].fitted["tree"].tree
        out["leaf"] = leaves(nodes, x)
        out = out.merge(leaf_reasons(nodes), on="leaf", how="left")
    else:
        out["leaf"], out["reason"] = -1, ""
    if segments is not None and len(segments):
        out = out.merge(segments, on="user_id", how="left")
        out["segment"] = out["segment"].fillna("")
    else:
        out["segment"] = ""
    out["tags"] = _tags(out, now)
    features = x[[name for name in x.columns if name in set(labels.values())]].reset_index(drop=True)
    features = features.rename(columns={"user_id": "_user_id"})
    out = pd.concat([out.reset_index(drop=True), features], axis=1)
    out = out.sort_values(["probability", "user_id"], ascending=[False, True], kind="stable")
    return pa.Table.from_pandas(out, preserve_index=False)


def _tags(out: pd.DataFrame, now: pd.DataFrame) -> pd.Series:
    """Short words for a profile (Yin, section 3.1): kind, segment, risk, what they buy."""
    risk = pd.Series(
        np.select(
            [out["leaving"] >= RISK[1], out["leaving"] >= RISK[0], out["leaving"].notna()],
            ["about to leave", "may leave", "stays"],
            default="asleep",
        )
    )
    likely = pd.Series(np.where(out["probability"] >= 0.5, "likely to buy", ""), index=out.index)
    parts = [out["class"].where(out["class"] != "other", ""), out["segment"], risk, likely]
    if "next_category" in now:
        parts.append(("offer " + now["next_category"].astype(object)).reset_index(drop=True))
    stacked = np.column_stack([part.fillna("").to_numpy(dtype=object) for part in parts])
    return pd.Series(["; ".join(word for word in row if word) for row in stacked])


def precursors(task: Task, learned: Learned) -> pd.DataFrame:
    """feature, leaves, stays, difference: means on the test part, the difference in standard deviations."""
    rows = task.rows("test")
    x, y = task.x.iloc[rows].select_dtypes("number"), task.y[rows] == 1
    spread = x.std().replace(0, np.nan)
    frame = pd.DataFrame(
        {"feature": x.columns, "leaves": x[y].mean().to_numpy(), "stays": x[~y].mean().to_numpy()}
    )
    frame["difference"] = (frame["leaves"] - frame["stays"]) / spread.to_numpy()
    frame = frame.dropna(subset=["difference"])
    return frame.sort_values("difference", key=abs, ascending=False).reset_index(drop=True)


def rules(baskets: pa.Table) -> pd.DataFrame:
    """if_bought, then, support, confidence, lift, customers: rules of one or two categories -> one.

    Frequent sets by FP-growth (Han, Pei and Yin 2000). Confidence and lift are of customers, not of orders.
    """
    from mlxtend.frequent_patterns import association_rules, fpgrowth

    columns = ["if_bought", "then", "support", "confidence", "lift", "customers"]
    if not baskets.num_rows:
        return pd.DataFrame(columns=columns)
    has, names = _matrix(baskets)
    bought = pd.DataFrame(has > 0, columns=names)
    frequent = fpgrowth(bought, min_support=RULE_SUPPORT, use_colnames=True, max_len=3)
    if frequent.empty or frequent["itemsets"].map(len).max() < 2:
        return pd.DataFrame(columns=columns)
    found = association_rules(frequent, metric="confidence", min_threshold=RULE_CONFIDENCE)
    found = found[(found["consequents"].map(len) == 1) & (found["lift"] >= RULE_LIFT)]
    frame = pd.DataFrame(
        {
            "if_bought": found["antecedents"].map(lambda items: " and ".join(sorted(items))),
            "then": found["consequents"].map(lambda items: next(iter(items))),
            "support": found["support"],
            "confidence": found["confidence"],
            "lift": found["lift"],
            "customers": np.rint(found["support"] * len(has)).astype(int),
        },
        columns=columns,
    )
    frame = frame.sort_values(["lift", "if_bought", "then"], ascending=[False, True, True])
    return frame.head(RULES_SHOWN).reset_index(drop=True)


def next_category(baskets: pa.Table, found: pd.DataFrame) -> pd.DataFrame:
    """user_id, next_category: of the rules whose 'if' a customer meets, the best whose 'then' they lack."""
    if not baskets.num_rows or not len(found):
        return pd.DataFrame({"user_id": pd.Series(dtype=object), "next_category": pd.Series(dtype=object)})
    has, names = _matrix(baskets)
    users = pd.factorize(baskets["user_id"].to_pandas())[1]
    place = {name: i for i, name in enumerate(names)}
    best = np.full(len(has), None, dtype=object)
    for rule in found.sort_values("confidence").to_dict("records"):
        holds = has[:, place[rule["then"]]] == 0
        for name in (
            rule["if_bought"].split(" and ") if rule["if_bought"] not in place else [rule["if_bought"]]
        ):
            holds &= has[:, place[name]] > 0 if name in place else False
        best[holds] = rule["then"]
    return pd.DataFrame({"user_id": users, "next_category": best})


def _matrix(baskets: pa.Table) -> tuple[np.ndarray, list[str]]:
    """(users, categories) 0 or 1 of the most bought categories, users in their first order."""
    frame = baskets.to_pandas()
    counts = frame["category"].value_counts()
    names = sorted(counts.index[:CATEGORIES_MOST])
    users, known = pd.factorize(frame["user_id"])
    has = np.zeros((len(known), len(names)), dtype=np.float32)
    codes = pd.Categorical(frame["category"], categories=names).codes
    has[users[codes >= 0], codes[codes >= 0]] = 1
    return has, [str(name) for name in names]
