"""Buy-till-you-leave customers: parameters that were planted, and expectations against simulation and integrals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats
from scipy.special import hyp2f1

from socialml.errors import UserError
from socialml.models import customer_value
from socialml.models.customer_value import Bgnbd, GammaGamma

CDNOW = Bgnbd(0.243, 4.414, 0.793, 2.426)  # table 2 of Fader, Hardie and Lee 2005; in weeks
SHOP = Bgnbd(0.8, 1.5, 0.6, 2.0)
PRICES = GammaGamma(6.0, 4.0, 15.0)


def lives(
    model: Bgnbd, age: np.ndarray, ahead: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Customers who really live by the model: frequency, recency, still there at age, orders in (age, age + ahead]."""
    n = len(age)
    rate, leaves = rng.gamma(model.r, 1 / model.alpha, n), rng.beta(model.a, model.b, n)
    now, recency, frequency, later = np.zeros((4, n))
    here, there_at_age = np.ones(n, dtype=bool), np.zeros(n, dtype=bool)
    while here.any():
        now = now + np.where(here, rng.exponential(1 / np.maximum(rate, 1e-12)), 0)
        before, after = here & (now <= age), here & (now > age)
        there_at_age |= after
        frequency += before
        recency = np.where(before, now, recency)
        later += after & (now <= age + ahead)
        here &= (now <= age + ahead) & (rng.random(n) >= leaves)
    return frequency, recency, there_at_age, later


def published(model: Bgnbd, x: float, recency: float, age: float, horizon: float) -> float:
    """Equation (10) to the letter."""
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    series = hyp2f1(r + x, b + x, a + b + x - 1, horizon / (alpha + age + horizon))
    shrunk = ((alpha + age) / (alpha + age + horizon)) ** (r + x)
    dead = a / (b + x - 1) * ((alpha + age) / (alpha + recency)) ** (r + x) if x > 0 else 0
    return (a + b + x - 1) / (a - 1) * (1 - shrunk * series) / (1 + dead)


def one(model: Bgnbd, x: float, recency: float, age: float, horizon: float) -> float:
    return float(model.expected_orders(np.array([x]), np.array([recency]), np.array([age]), horizon)[0])


def test_planted_parameters_are_found() -> None:
    rng = np.random.default_rng(0)
    age = rng.uniform(3, 24, 12_000)
    frequency, recency, _, _ = lives(SHOP, age, 0, rng)
    found = customer_value.fit(frequency, recency, age)
    assert (found.r, found.alpha) == pytest.approx((SHOP.r, SHOP.alpha), rel=0.08)
    assert found.a / (found.a + found.b) == pytest.approx(SHOP.a / (SHOP.a + SHOP.b), rel=0.08)
    assert (found.a, found.b) == pytest.approx((SHOP.a, SHOP.b), rel=0.25)


def test_expected_orders_and_who_is_left_are_what_happens_to_each_kind_of_customer() -> None:
    rng = np.random.default_rng(1)
    age = rng.uniform(2, 12, 40_000)
    frequency, recency, there, later = lives(SHOP, age, 6, rng)
    orders = SHOP.expected_orders(frequency, recency, age, 6)
    alive = SHOP.alive(frequency, recency, age)
    silent = age - recency
    for mine in (
        frequency == 0,
        (frequency > 0) & (silent < 1),
        (frequency > 0) & (silent > 6),
        (frequency > 2) & (frequency < 8),
        frequency >= 8,
    ):
        assert mine.sum() > 500
        sure = 4 * later[mine].std() / np.sqrt(mine.sum())
        assert orders[mine].mean() == pytest.approx(later[mine].mean(), abs=sure)
        assert alive[mine].mean() == pytest.approx(there[mine].mean(), abs=2 / np.sqrt(mine.sum()))


def test_published_example_of_cdnow() -> None:
    """The customer of section 4.1: 2 repeats, the last in week 30.43 of 38.86, and the 39 weeks to come."""
    assert one(CDNOW, 2, 30.43, 38.86, 39) == pytest.approx(1.226, abs=5e-4)
    # The chance to be there still, from the likelihood of both stories integrated over rate and chance to leave.
    r, alpha, a, b = CDNOW.r, CDNOW.alpha, CDNOW.a, CDNOW.b

    def story(end: float, left: bool) -> float:
        rate, _ = integrate.quad(
            lambda u: u**2 * np.exp(-u * end) * stats.gamma.pdf(u, r, scale=1 / alpha), 0, 20
        )
        chance, _ = integrate.quad(
            lambda p: (p * (1 - p) if left else (1 - p) ** 2) * stats.beta.pdf(p, a, b), 0, 1
        )
        return rate * chance

    stayed, gone = story(38.86, False), story(30.43, True)
    found = CDNOW.alive(np.array([2.0]), np.array([30.43]), np.array([38.86]))[0]
    assert found == pytest.approx(stayed / (stayed + gone), rel=1e-6)


@pytest.mark.parametrize(
    ("x", "recency", "age", "horizon"), [(0, 0, 30, 12), (0, 0, 0.1, 12), (5, 2, 12, 1), (26, 30.86, 31, 52)]
)
def test_the_integral_is_equation_10(x: float, recency: float, age: float, horizon: float) -> None:
    for model in (CDNOW, SHOP, Bgnbd(0.3, 0.5, 0.2, 0.5), Bgnbd(2, 4, 3, 1)):
        expected = published(model, x, recency, age, horizon)
        assert one(model, x, recency, age, horizon) == pytest.approx(expected, rel=1e-6)


def test_where_equation_10_has_no_number() -> None:
    for a, b in (
        (1.0, 0.5),
        (1.0, 1.0),
        (0.5, 0.5),
    ):  # a = 1, and the corners a + b = 2 and 1 of the quadrature
        near = np.mean([published(Bgnbd(0.3, 3, a + off, b), 0, 0, 5, 12) for off in (-1e-4, 1e-4)])
        assert one(Bgnbd(0.3, 3, a, b), 0, 0, 5, 12) == pytest.approx(near, rel=1e-5)
    # A customer who ordered every other hour goes on at that pace, less the small chance to have left or to leave.
    frequent = one(CDNOW, 5_000, 23.99, 24, 1)
    assert 0.8 * 5_000 / 28.414 < frequent < 5_000.243 / 28.414


positive = st.floats(0.05, 20)


@settings(max_examples=60, deadline=None)
@given(positive, positive, positive, positive, st.integers(0, 800), st.floats(0, 1), st.floats(0.1, 60))
def test_expectations_are_bounded_and_grow_with_time(
    r: float, alpha: float, a: float, b: float, x: int, part: float, age: float
) -> None:
    model = Bgnbd(r, alpha, a, b)
    recency = age * part if x else 0.0
    orders = [one(model, x, recency, age, horizon) for horizon in (0.0, 1.0, 12.0)]
    assert orders[0] == pytest.approx(0, abs=1e-12)
    assert 0 <= orders[1] <= orders[2] <= 12 * (r + x) / (alpha + age) * (1 + 1e-9)
    sooner, later = model.alive(np.full(2, float(x)), np.array([recency, age]), np.full(2, age))
    assert 0 <= sooner <= later <= 1 or x == 0 == sooner - 1


def test_planted_prices_are_found_and_the_next_order_costs_what_is_expected() -> None:
    rng = np.random.default_rng(2)
    n = 20_000
    orders = 1.0 + rng.poisson(2, n)
    scale = rng.gamma(PRICES.q, 1 / PRICES.gamma, n)
    mean = rng.gamma(PRICES.p * orders, 1 / scale) / orders
    found = customer_value.fit_value(orders, mean)
    assert found.p == pytest.approx(PRICES.p, rel=0.15)
    assert found.q == pytest.approx(PRICES.q, rel=0.08)
    assert found.mean == pytest.approx(PRICES.mean, rel=0.03)
    following = rng.gamma(PRICES.p, 1 / scale)
    expected = found.expected_value(orders, mean)
    for mine in (mean < 15, (mean > 25) & (mean < 40), mean > 60, orders == 1, orders > 4):
        assert expected[mine].mean() == pytest.approx(following[mine].mean(), rel=0.08)
    shifted = customer_value.fit_value(orders, mean * 1e12)
    assert shifted.gamma == pytest.approx(found.gamma * 1e12, rel=1e-6)


def test_values_lie_between_the_own_mean_and_the_population_s() -> None:
    own = np.array([1.0, 20.0, 1e12, 0.0, -50.0, np.nan, 80.0])
    orders = np.array([3.0, 500.0, 2.0, 4.0, 1.0, 1.0, 0.0])
    found = PRICES.expected_value(orders, own)
    assert found[:3] == pytest.approx([(15 + 3) * 6 / 21, (15 + 20 * 500) * 6 / 3003, (15 + 2e12) * 6 / 15])
    assert found[3:] == pytest.approx(np.full(4, PRICES.mean))  # all sent back, unknown, or never bought


def test_months_become_histories() -> None:
    orders = np.array([[0, 1, 0, 2], [0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0], [0, 3, 0, 0.0]])
    amount = np.array([[0, 50, -20, 60], [0, 0, 0, 0], [0, 30, 0, -30], [0, 0, 0, 0], [0, 90, 0, 0.0]])
    first = np.array([1, 4, 0, 0, 1])  # the third and fourth ordered before the first month as well
    found = customer_value.from_months(orders, amount, np.ones((5, 4), dtype=bool), first)
    assert found.bought.tolist() == [True, False, True, True, True]
    assert found.frequency.tolist() == [2, 0, 1, 0, 2]
    assert found.recency == pytest.approx([3 + 2 / 3 - 1.5, 0, 1.5, 0, 0.5])
    assert found.age == pytest.approx([2.5, 0, 4, 4, 2.75])
    assert found.orders.tolist() == [3, 0, 1, 0, 3]
    assert found.mean_value.tolist() == [30, 0, 0, 0, 30]


def test_months_of_a_shop_give_the_orders_and_money_of_the_next_one() -> None:
    rng = np.random.default_rng(4)
    n, m = 6_000, 12
    rate, leaves = rng.gamma(1.2, 0.8, n), rng.beta(1, 5, n)
    start, value = rng.uniform(0, m, n), rng.gamma(3, 20, n)
    orders, amount = np.zeros((2, n, m + 1))
    now, here = start, np.ones(n, dtype=bool)
    while here.any():
        rows, at = np.flatnonzero(here), now[here].astype(int)
        orders[rows, at] += 1
        amount[rows, at] += value[rows] * rng.gamma(4, 0.25, len(rows))
        now = now + rng.exponential(1 / rate)
        here &= (now < m + 1) & (rng.random(n) >= leaves)
    known = np.arange(m) >= start.astype(int)[:, None]
    history = customer_value.from_months(orders[:, :m], amount[:, :m], known, start.astype(int))
    told, money = customer_value.learn(history).forecast(history, 1)
    for mine in (history.bought, history.frequency == 0, history.frequency > 5, orders[:, m - 1] > 0):
        assert told[mine].mean() == pytest.approx(orders[mine, m].mean(), rel=0.12)
        assert money[mine].mean() == pytest.approx(amount[mine, m].mean(), rel=0.15)


def test_too_little_to_learn_from_is_said() -> None:
    def code(repeats: list[float]) -> str:
        x = np.array(repeats)
        with pytest.raises(UserError) as error:
            customer_value.fit(x, np.minimum(x, 1), np.full(len(x), 5.0))
        assert error.value.hint
        return error.value.code

    assert code([3.0]) == "few_customers"
    assert code([0.0] * 50) == "few_repeats"
    with pytest.raises(UserError, match="here there are 0"):
        customer_value.fit_value(np.ones(30), np.full(30, -5.0))


def test_who_never_bought_is_forecast_nothing_and_wild_money_stays_a_number() -> None:
    rng = np.random.default_rng(5)
    orders = rng.poisson(rng.gamma(0.7, 1.5, 300)[:, None], (300, 8)).astype(float)
    orders[0], orders[1] = 0, 400
    amount = orders * 100  # everything costs the same: the prior holds what the data cannot tell
    amount[1], amount[2] = 1e12, -1e12
    bought = orders.any(axis=1)
    first = np.where(bought, (orders > 0).argmax(axis=1), 8)
    history = customer_value.from_months(orders, amount, np.ones((300, 8), dtype=bool), first)
    told, money = customer_value.learn(history).forecast(history, 12)
    assert told[0] == money[0] == 0
    assert told[1] > 1_000
    assert np.isfinite(money).all()
    assert (money >= 0).all()
