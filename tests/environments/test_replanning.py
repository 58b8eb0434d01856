from dataclasses import replace

import numpy as np
import pytest

from socialml.environments.demand import feasible, free
from socialml.environments.heat import Watch
from socialml.environments.planners import greedy, template
from socialml.environments.replanning import replanned
from socialml.environments.solver import solve
from socialml.sample.creators import plant
from tests.environments.markets import drawn, with_demand

MARKET = drawn(np.random.default_rng(0), 60, 3, 3, spread=0.5)


def test_what_is_seen_without_error_is_foretold_as_the_market_says() -> None:
    heat = MARKET.draw_heat(np.random.default_rng(1), 1)[0]
    watch = Watch(MARKET)
    assert (watch.foretold() == 1).all()
    for phase in range(2):
        watch.see(heat[:, phase])
        seen = np.log(heat[:, phase]) + MARKET.variance()[phase] / 2
        assert watch.foretold() == pytest.approx(MARKET.foretold(seen, phase))


def test_what_ran_nowhere_tells_nothing() -> None:
    watch = Watch(MARKET)
    watch.see(np.array([np.nan, 0.5, np.nan]))
    foretold = watch.foretold()
    assert foretold[[0, 2]] == pytest.approx(np.ones((2, 3)))
    assert foretold[1, 1] < foretold[1, 2] < 1  # it reverts


def test_the_foretold_heat_is_the_mean_of_what_comes() -> None:
    """Over many campaigns, of phase 3 after two phases seen with error."""
    error, heat = 0.4, MARKET.draw_heat(np.random.default_rng(2), 40_000)[:, 0]
    noise = error * np.random.default_rng(3).standard_normal((40_000, 2))
    wide = replace(MARKET, channels=["one"] * 40_000, lasting=np.zeros(40_000))
    watch = Watch(wide)
    for phase in range(2):
        watch.see(heat[:, phase] * np.exp(noise[:, phase]), error)
    foretold = watch.foretold()[:, 2]
    for some in np.array_split(np.argsort(foretold), 5):
        assert heat[some, 2].mean() == pytest.approx(foretold[some].mean(), rel=0.03)


@pytest.mark.parametrize("planner", [template, greedy])
def test_planning_again_keeps_the_budget_and_what_was_booked(planner) -> None:
    asked = free(MARKET, 60_000.0)
    first = planner(MARKET, asked)
    for seed, heat in enumerate(MARKET.draw_heat(np.random.default_rng(4), 10)):
        plan, effect, _ = replanned(MARKET, asked, planner, heat, error=0.2, rng=np.random.default_rng(seed))
        assert feasible(MARKET, asked, plan) is None
        assert (plan[:, 0] == first[:, 0]).all()
        assert effect == pytest.approx(MARKET.effect(plan, heat))


def test_without_drift_the_plan_stays() -> None:
    market, asked = MARKET.calm(), free(MARKET, 60_000.0)
    heat = market.draw_heat(np.random.default_rng(5), 1)[0]
    assert (replanned(market, asked, greedy, heat).plan == greedy(market, asked)).all()


def test_planning_again_gains_where_heat_drifts() -> None:
    def again(market, asked, **given):
        return solve(market, asked, seconds=0, **given).plan

    gains, foreseen = [], []
    for seed in range(1, 4):
        market = replace(plant(np.random.default_rng(seed), 60).market(), spread=0.6)
        asked = with_demand(free(market, 100_000.0), hierarchy=0.0, crowding=0.0)
        first = again(market, asked)
        for heat in market.draw_heat(np.random.default_rng(seed), 25):
            found = replanned(market, asked, again, heat, first=first)
            gains.append((found.effect - market.effect(first, heat)) / market.effect(first))
            foreseen.append(found.foreseen / market.effect(first))
    chance = 1.96 * np.std(gains) / np.sqrt(len(gains))
    assert np.mean(gains) > chance
    assert np.mean(foreseen) > 1.96 * np.std(foreseen) / np.sqrt(len(foreseen))
    assert min(foreseen) >= 0
    assert np.std(foreseen) < np.std(gains) / 2
    assert abs(np.mean(foreseen) - np.mean(gains)) < chance
