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

UNTIL = datetime(2025, 10, 1)


def log_of(frame: pd.DataFrame, until: datetime = UNTIL) -> ImpressionLog:
    """Rows as the store gives them, taken."""
    whole = {"propensity": 0.5, "seconds": 30.0, "likes": 0, "comments": 0, "shares": 0, "purchases": 0,
             "amount": 0.0, "satisfaction": None, "offer": None}  # fmt: skip
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
    assert viewers.bought.tolist() == [[0, 0, 1], [0, 0, 0]]
    assert viewers.orders.tolist() == [1, 0]
    assert viewers.coupon_orders.tolist() == [1, 0]
    assert viewers.talked.tolist() == [2, 0]
    assert viewers.watched[0, 2] == pytest.approx(0)  # as long as anybody
    viewers.here[:] = True
    viewers.update(np.array([2, 2]), np.array([0, 0]), Outcome(*np.zeros((6, 2))))
    assert viewers.lately[0, 2] == pytest.approx(1.7)
    viewers.end_week()
    assert viewers.lately[0, 2] == pytest.approx(0.85)
    assert viewers.since.tolist() == [1, 1]
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
    end.end_week()
    assert np.array_equal(end.visits, came.sum(axis=1))


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


def test_a_simulated_outcome_needs_somebody_there(shown: pd.DataFrame) -> None:
    log = log_of(shown)
    seen = replay(log, np.zeros((log.n, 0)), means(log))
    fitted = response.fit(log, seen)
    viewers = seen.end.copy()
    viewers.here = np.arange(viewers.n) % 2 == 0
    noise = Noise.draw(np.random.default_rng(0), viewers.n)
    out = fitted.respond(viewers, np.zeros(viewers.n, dtype=int), np.ones(viewers.n, dtype=int), noise)
    assert out.seconds[~viewers.here].sum() == 0
    assert out.purchases[~viewers.here].sum() == 0
    assert ((out.amount > 0) == (out.purchases > 0)).all()
    assert fitted.coming(seen.end).mean() == pytest.approx(seen.came.mean(), abs=0.08)


def test_a_viewer_counted_twice_counts_twice(shown: pd.DataFrame) -> None:
    log = log_of(shown.head(4000))
    seen = replay(log, np.zeros((log.n, 0)), means(log))
    once = response.fit(log, seen, np.ones(log.n))
    assert response.fit(log, seen).coefficients == pytest.approx(once.coefficients, abs=1e-8)
    weight = (np.arange(log.n) % 2).astype(float)
    kept = log.of(np.flatnonzero(weight > 0))
    alone = response.fit(kept, replay(kept, np.zeros((kept.n, 0)), means(log)))
    assert response.fit(log, seen, weight).coefficients == pytest.approx(alone.coefficients, abs=1e-3)
