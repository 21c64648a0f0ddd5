"""The forecasts on the way, and how often demand came below each quantile."""

from datetime import datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from support.backtest_settings import START, setting
from trimtab.backtest.fans import calibration, fans
from trimtab.backtest.model import Fan
from trimtab.forecast.model import LEVELS, Forecast, Origins

Array = NDArray[np.float64]
NO_ORIGINS = Origins(np.zeros(0, dtype=np.int64), np.zeros((0, len(LEVELS), 1)))


def last_value(history: Array, start: datetime, hours: int) -> Forecast:
    """Every quantile is the last value seen; the start must be the hour after it."""
    assert start == START + timedelta(hours=len(history))
    flat = np.full((len(LEVELS), hours), history[-1])
    return Forecast(start, flat, "last", "", NO_ORIGINS, None, None, None)


def test_fans_are_spread_over_the_test_and_end_within_it() -> None:
    one = setting([float(hour) for hour in range(1_000)], 200)
    told: list[tuple[int, int]] = []
    made = fans(one, last_value, lambda _what, done, of: told.append((done, of)))
    assert [fan.hour for fan in made] == [200, 326, 452, 578, 704, 830]
    assert all(fan.quantiles.shape == (len(LEVELS), 168) for fan in made)
    assert [fan.quantiles[0, 0] for fan in made] == [fan.hour - 1 for fan in made]
    assert told[-1] == (6, 6)


def test_a_test_shorter_than_a_week_has_one_fan() -> None:
    made = fans(setting([1.0] * 60, 24), last_value, lambda *_: None)
    assert [(fan.hour, fan.quantiles.shape[1]) for fan in made] == [(24, 36)]


def test_calibration_is_the_share_at_or_below_each_quantile() -> None:
    one = setting([0.0] * 24 + [1.0, 2.0, 3.0, 4.0], 24)
    quantiles = np.tile(np.linspace(0, 5, len(LEVELS))[:, None], 4)
    found = calibration([Fan(24, quantiles)], one)
    assert found is not None
    assert found.hours == 4
    expected = [(np.array([1, 2, 3, 4]) <= row[0]).mean() for row in quantiles]
    assert found.observed == pytest.approx(expected)
    assert found.levels == LEVELS


def test_no_fans_say_nothing() -> None:
    assert calibration([], setting([1.0] * 26, 24)) is None
