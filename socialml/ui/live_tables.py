"""The tables of the Live policy page."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import streamlit as st

from socialml import published, words
from socialml.analyses import live_policy as analysis
from socialml.figures import live_policy as figures
from socialml.figures.live_policy_evidence import CHECKED, ESTIMATORS
from socialml.store import Run
from socialml.ui import downloads, live_settings, parts
from socialml.ui import live_words as said

_PUBLISHED = {
    "conversion": "purchase conversion rate",
    "interactions": "user interactions",
    "revenue": "sales revenue",
    "satisfaction": "user satisfaction",
}


def claims(result: analysis.Result, policy: str) -> None:
    """Before and after like Table 3, the published column beside it."""
    printed = {
        figure.metric: f"{figure.value:+.1f}%"
        for figure in published.figures("live policy (DQN)")
        if figure.place != "Abstract"
    }
    rows = []
    for metric in (*figures.CLAIMED, "value"):
        own = said.claim(result, policy, metric)
        rows.append(
            {
                "": figures.label(result, metric, short=True),
                "Today": said.level(result, own, "before"),
                "New": said.level(result, own, "after"),
                "Change": said.change(own),
                "Published": printed.get(_PUBLISHED.get(metric, ""), words.MISSING),
                "Difference": said.difference(result, own),
                "Chance of harm": said.harm(own["p_harm"]),
            }
        )
    parts.table(
        pd.DataFrame(rows),
        f"live-claims-{policy}",
        note=f"Simulated, over {result.weeks} weeks, {figures.names(result)[policy]} beside today's policy; in brackets"
        " the 95% interval. Published: the change that Li 2024 (Tables 3 and 5) tells for a DQN, measured on other data"
        " (100,000 users over 3 months, without intervals). It says nothing about your viewers.",
    )


def downloaded(result: analysis.Result, policy: str) -> pa.Table:
    """All that is claimed of a policy, in numbers to take along."""
    own = result.claims[result.claims["policy"] == policy]
    measures = own["metric"].map(lambda metric: figures.label(result, metric))
    return downloads.claims(own.drop(columns=["policy", "metric"]).assign(Measure=measures))


def ladder(result: analysis.Result) -> None:
    own = result.ladder.sort_values("rank")

    def cells(metric: str) -> list[str]:
        return [figures.told(result, metric, value) for value in own[metric]]

    def money(name: str) -> list[str]:
        wide = float((own[f"{name}_high"] - own[f"{name}_low"]).max())
        told = [
            [figures.money(value, result.currency, wide) for value in own[f"{name}{end}"]]
            for end in ("", "_low", "_high")
        ]
        return [
            f"{'+' if value > 0 else ''}{said} ({low} to {high})"
            for value, said, low, high in zip(own[name], *told, strict=True)
        ]

    shown = pd.DataFrame(
        {
            "": [f"{label} (wins)" if policy == result.winner else label
                 for policy, label in zip(own["policy"], own["label"], strict=True)],
            "Worth against today": money("gain"),
            "Against the best": money("behind"),
            "As good as the best": ["yes" if level else "no" for level in own["level"]],
            **{figures.label(result, metric, short=True): cells(metric)
               for metric in ("conversion", "interactions", "revenue", "satisfaction")},
            "With an offer": [words.share(share, 0) for share in own["offers"]],
        }
    )  # fmt: skip
    true = figures.true_gains(result)
    if true:
        shown.insert(
            2, "In truth", [figures.money(true.get(name, 0.0), result.currency, 4) for name in own["policy"]]
        )
    parts.table(shown, "live-ladder")
    if true:
        claimed = own[own["policy"] != "logged"]
        inside = sum(row.gain_low <= true[str(row.policy)] <= row.gain_high for row in claimed.itertuples())
        optimum = figures.money(list(true.values())[-1], result.currency, 4)
        st.caption(
            f"This is the sample, so the truth is known: every policy was also played in the world that made it."
            f" {inside} of {len(claimed)} intervals hold the truth. Who knew every taste would be worth {optimum} more"
            " than today."
        )
    st.caption(
        "From simple to learned. The winner is the simplest whose distance to the best may be chance (95%):"
        " a rule that everybody understands is worth more than one nobody does."
    )


def certificate(result: analysis.Result, by: str) -> pd.DataFrame:
    own = result.certificate[result.certificate["by"].isin(["all", by])]

    def told(column: str) -> list[str]:
        return [
            words.share(value)
            if metric == "conversion"
            else words.money(value, result.currency)
            if metric == "revenue"
            else f"{value:.2f}"
            for metric, value in zip(own["metric"], own[column], strict=True)
        ]

    return pd.DataFrame(
        {
            "": own["name"].where(own["by"] != "week", "Week " + own["name"]),
            "Metric": own["metric"].map(CHECKED),
            "Real": told("real"),
            "Simulated": told("simulated"),
            "Off by": [f"{error:+.1%}" for error in own["error"]],
            "Recommendations": own["impressions"],
        }
    )


def off_policy(result: analysis.Result) -> pd.DataFrame:
    own, called = result.off_policy, figures.names(result)
    return pd.DataFrame(
        {
            "": [called.get(policy, policy) for policy in own["policy"]],
            "How": [ESTIMATORS.get(name, name) for name in own["estimator"]],
            "Worth": [words.money(value, result.currency) for value in own["value"]],
            "from": [words.money(value, result.currency) for value in own["low"]],
            "to": [words.money(value, result.currency) for value in own["high"]],
            "Today": [words.money(value, result.currency) for value in own["logged"]],
        }
    )


def changed(run: Run, other: Run) -> pd.DataFrame:
    """The settings in which two runs differ."""
    rows = [
        {"Setting": label, "This run": live_settings.said(name, run.config.get(name)),
         "The other": live_settings.said(name, other.config.get(name))}
        for name, label in live_settings.LABELS.items() if run.config.get(name) != other.config.get(name)
    ]  # fmt: skip
    if run.dataset_version != other.dataset_version:
        rows.append({"Setting": "Data", "This run": run.dataset_version, "The other": other.dataset_version})
    return pd.DataFrame(rows, columns=["Setting", "This run", "The other"])


def side_by_side(result: analysis.Result, other: analysis.Result, policy: tuple[str, str]) -> None:
    rows = []
    for metric in (*figures.CLAIMED, "value"):
        row = {"": figures.label(result, metric, short=True)}
        for name, one, whose in zip(("This run", "The other"), (result, other), policy, strict=True):
            own = said.claim(one, whose, metric)
            change = said.change(own)
            row[name] = f"{said.level(one, own, 'after')}, {change}"
        rows.append(row)
    parts.table(pd.DataFrame(rows), "live-compare")
