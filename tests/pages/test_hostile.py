"""Every page over shops whose names are written to be run: nothing of them acts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests import campaign_results, hostile, live_policies
from tests.pages.conftest import Open

# What Markdown, LaTeX, HTML or an icon of Streamlit would act on, where no backslash stands before it.
ACTS = re.compile(
    r"(?<!\\)(<script|<a |<br>|\[x\]|\$E=|:red\[|`tick|\*\*bold|~~gone|:material/home)|\u202e|\n# lines|\n- of it"
    r"|www\.evil|https?:\\?//evil|me@evil|me\\@evil"
)
# What plotly would read as a tag or fill in; it escapes by entities.
DRAWN = re.compile(r"<script|<a |<br>%\{x\}|%\{x\}</extra> |\u202e")
# Fields that are shown as they are, or not at all.
AS_IT_IS = {
    "id", "element_id", "form_id", "key", "user_key", "url", "deferred_file_id", "file_name", "alt", "spec", "json",
    "Selectbox.options", "MultiSelect.options", "TextInput.default", "TextInput.value", "TextInput.placeholder",
    "Selectbox.raw_value", "MultiSelect.raw_values", "Arrow.columns", "Dataframe.columns", "Arrow.placeholder",
    "Json.body", "MultiSelect.placeholder", "Slider.options", "Code.code_text", "Html.body",
}  # fmt: skip


@pytest.fixture(scope="module")
def shops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        for module, name in ((live_policies, "CATEGORIES"), (live_policies, "SEGMENTS"), (campaign_results, "CHANNELS"),
                             (campaign_results, "PHASES")):  # fmt: skip
            patch.setattr(module, name, [hostile.evil(one) for one in getattr(module, name)])
        patch.setattr(live_policies, "OFFERS", ["none", hostile.EVIL[3]])
        patch.setattr(campaign_results, "_ids", lambda n: [hostile.evil(f"K{at}") for at in range(n)])
        return hostile.build(tmp_path_factory.mktemp("hostile") / "store")


PAGES = {
    "overview": (hostile.SHOP, "overview-tab", ["Who buys?", "When?", "Where?", "What?", "What changed?"]),
    "segments": (hostile.SHOP, "segments-tab", ["Who are they?", "How many groups?", "How distinct?",
                                                "Where do they lie?", "Why this customer?"]),
    "customers": (hostile.TABLE, "customers-tab", ["Which rows?", "Why?", "Why this row?", "How well?"]),
    "forecast": (hostile.SHOP, "forecast-tab", ["By segment", "Who grows, who falls?", "One customer",
                                                "How good is it?", "How was it trained?"]),
    "anomalies": (hostile.SHOP, "anomalies-tab", ["What to review?", "How sure?", "Customers' months",
                                                  "Trained how?"]),
    "live-policy": (hostile.SHOP, "live-tab", ["Which policy wins?", "Week by week", "What is shown?", "One viewer",
                                               "Is the simulator right?", "How was it trained?", "Compare two runs"]),
    "campaign": (hostile.SHOP, "campaign-tab", ["More money?", "Which plan wins?", "Whom to book?", "What if?",
                                                "What happened?", "How good are the forecasts?",
                                                "How was it trained?"]),
    "data": (hostile.SHOP, "data-tab", ["What came in?", "What was changed?", "How do the rows look?",
                                        "Undo or delete"]),
}  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_nothing_of_a_hostile_name_acts(open_app: Open, shops: Path, page: str) -> None:
    dataset, key, tabs = PAGES[page]
    app = open_app(page, shops)
    shown(app, dataset)
    for tab in tabs:
        app.session_state[key] = app.query_params[key] = tab
        shown(app, dataset)
        assert app.session_state[key] == tab


def test_nothing_of_a_hostile_series_acts(open_app: Open, shops: Path) -> None:
    app = open_app("anomalies", shops)
    shown(app, hostile.POINTS)


def shown(app: AppTest, dataset: str) -> None:
    app.session_state["dataset"] = dataset
    for user in ("one-customer", "one-forecast", "one-viewer"):
        app.session_state[user] = hostile.EVIL[1]
    app.run()
    assert not app.exception, app.exception
    for node in app._tree:
        proto = getattr(node, "proto", None)
        for where, text in strings(proto) if hasattr(proto, "ListFields") else ():
            assert not ACTS.search(text), f"{where}: {text[max(0, ACTS.search(text).start() - 80) :][:300]!r}"
        if type(proto).__name__ == "PlotlyChart":
            for text in leaves(json.loads(proto.spec)):
                assert not DRAWN.search(text), f"plotly: {text[:300]!r}"


def strings(proto: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """Every text of an element with the place where it stands."""
    for field, value in proto.ListFields():
        place = f"{type(proto).__name__}.{field.name}"
        if field.name in AS_IT_IS or place in AS_IT_IS or place.startswith("ArrowData"):
            continue
        several = hasattr(value, "__iter__") and not isinstance(value, str | bytes)
        for one in value if several else [value]:
            if isinstance(one, str):
                yield f"{where}/{place}", one
            elif hasattr(one, "ListFields"):
                yield from strings(one, f"{where}/{place}")


def leaves(spec: Any) -> Iterator[str]:
    if isinstance(spec, str):
        yield spec
    elif isinstance(spec, dict | list):
        for one in spec.values() if isinstance(spec, dict) else spec:
            yield from leaves(one)
