from __future__ import annotations

import dataclasses

import numpy as np
import plotly.graph_objects as go
import pytest

from socialml import sample
from socialml.analyses.segments import Result
from socialml.figures import segments as figures
from socialml.figures import theme
from tests.benchmarks import bench_promises_segments as promises

ALL = [
    figures.elbow,
    figures.silhouette_by_k,
    figures.silhouette_plot,
    figures.sizes,
    figures.scatter,
    figures.profile_heatmap,
]
NAMED = ALL[2:]  # take the user's own names


@pytest.fixture(scope="module")
def result() -> Result:
    return promises.compute(promises.inputs(sample.generate(1_500, seed=1)))


def test_elbow_draws_the_sse_and_both_answers(result: Result) -> None:
    curve, kneed, ratio = figures.elbow(result).data
    assert list(curve.x) == list(range(2, 11))
    np.testing.assert_allclose(curve.y, result.by_k["sse"])
    assert (list(kneed.x), list(ratio.x)) == ([result.k_kneed], [result.k_elbow])
    assert str(result.k_elbow) in ratio.name
    assert list(ratio.y) == [result.by_k.set_index("k").loc[result.k_elbow, "sse"]]


def test_elbow_without_answers_and_without_groups(result: Result) -> None:
    unclear = dataclasses.replace(
        result, k_kneed=None, k_elbow=None, verdict={**result.verdict, "kind": "none"}
    )
    figure = figures.elbow(unclear)
    assert len(figure.data) == 1
    assert "no number of groups" in figure.layout.title.text.replace("<br>", " ")
    assert "no clear groups" in figures.silhouette_by_k(unclear).layout.title.text.replace("<br>", " ")


def test_silhouettes_stand_beside_random_data_with_their_intervals(result: Result) -> None:
    wide = result.by_k.assign(
        low=result.by_k["silhouette"] - 0.02, high=result.by_k["silhouette"] + 0.01, exact=False
    )
    random, own = figures.silhouette_by_k(dataclasses.replace(result, by_k=wide)).data
    np.testing.assert_allclose(random.y, wide["random"])
    np.testing.assert_allclose(own.y, wide["silhouette"])
    np.testing.assert_allclose(own.error_y.array, 0.01)
    np.testing.assert_allclose(own.error_y.arrayminus, 0.02)
    assert own.error_y.visible
    assert not figures.silhouette_by_k(result).data[1].error_y.visible
    assert "Random data" in random.name


def test_silhouette_plot_has_one_sorted_band_a_segment(result: Result) -> None:
    figure = figures.silhouette_plot(result)
    assert len(figure.data) == 5
    assert sum(len(band.x) for band in figure.data) == len(result.silhouette_points) <= 2_000
    for number, band in enumerate(figure.data):
        assert (np.diff(band.x) <= 0).all()
        assert band.line.color == theme.segment_colour(number)
    assert len(figure.layout.yaxis.tickvals) == len(figure.layout.yaxis.ticktext) == 5


def test_sizes_add_up_and_published_shares_are_marked(result: Result) -> None:
    bars, published = figures.sizes(result).data
    assert sum(bars.x) == pytest.approx(1)
    assert "Published" in published.name
    assert "other data" in published.name
    assert sorted(published.x) == pytest.approx([0.125, 0.162, 0.204, 0.229, 0.28])
    unnamed = result.segments.assign(published_share=np.nan)
    assert len(figures.sizes(dataclasses.replace(result, segments=unnamed)).data) == 1


def test_scatter_says_how_many_points_it_draws(result: Result) -> None:
    few = dataclasses.replace(result, scatter=result.scatter.head(900), n_users=920_000)
    figure = figures.scatter(few)
    assert "Showing 900 of 920,000 customers" in figure.layout.title.subtitle.text.replace("<br>", " ")
    assert sum(len(trace.x) for trace in figure.data) == 900
    assert len({trace.marker.symbol for trace in figure.data}) == 5
    first, second = result.explained
    assert f"{first + second:.0%}" in figure.layout.title.text


def test_heatmap_has_plain_numbers_on_standardised_colours(result: Result) -> None:
    (heat,) = figures.profile_heatmap(result).data
    assert heat.z.shape == (len(result.features), 5)
    row = [feature["name"] for feature in result.features].index("discount_share")
    own = result.profile[result.profile["feature"] == "discount_share"].sort_values("segment")
    np.testing.assert_allclose(heat.z[row], own["z"])
    assert list(heat.text[row]) == [f"{mean:.0%}" for mean in own["mean"]]
    assert heat.zmin == -heat.zmax


@pytest.mark.parametrize("draw", ALL)
def test_titles_are_sentences_axes_have_words_and_no_machine_names(draw, result: Result) -> None:
    figure: go.Figure = draw(result)
    shown = figure.to_json()
    for feature in result.features:
        if "_" in feature["name"]:
            assert feature["name"] not in shown
    assert len(figure.layout.title.text) > 20
    assert all(len(line) <= 44 for line in figure.layout.title.text.split("<br>"))
    if not isinstance(figure.data[0], go.Heatmap):
        assert figure.layout.xaxis.title.text


@pytest.mark.parametrize("draw", NAMED)
def test_own_names_are_used_and_made_harmless(draw, result: Result) -> None:
    figure = draw(result, {0: "<b>A & B</b>", 1: "Fans"})
    shown = str(figure.to_dict())
    assert "Fans" in shown
    assert "<b>" not in shown
    assert "&lt;b&gt;A &amp; B&lt;/b&gt;" in shown.replace("<br>", " ")


def test_segments_keep_their_colours_and_more_than_eight_are_grey() -> None:
    assert theme.segment_colour(0) == "#0072B2"
    assert theme.segment_colour(6) == "#F0E442"
    assert theme.segment_colour(7) == theme.segment_colour(30) == theme.SEGMENT_COLOURS[-1]


@pytest.mark.parametrize("dark", [True, False])
def test_template(dark: bool) -> None:
    template = theme.template(dark)
    assert tuple(template.layout.colorway) == theme.SEGMENT_COLOURS
    assert template.layout.xaxis.automargin
    assert theme.template(dark) is template
    assert theme.template(True).layout.font.color != theme.template(False).layout.font.color


def test_wrap() -> None:
    assert theme.wrap("Two directions hold half", 14) == "Two directions<br>hold half"
    assert theme.wrap("a < b", 20) == "a &lt; b"
