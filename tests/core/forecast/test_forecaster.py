"""Forecasts: their shape, their honesty about themselves, and which model speaks when."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab.demand.reader import read_series
from trimtab.forecast.backends import Mstl, SeasonalQuantiles
from trimtab.forecast.conformal import calibrate, coverage80, held_out
from trimtab.forecast.forecaster import MAX_ORIGINS, forecast, rolling_origins
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


def test_a_short_series_falls_back_and_says_so() -> None:
    result = forecast(daily(14), START, 168)
    assert result.model == "seasonal quantiles, 14 d"
    assert result.reason == "14.0 d of history; MSTL wants 25 d to be judged on"
    assert result.calibrated_coverage80 is not None


def test_a_day_of_history_is_enough_for_a_forecast_but_not_to_judge_it() -> None:
    result = forecast(daily(1), START, 24)
    assert result.calibrated_coverage80 is None
    assert len(result.origins.hours) == 0


def test_the_daily_wave_is_found() -> None:
    history = daily(20, noise=1.0)
    median = forecast(history, START, 24).at(0.5)
    truth = 100 + 30 * np.sin(np.arange(24) / 24 * 2 * np.pi)
    assert np.abs(median - truth).max() < 6


def test_the_library_wins_on_a_trend_that_quantiles_of_the_past_can_not_see() -> None:
    pytest.importorskip("statsforecast", reason="statsforecast is not installed")
    history = daily(56) + np.arange(56 * 24) * 0.5
    result = forecast(history, START, 168)
    assert result.model == Mstl().name
    assert result.reason == ""
    assert result.calibrated_coverage80 == pytest.approx(0.8, abs=0.12)
    assert result.at(0.5).mean() == pytest.approx(100 + 0.5 * (56 * 24 + 84), rel=0.03)


def test_progress_counts_every_origin() -> None:
    told: list[tuple[str, int, int]] = []
    result = forecast(daily(14), START, 48, lambda *step: told.append(step))
    assert [done for _, done, _ in told] == list(range(1, len(result.origins.hours) + 1))
    assert {of for _, _, of in told} == {len(result.origins.hours)}


def test_calibration_widens_an_interval_that_was_too_narrow() -> None:
    rng = np.random.default_rng(3)
    raw = np.tile(np.array(LEVELS)[None, :, None] * 2 + 99, (12, 1, 72))  # claims 99 to 101
    truth = rng.normal(100, 10, (12, 72))
    scales = np.full(12, 100.0)
    assert coverage80(raw, truth) < 0.15
    assert coverage80(held_out(raw, truth, scales), truth) == pytest.approx(0.8, abs=0.05)


def test_calibration_without_past_changes_nothing() -> None:
    raw = np.sort(np.random.default_rng(1).uniform(0, 9, (len(LEVELS), 24)), axis=0)
    none = np.zeros((0, len(LEVELS), 24))
    assert (calibrate(raw, 5.0, none, np.zeros((0, 24)), np.zeros(0)) == raw).all()


def test_an_idle_past_does_not_speak_with_a_hundredfold_voice() -> None:
    raw = np.ones((len(LEVELS), 24))
    past, truth = np.zeros((6, len(LEVELS), 24)), np.full((6, 24), 3.0)
    result = calibrate(raw, 50.0, past, truth, np.full(6, 0.05))
    assert result.max() <= 1 + 2 * 3.0


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


def test_seasonal_quantiles_follow_the_hour_of_the_day_wherever_the_history_ends() -> None:
    history = np.tile(np.arange(24.0), 10)[:-5]  # the next hour is 19
    median = SeasonalQuantiles().quantiles(history, 3)[LEVELS.index(0.5)]
    assert median.tolist() == [19.0, 20.0, 21.0]


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared data is not here")
@pytest.mark.parametrize("name", ["servegen_m-large", "servegen_m-small", "genai_image_busy"])
def test_real_short_series_are_covered_about_as_claimed(name: str) -> None:
    result = forecast(read_series(DATA / f"{name}.csv").hourly().demand, START, 168)
    assert result.calibrated_coverage80 is not None
    assert 0.75 <= result.calibrated_coverage80 <= 0.9


def test_a_trend_that_has_ended_is_not_carried_on() -> None:
    """A month of steep growth, then a flat week: the forecast stays near the plateau."""
    growth = np.linspace(1000, 2000, 24 * 23)
    rng = np.random.default_rng(2)
    history = np.concatenate([growth, np.full(24 * 8, 2000.0)]) + rng.normal(0, 5, 24 * 31)
    result = forecast(history, START, 168)
    assert result.at(0.5).max() < 2000 * 1.04
    assert result.at(0.99).max() < 2000 * 1.05
