from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest

from socialml import sample
from socialml.analyses import anomalies
from socialml.figures import anomalies as figures
from socialml.progress import silent
from tests.analyses.test_anomalies import metric
from tests.benchmarks import bench_anomalies as promises


@pytest.fixture(scope="module")
def result() -> anomalies.Result:
    shop = promises.inputs(sample.generate(120, seed=6))
    return anomalies.compute(shop, anomalies.Config(epochs=0), silent)


def drawn(figure: go.Figure, name: str) -> int:
    return sum(len(trace.x) for trace in figure.data if trace.name == name)


def test_every_flagged_purchase_is_drawn_and_told_apart_by_shape(result: anomalies.Result) -> None:
    figure = figures.amounts(result, result.threshold, result.flagged)
    assert drawn(figure, "Flagged") == result.flagged
    shapes = {trace.name: trace.marker.symbol for trace in figure.data}
    assert shapes["Flagged"] != shapes["Not flagged"]
    assert str(result.flagged) in figure.layout.title.subtitle.text
    none = figures.amounts(result, 1e9, 0)
    assert drawn(none, "Flagged") == 0


def test_flagged_months_are_those_of_the_score(result: anomalies.Result) -> None:
    figure = figures.months(result)
    assert figure is not None
    assert drawn(figure, "Flagged") == result.month_score["flagged"]


def test_the_tail_counts_rows_and_chance(result: anomalies.Result) -> None:
    ranked = anomalies.ranking(result)
    figure = figures.tail(ranked, result.threshold, result.chance)
    rows, chance = figure.data
    assert rows.y[0] == result.n_rows
    assert chance.y[0] == pytest.approx(result.n_rows)
    assert (np.diff(rows.y) <= 0).all()
    assert f"{result.flagged} purchases" in figure.layout.title.text


def test_rates_are_drawn_only_where_labels_tell_them(result: anomalies.Result) -> None:
    ranked = anomalies.ranking(result, result.labels)
    figure = figures.sweep(ranked, result.flagged)
    assert figure is not None
    found = dict(zip(figure.data[0].x, figure.data[0].y, strict=True))
    assert found[result.flagged / result.n_rows] == pytest.approx(result.rates["recall"])
    assert (np.diff(figure.data[0].y) >= 0).all()
    assert figures.sweep(anomalies.ranking(result), 5) is None
    assert figures.compared(result.compared.iloc[:0]) is None
    best = figures.compared(result.compared)
    assert best is not None
    assert sum(len(trace.x) for trace in best.data) == len(result.compared)
    assert (
        "but not beyond doubt" in best.layout.title.text
    )  # the rule's interval overlaps the combined score's
    apart = result.compared[result.compared["name"].isin(["amount", "hour"])]
    sure = figures.compared(apart)
    assert sure is not None
    assert (
        sure.layout.title.text.replace("<br>", " ") == "Best at telling wrong from right: amount alone (LSTM)"
    )


def test_a_long_series_keeps_its_peaks() -> None:
    value = np.r_[np.sin(np.arange(8_000) / 5), 40.0, np.sin(np.arange(2_000) / 5)] + 3
    found = anomalies.compute(metric(value), anomalies.Config(epochs=0), silent)
    figure = figures.points(found, "a", found.threshold)
    assert figure is not None
    assert drawn(figure, "Measured") <= figures.POINTS
    assert max(next(trace for trace in figure.data if trace.name == "Measured").y) == 43.0
    assert "Showing" in figure.layout.title.subtitle.text
    assert figures.points(found, "nobody", 1.0) is None
