"""The forecaster's net: toys with known answers, causality, and bad input."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from socialml.models import sequence_loss, sequence_net
from socialml.models.sequence_net import Settings, Trained, train
from socialml.progress import Progress, silent
from tests.models.toy_sequences import histories

SMALL = Settings(units=16, epochs=6, batch=64, window_months=6, rate=1e-2, average=0.9, dropout=0.0)


def skill(told: np.ndarray, floor: np.ndarray, came: np.ndarray) -> float:
    """1 where nothing is wrong, 0 where the floor is as good."""
    return 1 - float(np.abs(told - came).mean() / np.abs(floor - came).mean())


@pytest.fixture(scope="module")
def shop():
    rng = np.random.default_rng(0)
    amount = rng.gamma(2, 50, (120, 1)) * rng.lognormal(0, 0.5, (120, 14)) * (rng.random((120, 14)) < 0.7)
    return histories(amount, begin=rng.integers(0, 10, 120))


@pytest.fixture(scope="module")
def trained(shop) -> Trained:
    return train(shop, list(range(1, 12)), [12], replace(SMALL, epochs=2), silent)


def test_next_as_last_is_learned() -> None:
    """A random walk in levels: the last month says all, the mean of six lags behind."""
    rng = np.random.default_rng(1)
    amount = 100 * np.exp(np.cumsum(rng.normal(0, 0.4, (250, 12)), axis=1))
    seq = histories(amount)
    told = train(seq, list(range(1, 11)), [], SMALL, silent).predict(seq.until(11), 11)
    assert skill(told.amount, amount[:, 5:11].mean(axis=1), amount[:, 11]) > 0.25


def test_a_pattern_of_two_months_is_learned() -> None:
    """Every second month pays double: the net must tell the months apart, which no mean can."""
    rng = np.random.default_rng(2)
    turn = rng.integers(0, 2, (200, 1))
    amount = rng.gamma(20, 5, (200, 1)) * np.where((np.arange(12) + turn) % 2, 2.0, 0.5)
    seq = histories(amount)
    told = train(seq, list(range(1, 11)), [], replace(SMALL, epochs=12), silent).predict(seq, 11)
    assert skill(told.amount, amount[:, 5:11].mean(axis=1), amount[:, 11]) > 0.6


def test_those_who_left_get_exactly_zero_and_the_others_do_not() -> None:
    rng = np.random.default_rng(3)
    left = rng.integers(4, 30, 400)
    amount = rng.gamma(20, 5, (400, 14)) * (np.arange(14) < left[:, None])
    seq = histories(amount)
    told = train(seq, list(range(1, 13)), [], SMALL, silent).predict(seq, 13)
    gone = left <= 11
    assert (told.amount[gone] == 0).mean() > 0.95
    assert (told.amount[left > 14] > 50).mean() > 0.95


def test_a_known_season_is_learned_from_one_year() -> None:
    rng = np.random.default_rng(4)
    season = np.ones(18)
    season[[5, 17]] = 2.0  # the first month is a July
    amount = rng.gamma(20, 5, (120, 1)) * season * rng.lognormal(0, 0.1, (120, 18))
    seq = histories(amount, first=date(2024, 7, 1))
    net = train(seq, list(range(1, 17)), [], replace(SMALL, epochs=25), silent)
    assert np.median(net.predict(seq, 17).amount / amount[:, 6:17].mean(axis=1)) == pytest.approx(2, rel=0.15)


def test_future_months_cannot_change_a_forecast(shop, trained) -> None:
    changed = replace(shop, amount=shop.amount.copy(), orders=shop.orders.copy())
    changed.amount[:, 12:] = 1e6
    changed.orders[:, 12:] = 99
    before, after = trained.predict(shop, 12), trained.predict(changed, 12)
    np.testing.assert_array_equal(before.amount, after.amount)
    again = train(changed, list(range(1, 10)), [10], replace(SMALL, epochs=1), silent)
    same = train(shop, list(range(1, 10)), [10], replace(SMALL, epochs=1), silent)
    assert all(np.array_equal(again.weights[name], same.weights[name]) for name in same.weights)


def test_masked_months_cannot_change_a_forecast(shop, trained) -> None:
    dirty = replace(shop, amount=np.where(shop.known, shop.amount, 777.0))
    np.testing.assert_array_equal(trained.predict(shop, 14).amount, trained.predict(dirty, 14).amount)
    zeros = train(shop, list(range(1, 12)), [], replace(SMALL, epochs=1, before_first="zeros"), silent)
    told = zeros.predict(shop, 14).amount
    assert np.isfinite(told).all()
    assert not np.array_equal(told, zeros.predict(dirty, 14).amount)  # they are read there


def test_only_users_known_before_the_month_have_a_forecast(shop, trained) -> None:
    told = trained.predict(shop, 5)
    assert (told.amount[shop.known[:, 4]] > 0).any()
    assert (told.amount[~shop.known[:, 4]] == 0).all()
    assert (told.orders[~shop.known[:, 4]] == 0).all()


def test_the_order_of_users_does_not_matter(shop, trained) -> None:
    turned = replace(
        shop,
        **{name: getattr(shop, name)[::-1] for name in
           ("amount", "orders", "promotions", "days_since", "known", "first_order")},
        static={name: values[::-1] for name, values in shop.static.items()},
    )  # fmt: skip
    there, back = trained.predict(shop, 14).amount, trained.predict(turned, 14).amount[::-1]
    np.testing.assert_allclose(there, back, rtol=1e-4)


def test_the_same_seed_gives_the_same_net_and_leaves_the_generator_alone(shop, trained) -> None:
    import torch

    torch.manual_seed(5)
    first = torch.rand(1)
    torch.manual_seed(5)
    again = train(shop, list(range(1, 12)), [12], replace(SMALL, epochs=2), silent)
    assert torch.equal(first, torch.rand(1))
    assert all(np.array_equal(again.weights[name], value) for name, value in trained.weights.items())
    other = train(shop, list(range(1, 12)), [12], replace(SMALL, epochs=2, seed=1), silent)
    assert not np.array_equal(other.weights["out.weight"], trained.weights["out.weight"])


@pytest.fixture(scope="module")
def many():
    rng = np.random.default_rng(8)
    return histories(rng.gamma(2, 50, (2_600, 8)) * (rng.random((2_600, 8)) < 0.7))


def test_any_number_of_threads_gives_the_same_net(many) -> None:
    import torch

    settings = replace(SMALL, epochs=1, batch=256, dropout=0.3, brief=True)
    before = torch.get_num_threads()
    nets = []
    for count in (1, 2, 2):
        torch.set_num_threads(count)
        nets.append(train(many, list(range(1, 6)), [6], settings, silent))
    torch.set_num_threads(before)
    for other in nets[1:]:
        assert all(np.array_equal(other.weights[name], value) for name, value in nets[0].weights.items())
        assert other.curve.equals(nets[0].curve)


def test_a_batch_in_halves_teaches_what_the_whole_teaches(many, monkeypatch) -> None:
    settings = replace(SMALL, epochs=1, batch=256, brief=False)
    halves = train(many, list(range(1, 6)), [], settings, silent)
    monkeypatch.setattr(sequence_net, "HALVED", 10_000)
    whole = train(many, list(range(1, 6)), [], settings, silent)
    for name, value in whole.weights.items():
        np.testing.assert_allclose(halves.weights[name], value, atol=1e-4)
    assert not all(np.array_equal(halves.weights[name], value) for name, value in whole.weights.items())


def test_saved_and_loaded_forecasts_are_equal(shop, trained, tmp_path) -> None:
    np.savez(tmp_path / "net.npz", **trained.arrays())
    with np.load(tmp_path / "net.npz", allow_pickle=False) as arrays:
        loaded = Trained.load(dict(arrays), trained.settings, trained.curve)
    np.testing.assert_array_equal(loaded.predict(shop, 14).orders, trained.predict(shop, 14).orders)


def test_training_goes_on_from_where_it_was(shop, trained) -> None:
    still = train(shop, list(range(1, 14)), [], replace(SMALL, epochs=1, rate=0.0), silent, start=trained)
    np.testing.assert_allclose(still.predict(shop, 14).amount, trained.predict(shop, 14).amount, rtol=1e-5)
    assert still.scales is trained.scales


@pytest.mark.parametrize("loss", sequence_loss.LOSSES)
def test_every_loss_stays_finite_with_amounts_of_1e12_and_refunds(loss: str) -> None:
    rng = np.random.default_rng(6)
    amount = rng.gamma(2, 50, (80, 10)) * (rng.random((80, 10)) < 0.6)
    amount[0], amount[1, 3], amount[2] = 1e12, 1e12, -500.0
    seq = histories(amount)
    net = train(seq, list(range(1, 9)), [9], replace(SMALL, epochs=3, loss=loss), silent)
    told = net.predict(seq, 10)
    assert np.isfinite(told.amount).all()
    assert np.isfinite(told.orders).all()
    assert np.median(told.amount[3:]) < 1_000


def test_all_zero_histories_forecast_nothing() -> None:
    seq = histories(np.zeros((50, 8)))
    net = train(seq, list(range(1, 7)), [7], replace(SMALL, epochs=3), silent)
    assert (net.predict(seq, 8).amount == 0).all()


def test_histories_of_one_month_and_one_user() -> None:
    rng = np.random.default_rng(7)
    amount = rng.gamma(2, 50, (60, 4))
    young = histories(amount, begin=np.full(60, 3))
    net = train(histories(amount), [1, 2], [3], replace(SMALL, epochs=1), silent)
    assert np.isfinite(net.predict(young, 4).amount).all()
    alone = histories(amount[:1, :2])
    assert np.isfinite(train(alone, [1], [], replace(SMALL, epochs=1), silent).predict(alone, 2).amount).all()


def test_progress_tells_the_whole_curve_and_a_stop_gets_through(shop) -> None:
    class Stop(Exception):
        pass

    seen: list[Progress] = []

    def report(progress: Progress) -> None:
        seen.append(progress)
        if len(seen) == 2:
            raise Stop

    with pytest.raises(Stop):
        train(shop, list(range(1, 12)), [12], SMALL, report)
    assert seen[-1].curve is not None
    assert list(seen[-1].curve["epoch"]) == [1.0, 2.0]
    assert np.isfinite(seen[-1].curve["validation"]).all()


def test_patience_ends_the_training_and_keeps_the_best_epoch(shop) -> None:
    net = train(shop, list(range(1, 12)), [12], replace(SMALL, epochs=40, patience=2, rate=0.05), silent)
    assert len(net.curve) == net.epochs + 2 < 40
    assert net.curve["valid"].min() == net.curve["valid"][net.epochs - 1]
