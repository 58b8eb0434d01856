"""What another policy would have earned: planted logs whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from socialml.evaluation import off_policy
from socialml.evaluation.off_policy import Log, evaluate
from tests.benchmarks.bench_off_policy import synthetic


def log_of(n: int = 2000, k: int = 4, seed: int = 0, **more: object) -> Log:
    rng = np.random.default_rng(seed)
    action = rng.integers(0, k, n)
    reward = (rng.random(n) < 0.05 + 0.05 * action).astype(float)
    values = {
        "action": action, "position": np.zeros(n, dtype=int), "reward": reward, "propensity": np.full(n, 1 / k),
        "context": np.zeros((n, 0)), "n_actions": k, "n_positions": 1,
    }  # fmt: skip
    return Log(**{**values, **more})  # type: ignore[arg-type]


def test_the_logged_policy_against_itself_is_exactly_0() -> None:
    log = log_of()
    found = evaluate(log, np.full((1, 4), 0.25))
    assert found.effective_sample_size == pytest.approx(2000)
    ips = found.difference["ips"]
    assert (ips.value, ips.low, ips.high) == (0, 0, 0)
    assert found.estimates["snips"].value == pytest.approx(log.reward.mean())


def test_known_values_by_hand() -> None:
    action = np.tile([0, 1], 400)
    reward = np.where(action == 1, 1.0, 0.0)
    log = log_of(
        800, 2, action=action, reward=reward, position=np.zeros(800, dtype=int), propensity=np.full(800, 0.5),
        context=np.zeros((800, 0)),
    )  # fmt: skip
    found = evaluate(log, np.array([[0.25, 0.75]]))
    for name in ("ips", "snips", "dm", "dr"):
        assert found.estimates[name].value == pytest.approx(0.75, abs=0.01), name
    assert found.estimates["ips"].se == pytest.approx(0.75 / np.sqrt(799), rel=1e-6)
    assert found.effective_sample_size == pytest.approx(800 / (2 * (0.25**2 + 0.75**2)))


def test_intervals_hold_the_truth_of_planted_logs() -> None:
    """40 of the 500 worlds of the benchmark: at least 34 hits would come from 92% coverage in all but 5% of cases."""
    hits = {name: 0 for name in ("ips", "snips", "dm", "dr")}
    for seed in range(40):
        log, policy, truth = synthetic(seed)
        found = evaluate(log, policy, seed)
        for name in hits:
            hits[name] += found.estimates[name].low <= truth <= found.estimates[name].high
    assert min(hits.values()) >= 34, hits


def test_rows_of_one_user_widen_the_interval() -> None:
    rng = np.random.default_rng(1)
    user = np.repeat(np.arange(200), 10)
    liking = rng.random(200)[user]
    alone = log_of(reward=(rng.random(2000) < liking).astype(float))
    together = log_of(reward=alone.reward, user=user)
    policy = np.array([[0.4, 0.3, 0.2, 0.1]])
    narrow, wide = (evaluate(log, policy).estimates["ips"] for log in (alone, together))
    assert narrow.value == wide.value
    assert wide.se > 1.3 * narrow.se


@pytest.mark.parametrize(
    ("log", "policy", "said"),
    [
        (log_of(200), np.full((1, 4), 0.25), "200 decisions"),
        (log_of(2000, 1), np.ones((1, 1)), "one action only"),
        (log_of(2000, n_actions=5), np.array([[0.0, 0, 0, 0, 1]]), "never tried"),
        (
            log_of(2000, propensity=np.where(np.arange(2000) == 0, 1e-6, 0.25)),
            np.full((1, 4), 0.25),
            "count as 1",
        ),
    ],
)
def test_too_thin_logs_are_refused(log: Log, policy: np.ndarray, said: str) -> None:
    found = evaluate(log, policy)
    assert said in found.refused
    assert not found.estimates
    assert not found.difference


def test_wrong_propensities_are_noticed() -> None:
    for wrong, refused in ((0.5, True), (0.28, False)):
        found = evaluate(log_of(propensity=np.full(2000, wrong)), np.full((1, 4), 0.25))
        said = found.refused or " ".join(found.warnings)
        assert "where 1.00 is due" in said
        assert bool(found.refused) == refused


def test_without_propensities_only_the_model_speaks() -> None:
    found = evaluate(log_of(propensity=None), np.array([[0.0, 0, 0, 1]]))
    assert list(found.estimates) == ["dm"]
    assert not found.difference
    assert found.estimates["dm"].value == pytest.approx(0.2, abs=0.05)
    assert "no propensities" in found.warnings[0]


def test_propensities_outside_their_range_are_an_error() -> None:
    for wrong in (0.0, 1.5, np.nan):
        with pytest.raises(ValueError, match="propensities"):
            evaluate(log_of(propensity=np.full(2000, wrong)), np.full((1, 4), 0.25))


def test_shares_and_uniform_are_policies() -> None:
    log = log_of(position=np.arange(2000) % 3, n_positions=3)
    for policy in (off_policy.shares(log), off_policy.uniform(log)):
        assert policy.shape == (3, 4)
        assert policy.sum(axis=1) == pytest.approx(1)


def rooms(seed: int, n: int = 4000, pays: float = 0.3) -> tuple[Log, np.ndarray, float]:
    """Orders of about 100 by viewers of 8 decisions each, whose level differs. Action 1 pays where the context is
    high, action 0 where it is low, and a policy mostly knows it. Its truth a decision is the mean over contexts."""
    rng = np.random.default_rng([seed, 9])
    user = np.repeat(np.arange(n // 8), 8)
    context = rng.standard_normal((n, 1))
    logging = np.column_stack(
        [np.full(n, 0.5), 0.3 + 0.1 * (context[:, 0] > 0), 0.2 - 0.1 * (context[:, 0] > 0)]
    )
    action = (rng.random((n, 1)) > logging.cumsum(axis=1)).sum(axis=1)
    high = context[:, 0] > 0
    fits = np.column_stack([~high, high, np.zeros(n)])
    level = rng.gamma(4, 0.25, n // 8)[user]
    orders = rng.random(n) < level * (0.05 + pays * fits[np.arange(n), action])
    chances = 0.1 + 0.7 * fits
    log = Log(
        action=action, position=np.zeros(n, dtype=np.int64), reward=orders * 100 * rng.lognormal(0, 0.5, n),
        propensity=logging[np.arange(n), action], context=context, n_actions=3, n_positions=1, user=user,
    )  # fmt: skip
    return log, chances, float(100 * np.exp(0.5**2 / 2) * (0.05 + pays * 0.8))


def test_a_policy_may_differ_from_row_to_row() -> None:
    """Twenty worlds of money by the customer; at least 16 hits come from 95% coverage in all but 0.3% of cases."""
    hits = {name: 0 for name in ("ips", "snips", "dm", "dr")}
    for seed in range(20):
        log, chances, truth = rooms(seed)
        found = off_policy.evaluate_rows(log, chances, seed)
        for name in hits:
            hits[name] += found.estimates[name].low <= truth <= found.estimates[name].high
    assert min(hits.values()) >= 16, hits
    # Better than what was logged and than the same choices without looking.
    blind = evaluate(log, chances.mean(axis=0)[None])
    assert found.difference["dr"].low > 0
    assert found.estimates["dr"].low > blind.estimates["dr"].high


def test_rows_and_positions_are_one_thing() -> None:
    log = log_of(position=np.arange(2000) % 2, n_positions=2)
    policy = np.array([[0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1]])
    by_row = off_policy.evaluate_rows(
        log, np.where((np.arange(2000) % 2 == 0)[:, None], policy[0], policy[1])
    )
    assert by_row == evaluate(log, policy)


def test_what_was_never_tried_is_counted_by_row() -> None:
    log = log_of(n_actions=5)
    chances = np.zeros((2000, 5))
    chances[:, 0] = 1
    chances[:80] = [0, 0, 0, 0, 1]
    found = off_policy.evaluate_rows(log, chances)
    assert found.unseen == pytest.approx(0.04)
    assert "never tried" in " ".join(found.warnings)
