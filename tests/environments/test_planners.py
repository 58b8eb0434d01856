import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from socialml.environments import demand as demands
from socialml.environments.booking import Books
from socialml.environments.demand import feasible, free, score
from socialml.environments.improving import improve
from socialml.environments.market import TIERS, Market
from socialml.environments.planners import PLANNERS, greedy, proportional, template, water_filling
from socialml.environments.recommended import recommend
from socialml.sample.creators import plant
from tests.environments.markets import drawn, with_demand

FAST = [template, proportional, water_filling, greedy]


def small(
    price: list[float], value: list[float], channel: list[int], tier: list[int] | None = None, phases: int = 1
) -> Market:
    """Each channel bends once, at 100 points, to half."""
    channels = max(channel) + 1
    return Market(
        channels=[f"channel {k}" for k in range(channels)],
        phases=[f"phase {k + 1}" for k in range(phases)],
        tiers=list(TIERS),
        channel=np.array(channel),
        tier=np.array(tier or [2] * len(price)),
        price=np.array(price, dtype=float),
        value=np.array(value, dtype=float),
        suits=np.ones((channels, phases)),
        capacity=np.full((channels, phases), 100.0),
        bends=np.array([1.0]),
        slopes=np.array([1.0, 0.5]),
        lasting=np.zeros(channels),
        keep=0.6,
        spread=0.0,
    )


@settings(max_examples=1000, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_no_campaign_breaks_a_law(seed: int) -> None:
    rng = np.random.default_rng(seed)
    market = drawn(rng, int(rng.integers(3, 16)), int(rng.integers(1, 4)), int(rng.integers(1, 4)))
    asked = demands.random(market, 1, rng).of(0)
    demands.check(market, asked)
    some = [template, FAST[rng.integers(1, len(FAST))]]
    plans = {planner.__name__: planner(market, asked) for planner in some}
    for plan in plans.values():
        assert market.cost(plan) <= asked.budget * (1 + 1e-12)
        assert market.spent(plan).sum() == pytest.approx(market.cost(plan))
        assert not plan[~asked.channels[market.channel]].any()
        assert (market.spent(plan).sum(axis=(0, 1)) <= asked.tier_most * asked.budget * (1 + 1e-12)).all()
    name, plan = recommend(market, asked, plans)
    assert feasible(market, asked, plan) is None
    assert market.effect(plan) >= market.effect(plans["template"])
    assert score(market, asked, plan) >= 0.999 * score(market, asked, plans["template"])

    more = with_demand(asked, budget=asked.budget * rng.uniform(1, 3))
    _, larger = recommend(market, more, {"template": template(market, more)}, [(name, plan)])
    assert market.cost(larger) <= more.budget * (1 + 1e-12)
    assert market.effect(larger) >= market.effect(plan)


@pytest.mark.parametrize("planner", FAST)
def test_what_is_free_is_booked_in_each_phase(planner) -> None:
    market = small([0, 50, 60], [10, 30, 30], [0, 0, 1], phases=3)
    plan = planner(market, free(market, 100.0))
    assert plan[0].all()


@pytest.mark.parametrize("planner", [*FAST, PLANNERS["solver"]])
def test_closed_phases_stay_and_are_paid(planner) -> None:
    market = plant(np.random.default_rng(3), 60).market()
    asked = free(market, 80_000.0)
    booked = greedy(market, free(market, 30_000.0))
    plan = planner(market, asked, booked=booked, begin=1)
    assert (plan[:, 0] == booked[:, 0]).all()
    assert booked[:, 0].any()
    assert plan[:, 1:].any()
    assert feasible(market, asked, plan) is None


@pytest.mark.parametrize("planner", [water_filling, greedy, PLANNERS["solver"]])
def test_money_goes_where_heat_is_foretold(planner) -> None:
    market = small([10] * 20, [10] * 20, [0] * 10 + [1] * 10, phases=2)
    asked = free(market, 100.0)
    heat = np.array([[1.0, 0.4], [1.0, 3.0]])
    spent = market.spent(planner(market, asked, begin=1, foretold=heat)).sum(axis=2)
    assert spent.tolist() == [[0, 0], [0, 100]]


@pytest.mark.parametrize("planner", [water_filling, greedy, PLANNERS["solver"]])
def test_equal_channels_are_filled_equally(planner) -> None:
    market = small([10] * 40, [10] * 40, [0] * 20 + [1] * 20)
    spent = market.spent(planner(market, free(market, 200.0))).sum(axis=(1, 2))
    assert spent.tolist() == [100, 100]  # beyond 100 points a channel brings half


@pytest.mark.parametrize("planner", [*FAST, PLANNERS["solver"]])
def test_a_tiers_least_is_bought_though_it_is_worth_less(planner) -> None:
    market = small([10] * 20, [1] * 10 + [20] * 10, [0] * 20, [0] * 10 + [2] * 10)
    asked = with_demand(free(market, 100.0), tier_least=np.array([0.35, 0, 0]), hierarchy=0.0)
    spent = market.spent(planner(market, asked)).sum(axis=(0, 1))
    assert spent[0] >= 30
    assert spent.sum() == 100


def test_the_hierarchy_turns_level_creators_upside_up() -> None:
    market = small([10] * 20, [10] * 20, [0] * 20, [0] * 10 + [2] * 10)
    for planner in (water_filling, greedy):
        spent = market.spent(planner(market, free(market, 100.0))).sum(axis=(0, 1))
        assert spent.tolist() == [100, 0, 0]


def test_the_template_keeps_its_shares() -> None:
    market = plant(np.random.default_rng(0), 2_000).market()
    spent = market.spent(template(market, free(market, 4_000_000.0))) / 4_000_000
    assert spent.sum(axis=(0, 2)) == pytest.approx([0.3, 0.5, 0.2], abs=0.03)
    assert spent.sum(axis=(0, 1)) == pytest.approx([0.5, 0.3, 0.2], abs=0.03)
    assert dict(zip(market.channels, spent.sum(axis=(1, 2)), strict=True)) == pytest.approx(
        {"Douyin": 0.35, "Kuaishou": 0.15, "WeChat": 0.1, "Weibo": 0.15, "Xiaohongshu": 0.25}, abs=0.03
    )


def test_planners_climb_in_the_order_known() -> None:
    """Geometric means over worlds and budgets, as shares of greedy's score."""
    found: dict[str, list[float]] = {planner.__name__: [] for planner in FAST}
    for seed in range(3):
        market = plant(np.random.default_rng(seed)).market()
        for budget in (50_000.0, 200_000.0, 800_000.0):
            asked = free(market, budget)
            best = score(market, asked, greedy(market, asked))
            for planner in FAST:
                found[planner.__name__].append(np.log(score(market, asked, planner(market, asked)) / best))
    mean = {name: float(np.exp(np.mean(logs))) for name, logs in found.items()}
    assert 0.6 < mean["template"] < mean["proportional"] < 0.9 < mean["water_filling"] < 1


@pytest.mark.parametrize("seed", range(5))
def test_gains_are_what_the_score_gains(seed: int) -> None:
    rng = np.random.default_rng(seed)
    market = drawn(rng, 20, 3, 3)
    asked = demands.random(market, 1, rng).of(0)
    heat = rng.uniform(0.5, 1.5, (3, 3))
    plan = (rng.random((20, 3)) < 0.2) & asked.channels[market.channel][:, None]
    books = Books(market, asked, booked=plan, foretold=heat)
    books.add(*np.argwhere(books.open & ~plan)[0])
    books.add(*np.argwhere(books.plan)[-1], -1)
    gains, before = books.gains(), score(market, asked, books.plan, heat)
    assert books.left == pytest.approx(asked.budget - market.cost(books.plan))
    for creator, phase in np.argwhere(books.open & ~books.plan):
        after = books.plan.copy()
        after[creator, phase] = True
        assert gains[creator, phase] == pytest.approx(score(market, asked, after, heat) - before, abs=1e-6)


def test_improving_finds_the_swap_and_never_loses() -> None:
    market = small([60, 50, 50], [70, 45, 45], [0, 0, 1])
    plan = greedy(market, free(market, 100.0))
    assert plan[:, 0].tolist() == [True, False, False]  # the best per yuan leaves 40 that buy nothing
    assert improve(market, free(market, 100.0), plan)[:, 0].tolist() == [True, False, False]
    better = small([60, 100], [70, 100], [0, 0])
    assert improve(better, free(better, 100.0), np.array([[True], [False]]))[:, 0].tolist() == [False, True]
    nothing = np.zeros((3, 1), dtype=bool)
    assert not improve(market, free(market, 10.0), nothing).any()
    assert improve(market, free(market, 500.0), nothing).all()
    for seed in range(10):
        rng = np.random.default_rng(seed)
        market = drawn(rng, 60, 3, 3)
        asked = demands.random(market, 1, rng).of(0)
        plan = proportional(market, asked)
        improved = improve(market, asked, plan)
        assert feasible(market, asked, improved) is None
        assert score(market, asked, improved) >= score(market, asked, plan)
