"""The planted world of the sample as a judge of every policy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from socialml import sample
from socialml.analyses import _live_claim as claim
from socialml.analyses import _live_inputs as reading
from socialml.analyses import _live_truth as truth
from socialml.analyses import live_policy as analysis
from socialml.environments import policies
from socialml.environments.live_shopping import Reward
from socialml.environments.replay import means
from socialml.features.impressions import ImpressionLog
from socialml.ingest.task import ingest_file
from socialml.store import Store


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> ImpressionLog:
    folder = tmp_path_factory.mktemp("truth")
    sample.write(sample.generate(600, seed=3, months=6), folder)
    with Store(folder / "shop.duckdb") as store:
        ingest_file(store, folder / "impressions.csv", "shop")
        found = reading.log_of(analysis.prepare(store, "shop", analysis.Config()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(truth, "PARAMETERS", folder / "truth" / "parameters.json")
        yield found


def test_only_the_whole_log_of_the_sample_is_recognised(log: ImpressionLog) -> None:
    shop = truth.recognised(log)
    assert shop is not None
    assert shop.truth.parameters["seed"] == 3
    assert truth.recognised(log.of(np.arange(log.n - 1))) is None
    assert truth.recognised(replace(log, seconds=log.seconds + 0.1)) is None


def test_todays_policy_earns_what_its_log_did_and_none_beats_who_knows_every_taste(
    log: ImpressionLog,
) -> None:
    shop = truth.recognised(log)
    assert shop is not None
    rules = claim.Rules(offers=len(log.offers), weeks=6, slots=4, reward=Reward())
    chances = policies.logged_chances(log)
    makers = {
        "logged": lambda rows: policies.Logged(chances[rows]),
        "random": lambda rows: policies.Random(rules.offers),
        "popular": lambda rows: policies.Popular(log),
    }
    found = truth.levels(shop, log, np.zeros((log.n, 0)), means(log), makers, rules, {}, False, 0)
    worth = found.set_index("policy")
    assert list(worth.index) == ["logged", "random", "popular", truth.KNOWING]
    assert worth["value"].idxmax() == truth.KNOWING
    assert worth.loc[truth.KNOWING, "value"] > 1.2 * worth.loc["logged", "value"]
    assert worth.loc["logged", "conversion"] == pytest.approx(np.nanmean(log.purchases), rel=0.1)
