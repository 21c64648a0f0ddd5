"""Correlated factors: the normal orthant, and chains that correlate as wanted."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.scenarios.copula import (
    Factors,
    chain_factors,
    normal_scores,
    orthant,
    region_indices,
    state_factors,
)


@given(correlation=st.floats(0, 0.999))
def test_the_orthant_at_zero_is_sheppard_s(correlation: float) -> None:
    zero = np.zeros(1)
    expected = 0.25 + math.asin(correlation) / (2 * math.pi)
    assert orthant(zero, zero, correlation) == pytest.approx([expected], abs=1e-12)


@settings(max_examples=50)
@given(a=st.floats(-6, 6), b=st.floats(-6, 6), correlation=st.floats(0, 0.999))
def test_the_orthant_lies_between_independence_and_the_smaller_chance(
    a: float, b: float, correlation: float
) -> None:
    one, two = np.array([a]), np.array([b])
    both = float(orthant(one, two, correlation)[0])
    alone = [float(orthant(one, two * 0 + 9, 0)[0]), float(orthant(one * 0 + 9, two, 0)[0])]
    assert alone[0] * alone[1] - 1e-9 <= both <= min(alone) + 1e-6


def test_regions_are_numbered_by_first_appearance() -> None:
    assert region_indices(["west", "east", "west"]).tolist() == [0, 1, 0]


def test_shocks_are_standard_and_correlate_by_region() -> None:
    factors = Factors(np.array([0, 0, 1]), 0.6, 0.2)
    shocks = factors.shocks(100_000, np.random.default_rng(1))
    assert shocks.std(axis=0) == pytest.approx(1, abs=0.01)
    found = np.atleast_2d(np.corrcoef(shocks.T))
    assert [found[0, 1], found[0, 2], found[1, 2]] == pytest.approx([0.6, 0.2, 0.2], abs=0.015)


def test_states_correlate_as_wanted() -> None:
    down = np.array([0.3, 0.3, 0.3])
    factors = state_factors(np.array([0, 0, 1]), down, 0.39, 0.18)
    shocks = factors.shocks(200_000, np.random.default_rng(1))
    found = np.atleast_2d(np.corrcoef((shocks < normal_scores(down)).T))
    assert [found[0, 1], found[0, 2]] == pytest.approx([0.39, 0.18], abs=0.01)


@pytest.mark.parametrize(("fall", "rise"), [(0.3, 0.3), (0.2, 0.9), (0.6, 0.1)])
def test_chains_correlate_as_wanted(fall: float, rise: float) -> None:
    falls, rises = np.full(3, fall), np.full(3, rise)
    factors = chain_factors(np.array([0, 0, 1]), falls, rises, 0.39, 0.18)
    rng = np.random.default_rng(2)
    up = np.ones((100_000, 3), dtype=bool)
    for _ in range(30):
        shocks = factors.shocks(len(up), rng)
        up = np.where(up, shocks > normal_scores(falls), shocks > normal_scores(1 - rises))
    found = np.atleast_2d(np.corrcoef(up.T))
    assert up.mean(axis=0) == pytest.approx(rise / (fall + rise), abs=0.01)
    assert [found[0, 1], found[0, 2]] == pytest.approx([0.39, 0.18], abs=0.02)


def test_a_zone_alone_and_an_unreachable_wish_have_weights_all_the_same() -> None:
    one = chain_factors(np.array([0]), np.array([0.1]), np.array([0.5]), 0.39, 0.18)
    assert (one.inside, one.across) == (0.0, 0.0)
    unlike = np.array([0.001, 0.9])
    far = state_factors(np.array([0, 0]), unlike, 0.9, 0.0)
    assert 0.99 < far.inside < 1
