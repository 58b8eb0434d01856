"""What is drawn comes back as a table: names whole, intervals as bounds, guides left out."""

from __future__ import annotations

import plotly.graph_objects as go
from hypothesis import given
from hypothesis import strategies as st
from plotly.subplots import make_subplots

from socialml.figures import numbers
from socialml.figures.theme import safe, unwrapped, wrap
from socialml.words import one_line


def test_bars_with_whiskers_are_rows_with_bounds() -> None:
    figure = go.Figure(
        go.Bar(y=["A &lt;b&gt;", "C"], x=[2.0, 3.0], orientation="h", name="Forecast",
               error_x={"type": "data", "symmetric": False, "array": [1, 2], "arrayminus": [0.5, 1]})
    )  # fmt: skip
    figure.add_scatter(x=[0, 9], y=[0, 9], hoverinfo="skip", mode="lines")
    figure.update_layout(xaxis_title="Revenue (¥)")
    found = numbers.table(figure).to_pylist()
    assert found == [
        {"Shown": "Forecast", "Name": "A <b>", "Revenue (¥)": 2.0, "Revenue (¥): from": 1.5, "Revenue (¥): to": 3.0},
        {"Shown": "Forecast", "Name": "C", "Revenue (¥)": 3.0, "Revenue (¥): from": 2.0, "Revenue (¥): to": 5.0},
    ]  # fmt: skip


def test_a_heatmap_is_a_row_for_each_cell() -> None:
    figure = go.Figure(go.Heatmap(x=["yes", "no"], y=["was"], z=[[0.25, None]], text=[["25%", "–"]]))
    assert numbers.table(figure).to_pylist() == [
        {"Row": "was", "Column": "yes", "Value": 0.25, "Label": "25%"},
        {"Row": "was", "Column": "no", "Value": None, "Label": "–"},
    ]


def test_subplots_say_which_part_a_row_is_of_and_ticks_stand_for_their_words() -> None:
    figure = make_subplots(rows=2, cols=1, subplot_titles=["Above", "Below"])
    figure.add_scatter(x=[1], y=[5], row=1, col=1)
    figure.add_scatter(x=[1], y=[6], row=2, col=1)
    figure.update_yaxes(tickvals=[5, 6], ticktext=["five", "six"])
    assert [(row["Part"], row["Value "]) for row in numbers.table(figure).to_pylist()] == [
        ("Above", "five"),
        ("Below", "six"),
    ]


def test_shares_are_in_percent_as_their_axis_shows_them() -> None:
    figure = go.Figure(
        go.Bar(x=[0.07, None], y=["A", "B"], orientation="h",
               error_x={"array": [0.02, 0.0], "arrayminus": [0.01, 0.0]})
    )  # fmt: skip
    figure.update_xaxes(tickformat=".0%", title="Complaints (%)")
    row = numbers.table(figure).to_pylist()[0]
    assert list(row) == ["Name", "Complaints (%)", "Complaints (%): from", "Complaints (%): to"]
    assert list(row.values()) == ["A", 7.0, 6.0, 9.0]
    figure.update_xaxes(title=None)
    assert numbers.table(figure).column_names[1] == "Value (%)"
    dates = go.Figure(go.Scatter(x=["2025-08-01"], y=[3.0]))
    dates.update_xaxes(tickformat="%b %Y", title="Month")
    assert numbers.table(dates).to_pylist() == [{"Month": "2025-08-01", "Value": 3.0}]


@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp", "Zs"]), min_size=1),
    st.integers(1, 30),
)
def test_a_name_broken_into_lines_comes_back_whole(word: str, width: int) -> None:
    text = f"{word} {word}"
    assert unwrapped(wrap(text, width)) == text
    assert unwrapped(safe(text)) == text


def test_nothing_of_a_name_is_a_tag_or_a_place_to_fill_in() -> None:
    told = wrap("<a href='x'>%{y}</a>\n\u202etxt", 100)
    assert "<" not in told
    assert "%{" not in told
    assert one_line("a\u202eb\nc") == "a b c"
