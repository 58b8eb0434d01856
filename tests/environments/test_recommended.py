import numpy as np
import pytest

from socialml.environments.demand import free, score
from socialml.environments.planners import greedy, proportional, template, water_filling
from socialml.environments.recommended import recommend
from socialml.environments.solver import solve
from socialml.errors import UserError
from socialml.sample.creators import plant
from tests.environments.markets import with_demand

MARKET = plant(np.random.default_rng(5)).market()
ASKED = free(MARKET, 150_000.0)


def test_the_best_score_wins_and_the_first_of_what_is_level() -> None:
    plans = {"template": template(MARKET, ASKED), "greedy": greedy(MARKET, ASKED)}
    name, plan = recommend(MARKET, ASKED, plans)
    assert name == "greedy"
    assert plan is plans["greedy"]
    assert recommend(MARKET, ASKED, {**plans, "solver": plans["greedy"].copy()})[0] == "greedy"
    assert recommend(MARKET, ASKED, {"solver": plans["greedy"].copy(), **plans})[0] == "solver"


def test_a_plan_over_the_budget_is_never_recommended() -> None:
    plans = {"template": template(MARKET, ASKED), "rich": greedy(MARKET, free(MARKET, 160_000.0))}
    assert recommend(MARKET, ASKED, plans)[0] == "template"
    with pytest.raises(UserError, match="No plan keeps the budget"):
        recommend(MARKET, ASKED, {"rich": plans["rich"]})


def test_the_templates_effect_is_not_undercut_for_the_hierarchy() -> None:
    """A fine so high that the score prefers to book next to nothing."""
    strict = with_demand(ASKED, hierarchy=20.0)
    plans = {"template": template(MARKET, ASKED), "greedy": greedy(MARKET, strict)}
    assert score(MARKET, strict, plans["greedy"]) > score(MARKET, strict, plans["template"])
    assert MARKET.effect(plans["greedy"]) < MARKET.effect(plans["template"])
    assert recommend(MARKET, strict, plans)[0] == "template"


def test_more_budget_never_brings_less() -> None:
    name, before, last = "", np.zeros((MARKET.m, 3), dtype=bool), -np.inf
    for budget in np.geomspace(20_000, 1_000_000, 20):
        asked = free(MARKET, float(budget))
        smaller = [(name, before)] if name else []
        name, before = recommend(MARKET, asked, {"proportional": proportional(MARKET, asked)}, smaller)
        assert MARKET.cost(before) <= budget * (1 + 1e-12)
        assert MARKET.effect(before) >= last
        last = MARKET.effect(before)


@pytest.mark.parametrize("budget", [30_000.0, 200_000.0])
def test_a_budget_between_two_stored_ones_is_answered_almost_as_the_solver_would(budget: float) -> None:
    asked = free(MARKET, budget)
    stored = solve(MARKET, free(MARKET, 0.95 * budget), seconds=1).plan
    plans = {planner.__name__: planner(MARKET, asked) for planner in (template, water_filling, greedy)}
    _, plan = recommend(MARKET, asked, plans, [("solver", stored)])
    assert score(MARKET, asked, plan) > 0.98 * solve(MARKET, asked, seconds=2).bound * 0.995
