"""Other models behind the forecaster's interface."""

import sys
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pytest

from trimtab.errors import EngineError
from trimtab.forecast.backends import Model, Statsforecast
from trimtab.forecast.fleet import forecast_fleet
from trimtab.forecast.forecaster import forecast
from trimtab.forecast.model import LEVELS, Fleet, Floats

END = datetime(2026, 1, 1, tzinfo=UTC)


def waves(*days: int) -> Fleet:
    """Daily waves of so many days each."""
    demand = np.full((len(days), 24 * max(days)), np.nan)
    for n, count in enumerate(days):
        hours = np.arange(24 * count)
        noise = np.random.default_rng(n).normal(0, 4, len(hours))
        demand[n, -len(hours) :] = 100 + 30 * np.sin(hours / 24 * 2 * np.pi) + noise
    return Fleet(tuple(f"s{n}" for n in range(len(days))), demand, (END,) * len(days))


@dataclass(frozen=True)
class Flat:
    """Says its level, give or take a tenth, and records what it was given."""

    asked: list[tuple[int, int]]
    name: str = "flat"

    def quantiles(self, history: Floats, hours: int) -> Floats:
        self.asked.append((len(history), history.shape[1]))
        level = np.nanmean(history, axis=1)[:, None, None]
        spread = 1 + 0.2 * (np.array(LEVELS) - 0.5)
        said: Floats = level * np.repeat(spread[None, :, None], hours, axis=2)
        return said


def test_any_backend_is_rolled_over_the_past_and_calibrated() -> None:
    backend = Flat([])
    result = forecast_fleet(waves(30, 30, 6), 48, backend=backend)
    assert result.families == ("flat",)
    assert [result.model(n) for n in range(3)] == ["flat"] * 3
    assert (result.coverage80 < 0.3).all()
    assert (result.calibrated_coverage80[:2] > result.coverage80[:2] + 0.1).all()
    assert result.origins is not None
    assert [len(one.hours) for one in result.origins] == [9, 9, 1]
    assert max(backend.asked) == (3, 720)
    assert {hours % 72 for _, hours in backend.asked} == {0}


def test_a_backend_that_sees_a_day_for_the_first_time_is_not_judged() -> None:
    result = forecast_fleet(waves(1), 24, backend=Flat([]))
    assert np.isnan(result.calibrated_coverage80).all()
    assert result.quantiles.shape == (1, len(LEVELS), 24)


@pytest.mark.parametrize(
    ("model", "days"), [("MSTL", 15), ("SeasonalNaive 168", 15), ("DynamicOptimizedTheta", 4)]
)
def test_the_librarys_models_follow_the_wave(model: Model, days: int) -> None:
    pytest.importorskip("statsforecast", reason="statsforecast is not installed")
    fleet = waves(days)
    said = Statsforecast(model).quantiles(fleet.demand, 24)
    assert said.shape == (1, len(LEVELS), 24)
    assert (np.diff(said, axis=1) >= 0).all()
    truth = 100 + 30 * np.sin(np.arange(24) / 24 * 2 * np.pi)
    assert np.abs(said[0, LEVELS.index(0.5)] - truth).max() < 25


def test_the_library_forecasts_what_does_not_vary_without_a_fit() -> None:
    pytest.importorskip("statsforecast", reason="statsforecast is not installed")
    said = Statsforecast("AutoETS").quantiles(np.full((1, 100), 3.0), 5)
    assert (said == 3.0).all()


def test_a_single_series_can_be_forecast_by_the_library() -> None:
    pytest.importorskip("statsforecast", reason="statsforecast is not installed")
    result = forecast(waves(10).demand[0], END, 24, backend=Statsforecast("SeasonalNaive 24"))
    assert result.model == "statsforecast SeasonalNaive 24"
    assert result.calibrated_coverage80 is not None


def test_a_missing_library_is_said_with_its_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "statsforecast", None)
    with pytest.raises(EngineError) as missing:
        forecast_fleet(waves(3), 24, backend=Statsforecast())
    assert str(missing.value) == (
        "the forecasting library is missing (statsforecast); "
        "install it with: pip install 'trimtab[statsforecast]'"
    )


def test_the_default_needs_no_library() -> None:
    before = {name for name in sys.modules if name.startswith("statsforecast")}
    forecast_fleet(waves(4), 24)
    assert {name for name in sys.modules if name.startswith("statsforecast")} == before
