"""The live policy on the sample: what it claims, what it keeps, and what it refuses."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from socialml import artefacts, sample
from socialml.analyses import _live_agents as agents
from socialml.analyses import base
from socialml.analyses import live_policy as analysis
from socialml.environments.replay import means, replay
from socialml.errors import UserError
from socialml.ingest.task import ingest_file
from socialml.progress import Progress, silent
from socialml.store import Run, Store

SMALL = analysis.Config.from_json({"refits": 10, "steps": 60, "weeks": 2})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("live")
    sample.write(sample.generate(900, seed=3, months=6), folder)
    return folder


@pytest.fixture(scope="module")
def inputs(folder: Path) -> analysis.Inputs:
    with Store(folder / "shop.duckdb") as store:
        ingest_file(store, folder / "impressions.csv", "shop")
        return analysis.prepare(store, "shop", analysis.Config())


@pytest.fixture(scope="module")
def result(inputs: analysis.Inputs) -> analysis.Result:
    config = analysis.Config.from_json(
        {"refits": 10, "steps": 150, "weeks": 4, "offers_a_week": 1, "offer_share": 0.2}
    )
    return analysis.compute(inputs, config, silent)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store with half as many viewers, where what is asked needs no narrow interval."""
    folder = tmp_path_factory.mktemp("few")
    sample.write(sample.generate(450, seed=3, months=6), folder)
    with Store(folder / "shop.duckdb") as store:
        ingest_file(store, folder / "impressions.csv", "shop")
        yield store


@pytest.fixture(scope="module")
def first(few: Store) -> Run:
    return base.run("live_policy", few, "shop", SMALL)


@pytest.fixture(scope="module")
def few_inputs(few: Store) -> analysis.Inputs:
    return analysis.prepare(few, "shop", SMALL)


def test_it_is_learned_from_some_and_claimed_for_others(result: analysis.Result) -> None:
    assert abs(result.viewers_a - result.viewers_b) <= 1
    assert result.certified, result.certificate_reason
    assert result.certificate.set_index(["by", "metric"]).loc["all", "error"].abs().max() < 0.15
    ladder = result.ladder.set_index("policy")
    assert list(ladder.index) == ["logged", "random", "popular", "greedy", "penalty", "linucb", "dqn"]
    assert (ladder.loc["logged", ["gain", "gain_low", "gain_high"]] == 0).all()
    assert (
        ladder.loc["penalty", "gain_low"] > 0
    )  # what people like, with a rest, is better than today's policy
    assert ladder.loc["random", "gain_high"] < 0
    assert result.winner in ladder.index[ladder["level"]]
    assert ladder.loc[result.winner, "rank"] == ladder.loc[ladder["level"], "rank"].min()


def test_claims_hang_together(result: analysis.Result) -> None:
    claims = result.claims
    assert set(claims["policy"]) == set(result.ladder["policy"]) - {"logged"}
    assert claims["relative"].to_numpy() == pytest.approx((claims["after"] / claims["before"] - 1).to_numpy())
    assert (claims["low"] <= claims["relative"]).all()
    assert (claims["relative"] <= claims["high"]).all()
    assert ((claims["low"] > 0) == claims["better"]).all()
    whole = result.weekly[(result.weekly["metric"] == "revenue") & (result.weekly["policy"] == "logged")]
    assert whole["value"].sum() == pytest.approx(
        claims.query("metric == 'revenue' and policy == 'dqn'")["before"].iloc[0]
    )
    assert (whole[["difference", "low", "high"]] == 0).all(axis=None)
    shares = result.recommends.groupby(["policy", "segment"])["share"].sum()
    assert shares.to_numpy() == pytest.approx(1)


def test_limits_on_offers_are_kept(result: analysis.Result) -> None:
    assert result.guards["most_seen"] <= 1
    assert (result.ladder["offers"] <= 0.2 + 1e-9).all()


def test_the_log_alone_says_about_the_same(result: analysis.Result) -> None:
    found = result.off_policy.set_index(["policy", "estimator"])
    assert set(found.index.get_level_values("policy")) >= {"dqn"}, result.off_policy_note
    dqn = found.loc["dqn"]
    assert list(dqn.index) == ["ips", "snips", "dm", "dr"]
    assert dqn.loc["dr", "low"] < dqn.loc["snips", "value"] < dqn.loc["dr", "high"]
    assert dqn.loc["dr", "high"] > dqn.loc["dr", "logged"]


def test_it_is_stored_and_one_viewer_is_explained(result: analysis.Result, tmp_path: Path) -> None:
    artefacts.write(result, tmp_path / "result")
    again = artefacts.read(analysis.Result, tmp_path / "result")
    user = again.viewers.read().to_pylist()[5]["user_id"]
    told = analysis.one(again, user)
    assert told is not None
    assert len(told["values"]) == len(result.categories) * len(result.offers)
    assert told["values"]["value"].std() > 0
    assert analysis.one(again, "nobody") is None
    table = analysis.export(again)
    assert table.num_rows == result.viewers_a + result.viewers_b
    assert table["first"].to_pylist() != table["second"].to_pylist()


def test_the_same_seed_gives_the_same_claim(few_inputs: analysis.Inputs, first: Run) -> None:
    again = analysis.compute(few_inputs, SMALL, silent)
    pd.testing.assert_frame_equal(base.read_result(first).claims, again.claims)


@pytest.mark.parametrize("agent", ["ppo", "dqn_by_segment"])
def test_other_agents_are_claimed_too(few_inputs: analysis.Inputs, agent: str) -> None:
    config = dataclasses.replace(SMALL, agent=agent, later={"margin": 0.6}, augment=agent == "ppo")
    told: list[Progress] = []
    found = analysis.compute(few_inputs, config, told.append)
    assert agent in set(found.claims["policy"])
    assert bool(found.augmentation) == (agent == "ppo")
    assert max(p.fraction for p in told) <= 1
    assert any(p.curve for p in told)
    user = found.viewers.read().to_pylist()[0]["user_id"]
    assert np.isfinite(analysis.one(found, user)["values"]["value"]).all()


def test_a_run_goes_on_from_another(few: Store, first: Run) -> None:
    more = analysis.prepare(few, "shop", dataclasses.replace(SMALL, start_from=first.run_id))
    assert len(more.start) > 0
    result = base.read_result(first)
    network = agents.load("dqn", more.start, more.start_weights)
    user = result.viewers.read()["user_id"].to_pylist()[0]
    own = network.values(result.states[:1])[0]
    assert analysis.one(result, user)["values"]["value"].to_numpy() == pytest.approx(own)
    # From other first weights it would lie nowhere near.
    went_on = analysis.compute(more, dataclasses.replace(SMALL, seed=1), silent)
    assert not np.array_equal(went_on.net_weights, result.net_weights)
    assert np.corrcoef(went_on.net_weights[:-200], result.net_weights[:-200])[0, 1] > 0.8
    with pytest.raises(UserError, match="no run"):
        analysis.prepare(few, "shop", dataclasses.replace(SMALL, start_from="live_policy-nothing"))


def test_without_chances_the_log_cannot_judge(few_inputs: analysis.Inputs) -> None:
    rows = few_inputs.rows.read().to_pandas().assign(propensity=np.nan)
    found = analysis.compute(dataclasses.replace(few_inputs, rows=_table(rows)), SMALL, silent)
    assert found.off_policy.empty
    assert "does not tell with what chance" in found.off_policy_note
    assert any("does not tell the chances" in note for note in found.notes)


@pytest.mark.parametrize("what", ["rows", "orders", "viewers"])
def test_too_small_a_log_claims_nothing(inputs: analysis.Inputs, what: str) -> None:
    rows = inputs.rows.read().to_pandas()
    if what == "orders":
        rows = rows.assign(purchases=0.0, amount=0.0)
        changed = dataclasses.replace(inputs, rows=_table(rows))
    else:
        kept = 150 if what == "viewers" else 60
        viewers = inputs.viewers.read().slice(0, kept)
        rows = rows[rows["viewer"] < kept]
        changed = dataclasses.replace(inputs, rows=_table(rows), viewers=artefacts.Table(viewers))
    with pytest.raises(UserError, match="no uplift can be claimed"):
        analysis.compute(changed, analysis.Config(), silent)


def test_what_a_page_sends_is_checked() -> None:
    for values, words in (
        ({"agent": "sarsa"}, "which there is not"),
        ({"margin": 2}, "a number from 0 to 1"),
        ({"later": {"weeks": 3}}, "values of the last week"),
        ({"offer_share": -0.1}, "a number from 0 to 1"),
        ({"agent": "ppo", "start_from": "live_policy-1"}, "only a DQN"),
    ):
        with pytest.raises(UserError, match=words):
            analysis.Config.from_json(values)


def test_a_dataset_without_recommendations_says_what_to_bring(tmp_path: Path, folder: Path) -> None:
    with Store(tmp_path / "other.duckdb") as other:
        ingest_file(other, folder / "orders.csv", "orders")
        with pytest.raises(UserError, match="no table of recommendations"):
            analysis.prepare(other, "orders", analysis.Config())


def test_a_simulator_that_errs_is_red(inputs: analysis.Inputs) -> None:
    """In the second half of the log people buy three times as often as in the first, of which A knows nothing."""
    from socialml.analyses._live_certificate import certificate
    from socialml.analyses._live_inputs import log_of
    from socialml.environments.policies import logged_chances
    from socialml.models import response

    log = log_of(inputs)
    profile = np.zeros((log.n, 0))
    fitted = response.fit(log, replay(log, profile, means(log)))
    chances, groups = logged_chances(log), np.zeros(log.n, dtype=np.int64)
    table, red = certificate(log, profile, means(log), fitted, chances, 4, groups, ["All viewers"], 0)
    assert red == ""
    more = np.where(log.week >= log.weeks // 2, 1.4, 1.0)
    changed = dataclasses.replace(log, amount=log.amount * more)
    table, red = certificate(changed, profile, means(log), fitted, chances, 4, groups, ["All viewers"], 0)
    assert "revenue" in red
    assert "too low" in red
    assert set(table["by"]) == {"all", "segment", "week"}


def _table(rows: pd.DataFrame) -> artefacts.Table:
    import pyarrow as pa

    return artefacts.Table(pa.Table.from_pandas(rows, preserve_index=False))
