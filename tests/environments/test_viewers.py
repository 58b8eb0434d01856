"""The state of live-room viewers: by hand, replayed from a log, and written on by a fitted response."""

from __future__ import annotations

from datetime import datetime, timedelta

import duckdb
import numpy as np
import pandas as pd
import pytest

from socialml import sample
from socialml.environments.outcome import Noise, Outcome
from socialml.environments.replay import means, replay
from socialml.environments.viewers import Means, Viewers
from socialml.errors import UserError
from socialml.features import impressions
from socialml.features.impressions import ImpressionLog
from socialml.models import response
from socialml.models.simulator import Simulator

UNTIL = datetime(2025, 10, 1)


def log_of(frame: pd.DataFrame, until: datetime = UNTIL) -> ImpressionLog:
    """Rows as the store gives them, taken."""
    whole = {"propensity": 0.5, "seconds": 30.0, "likes": 0, "comments": 0, "shares": 0, "purchases": 0,
             "amount": 0.0, "satisfaction": None, "offer": None, "platform": "Douyin"}  # fmt: skip
    frame = frame.assign(**{name: value for name, value in whole.items() if name not in frame})
    with duckdb.connect() as con:
        con.register("frame", frame)
        return impressions.take(con, con.table("frame"), until)


@pytest.fixture(scope="module")
def shown() -> pd.DataFrame:
    frame = sample.generate(1200, seed=4).impressions.to_pandas().rename(columns={"ts": "ts_local"})
    return frame.astype({"user_id": str, "category": str, "offer": str, "amount": float})


def rows(*cells: tuple[str, int, str]) -> pd.DataFrame:
    """(user, days before the end, category)"""
    return pd.DataFrame(
        [{"user_id": u, "ts_local": UNTIL - timedelta(days=d, hours=2), "category": c} for u, d, c in cells]
    )


def test_weeks_places_and_offers_are_counted() -> None:
    log = log_of(
        rows(("b", 13, "x"), ("b", 1, "y"), ("b", 0, "x"), ("a", 0, "x")).assign(
            offer=["Coupon", None, "", "none"]
        )
    )
    assert log.user_id == ["a", "b"]
    assert log.offers == ["none", "coupon"]
    assert log.weeks == 2
    assert log.viewer.tolist() == [0, 1, 1, 1]
    assert log.week.tolist() == [1, 0, 1, 1]
    assert log.place.tolist() == [0, 0, 0, 1]
    assert log.offer.tolist() == [0, 1, 0, 0]
    assert np.isnan(log.satisfaction).all()
    assert log.of(np.array([1])).user_id == ["b"]
    assert log.of(np.array([1])).viewer.tolist() == [0, 0, 0]


def test_logs_that_teach_nothing_say_so() -> None:
    with pytest.raises(UserError, match="two weeks are the least"):
        log_of(rows(("a", 3, "x"), ("a", 2, "y")))
    with pytest.raises(UserError, match="one category only"):
        log_of(rows(("a", 20, "x"), ("a", 2, "x")))


def test_one_recommendation_by_hand() -> None:
    viewers = Viewers(Means(0.1, 0.2, np.log(20.0)), np.zeros((2, 0)), 3)
    viewers.here[:] = [True, False]
    out = Outcome(*(np.array([value, 9.0]) for value in (1.0, 50.0, 20.0, 1.0, 0.0, 1.0)))
    viewers.update(np.array([2, 1]), np.array([1, 0]), out)
    assert viewers.lately.tolist() == [[0, 0, 1], [0, 0, 0]]
    assert viewers.bought == pytest.approx(
        np.array([[0, 0, 0.9], [0, 0, 0]])
    )  # beyond the one tenth that is usual
    assert viewers.orders.tolist() == [1, 0]
    assert viewers.coupon_orders.tolist() == [1, 0]
    assert viewers.talked.tolist() == [2, 0]
    assert viewers.liking[0, 2] == pytest.approx(0)  # watched as long as anybody
    assert viewers.unsure[0, 2] < viewers.unsure[0, 1] == viewers.means.likings
    assert viewers.level_unsure[0] < viewers.level_unsure[1] == viewers.means.levels
    viewers.here[:] = True
    viewers.update(np.array([2, 2]), np.array([0, 0]), Outcome(*np.zeros((6, 2))))
    assert viewers.lately[0, 2] == pytest.approx(1.7)
    viewers.end_week()
    assert viewers.lately[0, 2] == pytest.approx(0.85)
    assert viewers.since == pytest.approx([1, 11])  # as usual where no order is known
    assert np.isfinite(viewers.features()).all()


def test_a_replay_never_looks_ahead(shown: pd.DataFrame) -> None:
    log = log_of(shown)
    whole = replay(log, np.zeros((log.n, 0)), means(log))
    cut = shown.copy()
    late = cut["ts_local"] >= UNTIL - timedelta(days=14)
    cut.loc[late, ["purchases", "likes"]] = 1
    cut.loc[late, "seconds"] = 999.0
    other_log = log_of(cut)
    other = replay(other_log, np.zeros((log.n, 0)), means(log))
    early = log.week < 10
    assert np.array_equal(whole.about[early], other.about[early])
    assert not np.array_equal(whole.about[~early], other.about[~early])


def test_a_replay_ends_where_counting_ends(shown: pd.DataFrame) -> None:
    log = log_of(shown)
    end = replay(log, np.zeros((log.n, 0)), means(log)).end
    assert np.array_equal(end.total, np.bincount(log.viewer))
    assert np.array_equal(end.orders, np.bincount(log.viewer, log.purchases))
    came = np.zeros((log.n, log.weeks), dtype=bool)
    came[log.viewer, log.week] = True
    assert np.array_equal(end.here, came[:, -1])
    assert np.array_equal(end.habit.sum(axis=1), np.bincount(log.viewer))


def test_the_response_to_others_is_foretold(shown: pd.DataFrame) -> None:
    """Fitted on half of the viewers, right on average for the other half, and better than their mean."""
    log = log_of(shown)
    half = np.arange(log.n) % 2 == 0
    learn, judge = log.of(np.flatnonzero(half)), log.of(np.flatnonzero(~half))
    of = means(learn)
    fitted = response.fit(learn, replay(learn, np.zeros((learn.n, 0)), of))
    seen = replay(judge, np.zeros((judge.n, 0)), of)
    expected = fitted.expected(seen.about)
    assert expected["purchases"].sum() == pytest.approx(judge.purchases.sum(), rel=0.08)
    assert expected["amount"].sum() == pytest.approx(judge.amount.sum(), rel=0.12)
    high = expected["purchases"] > np.quantile(expected["purchases"], 0.8)
    assert judge.purchases[high].mean() > 1.7 * judge.purchases[~high].mean()
    coupon = judge.offer == 1
    assert expected["purchases"][coupon].mean() > expected["purchases"][~coupon].mean()


def test_what_is_held_of_a_viewer_is_exactly_what_was_heard() -> None:
    """Level and likings against the normal equations of: log seconds = level + liking of the category + noise."""
    of = Means(0.1, 0.2, 3.5, noise=0.1, likings=0.05, levels=0.3)
    viewers, rng = Viewers(of, np.zeros((1, 0)), 3), np.random.default_rng(2)
    shown = rng.integers(0, 2, 9)  # never the last one
    logs = 3.0 + 0.4 * (shown == 1) + rng.normal(0, 0.3, 9)
    for category, log in zip(shown, logs, strict=True):
        outcome = Outcome(*np.zeros((6, 1)))
        outcome.seconds[0] = np.exp(log)
        viewers.update(np.array([category]), np.array([0]), outcome)
    x = np.column_stack([np.ones(9), np.eye(3)[shown]])
    prior = np.diag([1 / 0.3, *(3 * [1 / 0.05])])
    spread = np.linalg.inv(x.T @ x / 0.1 + prior)
    held = spread @ (x.T @ logs / 0.1 + prior @ [3.5, 0, 0, 0])
    assert viewers.level[0] == pytest.approx(held[0])
    assert viewers.liking[0] == pytest.approx(held[1:])
    assert viewers.level_unsure[0] == pytest.approx(spread[0, 0])
    assert viewers.unsure[0] == pytest.approx(np.diag(spread)[1:])
    many = Viewers.take(viewers, np.zeros(60_000, dtype=int))
    level, liking = many.drawn_tastes(np.random.default_rng(0))
    drawn = np.cov(np.column_stack([level, liking]).T)
    assert drawn == pytest.approx(spread, abs=0.002)


def test_what_viewers_share_is_told_from_the_log() -> None:
    """The planted fade, noise, likings and levels of log seconds, where favourites are shown the most."""
    rng, n, rows = np.random.default_rng(1), 1500, []
    liking, level = rng.normal(0, 0.2, (n, 4)), rng.normal(3, 0.5, n)
    liked = np.exp(3 * liking)
    for user in range(n):
        lately = np.zeros(4)
        for k, category in enumerate(rng.choice(4, 12, p=liked[user] / liked[user].sum())):
            seconds = level[user] + liking[user, category] - 0.15 * lately[category] + rng.normal(0, 0.3)
            rows.append(
                (f"u{user:04d}", UNTIL - timedelta(days=14, minutes=-k), "abcd"[category], np.exp(seconds))
            )
            lately *= 0.7
            lately[category] += 1
    log = log_of(
        pd.DataFrame(rows, columns=["user_id", "ts_local", "category", "seconds"]).assign(propensity=None)
    )
    of = means(log)
    assert of.fade == pytest.approx(0.15, abs=0.02)
    assert of.noise == pytest.approx(0.09, rel=0.05)
    assert of.likings == pytest.approx(0.04, rel=0.25)
    assert of.levels == pytest.approx(0.25, rel=0.15)
    assert of.unshown is None


def test_a_simulated_outcome_needs_somebody_there(shown: pd.DataFrame) -> None:
    log = log_of(shown)
    seen = replay(log, np.zeros((log.n, 0)), means(log))
    simulator = Simulator(response.fit(log, seen))
    simulator.begin(seen.end, np.random.default_rng(0))
    chance = simulator.coming(seen.end)
    assert chance.mean() == pytest.approx(seen.came.mean(), abs=0.08)
    viewers = seen.end.copy()
    viewers.here = np.arange(viewers.n) % 2 == 0
    noise = Noise.draw(np.random.default_rng(0), viewers.n)
    out = simulator.respond(viewers, np.zeros(viewers.n, dtype=int), np.ones(viewers.n, dtype=int), noise)
    assert out.seconds[~viewers.here].sum() == 0
    assert out.purchases[~viewers.here].sum() == 0
    assert ((out.amount > 0) == (out.purchases > 0)).all()


def test_a_simulator_answers_as_its_response_expects(shown: pd.DataFrame) -> None:
    """On average over what the log leaves open; the mean it tells is that of what it draws."""
    log = log_of(shown)
    seen = replay(log, np.zeros((log.n, 0)), means(log))
    fitted = response.fit(log, seen)
    viewers = seen.end.take(np.tile(np.arange(log.n), 12))
    viewers.here[:] = True
    category, offer = np.arange(viewers.n) % len(log.categories), np.arange(viewers.n) % 2
    believed = fitted.expected(viewers.about(category, offer, 2))
    simulator = Simulator(fitted)
    simulator.begin(viewers, np.random.default_rng(3))
    told = simulator.expected_outcome(viewers, category, offer)
    drawn = simulator.respond(viewers, category, offer, Noise.draw(np.random.default_rng(4), viewers.n))
    assert told.purchases.mean() == pytest.approx(believed["purchases"].mean(), rel=0.04)
    assert told.interactions.mean() == pytest.approx(believed["interactions"].mean(), rel=0.04)
    assert drawn.purchases.mean() == pytest.approx(told.purchases.mean(), rel=0.06)
    assert drawn.amount.mean() == pytest.approx(told.amount.mean(), rel=0.10)


def test_all_choices_at_once_are_each_choice_alone(shown: pd.DataFrame) -> None:
    log = log_of(shown)
    profile = np.random.default_rng(0).random((log.n, 3))
    seen = replay(log, profile, means(log))
    fitted = response.fit(log, seen)
    viewers = seen.end.take(np.arange(40))
    whole = fitted.expected_all(viewers)
    for category in (0, 5):
        for offer in (0, 1):
            alone = fitted.expected(viewers.about(np.full(40, category), np.full(40, offer), 2))
            assert whole.purchases[:, 2 * category + offer] == pytest.approx(alone["purchases"])
            assert whole.amount[:, 2 * category + offer] == pytest.approx(alone["amount"])


def test_a_refit_from_near_is_the_fit(shown: pd.DataFrame) -> None:
    log = log_of(shown)
    picked = np.random.default_rng(0).integers(0, log.n, log.n)
    other = log.of(picked)
    assert np.array_equal(np.bincount(other.viewer), np.bincount(log.viewer)[picked])
    seen = replay(other, np.zeros((other.n, 0)), means(other))
    start = response.fit(log, replay(log, np.zeros((log.n, 0)), means(log)))
    cold, near = response.fit(other, seen), response.fit(other, seen, start)
    assert near.coefficients == pytest.approx(cold.coefficients, abs=2e-3)
    assert near.return_coefficients == pytest.approx(cold.return_coefficients, abs=2e-3)
    assert not np.allclose(start.coefficients, cold.coefficients, atol=2e-3)
