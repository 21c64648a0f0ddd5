"""The rule that orders capacity hours ahead: what it must do on demand whose answer is known."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from numpy.typing import NDArray

from trimtab.errors import InputError
from trimtab.planning.provisioning import (
    SCORED_HOURS,
    capacity,
    near_hours,
    replay,
    with_near_hours,
)

Array = NDArray[np.float64]

LEVELS = (0.1, 0.5, 0.9, 0.98)


def noisy_days(days: int = 12, series: int = 1, seed: int = 3) -> Array:
    """Daily demand with noise and a step, (series, hours)."""
    rng = np.random.default_rng(seed)
    hours = np.arange(days * 24)
    wave = 100.0 + 60.0 * np.sin(2 * np.pi * hours / 24)
    step = np.where(hours > len(hours) // 2, 30.0, 0.0)
    noisy: Array = np.maximum(wave + step + rng.normal(0.0, 8.0, (series, len(hours))), 0.0)
    return noisy


@pytest.mark.parametrize("lead", [1, 2, 6, 24])
@pytest.mark.parametrize("value", [0.0, 7.0, 1e9])
def test_constant_demand_is_met_exactly_at_every_level(lead: int, value: float) -> None:
    ordered = replay(np.full((1, 200), value), lead, LEVELS)
    assert_allclose(ordered[:, lead:], value, rtol=1e-12)


@pytest.mark.parametrize("lead", [1, 3])
def test_a_daily_sawtooth_is_foreseen_after_a_week(lead: int) -> None:
    demand = np.tile(np.arange(24.0), 14)
    middle = replay(demand[None, :], lead, LEVELS)[0, :, 1]
    missed = np.abs(demand[lead:] - middle[:-lead])[8 * 24 :]
    # The last observation misses by `lead`, and by 24 - lead where the tooth falls.
    assert missed.mean() < 0.02 * lead


def test_after_a_step_the_new_level_is_believed() -> None:
    demand = np.concatenate([np.full(300, 100.0), np.full(30, 200.0)])[None, :]
    ordered = replay(demand, 1, LEVELS)[0]
    assert_allclose(ordered[302:, :3], 200.0, rtol=0.01)
    # A day later the highest level allows for another step.
    assert_allclose(ordered[302:, 3], 200.0, rtol=0.15)


def test_a_level_is_met_about_as_often_as_it_says() -> None:
    demand = noisy_days(days=40, series=4)
    ordered = replay(demand, 1, LEVELS)
    met = (demand[:, 241:, None] <= ordered[:, 240:-1]).mean(axis=(0, 1))
    assert_allclose(met, LEVELS, atol=0.04)


def test_what_comes_later_changes_nothing_before() -> None:
    demand = noisy_days(series=2)
    other = demand.copy()
    other[:, 200:] = 5000.0 - 10.0 * other[:, 200:]
    for lead in (1, 5):
        assert_array_equal(
            replay(demand, lead, LEVELS)[:, :200], replay(other, lead, LEVELS)[:, :200]
        )


def test_the_last_decision_of_a_replay_is_that_of_the_history_so_far() -> None:
    demand = noisy_days(series=2)
    whole = replay(demand, 2, LEVELS)
    for hour in (30, 150, 287):
        assert_allclose(capacity(demand[:, : hour + 1], 2, LEVELS), whole[:, hour], rtol=1e-5)


def test_only_the_last_weeks_are_read() -> None:
    demand = noisy_days(days=60)
    other = demand.copy()
    other[:, : 60 * 24 - 672 - SCORED_HOURS - 1] = 1.0
    assert_array_equal(capacity(demand, 1, LEVELS), capacity(other, 1, LEVELS))


@pytest.mark.parametrize("factor", [0.25, 64.0, 7.3])
def test_demand_scaled_is_capacity_scaled(factor: float) -> None:
    demand = noisy_days()
    scaled = capacity(demand * factor, 1, LEVELS)
    assert_allclose(scaled, capacity(demand, 1, LEVELS) * factor, rtol=1e-6)


def test_a_series_is_planned_alike_alone_and_among_others() -> None:
    demand = noisy_days(series=3)
    short = np.where(np.arange(demand.shape[1]) < 100, np.nan, demand[1])
    among = capacity(np.stack([demand[0], short, demand[2]]), 1, LEVELS)
    assert_array_equal(among[:1], capacity(demand[:1], 1, LEVELS))
    assert_allclose(among[1:2], capacity(demand[1:2, 100:], 1, LEVELS), rtol=1e-5)


def test_the_same_history_gives_the_same_bytes() -> None:
    demand = noisy_days(series=2)
    assert capacity(demand, 1, LEVELS).tobytes() == capacity(demand, 1, LEVELS).tobytes()


def test_near_hours_are_ordered_each_so_far_ahead() -> None:
    demand = noisy_days(series=2)
    ahead = near_hours(demand, 3, LEVELS)
    assert ahead.shape == (2, 3, len(LEVELS))
    assert_array_equal(ahead[:, 2], capacity(demand, 3, LEVELS))


def test_the_first_hours_of_a_forecast_are_the_rules_then_half_of_each() -> None:
    demand = noisy_days(series=2)
    forecast = np.full((2, len(LEVELS), 30), 500.0)
    joined = with_near_hours(forecast, demand, LEVELS)
    near = near_hours(demand, 12, LEVELS).transpose(0, 2, 1)
    assert_array_equal(joined[:, :, :2], near[:, :, :2])
    assert_allclose(joined[:, :, 2:12], (near[:, :, 2:] + 500.0) / 2)
    assert_array_equal(joined[:, :, 12:], forecast[:, :, 12:])
    assert_array_equal(with_near_hours(forecast[:, :, :1], demand, LEVELS), near[:, :, :1])
    assert_array_equal(with_near_hours(forecast, demand, LEVELS, hours=1)[:, :, 1:], 500.0)
    assert (forecast == 500.0).all()


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(st.floats(0.0, 1e6), min_size=1, max_size=90),
    padding=st.integers(0, 30),
    lead=st.integers(1, 24),
)
def test_capacity_rises_with_the_level_and_stays_in_reach(
    values: list[float], padding: int, lead: int
) -> None:
    history = np.array([[np.nan] * padding + values])
    ordered = capacity(history, lead, LEVELS)[0]
    assert np.isfinite(ordered).all()
    assert (np.diff(ordered) >= 0).all()
    assert ordered[0] >= 0.0
    assert ordered[-1] <= 1.5 * max(values) * (1 + 1e-12)


REFUSED: dict[str, tuple[Callable[[], Array], str]] = {
    "no series axis": (
        lambda: capacity(np.ones(48), 1, LEVELS),
        "history: has shape (48,); give (series, hours)",
    ),
    "no hours": (
        lambda: capacity(np.ones((1, 0)), 1, LEVELS),
        "history: has shape (1, 0); give (series, hours)",
    ),
    "a hole": (
        lambda: capacity([[1.0, np.nan, 1.0]], 1, LEVELS),
        "history: has a hole; fill gaps; pad on the left only",
    ),
    "a series that has ended": (
        lambda: capacity([[1.0, 1.0], [1.0, np.nan]], 1, LEVELS),
        "history: has a hole; fill gaps; pad on the left only",
    ),
    "demand below zero": (
        lambda: capacity([[1.0, -1.0]], 1, LEVELS),
        "history: is negative; give demand of 0 or more",
    ),
    "no lead": (
        lambda: capacity(np.ones((1, 48)), 0, LEVELS),
        "lead_hours: is 0; give 1 to 24 hours",
    ),
    "more than a day's lead": (
        lambda: capacity(np.ones((1, 48)), 25, LEVELS),
        "lead_hours: is 25; give 1 to 24 hours",
    ),
    "no level": (
        lambda: capacity(np.ones((1, 48)), 1, ()),
        "levels: are []; give rising ones within (0, 1)",
    ),
    "a certain level": (
        lambda: capacity(np.ones((1, 48)), 1, (0.5, 1.0)),
        "levels: are [0.5, 1.0]; give rising ones within (0, 1)",
    ),
    "levels out of order": (
        lambda: capacity(np.ones((1, 48)), 1, (0.9, 0.5)),
        "levels: are [0.9, 0.5]; give rising ones within (0, 1)",
    ),
}


@pytest.mark.parametrize(("call", "message"), REFUSED.values(), ids=REFUSED)
def test_refuses_what_is_not_as_stated(call: Callable[[], Array], message: str) -> None:
    with pytest.raises(InputError) as refused:
        call()
    assert str(refused.value) == message
