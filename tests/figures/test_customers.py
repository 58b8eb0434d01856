from __future__ import annotations

import re

import numpy as np
import plotly.graph_objects as go
import pytest

from socialml import sample
from socialml.analyses import customers
from socialml.analyses.customers import Result
from socialml.figures import customers as figures
from socialml.progress import silent
from tests.benchmarks import bench_customers as promises

CURVES = [figures.roc, figures.precision_recall, figures.calibration, figures.gain, figures.lift]
ALWAYS = [figures.models, figures.confusion, figures.importance, figures.pruning, figures.tree]


@pytest.fixture(scope="module")
def result() -> Result:
    shop = promises.inputs(sample.generate(1_500, seed=4))
    return customers.compute(shop, customers.Config(models=("tree", "logistic")), silent)


@pytest.mark.parametrize("make", [*ALWAYS, *CURVES])
def test_each_figure_has_a_title_axes_and_data(result: Result, make) -> None:
    figure = make(result, "purchase")
    assert isinstance(figure, go.Figure)
    assert figure.layout.title.text
    assert len(figure.data)
    if make not in (figures.tree, figures.confusion):
        assert figure.layout.xaxis.title.text


def test_tasks_of_several_classes_have_no_curves(result: Result) -> None:
    assert all(make(result, "customer_class") is None for make in CURVES)
    assert figures.confusion(result, "customer_class") is not None
    assert all(make(result, "nonsense") is None for make in CURVES)


def test_confusion_holds_every_test_row(result: Result) -> None:
    own = result.confusion[result.confusion["task"] == "purchase"]
    assert own["rows"].sum() == next(task["n_test"] for task in result.tasks if task["task"] == "purchase")


def test_profit_is_sales_less_contacts(result: Result) -> None:
    figure = figures.profit(result, "purchase", 10, 2, 0.5)
    assert figure is not None
    own = result.curves[(result.curves["task"] == "purchase") & (result.curves["curve"] == "gain")]
    per_1000 = 1000 / own["n"].max()
    np.testing.assert_allclose(figure.data[0].y, (own["hits"] * 10 - own["n"] * 2) * per_1000)
    assert figure.data[0].y[0] == 0


def test_a_large_tree_is_drawn_in_part(result: Result) -> None:
    for task in result.tree["task"].unique():
        figure = figures.tree(result, task)
        assert figure is not None
        shown = figure.data[-1]
        assert len(shown.x) <= figures.NODES_MOST
        assert list(shown.y) == sorted(shown.y, reverse=True)  # an outline: top to bottom, none over another
        assert "All training rows" in shown.text[0]
        nodes = result.tree[result.tree["task"] == task]
        assert ("goes on in the list below" in figure.layout.title.subtitle.text) == (
            len(nodes) > len(shown.x)
        )


def test_shares_are_written_as_shares_in_the_tree(result: Result) -> None:
    figure = figures.tree(result, "purchase")
    assert figure is not None
    shares = [label for label, unit in result.feature_labels.items() if unit == "share"]
    told = [
        text for text in figure.data[-1].text if any(label in text.replace("<br>  ", " ") for label in shares)
    ]
    assert told
    assert all(re.search(r"(above|at most)(<br>)? +[\d.]+%", text) for text in told), told


def test_fairness_leaves_small_groups_out(result: Result) -> None:
    own = result.fairness[
        (result.fairness["task"] == "purchase") & (result.fairness["attribute"] == "age band")
    ]
    for metric, base in (
        ("recall", own["positives"]),
        ("roc_auc", np.minimum(own["positives"], own["n"] - own["positives"])),
    ):
        figure = figures.fairness(result, "purchase", "age band", metric, "A score")
        wanted = set(own.loc[own[metric].notna() & (base >= 10), "group"])
        assert wanted < set(own["group"])
        assert (set(figure.data[0].y) if figure else set()) == wanted
