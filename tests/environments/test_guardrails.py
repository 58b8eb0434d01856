"""Guardrails: never exceeded, and what they leave goes to those to whom it adds most."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from socialml.environments.guardrails import Guard


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(1, 40),
    categories=st.integers(1, 4),
    offers=st.integers(1, 3),
    per_viewer=st.none() | st.integers(0, 3),
    share=st.none() | st.floats(0, 1) | st.sampled_from([0.1, 0.29, 0.3, 1 / 3]),
)
def test_no_limit_is_ever_exceeded(
    seed: int, n: int, categories: int, offers: int, per_viewer: int | None, share: float | None
) -> None:
    rng = np.random.default_rng(seed)
    guard = Guard(per_viewer, share)
    guard.reset(n)
    for _ in range(2):
        guard.begin_week()
        got, shown = np.zeros(n), 0
        for _ in range(5):
            here = rng.random(n) < 0.7
            values = rng.standard_normal((n, categories * offers))
            chosen = guard.choose(values, here, offers)
            offered = here & (chosen % offers > 0)
            got, shown = got + offered, shown + here.sum()
            if share is not None:
                assert got.sum() <= share * shown + 1e-9
            if per_viewer is not None:
                assert got.max() <= per_viewer
            # Whoever was not held back has what is best of all, and the others the best without an offer.
            free = values.argmax(axis=1)
            held = chosen != free
            assert (free[held] % offers > 0).all()
            if per_viewer is None and share is None:
                assert not held.any()
            plain = values[:, ::offers].argmax(axis=1) * offers
            if per_viewer is None or offers < 2:
                assert (chosen[held] == plain[held]).all()


def test_a_budget_goes_to_the_largest_gains() -> None:
    gain = np.array([3.0, -1.0, 5.0, 1.0, 4.0, 9.0, 2.0, 8.0])
    values = np.column_stack([np.zeros(8), gain])
    here = np.array([True] * 5 + [False] + [True] * 2)  # the largest gain is not there
    guard = Guard(share=0.5)
    guard.reset(8)
    # 7 there: 3 offers, to the gains 8, 5 and 4.
    assert guard.choose(values, here, 2)[here].tolist() == [0, 0, 1, 0, 1, 0, 1]
    # 14 shown: 7 in all, 4 are left.
    assert guard.choose(values, here, 2)[here].tolist() == [1, 0, 1, 0, 1, 0, 1]


def test_what_one_week_leaves_is_not_carried_over() -> None:
    values = np.column_stack([np.zeros(10), np.ones(10)])
    here = np.ones(10, dtype=bool)
    guard = Guard(share=0.2)
    guard.reset(10)
    guard.choose(-values, here, 2)
    assert guard.choose(values, here, 2).sum() == 4  # but within a week it is
    guard.begin_week()
    assert guard.choose(values, here, 2).sum() == 2


def test_a_viewer_at_their_limit_gets_the_best_without_an_offer() -> None:
    values = np.array([[1.0, 5.0, 2.0, 4.0]])
    guard = Guard(per_viewer=1)
    guard.reset(1)
    here = np.ones(1, dtype=bool)
    assert [int(guard.choose(values, here, 2)[0]) for _ in range(3)] == [1, 2, 2]
    assert Guard().allowed(2, 2) is None
