"""The Overview's tab about comments: what customers say, and where they complain."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import streamlit as st

from socialml import words
from socialml.features import comments as features
from socialml.figures import comments as figures
from socialml.ui import context, parts, running, state

# Measured on comments that nothing was set on: tests/models/test_sentiment.py holds the floor.
ACCURACY = (
    "Read by word lists, not by a person. Of 300 labelled English product comments 21% sound neutral to it, of the"
    " others 88% are read rightly; of 300 Chinese delivery reviews 2% and 85%. Irony is not understood."
)
LONGEST = 200  # characters of an example
_LANGUAGES = {
    "en": "English",
    "zh": "Chinese",
    "emoji": "only emojis",
    "other": "another language",
    "": "no words",
}


@st.cache_data(show_spinner=False, max_entries=32)
def _any(store: str, dataset: str, version: str) -> bool:
    return features.any_text(state.store(), dataset)


@st.cache_data(show_spinner=False, max_entries=32)
def _summary(
    run_id: str, start: datetime | None, until: datetime | None, members: tuple[Path, int] | None
) -> features.Summary:
    path = state.result(state.store().run(run_id)).comments.path
    return features.summary(state.store(), path, start=start, until=until, members=members)


def show(chosen: context.Context, members: tuple[Path, int] | None) -> None:
    """members: the table of customers of a run and the segment that the page shows."""
    store = state.store()
    if not _any(str(store.path), chosen.name, chosen.version):
        st.info(
            "No row of this dataset carries the text of a comment. With a column of comment texts in the behaviour"
            " events you see here what customers praise and where they complain."
        )
        st.page_link("pages/data.py", label="Add such a file", icon=":material/upload_file:")
        return
    run = state.newest_run(chosen.name, "sentiment")
    if run is None:
        st.info("There are comments in this dataset; how they sound has not been read yet.")
    running.status(chosen, "sentiment", run, {}, label="Read the comments", what="Comments")
    if run is None:
        return
    data = _summary(run.run_id, chosen.start, chosen.until, members)
    if not data.scored:
        st.info("No comment of these dates and customers can be read: only English and Chinese can.")
        return
    _answer(data)
    drawn = (run.run_id, chosen.start, chosen.until, chosen.segment)
    shown = data.months.assign(month=data.months["month"].dt.strftime("%Y-%m")).rename(
        columns={
            "month": "Month", "positive": "Praise", "neutral": "Neutral", "negative": "Complaints",
            "comments": "Comments",
        }
    )  # fmt: skip
    parts.chart(
        lambda: figures.months(data),
        "comments-months",
        of=drawn,
        note="Whiskers: 95% interval, each comment counted by itself.",
        numbers=shown,
    )
    _worst(data, drawn)
    st.caption(f"Run {run.run_id}, {run.seconds:.1f} s. {ACCURACY}")


def _answer(data: features.Summary) -> None:
    scored = data.scored
    parts.key_figures(
        [
            parts.KeyFigure(
                "Comments read", words.figure(scored), f"Of {words.count(data.comments)} with text."
            ),
            parts.KeyFigure("Praise", words.share(data.positive / scored), ACCURACY),
            parts.KeyFigure("Neutral", words.share(data.neutral / scored), "Questions, and what is neither."),
            parts.KeyFigure("Complaints", words.share(data.negative / scored), ACCURACY),
        ],
        "comments",
    )
    split = [
        f"{words.share(row.comments / data.comments, 0)} {_LANGUAGES[row.language]}"
        for row in data.languages.itertuples(index=False)
    ]
    st.caption(f"Languages: {words.listed(split)}.")


def _worst(data: features.Summary, drawn: tuple) -> None:
    parts.chart(
        lambda: figures.categories(data),
        "comments-categories",
        of=drawn,
        note="Whiskers: 95% interval.",
        absent=f"No category has {features.LEAST} comments that could be read.",
    )
    if data.categories.empty:
        return
    said = data.examples.groupby("category")["text"].agg(
        lambda texts: "  ·  ".join(words.one_line(text)[:LONGEST] for text in texts)
    )
    frame = data.categories.head(12)
    table = frame.assign(
        complaints=100 * frame["negative"] / frame["comments"],
        praise=100 * frame["positive"] / frame["comments"],
        said=frame["category"].map(said),
    )[["category", "comments", "complaints", "praise", "said"]]
    named = {
        "category": "Category", "comments": "Comments", "complaints": "Complaints (%)", "praise": "Praise (%)",
        "said": "Complaints, for example",
    }  # fmt: skip
    percent = {
        name: st.column_config.NumberColumn(format="%.1f") for name in ("Complaints (%)", "Praise (%)")
    }
    parts.table(table.rename(columns=named), "comments-worst", column_config=percent)
