"""The effect model on planted campaigns, whose truth is known, and on histories with holes."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from socialml.errors import UserError
from socialml.features import placements
from socialml.models import effect, effect_scores
from socialml.models.effect import EffectModel
from socialml.sample import creators


def planted(seed: int, campaigns: int = 60, **knobs):
    rng = np.random.default_rng(seed)
    world = creators.plant(rng, **knobs)
    return world, creators.history(rng, world, campaigns)


@pytest.fixture(scope="module")
def whole():
    world, history = planted(1)
    return world, history, effect.fit(world.offers, history, "effect", 0)


def by_price(model, world, budget):
    """Who brings most a yuan, phase by phase, as `model` sees it."""
    plan = np.zeros((world.offers.m, 3), dtype=bool)
    order = np.argsort(-model.value / world.offers.price)
    for phase, share in enumerate((0.3, 0.45, 0.25)):
        left = budget * share
        for i in order:
            if world.offers.price[i] <= left:
                plan[i, phase] = True
                left -= world.offers.price[i]
    return plan


def test_what_was_planted_is_found(whole):
    world, _history, model = whole
    truth, price = world.market(), world.offers.price
    booked = model.bookings > 0

    def alike(some):
        return np.corrcoef(np.log(model.value / price)[some], np.log(truth.value / price)[some])[0, 1]

    assert alike(booked) > 0.85
    assert alike(~booked) > 0.25  # half of it is in no column
    assert np.allclose(model.lasting, truth.lasting, atol=0.02)
    assert model.keep == pytest.approx(truth.keep, abs=0.2)
    assert model.spread == pytest.approx(truth.spread, abs=0.05)
    assert model.noise == pytest.approx(np.hypot(world.noise, world.noise / 4), abs=0.03)


def test_response_to_spending_is_the_planted_one(whole):
    world, _history, model = whole
    truth, told = world.market(), model.market(3)
    all_of = [np.bincount(truth.channel, market.value) for market in (truth, told)]
    for capacities in (0.2, 1, 2, 4):
        summed = capacities * truth.capacity
        same = summed * (all_of[1] / all_of[0])[:, None]
        real = (truth.weight() * truth.saturated(summed)).sum()
        assert (told.weight() * told.saturated(same)).sum() == pytest.approx(real, rel=0.15)
    assert (np.diff(told.slopes) < 0).all()
    assert told.slopes[0] == 1
    assert np.allclose(model.suits.mean(axis=1), 1)


def test_claim_on_other_campaigns_is_not_the_optimism_of_the_plan():
    optimism, claimed = [], []
    for seed in range(2, 6):
        world, history = planted(seed)
        lot = np.random.default_rng(seed).permutation(60)
        a = effect.fit(world.offers, history.of(lot[:30]), "effect", 0)
        b = effect.fit(world.offers, history.of(lot[30:]), "effect", 0, start=a)
        plan = by_price(a, world, 50_000)
        real = world.market().effect(plan)
        optimism.append(np.log(a.market(3).effect(plan) / real))
        claimed.append(np.log(b.market(3).effect(plan) / real))
    assert abs(np.mean(claimed)) < 0.06
    assert np.mean(claimed) < np.mean(optimism)


def test_intervals_hold_on_campaigns_held_out():
    worlds = [planted(seed, 40) for seed in (1, 4)]
    found = [effect.held_out(world.offers, history, "effect", 0) for world, history in worlds]
    scores = [frame.set_index("metric") for frame, _ in found]
    assert 0.76 <= np.mean([each.loc["interval coverage", "model"] for each in scores]) <= 0.84
    for each, (_, rows), (_, history) in zip(scores, found, worlds, strict=True):
        assert each.loc["R2 of log result", "model"] > each.loc["R2 of log result", "floor"] + 0.1
        assert each.loc["MAE", "model"] < each.loc["MAE", "floor"]
        assert each.loc["WAPE of campaigns", "model"] < each.loc["WAPE of campaigns", "floor"]
        assert len(rows) == history.rows
        assert rows["predicted"].sum() == pytest.approx(rows["real"].sum(), rel=0.06)


def test_bookings_of_a_campaign_add_up_to_its_effect(whole):
    _world, history, model = whole
    mean, _ = model.foretell(history)
    for campaign in range(3):
        rows = history.campaign == campaign
        plan = np.zeros((len(model.value), 3), dtype=bool)
        plan[history.creator[rows], history.phase[rows]] = True
        assert mean[rows].sum() == pytest.approx(model.market(3).effect(plan))


def test_without_noise_drift_and_crowd_values_are_exact():
    world, history = planted(3, drift=False, noise=1e-3)
    rare = replace(world, capacity=world.capacity * 1e9)
    history = creators.history(np.random.default_rng(0), rare, 60)
    model = effect.fit(world.offers, history, "sales", 0)
    booked = model.bookings > 1
    value = model.value * model.market(3).weight().mean(axis=1)[model.channel]
    truth = rare.market("sales")
    assert np.allclose(
        value[booked] / (truth.value * truth.weight().mean(axis=1)[truth.channel])[booked], 1, atol=0.05
    )


def test_money_in_other_units_changes_nothing_else(whole):
    world, history, _ = whole
    yuan = effect.fit(world.offers, history, "sales", 0)
    fen = effect.fit(world.offers, replace(history, sales=history.sales * 100), "sales", 0)
    assert fen.value.sum() == pytest.approx(100 * yuan.value.sum(), rel=0.01)
    assert np.allclose(
        fen.value, 100 * yuan.value, rtol=0.05
    )  # trees fall elsewhere where two splits are level
    plan = by_price(yuan, world, 400_000)
    assert fen.market(3).effect(plan) == pytest.approx(100 * yuan.market(3).effect(plan), rel=0.01)
    assert fen.keep == pytest.approx(yuan.keep, abs=0.01)


def test_the_same_seed_gives_the_same_model(whole):
    world, history, model = whole
    again = effect.fit(world.offers, history, "effect", 0)
    for field in fields(EffectModel):
        assert np.array_equal(getattr(again, field.name), getattr(model, field.name)), field.name


def test_a_model_holds_words_numbers_and_arrays_only(whole):
    *_, model = whole
    for field in fields(EffectModel):
        value = getattr(model, field.name)
        if isinstance(value, np.ndarray):
            assert value.dtype.kind in "if", field.name
            assert np.isfinite(value).all(), field.name
        else:
            assert isinstance(value, float | list), field.name
    assert (model.value_low < model.value).all()
    assert (model.value < model.value_high).all()
    assert model.importance.sum() == pytest.approx(1)


def test_more_phases_than_the_history_has_are_as_its_last(whole):
    *_, model = whole
    longer = model.market(5)
    assert len(longer.phases) == 5
    assert np.array_equal(longer.suits[:, 4], model.suits[:, 2])
    assert model.market(2).capacity.shape == (5, 2)


HOLES = {
    "half bring nothing": lambda h, odd: replace(h, sales=np.where(odd, 0.0, h.sales)),
    "some unknown": lambda h, odd: replace(h, sales=np.where(odd, np.nan, h.sales)),
    "refunds": lambda h, odd: replace(h, sales=np.where(odd & (h.sales < 500), -h.sales, h.sales)),
    "one is huge": lambda h, _: replace(h, sales=np.where(np.arange(h.rows) == 5, 1e9, h.sales)),
    "all the same": lambda h, _: replace(h, sales=np.full(h.rows, 100.0)),
    "few campaigns": lambda h, _: h.of(np.arange(8)),
    "one campaign again and again": lambda h, _: h.of(np.full(12, 7)),
    "later not logged": lambda h, _: replace(h, later=np.full(h.rows, np.nan)),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("hole", HOLES)
def test_histories_with_holes_give_sane_markets(whole, hole):
    world, history, _ = whole
    holed = HOLES[hole](history, np.random.default_rng(0).random(history.rows) < 0.5)
    model = effect.fit(world.offers, holed, "sales", 0)
    for name in ("value", "value_low", "value_high", "suits", "capacity", "importance"):
        found = getattr(model, name)
        assert np.isfinite(found).all(), name
        assert (found >= 0).all(), name
    assert model.value.min() > 0
    if hole == "later not logged":
        assert not model.lasting.any()
    # What is told is what was brought, in all; one wild row does not move the others.
    use = (holed.sales >= 0) & (holed.sales < 1e9)
    near = 0.15 if hole == "one is huge" else 0.01
    assert model.foretell(holed)[0][use].sum() == pytest.approx(holed.sales[use].sum(), rel=near)


@pytest.mark.filterwarnings("error")
def test_one_channel_one_phase_and_unknown_columns():
    world, history = planted(1, 30, channels=("Douyin",), phases=("all",))
    gone = np.full(world.offers.m, np.nan)
    offers = replace(world.offers, followers=gone, quality=gone, interaction_rate=gone)
    model = effect.fit(offers, history, "reach", 0)
    assert model.market(1).capacity.shape == (1, 1)
    assert np.isfinite(model.value).all()
    assert np.corrcoef(np.log(model.value), np.log(world.market("reach").value))[0, 1] > 0.8


def test_a_small_history_is_refused(whole):
    world, history, _ = whole
    with pytest.raises(UserError, match="has 7 with") as said:
        effect.fit(world.offers, history.of(np.arange(7)), "effect", 0)
    assert said.value.code == "small_history"
    with pytest.raises(UserError, match="with 0"):
        effect.held_out(world.offers, replace(history, sales=np.zeros(history.rows)), "sales", 0)


def test_floor_is_the_mean_result_of_a_yuan(whole):
    world, history, _ = whole
    found = placements.result(history, world.offers, "effect")
    floor = effect_scores.floor(world.offers, history, found, history)
    offers = world.offers
    there = (offers.channel[history.creator] == 2) & (offers.tier[history.creator] == 1)
    rate = found[there].sum() / offers.price[history.creator[there]].sum()
    assert np.allclose(floor[there], rate * offers.price[history.creator[there]])
