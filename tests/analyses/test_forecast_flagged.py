"""Purchases that look wrong, left out of what a forecast is scored on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from socialml import sample
from socialml.analyses import anomalies, base, forecast
from socialml.errors import UserError
from socialml.ingest import ingest_file
from socialml.store import Store


def test_flagged_amounts_are_left_out_of_the_scores_only(tmp_path: Path) -> None:
    with Store(tmp_path / "shop.duckdb") as store:
        sample.write(sample.generate(80, seed=2), tmp_path / "shop")
        for kind in ("users", "orders"):
            ingest_file(store, tmp_path / "shop" / f"{kind}.csv", "shop", kind=kind)
        config = {"models": [], "backtest_months": 2}
        whole = forecast.run(store, "shop", forecast.Config.from_json(config))
        with pytest.raises(UserError, match="ever looked at for anomalies"):
            forecast.run(store, "shop", forecast.Config.from_json({**config, "without_flagged": True}))
        run = base.run("anomalies", store, "shop", anomalies.Config(epochs=0))
        without = forecast.run(store, "shop", forecast.Config.from_json({**config, "without_flagged": True}))
    flagged = base.read_result(run)
    assert flagged.flagged > 0
    assert "Scored without" in without.notes[0]

    def mae(result: forecast.Result) -> float:
        rows = result.models.query("what == 'amount' and month == 'all' and model == 'mean_6'")
        return float(rows["mae"].iloc[0])

    assert mae(without) < mae(whole)
    # What came in the last 12 months is taken off too, from the amounts only.
    first, second = (one.year.set_index(["what", "model"])["total"] for one in (whole, without))
    assert (second["amount"] > first["amount"]).all()
    assert second["orders"].equals(first["orders"])
    # What is forecast is the same: only what it is held against has changed.
    assert np.array_equal(
        whole.users.read(["amount"])["amount"].to_numpy(), without.users.read(["amount"])["amount"].to_numpy()
    )
