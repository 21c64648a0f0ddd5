"""Forecasts: their shape, their honesty about themselves, and which model speaks when."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.demand.reader import read_series
from trimtab.forecast.fleet import MAX_ORIGINS
from trimtab.forecast.forecaster import forecast, rolling_origins
from trimtab.forecast.model import LEVELS, Array, interpolate, pinball

START = datetime(2026, 1, 1, tzinfo=UTC)
DATA = Path(__file__).parents[4] / "shared" / "data" / "demand"


def daily(days: int, seed: int = 0, noise: float = 5.0) -> Array:
    """A daily wave around 100 with noise, never negative."""
    rng = np.random.default_rng(seed)
    hours = np.arange(days * 24)
    wave = 100 + 30 * np.sin(hours / 24 * 2 * np.pi)
    return np.maximum(wave + rng.normal(0, noise, len(hours)), 0)


@given(length=st.integers(24, 20_000), hours=st.integers(1, 400), minimum=st.integers(24, 600))
def test_origins_leave_enough_before_and_something_after(
    length: int, hours: int, minimum: int
) -> None:
    origins = rolling_origins(length, hours, minimum)
    assert len(origins) <= MAX_ORIGINS
    assert (np.diff(origins) > 0).all()
    if len(origins):
        assert origins[0] >= minimum
        assert origins[-1] < length


@settings(max_examples=30, deadline=None)
@given(
    days=st.integers(1, 30),
    level=st.floats(0, 1e6),
    hours=st.integers(1, 200),
    seed=st.integers(0, 2**32 - 1),
)
def test_quantiles_rise_and_are_never_negative(
    days: int, level: float, hours: int, seed: int
) -> None:
    history = np.random.default_rng(seed).exponential(level + 1e-9, days * 24)
    if days > 21:  # the library is for the tests below: it takes seconds
        history = history[: 21 * 24]
    result = forecast(history, START, hours)
    assert result.quantiles.shape == (len(LEVELS), hours)
    assert np.isfinite(result.quantiles).all()
    assert (result.quantiles >= 0).all()
    assert (np.diff(result.quantiles, axis=0) >= 0).all()


def test_a_series_that_does_not_vary_is_forecast_as_it_is() -> None:
    result = forecast(np.full(24 * 60, 8.0), START, 168)
    assert (result.quantiles == 8.0).all()
    assert result.reason == "the series does not vary"


def test_a_day_of_history_is_enough_for_a_forecast_but_not_to_judge_it() -> None:
    result = forecast(daily(1), START, 24)
    assert result.calibrated_coverage80 is None
    assert len(result.origins.hours) == 0


def test_the_daily_wave_is_found() -> None:
    history = daily(20, noise=1.0)
    median = forecast(history, START, 24).at(0.5)
    truth = 100 + 30 * np.sin(np.arange(24) / 24 * 2 * np.pi)
    assert np.abs(median - truth).max() < 6


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_interpolated_quantiles_stay_between_their_neighbours(levels: list[float]) -> None:
    quantiles = np.cumsum(np.random.default_rng(0).uniform(0, 1, (len(LEVELS), 5)), axis=0)
    result = interpolate(quantiles, np.array(sorted(levels)))
    assert (np.diff(result, axis=0) >= -1e-12).all()
    assert (result >= quantiles[0] - 1e-12).all()
    assert (result <= quantiles[-1] + 1e-12).all()


def test_pinball_loss_is_least_at_the_truth() -> None:
    truth = np.array([10.0, 20.0])
    exact = np.tile(truth, (len(LEVELS), 1))
    assert (pinball(exact, truth) == 0).all()
    assert (pinball(exact + 1, truth) > 0).all()
    assert (pinball(exact - 1, truth) > 0).all()


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared data is not here")
def test_real_short_series_are_covered_about_as_claimed() -> None:
    names = ("servegen_m-large", "servegen_m-small", "genai_image_busy")
    every = [forecast(read_series(DATA / f"{n}.csv").hourly().demand, START, 72) for n in names]
    covered = [one.calibrated_coverage80 for one in every if one.calibrated_coverage80 is not None]
    assert np.mean(covered) == pytest.approx(0.8, abs=0.06)


def test_a_trend_that_has_ended_is_not_carried_on() -> None:
    """A month of steep growth, then a flat week: the forecast stays near the plateau."""
    growth = np.linspace(1000, 2000, 24 * 23)
    rng = np.random.default_rng(2)
    history = np.concatenate([growth, np.full(24 * 8, 2000.0)]) + rng.normal(0, 5, 24 * 31)
    result = forecast(history, START, 168)
    assert result.at(0.5).max() < 2000 * 1.04
    assert result.at(0.99).max() < 2000 * 1.05
