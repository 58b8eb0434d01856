"""Metrics by the hour whose wild points somebody else labelled."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from socialml.analyses import anomalies
from socialml.ingest.task import ingest_file
from socialml.store import Store


def test_nab_ad_exchange(real_data: Path, store: Store) -> None:
    folder = real_data / "nab_ad_exchange"
    files = sorted(folder.glob("*.csv"))
    for file in files:
        ingest_file(store, file, "nab", timezone="UTC")
    result = anomalies.run(store, "nab", anomalies.Config())
    assert result.n_groups == 4
    assert any(note.startswith("2 times came twice") for note in result.notes)
    assert any("gap" in note for note in result.notes)
    frame = result.scores.read(["series", "ts", "score"]).to_pandas()
    labelled = [
        (file.stem, pd.Timestamp(moment))
        for file in files
        for moment in json.loads((folder / "labels.json").read_text())[file.name]["points"]
    ]
    assert len(labelled) == 7
    for ranks in (frame["score"].rank(ascending=False, pct=True),
                  frame.groupby("series")["score"].rank(ascending=False, pct=True)):  # fmt: skip
        place = ranks.set_axis(pd.MultiIndex.from_frame(frame[["series", "ts"]]))
        outside = [label for label in labelled if place[label] > 0.01]
        assert len(outside) <= 2, outside
