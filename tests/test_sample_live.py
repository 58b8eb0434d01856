"""The planted live rooms: the log is what its policy and its response say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from socialml import sample
from socialml.environments.outcome import Noise
from socialml.sample import live, model


@pytest.fixture(scope="module")
def shop() -> sample.Sample:
    return sample.generate(3000, seed=3)


@pytest.fixture(scope="module")
def rows(shop: sample.Sample) -> pd.DataFrame:
    frame = shop.impressions.to_pandas().astype(
        {"user_id": str, "category": str, "offer": str, "amount": float}
    )
    place = pd.Series(np.arange(3000), index=shop.truth.user_id.to_pylist())
    return frame.assign(viewer=place[frame["user_id"]].to_numpy())


def test_the_chances_in_the_log_are_those_of_its_choices(shop: sample.Sample, rows: pd.DataFrame) -> None:
    category = pd.Categorical(rows["category"], model.CATEGORIES).codes
    offer = pd.Categorical(rows["offer"], live.OFFERS).codes
    chance = shop.truth.live.policy[rows["viewer"], category, offer]
    assert np.abs(rows["propensity"] - chance).max() < 1e-6
    assert shop.truth.live.policy.sum(axis=(1, 2)) == pytest.approx(1)
    # Weighted by its inverse chance, every choice is made equally often.
    weight = (1 / rows["propensity"]).groupby([category, offer]).sum() / len(rows)
    assert len(weight) == 24
    assert weight.mean() == pytest.approx(1, abs=0.02)
    assert weight.between(0.8, 1.2).all()


def test_the_response_is_the_planted_one(shop: sample.Sample, rows: pd.DataFrame) -> None:
    bought = rows["purchases"] > 0
    assert (rows.loc[bought, "amount"] > 0).all()
    assert (rows.loc[~bought, "amount"] == 0).all()
    assert bought.mean() == pytest.approx(0.088, abs=0.012)
    coupon = rows["offer"] == "coupon"
    assert bought[coupon].mean() > 1.2 * bought[~coupon].mean()
    # The same again bores: a category shown in this visit already is bought less often.
    visit = rows["user_id"] + rows["ts"].dt.date.astype(str)
    again = rows.groupby([visit, "category"]).cumcount() > 0
    liked = shop.truth.live.liking[rows["viewer"], pd.Categorical(rows["category"], model.CATEGORIES).codes]
    band = (liked > 0.5) & (liked < 1.5)
    assert bought[band & again].mean() < 0.9 * bought[band & ~again].mean()


def test_who_is_said_to_come_back_does(rows: pd.DataFrame) -> None:
    first = rows["ts"].dt.normalize().min()
    week = (rows["ts"].dt.normalize() - first).dt.days // 7
    came = set(zip(rows["user_id"], week, strict=True))
    known = rows["returned"].notna()
    assert (week[~known] == 11).all()
    truly = [
        (user, number + 1) in came for user, number in zip(rows["user_id"][known], week[known], strict=True)
    ]
    assert (rows["returned"][known] == truly).all()
    assert 0.05 * 0.8 < rows["satisfaction"].notna().mean() < 0.05 * 1.2


def test_the_same_noise_gives_the_same_outcome_to_the_same_policy(shop: sample.Sample) -> None:
    world = shop.truth.live

    def play(offer: int) -> float:
        rng, total = np.random.default_rng(7), 0.0
        moment = world.start(rng)
        for slot in range(12):
            category = np.full(world.n, slot % 12)
            outcome = world.respond(moment, category, np.full(world.n, offer), Noise.draw(rng, world.n))
            total += outcome.amount.sum()
            if slot % 4 == 3:
                world.next_week(moment, rng.random(world.n))
        return total

    assert play(0) == play(0)
    assert play(1) > play(0)  # more orders, though each is 15% cheaper


def test_boring_the_viewers_costs_their_return(shop: sample.Sample) -> None:
    world = shop.truth.live

    def visits(category: np.ndarray | None) -> float:
        rng, seen = np.random.default_rng(7), 0
        moment = world.start(rng)
        for _ in range(12):
            for _ in range(4):
                chosen = (world.liking - moment.fatigue).argmax(axis=1) if category is None else category
                world.respond(moment, chosen, np.zeros(world.n, dtype=int), Noise.draw(rng, world.n))
                seen += int(moment.here.sum())
            world.next_week(moment, rng.random(world.n))
        return seen

    assert visits(None) > 1.15 * visits(world.liking.argmin(axis=1))
